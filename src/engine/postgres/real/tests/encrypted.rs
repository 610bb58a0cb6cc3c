//! TLS, with a server whose certificate is made here.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use super::*;
use crate::engine::postgres::account::{self, Account};
use crate::engine::postgres::template::INIT_FLAGS;

/// A server that speaks TLS and asks for a password.
struct Private {
    home: PathBuf,
    server: Child,
    port: u16,
}

impl Drop for Private {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// Both authorities are called the same; only one signed the server's certificate.
const CERTIFICATES: &str = "set -e
for ca in ca stranger; do
  openssl req -x509 -newkey rsa:2048 -nodes -keyout $ca.key -out $ca.crt -subj /CN=authority -days 2
done
openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=server
printf 'subjectAltName=DNS:localhost\\nbasicConstraints=CA:FALSE\\n' > extensions
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
  -extfile extensions -out server.crt";

impl Private {
    /// Nothing where the machine has no server, or, loudly, no openssl.
    fn start() -> Option<Self> {
        let binaries = binaries()?;
        if host::command("openssl").arg("version").output().is_err() {
            eprintln!("SKIPPED: openssl is not installed here");
            return None;
        }
        let (home, account) = account::run_folder().unwrap();
        let run = |program: &str| child(program, &home, account);
        succeed(run("sh").args(["-c", CERTIFICATES]));
        let data = home.join("data");
        let mut init = run(binaries.initdb().to_str().unwrap());
        succeed(init.args(INIT_FLAGS.split(' ')).arg("-D").arg(&data));
        let hba = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
        fs::write(data.join("pg_hba.conf"), hba).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = run(binaries.postgres().to_str().unwrap());
        server.arg("-D").arg(&data).arg("-k").arg(&home);
        for set in [
            "listen_addresses=127.0.0.1",
            "ssl=on",
            "ssl_cert_file=../server.crt",
            "ssl_key_file=../server.key",
            "fsync=off",
        ] {
            server.args(["-c", set]);
        }
        let server = server.arg("-p").arg(port.to_string()).spawn().unwrap();
        let private = Self { home, server, port };
        let folder = private.home.display().to_string().replace('/', "%2F");
        let url = format!("postgres://postgres@{folder}:{port}/postgres");
        let deadline = host::now() + Duration::from_secs(30);
        let mut admin = loop {
            match Connector::new(&url).unwrap().connect() {
                Ok(admin) => break admin,
                Err(error) => assert!(host::now() < deadline, "{error}"),
            }
            host::pause(Duration::from_millis(20));
        };
        admin
            .batch_execute(
                "SET password_encryption = 'scram-sha-256'; ALTER ROLE postgres PASSWORD 's3cret'",
            )
            .unwrap();
        Some(private)
    }

    fn url(&self, server: &str, options: &str) -> String {
        format!("postgres://postgres:s3cret@{server}:{}/postgres?{options}", self.port)
    }

    fn authority(&self, name: &str) -> String {
        format!("&sslrootcert={}", self.home.join(name).display())
    }
}

fn child(program: &str, folder: &Path, account: Option<Account>) -> Command {
    let mut command = host::command(program);
    if let Some(account) = account {
        command.uid(account.uid).gid(account.gid);
    }
    command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn succeed(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}

#[test]
fn servers_are_trusted_as_far_as_the_mode_says() {
    let Some(private) = Private::start() else { return };
    let (ours, theirs) = (private.authority("ca.crt"), private.authority("stranger.crt"));
    for (server, mode, authority, expected) in [
        ("127.0.0.1", "prefer", "", true),
        ("127.0.0.1", "require", "", true),
        ("127.0.0.1", "require&channel_binding=require", "", true),
        ("127.0.0.1", "disable", "", false),
        ("127.0.0.1", "require", theirs.as_str(), false),
        ("127.0.0.1", "verify-ca", ours.as_str(), true),
        ("127.0.0.1", "verify-ca", theirs.as_str(), false),
        ("127.0.0.1", "verify-full", ours.as_str(), false),
        ("localhost", "verify-full", ours.as_str(), true),
        ("localhost", "verify-full", theirs.as_str(), false),
        ("localhost", "verify-full", "&sslrootcert=/nowhere", false),
    ] {
        let url = private.url(server, &format!("sslmode={mode}{authority}"));
        let opened = Real::open(&url, &spec());
        assert_eq!(opened.is_ok(), expected, "{url}: {:?}", opened.err());
        if let Ok(mut real) = opened {
            let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            assert_eq!(real.read(sql).unwrap(), [vec![Some("t".to_owned())]]);
        }
    }
    let wrong = private.url("127.0.0.1", "sslmode=require").replace("s3cret", "wr0ng");
    let error = Real::open(&wrong, &spec()).err().unwrap().to_string();
    assert!(
        error.contains("password authentication failed") && !error.contains("wr0ng"),
        "{error}"
    );
}

#[test]
fn statements_are_stopped_and_copies_made_over_tls_too() {
    let Some(private) = Private::start() else { return };
    let options = format!("sslmode=verify-full{}", private.authority("ca.crt"));
    let mut real = Real::open(&private.url("localhost", &options), &spec()).unwrap();
    real.execute(&wrapped("CREATE TABLE a (id int)"), &[]).unwrap();
    let before = real.snapshot().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.dump");
    real.back_up(&file).unwrap();
    real.execute(&wrapped("DROP TABLE a"), &[]).unwrap();
    real.restore(&file).unwrap();
    assert_eq!(real.snapshot().unwrap(), before);
    real.spec.statement_timeout = Duration::from_millis(200);
    let started = host::now();
    let ended = real.execute(&wrapped("SELECT pg_sleep(600)"), &[]);
    assert!(matches!(ended, Err(TargetError::TimedOut { .. })), "{ended:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
}
