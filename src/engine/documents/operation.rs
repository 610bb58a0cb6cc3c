//! One operation on one document: on its value, and as edits of its text.

use serde_json::{Map, Value};

use super::ledger::Did;
use super::place::{self, Way};
use super::scale;
use super::secret;
use super::tools::Tools;
use crate::document::{self, DEEPEST, Edit};
use crate::host::Stop;
use crate::model::{Action, CannotRun, Pointer, clipped, printable};

/// How much operations may put into one document, in bytes.
const MOST: usize = 64 * 1024 * 1024;
/// How much of a value is shown, in characters.
const SHOWN: usize = 60;

/// Why an operation did not do its part.
#[derive(Debug)]
pub(super) enum Problem {
    /// The migration's fault; what the operation does, as the end of a sentence.
    Fails(String),
    /// It needs something that is not here.
    CannotRun(CannotRun),
    /// It was stopped.
    Stopped(Stop),
    /// Ours.
    Ours(String),
}

fn fails<T>(what: impl Into<String>) -> Result<T, Problem> {
    Err(Problem::Fails(what.into()))
}

/// A document that is worked on.
pub(super) struct Desk<'a> {
    /// The value as it stands.
    pub(super) value: Value,
    /// What was done so far, as edits of the text.
    pub(super) edits: Vec<Edit>,
    tools: &'a Tools,
    grown: usize,
}

impl<'a> Desk<'a> {
    pub(super) fn new(value: Value, tools: &'a Tools) -> Self {
        Self { value, edits: Vec::new(), tools, grown: 0 }
    }

    /// Does an operation; tells what it did, nothing where it found nothing to act on.
    pub(super) fn forward(&mut self, action: &Action) -> Result<Vec<Did>, Problem> {
        let did = match action {
            Action::Test { at, value } => self.test(at, value),
            Action::Add { at, value } => self.add_all(at, value),
            Action::Remove { at } => {
                let found = place::find(&self.value, &at.0);
                // From the last on, so that items of a list keep their indexes until their turn.
                found.iter().rev().map(|found| self.remove(&found.at)).collect()
            }
            Action::Move { from, to } => self.move_all(from, to),
            Action::Set { at, value } => {
                let found = place::find(&self.value, &at.0);
                found.iter().map(|found| self.set(&found.at, value.clone())).collect()
            }
            Action::Map { at, .. }
            | Action::Wrap { at, .. }
            | Action::Unwrap { at, .. }
            | Action::Scale { at, .. } => {
                let found = place::find(&self.value, &at.0);
                found.iter().map(|found| self.transform(action, &found.at, None)).collect()
            }
            Action::Restore { .. } => Err(Problem::CannotRun(CannotRun {
                reason: "nothing was kept of what it takes back: the up has not run".into(),
                way_out: "write the way back out as [[down]]".into(),
            })),
            Action::Jq { program } => {
                let after = self.tools.jq(program, &self.value);
                let after = after.map_err(|problem| self.veil(problem))?;
                self.replace_all(after)
            }
            Action::Command { command } => {
                let after = self.tools.command(command, &self.value);
                let after = after.map_err(|problem| self.veil(problem))?;
                self.replace_all(after)
            }
        }?;
        self.check_depth()?;
        Ok(did)
    }

    /// Does the inverse of an operation, there where that operation did something.
    pub(super) fn backward(&mut self, action: &Action, did: &[Did]) -> Result<Vec<Did>, Problem> {
        if let Action::Test { .. } = action {
            return self.forward(action);
        }
        let mut done = Vec::new();
        for did in did.iter().rev() {
            done.push(match (action, did) {
                (_, Did::Looked) => continue,
                (_, Did::Added { at, made }) => self.take_back(at, made.as_ref())?,
                (_, Did::Removed { at, value }) => self.insert(at, value.clone())?,
                (Action::Restore { .. }, Did::Replaced { at, value }) => {
                    self.set(at, value.clone())?
                }
                (_, Did::Replaced { at, value }) => self.transform(action, at, Some(value))?,
                (_, Did::Moved { from, to, made }) => self.move_back(from, to, made.as_ref())?,
            });
        }
        self.check_depth()?;
        Ok(done)
    }

    /// What a program that has read the document says of it.
    fn veil(&self, problem: Problem) -> Problem {
        match problem {
            Problem::Fails(said) => Problem::Fails(secret::veiled(&said, &self.value)),
            Problem::CannotRun(_) | Problem::Stopped(_) | Problem::Ours(_) => problem,
        }
    }

    fn check_depth(&self) -> Result<(), Problem> {
        match document::is_deeper(&self.value, DEEPEST) {
            true => fails(format!("makes the document nest deeper than {DEEPEST} levels")),
            false => Ok(()),
        }
    }

    /// Makes an edit of the value, and keeps it for the text.
    fn make(&mut self, edit: Edit) -> Result<(), Problem> {
        if let Edit::Set { value, .. } | Edit::Add { value, .. } = &edit {
            self.grown = self.grown.saturating_add(value.to_string().len());
        }
        if self.grown > MOST {
            return fails("makes the document larger than 64 MiB");
        }
        match document::apply(&mut self.value, &edit) {
            Ok(()) => {
                self.edits.push(edit);
                Ok(())
            }
            Err(refused) => fails(format!("cannot be done: {}", printable(&refused.reason))),
        }
    }

