//! Writes values as YAML in whatever way people might, as a list of choices says.

use std::fmt::Write as _;

use serde_json::Value;

/// The choices, used in turn and over again.
pub(super) struct Choices<'a> {
    bytes: &'a [u8],
    next: usize,
}

impl<'a> Choices<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, next: 0 }
    }

    /// A number below `bound`.
    pub(super) fn pick(&mut self, bound: usize) -> usize {
        let byte = self.bytes.get(self.next % self.bytes.len().max(1)).copied().unwrap_or(0);
        self.next += 1;
        (usize::from(byte) + self.next / self.bytes.len().max(1)) % bound.max(1)
    }

    /// Whether one of `of` cases comes true.
    fn once(&mut self, of: usize) -> bool {
        self.pick(of) == of - 1
    }
}

pub(super) struct Writer<'a> {
    choices: Choices<'a>,
    out: String,
    step: usize,
    list: usize,
    /// The end of the last block scalar; readers differ over one that the text ends in.
    literal: usize,
    /// How many comments there are; each has its number.
    comments: usize,
    /// One of so many places for a comment gets one.
    rarity: usize,
}

pub(super) fn write(value: &Value, choices: &[u8]) -> String {
    let mut choices = Choices::new(choices);
    let step = [2, 4, 3, 1][choices.pick(4)];
    let list = [0, 2, step][choices.pick(3)];
    let rarity = [3, 6, 1000][choices.pick(3)];
    let (crlf, marks, ends) = (choices.once(4), choices.once(5), !choices.once(6));
    let mut writer =
        Writer { choices, out: String::new(), step, list, literal: 0, comments: 0, rarity };
    if marks {
        writer.out.push_str("%YAML 1.2\n---\n");
    }
    writer.above(0);
    match value {
        Value::Object(map) if !map.is_empty() => writer.map(value, 0, false),
        Value::Array(items) if !items.is_empty() => writer.items(value, 0, false),
        _ => {
            let text = writer.short(value, false, false);
            writer.out.push_str(&text);
            writer.tail();
        }
    }
    if marks && !writer.out.is_empty() {
        writer.above(0);
    }
    let mut out = writer.out;
    if !ends && out.len() > writer.literal {
        out.truncate(out.trim_end_matches('\n').len());
    }
    if crlf { out.replace('\n', "\r\n") } else { out }
}

