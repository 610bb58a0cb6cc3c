//! One program on one document: whether it is for it, and what it makes of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::ledger::{Did, Record};
use super::operation::{Desk, Problem, named};
use super::secret::redacted;
use super::tools::Tools;
use crate::compat::{Schema, SchemaVersions, Violation};
use crate::document::{self, Edit, Format, Patterns};
use crate::engine::{EngineError, TargetError, stopped};
use crate::host::{self, Stop};
use crate::model::{
    Action, CannotRun, DocumentOrigin, Failure, Location, Pointer, Program, RepoPath, clipped,
    printable,
};

/// How much of a document's text is read for its edits, in bytes.
const MOST_READ: usize = 256 * 1024 * 1024;

/// How much of a generated document is shown, in characters.
const SHOWN: usize = 400;

/// A document as it stands.
#[derive(Clone)]
pub(super) struct Document {
    pub(super) path: RepoPath,
    pub(super) text: Arc<str>,
    pub(super) origin: DocumentOrigin,
}

/// A program with the schemas of its two versions.
pub(super) struct Pass<'a> {
    pub(super) program: &'a Program,
    schema: &'a SchemaVersions,
    from: &'a Schema,
    to: &'a Schema,
    targets: Option<Patterns>,
    tools: &'a Tools,
}

/// Whether a program is for a document.
pub(super) enum Admission {
    /// It is; this is the document's value.
    Admitted(Value),
    /// It is at the version to which the program leads already.
    Done,
    /// It is not, for this reason.
    Left(String),
    /// It should be, and is not what it says it is, for this reason.
    Unfit(String),
}

/// What a program made of a document.
pub(super) struct Migrated {
    pub(super) text: Arc<str>,
    pub(super) record: Record,
}

impl<'a> Pass<'a> {
    /// # Errors
    /// Where a schema is not known, or a glob is none. Of two schemas with one name the first counts.
    pub(super) fn new(
        program: &'a Program,
        schemas: &'a [SchemaVersions],
        tools: &'a Tools,
    ) -> Result<Self, CannotRun> {
        let name = printable(&program.schema);
        let schema = schemas.iter().find(|schema| schema.name == program.schema);
        let schema = schema.ok_or_else(|| CannotRun {
            reason: format!("the contract names no schema {name}"),
            way_out: "name it in the compatibility contract".into(),
        })?;
        let version = |version: &String| {
            schema.versions.get(version).map(AsRef::as_ref).ok_or_else(|| CannotRun {
                reason: format!("version {} of {name} is not known", printable(version)),
                way_out: "name its schema under `releases` in the compatibility contract".into(),
            })
        };
        let globs = program.targets.iter().map(String::as_str);
        let targets = Patterns::new(globs).map_err(|reason| CannotRun {
            reason: format!("its `targets` cannot be read: {reason}"),
            way_out: "write each as a path from the top of the repository, with `*` and `**`"
                .into(),
        })?;
        Ok(Self {
            program,
            schema,
            from: version(&program.from)?,
            to: version(&program.to)?,
            targets: Some(targets).filter(|_| !program.targets.is_empty()),
            tools,
        })
    }

    /// Whether the program's targets name a document.
    pub(super) fn names(&self, path: &RepoPath) -> bool {
        self.targets.as_ref().is_none_or(|targets| targets.is_match(path))
    }

    pub(super) fn admit(&self, held: &Document) -> Admission {
        let value = match value(held) {
            Ok(value) => value,
            Err(reason) => return Admission::Unfit(reason),
        };
        let Program { from, to, schema, .. } = self.program;
        if let Some(at) = &self.schema.version_at {
            match at.get(&value).and_then(version) {
                Some(version) if version == *from => {}
                Some(version) if version == *to => return Admission::Done,
                Some(version) => {
                    return Admission::Left(format!("it is at version {}", printable(&version)));
                }
                None => return Admission::Left(format!("it says no version at {at}")),
            }
        }
        match self.from.validate(&value).first() {
            None => Admission::Admitted(value),
            Some(_) if self.schema.version_at.is_none() && self.to.is_valid(&value) => {
                Admission::Done
            }
            Some(first) => Admission::Unfit(invalid(from, schema, first)),
        }
    }

