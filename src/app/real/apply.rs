//! `plan` and `apply`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::doctrine;
use super::open::Opened;
use super::status::{stale, unready};
use super::{looking_at, tell, with_runner};
use crate::app::output::print;
use crate::app::plan::plan_text;
use crate::app::sandbox;
use crate::catalog::Entry;
use crate::cli::{self, ClassName, ListFormat, OnTarget};
use crate::dryrun::Planned;
use crate::engine::documents::Documents;
use crate::engine::{SandboxSpec, TargetError};
use crate::error::GateError;
use crate::host;
use crate::model::{Class, EngineKind, Position, Rollback, SetEvidence, printable, sha256};
use crate::runner::plan::{
    Check, CheckName, Choice, ConflictKind, FileBefore, Outcome, Plan, PlanInput, Queued,
    Rehearsal, Step as PlanStep, StepFacts, Tried, Wanted, is_new, make, passed_over,
    policy_faults, select,
};
use crate::runner::{Fault, FaultKind, Permit, Runner};

/// `plan`: what would run, and whether it can. Exit code 1 where it cannot.
pub(super) fn plan(args: &cli::Plan) -> Result<u8, GateError> {
    let asked = Asked {
        on: &args.on,
        wanted: &args.wanted,
        rehearse: !args.no_rehearsal,
        agreed: None,
        approved_by: &[],
    };
    looking_at(&args.on, |opened, runner, doubt| {
        let unready = unready(opened, runner, doubt)?;
        let plan = asked.plan(opened, runner, unready.as_ref())?;
        let text = plan.json();
        if let Some(file) = &args.out {
            std::fs::write(file, &text).map_err(|error| Fault::file(file, &error))?;
        }
        let printed = match args.format {
            ListFormat::Plain => plan_text(&plan),
            ListFormat::Json => text,
        };
        out(&printed)?;
        Ok(u8::from(!plan.faults().is_empty()))
    })
}

/// `apply`: the same plan, and then its steps.
pub(super) fn apply(args: &cli::Apply) -> Result<u8, GateError> {
    let agreed = args.plan.as_deref().map(read_plan).transpose()?;
    let asked = Asked {
        on: &args.on,
        wanted: &args.wanted,
        rehearse: !args.no_rehearsal,
        agreed: agreed.as_ref(),
        approved_by: &args.approved_by,
    };
    with_runner(&args.on, |opened, runner, doubt| {
        tell(&runner.start(doubt, args.retry)?);
        if runner.has_finished_rollback() {
            // Who asked for that did not ask for what is taken back to run again.
            out("the rollback that was under way is done; apply again to go forward\n")?;
            return Ok(0);
        }
        let plan = asked.plan(opened, runner, None)?;
        let mut faults = plan.faults();
        if faults.is_empty() {
            // Nothing is begun that may not run anyway.
            faults.extend(asked.forbidden(opened, &plan.steps));
        }
        if let Some(first) = together(&faults) {
            return Err(first);
        }
        if asked.choices()?.iter().any(|choice| choice.kind == ConflictKind::Schema) {
            runner.accept_target()?;
        }
        let ids: Vec<String> = plan.steps.iter().map(|step| step.migration.clone()).collect();
        if ids.is_empty() {
            out("nothing to apply\n")?;
            return Ok(0);
        }
        runner.approved_by(&args.approved_by);
        let allowed = |entry: &Entry| asked.allowed(opened, &plan, entry);
        let permit: &Permit<'_> = &allowed;
        let (done, fault) = match runner.apply(&ids, permit) {
            Ok(done) => (done, None),
            Err((done, fault)) => (done, Some(*fault)),
        };
        let shown: String =
            ids.iter().take(done).map(|id| format!("applied {}\n", printable(id))).collect();
        out(&shown)?;
        fault.map_or(Ok(0), Err)
    })
}

fn out(text: &str) -> Result<(), Fault> {
    print(text).map_err(|error| {
        Fault::new(FaultKind::Environment, error.to_string(), "see what standard output leads to")
    })
}

/// Several faults as one: the kind of the first, and what each says.
fn together(faults: &[Fault]) -> Option<Fault> {
    let (first, others) = faults.split_first()?;
    let mut fault = first.clone();
    for other in others {
        fault.way_out = format!("{}\n{other}", fault.way_out);
    }
    Some(fault)
}

