//! Walks the state machine: calls the phases in order and takes back what a failed one touched.

use super::{Event, IllegalTransition, State};

/// The work behind the states. `F` is what a failed phase has to say.
pub trait Phases {
    /// What went wrong.
    type Fault;

    /// Is told of every state before its phase begins, the last one included, so that it can be
    /// noted where it outlives the process.
    ///
    /// # Errors
    /// When it cannot be noted; the phase does not begin then.
    fn enter(&mut self, state: State) -> Result<(), Self::Fault> {
        let _ = state;
        Ok(())
    }
    /// Looks up what must be there; touches nothing.
    ///
    /// # Errors
    /// When something is missing.
    fn prepare(&mut self) -> Result<(), Self::Fault>;
    /// Describes the state before; touches nothing.
    ///
    /// # Errors
    /// When the state cannot be described or is not the expected one.
    fn validate_pre(&mut self) -> Result<(), Self::Fault>;
    /// Runs the script.
    ///
    /// # Errors
    /// When it does not run to its end.
    fn migrate(&mut self) -> Result<(), Self::Fault>;
    /// Compares what the script left with what was expected.
    ///
    /// # Errors
    /// When it differs in a way that must be taken back.
    fn validate_post(&mut self) -> Result<(), Self::Fault>;
    /// Makes the result final.
    ///
    /// # Errors
    /// When it cannot be made final.
    fn complete(&mut self) -> Result<(), Self::Fault>;
    /// Restores the state before and proves that it is the same.
    ///
    /// # Errors
    /// When it cannot be restored, or differs.
    fn roll_back(&mut self) -> Result<(), Self::Fault>;
}

/// How a walk ended.
#[derive(Debug, PartialEq, Eq)]
pub enum WalkEnd<F> {
    /// Idle again, the migration done.
    Done,
    /// Idle again, the migration undone; the fault is why.
    RolledBack(F),
    /// Failed before anything was touched.
    Refused(F),
    /// Failed, and the rollback failed as well.
    Stuck {
        /// Why it was rolled back.
        fault: F,
        /// Why the rollback failed.
        rollback: F,
    },
    /// The last state could not be noted; whoever starts next finds the one before it.
    Unnoted(F),
}

/// A walk: the states it went through and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Walk<F> {
    /// Every state in order, the first and the last included.
    pub trail: Vec<State>,
    /// How it ended.
    pub end: WalkEnd<F>,
}

/// Walks from idle to the end.
///
/// # Errors
/// Never in practice: an illegal transition would be a bug in this function.
pub fn drive<P: Phases>(phases: &mut P) -> Result<Walk<P::Fault>, IllegalTransition> {
    walk(phases, State::Idle, Event::Start, None)
}

/// Walks on from the state that a process left behind, which it did for that reason.
///
/// # Errors
/// Never in practice, like [`drive`].
pub fn resume<P: Phases>(
    phases: &mut P,
    found: State,
    reason: P::Fault,
) -> Result<Walk<P::Fault>, IllegalTransition> {
    walk(phases, found, Event::Restart, Some(reason))
}

