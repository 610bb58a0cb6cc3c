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
    let proved = |prover: Option<&dyn Prover>| {
        pairs.iter().all(|pair| pair.is_some_and(|pair| Monotone::new(pair, prover).holds()))
    };
    if proved(None) {
        return Verdict::Compatible;
    }
    let mut search = Search::new(old, new, readings);
    if let Some(witness) = search.run(documents) {
        return Verdict::Breaking(witness);
    }
    let canonical = Canonical::new();
    if proved(Some(&canonical)) {
        return Verdict::Compatible;
    }
    for pair in pairs.iter().flatten() {
        if let Answer::Loss(Some(lost)) = canonical.covers(pair.draft, pair.old, pair.new)
            && let Some(witness) = search.among(&lost)
        {
            return Verdict::Breaking(witness);
        }
    }
    unknown(why(old, new, &pairs, &canonical))
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
    Some(Pair { draft, old: &old.document, new: &new.document })
}

/// Why neither a proof nor a witness was found.
fn why(old: &Schema, new: &Schema, pairs: &[Option<Pair<'_>>], prover: &Canonical) -> &'static str {
    let breaks = |formats: Formats| Search::new(old, new, &[formats]).run(&[]).is_some();
    if old.readings(new).len() > 1 && old.readings(new).iter().any(|formats| breaks(*formats)) {
        return "whether it breaks depends on whether validators assert `format`";
    }
    if pairs.iter().any(Option::is_none) {
        return "the schemas follow different drafts, and no instance that breaks was found";
    }
    if prover.refused() {
        return "the schemas are too large to compare in full, and no instance that breaks was found";
    }
    "neither a proof nor an instance that breaks was found"
}

fn unknown(reason: &str) -> Verdict {
    Verdict::Unknown { reason: reason.to_owned() }
}
