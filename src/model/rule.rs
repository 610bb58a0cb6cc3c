//! What a rule is, apart from its check.

use super::Levels;

/// A rule's constant data: what documentation and reports say about it.
#[derive(Clone, Copy, Debug)]
pub struct RuleMeta {
    /// `group/name`.
    pub id: &'static str,
    /// One line: what it finds.
    pub summary: &'static str,
    /// Why it matters to people; the source of the rule where there is one.
    pub why: &'static str,
    /// How to mend it.
    pub fix: &'static str,
    /// Its usual level under each preset; a finding may carry another, as the texts say.
    pub levels: Levels,
}
