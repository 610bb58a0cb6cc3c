//! PostgreSQL: a throwaway server per sandbox, a database of our own on a server that was named,
//! or a database that stays.
//!
//! ```text
//! binaries → template → cluster ┐                        (base: what a cached state begins with)
//!                               ├─ server ─ session ─ target   (plan, trace, snapshot, errors, history)
//!                       foreign ┘
//! ```
//!
//! A database that stays is `real`; it shares the plan, the session and the snapshot.

mod account;
mod base;
mod beyond;
mod binaries;
mod cluster;
mod confined;
mod errors;
mod foreign;
mod history;
mod loading;
mod names;
mod plan;
mod real;
mod refuse;
mod rows;
mod server;
mod session;
mod snapshot;
mod supervisor;
mod tables;
mod target;
mod template;
mod trace;

use super::{Base, Engine, EngineError, SandboxSpec, Target};
use base::Start;
use binaries::Binaries;
use confined::Hold;
use foreign::Foreign;
pub use real::{STEPS, open};
use server::Own;
pub use supervisor::keep_server;
use target::Sandbox;

/// The PostgreSQL engine.
#[derive(Debug)]
pub struct Postgres;

impl Engine for Postgres {
    fn sandbox(&self, spec: &SandboxSpec) -> Result<Box<dyn Target>, EngineError> {
        self.sandbox_on(spec, Base::default())
    }

    fn sandbox_on(&self, spec: &SandboxSpec, base: Base) -> Result<Box<dyn Target>, EngineError> {
        if let Some(url) = &spec.postgres_url {
            let server = Foreign::create(url)?;
            let roles = server.roles_before().to_vec();
            return Ok(Box::new(Sandbox::new(Box::new(server), roles, spec)?));
        }
        let wanted = spec.engine_version.as_deref().and_then(binaries::major);
        let binaries = Binaries::find(spec.postgres_bin.as_deref(), wanted)?;
        let hold = Hold::of_this_kernel(spec.unconfined);
        let identity = base::identity(&binaries, hold, spec);
        let start = Start::of(&base, &identity);
        let (server, note) = Own::start(&binaries, hold, identity, start)?;
        Ok(Box::new(Sandbox::on(server, base, note, spec)?))
    }
}

#[cfg(test)]
mod tests;
