use super::super::line::{MOST_LINE, no_hash};
use super::*;
use crate::model::sha256;
use crate::runner::target::FileDone;

fn file(path: &str, before: &str, after: &str) -> FileDone {
    FileDone { path: path.to_owned(), before: before.to_owned(), after: after.to_owned() }
}

#[test]
fn every_line_is_chained_to_the_one_before() {
    let bytes = small();
    let mut previous = no_hash();
    for (event, number) in events(&bytes).into_iter().zip(1_u64..) {
        assert_eq!(event["sequence"], number);
        assert_eq!(event["previous_hash"], previous.as_str());
        let mut rest = event.clone();
        rest.as_object_mut().unwrap().remove("hash");
        let hash = sha256(&serde_json_canonicalizer::to_vec(&rest).unwrap());
        assert_eq!(event["hash"], hash.as_str());
        previous = hash;
    }
    let found = verified(&bytes);
    assert!(found.is_sound() && found.notes.is_empty(), "{found:?}");
    assert_eq!((found.events, found.last_sequence, found.last_hash), (3, 3, Some(previous)));
}

#[test]
fn a_line_has_the_shape_of_an_opentelemetry_event() {
    let event = events(&small()).remove(1);
    assert_eq!(event["event_name"], "config.migrated");
    assert_eq!(event["timestamp"], "2025-11-13T02:13:21.123456789Z");
    assert_eq!(
        (event["severity_number"].as_u64(), &event["severity_text"]),
        (Some(9), &"INFO".into())
    );
    assert_eq!(event["resource"]["service.name"], "migration-gate");
    let attributes = event["attributes"].as_object().unwrap();
    for (name, value) in [
        ("config.migration.id", "0001_a"),
        ("config.migration.set", "shop"),
        ("config.migration.target", "production"),
        ("config.migration.run_id", "0190f5d2-7a3c-7e11-8b1a-0242ac120002"),
        ("vcs.ref.head.revision", "9ce946c1"),
    ] {
        assert_eq!(attributes[name], value);
    }
    assert_eq!(attributes["config.migration.duration"].as_f64(), Some(1.5));
    assert!(event.get("trace_id").is_none());
}

#[test]
fn every_event_has_its_name_and_severity_and_fits_the_schema() {
    for documents in [true, false] {
        let disk = Memory::default();
        let context = Context { documents, ..context() };
        let mut journal = Journal::open(&disk, Path::new(PATH), context).unwrap();
        let files = [file("a.toml", &sha256(b"1"), &sha256(b"2"))];
        for name in EventName::ALL {
            let event = Event::of(name, "0001_a")
                .with("migration.state", "failed")
                .with("migration.rows", 7_u64)
                .with("migration.resolved.reason", Fact::said("mended by hand"))
                .with("error.type", "partial_failure")
                .with("anything.else", Fact::name("x"))
                .with_files(&files);
            journal.record(at(0), &event).unwrap();
        }
        let told: Vec<(String, u64)> = events(&disk.bytes())
            .iter()
            .map(|event| {
                let name = event["event_name"].as_str().unwrap().to_owned();
                (name, event["severity_number"].as_u64().unwrap())
            })
            .collect();
        let prefix = if documents { "config" } else { "database" };
        let expected = [
            ("migrated", 9),
            ("migration.failed", 17),
            ("migration.blocked_by_partial_failure", 17),
            ("migration.checkpoint.created", 9),
            ("migration.rollback.started", 13),
            ("migration.rollback.completed", 9),
            ("migration.rollback.failed", 21),
            ("migration.resolved", 13),
        ];
        assert_eq!(told, expected.map(|(name, number)| (format!("{prefix}.{name}"), number)));
        let attributes = &events(&disk.bytes())[0]["attributes"];
        assert_eq!(attributes[format!("{prefix}.file.path")], serde_json::json!(["a.toml"]));
        assert!(verified(&disk.bytes()).is_sound());
    }
}

#[test]
fn a_valid_traceparent_is_carried_on_and_any_other_left_out() {
    let valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for (header, expected) in [(valid, true), ("00-what-ever-01", false)] {
        let disk = Memory::default();
        let context = Context { traceparent: Some(header.into()), ..context() };
        let mut journal = Journal::open(&disk, Path::new(PATH), context).unwrap();
        journal.record(at(0), &Event::of(EventName::Migrated, "0001_a")).unwrap();
        let event = events(&disk.bytes()).remove(0);
        let ids = ["trace_id", "span_id"].map(|name| event.get(name).and_then(Value::as_str));
        let known = [Some("0af7651916cd43dd8448eb211c80319c"), Some("b7ad6b7169203331")];
        assert_eq!(ids, if expected { known } else { [None; 2] });
    }
}

