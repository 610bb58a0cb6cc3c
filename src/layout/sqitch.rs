//! sqitch: a plan that names changes, and their scripts below `deploy`, `revert` and `verify`.
//!
//! Source: [sqitchtutorial], [sqitchchanges] and `App::Sqitch::Plan`. The order is the plan's. A
//! change that is reworked after a tag keeps its earlier scripts as `name@tag.sql`. Scripts are
//! given to psql or sqlite3 as they are, so they carry their own BEGIN and COMMIT. The id of a
//! change hashes its parent's, so a change that is put into the plan before deployed ones changes
//! their ids and the next deploy stops: late means refused. psql puts variables into scripts.
//!
//! [sqitchtutorial]: https://sqitch.org/docs/manual/sqitchtutorial/
//! [sqitchchanges]: https://sqitch.org/docs/manual/sqitchchanges/

use std::collections::BTreeMap;
use std::sync::Arc;

use super::shared::{self, File};
pub use super::sqitch_plan::{Change, Config, Plan, Signature, Tag};
use super::{Confidence, Detection, Layout, Reading, placeholder};
use crate::model::{
    Down, EngineKind, Habits, Kind, LateMigrations, Location, Migration, Part, RepoPath, Span,
    Step, TransactionMode, Tree, Version,
};

const CONFIG: &str = "sqitch.conf";
/// The plan, where the settings name no other.
pub(super) const PLAN: &str = "sqitch.plan";

/// See the module.
pub(super) struct Sqitch;

impl Layout for Sqitch {
    fn name(&self) -> &'static str {
        "sqitch"
    }

    fn habits(&self) -> Habits {
        Habits {
            verifies_checksums: true,
            late: LateMigrations::Refused,
            planned: true,
            sqlite_foreign_keys: false,
        }
    }

    fn detect(&self, tree: &Tree) -> Option<Detection> {
        let config = config(tree);
        // Settings that lead elsewhere hide no plan: that it is not where they say is told.
        tree.get(&config.plan).or_else(|| tree.get(PLAN))?;
        let engine = match config.engine.as_deref() {
            Some(name) => engine(name).map(|kind| (kind, format!("engine = {name} in {CONFIG}"))),
            None => engine_of_headers(tree, &config),
        };
        Some(Detection { confidence: Confidence::Sure, reason: config.plan, engine })
    }

    fn read(&self, tree: &Tree) -> Reading {
        let mut reading = Reading::default();
        let config = config(tree);
        let (mut plan_text, mut refused) = (None, false);
        let mut scripts = BTreeMap::new();
        for (relative, entry) in tree.iter() {
            let own = relative == CONFIG || relative == config.plan;
            let below = |folder: &str| {
                relative.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
            };
            if !own
                && ![&config.deploy, &config.revert, &config.verify]
                    .into_iter()
                    .any(|folder| below(folder))
            {
                // Data, documentation, other tools: sqitch never looks at them.
                shared::companion(tree, relative, &mut reading);
                continue;
            }
            let Some(file) = shared::admit(tree, relative, entry, &mut reading) else { continue };
            if own {
                let text = file.text_or_problem(&mut reading);
                if text.is_some() {
                    reading.companions.push(file.path);
                }
                if relative == config.plan {
                    refused = text.is_none();
                    plan_text = text;
                }
            } else {
                scripts.insert(relative, file);
            }
        }
        let path = tree.path(&config.plan);
        if let Some(text) = plan_text {
            Reader { path, config, scripts: &mut scripts, reading: &mut reading }.read(&text);
        } else if refused {
            // Nothing tells which scripts belong to it.
            reading.companions.extend(std::mem::take(&mut scripts).into_values().map(|f| f.path));
        } else {
            let message = format!("there is no `{}`", config.plan);
            let help = "sqitch runs what its plan names: write one with `sqitch init`.";
            reading.problems.push(shared::invalid(Location::file(path), message, help));
        }
        for file in scripts.into_values() {
            if file.name().ends_with(".sql") {
                let help = "No change of the plan is called so: add it with `sqitch add`, or \
                            remove the file.";
                reading.problems.push(shared::unclaimed(&file, help));
            } else {
                reading.companions.push(file.path);
            }
        }
        shared::finish_planned(reading)
    }
}

/// What `sqitch.conf` says.
#[must_use]
pub fn config(tree: &Tree) -> Config {
    let bytes = tree.get(CONFIG).map(|entry| entry.bytes.clone()).unwrap_or_default();
    Config::parse(std::str::from_utf8(&bytes).unwrap_or(""))
}

/// The text of the plan; `None` where there is none that can be read.
#[must_use]
pub fn plan_text<'t>(tree: &'t Tree, config: &Config) -> Option<&'t str> {
    let text = std::str::from_utf8(&tree.get(&config.plan)?.bytes).ok()?;
    Some(&text[shared::body_start(text)..])
}

