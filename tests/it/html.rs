//! The HTML report in a real browser: its picture in light and dark, and its width on a phone.
//!
//! The browser is Debian's `chromium`. It is a part of a CI on Linux; elsewhere the tests are
//! loudly nothing without it.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use std::time::Duration;

use migration_gate::host::{self, Captured};

use crate::support::{Folder, bare, finish, program};
use crate::tracking::tool;

/// How long the browser may take for one page.
const LIMIT: Duration = Duration::from_secs(60);
/// What it may print at most, in bytes.
const MOST: u64 = 10_000_000;
/// The narrow screen, in pixels.
const NARROW: u32 = 390;

/// Runs the browser on a page of a folder and gives what it prints; `None` where there is none.
fn browse(folder: &Folder, page: &str, options: &[&str]) -> Option<String> {
    let profile = folder.path().join("profile");
    let mut command = bare(host::command(tool("chromium")?));
    // A plain user's sandbox needs leave of the system, and root's is refused; the page is our own.
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]);
    command.args(["--no-first-run", "--disable-extensions", "--disable-background-networking"]);
    command.args(["--hide-scrollbars", "--force-color-profile=srgb"]).args(options);
    command.arg(format!("--user-data-dir={}", profile.display()));
    command.arg(format!("file://{}", folder.path().join(page).display()));
    command.env("HOME", folder.path()).current_dir(folder.path());
    match host::capture(&mut command, LIMIT, MOST).unwrap() {
        Captured::Done(true, printed, _) => Some(String::from_utf8(printed).unwrap()),
        other => panic!("{other:?}"),
    }
}

/// A folder with the report of a shop, which blocks.
fn shop() -> Folder {
    let folder = Folder::new(&[]);
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/repos/web-shop");
    let mut command = program(folder.path());
    command.args(["check", "--report", "html=report.html", "--base-dir"]);
    let ran = finish(command.arg(shop.join("base")).arg(shop.join("head")));
    assert_eq!(ran.code, 1, "{}", ran.err);
    folder
}

/// A picture in rows of red, green and blue.
struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<[u8; 3]>,
}

impl Picture {
    fn read(file: &Path) -> Self {
        let decoder = png::Decoder::new(BufReader::new(File::open(file).unwrap()));
        let mut reader = decoder.read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut bytes).unwrap();
        let samples = frame.color_type.samples();
        let pixels = bytes[..frame.buffer_size()].chunks_exact(samples);
        let pixels = pixels.map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        Self { width: frame.width, height: frame.height, pixels }
    }

    fn at(&self, x: u32, y: u32) -> [u8; 3] {
        self.pixels[(y * self.width + x) as usize]
    }

    /// The longest run of a colour down the columns `from..to`, below the row `top`.
    fn longest_run(&self, color: [u8; 3], columns: std::ops::Range<u32>, top: u32) -> u32 {
        let mut longest = 0;
        for x in columns {
            let mut run = 0;
            for y in top..self.height {
                run = if self.at(x, y) == color { run + 1 } else { 0 };
                longest = longest.max(run);
            }
        }
        longest
    }
}

/// What a page must look like in one of the two schemes.
struct Scheme {
    /// Blink's number of it.
    number: u8,
    band: [u8; 3],
    paper: [u8; 3],
    good: [u8; 3],
    bad: [u8; 3],
}

const LIGHT: Scheme = Scheme {
    number: 1,
    band: [0xb4, 0x23, 0x18],
    paper: [0xff; 3],
    good: [0x1a, 0x7f, 0x37],
    bad: [0xb4, 0x23, 0x18],
};
const DARK: Scheme = Scheme {
    number: 0,
    band: [0x8e, 0x1d, 0x14],
    paper: [0x14, 0x17, 0x1c],
    good: [0x5f, 0xd0, 0x7a],
    bad: [0xff, 0x8a, 0x80],
};

fn assert_looks(folder: &Folder, scheme: &Scheme) {
    let file = folder.path().join(format!("{}.png", scheme.number));
    let shot = format!("--screenshot={}", file.display());
    let scheme_option = format!("--blink-settings=preferredColorScheme={}", scheme.number);
    let options = [shot.as_str(), &scheme_option, "--window-size=1280,2400"];
    if browse(folder, "report.html", &options).is_none() {
        return;
    }
    let picture = Picture::read(&file);
    assert_eq!((picture.width, picture.height), (1280, 2400));
    // The band of the verdict lies across the top.
    assert_eq!([picture.at(4, 4), picture.at(1276, 4)], [scheme.band; 2]);
    let below = (0..picture.height).find(|y| picture.at(4, *y) != scheme.band).unwrap();
    assert!((80..200).contains(&below), "the band ends at {below}");
    // The margins are empty, and the page between them is not.
    assert_eq!([picture.at(4, 2396), picture.at(1276, 2396)], [scheme.paper; 2]);
    let written = picture.pixels.iter().filter(|pixel| **pixel != scheme.paper).count();
    assert!(written > picture.pixels.len() / 50, "{written} pixels are not paper");
    // The graph's circles stand at the left of the page, and so do the bars of the errors.
    let (circle, bar) = (picture.longest_run(scheme.good, 80..120, below), 80..90);
    assert!((10..40).contains(&circle), "no circle, but a run of {circle}");
    assert!(picture.longest_run(scheme.bad, bar, below) > 120, "no bar of an error");
}

#[test]
fn the_verdict_the_graph_and_the_findings_are_seen_in_light_and_dark() {
    let folder = shop();
    assert_looks(&folder, &LIGHT);
    assert_looks(&folder, &DARK);
}

#[test]
fn nothing_stands_out_of_a_narrow_screen() {
    let folder = shop();
    let frame = format!(
        "<!DOCTYPE html><iframe width=\"{NARROW}\" height=\"800\" src=\"report.html\" \
         onload=\"document.title = this.contentDocument.documentElement.scrollWidth\"></iframe>"
    );
    folder.write("frame.html", &frame);
    let options = ["--allow-file-access-from-files", "--dump-dom", "--window-size=800,900"];
    let Some(page) = browse(&folder, "frame.html", &options) else { return };
    let title = page.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
    assert_eq!(title.unwrap().0, NARROW.to_string(), "{page}");
    assert!(fs::metadata(folder.path().join("report.html")).unwrap().len() > 10_000);
}
