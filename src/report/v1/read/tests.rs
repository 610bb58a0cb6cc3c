//! Reports written, altered and read again.

use serde_json::{Value, json};

use super::{ReadError, read, read_shard};
use crate::model::Report;
use crate::render::{sample, sample_shard};
use crate::report::SourceMap;
use crate::report::v1::{Document, digest_of, json_schema};

fn written(report: &Report, sources: &SourceMap) -> Value {
    serde_json::to_value(Document::from((report, sources))).unwrap()
}

/// Knows every rule of the samples.
fn rule(id: &str) -> Option<&'static str> {
    let all = sample::all();
    let findings = all.iter().flat_map(|(_, report)| {
        report.findings.iter().chain(report.waived.iter().map(|waived| &waived.finding))
    });
    findings.map(|finding| finding.rule).find(|known| *known == id)
}

#[test]
fn what_was_written_is_read_back() {
    for (name, report) in sample::all() {
        let document = written(&report, &sample::sources());
        let (again, sources) = read(&document.to_string(), &rule).unwrap();
        assert_eq!(written(&again, &sources), document, "{name}");
    }
}

#[test]
fn the_report_of_a_shard_is_taken_for_nothing_else() {
    let (report, sources) = (sample_shard::shard(), sample::sources());
    let document = written(&report, &sources);
    let schema = serde_json::from_str(&json_schema()).unwrap();
    assert!(jsonschema::draft202012::new(&schema).unwrap().is_valid(&document));
    let (again, _) = read_shard(&document.to_string(), &rule).unwrap();
    assert_eq!(again.shard, report.shard);
    assert_eq!(written(&again, &sources), document);
    let number = report.shard.unwrap().number;
    assert_eq!(read(&document.to_string(), &rule).unwrap_err(), ReadError::Shard(number));
    let mut none = document;
    none["shard"]["index"] = 9.into();
    none["digest"] = digest_of(&none).into();
    let refused = read_shard(&none.to_string(), &rule);
    assert!(matches!(refused, Err(ReadError::Word { what: "shard", .. })));
    let whole = written(&sample::blocked(), &sources);
    assert!(matches!(read_shard(&whole.to_string(), &rule), Err(ReadError::Whole)));
}

fn refused(change: impl Fn(&mut Value), seal: bool) -> ReadError {
    let mut document = written(&sample::blocked(), &sample::sources());
    change(&mut document);
    if seal {
        document["digest"] = digest_of(&document).into();
    }
    read(&document.to_string(), &rule).unwrap_err()
}

#[test]
fn what_was_not_written_like_this_is_refused() {
    let digest = |change: fn(&mut Value)| assert_eq!(refused(change, false), ReadError::Digest);
    digest(|document| document["head"] = "another".into());
    digest(|document| document["verdict"] = "pass".into());
    digest(|document| document["counts"]["errors"] = 0.into());
    digest(|document| document["unknown"] = json!({}));
    let word = |change: fn(&mut Value), expected: &str| {
        assert!(matches!(refused(change, true), ReadError::Word { what, .. } if what == expected));
    };
    word(|document| document["findings"][0]["rule"] = "a/b\n::error::".into(), "rule");
    word(|document| document["findings"][0]["file"] = "../../x".into(), "file");
    word(|document| document["sets"][1]["engine"] = "oracle".into(), "engine");
    let newer = |document: &mut Value| document["tool"]["version"] = "9.0.0".into();
    assert!(matches!(refused(newer, true), ReadError::Version { .. }));
    assert!(matches!(read("[]", &rule), Err(ReadError::Shape(_))));
    let deep = "[".repeat(10_000);
    assert!(matches!(read(&deep, &rule), Err(ReadError::Shape(_))));
}