#[test]
fn foreign_text_is_harmless_and_short() {
    let disk = Memory::default();
    let hostile = format!("a\n\u{1b}[2J\u{202e}\"\\{}", "ü".repeat(5000));
    let context = Context { set: hostile.clone(), ..context() };
    let mut journal = Journal::open(&disk, Path::new(PATH), context).unwrap();
    let event = Event::of(EventName::Migrated, &hostile)
        .with("migration.run_id", Fact::name("another"))
        .with("journal.torn_sha256", Fact::hash("password = hunter2"))
        .with_files(&[file(&hostile, "hunter2", &"f".repeat(100))]);
    journal.record(at(0), &event).unwrap();
    let event = events(&disk.bytes()).remove(0);
    let told = |name: &str| &event["attributes"][name];
    let id = told("config.migration.id").as_str().unwrap();
    assert!(id.starts_with("a\\u{a}\\u{1b}[2J\\u{202e}\"\\ü") && id.ends_with("ü…"), "{id}");
    assert_eq!(id.chars().count(), 512);
    assert_eq!(told("config.migration.set"), id);
    assert_eq!(told("config.file.path"), &serde_json::json!([id]));
    assert_eq!(told("config.file.sha256.before"), &serde_json::json!([""]));
    assert_eq!(told("config.file.sha256.after"), &serde_json::json!(["f".repeat(64)]));
    assert_eq!(told("journal.torn_sha256"), "");
    // No event passes for one of another run.
    assert_eq!(told("config.migration.run_id"), super::context().run_id.as_str());
    assert_eq!(split(&disk.bytes()).len(), 1);
    assert!(verified(&disk.bytes()).is_sound());
}

#[test]
fn the_longest_event_is_no_longer_than_a_line_may_be() {
    let long = "\u{1f980}\"\\".repeat(4000);
    let files: Vec<_> = (0..500).map(|_| file(&long, &sha256(b"1"), &sha256(b"2"))).collect();
    let disk = Memory::default();
    let context =
        Context { set: long.clone(), target: long.clone(), run_id: long.clone(), ..context() };
    let mut journal = Journal::open(&disk, Path::new(PATH), context).unwrap();
    let mut event = Event::of(EventName::Migrated, &long).with_files(&files);
    for name in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] {
        event = event.with(name, Fact::said(&long));
    }
    for second in 0..2 {
        journal.record(at(second), &event).unwrap();
    }
    let bytes = disk.bytes();
    assert!(split(&bytes).iter().all(|line| line.len() < MOST_LINE / 2));
    let attributes = &events(&bytes)[0]["attributes"];
    assert_eq!(attributes["config.file.count"], 500);
    assert_eq!(attributes["config.file.path"].as_array().unwrap().len(), 100);
    // It can be gone on with.
    open(&disk).record(at(2), &event).unwrap();
    assert!(verified(&disk.bytes()).is_sound());
}

#[test]
fn durations_are_read_back_as_they_were_written() {
    let disk = Memory::default();
    let mut journal = open(&disk);
    for nanos in [0, 1, 999, 1000, 123_456_789, 1_000_000_001, 86_399_999_999_999, u64::MAX] {
        let duration = Duration::from_nanos(nanos);
        let event = Event::of(EventName::Migrated, "1").with("migration.duration", duration);
        journal.record(at(0), &event.with("migration.rows", nanos)).unwrap();
    }
    assert_eq!(verified(&disk.bytes()).problems, []);
    assert_eq!(events(&disk.bytes())[4]["attributes"]["config.migration.duration"], 0.123_456);
}

#[test]
fn an_event_is_durable_and_so_is_the_name_of_the_file() {
    let disk = Memory::default();
    let mut journal = open(&disk);
    let event = Event::of(EventName::Migrated, "0001_a");
    journal.record(at(0), &event).unwrap();
    journal.record(at(1), &event).unwrap();
    let (append, sync) = (format!("append {PATH}"), format!("sync {PATH}"));
    let expected = [&append, &sync, "sync_folder /state", &append, &sync];
    assert_eq!(*disk.calls.borrow(), expected);
}

#[test]
fn sequence_numbers_do_not_care_about_the_clock() {
    let disk = Memory::default();
    for second in [100, 50, 60] {
        open(&disk).record(at(second), &Event::of(EventName::Migrated, "0001_a")).unwrap();
    }
    let numbers: Vec<_> =
        events(&disk.bytes()).iter().map(|event| event["sequence"].as_u64()).collect();
    assert_eq!(numbers, [Some(1), Some(2), Some(3)]);
    let found = verified(&disk.bytes());
    assert!(found.is_sound());
    assert_eq!(found.notes.len(), 1);
    assert_eq!(found.notes[0].line, 2);
    assert!(found.notes[0].what.starts_with("the clock went back, from 2025-11-13T02:15:00.1"));
}

#[test]
fn opening_reads_the_end_only() {
    let disk = Memory::default();
    let mut journal = open(&disk);
    for second in 0..300 {
        journal.record(at(second), &Event::of(EventName::Migrated, "0001_a")).unwrap();
    }
    let length = disk.bytes().len();
    assert!(length > 150_000, "{length}");
    assert_eq!(disk.read.get(), 0, "a journal that is open need not be read again");
    open(&disk);
    assert_eq!(disk.read.get(), 16 * 1024);
}