/// A plan as `plan --out` wrote it.
fn read_plan(file: &Path) -> Result<Plan, GateError> {
    let refused = |why: String| {
        let file = file.display().to_string();
        GateError::Usage(format!(
            "the plan {}: {why}\n  help: write it anew with `migration-gate plan --out FILE`",
            printable(&file)
        ))
    };
    let text = std::fs::read_to_string(file).map_err(|error| refused(error.to_string()))?;
    Plan::read(&text).map_err(|fault| refused(fault.what))
}

/// The room where the folder is, or will be made.
fn free_bytes(state: &Path) -> Option<u64> {
    let there = state.ancestors().find(|folder| folder.is_dir())?;
    fs4::available_space(there).ok()
}

/// What was asked for.
struct Asked<'a> {
    on: &'a OnTarget,
    wanted: &'a cli::Wanted,
    rehearse: bool,
    agreed: Option<&'a Plan>,
    approved_by: &'a [String],
}

impl Asked<'_> {
    fn choices(&self) -> Result<Vec<Choice>, Fault> {
        self.wanted.on_conflict.iter().map(|text| Choice::parse(text)).collect()
    }

    /// Makes the plan. `unready` is what keeps a run from beginning at all.
    fn plan(
        &self,
        opened: &Opened,
        runner: &mut Runner<'_>,
        unready: Option<&Fault>,
    ) -> Result<Plan, Fault> {
        let choices = self.choices()?;
        let catalog = opened.catalog();
        let seen = runner.sight()?;
        let classes: Vec<Class> = self.wanted.class.iter().map(|class| class_of(*class)).collect();
        let steps: Option<Vec<String>> =
            self.agreed.map(|plan| plan.steps.iter().map(|step| step.migration.clone()).collect());
        let wanted =
            Wanted { classes: &classes, to: self.wanted.to.as_deref(), only: steps.as_deref() };
        let queue = select(catalog, &seen.history, &wanted)
            .map_err(|faults| together(&faults).unwrap_or_else(unreached))?;
        if let Some(fault) = passed_over(catalog, &seen.history, &queue) {
            return Err(fault);
        }
        let facts = facts(opened, runner, &queue)?;
        let evidence = self.rehearsed(opened, &seen.applied(), &queue);
        let rehearsal = match &evidence {
            Ok(evidence) => Rehearsal::Seen(evidence),
            Err(reason) => Rehearsal::NotDone(reason),
        };
        let mut plan = make(&PlanInput {
            catalog,
            queue: &queue,
            history: &seen.history,
            target: &opened.name,
            place: &seen.place,
            production: opened.production,
            snapshot: &seen.snapshot,
            rows: &seen.rows,
            facts: &facts,
            free_bytes: free_bytes(&opened.state),
            left: runner.standing().left.as_ref(),
            rolled_back: &runner.taken_back(&seen.applied())?,
            rehearsal,
            agreed: self.agreed,
            stale: &stale(opened, &seen.applied())?,
            choices: &choices,
        });
        let is_new = is_new(catalog.info.engine, &seen.history, &seen.rows);
        let rules = doctrine::faults(opened, &plan.steps, is_new, evidence.as_ref().ok())?;
        let now = self.forbidden(opened, &plan.steps);
        plan.checks.extend(elsewhere(unready, &rules, &now));
        Ok(plan)
    }

    /// What the steps are seen to do on a throwaway engine, after all that has run; why nothing
    /// was seen.
    fn rehearsed(
        &self,
        opened: &Opened,
        applied: &BTreeSet<String>,
        queue: &[Queued<'_>],
    ) -> Result<SetEvidence, String> {
        let catalog = opened.catalog();
        if !self.rehearse || queue.is_empty() || catalog.info.engine == EngineKind::Documents {
            return Err("nothing was tried on a throwaway engine".into());
        }
        let has_run = catalog.entries.iter().filter(|entry| applied.contains(&entry.migration.id));
        let history = has_run.map(|entry| (entry, Position::Baseline));
        let steps = queue.iter().map(|one| (one.entry, Position::Judged));
        let plan: Vec<Planned<'_>> = history
            .chain(steps)
            .map(|(entry, position)| Planned {
                migration: &entry.migration,
                position,
                tried: true,
                depends_on: entry.depends_on(),
            })
            .collect();
        let spec = SandboxSpec {
            statement_timeout: self.on.statement_timeout,
            sqlite_foreign_keys: catalog.info.habits.sqlite_foreign_keys,
            engine_version: catalog.info.engine_version.clone(),
            postgres_bin: self.on.postgres_bin.clone(),
            postgres_url: None,
            unconfined: false,
        };
        let mut evidence = SetEvidence::default();
        let ran = sandbox::rehearse(catalog, None, &spec, &plan, Rollback::Script, &mut evidence);
        ran.map(|()| evidence).map_err(|error| error.to_string())
    }

    /// What must hold right before a step: the policy at that minute, and the file as planned.
    fn allowed(&self, opened: &Opened, plan: &Plan, entry: &Entry) -> Result<(), Fault> {
        let id = &entry.migration.id;
        let step = plan.steps.iter().find(|step| step.migration == *id);
        let Some(step) = step else { return Ok(()) };
        let faults = self.forbidden(opened, std::slice::from_ref(step));
        faults.into_iter().next().map_or(Ok(()), Err)
    }

    /// What the policy does not let run at this minute.
    fn forbidden(&self, opened: &Opened, steps: &[PlanStep]) -> Vec<Fault> {
        let rollout = &opened.gathered.policy.rollout;
        policy_faults(steps, rollout, host::wall_clock(), self.approved_by)
    }
}

