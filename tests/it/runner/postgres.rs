//! Databases on one server, which ends with the tests.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};

use postgres::{Client, Config, NoTls, SimpleQueryMessage};

use crate::tracking::server;

/// What is looked at besides what every database has.
pub(super) const LOOKS: &[&str] = &["SELECT indexrelid::regclass, indisvalid FROM pg_index \
     WHERE indrelid = 'customers'::regclass ORDER BY 1"];

/// A database.
pub(super) struct Base(String);

/// The folder of the server's socket; `None` where there is no server here.
fn socket() -> Option<&'static str> {
    static SOCKET: OnceLock<Option<String>> = OnceLock::new();
    let start = || {
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let server = server();
            tell.send(server.as_ref().map(|(_, socket)| socket.clone())).unwrap();
            // It ends with the process.
            loop {
                std::thread::park();
            }
        });
        told.recv().unwrap()
    };
    SOCKET.get_or_init(start).as_deref()
}

fn connect(database: &str) -> Option<Client> {
    let mut config = Config::new();
    let config = config.host_path(socket()?).user("postgres").dbname(database);
    Some(config.connect(NoTls).unwrap())
}

impl Base {
    pub(super) fn empty() -> Option<Self> {
        Self::made_of("template0")
    }

    /// Another database with the same content.
    pub(super) fn copy(&self) -> Self {
        Self::made_of(&self.0).unwrap()
    }

    fn made_of(template: &str) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // A template must not be used by two at once.
        static ONE: Mutex<()> = Mutex::new(());
        let mut client = connect("postgres")?;
        let name = format!("base_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}")).unwrap();
        Some(Self(name))
    }

    pub(super) fn url(&self) -> String {
        let socket = socket().unwrap().replace('/', "%2F");
        format!("postgres://postgres@{socket}/{}", self.0)
    }

    pub(super) fn client(&self) -> Client {
        connect(&self.0).unwrap()
    }

    /// The rows of a query, or `None` where it fails.
    pub(super) fn rows(&self, query: &str) -> Option<String> {
        let rows = self.client().simple_query(query).ok()?.into_iter();
        let row = |message| match message {
            SimpleQueryMessage::Row(row) => {
                let cells = (0..row.len()).map(|at| row.get(at).unwrap_or("NULL"));
                Some(cells.collect::<Vec<_>>().join("|") + "\n")
            }
            _ => None,
        };
        Some(rows.filter_map(row).collect())
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        if let Some(mut client) = connect("postgres") {
            let drop = format!("DROP DATABASE {} WITH (FORCE)", self.0);
            client.batch_execute(&drop).unwrap_or_default();
        }
    }
}