    fn set(&mut self, at: &Pointer, value: Value) -> Result<Did, Problem> {
        let old = at.get(&self.value).cloned().unwrap_or_default();
        self.make(Edit::Set { at: at.clone(), value })?;
        Ok(Did::Replaced { at: at.clone(), value: old })
    }

    fn insert(&mut self, at: &Pointer, value: Value) -> Result<Did, Problem> {
        self.make(Edit::Add { at: at.clone(), value })?;
        Ok(Did::Added { at: at.clone(), made: None })
    }

    fn remove(&mut self, at: &Pointer) -> Result<Did, Problem> {
        if at.0.is_empty() {
            return fails("cannot take the whole document out");
        }
        let old = at.get(&self.value).cloned().unwrap_or_default();
        self.make(Edit::Remove { at: at.clone() })?;
        Ok(Did::Removed { at: at.clone(), value: old })
    }

    /// Takes out what was added, with the maps that were made for it where they hold nothing else.
    fn take_back(&mut self, at: &Pointer, made: Option<&Pointer>) -> Result<Did, Problem> {
        let mut top = at.clone();
        while let Some((holder, _)) = top.split_last()
            && made.is_some_and(|made| holder.0.len() >= made.0.len())
            && holder.get(&self.value).and_then(Value::as_object).is_some_and(|map| map.len() == 1)
        {
            top = holder;
        }
        let is_all = made.is_none_or(|made| *made == top);
        self.remove(if is_all { &top } else { at })
    }

    fn test(&mut self, at: &Pointer, value: &Value) -> Result<Vec<Did>, Problem> {
        let found = place::find(&self.value, &at.0);
        if found.is_empty() {
            return fails(format!("finds nothing at {at}"));
        }
        for found in &found {
            let there = found.at.get(&self.value).unwrap_or(&Value::Null);
            if !place::same(there, value) {
                let at = &found.at;
                let found = shown(there, at);
                return fails(match secret::is_secret(at) {
                    true => format!("finds {found} at {at}"),
                    false => format!("finds {found} at {at}, and not {}", shown(value, at)),
                });
            }
        }
        Ok(vec![Did::Looked])
    }

    fn add_all(&mut self, pattern: &Pointer, value: &Value) -> Result<Vec<Did>, Problem> {
        check_length(pattern)?;
        let stars = pattern.0.iter().rposition(|token| token == "*").map_or(0, |last| last + 1);
        let (above, below) = pattern.0.split_at(stars);
        let mut done = Vec::new();
        for found in place::find(&self.value, above) {
            let at = Pointer([found.at.0.as_slice(), below].concat());
            let Some((at, made)) = self.free(&at)? else { continue };
            let top = made.as_ref().unwrap_or(&at);
            let whole = place::nested(&at.0[top.0.len()..], value.clone());
            self.insert(top, whole)?;
            done.push(Did::Added { at, made });
        }
        Ok(done)
    }

    fn move_all(&mut self, from: &Pointer, to: &Pointer) -> Result<Vec<Did>, Problem> {
        check_length(to)?;
        let mut done = Vec::new();
        for found in place::find(&self.value, &from.0) {
            let (from, to) = (found.at, place::fill(&to.0, &found.stars));
            self.check_in_maps(&from)?;
            if to.0.starts_with(&from.0) {
                return fails(format!("would put {} into itself", at_place(&from)));
            }
            let Some((to, made)) = self.free(&to)? else {
                return fails(format!("finds something at {to} already"));
            };
            if let Some(made) = &made {
                let keys = &to.0[made.0.len()..to.0.len() - 1];
                self.insert(made, place::nested(keys, Map::new().into()))?;
            } else {
                self.check_in_maps(&to)?;
            }
            self.make(Edit::Move { from: from.clone(), to: to.clone() })?;
            done.push(Did::Moved { from, to, made });
        }
        Ok(done)
    }

    /// Moves a value back, and takes out the maps that were made for it.
    fn move_back(
        &mut self,
        from: &Pointer,
        to: &Pointer,
        made: Option<&Pointer>,
    ) -> Result<Did, Problem> {
        if !matches!(place::way(&self.value, from), Way::Free { made: None, .. }) {
            return fails(format!("cannot move anything back to {from}"));
        }
        self.make(Edit::Move { from: to.clone(), to: from.clone() })?;
        if let Some(made) = made {
            let keys = &to.0[made.0.len()..to.0.len() - 1];
            if made.get(&self.value).is_some_and(|value| place::is_hollow(value, keys)) {
                self.remove(made)?;
            }
        }
        Ok(Did::Moved { from: to.clone(), to: from.clone(), made: None })
    }

