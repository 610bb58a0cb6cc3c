//! The reports of all shards of one check, joined into the report that the whole check gives.
//!
//! The shards part what there is to tell among them, so that joining is putting together: nothing
//! is told twice, and nothing is judged again but the verdict.

use std::collections::BTreeMap;

use super::{FindingKey, SourceMap, Standing, all_notices, verdict};
use crate::model::{
    Counts, Finding, Moment, Report, SetNotices, SetReport, Shard, Side, WaiverUse, printable,
};

/// The report of one shard.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its file as the user named it, printable.
    pub file: String,
    /// What was read from it.
    pub report: Report,
    /// What it says of places in files.
    pub sources: SourceMap,
}

/// Why reports do not make one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// One is not of a shard.
    #[error("{0} is not the report of a shard\n  help: name the reports of `check --shard K/N`")]
    Whole(String),
    /// They are not all of as many shards.
    #[error(
        "{0} and {1} are of different numbers of shards\n  help: name the reports of one check, all with the same N in `--shard K/N`"
    )]
    Of(String, String),
    /// Two are of the same shard.
    #[error("{0} and {1} are of the same shard\n  help: name the report of each shard once")]
    Twice(String, String),
    /// Some are not there.
    #[error("there is no report of shard {0}\n  help: name the reports of all shards")]
    Missing(String),
    /// They are of different checks.
    #[error(
        "{first} and {second} differ in {what}, so they are not of one check\n  help: {way_out}"
    )]
    Differs {
        /// A file.
        first: String,
        /// Another.
        second: String,
        /// What differs.
        what: &'static str,
        /// What a person can do.
        way_out: &'static str,
    },
    /// A set did not run on the same engine everywhere.
    #[error(
        "{set} ran on {one} in one shard and on {other} in another\n  help: give all shards the same engine, such as the same container image"
    )]
    Engines {
        /// The set, printable.
        set: String,
        /// An engine with its version, printable.
        one: String,
        /// Another.
        other: String,
    },
    /// They do not answer for everything once.
    #[error(
        "{shards} shards answer for {what}, and it should be one\n  help: make the reports of all shards again, with the same version of the program on the same files"
    )]
    Answers {
        /// A migration or a set, printable.
        what: String,
        /// How many shards.
        shards: usize,
    },
}

/// One shard of a complete row of them.
struct Piece {
    report: Report,
    shard: Shard,
}

/// Joins the reports of all shards of one check, in whatever order they come.
///
/// # Errors
/// Where they are not all, or not of one check.
pub fn merge(parts: Vec<Part>) -> Result<(Report, SourceMap), MergeError> {
    let mut sources = SourceMap::new();
    let mut pieces = BTreeMap::new();
    let mut known: Option<(String, Report)> = None;
    for Part { file, report, sources: recorded } in parts {
        let Some(shard) = report.shard.clone() else { return Err(MergeError::Whole(file)) };
        if let Some((first, report_of_first)) = &known {
            same_check((first, report_of_first), (&file, &report))?;
        }
        sources.join(recorded);
        known.get_or_insert_with(|| (file.clone(), report.clone()));
        if let Some((other, _)) =
            pieces.insert(shard.number.index, (file.clone(), Piece { report, shard }))
        {
            return Err(MergeError::Twice(other, file));
        }
    }
    let of = known.and_then(|(_, report)| report.shard).map_or(1, |shard| shard.number.of);
    let missing: Vec<String> =
        (1..=of).filter(|at| !pieces.contains_key(at)).map(|at| format!("{at} of {of}")).collect();
    if !missing.is_empty() {
        return Err(MergeError::Missing(missing.join(", ")));
    }
    let pieces: Vec<Piece> = pieces.into_values().map(|(_, piece)| piece).collect();
    Ok((joined(pieces)?, sources))
}

/// Whether two reports are of shards of one check.
fn same_check(
    (first, one): (&String, &Report),
    (second, two): (&String, &Report),
) -> Result<(), MergeError> {
    let of = |report: &Report| report.shard.as_ref().map(|shard| shard.number.of);
    if of(one) != of(two) {
        return Err(MergeError::Of(first.clone(), second.clone()));
    }
    let same = |what, is_same: bool, way_out| match is_same {
        true => Ok(()),
        false => {
            let (first, second) = (first.clone(), second.clone());
            Err(MergeError::Differs { first, second, what, way_out })
        }
    };
    let again = "run every shard on the same commits with the same options";
    let base = |report: &Report| (report.base.clone(), report.identity.base_commit.clone());
    same("the base", base(one) == base(two), again)?;
    let head = |report: &Report| (report.head.clone(), report.identity.head_commit.clone());
    same("the head", head(one) == head(two), again)?;
    same("the policy", one.identity.policy == two.identity.policy, again)?;
    same("whether everything is judged (--all)", one.all == two.all, again)?;
    let moment = |report: &Report| report.as_of.as_ref().map(Moment::to_string);
    let give = "give every shard the same moment with --as-of";
    same("the moment of the check", moment(one) == moment(two), give)?;
    let frame = |report: &Report| report.sets.iter().map(frame).collect::<Vec<_>>();
    same("the sets or their migrations", frame(one) == frame(two), again)
}

