//! Pull requests that try to get out or to do harm, each in `fixtures/hostile/<case>/`, against the
//! real binary: as root and as a plain user, with canaries around every run.
//!
//! `case.toml` says what a case tries, how it is stopped, and what the report has to say of it.
//! Cases of one engine share a run where none disturbs another: each is a set of its own, and each
//! set has an engine of its own.

mod arena;
mod build;
mod case;
mod processes;
mod programs;
mod runs;
mod secrets;
mod table;

use case::{Case, Kind};
use migration_gate::threads::side_by_side;
use runs::{User, judge};

/// How many runs of one case go on at the same time: they mostly wait.
const SIDE_BY_SIDE: usize = 4;

/// Runs all cases of a kind that may share a run, as one user.
fn together(kind: Kind, user: User, picked: impl Fn(&Case) -> bool) {
    let cases: Vec<Case> = case::all().into_iter().filter(|case| case.kind == kind).collect();
    let (alone, shared): (Vec<Case>, Vec<Case>) =
        cases.into_iter().filter(picked).partition(|case| case.alone);
    let mut faults = Vec::new();
    if !shared.is_empty() {
        faults.extend(judge(&shared, user));
    }
    let alone: Vec<&Case> = alone.iter().collect();
    let each = side_by_side(&alone, SIDE_BY_SIDE, |case| judge(std::slice::from_ref(case), user));
    faults.extend(each.into_iter().flatten());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

macro_rules! suite {
    ($($name:ident: $kind:expr, $user:expr, $picked:expr;)*) => {
        $(#[test]
        fn $name() {
            together($kind, $user, $picked);
        })*
    };
}

suite! {
    nothing_gets_out_of_postgres_as_root: Kind::Postgres, User::Root, |case| !case.slow;
    nothing_gets_out_of_postgres_as_a_plain_user: Kind::Postgres, User::Plain, |case| !case.slow;
    nothing_exhausts_postgres_as_root: Kind::Postgres, User::Root, |case| case.slow;
    nothing_exhausts_postgres_as_a_plain_user: Kind::Postgres, User::Plain, |case| case.slow;
    nothing_gets_out_of_sqlite_as_root: Kind::Sqlite, User::Root, |_| true;
    nothing_gets_out_of_sqlite_as_a_plain_user: Kind::Sqlite, User::Plain, |_| true;
    nothing_gets_out_of_jq_as_root: Kind::Jq, User::Root, |_| true;
    nothing_gets_out_of_jq_as_a_plain_user: Kind::Jq, User::Plain, |_| true;
    nothing_gets_out_of_commands_as_root: Kind::Command, User::Root, |_| true;
    nothing_gets_out_of_commands_as_a_plain_user: Kind::Command, User::Plain, |_| true;
    no_file_leads_out_as_root: Kind::Files, User::Root, |_| true;
    no_file_leads_out_as_a_plain_user: Kind::Files, User::Plain, |_| true;
}
