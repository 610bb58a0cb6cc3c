//! Tables where tables belong, lists where lists belong, and every key that must be there.
//!
//! A deserializer would take a list for a table by position, and names one missing key at a time.

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::error::ConfigProblem;
use super::read::span;
use crate::model::{Span, quoted};

/// Where a key stands, the key, and the keys that its table or tables must have.
type Shape = (&'static str, &'static str, &'static [&'static str]);

/// Keys that hold a list of tables.
const LISTS: [Shape; 7] = [
    ("", "set", &["name", "path", "engine"]),
    ("set", "schemas", &["files", "schema"]),
    ("policy", "accept-inconclusive", &["migration", "reason"]),
    (ONE_CLASS, "windows", &["zone"]),
    ("", "freeze", &["from", "to", "reason"]),
    ("", "waiver", &["rule"]),
    ("", "target", &["name", "set"]),
];
/// Keys that hold one table.
const TABLES: [Shape; 7] = [
    ("set", "variables", &[]),
    ("set", "command", &["ending", "up"]),
    ("command", "environment", &[]),
    ("", "policy", &[]),
    ("policy", "levels", &[]),
    ("", "class", &[]),
    (ONE_CLASS, "approval", &["team"]),
];
const ONE_CLASS: &str = "class.*";

/// What the check of shapes works on.
pub(super) struct Shapes<'a> {
    /// Tables of which missing keys are known and need not be told again.
    pub(super) thinned: &'a mut BTreeSet<Span>,
    /// Where mistakes are told.
    pub(super) problems: &'a mut Vec<ConfigProblem>,
}

impl Shapes<'_> {
    /// Takes out and reports what has the wrong shape, and reports missing keys.
    pub(super) fn check(&mut self, root: &mut DeTable<'_>) {
        if !root.iter().any(|(key, _)| key.get_ref() == "version") {
            let help = "put `version = 1` at the top of the file";
            self.report(Span::new(0, 0), "missing key \"version\"".to_owned(), help.to_owned());
        }
        self.table(root, "");
    }

    fn table(&mut self, table: &mut DeTable<'_>, parent: &str) {
        let mut wrong = Vec::new();
        for (key, value) in table.iter_mut() {
            let name: &str = key.get_ref();
            let list = LISTS.iter().find(|(place, list, _)| *place == parent && *list == name);
            let one = TABLES.iter().find(|(place, one, _)| *place == parent && *one == name);
            let at = span(value.span());
            let fits = match (parent, list, one) {
                // The keys of these are the user's own words.
                ("levels" | "variables" | "environment", _, _) => true,
                ("class", _, _) => self.one(value, ONE_CLASS, &[]),
                (_, Some((.., required)), _) => self.list(value, name, required),
                (_, _, Some((.., required))) => self.one(value, name, required),
                _ => true,
            };
            if !fits {
                let (what, write) = match (list, parent) {
                    (Some(_), "") => ("a list of tables", format!("write `[[{name}]]`")),
                    (Some(_), _) => ("a list of tables", format!("write `{name} = [{{ … }}]`")),
                    (None, "") => ("one table", format!("write `[{name}]`")),
                    (None, "class") => ("one table", "write `[class.online]`".to_owned()),
                    (None, _) => ("one table", format!("write `{name} = {{ … }}`")),
                };
                let name = quoted(name);
                self.report(at, format!("{name} must be {what}"), write);
                wrong.push(key.clone());
            }
        }
        for key in wrong {
            table.remove(&key);
        }
    }

    /// Whether `value` is a table; looks into it where it is.
    fn one(&mut self, value: &mut Spanned<DeValue<'_>>, name: &str, required: &[&str]) -> bool {
        let at = span(value.span());
        let DeValue::Table(table) = value.get_mut() else { return false };
        let missing: Vec<&str> = required
            .iter()
            .copied()
            .filter(|wanted| !table.iter().any(|(key, _)| key.get_ref() == wanted))
            .collect();
        if !missing.is_empty() {
            let keys = if missing.len() == 1 { "key" } else { "keys" };
            let names = missing.join("\", \"");
            let lines: Vec<String> = missing.iter().map(|key| format!("`{key} = …`")).collect();
            let help = format!("add {}", lines.join(", "));
            self.report(at, format!("missing {keys} \"{names}\""), help);
            self.thinned.insert(at);
        }
        self.table(table, name);
        true
    }

    /// Whether `value` is a list of tables; looks into them where it is.
    fn list(&mut self, value: &mut Spanned<DeValue<'_>>, name: &str, required: &[&str]) -> bool {
        let DeValue::Array(items) = value.get_mut() else { return false };
        let before = std::mem::replace(items, DeArray::new());
        for mut item in before {
            if self.one(&mut item, name, required) {
                items.push(item);
            } else {
                let at = span(item.span());
                let message = format!("an item of \"{name}\" must be a table");
                self.report(at, message, "write `{ key = … }`".to_owned());
            }
        }
        true
    }

    fn report(&mut self, at: Span, message: String, help: String) {
        self.problems.push(ConfigProblem::new(at, message, help));
    }
}
