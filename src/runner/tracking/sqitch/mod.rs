//! sqitch's registry.
//!
//! Source: `App::Sqitch::Role::DBIEngine` and `App::Sqitch::Engine::pg` of sqitch 1.3. The registry
//! knows a change by its id, which stands for its line of the plan and all lines before it, and
//! remembers the SHA-1 of its deploy script. A deploy adds the change with its tags and with what
//! it requires, a revert takes them away, and both leave an event.
//!
//! In SQLite the registry is a file of its own beside the database. No transaction holds for both
//! where the database has a write-ahead log, so it is left to sqitch. Left to it are also plans
//! whose changes need another project's or conflict with others, which only the registry can tell.
//!
//! Who deploys is said by `SQITCH_FULLNAME` and `SQITCH_EMAIL`, by the set's `sqitch.conf`, or by
//! the environment; the files of sqitch outside the repository are not read.

mod project;
mod registry;

use sha1::{Digest as _, Sha1};

use super::super::{Fault, FaultKind};
use super::{Note, Set, Tracked, Tracker, quote};
use crate::engine::{Database, TextRow};
use crate::host;
use crate::layout::sqitch::{self as layout, Config, Plan, Signature};
use crate::model::{EngineKind, Migration, TableName, identifier, printable};
use project::{Change, Project, Tag, refused};

/// See the module.
#[derive(Debug)]
pub(super) struct Sqitch<'a> {
    set: Set<'a>,
    project: Project<'a>,
    /// The schema of the registry, as it is called and as it is written.
    schema: (String, String),
    /// Name and address of who deploys, as literals.
    committer: String,
}

impl<'a> Sqitch<'a> {
    pub(super) fn new(set: Set<'a>) -> Result<Self, Fault> {
        if set.engine != EngineKind::Postgres {
            return Err(refused("the runner does not write sqitch's registry beside SQLite"));
        }
        let config = layout::config(set.tree);
        let text = layout::plan_text(set.tree, &config);
        let text = text.ok_or_else(|| refused("the plan cannot be read"))?;
        let plan = Plan::parse(text);
        if !plan.faults.is_empty() {
            return Err(refused("the plan has a line that sqitch cannot read"));
        }
        let project = Project::of(&plan)?;
        let committer = committer(&config);
        let schema = (config.registry.clone(), identifier(&config.registry));
        Ok(Self { set, project, schema, committer })
    }

