//! The level of a finding under a policy.

use std::collections::BTreeMap;

use crate::model::{Level, Levels, RuleMeta};

/// Which level a finding gets.
#[derive(Clone, Debug, Default)]
pub struct LevelPolicy {
    /// The strict preset.
    pub strict: bool,
    /// The policy's own levels, by rule id.
    pub overrides: BTreeMap<String, Level>,
}

impl LevelPolicy {
    /// The level of a finding of `rule` that weighs `levels`.
    #[must_use]
    pub fn level(&self, rule: &RuleMeta, levels: Levels) -> Level {
        let preset = if self.strict { levels.strict } else { levels.recommended };
        match self.overrides.get(rule.id) {
            // An observation is nobody's fault, so a policy may only silence it.
            Some(Level::Off) => Level::Off,
            Some(level) if levels != Levels::OBSERVATION => *level,
            _ => preset,
        }
    }

    /// Whether a rule is off at its usual levels, so that it need not look.
    pub(super) fn silences(&self, rule: &RuleMeta) -> bool {
        self.level(rule, rule.levels) == Level::Off
    }
}

#[cfg(test)]
mod tests {
    use super::super::rollback::leaves_trace;
    use super::*;

    #[test]
    fn a_policy_cannot_make_an_error_of_an_observation() {
        let rule = &leaves_trace::RULE.meta;
        let mut policy = LevelPolicy { strict: true, ..LevelPolicy::default() };
        policy.overrides.insert(rule.id.into(), Level::Error);
        assert_eq!(policy.level(rule, Levels::OBSERVATION), Level::Note);
        policy.overrides.insert(rule.id.into(), Level::Warning);
        assert_eq!(policy.level(rule, Levels::ERROR), Level::Warning);
        policy.overrides.insert(rule.id.into(), Level::Off);
        assert_eq!(policy.level(rule, Levels::OBSERVATION), Level::Off);
    }
}
