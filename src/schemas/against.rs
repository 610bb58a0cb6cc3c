//! A schema against its other versions.

use serde_json::Value;

use super::load::load;
use super::secret;
use super::side::{Side, short};
use crate::changes::ChangesError;
use crate::compat::{self, Schema, Verdict, Violation};
use crate::model::{Compared, Comparison, Compatibility, Direction, Location, RepoPath};

/// How many releases a schema is compared with; of more, those that were given out last.
const MOST_RELEASES: usize = 50;
/// How long a witness may be in a report, in characters.
const LONGEST_WITNESS: usize = 4_000;
/// How many violations are told of a witness.
const MOST_VIOLATIONS: usize = 10;

/// A released version: what it is called, and where its schema is.
pub(super) struct Released<'a> {
    pub(super) version: &'a str,
    pub(super) side: &'a Side<'a>,
    pub(super) path: &'a RepoPath,
}

/// What to compare with what.
pub(super) struct Versions<'a> {
    /// The changed schema, its file and its side.
    pub(super) current: (&'a Schema, &'a RepoPath, &'a Side<'a>),
    /// The base's; `Some(None)` where it is broken.
    pub(super) base: Option<Option<&'a Schema>>,
    pub(super) releases: &'a [Released<'a>],
    /// What is promised; `None` where nothing can be demanded.
    pub(super) promise: Option<Compatibility>,
    /// Whether the change claims that it can be taken back.
    pub(super) has_way_back: bool,
    pub(super) seeds: &'a [Value],
}

/// Every comparison that is asked for, and the one with the base's in any case.
pub(super) fn comparisons(versions: &Versions<'_>) -> Result<Vec<Comparison>, ChangesError> {
    let promise = versions.promise.unwrap_or(Compatibility {
        backward: false,
        forward: false,
        transitive: false,
    });
    let mut found = Vec::new();
    if let Some(base) = versions.base {
        let against = "the base".to_owned();
        let one = |direction, demanded| {
            let verdict = match base {
                Some(base) => versions.verdict(direction, base),
                None => Ok(unknown("the base's schema is broken itself")),
            };
            verdict.map(|verdict| Comparison {
                direction,
                against: against.clone(),
                demanded,
                verdict,
            })
        };
        found.push(one(Direction::Backward, promise.backward)?);
        if promise.forward || versions.has_way_back {
            found.push(one(Direction::Forward, versions.promise.is_some())?);
        }
    }
    let asked = [(Direction::Backward, promise.backward), (Direction::Forward, promise.forward)];
    for (number, release) in versions.releases.iter().enumerate().filter(|_| promise.transitive) {
        let is_old = versions.releases.len() - number > MOST_RELEASES;
        for (direction, _) in asked.iter().filter(|(_, asked)| *asked) {
            let loaded = load(release.side, release.path)?;
            let verdict = match loaded.usable() {
                _ if is_old => unknown("there are too many releases to compare with each"),
                Some(schema) => versions.verdict(*direction, schema)?,
                None => unknown("the schema of that release cannot be read"),
            };
            found.push(Comparison {
                direction: *direction,
                against: format!("release {}", short(release.version)),
                demanded: true,
                verdict,
            });
        }
    }
    Ok(found)
}

impl Versions<'_> {
    fn verdict(&self, direction: Direction, other: &Schema) -> Result<Compared, ChangesError> {
        let (current, ..) = self.current;
        let verdict = match direction {
            Direction::Backward => compat::compare(other, current, self.seeds),
            Direction::Forward => compat::compare(current, other, self.seeds),
        };
        Ok(match verdict {
            Verdict::Compatible => Compared::Compatible,
            Verdict::Unknown { reason } => unknown(&reason),
            Verdict::Breaking(witness) => {
                let mut shown = witness.instance.clone();
                secret::hide(&mut shown, "");
                let text = shown.to_string();
                let short: String = text.chars().take(LONGEST_WITNESS).collect();
                let more = if short.len() < text.len() { "…" } else { "" };
                let mut violations = witness.violations.clone();
                violations.truncate(MOST_VIOLATIONS);
                let mut is_secret = false;
                for violation in &mut violations {
                    let (message, is_hidden) = secret::told(violation, &witness.instance);
                    violation.message = message;
                    is_secret |= is_hidden;
                }
                let location = match (direction, violations.first()) {
                    (Direction::Backward, Some(violation)) if !is_secret => {
                        Some(self.place(violation)?)
                    }
                    _ => None,
                };
                Compared::Breaking {
                    witness: format!("{short}{more}"),
                    violations: violations.iter().map(Violation::to_string).collect(),
                    location,
                }
            }
        })
    }

    /// The keyword of the changed schema that is broken.
    fn place(&self, violation: &Violation) -> Result<Location, ChangesError> {
        let (_, root, side) = self.current;
        let (file, pointer) = violation.schema.split_once('#').unwrap_or((&violation.schema, ""));
        let path = RepoPath::new(file).filter(|path| !path.is_root());
        let path = path.unwrap_or_else(|| root.clone());
        let content = side.content(&path)?;
        match content.node() {
            Some(node) => Ok(Location::at(path, node.at(pointer).span)),
            // A copy of a remote schema goes by its address.
            None => Ok(Location::file(root.clone())),
        }
    }
}

fn unknown(reason: &str) -> Compared {
    Compared::Unknown { reason: short(reason) }
}