    /// Why a document is not what the program would leave; nothing where it is, or where it is at a
    /// version of which the program says nothing.
    pub(super) fn misfit(&self, held: &Document) -> Option<String> {
        let value = match value(held) {
            Ok(value) => value,
            Err(reason) => return Some(reason),
        };
        let Program { from, to, schema, .. } = self.program;
        if let Some(at) = &self.schema.version_at {
            match at.get(&value).and_then(version) {
                Some(version) if version == *to => {}
                Some(version) if version == *from => {
                    return Some(format!("it is still at version {}", printable(from)));
                }
                _ => return None,
            }
        }
        self.to.validate(&value).first().map(|first| invalid(to, schema, first))
    }

    /// Why a document is not what a history leaves that ends with the program and led through
    /// these versions.
    pub(super) fn stale(&self, held: &Document, before: &BTreeSet<&str>) -> Option<String> {
        let misfit = self.misfit(held);
        let Ok(value) = value(held) else { return misfit };
        let Some(at) = &self.schema.version_at else {
            let Program { from, to, .. } = self.program;
            let mut newer = self.schema.versions.iter().filter(|(version, _)| {
                let version = version.as_str();
                version != from && version != to && !before.contains(version)
            });
            return misfit.filter(|_| !newer.any(|(_, schema)| schema.is_valid(&value)));
        };
        let old = at.get(&value).and_then(version);
        let old =
            old.filter(|version| version != &self.program.to && before.contains(version.as_str()));
        misfit.or(old.map(|old| format!("it is still at version {}", printable(&old))))
    }

    /// Runs the program. `taken_back` is what its opposite did, where that has run on the document.
    pub(super) fn migrate(
        &self,
        held: &Document,
        value: Value,
        taken_back: Option<&Record>,
    ) -> Result<Migrated, TargetError> {
        let program = self.program;
        let is_derived = program.span.is_none();
        let mut desk = Desk::new(value, self.tools);
        let mut record = Record::default();
        // What is derived goes the way of the up backwards, and the up wrote the version last.
        if is_derived {
            record.version = self.write_version(held, &mut desk, taken_back)?;
        }
        let mut ends = vec![desk.edits.len()];
        let deadline = host::now() + self.tools.limit;
        for (index, operation) in program.operations.iter().enumerate() {
            let late = (host::now() >= deadline).then_some(Stop::Deadline);
            if let Some(stop) = host::must_stop().or(late) {
                return Err(self.explain(held, Some(index), Problem::Stopped(stop)));
            }
            let known =
                taken_back.filter(|_| is_derived).and_then(|taken_back| match operation.action {
                    Action::Restore { of } => {
                        taken_back.operations.get(of).map(|(_, did)| did.as_slice())
                    }
                    _ => taken_back.at(operation.span),
                });
            let did = match known {
                Some(did) => desk.backward(&operation.action, did),
                None => desk.forward(&operation.action),
            };
            let did = did.map_err(|problem| self.explain(held, Some(index), problem))?;
            record.operations.push((operation.span, did));
            ends.push(desk.edits.len());
        }
        if !is_derived {
            record.version = self.write_version(held, &mut desk, None)?;
        }
        self.check(held, &desk, &ends)?;
        let text = self.write(held, &desk)?;
        Ok(Migrated { text, record })
    }

    fn write_version(
        &self,
        held: &Document,
        desk: &mut Desk<'_>,
        taken_back: Option<&Record>,
    ) -> Result<Vec<Did>, TargetError> {
        let Some(at) = &self.schema.version_at else { return Ok(Vec::new()) };
        let kept = taken_back.map(|record| record.version.as_slice()).unwrap_or_default();
        let did = match kept {
            [] => desk.write_version(at, &self.program.to),
            kept => desk.backward(&Action::Restore { of: 0 }, kept),
        };
        did.map_err(|problem| self.explain(held, None, problem))
    }

    /// Holds the new value against the schema of its new version. `ends` tells how many edits there
    /// were before the first operation and after each.
    fn check(&self, held: &Document, desk: &Desk<'_>, ends: &[usize]) -> Result<(), TargetError> {
        let violations = self.to.validate(&desk.value);
        let Some(first) = violations.first() else { return Ok(()) };
        let place = Pointer::parse(&first.pointer).unwrap_or_default();
        // The last that wrote there, or what is above or below it.
        let last = desk.edits.iter().rposition(|edit| touches(edit, &place));
        let blamed = last.and_then(|edit| ends.iter().position(|end| edit < *end)?.checked_sub(1));
        let after =
            blamed.map(|index| format!(" after operation {}", index + 1)).unwrap_or_default();
        let Program { to, schema, .. } = self.program;
        let (to, schema) = (printable(to), printable(schema));
        let path = printable(held.path.as_str());
        let more = match violations.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let message =
            format!("{path} is not valid under version {to} of {schema}{after}: {first}{more}");
        Err(self.failure(held, blamed, message))
    }