    /// The change of a migration; layouts number them by their places in the plan.
    fn change(&self, migration: &Migration) -> Option<&Change<'a>> {
        let place = usize::try_from(migration.version.number()?).ok()?;
        self.project.changes.get(place.checked_sub(1)?)
    }

    fn migration(&self, position: usize) -> Option<&'a Migration> {
        let place = u128::try_from(position + 1).ok();
        self.set.migrations.iter().copied().find(|migration| migration.version.number() == place)
    }

    fn script_hash(&self, migration: &Migration) -> String {
        quote::hex(&Sha1::digest(self.set.bytes(migration.up.path())))
    }

    fn has(&self, database: &mut dyn Database, table: &str) -> Result<bool, Fault> {
        let name = TableName { schema: Some(self.schema.0.clone()), name: table.into() };
        Ok(database.has_table(&name)?)
    }

    /// Whether the registry is of the release that is known here, and the project's address is
    /// the plan's.
    fn look_at(&self, database: &mut dyn Database) -> Result<(), Fault> {
        let schema = &self.schema.1;
        let one =
            |rows: Vec<TextRow>| rows.into_iter().next().and_then(|row| row.into_iter().next());
        let release = format!("SELECT CAST(max(version) AS text) FROM {schema}.releases");
        let known = self.has(database, "releases")?
            && one(database.read(&release)?).flatten().as_deref() == Some(registry::RELEASE);
        if !known {
            return Err(Fault::new(
                FaultKind::Conflict,
                format!("sqitch's registry is not of release {}", registry::RELEASE),
                "bring it there with `sqitch upgrade` of sqitch 1.3",
            ));
        }
        let name = self.project.name;
        let uri = format!("SELECT uri FROM {schema}.projects WHERE project = {}", literal(name));
        match one(database.read(&uri)?) {
            Some(uri) if uri.as_deref() != self.project.uri => Err(Fault::new(
                FaultKind::Conflict,
                format!("the registry has another %uri for the project {}", printable(name)),
                "bring the %uri in sqitch.plan back to what it was when it was first deployed",
            )),
            _ => Ok(()),
        }
    }

    fn tracked(&self, row: &TextRow) -> Tracked {
        let value = |at: usize| row.get(at).cloned().flatten();
        let (id, name) = (value(0).unwrap_or_default(), value(1).unwrap_or_default());
        let changes = &self.project.changes;
        let by_id = changes.iter().position(|change| change.id == id);
        // A line of the plan that was edited has another id.
        let same_name = || {
            let mut named = (0..changes.len()).filter(|at| changes[*at].name == name);
            named.next().filter(|_| named.next().is_none())
        };
        let migration = by_id.or_else(same_name).and_then(|position| self.migration(position));
        // What was deployed before sqitch kept hashes has none.
        let edited = migration.is_some_and(|own| {
            by_id.is_none() || value(2).is_some_and(|hash| hash != self.script_hash(own))
        });
        Tracked { edited, ..Tracked::applied(migration, &name) }
    }

    /// The columns that a change, a tag and an event have in common, and their values.
    fn signature(&self, signature: &Signature<'_>) -> String {
        let Signature { time, planner, email, note } = signature;
        let [note, time, planner, email] = [note, *time, *planner, *email].map(literal);
        format!(
            "{}, {note}, {}, {time}::timestamptz, {planner}, {email}",
            literal(self.project.name),
            self.committer
        )
    }

    fn add_change(&self, change: &Change<'_>, migration: &Migration) -> String {
        format!(
            "INSERT INTO {}.changes (change_id, script_hash, change, {SIGNATURE}) \
             VALUES ('{}', '{}', {}, {})",
            self.schema.1,
            change.id,
            self.script_hash(migration),
            literal(change.name),
            self.signature(&change.signature),
        )
    }

    /// Adds a tag that may be there: one that is planned after its change was deployed is added
    /// with the next.
    fn add_tag(&self, change: &Change<'_>, tag: &Tag<'_>) -> String {
        format!(
            "INSERT INTO {}.tags (tag_id, tag, change_id, {SIGNATURE}) \
             VALUES ('{}', {}, '{}', {}) ON CONFLICT (tag_id) DO NOTHING",
            self.schema.1,
            tag.id,
            literal(&tag.name),
            change.id,
            self.signature(&tag.signature),
        )
    }

    fn deployed(&self, change: &Change<'_>) -> String {
        let array = |values: Vec<String>| format!("ARRAY[{}]::text[]", values.join(", "));
        format!(
            "INSERT INTO {}.events (event, change_id, change, requires, conflicts, tags, \
             {SIGNATURE}) VALUES ('deploy', '{}', {}, {}, '{{}}', {}, {})",
            self.schema.1,
            change.id,
            literal(change.name),
            array(change.requires.iter().map(|(need, _)| literal(need)).collect()),
            array(change.tags.iter().map(|tag| literal(&tag.name)).collect()),
            self.signature(&change.signature),
        )
    }
}

/// Name and address of who deploys, as literals.
fn committer(config: &Config) -> String {
    let user = ["USER", "LOGNAME"].into_iter().find_map(host::env_text);
    let user = user.unwrap_or_else(|| "migration-gate".into());
    let told = |first: &str, config: &Option<String>, last: &str| {
        host::env_text(first).or_else(|| config.clone()).or_else(|| host::env_text(last))
    };
    let name = told("SQITCH_FULLNAME", &config.user_name, "SQITCH_ORIG_FULLNAME");
    let email = told("SQITCH_EMAIL", &config.user_email, "SQITCH_ORIG_EMAIL");
    let host = host::env_text("HOSTNAME").unwrap_or_else(|| "localhost".into());
    let email = email.unwrap_or_else(|| format!("{user}@{host}"));
    format!("{}, {}", literal(&name.unwrap_or(user)), literal(&email))
}

