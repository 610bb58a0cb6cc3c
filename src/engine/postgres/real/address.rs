//! Where a server is and how it is to be trusted, from a connection string and the environment.
//!
//! `sslmode` and `sslrootcert` mean what they mean to
//! [libpq](https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION), so that
//! `pg_dump` trusts the same servers.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use postgres::Config;
use postgres::config::{ChannelBinding, Host, SslMode, SslNegotiation};

use super::password;
use crate::engine::EngineError;
use crate::host;
use crate::model::printable;

/// How long a server may take to answer.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);
/// How long a connection may be silent before the server is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How long what was sent may go without an answer from the other machine.
const UNANSWERED: Duration = Duration::from_secs(60);

/// How far the other side of an encrypted connection is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Whoever it is.
    Anyone,
    /// Whoever has a certificate that an authority signed.
    Signed,
    /// Only who has such a certificate for that host's name.
    Named,
}

/// Who may sign certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Authorities {
    /// Those of the machine (`sslrootcert=system`).
    System,
    /// Those of a file.
    File(PathBuf),
}

/// A connection string, understood.
pub(super) struct Address {
    /// What the client connects with.
    pub(super) config: Config,
    /// How far the server is trusted.
    pub(super) trust: Trust,
    /// Who may sign its certificate, where it needs one.
    pub(super) authorities: Option<Authorities>,
    /// What people may read: no user and no password.
    pub(super) place: String,
    /// The word of `sslmode`.
    mode: String,
}

pub(super) fn unusable(what: impl Into<String>) -> EngineError {
    EngineError::Unavailable {
        what: what.into(),
        way_out: "write postgres://user@host:5432/database?sslmode=verify-full, the password in \
                  PGPASSWORD or in the file named by PGPASSFILE"
            .into(),
    }
}

impl Address {
    /// Reads a connection string.
    pub(super) fn parse(url: &str) -> Result<Self, EngineError> {
        let (bare, options) = without_tls(url)?;
        // The parser's own message may repeat a part of the URL, and with it a password.
        let mut config: Config = bare
            .parse()
            .map_err(|_| unusable("the target is not a connection string of PostgreSQL"))?;
        let ([host], [] | [_], Some(database)) =
            (config.get_hosts(), config.get_ports(), config.get_dbname())
        else {
            return Err(unusable("the target has to name one host, one port and one database"));
        };
        let (host, database) = (host.clone(), database.to_owned());
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let place = place(&host, port, &database);
        if config.get_user().is_none()
            && let Some(user) = host::env_text("PGUSER")
        {
            config.user(&user);
        }
        let authorities = options.authorities();
        let mode = options.mode.or_else(|| host::env_text("PGSSLMODE"));
        let mode = mode.unwrap_or_else(|| "prefer".into());
        let trust = trust(&mode, authorities.is_some())?;
        if trust != Trust::Anyone && authorities.is_none() {
            return Err(unusable(format!(
                "sslmode={} needs the certificate of an authority, and there is none",
                printable(&mode)
            )));
        }
        if config.get_password().is_none()
            && let Some(password) = password::find(&config, &host, port, &database)
        {
            config.password(password);
        }
        set_up(&mut config, &host, &mode);
        Ok(Self { config, trust, authorities, place, mode })
    }

    /// The same connection for programs that use libpq. What else of the environment would lead
    /// them elsewhere is named without a value, to be taken away.
    pub(super) fn variables(&self) -> Vec<(&'static str, Option<OsString>)> {
        let config = &self.config;
        let text = |value: Option<&str>| value.map(OsString::from);
        let host = config.get_hosts().first().map(|host| match host {
            Host::Tcp(name) => OsString::from(name),
            Host::Unix(folder) => folder.clone().into_os_string(),
        });
        let direct = config.get_ssl_negotiation() == SslNegotiation::Direct;
        let bound = match config.get_channel_binding() {
            ChannelBinding::Disable => Some("disable"),
            ChannelBinding::Require => Some("require"),
            _ => None,
        };
        let authorities = self.authorities.as_ref().map(|authorities| match authorities {
            Authorities::System => OsString::from("system"),
            Authorities::File(path) => path.clone().into_os_string(),
        });
        let limit = config.get_connect_timeout().map(|limit| limit.as_secs().to_string());
        let numeric = config.get_hostaddrs().first().map(ToString::to_string);
        vec![
            ("PGHOST", host),
            ("PGHOSTADDR", numeric.map(OsString::from)),
            ("PGPORT", config.get_ports().first().map(|port| port.to_string().into())),
            ("PGDATABASE", text(config.get_dbname())),
            ("PGUSER", text(config.get_user())),
            ("PGPASSWORD", config.get_password().map(|word| OsString::from_vec(word.to_vec()))),
            ("PGOPTIONS", text(config.get_options())),
            ("PGAPPNAME", text(config.get_application_name())),
            ("PGCONNECT_TIMEOUT", limit.map(OsString::from)),
            ("PGSSLMODE", Some(self.mode.clone().into())),
            ("PGSSLROOTCERT", authorities),
            ("PGSSLNEGOTIATION", direct.then(|| "direct".into())),
            ("PGCHANNELBINDING", text(bound)),
            ("PGSERVICE", None),
            ("PGSERVICEFILE", None),
            ("PGPASSFILE", None),
            ("PGREQUIRESSL", None),
            ("PGTARGETSESSIONATTRS", None),
            ("PGLOADBALANCEHOSTS", None),
            ("PGCLIENTENCODING", None),
        ]
    }
}

