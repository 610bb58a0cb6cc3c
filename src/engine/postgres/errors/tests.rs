use super::*;

fn around(declared: Option<u32>) -> Circumstances<'static> {
    Circumstances {
        server: "15.18",
        major: 15,
        declared,
        superuser: true,
        confined: true,
        named: false,
        roles_made: &[],
    }
}

fn kind(code: &str, message: &str, sql: &str, around: &Circumstances<'_>) -> &'static str {
    let words: Vec<String> = sql.split(' ').map(str::to_uppercase).collect();
    match judge(code, message, &words, around) {
        Verdict::Script => "script",
        Verdict::CannotRun(_) => "cannot run",
        Verdict::Broken => "broken",
        Verdict::Barred => "barred",
    }
}

#[test]
fn errors_are_laid_at_the_right_door() {
    let cases = [
        ("0A000", "extension \"postgis\" is not available", "create extension", "cannot run"),
        (
            "58P01",
            "could not open extension control file \"/usr/share/postgresql/13/extension/vector.control\": No such file or directory",
            "create extension",
            "cannot run",
        ),
        (
            "58P01",
            "could not access file \"$libdir/x\": No such file or directory",
            "create function",
            "cannot run",
        ),
        ("42704", "role \"app\" does not exist", "grant select", "cannot run"),
        ("42704", "role \"app\" does not exist", "drop role", "script"),
        ("42704", "type \"geometry\" does not exist", "create table", "script"),
        ("42704", "unrecognized configuration parameter \"x\"", "set x", "cannot run"),
        (
            "F0000",
            "pg_cron can only be loaded via shared_preload_libraries",
            "create extension",
            "cannot run",
        ),
        ("42601", "syntax error at or near \":\"", "select", "cannot run"),
        ("42601", "syntax error at or near \"TABEL\"", "create tabel", "script"),
        ("42P01", "relation \"t\" does not exist", "drop table", "script"),
        ("23502", "column \"a\" of relation \"t\" contains null values", "alter table", "script"),
        ("53100", "could not extend file: No space left on device", "insert", "broken"),
        ("57P01", "terminating connection due to administrator command", "select", "broken"),
        ("57014", "canceling statement due to statement timeout", "select", "script"),
        ("42501", "permission denied for table t", "select", "script"),
        ("42501", "could not open file \"/x\": Permission denied", "do", "barred"),
        ("53200", "could not execute command \"x\": Cannot allocate memory", "do", "barred"),
        (
            "58P01",
            "could not open file \"/x\" for reading: No such file or directory",
            "do",
            "barred",
        ),
        ("53200", "out of memory", "select", "barred"),
        ("53200", "out of shared memory", "drop", "broken"),
        ("08001", "could not establish connection", "select", "barred"),
        ("XX000", "incompatible library \"x\": missing magic block", "load", "barred"),
        ("22P02", "invalid input syntax for type integer: \"Permission denied\"", "do", "script"),
        ("42P01", "relation \"Permission denied\" does not exist", "select", "script"),
        ("P0004", "Operation not permitted", "do", "script"),
    ];
    for (code, message, sql, expected) in cases {
        assert_eq!(kind(code, message, sql, &around(None)), expected, "{code} {message}");
    }
}

#[test]
fn an_older_server_than_declared_is_not_the_scripts_fault() {
    let message = "syntax error at or near \"VIRTUAL\"";
    assert_eq!(kind("42601", message, "create table", &around(Some(18))), "cannot run");
    assert_eq!(kind("42601", message, "create table", &around(Some(14))), "script");
    assert_eq!(kind("23505", "duplicate key", "insert", &around(Some(18))), "script");
}

#[test]
fn a_role_that_the_history_makes_and_loses_is_the_scripts_fault() {
    let made = ["create role app".to_owned()];
    let around = Circumstances { roles_made: &made, ..around(None) };
    assert_eq!(kind("42704", "role \"app\" does not exist", "grant", &around), "script");
    assert_eq!(kind("42704", "role \"web\" does not exist", "grant", &around), "cannot run");
}

#[test]
fn without_confinement_nothing_is_taken_for_its_doing() {
    let around = Circumstances { superuser: false, confined: false, ..around(None) };
    let message = "permission denied to create extension \"dblink\"";
    assert_eq!(kind("42501", message, "create extension", &around), "cannot run");
    assert_eq!(kind("08001", "could not establish connection", "do", &around), "script");
}

#[test]
fn missing_extensions_are_named() {
    let Verdict::CannotRun(reason) =
        judge("0A000", "extension \"postgis\" is not available", &[], &around(None))
    else {
        panic!("not a script's fault");
    };
    assert!(reason.reason.contains("postgis") && reason.reason.contains("15.18"));
}

#[test]
fn positions_count_characters_and_cover_a_token() {
    let text = "-- é\nSELECT 'é', \"naïve\" FROM t;";
    let statement = Span::new(6, text.len());
    let at = |position| token_at(text, statement, position).map(|s| &text[s.start..s.end]);
    assert_eq!(at(1), Some("SELECT"));
    assert_eq!(at(13), Some("\"naïve\""));
    assert_eq!(at(999), None);
}

#[test]
fn what_is_barred_comes_with_a_way_out() {
    let way_out = |code, message, sql: &str| {
        let words: Vec<String> = sql.split(' ').map(str::to_uppercase).collect();
        super::way_out(code, message, &words)
    };
    let denied = "could not create directory \"/x\": Permission denied";
    assert!(way_out("42501", denied, "create tablespace a").contains("default_tablespace"));
    assert!(way_out("42501", denied, "select pg_read_file").contains("INSERT"));
    assert!(way_out("08001", "could not connect", "select dblink").contains("connections"));
    assert_eq!(way_out("53200", "out of memory", "select"), LESS);
}
