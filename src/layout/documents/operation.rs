//! One entry of `up` or `down`: which operation it is, and whether what it says makes sense.

use std::sync::Arc;

use super::table::table;
use crate::document::{Checker, Node, Value, problem};
use crate::model::{
    Action, Operation, Pointer, Problem, Ratio, RepoPath, Sited, Span, known_words, quoted,
};

/// An operation's key, and the keys that stand beside it.
struct Form {
    name: &'static str,
    needs: &'static [&'static str],
    may: &'static [&'static str],
}

const fn form(
    name: &'static str,
    needs: &'static [&'static str],
    may: &'static [&'static str],
) -> Form {
    Form { name, needs, may }
}

const FORMS: [Form; 11] = [
    form("test", &["value"], &[]),
    form("add", &["value"], &[]),
    form("remove", &[], &[]),
    form("move", &["to"], &[]),
    form("set", &["value"], &[]),
    form("map", &["table"], &[]),
    form("wrap", &[], &["key"]),
    form("unwrap", &[], &["key"]),
    form("scale", &["by"], &[]),
    form("jq", &[], &[]),
    form("command", &[], &[]),
];

/// How many operations one direction may have, as the schema says.
const MOST: usize = 1000;

/// A text file of the set, by its path in the set's folder; `Err` says why it cannot be had.
pub(super) type Beside<'a> = dyn Fn(&str) -> Result<Arc<str>, String> + 'a;

/// What is told of one file, and what it is read with.
pub(super) struct Reader<'a> {
    pub(super) path: &'a RepoPath,
    pub(super) text: &'a str,
    pub(super) beside: &'a Beside<'a>,
    pub(super) problems: Vec<Problem>,
    /// Files of the set that the migration names, by their path there.
    pub(super) named: Vec<String>,
}

