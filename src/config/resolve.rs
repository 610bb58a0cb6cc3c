//! From the words of the file to the gate's own types, with every mistake of meaning.

use std::collections::BTreeMap;

use toml::Spanned;

use super::error::ConfigProblem;
use super::raw::{RawAccepted, RawPolicy, RawSet, RawSettings};
use super::read::span;
use super::{Accepted, Policy, Preset, SchemaBinding, SetConfig, Settings, Unconfined};
use crate::model::{
    Class, EngineKind, Level, RepoPath, Rollback, Rollout, Sited, Span, WAIVER_DAYS, known_words,
    quoted,
};

const ENGINES: [(&str, EngineKind); 3] = [
    ("sqlite", EngineKind::Sqlite),
    ("postgres", EngineKind::Postgres),
    ("documents", EngineKind::Documents),
];
const UNCONFINED: [(&str, Unconfined); 3] = [
    ("postgres", Unconfined::Postgres),
    ("commands", Unconfined::Commands),
    ("jq", Unconfined::Jq),
];
const PRESETS: [(&str, Preset); 2] =
    [("recommended", Preset::Recommended), ("strict", Preset::Strict)];
const ROLLBACKS: [(&str, Rollback); 2] =
    [("script", Rollback::Script), ("checkpoint", Rollback::Checkpoint)];

/// Resolves what is valid and reports the rest. Where anything is reported, the result is only
/// good for finding more to report.
pub(super) fn resolve(raw: RawSettings, problems: &mut Vec<ConfigProblem>) -> Settings {
    let complete = problems.is_empty();
    let mut cx = Resolver { problems, complete };
    cx.version(raw.version.as_ref());
    // A set with a mistake in it is there all the same.
    let names: Vec<String> =
        raw.set.iter().map(|set| set.get_ref().name.get_ref().clone()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let sets: Vec<SetConfig> = raw.set.into_iter().filter_map(|set| cx.set(set)).collect();
    cx.unlike_sets(&sets);
    let targets: Vec<_> =
        raw.target.into_iter().filter_map(|target| cx.target(target, &sets, &names)).collect();
    cx.unlike_targets(&targets);
    let policy = cx.policy(raw.policy);
    if complete {
        cx.without_commands(&sets);
        cx.known_sets(&policy, &sets);
    }
    let mut classes = BTreeMap::new();
    for (name, class) in raw.class {
        let resolved = cx.class(class);
        if let Some(class) = cx.word("class", &name, &Class::ALL.map(|class| (class.name(), class)))
        {
            classes.insert(class, resolved);
        }
    }
    let freezes = raw.freeze.into_iter().filter_map(|freeze| cx.freeze(freeze)).collect();
    let waivers = raw.waiver.into_iter().map(|waiver| cx.waiver(waiver)).collect();
    Settings { sets, targets, policy, rollout: Rollout { classes, freezes }, waivers, source: None }
}

pub(super) struct Resolver<'a> {
    problems: &'a mut Vec<ConfigProblem>,
    /// Whether all keys could be read.
    pub(super) complete: bool,
}

