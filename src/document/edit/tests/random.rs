//! Random documents, written with random blanks and comments, under random edits.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::{Edit, apply, difference, edit};
use crate::document::{Format, read};
use crate::model::Pointer;

const KEYS: [&str; 14] =
    ["a", "b", "port", "key-1", "", "a/b", "~", "q\"'", "ä€", "a.b", "#", "//", "x y", "\n"];

/// Choices, the same for the same seed.
struct Choices(u64);

impl Choices {
    fn below(&mut self, limit: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % limit as u64).unwrap()
    }

    fn one_in(&mut self, limit: usize) -> bool {
        self.below(limit) == 0
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    fn scalar(&mut self, null: bool) -> Value {
        let texts =
            ["", "x", "it's", "\"", "a\nb", "# no", "// no", "ü", "1.0", ", ]", "1979-05-27"];
        match self.below(6) {
            0 if null => Value::Null,
            0 | 1 => json!(self.one_in(2)),
            2 => json!(self.below(100_000)),
            3 => json!(f64::from(u32::try_from(self.below(1000)).unwrap()) / 8.0),
            _ => json!(self.of(&texts)),
        }
    }

    fn value(&mut self, depth: usize, null: bool) -> Value {
        match self.below(if depth == 0 { 3 } else { 6 }) {
            0..=2 => self.scalar(null),
            3 => (0..self.below(4)).map(|_| self.value(depth - 1, null)).collect(),
            _ => self.map(depth - 1, null),
        }
    }

    fn map(&mut self, depth: usize, null: bool) -> Value {
        let entries =
            (0..self.below(5)).map(|_| ((*self.of(&KEYS)).to_owned(), self.value(depth, null)));
        Value::Object(entries.collect())
    }

    fn edit(&mut self, root: &Value, null: bool) -> Edit {
        let mut places = Vec::new();
        pointers(&Pointer::default(), root, &mut places);
        let at = self.of(&places).clone();
        match self.below(4) {
            0 => {
                let value = if at.0.is_empty() { self.map(2, null) } else { self.value(2, null) };
                Edit::Set { at, value }
            }
            1 => Edit::Add { at: self.new_place(&at, root), value: self.value(2, null) },
            2 => Edit::Remove { at },
            _ => {
                let to = self.of(&places).clone();
                let to = self.new_place(&to, root);
                Edit::Move { from: at, to }
            }
        }
    }

    fn new_place(&mut self, at: &Pointer, root: &Value) -> Pointer {
        match at.get(root) {
            Some(Value::Array(items)) => at.join(if self.one_in(3) {
                "-".into()
            } else {
                self.below(items.len() + 1).to_string()
            }),
            _ => at.join(*self.of(&KEYS)),
        }
    }
}

fn pointers(at: &Pointer, value: &Value, all: &mut Vec<Pointer>) {
    all.push(at.clone());
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers(&at.join(index.to_string()), item, all);
            }
        }
        Value::Object(map) => map.iter().for_each(|(key, item)| pointers(&at.join(key), item, all)),
        _ => {}
    }
}

/// Writes a document; remembers each comment with the value that it is part of.
struct Writer {
    choices: Choices,
    json: bool,
    newline: &'static str,
    comments: BTreeMap<String, Pointer>,
}

impl Writer {
    fn comment(&mut self, owner: &Pointer, block: bool) -> String {
        let name = format!("c{}c", self.comments.len());
        self.comments.insert(name.clone(), owner.clone());
        match (self.json, block) {
            (true, true) => format!("/* {name} */"),
            (true, false) => format!("// {name}"),
            _ => format!("# {name}"),
        }
    }

    /// What stands above an item on its own lines.
    fn above(&mut self, holder: &Pointer, own: &Pointer, indent: &str) -> String {
        let mut out = String::new();
        let newline = self.newline;
        if self.choices.one_in(6) {
            out.push_str(newline);
        }
        if self.choices.one_in(8) {
            let comment = self.comment(holder, false);
            out.push_str(&format!("{newline}{indent}{comment}{newline}{newline}"));
        }
        if self.choices.one_in(4) {
            let comment = self.comment(own, false);
            out.push_str(&format!("{indent}{comment}{newline}"));
        }
        out
    }

    fn after(&mut self, own: &Pointer) -> String {
        if self.choices.one_in(4) {
            format!(" {}", self.comment(own, false))
        } else {
            String::new()
        }
    }

    fn key(&self, key: &str) -> String {
        let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if self.json || !bare { json!(key).to_string() } else { key.to_owned() }
    }

    fn scalar(&mut self, value: &Value) -> String {
        match value {
            Value::String(text)
                if !self.json && !text.contains(['\'', '\n']) && self.choices.one_in(2) =>
            {
                format!("'{text}'")
            }
            Value::String(text) if text == "a\nb" && !self.json && self.newline == "\n" => {
                "\"\"\"\na\nb\"\"\"".to_owned()
            }
            Value::Number(number) if number.is_f64() => format!("{number}00"),
            _ => value.to_string(),
        }
    }

