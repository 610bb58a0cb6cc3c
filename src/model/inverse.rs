//! The way back of a config migration, computed from its way there.

use super::{Action, Operation, Program};

impl Program {
    /// The program that takes this one back: the opposite of each operation, in reverse order.
    ///
    /// A test stands in the mirrored place, where documents are again as it found them. What an
    /// `add`, `remove` or `set` did is taken back by what was kept of each document
    /// ([`Action::Restore`]), so that one which did nothing takes nothing back; that is right for
    /// any place, `*` included. An engine that keeps what each operation did to a document takes the
    /// others back by that as well: a value that stood at the end of a `move` before it was not
    /// moved.
    ///
    /// # Errors
    /// The first operation that has no opposite: `jq`, a command, or a `Restore`.
    pub fn inverse(&self) -> Result<Self, &Operation> {
        let opposites = self.operations.iter().enumerate().map(|(at, operation)| {
            let action = opposite(&operation.action, at).ok_or(operation)?;
            Ok(Operation { span: operation.span, action })
        });
        let mut operations: Vec<_> = opposites.collect::<Result<_, _>>()?;
        operations.reverse();
        Ok(Self {
            span: None,
            from: self.to.clone(),
            to: self.from.clone(),
            operations,
            ..self.clone()
        })
    }
}

/// What takes back an action, which is the one at `at` in its program.
fn opposite(action: &Action, at: usize) -> Option<Action> {
    Some(match action {
        Action::Test { .. } => action.clone(),
        Action::Add { .. } | Action::Remove { .. } | Action::Set { .. } => {
            Action::Restore { of: at }
        }
        Action::Move { from, to } => Action::Move { from: to.clone(), to: from.clone() },
        Action::Map { at, table } => {
            let table = table.iter().map(|(old, new)| (new.clone(), old.clone())).collect();
            Action::Map { at: at.clone(), table }
        }
        Action::Wrap { at, key } => Action::Unwrap { at: at.clone(), key: key.clone() },
        Action::Unwrap { at, key } => Action::Wrap { at: at.clone(), key: key.clone() },
        Action::Scale { at, by } => Action::Scale { at: at.clone(), by: by.reciprocal()? },
        Action::Restore { .. } | Action::Jq { .. } | Action::Command { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Pointer, Ratio, Span};

    fn at(text: &str) -> Pointer {
        Pointer::parse(text).unwrap()
    }

    fn ratio(text: &str) -> Ratio {
        Ratio::parse(text).unwrap()
    }

    fn program(actions: Vec<Action>) -> Program {
        let operations = (0..)
            .zip(actions)
            .map(|(at, action)| Operation { span: Span::new(at, at + 1), action });
        Program {
            path: Default::default(),
            text: "".into(),
            span: Some(Span::new(0, 9)),
            migration: "0001_a".into(),
            schema: "app".into(),
            from: "1".into(),
            to: "2".into(),
            targets: vec!["config/*.json".into()],
            operations: operations.collect(),
            class: None,
            depends_on: Vec::new(),
        }
    }

    /// Operations that say all there is to know of their way back.
    fn reversible() -> Vec<Action> {
        vec![
            Action::Test { at: at("/kind"), value: json!("app") },
            Action::Move { from: at("/a/*"), to: at("/b/*/c") },
            Action::Map {
                at: at("/l"),
                table: vec![(json!(1), json!("one")), (json!(2), json!(3))],
            },
            Action::Wrap { at: at("/e"), key: Some("url".into()) },
            Action::Wrap { at: at("/f"), key: None },
            Action::Unwrap { at: at("/g"), key: Some("x".into()) },
            Action::Unwrap { at: at("/h"), key: None },
            Action::Scale { at: at("/t"), by: ratio("1/60") },
        ]
    }

    #[test]
    fn the_way_back_goes_backwards_and_takes_each_step_back() {
        let back = program(reversible()).inverse().unwrap();
        let actions: Vec<_> = back.operations.iter().map(|one| one.action.clone()).collect();
        assert_eq!(
            actions,
            [
                Action::Scale { at: at("/t"), by: ratio("60") },
                Action::Wrap { at: at("/h"), key: None },
                Action::Wrap { at: at("/g"), key: Some("x".into()) },
                Action::Unwrap { at: at("/f"), key: None },
                Action::Unwrap { at: at("/e"), key: Some("url".into()) },
                Action::Map {
                    at: at("/l"),
                    table: vec![(json!("one"), json!(1)), (json!(3), json!(2))]
                },
                Action::Move { from: at("/b/*/c"), to: at("/a/*") },
                Action::Test { at: at("/kind"), value: json!("app") },
            ]
        );
        let spans: Vec<usize> = back.operations.iter().map(|one| one.span.start).collect();
        assert_eq!(spans, [7, 6, 5, 4, 3, 2, 1, 0]);
        assert_eq!((back.from.as_str(), back.to.as_str(), back.span), ("2", "1", None));
        assert_eq!((back.schema.as_str(), back.targets.len()), ("app", 1));
    }

    #[test]
    fn the_way_back_of_the_way_back_is_the_way_there() {
        let there = program(reversible());
        let again = there.inverse().unwrap().inverse().unwrap();
        assert_eq!(again.operations, there.operations);
        assert!(again.does_the_same(&there));
    }

    #[test]
    fn what_was_kept_is_named_by_the_index_of_its_operation() {
        let there = program(vec![
            Action::Add { at: at("/a/*/x"), value: json!(1) },
            Action::Remove { at: at("/b") },
            Action::Set { at: at("/c"), value: json!(null) },
        ]);
        let back = there.inverse().unwrap();
        let kept = back.operations.iter().map(|one| match one.action {
            Action::Restore { of } => of,
            _ => usize::MAX,
        });
        assert_eq!(kept.collect::<Vec<_>>(), [2, 1, 0]);
        // What was kept is gone then.
        assert_eq!(back.inverse().unwrap_err().action, Action::Restore { of: 2 });
    }

    #[test]
    fn programs_and_commands_have_no_way_back() {
        for action in [
            Action::Jq { program: ".a = 1".into() },
            Action::Command { command: vec!["x".into()] },
            Action::Scale { at: at("/t"), by: ratio("0") },
        ] {
            let there = program(vec![Action::Remove { at: at("/b") }, action]);
            assert_eq!(there.inverse().unwrap_err().span, Span::new(1, 2));
        }
    }
}
