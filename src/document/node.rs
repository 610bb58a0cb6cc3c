//! One tree for three formats: values that know where they stand.

use std::collections::BTreeSet;

use crate::model::{Pointer, Problem, RepoPath, Sited, Span, printable};

/// How deep a document may nest, whichever its format; deeper ones are refused unread.
pub const DEEPEST: usize = 128;

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands, its quotes or brackets included.
    pub span: Span,
    /// The value.
    pub value: Value,
}

/// What a value is, in the terms of JSON.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are JSON's")]
pub enum Value {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Sited<String>, Node)>),
}

/// Why a text cannot be read.
#[derive(Debug)]
pub struct Unreadable {
    /// Where reading ended.
    pub span: Span,
    /// Why.
    pub message: String,
    /// The way out; empty where there is nothing to add.
    pub help: &'static str,
}

impl Unreadable {
    /// A text that cannot be read from `span` on.
    #[must_use]
    pub fn new(span: Span, message: impl Into<String>, help: &'static str) -> Self {
        Self { span, message: message.into(), help }
    }

    /// What a person is told about it, as a problem of the file at `path`.
    #[must_use]
    pub fn problem(&self, path: &RepoPath) -> Problem {
        let message: String = self.message.chars().take(300).collect();
        super::problem(path, self.span, printable(&message), self.help)
    }

    pub(super) fn too_deep(span: Span) -> Self {
        Self::new(span, "this is nested too deeply", "nest less than 128 levels")
    }
}

impl Node {
    /// A map of these entries, in their order; refuses a key that comes twice.
    pub(super) fn map(span: Span, entries: Vec<(Sited<String>, Self)>) -> Result<Self, Unreadable> {
        let mut seen = BTreeSet::new();
        for (key, _) in &entries {
            if !seen.insert(key.value.as_str()) {
                let message = format!("the key {} comes twice", crate::model::quoted(&key.value));
                return Err(Unreadable::new(key.span, message, "keep one of them"));
            }
        }
        Ok(Self { span, value: Value::Map(entries) })
    }

    /// The entry of a map: where its key stands, and its value.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<(Span, &Self)> {
        let Value::Map(entries) = &self.value else { return None };
        entries.iter().find(|(name, _)| name.value == key).map(|(name, node)| (name.span, node))
    }

    /// The value of a map's entry.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|(_, node)| node)
    }

    /// What sort of value it is, in words for people.
    #[must_use]
    pub fn what(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// The items, where it is a list.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text, where it is text.
    #[must_use]
    pub fn text(&self) -> Option<Sited<&str>> {
        match &self.value {
            Value::Text(text) => Some(Sited::new(text, self.span)),
            _ => None,
        }
    }

    /// What a map holds under a key, or a list at an index.
    fn child(&self, token: &str) -> Option<&Self> {
        match &self.value {
            Value::List(items) => items.get(Pointer::index(token)?),
            _ => self.get(token),
        }
    }

    /// The value at the tokens of a JSON Pointer.
    #[must_use]
    pub fn find(&self, tokens: &[String]) -> Option<&Self> {
        tokens.iter().try_fold(self, |node, token| node.child(token))
    }

    /// The value at a JSON Pointer; the nearest one above it where there is none.
    #[must_use]
    pub fn at(&self, pointer: &str) -> &Self {
        let mut tokens = pointer.split('/').skip(1).map(Pointer::unescaped);
        let way = std::iter::successors(Some(self), |node| node.child(&tokens.next()?));
        way.last().unwrap_or(self)
    }

    /// The same value without places.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(value) => value.clone().into(),
            Value::Text(value) => value.clone().into(),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => {
                let pairs = entries.iter().map(|(key, node)| (key.value.clone(), node.to_json()));
                serde_json::Value::Object(pairs.collect())
            }
        }
    }
}
