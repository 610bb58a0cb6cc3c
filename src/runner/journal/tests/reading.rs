use super::super::{Filter, Metrics};
use super::*;
use crate::runner::disk::RealDisk;
use crate::runner::target::FileDone;

fn shown(bytes: &[u8], migration: Option<&str>, last: Option<usize>, json: bool) -> String {
    let filter = Filter { migration: migration.map(str::to_owned), last };
    super::super::show::show(bytes, &filter, json).unwrap()
}

fn sums(bytes: &[u8]) -> Metrics {
    super::super::metrics::metrics(bytes).unwrap()
}

#[test]
fn people_read_one_line_for_each_event() {
    insta::assert_snapshot!(shown(&small(), None, None, false), @"
    2025-11-13T02:13:20Z  INFO   config.migration.checkpoint.created  0001_a
    2025-11-13T02:13:21Z  INFO   config.migrated  0001_a  took=1.500s
    2025-11-13T02:13:22Z  ERROR  config.migration.failed  0002_b  error=migration
    ");
}

/// Everything that the runner tells, in the width of a terminal.
#[test]
fn people_are_spared_hashes_and_names_of_runs() {
    let disk = Memory::default();
    let mut journal = Journal::open(&disk, Path::new(PATH), context()).unwrap();
    let file =
        |path: &str| FileDone { path: path.into(), before: "a".repeat(64), after: "b".repeat(64) };
    let event = Event::of(EventName::Migrated, "0001_a")
        .with("migration.walk_id", Fact::name("7d1c-1"))
        .with("migration.state", Fact::name("completing"))
        .with("migration.fingerprint", Fact::hash(&"c".repeat(64)))
        .with("migration.direction", Fact::name("up"))
        .with("migration.to_version", Fact::name("2"))
        .with("migration.from_version", Fact::name("1"))
        .with("migration.duration", Duration::from_micros(148_015))
        .with_files(&[file("a.json"), file("b.json"), file("c.json")]);
    journal.record(at(0), &event).unwrap();
    let event = Event::of(EventName::Resolved, "0002_b")
        .with("migration.resolved.reason", Fact::said("dropped by hand"))
        .with("migration.resolved.by", Fact::said("mara"))
        .with("migration.resolved.as", Fact::name("applied"));
    journal.record(at(1), &event).unwrap();
    insta::assert_snapshot!(shown(&disk.bytes(), None, None, false), @r#"
    2025-11-13T02:13:20Z  INFO   config.migrated  0001_a  direction=up  from=1  to=2  took=0.148s  files=3  path=a.json (+2)
    2025-11-13T02:13:21Z  WARN   config.migration.resolved  0002_b  as=applied  by=mara  reason="dropped by hand"
    "#);
}

#[test]
fn programs_read_the_lines_as_they_stand() {
    let bytes = small();
    assert_eq!(shown(&bytes, None, None, true).into_bytes(), bytes);
    let torn = [&bytes[..], b"{\"attri <torn>\n"].concat();
    assert_eq!(shown(&torn, None, None, true).into_bytes(), bytes);
    assert!(
        shown(&torn, None, None, false).ends_with("\nline 4 is no event; see `journal verify`\n")
    );
}

#[test]
fn events_are_chosen_by_migration_and_from_the_end() {
    let bytes = small();
    let lines: Vec<String> =
        split(&bytes).into_iter().map(|line| String::from_utf8(line).unwrap()).collect();
    assert_eq!(shown(&bytes, Some("0001_a"), None, true), lines[..2].concat());
    assert_eq!(shown(&bytes, Some("0001_a"), Some(1), true), lines[1]);
    assert_eq!(shown(&bytes, None, Some(2), true), lines[1..].concat());
    assert_eq!(shown(&bytes, None, Some(0), true), "");
    assert_eq!(shown(&bytes, Some("0009"), None, false), "");
}

/// Whoever writes into the file writes to no terminal.
#[test]
fn a_hostile_journal_moves_no_cursor() {
    let text = String::from_utf8(small()).unwrap();
    let hostile = text.replace("0001", "\\u001b[2J\\u202e").replace("INFO", "I\\u0007O");
    let out = shown(hostile.as_bytes(), None, None, false);
    assert!(out.contains("\\u{1b}[2J\\u{202e}_a") && out.contains("I\\u{7}O"), "{out}");
    assert!(out.chars().all(|c| c == '\n' || !c.is_control()));
}

/// Two targets, with every outcome.
fn busy() -> Vec<u8> {
    let disk = Memory::default();
    for (target, outcomes) in [
        ("production", &EventName::ALL[..]),
        ("a\"b\\c", &[EventName::Migrated, EventName::Migrated][..]),
    ] {
        let context = Context { target: target.into(), ..context() };
        let mut journal = Journal::open(&disk, Path::new(PATH), context).unwrap();
        for (second, name) in outcomes.iter().enumerate() {
            let took = Duration::from_millis(250 * (second as u64 + 1));
            let event = Event::of(*name, "0001_a").with("migration.duration", took);
            journal.record(at(second as i64), &event).unwrap();
        }
    }
    disk.bytes()
}

#[test]
fn a_journal_is_summed_up_by_target() {
    let sums = sums(&busy());
    insta::assert_snapshot!(sums.to_text(), @r#"
    shop/a"b\c: 2 migrated, 0.75 s in all, the longest 0.5 s, the last at 2025-11-13T02:13:21Z
    shop/production: 1 migrated, 1 failed, 1 blocked, 1 rolled back, 1 rollback failed, 1 resolved, 0.25 s in all, the longest 0.25 s, the last at 2025-11-13T02:13:20Z
    "#);
    insta::assert_snapshot!(sums.to_prometheus(), @r#"
    # HELP migration_gate_migrations_total What became of migrations.
    # TYPE migration_gate_migrations_total counter
    migration_gate_migrations_total{set="shop",target="a\"b\\c",outcome="migrated"} 2
    migration_gate_migrations_total{set="shop",target="a\"b\\c",outcome="failed"} 0
    migration_gate_migrations_total{set="shop",target="a\"b\\c",outcome="blocked"} 0
    migration_gate_migrations_total{set="shop",target="a\"b\\c",outcome="rolled_back"} 0
    migration_gate_migrations_total{set="shop",target="a\"b\\c",outcome="rollback_failed"} 0
    migration_gate_migrations_total{set="shop",target="a\"b\\c",outcome="resolved"} 0
    migration_gate_migrations_total{set="shop",target="production",outcome="migrated"} 1
    migration_gate_migrations_total{set="shop",target="production",outcome="failed"} 1
    migration_gate_migrations_total{set="shop",target="production",outcome="blocked"} 1
    migration_gate_migrations_total{set="shop",target="production",outcome="rolled_back"} 1
    migration_gate_migrations_total{set="shop",target="production",outcome="rollback_failed"} 1
    migration_gate_migrations_total{set="shop",target="production",outcome="resolved"} 1
    # HELP migration_gate_migration_duration_seconds How long migrations that succeeded took.
    # TYPE migration_gate_migration_duration_seconds summary
    migration_gate_migration_duration_seconds_sum{set="shop",target="a\"b\\c"} 0.75
    migration_gate_migration_duration_seconds_count{set="shop",target="a\"b\\c"} 2
    migration_gate_migration_duration_seconds_sum{set="shop",target="production"} 0.25
    migration_gate_migration_duration_seconds_count{set="shop",target="production"} 1
    # HELP migration_gate_longest_migration_duration_seconds How long the longest of them took.
    # TYPE migration_gate_longest_migration_duration_seconds gauge
    migration_gate_longest_migration_duration_seconds{set="shop",target="a\"b\\c"} 0.5
    migration_gate_longest_migration_duration_seconds{set="shop",target="production"} 0.25
    # HELP migration_gate_last_success_timestamp_seconds When the last migration succeeded, in Unix time.
    # TYPE migration_gate_last_success_timestamp_seconds gauge
    migration_gate_last_success_timestamp_seconds{set="shop",target="a\"b\\c"} 1763000001
    migration_gate_last_success_timestamp_seconds{set="shop",target="production"} 1763000000
    # HELP migration_gate_journal_unreadable_lines Lines of the journal that are no events.
    # TYPE migration_gate_journal_unreadable_lines gauge
    migration_gate_journal_unreadable_lines 0
    "#);
}

#[test]
fn lines_that_are_no_events_are_counted_and_nothing_overflows() {
    let text = String::from_utf8(small()).unwrap();
    let hostile = text.replace("1.5", "1e300") + "what is this\n";
    let sums = sums(hostile.as_bytes());
    assert_eq!(sums.unreadable, 1);
    let of = &sums.targets[&("shop".to_owned(), "production".to_owned())];
    assert_eq!((of.timed, of.total_micros), (1, u64::MAX));
    assert!(sums.to_text().contains("1 lines are no events"));
    assert_eq!(Metrics::default().to_text(), "");
}

#[test]
fn where_there_is_no_journal_nothing_has_happened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    assert_eq!(super::super::metrics(&path).unwrap(), Metrics::default());
    let fault = super::super::verify(&path).unwrap_err();
    assert!(fault.to_string().contains("help: check that it is there"), "{fault}");
    std::fs::write(&path, small()).unwrap();
    assert!(super::super::verify(&path).unwrap().is_sound());
    assert!(super::super::verify(folder.path()).is_err());
    assert_eq!(super::super::metrics(&path).unwrap(), sums(&small()));
}

#[test]
fn the_end_of_a_real_file_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    std::fs::write(&path, "abcdef").unwrap();
    let end = |most| RealDisk.read_end(&path, most).unwrap();
    assert_eq!(
        (end(0), end(3), end(6), end(7)),
        (vec![], b"def".into(), b"abcdef".into(), b"abcdef".into())
    );
}
