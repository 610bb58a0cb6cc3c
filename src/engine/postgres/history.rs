//! What ran in a sandbox, so that an earlier state can be made again: from the newest state put
//! aside before it, and the scripts that ran since.

use std::time::Duration;

use crate::model::Script;

/// A state that had to be made again is put aside when making it took longer: whoever goes back once
/// often does so again. Before that nobody knows, and most states are never gone back to.
const WORTH_KEEPING: Duration = Duration::from_millis(150);
/// How many states are kept aside; each takes tens of megabytes, perhaps of memory.
const KEPT: usize = 4;

/// One step from one state to the next.
#[derive(Clone, Debug)]
enum Step {
    /// A script that ran to its end, and how long it took.
    Ran(Script, Duration),
    /// A script that ended half-way: where it stopped cannot be made again.
    Unrepeatable,
}

/// A state that the server keeps aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Saved {
    position: usize,
    number: usize,
}

/// The steps since the sandbox was empty.
#[derive(Debug, Default)]
pub(super) struct History {
    steps: Vec<Step>,
    saved: Vec<Saved>,
    next: usize,
}

/// How to make a state again.
#[derive(Debug)]
pub(super) struct Route {
    /// The state to begin with; `None` is the empty sandbox.
    pub(super) from: Option<usize>,
    /// The scripts to run on it.
    pub(super) scripts: Vec<Script>,
    /// Whether they take so long that the state should then be put aside.
    pub(super) is_long: bool,
    /// States that are of no more use.
    pub(super) useless: Vec<usize>,
}

impl History {
    /// Records a script that ran.
    pub(super) fn ran(&mut self, script: &Script, took: Duration) {
        self.steps.push(Step::Ran(script.clone(), took));
    }

    /// Records that a script ended half-way.
    pub(super) fn broke(&mut self) {
        self.steps.push(Step::Unrepeatable);
    }

    /// The current state's place.
    pub(super) fn position(&self) -> usize {
        self.steps.len()
    }

    /// Whether the current state must be put aside now, since it cannot be made again.
    pub(super) fn wants_saving(&self) -> bool {
        let since = self.saved.last().map_or(0, |saved| saved.position);
        self.steps[since..].iter().any(|step| matches!(step, Step::Unrepeatable))
    }

    /// The number to put the current state aside under.
    pub(super) fn next_number(&mut self) -> usize {
        self.next += 1;
        self.next
    }

    /// Records that the current state was put aside; gives the numbers to discard.
    pub(super) fn saved(&mut self, number: usize) -> Vec<usize> {
        self.saved.push(Saved { position: self.steps.len(), number });
        let mut discarded = Vec::new();
        while self.saved.len() > KEPT {
            // A state after a half-done script cannot be made again: it stays.
            let needed = |saved: &Saved| {
                matches!(
                    saved.position.checked_sub(1).and_then(|last| self.steps.get(last)),
                    Some(Step::Unrepeatable)
                )
            };
            let Some(oldest) = self.saved.iter().position(|saved| !needed(saved)) else { break };
            discarded.push(self.saved.remove(oldest).number);
        }
        discarded
    }

    /// Goes back to a position and says how; `None` where the way is not known.
    pub(super) fn back_to(&mut self, position: usize) -> Option<Route> {
        if position > self.steps.len() {
            return None;
        }
        self.steps.truncate(position);
        let useless = self.saved.iter().filter(|saved| saved.position > position);
        let useless = useless.map(|saved| saved.number).collect();
        self.saved.retain(|saved| saved.position <= position);
        let from = self.saved.last().copied();
        let mut scripts = Vec::new();
        let mut cost = Duration::ZERO;
        for step in &self.steps[from.map_or(0, |saved| saved.position)..] {
            let Step::Ran(script, took) = step else { return None };
            scripts.push(script.clone());
            cost += *took;
        }
        let is_long = cost > WORTH_KEEPING;
        Some(Route { from: from.map(|saved| saved.number), scripts, is_long, useless })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RepoPath, TransactionMode};

    fn script(name: &str) -> Script {
        Script::whole(RepoPath::new(name).unwrap(), "SELECT 1".into(), TransactionMode::Wrapped)
    }

    fn run(history: &mut History, count: usize, each: Duration) {
        for index in 0..count {
            history.ran(&script(&format!("{index}.sql")), each);
        }
    }

    #[test]
    fn a_state_is_worth_keeping_when_making_it_again_takes_long() {
        let mut history = History::default();
        run(&mut history, 10, Duration::from_millis(5));
        assert!(!history.back_to(10).unwrap().is_long);
        run(&mut history, 1, Duration::from_secs(1));
        assert!(!history.wants_saving(), "nobody went back to it yet");
        assert!(history.back_to(11).unwrap().is_long);
        let number = history.next_number();
        history.saved(number);
        run(&mut history, 1, Duration::ZERO);
        let route = history.back_to(12).unwrap();
        assert_eq!((route.from, route.scripts.len(), route.is_long), (Some(number), 1, false));
    }

    #[test]
    fn the_way_back_begins_at_the_newest_state_before() {
        let mut history = History::default();
        run(&mut history, 3, Duration::ZERO);
        history.saved(1);
        run(&mut history, 3, Duration::ZERO);
        history.saved(2);
        let route = history.back_to(5).unwrap();
        assert_eq!((route.from, route.scripts.len(), route.useless), (Some(1), 2, vec![2]));
        let route = history.back_to(2).unwrap();
        assert_eq!((route.from, route.scripts.len(), route.useless), (None, 2, vec![1]));
        assert!(history.back_to(9).is_none());
    }

    #[test]
    fn a_half_done_script_must_be_kept_and_cannot_be_replayed() {
        let mut history = History::default();
        run(&mut history, 1, Duration::ZERO);
        history.broke();
        assert!(history.wants_saving());
        history.saved(1);
        for number in 2..9 {
            run(&mut history, 1, Duration::ZERO);
            history.saved(number);
        }
        assert_eq!(history.back_to(2).unwrap().from, Some(1));
        let mut history = History::default();
        history.broke();
        assert!(history.back_to(1).is_none());
    }
}
