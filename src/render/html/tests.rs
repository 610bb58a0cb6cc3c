//! The page of the shared samples: how it is built, and that nothing in it is live.

use std::collections::BTreeSet;

use super::{Html, STYLE};
use crate::model::Report;
use crate::render::{Renderer as _, SourceMap, sample};

fn page(report: &Report, sources: &SourceMap) -> String {
    let mut out = String::new();
    Html.render(report, sources, &mut out).unwrap();
    out
}

/// The page without its style, which has the only `<` and `>` that are no tag's.
fn without_style(page: &str) -> String {
    page.replace(STYLE, "")
}

#[test]
fn the_samples() {
    insta::with_settings!({
        omit_expression => true,
        prepend_module_to_snapshot => false,
        filters => vec![
            ("(?s)<style>.*</style>", "<style>[style]</style>"),
            ("sha256-[^']*", "sha256-[style]"),
            (r"\b[0-9a-f]{64}\b", "[digest]"),
            (r"migration-gate \d+\.\d+\.\d+", "migration-gate [version]"),
        ],
    }, {
        for (name, report) in sample::all() {
            if ["blocked", "passed", "waived"].contains(&name) {
                insta::assert_snapshot!(format!("{name}.html"), page(&report, &sample::sources()));
            }
        }
        let (report, sources) = sample::hostile();
        insta::assert_snapshot!("hostile.html", page(&report, &sources));
    });
}

/// Every element this program writes.
const ELEMENTS: [&str; 48] = [
    "a",
    "article",
    "body",
    "br",
    "caption",
    "circle",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "head",
    "header",
    "html",
    "ins",
    "li",
    "main",
    "mark",
    "meta",
    "nav",
    "p",
    "path",
    "pre",
    "section",
    "span",
    "strong",
    "style",
    "summary",
    "svg",
    "table",
    "tbody",
    "td",
    "text",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "tspan",
    "ul",
];

/// Every attribute this program writes; none of them loads or runs anything.
const ATTRIBUTES: [&str; 25] = [
    "aria-hidden",
    "aria-label",
    "aria-labelledby",
    "charset",
    "class",
    "colspan",
    "content",
    "cx",
    "cy",
    "d",
    "dx",
    "height",
    "href",
    "http-equiv",
    "id",
    "lang",
    "name",
    "r",
    "role",
    "scope",
    "tabindex",
    "viewBox",
    "width",
    "x",
    "y",
];

/// One tag, taken apart by the strict form in which this program writes.
struct Tag<'a> {
    name: &'a str,
    is_end: bool,
    is_empty: bool,
    attributes: Vec<(&'a str, &'a str)>,
}

fn tags(page: &str) -> Vec<Tag<'_>> {
    let rest = page.strip_prefix("<!DOCTYPE html>").unwrap();
    let mut tags = Vec::new();
    for part in rest.split('<').skip(1) {
        let (inside, text) = part.split_once('>').unwrap();
        assert!(!text.contains('>'), "{part}");
        let (inside, is_end) = inside.strip_prefix('/').map_or((inside, false), |end| (end, true));
        let (inside, is_empty) =
            inside.strip_suffix('/').map_or((inside, false), |one| (one, true));
        let (name, mut left) = inside.split_once(' ').unwrap_or((inside, ""));
        let mut attributes = Vec::new();
        while !left.is_empty() {
            let (key, value) = left.split_once("=\"").unwrap();
            let (value, after) = value.split_once('"').unwrap();
            attributes.push((key, value));
            left = after.strip_prefix(' ').unwrap_or(after);
            assert!(after.is_empty() || after.starts_with(' '), "{part}");
        }
        tags.push(Tag { name, is_end, is_empty, attributes });
    }
    tags
}

/// The page is made of known elements, closed in order, and its links lead into itself.
fn assert_sound(page: &str) {
    let page = without_style(page);
    let (mut open, mut ids, mut wanted) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for tag in tags(&page) {
        assert!(ELEMENTS.contains(&tag.name), "<{}>", tag.name);
        for (key, value) in &tag.attributes {
            assert!(ATTRIBUTES.contains(key), "{key}={value}");
            match *key {
                "id" => assert!(ids.insert((*value).to_owned()), "{value} stands twice"),
                "href" => drop(wanted.insert(value.strip_prefix('#').unwrap().to_owned())),
                "aria-labelledby" => drop(wanted.insert((*value).to_owned())),
                _ => {}
            }
        }
        if tag.is_end {
            assert_eq!(open.pop(), Some(tag.name));
        } else if !tag.is_empty && !["meta", "br"].contains(&tag.name) {
            open.push(tag.name);
        }
    }
    assert!(open.is_empty(), "{open:?} stay open");
    let lost: Vec<_> = wanted.difference(&ids).collect();
    assert!(lost.is_empty(), "{lost:?} lead nowhere");
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    assert!(ids.iter().all(|id| id.chars().all(plain)), "{ids:?}");
}

#[test]
fn every_page_is_sound_and_nothing_in_it_is_live() {
    for (name, report) in sample::all() {
        let (_, hostile) = sample::hostile();
        let sources = if name == "hostile" { hostile } else { sample::sources() };
        assert_sound(&page(&report, &sources));
    }
}

#[test]
fn the_policy_names_the_style_that_stands_there() {
    use base64::Engine as _;
    use sha2::{Digest as _, Sha256};
    let page = page(&sample::passed(), &sample::sources());
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style));
    assert!(page.contains(&format!("default-src 'none'; style-src 'sha256-{hash}';")));
    assert!(!style.contains("url(") && !style.contains("@import") && !style.contains('<'));
}

#[test]
fn headings_go_down_one_at_a_time() {
    for (_, report) in sample::all() {
        let mut last = 0;
        for part in page(&report, &sample::sources()).split("<h").skip(1) {
            let Some(level) = part.chars().next().and_then(|c| c.to_digit(10)) else { continue };
            assert!(level <= last + 1 && (level > 1 || last == 0), "h{level} after h{last}");
            last = level;
        }
    }
}

#[test]
fn a_page_stays_below_five_megabytes() {
    let (mut report, sources) = sample::hostile();
    let name = "\u{202e}\"".repeat(4_000);
    let finding = report.findings[0].clone();
    report.findings = (0..1_200).map(|_| finding.clone()).collect();
    report.findings[0].details = vec![name.clone(); 200];
    report.inconclusive = vec![report.inconclusive[0].clone(); 500];
    report.waived = vec![report.waived[0].clone(); 500];
    report.notices = vec![name.clone(); 500];
    let migration = report.sets[0].migrations[0].clone();
    report.sets[0].migrations = vec![migration; 200];
    for _ in 0..60 {
        let mut set = report.sets[0].clone();
        set.migrations.truncate(2);
        set.name.push_str(&name);
        report.sets.push(set);
    }
    let page = page(&report, &sources);
    assert!(page.len() < 5_000_000, "{}", page.len());
    assert!(page.contains("more findings, all in the JSON report"));
    assert_sound(&page);
}

#[test]
fn thousands_of_findings_stand_in_full() {
    let mut report = sample::blocked();
    let finding = report.findings.iter().find(|one| one.diff.is_empty()).unwrap().clone();
    report.findings = vec![finding; 6_000];
    let page = page(&report, &sample::sources());
    let full = page.matches("<article class=\"finding").count();
    assert!(full > 2_000, "{full}");
    assert!(page.contains("id=\"finding-6000\""));
}