fn walk<P: Phases>(
    phases: &mut P,
    start: State,
    event: Event,
    mut fault: Option<P::Fault>,
) -> Result<Walk<P::Fault>, IllegalTransition> {
    let mut state = start.next(event)?;
    let mut trail = vec![start, state];
    let mut rollback = None;
    let end = loop {
        let entered = phases.enter(state);
        let result = match (entered, state) {
            (Err(why), State::Idle | State::Failed) => break WalkEnd::Unnoted(why),
            (Err(why), _) => Err(why),
            (Ok(()), State::Preparing) => phases.prepare(),
            (Ok(()), State::ValidatingPre) => phases.validate_pre(),
            (Ok(()), State::Migrating) => phases.migrate(),
            (Ok(()), State::ValidatingPost) => phases.validate_post(),
            (Ok(()), State::Completing) => phases.complete(),
            (Ok(()), State::RollingBack) => phases.roll_back(),
            (Ok(()), State::Idle) => break fault.map_or(WalkEnd::Done, WalkEnd::RolledBack),
            (Ok(()), State::Failed) => match (fault, rollback) {
                (Some(fault), Some(rollback)) => break WalkEnd::Stuck { fault, rollback },
                (Some(fault), None) => break WalkEnd::Refused(fault),
                (None, _) => return Err(IllegalTransition { state, event: Event::Fail }),
            },
        };
        let event = if result.is_ok() { Event::Succeed } else { Event::Fail };
        if let Err(why) = result {
            if state == State::RollingBack {
                rollback = Some(why);
            } else {
                fault = Some(why);
            }
        }
        state = state.next(event)?;
        trail.push(state);
    };
    Ok(Walk { trail, end })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Phases that fail where they are told to, and say what was called.
    struct Script {
        fail: Vec<State>,
        calls: Vec<State>,
    }

    impl Script {
        fn call(&mut self, state: State) -> Result<(), State> {
            self.calls.push(state);
            if self.fail.contains(&state) { Err(state) } else { Ok(()) }
        }
    }

    impl Phases for Script {
        type Fault = State;
        fn prepare(&mut self) -> Result<(), State> {
            self.call(State::Preparing)
        }
        fn validate_pre(&mut self) -> Result<(), State> {
            self.call(State::ValidatingPre)
        }
        fn migrate(&mut self) -> Result<(), State> {
            self.call(State::Migrating)
        }
        fn validate_post(&mut self) -> Result<(), State> {
            self.call(State::ValidatingPost)
        }
        fn complete(&mut self) -> Result<(), State> {
            self.call(State::Completing)
        }
        fn roll_back(&mut self) -> Result<(), State> {
            self.call(State::RollingBack)
        }
    }

    fn walk(fail: &[State]) -> (Walk<State>, Vec<State>) {
        let mut script = Script { fail: fail.to_vec(), calls: Vec::new() };
        let walk = drive(&mut script).unwrap();
        (walk, script.calls)
    }

    #[test]
    fn what_a_restart_finds_half_done_is_rolled_back() {
        for found in
            [State::Migrating, State::ValidatingPost, State::Completing, State::RollingBack]
        {
            let mut script = Script { fail: vec![], calls: Vec::new() };
            let walk = resume(&mut script, found, State::Idle).unwrap();
            assert_eq!(walk.end, WalkEnd::RolledBack(State::Idle), "{found}");
            assert_eq!(script.calls, [State::RollingBack]);
            let mut script = Script { fail: vec![State::RollingBack], calls: Vec::new() };
            let walk = resume(&mut script, found, State::Idle).unwrap();
            let end = WalkEnd::Stuck { fault: State::Idle, rollback: State::RollingBack };
            assert_eq!(walk.end, end);
        }
        for found in [State::Preparing, State::ValidatingPre] {
            let mut script = Script { fail: vec![], calls: Vec::new() };
            let walk = resume(&mut script, found, State::Idle).unwrap();
            assert_eq!((walk.trail, script.calls), (vec![found, State::Idle], vec![]));
        }
    }

    #[test]
    fn all_goes_well() {
        let (walk, calls) = walk(&[]);
        assert_eq!(walk.end, WalkEnd::Done);
        assert_eq!(calls.len(), 5);
        assert_eq!(walk.trail.last(), Some(&State::Idle));
    }

    #[test]
    fn nothing_is_rolled_back_before_something_was_touched() {
        for state in [State::Preparing, State::ValidatingPre] {
            let (walk, calls) = walk(&[state]);
            assert_eq!(walk.end, WalkEnd::Refused(state));
            assert!(!calls.contains(&State::RollingBack));
        }
    }

    #[test]
    fn what_was_touched_is_rolled_back() {
        for state in [State::Migrating, State::ValidatingPost, State::Completing] {
            let (rolled, calls) = walk(&[state]);
            assert_eq!(rolled.end, WalkEnd::RolledBack(state));
            assert_eq!(calls.last(), Some(&State::RollingBack));
            let (stuck, _) = walk(&[state, State::RollingBack]);
            let end = WalkEnd::Stuck { fault: state, rollback: State::RollingBack };
            assert_eq!(stuck.end, end);
            assert_eq!(stuck.trail.last(), Some(&State::Failed));
        }
    }
}
