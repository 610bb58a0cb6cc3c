//! PostgreSQL
use super::*;
/// x
pub struct Postgres;
impl Engine for Postgres {
    fn sandbox(&self, _s: &SandboxSpec) -> Result<Box<dyn Target>, EngineError> {
        Err(EngineError::Broken("stub".into()))
    }
}
