//! One JSON Schema with everything it refers to.

use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use super::guard::{self, Refusal};
use super::load::{DEEPEST, Files, LARGEST, Place, SchemaFiles};
use super::problem::{ProblemKind, SchemaProblem};
use super::violation::{self, Violation};
use super::{document, effort, formats, instances, keyword, resolve, stack, wording};
use crate::model::RepoPath;

/// How often a pattern with look-around or back references may try again.
const BACKTRACKS: usize = 50_000;
/// The size in bytes up to which a pattern is compiled.
const PATTERN_SIZE: usize = 1 << 20;
/// How many violations of one instance are told.
const MOST_VIOLATIONS: usize = 100;

/// One JSON Schema with everything it refers to, ready to judge instances.
#[derive(Debug)]
pub struct Schema {
    value: Value,
    pub(super) draft: Draft,
    /// As the validator reads it: `format` asserts where the draft lets it.
    strict: Reading,
    /// As a validator reads it that takes every `format` for an annotation; absent where that is
    /// the same.
    lenient: Option<Reading>,
    references: Vec<RepoPath>,
}

/// One way to understand a schema.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) draft: Draft,
    /// Only what constrains, with every reference inside the document.
    pub(super) document: Value,
    pub(super) validator: Validator,
}

/// Whether `format` asserts. Before 2019-09 a draft leaves that to the validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Formats {
    Assert,
    Annotate,
}

impl Schema {
    /// Reads a schema with everything it refers to.
    ///
    /// `path` is where the root lies in the repository. A relative `$ref` is resolved against the
    /// file that holds it and never leaves the repository; an absolute one is looked up among the
    /// vendored schemas. The network is not used. Without `$schema` it is read as draft 2020-12.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the schema or with a file it reaches.
    pub fn new(
        root: &Value,
        path: &RepoPath,
        files: &dyn SchemaFiles,
    ) -> Result<Self, Vec<SchemaProblem>> {
        if document::size(root, DEEPEST, LARGEST).is_none() {
            return Err(vec![too_large(path)]);
        }
        stack::deep(|| Self::read(root, path, files))
            .unwrap_or_else(|| Err(vec![cannot_judge(path)]))
    }

    fn read(
        root: &Value,
        path: &RepoPath,
        files: &dyn SchemaFiles,
    ) -> Result<Self, Vec<SchemaProblem>> {
        let mut files = Files::new(root, path, files);
        let draft = files.draft;
        let document = resolve::resolve(&mut files);
        if files.has_problems() {
            return Err(files.into_problems().0);
        }
        if let Err(refusal) = guard::check(draft, &document) {
            return Err(vec![refused(path, refusal)]);
        }
        let read = |document| Reading::new(draft, document);
        let lenient = formats::without(draft, &document).map(read).transpose();
        let strict = read(document);
        let (strict, lenient) = match strict.and_then(|strict| Ok((strict, lenient?))) {
            Ok(readings) => readings,
            Err(error) => {
                let place = resolve::origin(error.instance_path().as_str());
                let pointer = place.split_once('#').map_or("", |(_, pointer)| pointer);
                files.report(
                    ProblemKind::Invalid,
                    &Place { file: 0, pointer: pointer.to_owned() },
                    format!("no validator can be made of it: {}", wording::unusable(&error)),
                    "mend the schema",
                );
                return Err(files.into_problems().0);
            }
        };
        let references = files.into_problems().1;
        Ok(Self { value: root.clone(), draft, strict, lenient, references })
    }

    /// What the schema has against an instance, by place; at most a hundred violations.
    #[must_use]
    pub fn validate(&self, instance: &Value) -> Vec<Violation> {
        if !is_shallow(instance) {
            return vec![whole(format!("the value nests deeper than {DEEPEST} levels"))];
        }
        stack::deep(|| self.violations(instance))
            .unwrap_or_else(|| vec![whole("the value cannot be judged".to_owned())])
    }

    /// Whether the schema has nothing against an instance.
    #[must_use]
    pub fn is_valid(&self, instance: &Value) -> bool {
        is_shallow(instance)
            && stack::deep(|| self.strict.validator.is_valid(instance)).unwrap_or(false)
    }

    /// Up to `count` different instances that are valid: small ones, full ones, and values at
    /// the edges. The same schema gives the same instances.
    #[must_use]
    pub fn instances(&self, count: usize) -> Vec<Value> {
        stack::deep(|| instances::valid(self, count)).unwrap_or_default()
    }

    /// The root as it was given.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The other files of the repository that it reaches, sorted.
    #[must_use]
    pub fn references(&self) -> &[RepoPath] {
        &self.references
    }