const SIGNATURE: &str = "project, note, committer_name, committer_email, planned_at, \
                         planner_name, planner_email";

fn literal(value: &str) -> String {
    quote::text(EngineKind::Postgres, value)
}

impl Tracker for Sqitch<'_> {
    fn table(&self) -> &'static str {
        "sqitch.changes"
    }

    fn read(&self, database: &mut dyn Database) -> Result<Vec<Tracked>, Fault> {
        if !self.has(database, "changes")? {
            return Ok(Vec::new());
        }
        self.look_at(database)?;
        let rows = database.read(&format!(
            "SELECT change_id, change, script_hash FROM {}.changes WHERE project = {} \
             ORDER BY committed_at",
            self.schema.1,
            literal(self.project.name)
        ))?;
        Ok(rows.iter().map(|row| self.tracked(row)).collect())
    }

    fn create(&self, database: &mut dyn Database) -> Result<Vec<String>, Fault> {
        if self.has(database, "changes")? {
            return Ok(Vec::new());
        }
        let mut statements = registry::create(&self.schema.1);
        statements.push(format!(
            "INSERT INTO {}.releases (version, installer_name, installer_email) VALUES ({}, {})",
            self.schema.1,
            registry::RELEASE,
            self.committer
        ));
        Ok(statements)
    }

    fn applied(&self, note: &Note<'_>) -> Vec<String> {
        let Some(change) = self.change(note.migration) else { return Vec::new() };
        let schema = &self.schema.1;
        let (name, uri) = (literal(self.project.name), self.project.uri.map(literal));
        let mut statements = vec![format!(
            "INSERT INTO {schema}.projects (project, uri, creator_name, creator_email) \
             SELECT {name}, {}, {} WHERE NOT EXISTS (SELECT 1 FROM {schema}.projects WHERE \
             project = {name})",
            uri.unwrap_or_else(|| "NULL".into()),
            self.committer
        )];
        let previous = note.previous.and_then(|migration| self.change(migration));
        let late = previous
            .iter()
            .flat_map(|earlier| earlier.tags.iter().map(|tag| self.add_tag(earlier, tag)));
        statements.extend(late);
        statements.push(self.add_change(change, note.migration));
        statements.extend(change.requires.iter().map(|(need, id)| {
            format!(
                "INSERT INTO {schema}.dependencies (change_id, type, dependency, dependency_id) \
                 VALUES ('{}', 'require', {}, '{id}')",
                change.id,
                literal(need)
            )
        }));
        statements.extend(change.tags.iter().map(|tag| self.add_tag(change, tag)));
        statements.push(self.deployed(change));
        statements
    }

    fn undone(&self, note: &Note<'_>) -> Vec<String> {
        let Some(change) = self.change(note.migration) else { return Vec::new() };
        let (schema, id) = (&self.schema.1, &change.id);
        let needs = |kind: &str| {
            format!(
                "ARRAY(SELECT dependency FROM {schema}.dependencies WHERE change_id = '{id}' AND \
                 type = '{kind}')"
            )
        };
        vec![
            format!(
                "INSERT INTO {schema}.events (event, change_id, change, project, note, requires, \
                 conflicts, tags, committer_name, committer_email, planned_at, planner_name, \
                 planner_email) SELECT 'revert', change_id, change, project, note, {}, {}, \
                 ARRAY(SELECT tag FROM {schema}.tags WHERE change_id = '{id}'), {}, planned_at, \
                 planner_name, planner_email FROM {schema}.changes WHERE change_id = '{id}'",
                needs("require"),
                needs("conflict"),
                self.committer
            ),
            format!("DELETE FROM {schema}.tags WHERE change_id = '{id}'"),
            format!("DELETE FROM {schema}.changes WHERE change_id = '{id}'"),
        ]
    }
}
