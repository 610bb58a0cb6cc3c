//! The 8-state machine that every migration walks, in a sandbox and on a real target alike.
//!
//! ```text
//! idle → preparing → validating_pre → migrating → validating_post → completing → idle
//!            └────────────┴─► failed      └───────────┴──────────────┴─► rolling_back → idle | failed
//! failed → idle only by an explicit retry or resolve
//! ```

mod drive;
mod table;

use std::fmt;

pub use drive::{Phases, Walk, WalkEnd, drive, resume};
pub use table::markdown;

/// Where a migration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nothing is under way.
    Idle,
    /// Dependencies are looked up; nothing has been touched.
    Preparing,
    /// The state before is described; nothing has been touched.
    ValidatingPre,
    /// The script runs.
    Migrating,
    /// What it left is compared with what was expected.
    ValidatingPost,
    /// The result is made final.
    Completing,
    /// The checkpoint is being restored and compared.
    RollingBack,
    /// A person must decide.
    Failed,
}

/// What happens to a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// A walk begins.
    Start,
    /// The phase did its work.
    Succeed,
    /// The phase did not.
    Fail,
    /// The process starts again and finds this state.
    Restart,
    /// A person asks for another try.
    Retry,
    /// A person says that the target was mended by hand.
    Resolve,
}

/// An event that a state does not know; always a bug of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{event:?} is no event of the state {state}")]
pub struct IllegalTransition {
    /// The state.
    pub state: State,
    /// The event.
    pub event: Event,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 6] =
        [Self::Start, Self::Succeed, Self::Fail, Self::Restart, Self::Retry, Self::Resolve];

    /// The word in the table of docs/runner.md.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Succeed => "succeed",
            Self::Fail => "fail",
            Self::Restart => "restart",
            Self::Retry => "retry",
            Self::Resolve => "resolve",
        }
    }
}

impl State {
    /// Every state, in the order of a walk.
    pub const ALL: [Self; 8] = [
        Self::Idle,
        Self::Preparing,
        Self::ValidatingPre,
        Self::Migrating,
        Self::ValidatingPost,
        Self::Completing,
        Self::RollingBack,
        Self::Failed,
    ];

    /// The state of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// The word in state files and journals.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Preparing => "preparing",
            Self::ValidatingPre => "validating_pre",
            Self::Migrating => "migrating",
            Self::ValidatingPost => "validating_post",
            Self::Completing => "completing",
            Self::RollingBack => "rolling_back",
            Self::Failed => "failed",
        }
    }

    /// The state after `event`.
    ///
    /// # Errors
    /// When this state does not know the event.
    pub fn next(self, event: Event) -> Result<Self, IllegalTransition> {
        use Event::{Fail, Resolve, Restart, Retry, Start, Succeed};
        use State::{
            Completing, Failed, Idle, Migrating, Preparing, RollingBack, ValidatingPost,
            ValidatingPre,
        };
        Ok(match (self, event) {
            (Idle, Start) => Preparing,
            (Preparing, Succeed) => ValidatingPre,
            (ValidatingPre, Succeed) => Migrating,
            (Migrating, Succeed) => ValidatingPost,
            (ValidatingPost, Succeed) => Completing,
            (Completing, Succeed) => Idle,
            // Nothing was touched yet, so there is nothing to roll back.
            (Preparing | ValidatingPre, Fail) => Failed,
            (Migrating | ValidatingPost | Completing, Fail | Restart) => RollingBack,
            (RollingBack, Succeed) => Idle,
            (RollingBack, Fail) => Failed,
            // A rollback that was cut short begins again.
            (RollingBack, Restart) => RollingBack,
            (Idle | Preparing | ValidatingPre, Restart) => Idle,
            (Failed, Restart) => Failed,
            (Failed, Retry | Resolve) => Idle,
            (state, event) => return Err(IllegalTransition { state, event }),
        })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_is_left_only_by_a_person() {
        for event in Event::ALL {
            let next = State::Failed.next(event);
            match event {
                Event::Retry | Event::Resolve => assert_eq!(next, Ok(State::Idle)),
                Event::Restart => assert_eq!(next, Ok(State::Failed)),
                _ => assert!(next.is_err(), "{event:?}"),
            }
        }
    }

    #[test]
    fn after_the_target_was_touched_every_failure_and_restart_rolls_back_first() {
        for state in [State::Migrating, State::ValidatingPost, State::Completing] {
            for event in [Event::Fail, Event::Restart] {
                assert_eq!(state.next(event), Ok(State::RollingBack), "{state} {event:?}");
            }
        }
    }

    #[test]
    fn before_the_target_was_touched_nothing_is_rolled_back() {
        for state in [State::Preparing, State::ValidatingPre] {
            assert_eq!(state.next(Event::Fail), Ok(State::Failed));
            assert_eq!(state.next(Event::Restart), Ok(State::Idle));
        }
    }

    /// Over all words of events up to a length: no way through leaves out a rollback that is owed, and
    /// nothing leads out of failed but a person.
    #[test]
    fn no_way_through_the_machine_is_idle_with_a_target_half_changed() {
        // Whether the target may be half changed, by what each transition means.
        let owes = |owed: bool, from: State, event: Event, to: State| match (from, event, to) {
            (_, _, State::Migrating) => true,
            (State::Completing | State::RollingBack, Event::Succeed, State::Idle) => false,
            // A person took it over.
            (State::Failed, Event::Retry | Event::Resolve, State::Idle) => false,
            _ => owed,
        };
        let mut open = vec![(State::Idle, false)];
        let mut seen = open.clone();
        while let Some((state, owed)) = open.pop() {
            assert!(!owed || !matches!(state, State::Idle | State::Preparing), "{state}");
            for event in Event::ALL {
                let Ok(next) = state.next(event) else { continue };
                if state == State::Failed {
                    assert!(matches!(event, Event::Retry | Event::Resolve | Event::Restart));
                }
                let found = (next, owes(owed, state, event, next));
                if !seen.contains(&found) {
                    seen.push(found);
                    open.push(found);
                }
            }
        }
        assert_eq!(
            seen.iter().map(|(state, _)| state).collect::<std::collections::BTreeSet<_>>().len(),
            8
        );
    }

    #[test]
    fn the_whole_table_is_as_designed() {
        let mut table = String::new();
        for state in State::ALL {
            for event in Event::ALL {
                if let Ok(next) = state.next(event) {
                    table.push_str(&format!("{state} --{event:?}--> {next}\n"));
                }
            }
        }
        insta::assert_snapshot!(table);
    }
}