    /// A free place, with the outermost map that is still to be made; `None` where it is taken.
    fn free(&self, at: &Pointer) -> Result<Option<(Pointer, Option<Pointer>)>, Problem> {
        match place::way(&self.value, at) {
            Way::Taken => Ok(None),
            Way::Free { at, made } => Ok(Some((at, made))),
            Way::Blocked(holder) => {
                let kind = holder.get(&self.value).map_or("nothing", kind);
                fails(format!("finds {kind} {}, which cannot hold {at}", at_place(&holder)))
            }
        }
    }

    /// Items of a list are not moved: the others would change their indexes.
    fn check_in_maps(&self, at: &Pointer) -> Result<(), Problem> {
        match at.split_last() {
            None => fails("cannot move the whole document"),
            Some((holder, _)) if holder.get(&self.value).is_some_and(Value::is_array) => {
                fails(format!("cannot move items of a list, as {at} is one"))
            }
            Some(_) => Ok(()),
        }
    }

    /// Puts another form of a value in its place; `old` is how it was written before the operation
    /// that this one takes back.
    fn transform(
        &mut self,
        action: &Action,
        at: &Pointer,
        old: Option<&Value>,
    ) -> Result<Did, Problem> {
        let Some(there) = at.get(&self.value) else {
            return fails(format!("finds nothing at {at} any more"));
        };
        let new = match transformed(action, there) {
            Ok(new) => new,
            Err(reason) => {
                return fails(format!("finds {} {}: {reason}", shown(there, at), at_place(at)));
            }
        };
        // What is worth the same is written as it was: 1 and not 1.0.
        let new = old.filter(|old| place::same(old, &new)).cloned().unwrap_or(new);
        self.set(at, new)
    }

    /// Makes the document another one; the text keeps what is the same in both.
    fn replace_all(&mut self, after: Value) -> Result<Vec<Did>, Problem> {
        self.set(&Pointer::default(), after)?;
        Ok(vec![Did::Looked])
    }

    /// Writes the version that a document says it has.
    pub(super) fn write_version(
        &mut self,
        at: &Pointer,
        version: &str,
    ) -> Result<Vec<Did>, Problem> {
        let number = || version.parse().ok().map(Value::Number);
        match at.get(&self.value) {
            Some(Value::Number(_)) => {
                let version = number().unwrap_or_else(|| version.into());
                Ok(vec![self.set(at, version)?])
            }
            Some(_) => Ok(vec![self.set(at, version.into())?]),
            None => self.add_all(at, &version.into()),
        }
    }
}

/// The new form of a value.
fn transformed(action: &Action, there: &Value) -> Result<Value, String> {
    match action {
        Action::Map { table, .. } => {
            let found = table.iter().find(|(old, _)| place::same(old, there));
            found.map(|(_, new)| new.clone()).ok_or_else(|| "the table does not name it".into())
        }
        Action::Wrap { key: Some(key), .. } => {
            Ok(place::nested(std::slice::from_ref(key), there.clone()))
        }
        Action::Wrap { key: None, .. } => Ok(Value::Array(vec![there.clone()])),
        Action::Unwrap { key: Some(key), .. } => match there {
            Value::Object(map) if map.len() == 1 && map.contains_key(key) => Ok(map[key].clone()),
            _ => Err(format!("it is no map with the only key {}", printable(key))),
        },
        Action::Unwrap { key: None, .. } => match there {
            Value::Array(items) if items.len() == 1 => Ok(items[0].clone()),
            _ => Err("it is no list of one".into()),
        },
        Action::Scale { by, .. } => match there {
            Value::Number(number) => scale::scaled(number, *by).map(Value::Number),
            _ => Err("it is no number".into()),
        },
        Action::Test { .. }
        | Action::Add { .. }
        | Action::Remove { .. }
        | Action::Move { .. }
        | Action::Set { .. }
        | Action::Restore { .. }
        | Action::Jq { .. }
        | Action::Command { .. } => Err("it is left as it is".into()),
    }
}

/// A pointer so long makes a document too deep.
fn check_length(at: &Pointer) -> Result<(), Problem> {
    match at.0.len() > DEEPEST {
        true => fails(format!("names a place deeper than {DEEPEST} levels")),
        false => Ok(()),
    }
}

fn at_place(at: &Pointer) -> String {
    if at.0.is_empty() { "at the top".into() } else { format!("at {at}") }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// The start of a value that stands at a place; no secret.
fn shown(value: &Value, at: &Pointer) -> String {
    match secret::is_secret(at) {
        true => "another value".into(),
        false => clipped(&secret::redacted(value).to_string(), SHOWN),
    }
}

/// An operation in a few words: `move /port`.
pub(super) fn named(action: &Action) -> String {
    let (word, places) = action.places();
    match (action, places.first()) {
        (Action::Restore { of }, _) => format!("taking back operation {}", of + 1),
        (Action::Command { command }, _) => {
            let program = command.first().map_or("", String::as_str);
            format!("command {}", printable(program))
        }
        (_, None) => word.into(),
        (_, Some(at)) if at.0.is_empty() => format!("{word} \"\""),
        (_, Some(at)) => format!("{word} {}", printable(&at.to_string())),
    }
}