fn engine(name: &str) -> Option<EngineKind> {
    match name {
        "pg" | "cockroach" => Some(EngineKind::Postgres),
        "sqlite" => Some(EngineKind::Sqlite),
        "mysql" => Some(EngineKind::Mysql),
        _ => None,
    }
}

/// `sqitch add` writes `-- Deploy project:change to pg` into the first line of a script.
fn engine_of_headers(tree: &Tree, config: &Config) -> Option<(EngineKind, String)> {
    tree.iter().filter(|(path, _)| path.starts_with(&config.deploy)).find_map(|(path, entry)| {
        let text = std::str::from_utf8(&entry.bytes).ok()?;
        let first = shared::lines(text).next()?;
        let header = text[first.start..first.end].strip_prefix("-- Deploy ")?;
        let name = header.rsplit_once(" to ")?.1.trim();
        Some((engine(name)?, format!("\"to {name}\" in {path}")))
    })
}

/// Makes migrations of a plan.
struct Reader<'a, 't> {
    path: RepoPath,
    config: Config,
    scripts: &'a mut BTreeMap<&'t str, File<'t>>,
    reading: &'a mut Reading,
}

impl Reader<'_, '_> {
    fn read(mut self, text: &Arc<str>) {
        let plan = Plan::parse(text);
        for (line, message) in &plan.faults {
            let location = Location::at(self.path.clone(), Span::new(line.start, line.end));
            let help = "Mend the line; `sqitch plan` shows whether sqitch can read it.";
            self.reading.problems.push(shared::invalid(location, message.clone(), help));
        }
        let ids: Vec<String> =
            (0..plan.changes.len()).map(|position| self.id(&plan, position)).collect();
        for position in 0..plan.changes.len() {
            self.change(&plan, position, &ids);
        }
        let last = plan.changes.iter().rposition(|change| !change.tags.is_empty());
        let released = last.map_or(0, |last| last + 1);
        self.reading.unreleased = ids.into_iter().skip(released).collect();
    }

    fn file(&self, folder: &str, id: &str) -> String {
        let name = format!("{id}.{}", self.config.extension);
        if folder.is_empty() { name } else { format!("{folder}/{name}") }
    }

    /// The name, with the tag by which the scripts of a reworked change are called: the first of
    /// those between it and its rework for which there is a deploy script.
    fn id(&self, plan: &Plan<'_>, position: usize) -> String {
        let name = plan.changes[position].name;
        let ids: Vec<String> =
            plan.rework_tags(position).iter().map(|tag| format!("{name}@{tag}")).collect();
        let exists =
            |id: &&String| self.scripts.contains_key(self.file(&self.config.deploy, id).as_str());
        ids.iter().find(exists).or(ids.first()).cloned().unwrap_or_else(|| name.to_owned())
    }

    fn change(&mut self, plan: &Plan<'_>, position: usize, ids: &[String]) {
        let change = &plan.changes[position];
        let id = &ids[position];
        let expected = self.file(&self.config.deploy, id);
        let up = self.step(&self.config.deploy.clone(), id);
        let down = self.step(&self.config.revert.clone(), id);
        let verify = self.step(&self.config.verify.clone(), id);
        let Some(up) = up else {
            let line = Span::new(change.line.start, change.line.end);
            let location = Location::at(self.path.clone(), line);
            let message = format!("the plan names `{id}`, but there is no `{expected}`");
            let help = "Write the deploy script, or take the change out of the plan.";
            self.reading.problems.push(shared::invalid(location, message, help));
            let left = down.into_iter().chain(verify).map(|step| step.path().clone());
            self.reading.companions.extend(left);
            return;
        };
        let depends_on = plan
            .requirements(position)
            .into_iter()
            .map(|need| need.map_or_else(str::to_owned, |position| ids[position].clone()))
            .collect();
        let files = [Some(&up), down.as_ref(), verify.as_ref()];
        let files = files.into_iter().flatten().map(|step| step.path().clone()).collect();
        let place = u128::try_from(position + 1).unwrap_or(u128::MAX);
        self.reading.migrations.push(Migration {
            id: id.clone(),
            version: Version::new(id.clone(), vec![Part::Number(place)]),
            kind: Kind::Versioned,
            up,
            down: down.map_or(Down::Missing, Down::Step),
            verify: verify.and_then(|step| step.script().cloned()),
            depends_on,
            files,
        });
    }

    fn step(&mut self, folder: &str, id: &str) -> Option<Step> {
        let file = self.scripts.remove(self.file(folder, id).as_str())?;
        let step = file.step(self.reading, |_| TransactionMode::Bare);
        if let Some(script) = step.script() {
            self.reading.placeholders.extend(placeholder::psql(&file.path, &script.text));
        }
        Some(step)
    }
}

#[cfg(test)]
#[path = "sqitch_tests.rs"]
mod tests;