/// What was found besides the plan itself: what keeps a run from beginning, what the rules say, and
/// what the policy does not let run now.
fn elsewhere(unready: Option<&Fault>, rules: &[Fault], now: &[Fault]) -> Vec<Check> {
    // Another run will have ended before this one begins, and a window opens.
    let is_busy = unready.is_some_and(|fault| fault.kind == FaultKind::Locked);
    let state = if is_busy { Outcome::NotKnown } else { Outcome::Failed };
    [
        Check::of(CheckName::State, state, unready.cloned().as_slice()),
        Check::of(CheckName::Rules, Outcome::Failed, rules),
        Check::of(CheckName::RollOut, Outcome::NotKnown, now),
    ]
    .concat()
}

fn class_of(name: ClassName) -> Class {
    match name {
        ClassName::Online => Class::Online,
        ClassName::PostDeploy => Class::PostDeploy,
        ClassName::ManualBackfill => Class::ManualBackfill,
    }
}

fn unreached() -> Fault {
    Fault::new(FaultKind::Environment, "there is no plan", "please report this bug")
}

/// What the target tells of each step.
fn facts(
    opened: &Opened,
    runner: &mut Runner<'_>,
    queue: &[Queued<'_>],
) -> Result<BTreeMap<String, StepFacts>, Fault> {
    let mut documents = opened.documents().cloned();
    let mut facts = BTreeMap::new();
    for one in queue {
        let mut fact = match &mut documents {
            Some(documents) => on_documents(one.entry, documents),
            None => StepFacts::default(),
        };
        let (strategy, bytes) = runner.prospect(one.entry)?;
        fact.strategy = Some(strategy);
        fact.checkpoint_bytes = Some(bytes);
        facts.insert(one.entry.migration.id.clone(), fact);
    }
    Ok(facts)
}

/// What a config migration does to the documents as those before it leave them.
fn on_documents(entry: &Entry, documents: &mut Documents) -> StepFacts {
    let Some(program) = entry.migration.up.program() else { return StepFacts::default() };
    let changed = match documents.change(program) {
        Ok(changed) => changed,
        Err(error) => {
            let tried = Tried::Refused(refusal(error));
            return StepFacts { tried, ..StepFacts::default() };
        }
    };
    let mut fact = StepFacts { tried: Tried::Ran, ..StepFacts::default() };
    fact.invalid =
        changed.unfit.iter().map(|one| format!("{}: {}", one.path, one.reason)).collect();
    for (path, text) in changed.texts {
        let mut before = None;
        for file in documents.files.iter_mut().filter(|file| file.path == path) {
            before.get_or_insert_with(|| sha256(file.text.as_bytes()));
            file.text = text.clone();
        }
        let before = before.unwrap_or_default();
        fact.files.push(FileBefore { path: path.to_string(), before });
    }
    fact
}

fn refusal(error: TargetError) -> String {
    Fault::from(error).what
}
