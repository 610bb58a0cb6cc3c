//! The runner's walks against the state machine: whatever happens in whatever order, the state file
//! goes only the ways that the machine knows, and idle means whole.

use proptest::prelude::*;

use super::fake::*;
use super::*;
use crate::lifecycle::Event;
use crate::runner::disk::simulated::Trouble;

/// Something that happens to a target.
#[derive(Clone, Debug)]
enum Happens {
    /// An apply of the next migration, with this call failing, and the restore too where it says so.
    Apply { fails: Option<Failing>, stuck: bool },
    /// A rollback of the last one.
    Back { down: bool },
    /// A start, perhaps with a retry.
    Start { retry: bool },
    /// A person mends the target and says so.
    Resolve { applied: bool },
}

fn happens() -> impl Strategy<Value = Happens> {
    let fails = prop_oneof![
        3 => Just(None),
        1 => Just(Some(("back_up", 0))),
        2 => Just(Some(("migrate", 0))),
        1 => Just(Some(("validate", 0))),
        1 => Just(Some(("snapshot", 1))),
    ];
    prop_oneof![
        4 => (fails, any::<bool>()).prop_map(|(fails, stuck)| Happens::Apply { fails, stuck }),
        2 => any::<bool>().prop_map(|down| Happens::Back { down }),
        2 => any::<bool>().prop_map(|retry| Happens::Start { retry }),
        1 => any::<bool>().prop_map(|applied| Happens::Resolve { applied }),
    ]
}

impl Happens {
    /// Does it; what comes of it is seen on the disk.
    fn to(&self, disk: &Simulated) {
        let mut held = Held::on(disk);
        let next = IDS.iter().find(|id| !held.applied.iter().any(|ran| ran == *id));
        match self {
            Self::Apply { fails, stuck } => {
                let stuck = stuck.then_some(("restore", ALWAYS));
                let fails: Vec<Failing> = fails.iter().copied().chain(stuck).collect();
                let next: Vec<&str> = next.into_iter().copied().collect();
                let _ = Process::failing(disk, &fails).apply(&next);
            }
            Self::Back { down } => {
                let _ = Process::on(disk).roll_back(if *down { Way::Downs } else { BACK });
            }
            Self::Start { retry } => {
                let _ = Process { retry: *retry, ..Process::on(disk) }.start();
            }
            Self::Resolve { applied } => {
                let Stood::In(_, run) = standing(disk).state else { return };
                held.applied.retain(|id| *id != run.migration);
                held.applied.extend(applied.then(|| run.migration.clone()));
                let ran: Vec<&str> = held.applied.iter().map(String::as_str).collect();
                Held::after(&ran).put(disk);
                let word = Word { accept_difference: true, ..word(&run.migration, *applied) };
                Process::on(disk).resolve(&word).0.unwrap();
            }
        }
    }

    /// Whether the machine leads from one state to the other.
    fn may_lead(&self, from: &Stood, to: State) -> bool {
        let (from, owed) = match from {
            Stood::Idle => (State::Idle, false),
            Stood::In(state, run) => (*state, run.touched),
        };
        let by = |events: &[Event]| {
            events.iter().try_fold(from, |state, event| state.next(*event)) == Ok(to)
        };
        let leads = match self {
            // Taken over by a person, in one write.
            Self::Resolve { .. } => to == State::Idle || from == to,
            // What a failed run touched is brought back without being idle in between.
            _ => owed && (by(&[Event::Retry, Event::Start]) || by(&[Event::Restart, Event::Start])),
        };
        leads || Event::ALL.iter().any(|event| *event != Event::Resolve && by(&[*event]))
    }
}

/// Lets it happen, holds every state that was written against the machine, and answers with where
/// the process ended: `ends` of a thousand parts of its calls.
fn happened(disk: &Simulated, what: &Happens, ends: usize) -> Result<Simulated, TestCaseError> {
    let watched = disk.watched(Trouble::default());
    what.to(&watched);
    let moments = watched.moments();
    let last = (moments.len() - 1).min(moments.len() * ends / 1000);
    for pair in moments[..=last].windows(2) {
        let (from, to) = (standing(&pair[0]).state, state(&pair[1]));
        let same = state(&pair[0]) == to;
        prop_assert!(same || what.may_lead(&from, to), "{what:?}: {from:?} to {to}");
        let held = Held::on(&pair[1]);
        let ran: Vec<&str> = held.applied.iter().map(String::as_str).collect();
        let is_whole = held == Held::after(&ran);
        let untouched = matches!(&standing(&pair[1]).state, Stood::Idle)
            || matches!(&standing(&pair[1]).state, Stood::In(_, run) if !run.touched);
        prop_assert!(is_whole || !untouched, "{what:?}: {to}, and half changed: {held:?}");
    }
    Ok(moments[last].again(Trouble::default()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_state_file_goes_only_legal_ways(
        story in proptest::collection::vec((happens(), 0_usize..2000), 1..9)
    ) {
        let mut disk = fresh();
        for (what, ends) in &story {
            disk = happened(&disk, what, *ends)?;
        }
        // However it went, a person with a retry brings it to an end.
        Process::retrying(&disk).start().unwrap();
        prop_assert_eq!(state(&disk), State::Idle);
        prop_assert!(verified(&disk).problems.is_empty(), "{:?}", verified(&disk));
    }
}