    /// A value in brackets; over lines where that is allowed.
    fn bracketed(&mut self, at: &Pointer, value: &Value, indent: &str, lines: bool) -> String {
        let (open, close, entries): (_, _, Vec<(Option<&str>, String, &Value)>) = match value {
            Value::Array(items) => {
                let items = items.iter().enumerate().map(|(i, item)| (None, i.to_string(), item));
                ('[', ']', items.collect())
            }
            Value::Object(map) => {
                let entries = map.iter().map(|(key, item)| (Some(key.as_str()), key.clone(), item));
                ('{', '}', entries.collect())
            }
            _ => return self.scalar(value),
        };
        let tall = lines && (self.json || value.is_array()) && self.choices.one_in(2);
        let newline = self.newline;
        let inner =
            if self.choices.one_in(3) { format!("{indent}\t") } else { format!("{indent}  ") };
        let mut out = String::from(open);
        if tall {
            out.push_str(&if self.choices.one_in(6) { self.after(at) } else { String::new() });
            out.push_str(newline);
        }
        let last = entries.len().saturating_sub(1);
        let trailing = (self.json || value.is_array()) && self.choices.one_in(3);
        for (index, (key, token, item)) in entries.into_iter().enumerate() {
            let own = at.join(token);
            if tall {
                out.push_str(&self.above(at, &own, &inner));
                out.push_str(&inner);
            } else if self.json && self.choices.one_in(8) {
                out.push_str(&format!("{} ", self.comment(&own, true)));
            }
            if let Some(key) = key {
                let separator = match (self.json, self.choices.below(3)) {
                    (true, 0) => ":",
                    (true, _) => ": ",
                    _ => " = ",
                };
                out.push_str(&format!("{}{separator}", self.key(key)));
            }
            out.push_str(&self.bracketed(&own, item, &inner, lines));
            if index < last || trailing {
                out.push(',');
            }
            if tall {
                out.push_str(&self.after(&own));
                out.push_str(newline);
            } else if index < last {
                out.push_str(if self.choices.one_in(4) { "" } else { " " });
            }
        }
        if tall {
            if self.choices.one_in(6) {
                out.push_str(&format!("{inner}{}{newline}", self.comment(at, false)));
            }
            out.push_str(indent);
        }
        out.push(close);
        out
    }

    fn table(&mut self, at: &Pointer, keys: &[String], map: &Map<String, Value>, out: &mut String) {
        let newline = self.newline;
        let mut later = Vec::new();
        for (key, value) in map {
            let own = at.join(key);
            let under_header = match value {
                Value::Object(_) => self.choices.one_in(2),
                Value::Array(items) => {
                    !items.is_empty()
                        && items.iter().all(Value::is_object)
                        && self.choices.one_in(2)
                }
                _ => false,
            };
            if under_header {
                later.push((key, value));
                continue;
            }
            if let Value::Object(inner) = value
                && !inner.is_empty()
                && self.choices.one_in(2)
            {
                for (below, value) in inner {
                    let own = own.join(below);
                    let above = self.above(at, &own, "");
                    let text = self.bracketed(&own, value, "", true);
                    let (key, below) = (self.key(key), self.key(below));
                    let after = self.after(&own);
                    out.push_str(&format!("{above}{key}.{below} = {text}{after}{newline}"));
                }
                continue;
            }
            let above = self.above(at, &own, "");
            let text = self.bracketed(&own, value, "", true);
            let after = self.after(&own);
            out.push_str(&format!("{above}{} = {text}{after}{newline}", self.key(key)));
        }
        for (key, value) in later {
            let own = at.join(key);
            let keys: Vec<String> = keys.iter().cloned().chain([self.key(key)]).collect();
            let header = keys.join(".");
            match value {
                Value::Object(map) => {
                    let above = self.above(at, &own, "");
                    let after = self.after(&own);
                    out.push_str(&format!("{above}[{header}]{after}{newline}"));
                    self.table(&own, &keys, map, out);
                }
                value => {
                    for (index, item) in value.as_array().unwrap().iter().enumerate() {
                        let own = own.join(index.to_string());
                        let above = self.above(at, &own, "");
                        let after = self.after(&own);
                        out.push_str(&format!("{above}[[{header}]]{after}{newline}"));
                        self.table(&own, &keys, item.as_object().unwrap(), out);
                    }
                }
            }
        }
    }
}

/// A document, and each of its comments with the place of the value that it is about.
fn document(format: Format, seed: u64) -> (String, Value, BTreeMap<String, Pointer>) {
    let mut choices = Choices(seed);
    let json = format != Format::Toml;
    let value = choices.map(3, json);
    let newline = *choices.of(&["\n", "\n", "\r\n"]);
    let mut writer = Writer { choices, json, newline, comments: BTreeMap::new() };
    let mut text = String::new();
    if json {
        text = writer.bracketed(&Pointer::default(), &value, "", true);
        text.push_str(if writer.choices.one_in(2) { newline } else { "" });
    } else {
        writer.table(&Pointer::default(), &[], value.as_object().unwrap(), &mut text);
        if writer.choices.one_in(3) {
            text.truncate(text.trim_end().len());
        }
    }
    (text, value, writer.comments)
}

