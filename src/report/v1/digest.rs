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
    let mut document = document.clone();
    if let Some(members) = document.as_object_mut() {
        let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned();
        let mut found = list(members.get("findings")).unwrap_or_default();
        let waived = list(members.get("waived")).unwrap_or_default();
        found.extend(waived.iter().filter_map(|waived| waived.get("finding").cloned()));
        found.retain(|finding| finding.get("timed") != Some(&Value::Bool(true)));
        found.sort_by_cached_key(canonical);
        members.retain(|name, _| !NO_FACTS.contains(&name.as_str()));
        members.insert("findings".to_owned(), Value::Array(found));
    }
    sha256(&canonical(&document))
}

fn canonical(value: &Value) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Document, digest, digest_of};
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