    pub(super) fn violations(&self, instance: &Value) -> Vec<Violation> {
        if !self.strict.bears(instance) {
            return vec![whole("judging the value by this schema takes too many steps".to_owned())];
        }
        let errors = self.strict.errors(instance);
        let mut violations: Vec<Violation> = errors.map(|error| Violation::of(&error)).collect();
        violations.sort();
        violations.dedup();
        violations
    }

    /// The schema as it is understood with or without assertions of `format`.
    pub(super) fn reading(&self, formats: Formats) -> &Reading {
        match (formats, &self.lenient) {
            (Formats::Annotate, Some(lenient)) => lenient,
            _ => &self.strict,
        }
    }

    /// The ways in which two schemas have to be compared.
    pub(super) fn readings(&self, other: &Self) -> &'static [Formats] {
        match (&self.lenient, &other.lenient) {
            (None, None) => &[Formats::Assert],
            _ => &[Formats::Assert, Formats::Annotate],
        }
    }
}

impl Reading {
    fn new(draft: Draft, document: Value) -> Result<Self, ValidationError<'static>> {
        let validator = options(draft).build(&document)?;
        Ok(Self { draft, document, validator })
    }

    /// Whether an instance is accepted; one that takes too long to judge is not.
    pub(super) fn accepts(&self, instance: &Value) -> bool {
        self.bears(instance) && self.validator.is_valid(instance)
    }

    /// Whether an instance is accepted, and not because the validator gave up.
    pub(super) fn surely_accepts(&self, instance: &Value) -> bool {
        let gave_up = || self.errors(instance).any(|error| violation::gave_up(&error));
        self.accepts(instance) && !gave_up()
    }

    /// Whether an instance is refused, and not because the validator gave up.
    pub(super) fn surely_refuses(&self, instance: &Value) -> bool {
        self.bears(instance) && !self.validator.is_valid(instance) && {
            let mut errors = self.errors(instance).peekable();
            errors.peek().is_some() && !errors.any(|error| violation::gave_up(&error))
        }
    }

    /// Whether the number of steps that an instance takes is bounded.
    fn bears(&self, instance: &Value) -> bool {
        // Without definitions no schema is applied twice to the same part.
        let refers = self.document.get(keyword::definitions(self.draft)).is_some();
        !refers || effort::is_bearable(self.draft, &self.document, instance)
    }

    fn errors<'i>(&'i self, instance: &'i Value) -> impl Iterator<Item = ValidationError<'i>> {
        self.validator.iter_errors(instance).take(MOST_VIOLATIONS)
    }
}

/// How validators of that draft are built: the patterns are bounded, and nothing is fetched.
pub(super) fn options<'a>(draft: Draft) -> jsonschema::ValidationOptions<'a> {
    jsonschema::options()
        .with_draft(draft)
        .should_validate_formats(draft <= Draft::Draft7)
        .with_pattern_options(patterns())
        .offline()
}

pub(super) fn patterns() -> PatternOptions<jsonschema::FancyRegex> {
    PatternOptions::fancy_regex().backtrack_limit(BACKTRACKS).size_limit(PATTERN_SIZE)
}

fn is_shallow(instance: &Value) -> bool {
    document::size(instance, DEEPEST, usize::MAX).is_some()
}

/// What is said against an instance as a whole.
fn whole(message: String) -> Violation {
    Violation { pointer: String::new(), message, schema: String::new() }
}

fn too_large(path: &RepoPath) -> SchemaProblem {
    SchemaProblem {
        file: path.clone(),
        pointer: String::new(),
        kind: ProblemKind::TooLarge,
        message: format!(
            "the schema nests deeper than {DEEPEST} levels or holds more than {LARGEST} values"
        ),
        help: "split it into schemas that are judged one by one".to_owned(),
    }
}

fn cannot_judge(path: &RepoPath) -> SchemaProblem {
    SchemaProblem {
        file: path.clone(),
        pointer: String::new(),
        kind: ProblemKind::Unsupported,
        message: "the validator cannot work with this schema".to_owned(),
        help: "write the schema in simpler terms".to_owned(),
    }
}

fn refused(path: &RepoPath, refusal: Refusal) -> SchemaProblem {
    let (kind, place, message, help) = match refusal {
        Refusal::Endless(place) => (
            ProblemKind::EndlessReference,
            place,
            "the references lead back to where they start, without a step into the instance",
            "take one of the references out, or move it below a property or an item",
        ),
        Refusal::TooLarge(place) => (
            ProblemKind::TooLarge,
            place,
            "too many schemas judge one and the same value here",
            "refer to fewer schemas that refer to others in turn",
        ),
    };
    let origin = resolve::origin(&place);
    let pointer = origin.split_once('#').map_or("", |(_, pointer)| pointer);
    SchemaProblem {
        file: path.clone(),
        pointer: pointer.to_owned(),
        kind,
        message: message.to_owned(),
        help: help.to_owned(),
    }
}
