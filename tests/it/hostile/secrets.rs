//! The password of a server's address stays out of every message, however the address fails.

use migration_gate::host;

use crate::support::{PROGRAM, bare, write};

const PASSWORD: &str = "canaryInTheAddress4";

/// Addresses that fail on the way from reading them to logging in; port 1 has no server.
const ADDRESSES: [&str; 9] = [
    "postgres://u:@127.0.0.1:1/d",
    "postgres://u:@nowhere.invalid/d",
    "postgres://u:@127.0.0.1:none/d",
    "postgres://u:@[::1/d",
    "postgres://u:@127.0.0.1:1/d?sslmode=@",
    "postgres://u:@%zz@127.0.0.1:1/d",
    "mysql://u:@127.0.0.1:1/d",
    "host=127.0.0.1 port=1 user=u password=@",
    "host=127.0.0.1 port=1 pasword=@",
];

#[test]
fn no_failure_tells_the_password_of_an_address() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "base/README.md", "");
    write(folder.path(), "head/migrations/1_t.up.sql", "CREATE TABLE t (id integer);");
    write(folder.path(), "head/migrations/1_t.down.sql", "DROP TABLE t;");
    for address in ADDRESSES {
        let address = address
            .replacen(":@", &format!(":{PASSWORD}@"), 1)
            .replace("=@", &format!("={PASSWORD}"));
        let mut gate = bare(host::command(PROGRAM));
        gate.args(["check", "--engine", "postgres", "--base-dir", "base", "head"]);
        gate.args(["--postgres-url", &address]).current_dir(folder.path());
        let output = gate.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        assert!(matches!(output.status.code(), Some(2 | 3)), "{address}: {text}");
        assert!(!text.contains(PASSWORD), "{address}: {text}");
    }
}