/// Sets what does not stand in a connection string.
fn set_up(config: &mut Config, host: &Host, mode: &str) {
    config.ssl_mode(match (host, mode) {
        // No machine but this one hears what goes through a socket of its own.
        (Host::Unix(_), _) | (_, "disable") => SslMode::Disable,
        (_, "allow" | "prefer") => SslMode::Prefer,
        _ => SslMode::Require,
    });
    config.application_name("migration-gate").notice_callback(|_| {});
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_LIMIT);
    }
    config.keepalives(true).keepalives_idle(KEEPALIVE);
    config.keepalives_interval(KEEPALIVE / 3).keepalives_retries(3);
    config.tcp_user_timeout(UNANSWERED);
}

/// What the `postgres` crate does not read itself.
#[derive(Default)]
struct TlsOptions {
    mode: Option<String>,
    root: Option<OsString>,
}

impl TlsOptions {
    fn authorities(&self) -> Option<Authorities> {
        let named = self.root.clone().or_else(|| host::env("PGSSLROOTCERT"));
        match named {
            Some(name) if name == *"system" => Some(Authorities::System),
            Some(name) => Some(Authorities::File(name.into())),
            None => {
                let usual = PathBuf::from(host::env("HOME")?).join(".postgresql/root.crt");
                usual.is_file().then_some(Authorities::File(usual))
            }
        }
    }
}

/// Takes `sslmode` and `sslrootcert` out of a URL.
fn without_tls(url: &str) -> Result<(String, TlsOptions), EngineError> {
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(unusable("the target is not a URL that begins with postgres://"));
    }
    let mut found = TlsOptions::default();
    let user_end = url.find('@').unwrap_or_default();
    let Some(question) = url[user_end..].find('?').map(|at| at + user_end) else {
        return Ok((url.to_owned(), found));
    };
    let (mut kept, mut host) = (Vec::new(), None);
    for pair in url[question + 1..].split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value: Vec<u8> = percent_decode_str(value).collect();
        match name {
            "host" => host = pair.strip_prefix("host="),
            "sslmode" => found.mode = Some(String::from_utf8_lossy(&value).into_owned()),
            "sslrootcert" => found.root = Some(OsStr::from_bytes(&value).to_owned()),
            "sslcert" | "sslkey" | "sslcrl" | "sslpassword" | "gssencmode" | "service"
            | "passfile" => {
                return Err(unusable(format!("{name} of a connection string is not read here")));
            }
            _ => kept.push(pair),
        }
    }
    let mut bare = url[..question].to_owned();
    if let Some(host) = host {
        name_host(&mut bare, host);
    }
    Ok((format!("{bare}?{}", kept.join("&")), found))
}

/// Puts a host among the parameters, which is the one that counts for libpq, in the place of the
/// one before them. Tools name the folder of a socket so.
fn name_host(url: &mut String, host: &str) {
    let begin = url.find('@').or_else(|| url.find("//").map(|at| at + 1)).map_or(0, |at| at + 1);
    let rest = &url[begin..];
    let end = match rest.find(']') {
        Some(end) if rest.starts_with('[') => end + 1,
        _ => rest.find([':', '/']).unwrap_or(rest.len()),
    };
    url.replace_range(begin..begin + end, &host.replace('/', "%2F"));
}

