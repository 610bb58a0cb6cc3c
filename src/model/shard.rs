//! One shard of a check: the part of the dry run that one of several machines does.

use std::collections::BTreeMap;
use std::fmt;

use super::Finding;

/// Which of the shards of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardNumber {
    /// Its number, from 1.
    pub index: usize,
    /// How many there are.
    pub of: usize,
}

impl ShardNumber {
    /// The most shards that a check has.
    pub const MOST: usize = 256;
}

impl fmt::Display for ShardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.index, self.of)
    }
}

/// What the report of a shard holds beyond its findings, so that one report can be made of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which one it is.
    pub number: ShardNumber,
    /// The judged migrations with which the whole protocol was walked, each with its set.
    pub tried: Vec<(String, String)>,
    /// The sets of which this shard tells what is about none of the judged migrations.
    pub sets: Vec<String>,
    /// Things worth saying about no set in particular, the same in every shard.
    pub notices: Vec<String>,
    /// Things worth saying about sets.
    pub said: Vec<SetNotices>,
    /// The waivers that may turn out to excuse nothing, the same in every shard.
    pub waivers: Vec<WaiverUse>,
}

/// How many tables a notice names.
const NAMED: usize = 5;

/// Things worth saying about a set that are no findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetNotices {
    /// The set.
    pub set: String,
    /// What could not be told and the policy accepts.
    pub accepted: Vec<String>,
    /// Migrations of the history that did not run.
    pub history: Vec<String>,
    /// Tables that no rows could be made for, each with the reason, as often as it was tried.
    pub unfilled: Vec<(String, String)>,
}

impl SetNotices {
    /// The notices in the order they should be read.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let known = self.accepted.iter().chain(&self.history).cloned();
        known.chain(self.unfilled()).collect()
    }

    fn unfilled(&self) -> Option<String> {
        let tables: BTreeMap<&String, &String> =
            self.unfilled.iter().map(|(table, reason)| (table, reason)).collect();
        let named = tables.iter().take(NAMED);
        let named: Vec<String> =
            named.map(|(table, reason)| format!("{table} ({reason})")).collect();
        let more = tables.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (!named.is_empty()).then(|| {
            format!(
                "{}: no rows could be made for {}{more}, so nothing is known of how their rows fare",
                self.set,
                named.join(", ")
            )
        })
    }
}

/// What is known of the use of a waiver, and what to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaiverUse<F = Finding> {
    /// Said where it excuses nothing.
    pub unused: F,
    /// The sets in which what it is about is judged.
    pub sets: Vec<WaiverUseIn<F>>,
}

/// What is known of the use of a waiver in one set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaiverUseIn<F = Finding> {
    /// The set.
    pub set: String,
    /// Whether its rule has found something there.
    pub found: bool,
    /// Whether something could not be told there; the rule might have spoken.
    pub untold: bool,
    /// Said where there is something to excuse and the waiver is for other content.
    pub other_content: Option<F>,
}

impl<F> WaiverUse<F> {
    /// What is to be said: nothing where it is used, or where that cannot be told.
    #[must_use]
    pub fn told(self) -> Option<F> {
        let mut told = self.sets.into_iter().filter(|one| !one.untold).peekable();
        told.peek()?;
        match told.find(|one| one.found) {
            Some(used) => used.other_content,
            None => Some(self.unused),
        }
    }

    /// The same with other words for what is to be said.
    pub fn map<G>(self, mut with: impl FnMut(F) -> G) -> WaiverUse<G> {
        let unused = with(self.unused);
        let sets = self.sets.into_iter().map(|one| WaiverUseIn {
            set: one.set,
            found: one.found,
            untold: one.untold,
            other_content: one.other_content.map(&mut with),
        });
        WaiverUse { unused, sets: sets.collect() }
    }
}

impl Shard {
    /// What a person has to know who sees the report of one shard.
    #[must_use]
    pub fn notice(&self) -> String {
        format!(
            "This is shard {} and no whole answer: join the JSON reports of all {} with \
             migration-gate merge.",
            self.number, self.number.of
        )
    }
}
