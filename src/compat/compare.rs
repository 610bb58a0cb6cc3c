//! The verdict on a change of a schema.

use serde_json::Value;

use super::monotone::Monotone;
use super::object::Pair;
use super::prove::{Answer, Canonical, Prover};
use super::schema::{Formats, Reading, Schema};
use super::stack;
use super::witness::{Search, Witness};

/// Whether instances of the old schema stay valid.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Every instance valid under the old schema is proved valid under the new one.
    Compatible,
    /// One is not.
    Breaking(Witness),
    /// Neither was found out; a person decides.
    Unknown {
        /// Why, in one sentence.
        reason: String,
    },
}

/// Whether every instance valid under `old` is valid under `new`.
///
/// `documents` are instances from real life; they and changes of them are tried as witnesses.
/// The same input gives the same verdict: the effort is bounded by counted steps, not by time.
#[must_use]
pub fn compare(old: &Schema, new: &Schema, documents: &[Value]) -> Verdict {
    let verdict = stack::deep(|| decide(old, new, documents));
    verdict.unwrap_or_else(|| unknown("the schemas could not be compared"))
}

fn decide(old: &Schema, new: &Schema, documents: &[Value]) -> Verdict {
    let readings = old.readings(new);
    let pairs: Vec<Option<Pair<'_>>> =
        readings.iter().map(|formats| pair(old.reading(*formats), new.reading(*formats))).collect();
    let proved = |pair: &Option<Pair<'_>>, prover: Option<&dyn Prover>| {
        pair.as_ref().is_some_and(|pair| Monotone::new(pair, prover).holds())
    };
    if pairs.iter().all(|pair| proved(pair, None)) {
        return Verdict::Compatible;
    }
    let mut search = Search::new(old, new, readings);
    if let Some(witness) = search.run(documents) {
        return Verdict::Breaking(witness);
    }
    let canonical = Canonical::new();
    let mut open = Vec::new();
    for (formats, pair) in readings.iter().zip(&pairs) {
        if proved(pair, Some(&canonical)) {
            continue;
        }
        open.push(*formats);
        let Some(pair) = pair else { continue };
        match canonical.covers(pair.draft, pair.old, pair.new) {
            Answer::Proof => _ = open.pop(),
            Answer::Loss(Some(lost)) => {
                if let Some(witness) = search.among(&lost) {
                    return Verdict::Breaking(witness);
                }
            }
            Answer::Loss(None) | Answer::Unknown => {}
        }
    }
    if open.is_empty() {
        return Verdict::Compatible;
    }
    let only_so = |formats: Formats| Search::new(old, new, &[formats]).run(documents).is_some();
    unknown(if open.len() < readings.len() && open.into_iter().any(only_so) {
        "whether it breaks depends on whether validators assert `format`"
    } else if pairs.iter().any(Option::is_none) {
        "the schemas follow different drafts, and no instance that breaks was found"
    } else if canonical.refused() {
        "the schemas are too large to compare in full, and no instance that breaks was found"
    } else {
        "neither a proof nor an instance that breaks was found"
    })
}

/// The two documents, where they can be read in one draft.
fn pair<'a>(old: &'a Reading, new: &'a Reading) -> Option<Pair<'a>> {
    // What only says yes or no says so in every draft.
    let draft = match (&old.document, &new.document) {
        (Value::Bool(_), _) => new.draft,
        (_, Value::Bool(_)) => old.draft,
        _ if old.draft == new.draft => old.draft,
        _ => return None,
    };
    Some(Pair::new(draft, &old.document, &new.document))
}

fn unknown(reason: &str) -> Verdict {
    Verdict::Unknown { reason: reason.to_owned() }
}
