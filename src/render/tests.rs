//! Every format against the shared samples: how it looks, and what must never be in it.

use super::{Format, Renderer as _, SourceMap, paint::Paint, plain::Plain, sample};
use crate::model::{Finding, Level, Report, SetReport};

fn rendered(format: Format, report: &Report, sources: &SourceMap) -> String {
    let mut out = String::new();
    format.renderer(false).render(report, sources, &mut out).unwrap();
    out
}

/// The samples that a format is looked at with; empty for all.
fn shown(format: Format) -> &'static [&'static str] {
    match format {
        Format::Plain | Format::Markdown | Format::Github => &[],
        // A page has tests of its own.
        Format::Html => &["none"],
        Format::Json => &["blocked"],
        Format::Sarif | Format::Junit | Format::Gitlab => &["blocked", "waived"],
    }
}

#[test]
fn every_format_of_every_sample() {
    let version = concat!("ersion\":( ?)\"", env!("CARGO_PKG_VERSION"), "\"");
    insta::with_settings!({
        omit_expression => true,
        prepend_module_to_snapshot => false,
        filters => vec![(r"\b[0-9a-f]{64}\b", "[digest]"), (version, "ersion\":$1\"[version]\"")],
    }, {
        for (name, report) in sample::all() {
            if name == "hostile" {
                continue;
            }
            for format in Format::ALL {
                if !shown(format).contains(&name) && !shown(format).is_empty() {
                    continue;
                }
                let text = rendered(format, &report, &sample::sources());
                insta::assert_snapshot!(format!("{name}.{format}"), text);
            }
        }
        let (report, sources) = sample::hostile();
        insta::assert_snapshot!("hostile.plain", rendered(Format::Plain, &report, &sources));
        insta::assert_snapshot!("hostile.markdown", rendered(Format::Markdown, &report, &sources));
    });
}

/// What is posted by one job is what another job saw.
#[test]
fn a_report_that_was_read_again_gives_the_same_bytes() {
    let mut all: Vec<_> =
        sample::all().into_iter().map(|(_, report)| (report, sample::sources())).collect();
    all.push(sample::hostile());
    for (report, sources) in &all {
        let waived = report.waived.iter().map(|waived| &waived.finding);
        let rules: Vec<&'static str> =
            report.findings.iter().chain(waived).map(|finding| finding.rule).collect();
        let rule = |id: &str| rules.iter().copied().find(|rule| *rule == id);
        let json = rendered(Format::Json, report, sources);
        let (again, recorded) = crate::report::v1::read(&json, &rule).unwrap();
        for format in Format::ALL {
            let (first, second) =
                (rendered(format, report, sources), rendered(format, &again, &recorded));
            assert_eq!(first, second, "{format}");
        }
    }
}

#[test]
fn names_parse_back() {
    for format in Format::ALL {
        assert_eq!(Format::parse(format.name()), Some(format));
    }
    assert_eq!(Format::parse("Plain"), None);
}

