//! The digest of the facts: the same for the same change, whenever it is checked.

use serde_json::Value;

use super::Document;
use crate::model::{Report, sha256};
use crate::report::SourceMap;

/// Members that hang on the moment of the check, and the digest itself.
const NO_FACTS: [&str; 6] = ["as_of", "baseline", "counts", "digest", "verdict", "waived"];

/// The digest of a report, the same in every format.
#[must_use]
pub fn digest(report: &Report, sources: &SourceMap) -> String {
    Document::from((report, sources)).digest
}

/// The digest that a document of any minor shape should carry: SHA-256, in hexadecimal, over the
/// RFC 8785 canonical form of its facts.
///
/// Those are its members without the ones that hang on the moment of the check: whether a finding
/// is accepted, and findings that are `timed`. What is left of the findings is sorted by its own
/// canonical form.
#[must_use]
pub fn digest_of(document: &Value) -> String {
    let Some(members) = document.as_object() else { return sha256(&canonical(document)) };
    let list = |name| members.get(name).and_then(Value::as_array).into_iter().flatten();
    let waived = list("waived").filter_map(|waived| waived.get("finding"));
    let is_timed = |finding: &Value| finding.get("timed") == Some(&Value::Bool(true));
    let found = list("findings").chain(waived).filter(|finding| !is_timed(finding));
    let mut found: Vec<Vec<u8>> = found.map(canonical).collect();
    found.sort_unstable();
    let is_fact = |name: &str| name != "findings" && !NO_FACTS.contains(&name);
    let facts = members.iter().filter(|(name, _)| is_fact(name));
    let facts = facts.map(|(name, value)| (name.as_str(), canonical(value)));
    sha256(&object(facts.chain([("findings", array(&found))])))
}

/// The canonical form of a value.
///
/// It is made of that of its parts, by a library, since the library alone takes many times as long:
/// it makes a set of each object, and writes each part once for every object around it.
fn canonical(value: &Value) -> Vec<u8> {
    match value {
        Value::Array(items) => array(&items.iter().map(canonical).collect::<Vec<_>>()),
        Value::Object(members) => {
            object(members.iter().map(|(name, value)| (name.as_str(), canonical(value))))
        }
        leaf => serde_json_canonicalizer::to_vec(leaf).unwrap_or_default(),
    }
}

/// The canonical form of an array, from those of its items.
fn array(items: &[Vec<u8>]) -> Vec<u8> {
    [b"[", items.join(&b',').as_slice(), b"]"].concat()
}

/// The canonical form of an object, from those of its values: sorted by UTF-16.
fn object<'a>(members: impl Iterator<Item = (&'a str, Vec<u8>)>) -> Vec<u8> {
    let mut members: Vec<(&str, Vec<u8>)> = members.collect();
    members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    let written = |(name, value): (&str, Vec<u8>)| {
        [canonical(&name.into()).as_slice(), b":", &value].concat()
    };
    let members: Vec<Vec<u8>> = members.into_iter().map(written).collect();
    [b"{", members.join(&b',').as_slice(), b"}"].concat()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Document, canonical, digest, digest_of};
    use crate::render::sample;

    fn document() -> Value {
        let (report, sources) = (sample::blocked(), sample::sources());
        let value = serde_json::to_value(Document::from((&report, &sources))).unwrap();
        assert_eq!(value["digest"], digest(&report, &sources));
        value
    }

    #[test]
    fn the_digest_is_over_the_facts() {
        let mut value = document();
        let known = digest_of(&value);
        assert_eq!(value["digest"], known);
        value["digest"] = "0".into();
        assert_eq!(digest_of(&value), known);
        value["head"] = "another".into();
        assert_ne!(digest_of(&value), known);
    }

    #[test]
    fn the_form_is_that_of_the_library() {
        let names = json!({ "\u{fb33}": 1, "\u{1f600}": 1e21, "\"\\\u{7}": [], "a": { "": {} } });
        for value in [document(), names, json!([1.5, -0.0, "\u{2028}\n", null, true])] {
            assert_eq!(canonical(&value), serde_json_canonicalizer::to_vec(&value).unwrap());
        }
    }

    #[test]
    fn the_moment_of_the_check_changes_nothing_in_it() {
        let mut value = document();
        let known = digest_of(&value);
        value["as_of"] = "2026-11-21".into();
        value["verdict"] = "pass".into();
        let finding = value["findings"].as_array_mut().unwrap().remove(1);
        value["waived"] = json!([{ "finding": finding, "reason": "r" }]);
        let mut timed = value["findings"][0].clone();
        timed["timed"] = true.into();
        value["findings"].as_array_mut().unwrap().push(timed);
        assert_eq!(digest_of(&value), known);
        value["waived"][0]["finding"]["message"] = "another".into();
        assert_ne!(digest_of(&value), known);
    }
}