/// A set without what only those say that ran it.
fn frame(set: &SetReport) -> SetReport {
    let mut frame = set.clone();
    frame.ran_on = None;
    (frame.baseline_applied, frame.judged_applied) = (0, 0);
    frame.assumed.clear();
    frame.schemas.clear();
    for migration in &mut frame.migrations {
        migration.steps.clear();
        migration.trace.clear();
    }
    frame
}

fn joined(pieces: Vec<Piece>) -> Result<Report, MergeError> {
    let sets = sets(&pieces)?;
    let notices = notices(&pieces);
    let waivers = waivers(&pieces)?;
    let (mut findings, mut waived, mut inconclusive) = (Vec::new(), Vec::new(), Vec::new());
    let mut baseline = Counts::default();
    let mut first = None;
    for Piece { mut report, .. } in pieces {
        findings.append(&mut report.findings);
        waived.append(&mut report.waived);
        inconclusive.append(&mut report.inconclusive);
        baseline = baseline.and(report.baseline);
        first.get_or_insert(report);
    }
    let Some(first) = first else { return Err(MergeError::Missing("1 of 1".into())) };
    let (shown, hidden): (Vec<Finding>, Vec<Finding>) =
        waivers.into_iter().partition(|finding| first.all || finding.side == Side::Change);
    findings.extend(shown);
    let baseline = baseline.and(Counts::of(&hidden));
    findings.sort_by_cached_key(|finding| order(&sets, finding));
    waived.sort_by_cached_key(|waived| order(&sets, &waived.finding));
    super::sort_inconclusive(&sets, &mut inconclusive);

    let counts = Counts::of(&findings);
    let comparable = first.all || first.base.is_some();
    Ok(Report {
        verdict: verdict(counts, comparable && inconclusive.is_empty()),
        notices: all_notices(comparable, notices.0, &notices.1),
        sets,
        findings,
        waived,
        counts,
        baseline,
        inconclusive,
        shard: None,
        ..first
    })
}

/// Where a finding comes. Those of one place are told by one shard, which knew everything about
/// their order; only what is about the whole repository comes from several.
fn order(sets: &[SetReport], finding: &Finding) -> ((String, Standing), Option<FindingKey>) {
    let standing = Standing::of(sets, &finding.set, finding.migration.as_deref());
    let rest = finding.set.is_empty().then(|| FindingKey::new(sets, finding));
    (standing, rest)
}

/// The sets, each from the shard that answers for it, with each migration from the shard that
/// tried it.
fn sets(pieces: &[Piece]) -> Result<Vec<SetReport>, MergeError> {
    let Some(first) = pieces.first() else { return Ok(Vec::new()) };
    let mut sets = first.report.sets.clone();
    for (at, set) in sets.iter_mut().enumerate() {
        same_engine(pieces, at, &set.name)?;
        let home = only(pieces, &set.name, |shard| shard.sets.contains(&set.name))?;
        *set = home.report.sets[at].clone();
        for (place, migration) in set.migrations.iter_mut().enumerate() {
            let what = format!("{} in {}", migration.id, set.name);
            let piece = only(pieces, &what, |shard| shard.tries(&set.name, &migration.id))?;
            *migration = piece.report.sets[at].migrations[place].clone();
        }
    }
    Ok(sets)
}

/// Whether a set ran on one engine, wherever it ran.
fn same_engine(pieces: &[Piece], at: usize, set: &str) -> Result<(), MergeError> {
    let mut engines = pieces.iter().filter_map(|piece| piece.report.sets[at].ran_on.as_ref());
    let first = engines.next();
    match (first, engines.find(|other| first != Some(other))) {
        (Some(one), Some(other)) => {
            let shown = |text: &str| printable(text).into_owned();
            Err(MergeError::Engines { set: shown(set), one: shown(one), other: shown(other) })
        }
        _ => Ok(()),
    }
}

/// The one shard that answers for something.
fn only<'a>(
    pieces: &'a [Piece],
    what: &str,
    answers: impl Fn(&Shard) -> bool,
) -> Result<&'a Piece, MergeError> {
    let found: Vec<&Piece> = pieces.iter().filter(|piece| answers(&piece.shard)).collect();
    match found.as_slice() {
        [one] => Ok(one),
        _ => Err(MergeError::Answers { what: printable(what).into_owned(), shards: found.len() }),
    }
}

