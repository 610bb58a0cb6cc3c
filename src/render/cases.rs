//! What is said about each judged thing, for formats that list tests.

use std::collections::BTreeMap;

use super::SourceMap;
use super::words::{self, Mark};
use crate::model::{Finding, Inconclusive, Level, MigrationReport, Report};

/// What findings of a whole set are listed under.
const WHOLE: &str = "as a whole";

/// How it ended for one judged thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing weighs.
    Passed,
    /// There is a warning, or something that is accepted.
    Warned,
    /// There is an error.
    Failed,
    /// Something could not be told.
    Untold,
    /// It did not run, which the policy may accept.
    Skipped,
}

/// What is said about one migration, schema or whole set.
#[derive(Debug, Default)]
pub(super) struct Case {
    /// The rule and the message of the first error.
    pub(super) failure: Option<(&'static str, String)>,
    /// Why something could not be told.
    pub(super) untold: Option<String>,
    /// Everything about these two.
    pub(super) reasons: Vec<String>,
    /// Everything else.
    pub(super) said: Vec<String>,
    warned: bool,
    skipped: bool,
}

impl Case {
    /// How it ended.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self { failure: Some(_), .. } => Outcome::Failed,
            Self { untold: Some(_), .. } => Outcome::Untold,
            Self { skipped: true, .. } => Outcome::Skipped,
            Self { warned: true, .. } => Outcome::Warned,
            _ => Outcome::Passed,
        }
    }

    fn judge(&mut self, report: &Report, set: &str, migration: &MigrationReport) {
        let steps = migration.steps.iter().map(|(name, how, _)| format!("{name}: {how}"));
        self.said.push(steps.collect::<Vec<_>>().join(", "));
        let mark = Mark::of_migration(report, set, migration);
        self.skipped = migration.steps.is_empty() || mark == Mark::Unknown;
        self.warned = mark == Mark::Warning;
    }

    fn find(&mut self, finding: &Finding, sources: &SourceMap) {
        let whole = words::whole(finding, sources);
        if finding.level == Level::Error {
            self.failure.get_or_insert_with(|| (finding.rule, finding.message.clone()));
            self.reasons.push(whole);
        } else {
            self.warned |= finding.level == Level::Warning;
            self.said.push(whole);
        }
    }

    fn wonder(&mut self, item: &Inconclusive) {
        self.untold.get_or_insert_with(|| item.reason.clone());
        self.reasons.push(format!("could not be told: {}\nHelp: {}", item.reason, item.way_out));
    }
}

/// Cases by what they are about, in the order in which that was judged.
pub(super) type Cases = Vec<(String, Case)>;

/// The cases of every set of which something was judged or said, by its name.
pub(super) fn collect(report: &Report, sources: &SourceMap) -> BTreeMap<String, Cases> {
    let mut suites = BTreeMap::new();
    for set in &report.sets {
        for migration in &set.migrations {
            case(&mut suites, &set.name, Some(&migration.id)).judge(report, &set.name, migration);
        }
        for schema in &set.schemas {
            let said = words::impact(schema);
            case(&mut suites, &set.name, Some(&schema.name)).said.push(said);
        }
    }
    for finding in &report.findings {
        case_of(&mut suites, finding).find(finding, sources);
    }
    for item in &report.inconclusive {
        case(&mut suites, &item.set, item.migration.as_ref()).wonder(item);
    }
    for waived in &report.waived {
        let finding = &waived.finding;
        let case = case_of(&mut suites, finding);
        case.said.push(format!("{}\n{}", words::accepted(waived), words::whole(finding, sources)));
        case.warned = true;
    }
    suites
}

fn case_of<'a>(suites: &'a mut BTreeMap<String, Cases>, finding: &Finding) -> &'a mut Case {
    let about = finding.migration.as_ref().or(finding.schema.as_ref());
    case(suites, words::set(finding), about)
}

fn case<'a>(
    suites: &'a mut BTreeMap<String, Cases>,
    set: &str,
    about: Option<&String>,
) -> &'a mut Case {
    let about = about.map_or(WHOLE, String::as_str);
    let cases = suites.entry(set.to_owned()).or_default();
    let at = cases.iter().position(|(name, _)| name == about).unwrap_or_else(|| {
        cases.push((about.to_owned(), Case::default()));
        cases.len() - 1
    });
    &mut cases[at].1
}
