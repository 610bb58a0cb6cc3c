//! How a folder becomes migrations: one file per tool.
//!
//! A layout is pure: a tree of files in, migrations and problems out. Every file of the tree is
//! claimed by a migration, claimed as a companion of the set, or reported as a problem.

use std::cmp::Reverse;
use std::collections::BTreeSet;

mod annotated;
mod command;
mod dbmate;
mod diesel;
mod documents;
mod drizzle;
mod engine;
mod flyway;
mod golang_migrate;
mod goose;
mod graphile;
mod liquibase;
mod liquibase_changelog;
mod liquibase_dbms;
mod liquibase_places;
mod liquibase_sql;
mod pairing;
mod placeholder;
mod placeholder_syntax;
mod pop;
mod postgres_migrations;
mod prisma;
mod refinery;
mod shared;
mod sourcegraph;
mod sourcegraph_yaml;
pub mod sqitch;
mod sqitch_plan;
mod sql_migrate;
mod sqlx;
mod supabase;
mod versioned_pairs;

pub use documents::json_schema as config_migration_schema;
pub use engine::guess_engine;
pub use flyway::version as flyway_version;
pub use placeholder::{Placeholder, Quoting, Substituted, substitute};

use crate::model::{EngineKind, Habits, Migration, Problem, RepoPath, Tree};

/// How sure a layout is that a tree is one of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// File names fit, but fit other tools as well.
    Possible,
    /// Names or contents fit this tool better than others.
    Likely,
    /// Something only this tool writes is there.
    Sure,
}

/// A layout's claim to a tree.
#[derive(Clone, Debug)]
pub struct Detection {
    /// How sure.
    pub confidence: Confidence,
    /// What it was seen by, for the report: `"-- +goose Up" in 001_x.sql`.
    pub reason: String,
    /// The engine, where the layout's own files name it, with the reason.
    pub engine: Option<(EngineKind, String)>,
}

/// What a layout made of a tree.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The migrations, in the order the tool runs them.
    pub migrations: Vec<Migration>,
    /// Files that belong to the set but to no single migration (a plan, a checksum list, a
    /// README), sorted.
    pub companions: Vec<RepoPath>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// Files whose scripts are not their text: a command printed them.
    pub printed: Vec<RepoPath>,
    /// Migrations of which the tool says that no release has them yet: they may still be mended in
    /// place. Empty where the tool knows no releases.
    pub unreleased: BTreeSet<String>,
    /// Where the tool puts values into scripts; see [`substitute`].
    pub placeholders: Vec<Placeholder>,
}

/// What is known of a set besides its files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The engine it is to run on, where somebody named it.
    pub engine: Option<EngineKind>,
}

/// One tool's way to lay migrations out on disk.
pub trait Layout: Sync {
    /// The name in configuration and reports.
    fn name(&self) -> &'static str;
    /// How the tool behaves on a target.
    fn habits(&self) -> Habits;
    /// Whether `tree` looks like this layout.
    fn detect(&self, tree: &Tree) -> Option<Detection>;
    /// Reads the migrations; never fails as a whole.
    fn read(&self, tree: &Tree) -> Reading;
    /// Reads the migrations where more is known than the files say. It matters to tools that keep
    /// the files of several engines in one folder.
    fn read_with(&self, tree: &Tree, _options: Options) -> Reading {
        self.read(tree)
    }
}

/// Every layout that is known by its files, by name.
pub static LAYOUTS: &[&dyn Layout] = &[
    &dbmate::Dbmate,
    &diesel::Diesel,
    &drizzle::Drizzle,
    &flyway::Flyway,
    &golang_migrate::GolangMigrate,
    &goose::Goose,
    &graphile::Graphile,
    &liquibase::Liquibase,
    &pop::Pop,
    &postgres_migrations::PostgresMigrations,
    &prisma::Prisma,
    &refinery::Refinery,
    &sourcegraph::Sourcegraph,
    &sqitch::Sqitch,
    &sql_migrate::SqlMigrate,
    &sqlx::Sqlx,
    &supabase::Supabase,
    &versioned_pairs::VersionedPairs,
];

/// Layouts that have to be asked for.
static NAMED: [&dyn Layout; 2] = [&command::Command, &documents::Documents];

/// Every layout.
fn all() -> impl Iterator<Item = &'static dyn Layout> {
    NAMED.into_iter().chain(LAYOUTS.iter().copied())
}

/// The layout of a set whose engine leaves no choice of one.
#[must_use]
pub fn of_engine(engine: EngineKind) -> Option<&'static dyn Layout> {
    (engine == EngineKind::Documents).then_some(&documents::Documents)
}

/// The names of all layouts.
#[must_use]
pub fn names() -> Vec<&'static str> {
    all().map(Layout::name).collect()
}

/// The layout of that name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static dyn Layout> {
    all().find(|layout| layout.name() == name)
}

/// Which layout wins where several are equally sure: those with marks of their own before those
/// that have only names to go by; refinery's `.rs` files count more than flyway's dotted versions,
/// and names that fit both golang-migrate and sqlx are golang-migrate's. The folder by which
/// supabase is known may be filled by another tool, whose marks count before it.
const PREFERENCE: [&str; 18] = [
    "sqitch",
    "graphile-migrate",
    "sourcegraph",
    "liquibase",
    "drizzle",
    "prisma",
    "versioned-pairs",
    "diesel",
    "goose",
    "sql-migrate",
    "dbmate",
    "pop",
    "refinery",
    "flyway",
    "postgres-migrations",
    "supabase",
    "golang-migrate",
    "sqlx",
];

/// The layout that is surest of a tree.
#[must_use]
pub fn detect_best(tree: &Tree) -> Option<(&'static dyn Layout, Detection)> {
    let rank = |name: &str| PREFERENCE.iter().position(|known| *known == name);
    LAYOUTS
        .iter()
        .copied()
        .filter_map(|layout| Some((layout, layout.detect(tree)?)))
        .min_by_key(|(layout, detection)| (Reverse(detection.confidence), rank(layout.name())))
}

#[cfg(test)]
mod tests;