/// What is said about no set, and about each: shards come in the order of what they did.
fn notices(pieces: &[Piece]) -> (Vec<String>, Vec<SetNotices>) {
    let mut said: Vec<SetNotices> = Vec::new();
    for more in pieces.iter().flat_map(|piece| &piece.shard.said) {
        match said.iter_mut().find(|known| known.set == more.set) {
            None => said.push(more.clone()),
            Some(known) => {
                // What is said of the whole set is said by every shard.
                let new = more.accepted.iter().filter(|line| !known.accepted.contains(line));
                let new: Vec<String> = new.cloned().collect();
                known.accepted.extend(new);
                known.history.extend(more.history.iter().cloned());
                known.unfilled.extend(more.unfilled.iter().cloned());
            }
        }
    }
    let general = pieces.first().map(|piece| piece.shard.notices.clone());
    (general.unwrap_or_default(), said)
}

/// What is to be said about waivers: a finding in any shard is one that they excuse.
fn waivers(pieces: &[Piece]) -> Result<Vec<Finding>, MergeError> {
    let mut joined: Vec<WaiverUse> = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let uses = &piece.shard.waivers;
        if at == 0 {
            joined.clone_from(uses);
            continue;
        }
        let same = |(one, two): (&WaiverUse, &WaiverUse)| {
            let sets = |of: &WaiverUse| of.sets.iter().map(|s| s.set.clone()).collect::<Vec<_>>();
            one.unused == two.unused && sets(one) == sets(two)
        };
        if joined.len() != uses.len() || !joined.iter().zip(uses).all(same) {
            let shards = pieces.len();
            return Err(MergeError::Answers { what: "the waivers".into(), shards });
        }
        let pairs = joined.iter_mut().zip(uses).flat_map(|(a, b)| a.sets.iter_mut().zip(&b.sets));
        for (known, more) in pairs {
            known.found |= more.found;
            known.untold |= more.untold;
        }
    }
    Ok(joined.into_iter().filter_map(WaiverUse::told).collect())
}

#[cfg(test)]
mod tests {
    use super::{MergeError, Part, merge};
    use crate::model::{Report, ShardNumber};
    use crate::render::sample::{parts, sources};
    use crate::render::{sample, sample_shard};
    use crate::report::{Assembly, assemble};

    fn part(file: &str, report: Report) -> Part {
        Part { file: file.into(), report, sources: sources() }
    }

    /// The sample as two shards: the first tells everything but what is about one migration.
    fn shards() -> [Part; 2] {
        let mut second = sample_shard::shard();
        let all = sample::blocked();
        let tried = second.shard.clone().unwrap().tried;
        let is_second = |set: &str, id: Option<&str>| {
            tried.iter().any(|(of, tried)| of == set && Some(tried.as_str()) == id)
        };
        let mut first = parts();
        first.findings.retain(|one| !is_second(&one.set, one.migration.as_deref()));
        let mut shard = second.shard.clone().unwrap();
        shard.number = ShardNumber { index: 1, of: 2 };
        shard.waivers.clear();
        shard.sets = all.sets.iter().map(|set| set.name.clone()).collect();
        shard.tried.clear();
        for set in &all.sets {
            let mine = set.migrations.iter().filter(|one| !is_second(&set.name, Some(&one.id)));
            shard.tried.extend(mine.map(|one| (set.name.clone(), one.id.clone())));
        }
        let first = assemble(Assembly { shard: Some(shard), ..first });
        let told = second.shard.as_mut().unwrap();
        told.number = ShardNumber { index: 2, of: 2 };
        told.said.clear();
        told.sets.clear();
        told.waivers.clear();
        [part("one", first), part("two", second)]
    }

    #[test]
    fn shards_make_the_whole_in_any_order() {
        let [one, two] = shards();
        let (forward, _) = merge(vec![one.clone(), two.clone()]).unwrap();
        let (backward, _) = merge(vec![two, one]).unwrap();
        assert_eq!(forward, sample::blocked());
        assert_eq!(backward, forward);
    }

    #[test]
    fn a_set_runs_on_one_engine() {
        let mut parts = shards();
        let ran = |set: &&mut crate::model::SetReport| set.ran_on.is_some();
        parts[1].report.sets.iter_mut().find(ran).unwrap().ran_on = Some("another 1".into());
        let refused = merge(parts.to_vec()).unwrap_err();
        assert!(matches!(refused, MergeError::Engines { other, .. } if other == "another 1"));
    }

    #[test]
    fn what_nobody_or_two_answer_for_is_no_answer() {
        let answers = |change: &dyn Fn(&mut [Part; 2])| {
            let mut parts = shards();
            change(&mut parts);
            match merge(parts.to_vec()).unwrap_err() {
                MergeError::Answers { shards, .. } => shards,
                other => panic!("{other}"),
            }
        };
        let shard = |part: &mut Part| part.report.shard.take().unwrap();
        for (count, place) in [(0, 1), (2, 0)] {
            let found = answers(&|parts| {
                let tried = shards()[1].report.shard.clone().unwrap().tried;
                let mut told = shard(&mut parts[place]);
                if count == 0 {
                    told.tried.clear();
                } else {
                    told.tried.extend(tried);
                }
                parts[place].report.shard = Some(told);
            });
            assert_eq!(found, count);
        }
    }
}