/// Whether a format may say no to an edit that fits the value.
fn may_refuse(format: Format, reason: &str) -> bool {
    let toml = ["takes only maps", "which braces cannot hold", "written as tables"];
    format == Format::Toml && toml.iter().any(|words| reason.contains(words))
}

/// One edit: what reads, what stays.
fn check_one(format: Format, seed: u64) {
    let (text, value, comments) = document(format, seed);
    assert_eq!(read(format, &text).unwrap().to_json(), value, "{text}");
    let step = Choices(!seed).edit(&value, format != Format::Toml);
    let mut expected = value.clone();
    let fits = apply(&mut expected, &step).is_ok();
    let edited = match edit(format, &text, std::slice::from_ref(&step)) {
        Ok(edited) => edited,
        Err(refused) => {
            let known = !fits || may_refuse(format, &refused.reason);
            assert!(known, "{step:?}\n{text}\n{}", refused.reason);
            return;
        }
    };
    let read = read(format, &edited).unwrap().to_json();
    assert_eq!(read, expected, "{step:?}\n{text}\n{edited}");
    if format == Format::Jsonc && !matches!(step, Edit::Set { .. }) {
        assert_eq!(read.to_string(), expected.to_string(), "{step:?}\n{text}\n{edited}");
    }
    let gone = match &step {
        Edit::Set { at, .. } | Edit::Remove { at } => Some(at),
        Edit::Add { .. } | Edit::Move { .. } => None,
    };
    for (comment, owner) in &comments {
        let may_go = gone.is_some_and(|gone| owner.0.starts_with(&gone.0));
        let stays = edited.matches(comment.as_str()).count();
        assert!(stays == 1 || stays == 0 && may_go, "{comment} {step:?}\n{text}\n-----\n{edited}");
    }
    let ends = |text: &str| text.ends_with('\n');
    assert!(
        ends(&text) == ends(&edited) || edited.trim().is_empty() || text.trim().is_empty(),
        "{step:?}\n{text}\n-----\n{edited}"
    );
    let bare = |text: &str| text.replace("\r\n", "").contains('\n');
    assert!(!text.contains("\r\n") || !bare(&edited), "{step:?}\n{text}\n-----\n{edited}");
}

/// Many edits after each other, and the edits between two values.
fn check_many(format: Format, seed: u64) {
    let (text, value, _) = document(format, seed);
    let mut choices = Choices(!seed);
    let mut expected = value.clone();
    let mut steps = Vec::new();
    for _ in 0..6 {
        let step = choices.edit(&expected, format != Format::Toml);
        let mut next = expected.clone();
        if apply(&mut next, &step).is_ok() {
            expected = next;
            steps.push(step);
        }
    }
    for steps in [steps, difference(&value, &expected)] {
        match edit(format, &text, &steps) {
            Ok(edited) => assert_eq!(read(format, &edited).unwrap().to_json(), expected),
            Err(refused) => {
                assert!(
                    may_refuse(format, &refused.reason),
                    "{steps:#?}\n{text}\n{}",
                    refused.reason
                );
            }
        }
    }
}

/// What is taken out and put back is there again.
fn check_back(format: Format, seed: u64) {
    let (text, value, _) = document(format, seed);
    let mut places = Vec::new();
    pointers(&Pointer::default(), &value, &mut places);
    places.remove(0);
    if places.is_empty() {
        return;
    }
    let at = Choices(!seed).of(&places).clone();
    let old = at.get(&value).unwrap().clone();
    let steps = [Edit::Remove { at: at.clone() }, Edit::Add { at, value: old }];
    match edit(format, &text, &steps) {
        Ok(edited) => {
            assert_eq!(read(format, &edited).unwrap().to_json(), value, "{text}\n{edited}");
        }
        Err(refused) => {
            assert!(may_refuse(format, &refused.reason), "{steps:?}\n{text}\n{}", refused.reason);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn a_random_edit_of_json_reads_as_it_should_and_keeps_comments(seed: u64) {
        check_one(Format::Jsonc, seed);
    }

    #[test]
    fn a_random_edit_of_toml_reads_as_it_should_and_keeps_comments(seed: u64) {
        check_one(Format::Toml, seed);
    }

    #[test]
    fn random_edits_read_as_they_should(seed: u64) {
        check_many(Format::Jsonc, seed);
        check_many(Format::Toml, seed);
    }

    #[test]
    fn what_is_taken_out_and_put_back_is_there_again(seed: u64) {
        check_back(Format::Jsonc, seed);
        check_back(Format::Toml, seed);
    }

    #[test]
    fn a_random_text_is_edited_or_refused(text in "[\\[\\]{}\",:=#/*.ab1 \n\r'-]{0,60}") {
        let steps: [&[Edit]; 3] = [
            &super::edits("remove /a"),
            &super::edits("add /b {\"a\":[1]}"),
            &super::edits("move /a /b ; set /b 2"),
        ];
        for format in [Format::Json, Format::Jsonc, Format::Toml] {
            for steps in steps {
                let _ = edit(format, &text, steps);
            }
        }
    }
}
