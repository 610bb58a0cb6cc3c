//! Programs that come with the change are not taken for the machine's own, though PATH leads to them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Folder, PROGRAM, bare, finish};
use migration_gate::host;

#[test]
fn no_program_of_the_change_stands_for_the_server() {
    let folder = Folder::new(&[
        ("base/README.md", ""),
        ("head/migrations/1_t.up.sql", "CREATE TABLE t (id integer);"),
        ("head/migrations/1_t.down.sql", "DROP TABLE t;"),
    ]);
    let (place, home) = (folder.path().canonicalize().unwrap(), tempfile::tempdir().unwrap());
    let bin = place.join("head/bin");
    fs::create_dir(&bin).unwrap();
    for program in ["initdb", "postgres", "pg_config"] {
        fs::write(bin.join(program), format!("#!/bin/sh\necho {program} >>{place:?}/ran\n"))
            .unwrap();
        fs::set_permissions(bin.join(program), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut gate = bare(host::command(PROGRAM));
    gate.args(["check", "--engine", "postgres", "--base-dir", "base", "head"]);
    gate.current_dir(&place).env("HOME", home.path());
    let path = format!("head/bin:{}:/usr/local/bin:/usr/bin:/bin", bin.display());
    let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/cache");
    let ran = finish(gate.env("PATH", path).env("XDG_CACHE_HOME", cache));
    assert!(!place.join("ran").exists(), "{}", fs::read_to_string(place.join("ran")).unwrap());
    // With a server of the machine's, or with none.
    assert!(matches!(ran.code, 0 | 3), "{}{}", ran.out, ran.err);
}
