//! What a schema's comparisons say, each thing once.

use super::{is_touched, join};
use crate::model::{Compared, Comparison, Direction, Location, SchemaEvidence};
use crate::rules::Draft;

/// Comparisons of a schema that are not in order and show the same.
pub(super) struct Cause<'a> {
    schema: &'a SchemaEvidence,
    verdict: &'a Compared,
    /// Whether the contract asks for them.
    pub(super) demanded: bool,
    /// Whether the version from before the change is among them.
    pub(super) base: bool,
    /// Whether the change is to blame.
    touched: bool,
    against: Vec<&'a str>,
}

/// What is not in order in one direction; several versions with the same witness, or the same
/// reason why nothing can be told, are one.
pub(super) fn causes(schema: &SchemaEvidence, direction: Direction) -> Vec<Cause<'_>> {
    let mut causes: Vec<Cause<'_>> = Vec::new();
    let comparisons = || schema.comparisons.iter().filter(move |one| one.direction == direction);
    // What a release and this schema disagree on, a base that it agrees with disagreed on too.
    let is_proved =
        comparisons().any(|one| one.is_against_base() && one.verdict == Compared::Compatible);
    for comparison in comparisons() {
        let Comparison { against, demanded, verdict, .. } = comparison;
        // Where nothing can be told because the schema is broken, that is what there is to mend.
        let is_told = match verdict {
            Compared::Compatible => continue,
            Compared::Breaking { .. } => false,
            Compared::Unknown { .. } => schema.faults.iter().any(|fault| !fault.old),
        };
        if is_told {
            continue;
        }
        let base = comparison.is_against_base();
        let same = |cause: &&mut Cause<'_>| {
            cause.demanded == *demanded && shows_the_same(cause.verdict, verdict)
        };
        if let Some(known) = causes.iter_mut().find(same) {
            known.against.push(against);
            known.base |= base;
            known.touched |= base;
        } else {
            let against = vec![against.as_str()];
            // What differs from the base is the change's doing, in whatever file it was done.
            let touched = base || (is_touched(schema) && !is_proved);
            causes.push(Cause { schema, verdict, demanded: *demanded, base, touched, against });
        }
    }
    causes
}

fn shows_the_same(one: &Compared, two: &Compared) -> bool {
    match (one, two) {
        (Compared::Breaking { witness: a, .. }, Compared::Breaking { witness: b, .. })
        | (Compared::Unknown { reason: a }, Compared::Unknown { reason: b }) => a == b,
        _ => false,
    }
}

impl Cause<'_> {
    /// Whether it is shown by a document, and not only possible.
    pub(super) fn is_shown(&self) -> bool {
        matches!(self.verdict, Compared::Breaking { .. })
    }

    /// Whether a config migration of the change carries documents from the version before it to
    /// this one and back, which its dry run proves.
    pub(super) fn is_carried(&self) -> bool {
        self.base && !self.schema.migrations.is_empty()
    }

    /// The other versions in words: `the base and release 1`.
    pub(super) fn against(&self) -> String {
        join(&self.against)
    }

    /// A finding with what shows it; `when` says what the witness is: `valid before, refused now`.
    pub(super) fn draft(&self, message: String, when: &str) -> Draft {
        let place = match self.verdict {
            Compared::Breaking { location, .. } => location.clone(),
            Compared::Compatible | Compared::Unknown { .. } => None,
        };
        let place = place.unwrap_or_else(|| Location::file(self.schema.path.clone()));
        let draft = Draft::new(place, self.touched, message);
        match self.verdict {
            Compared::Breaking { witness, violations, .. } => {
                let draft = draft.detail(format!("{when}: {witness}"));
                violations.iter().fold(draft, Draft::detail)
            }
            Compared::Unknown { reason } => draft.detail(reason),
            Compared::Compatible => draft,
        }
    }
}
