//! Rows for tables: which to put in, what a refusal means, and what became of them.
//!
//! Everything here is plain thought over descriptions of tables; the engines do the rest. The
//! rows depend on nothing but the schema, so the same schema gets the same rows.
//!
//! ```text
//! choose ──► fill (ordinary rows, then the awkward ones) ──► up ──► refused?  blame
//!                                                             └──► down ──► compare
//! ```

mod blame;
mod choose;
mod compare;
mod condition;
mod fill;
mod steady;
mod value;

pub use blame::{Avoid, Blame, Shun, blame};
pub use choose::choose;
pub use compare::{Standing, changed, lost};
pub use fill::{Stock, awkward, late, ordinary};
pub use steady::{show, shown};

/// The identifiers and words of an SQL text, in lower case, those inside quotes too.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// Whether an SQL text speaks of a name.
fn mentions(text: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if plain { words(text).any(|word| word == name) } else { text.to_lowercase().contains(&name) }
}

#[cfg(test)]
mod tests;