fn trust(mode: &str, has_authorities: bool) -> Result<Trust, EngineError> {
    match mode {
        "disable" | "allow" | "prefer" => Ok(Trust::Anyone),
        // As libpq has it: who names an authority wants it to be asked.
        "require" if has_authorities => Ok(Trust::Signed),
        "require" => Ok(Trust::Anyone),
        "verify-ca" => Ok(Trust::Signed),
        "verify-full" => Ok(Trust::Named),
        other => {
            let other = printable(other);
            Err(unusable(format!("there is no sslmode={other}")))
        }
    }
}

/// The place of a database for people.
fn place(host: &Host, port: u16, database: &str) -> String {
    let host = match host {
        Host::Tcp(name) if name.contains(':') => format!("[{name}]"),
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    };
    printable(&format!("postgres://{host}:{port}/{database}")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Address {
        Address::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    #[test]
    fn a_place_names_no_user_and_no_password() {
        for (url, place) in [
            ("postgres://u:p%40s@db.example.org/shop", "postgres://db.example.org:5432/shop"),
            ("postgresql://u:p@[::1]:6000/shop?sslmode=disable", "postgres://[::1]:6000/shop"),
            ("postgres://u:p@%2Frun%2Fpg/shop", "postgres:///run/pg:5432/shop"),
        ] {
            assert_eq!(parsed(url).place, place);
        }
    }

    #[test]
    fn modes_of_tls_mean_what_they_mean_to_libpq() {
        let root = "&sslrootcert=%2Ftmp%2Froot.crt";
        for (mode, authority, ssl, trust) in [
            ("disable", "", SslMode::Disable, Trust::Anyone),
            ("prefer", "", SslMode::Prefer, Trust::Anyone),
            ("require", "", SslMode::Require, Trust::Anyone),
            ("require", root, SslMode::Require, Trust::Signed),
            ("verify-ca", root, SslMode::Require, Trust::Signed),
            ("verify-full", root, SslMode::Require, Trust::Named),
            ("verify-full", "&sslrootcert=system", SslMode::Require, Trust::Named),
        ] {
            let url = format!("postgres://u@h/d?connect_timeout=3&sslmode={mode}{authority}");
            let address = parsed(&url);
            assert_eq!((address.config.get_ssl_mode(), address.trust), (ssl, trust), "{url}");
            assert_eq!(address.config.get_connect_timeout(), Some(&Duration::from_secs(3)));
        }
        let system = parsed("postgres://u@h/d?sslmode=verify-full&sslrootcert=system");
        assert_eq!(system.authorities, Some(Authorities::System));
    }

    #[test]
    fn a_host_among_the_parameters_counts() {
        for url in [
            "postgres://u@localhost:7/d?host=/run/pg&sslmode=disable",
            "postgres://u@[::1]:7/d?host=%2Frun%2Fpg",
            "postgres://localhost:7/d?host=%2Frun%2Fpg",
            "postgres://u@:7/d?host=%2Frun%2Fpg",
        ] {
            assert_eq!(parsed(url).place, parsed("postgres://u@%2Frun%2Fpg:7/d").place, "{url}");
        }
    }

    #[test]
    fn a_target_that_cannot_be_used_is_refused_without_its_password() {
        for url in [
            "postgres://u:s3cret@a,b/d",
            "postgres://u:s3cret@h",
            "postgres://u:s3cret@h:1/d?port=2",
            "postgres://u:s3cret@[h/d",
            "postgres://u:s3cret@h/d?sslmode=always",
            "postgres://u:s3cret@h/d?sslcert=x",
            "host=h dbname=d password=s3cret",
        ] {
            let Err(error) = Address::parse(url) else { panic!("{url} was taken") };
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn programs_are_led_to_the_same_server() {
        let url = "postgres://u:p%40s@h:6000/d?sslmode=require&options=-c%20geqo%3Doff";
        let variables = parsed(url).variables();
        let value = |name: &str| {
            let found = variables.iter().find(|(one, _)| *one == name).unwrap();
            found.1.as_ref().map(|value| value.to_string_lossy().into_owned())
        };
        for (name, expected) in [
            ("PGHOST", "h"),
            ("PGPORT", "6000"),
            ("PGDATABASE", "d"),
            ("PGUSER", "u"),
            ("PGPASSWORD", "p@s"),
            ("PGSSLMODE", "require"),
            ("PGOPTIONS", "-c geqo=off"),
        ] {
            assert_eq!(value(name).as_deref(), Some(expected), "{name}");
        }
        assert_eq!(value("PGSERVICE"), None);
    }
}