impl Reader<'_> {
    /// Tells what is wrong at a place.
    pub(super) fn report(&mut self, at: Span, message: impl Into<String>, help: impl Into<String>) {
        if self.problems.len() < Checker::MOST {
            self.problems.push(problem(self.path, at, message, help));
        }
    }

    /// The operations of one direction, as far as they can be read; what cannot is reported.
    pub(super) fn operations(&mut self, list: &Node) -> Vec<Operation> {
        let entries = list.items().iter();
        // More of them are against the schema.
        entries
            .take(MOST)
            .filter_map(|entry| {
                let action = self.action(entry)?;
                Some(Operation { span: extent(entry), action })
            })
            .collect()
    }

    fn action(&mut self, entry: &Node) -> Option<Action> {
        let Value::Map(keys) = &entry.value else {
            let message = format!("an operation must be a map, not {}", entry.what());
            self.report(entry.span, message, "write it as in `remove = \"/legacy\"`");
            return None;
        };
        let form = self.form(entry, keys)?;
        let known: Vec<&str> =
            [&[form.name], form.needs, form.may].into_iter().flatten().copied().collect();
        let mut sound = true;
        for (key, _) in keys.iter().filter(|(key, _)| !known.contains(&key.value.as_str())) {
            let message = format!("unknown key {} beside {}", quoted(&key.value), form.name);
            self.report(key.span, message, known_words(&key.value, &known));
            sound = false;
        }
        for missing in form.needs.iter().filter(|key| entry.get(key).is_none()) {
            let message = format!("{} needs the key \"{missing}\"", form.name);
            self.report(entry.span, message, format!("add \"{missing}\""));
            sound = false;
        }
        let node = entry.get(form.name)?;
        let action = match form.name {
            "jq" => self.jq(node),
            "command" => self.command(node),
            name => self.at_place(name, node, entry),
        };
        action.filter(|_| sound)
    }

    /// The one operation that an entry names.
    fn form(&mut self, entry: &Node, keys: &[(Sited<String>, Node)]) -> Option<&'static Form> {
        let form = |key: &str| FORMS.iter().find(|form| form.name == key);
        let mut named = keys.iter().filter_map(|(key, _)| Some((key, form(&key.value)?)));
        let names = FORMS.map(|form| form.name);
        match (named.next(), named.next()) {
            (Some((_, form)), None) => return Some(form),
            (Some((_, first)), Some((second, _))) => {
                let message =
                    format!("two operations in one entry: {}, {}", first.name, second.value);
                self.report(second.span, message, "give each an entry of its own");
            }
            (None, _) => {
                let beside = |key: &str| {
                    FORMS.iter().any(|form| form.needs.contains(&key) || form.may.contains(&key))
                };
                let unknown = keys.iter().find(|(key, _)| !beside(&key.value));
                let (at, message, help) = match unknown {
                    Some((key, _)) => {
                        let message = format!("unknown operation {}", quoted(&key.value));
                        (key.span, message, known_words(&key.value, &names))
                    }
                    None => {
                        let help = format!("use one of {}", names.join(", "));
                        (entry.span, "this entry names no operation".to_owned(), help)
                    }
                };
                self.report(at, message, help);
            }
        }
        None
    }

    /// An operation on a place.
    fn at_place(&mut self, name: &str, node: &Node, entry: &Node) -> Option<Action> {
        let at = self.pointer(name, node);
        let needed = |key: &str| entry.get(key);
        match name {
            "move" => {
                let to = self.pointer("to", needed("to")?);
                return self.moved(at?, to?, entry);
            }
            "map" => {
                let table = table(self, needed("table")?);
                return Some(Action::Map { at: at?, table: table? });
            }
            "scale" => {
                let by = self.factor(needed("by")?);
                return Some(Action::Scale { at: at?, by: by? });
            }
            "wrap" | "unwrap" => {
                let key = match needed("key") {
                    None => None,
                    Some(key) => Some(self.words("key", key)?.value),
                };
                let at = at?;
                let wrap = name == "wrap";
                return Some(if wrap {
                    Action::Wrap { at, key }
                } else {
                    Action::Unwrap { at, key }
                });
            }
            _ => {}
        }
        let at = at?;
        if matches!(name, "add" | "remove") && at.0.is_empty() {
            let help = "name a place in it, such as \"/server\"";
            self.report(node.span, format!("{name} cannot be about the whole document"), help);
            return None;
        }
        if name == "remove" {
            return Some(Action::Remove { at });
        }
        let value = needed("value")?.to_json();
        Some(match name {
            "test" => Action::Test { at, value },
            "add" => Action::Add { at, value },
            _ => Action::Set { at, value },
        })
    }

    fn moved(&mut self, from: Pointer, to: Pointer, entry: &Node) -> Option<Action> {
        let stars = |pointer: &Pointer| pointer.0.iter().filter(|token| *token == "*").count();
        let at = entry.get("to").map_or(entry.span, |to| to.span);
        let (message, help) = if from == to {
            ("the value is moved to where it stands", "name another place")
        } else if to.0.starts_with(&from.0) {
            ("the value is moved to a place inside itself", "use wrap, which puts it under a key")
        } else if from.0.starts_with(&to.0) {
            let help = "use unwrap, which takes the only value out of its map or list";
            ("the value is moved to the place of what holds it", help)
        } else if stars(&from) != stars(&to) {
            let help = "each `*` in \"move\" needs its `*` in \"to\"";
            ("move and to differ in their number of `*`", help)
        } else {
            return Some(Action::Move { from, to });
        };
        self.report(at, message, help);
        None
    }

    /// Text, where it is.
    pub(super) fn words(&mut self, name: &str, node: &Node) -> Option<Sited<String>> {
        let text = node.text().map(|text| Sited::new(text.value.to_owned(), text.span));
        if text.is_none() {
            let quotes = matches!(node.value, Value::Number(_) | Value::Bool(_));
            let help = if quotes { "put it in quotes" } else { "" };
            self.report(node.span, format!("{name} must be text, not {}", node.what()), help);
        }
        text
    }

    fn pointer(&mut self, name: &str, node: &Node) -> Option<Pointer> {
        let text = self.words(name, node)?.value;
        let pointer = Pointer::parse(&text);
        if pointer.is_none() {
            let help = if text.starts_with('/') {
                "write ~0 for `~` and ~1 for `/` inside a key".to_owned()
            } else {
                let meant = text.trim_start_matches("$.").trim_start_matches('.').replace('.', "/");
                format!("begin with a `/`: {}", quoted(&format!("/{meant}")))
            };
            self.report(node.span, format!("{} is no JSON Pointer", quoted(&text)), help);
        }
        pointer
    }

    /// The factor of a scale.
    fn factor(&mut self, node: &Node) -> Option<Ratio> {
        let written = match &node.value {
            Value::Text(text) => text.clone(),
            // A whole number may be written in the ways of its format; a float is taken from the
            // text, since its value may be rounded.
            Value::Number(number) if number.is_f64() => {
                self.text.get(node.span.start..node.span.end).unwrap_or_default().to_owned()
            }
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => {
                let message = format!("by must be a number, not {}", node.what());
                self.report(node.span, message, "write 1000, \"0.001\" or \"1/60\"");
                return None;
            }
        };
        let factor = Ratio::parse(&written);
        let (message, help) = match factor {
            None => (
                format!("by {} is neither a decimal nor a fraction", quoted(&written)),
                "write 1000, \"0.001\" or \"1/60\", with up to 18 digits",
            ),
            Some(factor) if factor.numerator() == 0 => {
                ("by is zero, and nothing leads back from there".to_owned(), "use set to write a 0")
            }
            Some(factor) if factor == Ratio::ONE => {
                ("by is 1, which changes nothing".to_owned(), "take the operation out")
            }
            Some(factor) => return Some(factor),
        };
        self.report(node.span, message, help);
        None
    }

    fn jq(&mut self, node: &Node) -> Option<Action> {
        let program = match &node.value {
            Value::Text(text) => text.clone(),
            Value::Map(keys) => self.jq_file(node, keys)?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) => {
                let message = format!("jq must be text or a map, not {}", node.what());
                let help = "write the program, or { file = \"0001_name.up.jq\" }";
                self.report(node.span, message, help);
                return None;
            }
        };
        if program.lines().all(|line| line.trim().is_empty() || line.trim().starts_with('#')) {
            self.report(node.span, "the jq program is empty", "write what it is to do");
            return None;
        }
        Some(Action::Jq { program })
    }

    fn jq_file(&mut self, node: &Node, keys: &[(Sited<String>, Node)]) -> Option<String> {
        for (key, _) in keys.iter().filter(|(key, _)| key.value != "file") {
            self.report(key.span, format!("unknown key {} in jq", quoted(&key.value)), "use file");
        }
        let Some(file) = node.get("file") else {
            self.report(node.span, "jq needs the key \"file\"", "add \"file\"");
            return None;
        };
        let name = self.words("file", file)?.value;
        if !name.ends_with(".jq") {
            let message = format!("{} does not end in .jq", quoted(&name));
            self.report(file.span, message, "give the file that ending");
            return None;
        }
        self.named.push(name.clone());
        match (self.beside)(&name) {
            Ok(text) => Some(text.to_string()),
            Err(why) => {
                let help = "name a file from the set's folder on, such as \"0001_name.up.jq\"";
                self.report(file.span, format!("{} {why}", quoted(&name)), help);
                None
            }
        }
    }

    fn command(&mut self, node: &Node) -> Option<Action> {
        if !matches!(node.value, Value::List(_)) {
            let message = format!("command must be a list, not {}", node.what());
            self.report(node.span, message, "write [\"python3\", \"x.py\"]; no shell reads it");
            return None;
        }
        let mut command = Vec::new();
        for argument in node.items() {
            command.push(self.words("an item of command", argument)?.value);
        }
        if command.first().is_none_or(String::is_empty) {
            self.report(node.span, "command names no program", "write [\"python3\", \"x.py\"]");
            return None;
        }
        self.named.extend(command.iter().cloned());
        Some(Action::Command { command })
    }
}

/// From the first to the last byte of a value and of all in it; of a table in TOML, the place alone
/// is that of its header.
pub(super) fn extent(node: &Node) -> Span {
    let join = |a: Span, b: Span| Span::new(a.start.min(b.start), a.end.max(b.end));
    match &node.value {
        Value::List(items) => items.iter().map(extent).fold(node.span, join),
        Value::Map(entries) => {
            let parts = entries.iter().flat_map(|(key, value)| [key.span, extent(value)]);
            parts.fold(node.span, join)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => node.span,
    }
}
