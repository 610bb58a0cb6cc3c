//! A person says what is true of a migration: the target was mended by hand.

use super::checkpoint::Checkpoint;
use super::described::told;
use super::journal::{Event, EventName, Fact};
use super::run::Runner;
use super::state::{Run, Stood};
use super::target::Direction;
use super::tracking::TrackedState;
use super::{Fault, FaultKind};
use crate::lifecycle::{Event as Happened, State};
use crate::model::{Migration, printable};
use crate::sql::statements;

/// What a person says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// The migration.
    pub migration: &'a str,
    /// Whether it is to count as applied, else as rolled back.
    pub applied: bool,
    /// Why that is true.
    pub reason: &'a str,
    /// Who says so.
    pub by: &'a str,
    /// Taken although the target differs from the checkpoint.
    pub accept_difference: bool,
}

impl Runner<'_> {
    /// Writes a person's word into the tracking and the state, after it was held against the
    /// target; changes nothing else. Answers with what was noted beside it.
    ///
    /// # Errors
    /// When there is nothing to resolve, another migration is the one that failed, or the target
    /// speaks against it.
    pub fn resolve(
        &mut self,
        word: &Word<'_>,
        doubt: Option<&Fault>,
    ) -> Result<Vec<String>, Fault> {
        let entry = self.entries.iter().find(|entry| entry.migration.id == word.migration);
        let entry = entry.ok_or_else(|| {
            let id = printable(word.migration);
            Fault::new(
                FaultKind::Usage,
                format!("the set has no migration {id}"),
                "`migration-gate status` lists them",
            )
        })?;
        let (state, run) = self.unfinished(word, doubt)?;
        let mut notes = Vec::new();
        if word.applied {
            self.refuse_untouched(word, run.as_ref(), &entry.migration)?;
        }
        let tracked = self.target.history()?;
        let tracked = tracked.iter().find(|one| one.id.as_deref() == Some(word.migration));
        let tracked = tracked.map(|one| one.state);
        if word.applied {
            let is_new = tracked != Some(TrackedState::Applied);
            if is_new {
                self.target.prepare()?;
                self.target.mark(entry, true)?;
            }
            if let Err(fault) = self.target.validate(entry) {
                // A word that does not hold leaves no record.
                if is_new {
                    self.target.mark(entry, false)?;
                }
                return Err(fault);
            }
        } else {
            notes.extend(self.differences(word, run.as_ref())?);
            if tracked.is_some() {
                self.target.mark(entry, false)?;
            }
        }
        // Taken over by a person, so that the rollback that a restart would begin is not.
        let mut state = state;
        while state != State::Idle {
            state = taken_over(state)?;
        }
        let run = run.unwrap_or_else(|| self.new_run(entry, Direction::Up));
        let left = self.look()?.left();
        let event = Event::of(EventName::Resolved, word.migration)
            .with("migration.resolved.as", if word.applied { "applied" } else { "rolled_back" })
            .with("migration.resolved.reason", Fact::said(word.reason))
            .with("migration.resolved.by", Fact::said(word.by))
            .with("migration.resolved.differences", notes.len());
        self.tell(&run, event)?;
        if doubt.is_some() {
            self.file.set_aside()?;
        }
        // Half made and owned by no run, it would stop the next start.
        if let Some(name) = &run.rollback_checkpoint_path
            && !self.checkpoints.is_sealed(name)?
        {
            self.checkpoints.remove(name)?;
        }
        self.standing.left = Some(left);
        self.stand(State::Idle, &run)?;
        Ok(notes)
    }

    /// Where the state cannot be trusted, only the last migration can be the one that did not end:
    /// the last that the target knows, or the next one.
    fn last(&mut self, word: &Word<'_>) -> Result<(), Fault> {
        let history = self.target.history()?;
        let is_known = |id: &String| history.iter().any(|one| one.id.as_ref() == Some(id));
        let mut ids = self.entries.iter().map(|entry| &entry.migration.id);
        let next = ids.find(|id| !is_known(id));
        let last = history.iter().rev().find_map(|one| one.id.as_ref());
        if word.accept_difference
            || [next, last].into_iter().flatten().any(|id| id == word.migration)
        {
            return Ok(());
        }
        let named: Vec<String> =
            [last, next].into_iter().flatten().map(|id| printable(id).into_owned()).collect();
        Err(Fault::new(
            FaultKind::Usage,
            format!("{} is not where this target stands", printable(word.migration)),
            format!("it is about one of these: {}", named.join(", ")),
        ))
    }

    /// The state and the run that the word is about.
    fn unfinished(
        &mut self,
        word: &Word<'_>,
        doubt: Option<&Fault>,
    ) -> Result<(State, Option<Run>), Fault> {
        let id = printable(word.migration).into_owned();
        match (self.standing.state.clone(), doubt) {
            (_, Some(_)) => self.last(word).map(|()| (State::Idle, None)),
            (Stood::In(state, run), None) if run.migration == word.migration => {
                Ok((state, Some(run)))
            }
            (Stood::In(_, run), None) => {
                let other = printable(&run.migration).into_owned();
                Err(Fault::new(
                    FaultKind::Usage,
                    format!("it is {other} that did not end, not {id}"),
                    format!("resolve {other} first"),
                ))
            }
            // The tool's own table may hold what its own run left half done.
            (Stood::Idle, None) => {
                let history = self.target.history()?;
                let is_open = history.iter().any(|one| {
                    one.id.as_deref() == Some(word.migration)
                        && one.state == TrackedState::Unfinished
                });
                match is_open {
                    true => Ok((State::Idle, None)),
                    false => Err(Fault::new(
                        FaultKind::Usage,
                        format!("there is nothing to resolve about {id}: no run of it failed"),
                        "`migration-gate status` shows where the target stands",
                    )),
                }
            }
        }
    }

    /// Refuses a word that all is done where the target is just what it was before it, and the
    /// migration changes what a target looks like.
    fn refuse_untouched(
        &mut self,
        word: &Word<'_>,
        run: Option<&Run>,
        migration: &Migration,
    ) -> Result<(), Fault> {
        let Some(script) = migration.up.script().filter(|_| !word.accept_difference) else {
            return Ok(());
        };
        let checkpoint = match run.map(|run| self.checkpoint_of(run)).transpose()?.flatten() {
            Some(one) if one.direction == Direction::Up.name() => one,
            _ => return Ok(()),
        };
        let is_untouched = checkpoint.snapshot.diff(&self.target.snapshot()?).is_empty();
        let defines = statements(script)
            .iter()
            .any(|one| ["CREATE", "ALTER", "DROP"].iter().any(|word| one.starts_with(&[word])));
        if !is_untouched || !defines {
            return Ok(());
        }
        Err(Fault::new(
            FaultKind::Conflict,
            format!(
                "nothing of {} is there: the target is what it was before it",
                printable(word.migration)
            ),
            "do what it does by hand first, or say `--as rolled-back` and apply it again; \
             --accept-difference takes your word as it is",
        ))
    }

    /// The newest checkpoint from before the up of a migration.
    fn newest_before(&self, id: &str) -> Result<Option<Checkpoint>, Fault> {
        for name in self.checkpoints.names_for([id]).rev() {
            if self.checkpoints.is_sealed(name)? {
                let checkpoint = self.checkpoints.read(name)?;
                if checkpoint.migration == id && checkpoint.direction == Direction::Up.name() {
                    return Ok(Some(checkpoint));
                }
            }
        }
        Ok(None)
    }

    /// How the target differs from the checkpoint that it is said to be back at.
    fn differences(&mut self, word: &Word<'_>, run: Option<&Run>) -> Result<Vec<String>, Fault> {
        let known = match run {
            Some(run) => self.checkpoint_of(run),
            // Where the run is not known, the newest from before the migration has to do.
            None => self.newest_before(word.migration),
        };
        let checkpoint = match known {
            Err(fault) if word.accept_difference => return Ok(vec![fault.what]),
            known => known?,
        };
        // What a down began with is that the migration has run.
        let before_up = |one: &Checkpoint| one.direction == Direction::Up.name();
        let Some(checkpoint) = checkpoint.filter(before_up) else {
            return Ok(vec!["there is no checkpoint to compare the target with".to_owned()]);
        };
        let mut diff = checkpoint.snapshot.diff(&self.target.snapshot()?);
        if let Some(scope) = self.target.scope(&self.checkpoints.backup(&checkpoint.name))? {
            diff.differences.retain(|one| scope.contains(&one.object.name));
        }
        let differences = told(&diff);
        if differences.is_empty() || word.accept_difference {
            return Ok(differences);
        }
        Err(Fault::new(
            FaultKind::Conflict,
            format!(
                "the target is not what it was before {}:\n    {}",
                printable(word.migration),
                differences.join("\n    ")
            ),
            "mend that as well, or take it as it is with --accept-difference",
        ))
    }
}

/// The next state on the way from a state that is left to a person.
fn taken_over(state: State) -> Result<State, Fault> {
    let event = match state {
        State::Failed => Happened::Resolve,
        State::RollingBack => Happened::Fail,
        _ => Happened::Restart,
    };
    let bug = |error: crate::lifecycle::IllegalTransition| {
        Fault::new(FaultKind::Environment, error.to_string(), "please report this bug")
    };
    state.next(event).map_err(bug)
}