impl Resolver<'_> {
    pub(super) fn report(&mut self, at: Span, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(ConfigProblem::new(at, message, help));
    }

    fn version(&mut self, version: Option<&Spanned<i64>>) {
        match version {
            Some(version) if *version.get_ref() != 1 => self.report(
                span(version.span()),
                format!("version {} of this format is not known", version.get_ref()),
                "write `version = 1`, or use a newer migration-gate",
            ),
            // Whether it is there was checked with the shapes.
            Some(_) | None => {}
        }
    }

    pub(super) fn word<T: Copy>(
        &mut self,
        what: &str,
        word: &Spanned<String>,
        known: &[(&str, T)],
    ) -> Option<T> {
        let text = word.get_ref();
        let found = known.iter().find(|(name, _)| name == text);
        if found.is_none() {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            let message = format!("unknown {what} {}", quoted(text));
            self.report(span(word.span()), message, known_words(text, &names));
        }
        found.map(|(_, value)| *value)
    }

    /// A path inside the repository.
    pub(super) fn path(&mut self, text: &Spanned<String>) -> Option<Sited<RepoPath>> {
        let at = span(text.span());
        let word = text.get_ref();
        let bytes = word.as_bytes();
        let drive = bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
        let from_top = "write the path from the top of the repository, such as `db/migrations`";
        let (message, help) = if word.contains('\\') {
            ("has back slashes", "write `/` between folders")
        } else if word.starts_with('/') || drive {
            ("is absolute", from_top)
        } else if word.contains(|c: char| c.is_control()) {
            ("has control characters", from_top)
        } else if word.trim().is_empty() {
            ("is empty", "write `.` for the top of the repository")
        } else if let Some(path) = RepoPath::new(word) {
            return Some(Sited::new(path, at));
        } else {
            ("climbs out with `..`", from_top)
        };
        self.report(at, format!("the path {} {message}", quoted(word)), help);
        None
    }

    /// Text that says something.
    pub(super) fn text(&mut self, what: &str, text: Spanned<String>) -> Sited<String> {
        let at = span(text.span());
        if text.get_ref().trim().is_empty() {
            self.report(at, format!("{what} is empty"), "");
        }
        Sited::new(text.into_inner(), at)
    }

    /// A glob of paths inside the repository; its syntax is checked where it is used.
    fn glob(&mut self, text: Spanned<String>) -> Sited<String> {
        let at = span(text.span());
        let word = text.into_inner();
        let trimmed = word.trim();
        if trimmed.is_empty() || word.starts_with('/') || word.split('/').any(|part| part == "..") {
            self.report(
                at,
                format!("the pattern {} does not stay inside the repository", quoted(&word)),
                "write it from the top of the repository, such as `config/*.json`",
            );
        }
        Sited::new(word, at)
    }

    fn set(&mut self, raw: Spanned<RawSet>) -> Option<SetConfig> {
        let whole = span(raw.span());
        let raw = raw.into_inner();
        let name = self.text("the set's name", raw.name);
        let path = self.path(&raw.path);
        let engine_span = span(raw.engine.span());
        let engine = self.word("engine", &raw.engine, &ENGINES);
        let manifest = raw.manifest.and_then(|path| self.path(&path));
        let seed = raw.seed.and_then(|path| self.path(&path));
        let engine_version = raw.engine_version.map(|version| self.engine_version(version));
        let schemas: Vec<SchemaBinding> = raw
            .schemas
            .into_iter()
            .map(Spanned::into_inner)
            .filter_map(|binding| {
                let files = self.glob(binding.files);
                self.path(&binding.schema).map(|schema| SchemaBinding { files, schema })
            })
            .collect();
        let contract = raw.contract.and_then(|path| self.path(&path));
        let documents: Vec<_> = raw.documents.into_iter().map(|glob| self.glob(glob)).collect();
        if engine.is_some_and(|engine| engine != EngineKind::Documents)
            && (!documents.is_empty() || !schemas.is_empty() || contract.is_some())
        {
            self.report(
                engine_span,
                "`documents`, `contract` and `schemas` belong to a set of the engine \"documents\"",
                "write `engine = \"documents\"`, or take these keys out",
            );
        }
        if let (Some(contract), false) = (&contract, schemas.is_empty()) {
            self.report(
                contract.span,
                "a set has either `contract` or `schemas`",
                "name the schemas and their documents in the contract, and take `schemas` out",
            );
        }
        let layout = raw.layout.map(|layout| self.text("the layout", layout));
        if let Some(layout) = &layout
            && engine.is_some_and(|engine| {
                (engine == EngineKind::Documents) != (layout.value == "documents")
            })
        {
            self.report(
                layout.span,
                "the layout \"documents\" and the engine \"documents\" go together",
                "write `engine = \"documents\"` with this layout, or no layout",
            );
        }
        let command = self.command(whole, layout.as_ref(), raw.command);
        Some(SetConfig {
            name,
            path: path?,
            engine: Sited::new(engine?, engine_span),
            layout,
            manifest,
            baseline: raw.baseline.map(|baseline| self.text("the baseline", baseline)),
            seed,
            variables: raw
                .variables
                .into_iter()
                .map(|(key, value)| {
                    let at = span(value.span());
                    (key.into_inner(), Sited::new(value.into_inner(), at))
                })
                .collect(),
            engine_version,
            command,
            documents,
            contract,
            schemas,
            span: whole,
        })
    }

    fn engine_version(&mut self, version: Spanned<String>) -> Sited<String> {
        let version = self.text("the engine's version", version);
        let mut parts = version.value.split('.');
        let numbers = parts.clone().count() <= 3
            && parts.all(|part| part.len() <= 9 && part.parse::<u32>().is_ok());
        if !numbers && !version.value.trim().is_empty() {
            self.report(
                version.span,
                format!("{} is not a version of an engine", quoted(&version.value)),
                "write numbers with dots between: \"15\" or \"3.40\"",
            );
        }
        version
    }

    /// Sets must differ in name, and no file may belong to two of them.
    fn unlike_sets(&mut self, sets: &[SetConfig]) {
        for (index, set) in sets.iter().enumerate() {
            let earlier = &sets[..index];
            if earlier.iter().any(|other| other.name.value == set.name.value) {
                self.report(
                    set.name.span,
                    format!("a second set with the name {}", quoted(&set.name.value)),
                    "give each set its own name",
                );
            }
            let overlapping = earlier.iter().find(|other| {
                let (a, b) = (&other.path.value, &set.path.value);
                a == b || a.below(b).is_some() || b.below(a).is_some()
            });
            if let Some(other) = overlapping {
                let name = quoted(&other.name.value);
                self.report(
                    set.path.span,
                    format!("this folder overlaps with the one of the set {name}"),
                    "a file may belong to one set only: give each set its own folder",
                );
            }
        }
    }

    fn known_sets(&mut self, policy: &Policy, sets: &[SetConfig]) {
        let names: Vec<&str> = sets.iter().map(|set| set.name.value.as_str()).collect();
        let named = policy.accept_inconclusive.iter().filter_map(|accepted| accepted.set.as_ref());
        for set in named.filter(|_| !names.is_empty()) {
            if !names.contains(&set.value.as_str()) {
                let message = format!("there is no set {}", quoted(&set.value));
                self.report(set.span, message, known_words(&set.value, &names));
            }
        }
    }

    fn policy(&mut self, raw: RawPolicy) -> Policy {
        let preset = raw.preset.and_then(|word| self.word("preset", &word, &PRESETS));
        let rollback =
            raw.rollback.and_then(|word| self.word("way to roll back", &word, &ROLLBACKS));
        let mut levels = BTreeMap::new();
        for (rule, level) in raw.levels {
            if let Some(level) =
                self.word("level", &level, &Level::ALL.map(|level| (level.name(), level)))
            {
                let at = span(rule.span());
                levels.insert(rule.into_inner(), Sited::new(level, at));
            }
        }
        Policy {
            preset: preset.unwrap_or_default(),
            rollback: rollback.unwrap_or_default(),
            levels,
            accept_inconclusive: raw
                .accept_inconclusive
                .into_iter()
                .map(|accepted| self.accepted(accepted.into_inner()))
                .collect(),
            waiver_days: self.waiver_days(raw.waiver_days.as_ref()),
            inline_allow: raw
                .inline_allow
                .into_iter()
                .map(|rules| self.text("the rule's id", rules))
                .collect(),
            unconfined: raw
                .unconfined
                .iter()
                .filter_map(|word| self.word("part", word, &UNCONFINED))
                .collect(),
        }
    }

    fn waiver_days(&mut self, days: Option<&Spanned<i64>>) -> u16 {
        let Some(days) = days else { return WAIVER_DAYS };
        let known = u16::try_from(*days.get_ref()).ok().filter(|days| (1..=3660).contains(days));
        if known.is_none() {
            let message = format!("waivers cannot last {} days", days.get_ref());
            self.report(span(days.span()), message, "write a number from 1 to 3660");
        }
        known.unwrap_or(WAIVER_DAYS)
    }

    fn accepted(&mut self, raw: RawAccepted) -> Accepted {
        Accepted {
            migration: self.text("the migration's id", raw.migration),
            set: raw.set.map(|set| self.text("the set's name", set)),
            reason: self.text("the reason", raw.reason).value,
        }
    }
}