impl Writer<'_> {
    fn comment(&mut self) -> String {
        self.comments += 1;
        format!("# c{};", self.comments)
    }

    fn indent(&mut self, column: usize) {
        self.out.push_str(&" ".repeat(column));
    }

    /// Blank lines and comments before something.
    fn above(&mut self, column: usize) {
        // Behind a block scalar that keeps its blank lines, another would be one of them.
        if self.choices.once(self.rarity) && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
        while self.choices.once(self.rarity) {
            let comment = self.comment();
            self.indent(column);
            let _ = writeln!(self.out, "{comment}");
        }
    }

    /// A comment or nothing, and the end of the line.
    fn tail(&mut self) {
        if self.choices.once(self.rarity) {
            let comment = self.comment();
            let _ = write!(self.out, "  {comment}");
        }
        self.out.push('\n');
    }

    fn map(&mut self, value: &Value, column: usize, mut compact: bool) {
        for (key, value) in value.as_object().unwrap() {
            if !std::mem::take(&mut compact) {
                self.above(column);
                self.indent(column);
            }
            let key = self.text(key, false);
            let _ = write!(self.out, "{key}:");
            self.value(value, column, true);
        }
    }

    fn items(&mut self, value: &Value, column: usize, mut compact: bool) {
        for value in value.as_array().unwrap() {
            if !std::mem::take(&mut compact) {
                self.above(column);
                self.indent(column);
            }
            self.out.push('-');
            self.value(value, column, false);
        }
    }

    /// A value behind a `:` or `-`.
    fn value(&mut self, value: &Value, column: usize, under_key: bool) {
        let (filled, is_list) = match value {
            Value::Object(map) => (!map.is_empty(), false),
            Value::Array(items) => (!items.is_empty(), true),
            _ => (false, false),
        };
        if filled && !self.choices.once(5) {
            if !under_key && self.choices.pick(3) > 0 {
                self.out.push(' ');
                return self.block(value, column + 2, true);
            }
            self.tail();
            let inset = if under_key && is_list { self.list } else { self.step };
            return self.block(value, column + inset, false);
        }
        if filled && self.choices.once(3) {
            return self.flow_lines(value, column);
        }
        match value {
            Value::Null if self.choices.once(2) => self.tail(),
            Value::String(text) if self.is_literal(text) => self.literal(text, column),
            _ => {
                let text = self.short(value, false, false);
                let _ = write!(self.out, " {text}");
                self.tail();
            }
        }
    }

    fn block(&mut self, value: &Value, column: usize, compact: bool) {
        if value.is_array() {
            self.items(value, column, compact);
        } else {
            self.map(value, column, compact);
        }
        if self.choices.once(self.rarity * 2) {
            let comment = self.comment();
            self.indent(column);
            let _ = writeln!(self.out, "{comment}");
        }
    }

    /// Brackets over lines.
    fn flow_lines(&mut self, value: &Value, column: usize) {
        let parts: Vec<String> = match value {
            Value::Array(items) => items.iter().map(|item| self.short(item, true, false)).collect(),
            Value::Object(map) => map.iter().map(|(key, item)| self.pair(key, item)).collect(),
            _ => Vec::new(),
        };
        let (open, close) = if value.is_array() { ('[', ']') } else { ('{', '}') };
        let _ = write!(self.out, " {open}");
        self.tail();
        let trailing = self.choices.once(2);
        for (index, part) in parts.iter().enumerate() {
            self.above(column + 2);
            self.indent(column + 2);
            self.out.push_str(part);
            if trailing || index + 1 < parts.len() {
                self.out.push(',');
            }
            self.tail();
        }
        self.indent(column + 1);
        self.out.push(close);
        self.tail();
    }

    fn pair(&mut self, key: &str, value: &Value) -> String {
        format!("{}: {}", self.text(key, true), self.short(value, true, false))
    }

    fn is_literal(&mut self, text: &str) -> bool {
        let body = text.trim_end_matches('\n');
        text.contains('\n')
            && !body.is_empty()
            && !body.starts_with([' ', '\n', '\t'])
            && text.chars().all(|c| c == '\n' || !c.is_control())
            && body.lines().all(|line| line.is_empty() || !line.trim().is_empty())
            && self.choices.pick(3) > 0
    }

    fn literal(&mut self, text: &str, column: usize) {
        let body = text.trim_end_matches('\n');
        let chomp = match text.len() - body.len() {
            0 => "-",
            1 => "",
            _ => "+",
        };
        let inset = self.step.max(1);
        let digit = if self.choices.once(4) { inset.to_string() } else { String::new() };
        let _ = write!(self.out, " |{digit}{chomp}");
        self.tail();
        for line in body.split('\n') {
            if !line.is_empty() {
                self.indent(column + inset);
            }
            let _ = writeln!(self.out, "{line}");
        }
        for _ in 1..text.len() - body.len() {
            self.out.push('\n');
        }
        self.literal = self.out.len();
    }

    /// A value on one line.
    fn short(&mut self, value: &Value, in_flow: bool, _key: bool) -> String {
        match value {
            Value::Null => ["null", "~", "Null"][self.choices.pick(3)].to_owned(),
            Value::Bool(true) => ["true", "True"][self.choices.pick(2)].to_owned(),
            Value::Bool(false) => ["false", "FALSE"][self.choices.pick(2)].to_owned(),
            Value::Number(number) => match number.as_u64() {
                Some(number) if self.choices.once(4) => format!("0x{number:x}"),
                _ => number.to_string(),
            },
            Value::String(text) => self.text(text, in_flow),
            Value::Array(items) => {
                let parts: Vec<String> =
                    items.iter().map(|item| self.short(item, true, false)).collect();
                let (pad, trailing) = (["", " "][self.choices.pick(2)], self.choices.once(6));
                let comma = if trailing && !parts.is_empty() { "," } else { "" };
                format!("[{pad}{}{comma}{pad}]", parts.join(", "))
            }
            Value::Object(map) => {
                let parts: Vec<String> =
                    map.iter().map(|(key, item)| self.pair(key, item)).collect();
                let pad = ["", " "][self.choices.pick(2)];
                format!("{{{pad}{}{pad}}}", parts.join(", "))
            }
        }
    }

    fn text(&mut self, text: &str, _in_flow: bool) -> String {
        let safe = text.starts_with(|c: char| c.is_alphabetic())
            && text.chars().all(|c| c.is_alphanumeric() || "_./-".contains(c))
            && !["true", "false", "null", "yes", "no", "on", "off"]
                .contains(&&*text.to_ascii_lowercase());
        let single = text.chars().all(|c| !c.is_control());
        match self.choices.pick(3) {
            0 if safe => text.to_owned(),
            1 if single => format!("'{}'", text.replace('\'', "''")),
            _ if safe && self.choices.pick(3) > 0 => text.to_owned(),
            _ => serde_json::to_string(text).unwrap(),
        }
    }
}