    /// Brings the edits into the text and makes sure that they give the value.
    fn write(&self, held: &Document, desk: &Desk<'_>) -> Result<Arc<str>, TargetError> {
        let path = printable(held.path.as_str());
        let refused = |reason: &str| {
            TargetError::CannotRun(CannotRun {
                reason: format!("{path} cannot be edited: {}", printable(reason)),
                way_out: "write that part of the file in a plainer form, or leave the file out by \
                          `targets` and edit it by hand"
                    .into(),
            })
        };
        if desk.edits.is_empty() {
            return Ok(Arc::clone(&held.text));
        }
        // The text is read again after each edit.
        if desk.edits.len().saturating_mul(held.text.len()) > MOST_READ {
            return Err(refused("these are too many edits for a file of its size"));
        }
        let format = Format::of(&held.path).ok_or_else(|| refused("its format is not known"))?;
        let text = document::edit(format, &held.text, &desk.edits)
            .map_err(|error| refused(&error.reason))?;
        match document::read(format, &text) {
            Ok(node) if node.to_json() == desk.value => Ok(text.into()),
            _ => Err(refused("the edited text does not read as it should")),
        }
    }

    fn explain(&self, held: &Document, index: Option<usize>, problem: Problem) -> TargetError {
        let location = self.location(index);
        match problem {
            Problem::Fails(what) => {
                let path = printable(held.path.as_str());
                let operation =
                    index.and_then(|index| Some((index, self.program.operations.get(index)?)));
                let who = operation.map_or_else(
                    || "writing the version".to_owned(),
                    |(index, operation)| {
                        format!("operation {} ({})", index + 1, named(&operation.action))
                    },
                );
                self.failure(held, index, format!("{path}: {who} {}", printable(&what)))
            }
            Problem::CannotRun(reason) => TargetError::CannotRun(reason),
            Problem::Stopped(stop) => stopped(stop, location, self.tools.limit.as_secs()),
            Problem::Ours(what) => TargetError::Engine(EngineError::Broken(what)),
        }
    }

    fn location(&self, index: Option<usize>) -> Location {
        let operation = index.and_then(|index| self.program.operations.get(index));
        operation.map_or_else(
            || self.program.location(),
            |operation| Location::at(self.program.path.clone(), operation.span),
        )
    }

    fn failure(&self, held: &Document, index: Option<usize>, message: String) -> TargetError {
        // Nobody has a generated document at hand.
        let detail = (held.origin == DocumentOrigin::Generated).then(|| {
            let text = value(held)
                .map_or_else(|_| held.text.to_string(), |value| redacted(&value).to_string());
            let path = printable(held.path.as_str());
            let from = printable(&self.program.from);
            format!("{path} is made from version {from}: {}", clipped(&text, SHOWN))
        });
        let location = self.location(index);
        TargetError::Script(Failure { message, code: None, detail, hint: None, location })
    }
}

/// The value of a document; why it cannot be read where it cannot.
pub(super) fn value(held: &Document) -> Result<Value, String> {
    let format = Format::of(&held.path).ok_or("its name is not that of JSON, YAML or TOML")?;
    document::read(format, &held.text)
        .map(|node| node.to_json())
        .map_err(|error| format!("it cannot be read: {}", printable(&error.message)))
}

fn invalid(version: &str, schema: &str, first: &Violation) -> String {
    let (version, schema) = (printable(version), printable(schema));
    format!("it is not valid under version {version} of {schema}: {first}")
}

/// A version as a document says it.
fn version(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Whether an edit changes a value, something in it, or what holds it.
fn touches(edit: &Edit, place: &Pointer) -> bool {
    let meets = |at: &Pointer| at.0.starts_with(&place.0) || place.0.starts_with(&at.0);
    match edit {
        Edit::Set { at, .. } | Edit::Add { at, .. } | Edit::Remove { at } => meets(at),
        Edit::Move { from, to } => meets(from) || meets(to),
    }
}