#[test]
fn colour_adds_nothing_but_colour() {
    let (report, sources) = (sample::blocked(), sample::sources());
    let mut coloured = String::new();
    Plain { paint: Paint::new(true) }.render(&report, &sources, &mut coloured).unwrap();
    assert!(coloured.contains("\u{1b}[31m"));
    let mut bare = String::new();
    for (index, part) in coloured.split("\u{1b}[").enumerate() {
        bare.push_str(if index == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    let plain = rendered(Format::Plain, &report, &sources);
    // White space that was coloured stays before the end of a line.
    let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    assert_eq!(trimmed(&bare), trimmed(&plain));
}

#[test]
fn no_format_obeys_what_it_shows() {
    let (report, sources) = sample::hostile();
    for format in Format::ALL {
        let text = rendered(format, &report, &sources);
        assert!(text.ends_with('\n'), "{format}");
        assert!(!text.contains(['\u{1b}', '\r']), "{format} lets an escape through");
        for line in text.lines() {
            let command = line.trim_start().starts_with("::");
            assert!(!command || format == Format::Github, "{format}: {line}");
        }
        match format {
            Format::Json | Format::Sarif | Format::Gitlab => {
                serde_json::from_str::<serde_json::Value>(&text).unwrap();
            }
            Format::Junit => {
                roxmltree::Document::parse(&text).unwrap();
            }
            Format::Plain | Format::Markdown | Format::Github | Format::Html => {}
        }
        // What programs match against file names is left as it is in one format only.
        if format != Format::Json {
            assert!(!text.contains(['\u{9b}', '\u{202e}', '\u{200b}']), "{format}");
            assert!(!text.contains("##["), "{format}");
        }
    }
}

/// What is left of Markdown when fences, code spans and code elements are taken out.
fn outside_code(markdown: &str) -> String {
    let mut out = String::new();
    let mut fence: Option<usize> = None;
    for line in markdown.lines() {
        let ticks = line.bytes().take_while(|byte| *byte == b'`').count();
        match fence {
            Some(open) if ticks >= open && line.len() == ticks => fence = None,
            Some(_) => {}
            None if ticks >= 3 && !line[ticks..].contains('`') => fence = Some(ticks),
            None => {
                out.push_str(&without_spans(line));
                out.push('\n');
            }
        }
    }
    assert_eq!(fence, None, "a fence stays open");
    out
}

fn without_spans(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        out.push_str(&rest[..at]);
        let ticks = rest[at..].bytes().take_while(|byte| *byte == b'`').count();
        let (run, after) = rest[at..].split_at(ticks);
        // The end is a run of exactly as many.
        let mut end = None;
        let mut from = 0;
        while let Some(found) = after[from..].find('`') {
            let start = from + found;
            let length = after[start..].bytes().take_while(|byte| *byte == b'`').count();
            from = start + length;
            if length == ticks {
                end = Some(from);
                break;
            }
        }
        if let Some(end) = end {
            rest = &after[end..];
        } else {
            panic!("a code span stays open: {run} in {line}");
        }
    }
    out.push_str(rest);
    let mut bare = String::new();
    let mut rest = out.as_str();
    while let Some((before, after)) = rest.split_once("<code>") {
        bare.push_str(before);
        rest = after.split_once("</code>").unwrap().1;
    }
    bare + rest
}

#[test]
fn markdown_has_no_markup_but_its_own() {
    let (report, sources) = sample::hostile();
    let markdown = rendered(Format::Markdown, &report, &sources);
    let mut left = outside_code(&markdown);
    assert!(left.starts_with(super::markdown::MARKER));
    assert_eq!(left.matches(super::markdown::MARKER).count(), 1);
    for own in
        [super::markdown::MARKER, "<details>", "</details>", "<summary>", "</summary>", "<br>"]
    {
        left = left.replace(own, "");
    }
    for banned in
        ["<", "@", "![", "](", "://", "www.", "&", "\\", "[x]", ":tada", "#12", "deadbeef1"]
    {
        assert!(!left.contains(banned), "{banned} survives in:\n{left}");
    }
    assert_eq!(
        markdown.matches("<details>").count(),
        markdown.lines().filter(|l| *l == "</details>").count()
    );
    let rows: Vec<&str> = markdown.lines().filter(|line| line.starts_with("| ")).collect();
    for row in rows {
        assert_eq!(row.matches('|').count(), 5, "{row}");
    }
}

#[test]
fn a_comment_never_outgrows_the_forge() {
    let mut report = sample::blocked();
    let one = report.findings[1].clone();
    report.findings = std::iter::repeat_n(one, 2_000).collect();
    let text = rendered(Format::Markdown, &report, &sample::sources());
    assert!(text.len() < 65_000, "{}", text.len());
    assert!(text.contains("more findings, all in the JSON report"));

    let (mut report, sources) = sample::hostile();
    let name = "\u{202e}|".repeat(4_000);
    report.findings = std::iter::repeat_n(report.findings[0].clone(), 500).collect();
    for (index, set) in std::iter::repeat_n(report.sets[0].clone(), 90).enumerate() {
        report.sets.push(SetReport { name: format!("{index}{name}"), ..set });
    }
    let text = rendered(Format::Markdown, &report, &sources);
    assert!(text.len() < 65_000, "{}", text.len());
    assert!(text.contains("blocked") && text.contains("digest"));
}

#[test]
fn a_comment_shows_as_many_findings_as_fit_and_errors_first() {
    let mut report = sample::blocked();
    let error = report.findings.iter().find(|one| one.level == Level::Error).unwrap().clone();
    let named = |name: &str| Finding { message: name.into(), ..error.clone() };
    // The first is too long for the page, and what comes before an error is no reason against it.
    let details = vec!["long ".repeat(300); 40];
    let long = Finding { details: details.clone(), ..named("first") };
    let warnings = (0..20).map(|_| Finding {
        details: details[..4].to_vec(),
        level: Level::Warning,
        ..named("warning")
    });
    report.findings =
        [long].into_iter().chain(warnings).chain([named("second"), named("third")]).collect();
    let text = rendered(Format::Markdown, &report, &sample::sources());
    let at = |word: &str| text.find(word).unwrap_or_else(|| panic!("{word} in {text}"));
    let (whole, short) = text.split_once("### More findings, in short").unwrap();
    assert!(whole.contains("\nsecond\n") && whole.contains("\nthird\n"), "{text}");
    assert!(whole.contains("\nwarning\n") && short.contains(": warning\n"));
    assert!(short.contains(": first\n") && at("second") < at("third"));
}

#[test]
fn however_many_sets_are_touched_the_errors_are_shown() {
    let mut report = sample::blocked();
    let touched = report.sets.iter().find(|set| !set.migrations.is_empty()).unwrap().clone();
    let untouched = SetReport { migrations: Vec::new(), schemas: Vec::new(), ..touched.clone() };
    for index in 0..400 {
        report.sets.push(SetReport { name: format!("set{index}"), ..touched.clone() });
        report.sets.push(SetReport { name: format!("other{index}"), ..untouched.clone() });
    }
    let text = rendered(Format::Markdown, &report, &sample::sources());
    for finding in report.findings.iter().filter(|one| one.level == Level::Error) {
        assert!(text.contains(&format!("### ❌ `{}`", finding.rule)), "{text}");
    }
    assert!(text.contains(" more sets, all in the JSON report.") && text.contains("set10"));
    assert!(text.lines().any(|line| line.starts_with("Other sets: ") && line.ends_with(" more.")));
}

#[test]
fn the_report_of_a_shard_is_never_taken_for_the_whole() {
    let report = super::sample_shard::shard();
    // JSON has a member for it, and GitLab's list of issues gives no answer.
    let told = |format: &Format| !matches!(format, Format::Json | Format::Gitlab);
    for format in Format::ALL.into_iter().filter(told) {
        let text = rendered(format, &report, &sample::sources());
        assert!(text.contains("shard 2 of 3"), "{format}: {text}");
        assert!(text.contains("no whole answer"), "{format}: {text}");
    }
    let text = rendered(Format::Plain, &report, &sample::sources());
    assert!(text.contains("shard 2 of 3 only"), "{text}");
    assert!(text.contains("in another shard"), "{text}");
}
