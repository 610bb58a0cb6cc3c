//! YAML with places: one document of the core schema.

mod scalar;
mod tree;

use std::collections::BTreeMap;

use granit_parser::{ScalarStyle, Tag};

use super::node::{DEEPEST, Node, Unreadable, Value};
use crate::model::{Sited, Span, quoted};

pub(super) use scalar::{Plain, plain};
pub(super) use tree::{Entry, Form, Item, Kind, Piece, after, byte, is_block, parse};

/// How many values the aliases of one document may stand for, a value for each 64 bytes of text.
const MOST_ALIASED: usize = 100_000;

/// How much of YAML is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// Aliases stand for what is anchored, and a plain key `<<` merges maps as in YAML 1.1, which
    /// is what the programs do that people write it for. Otherwise anchors and aliases are
    /// refused, and `<<` is a key.
    pub(super) aliases: bool,
    /// The tags of the core schema are followed. Otherwise all tags are refused; those of
    /// applications always are.
    pub(super) tags: bool,
    /// Numbers and the like are keys under the text that is written, and numbers that JSON cannot
    /// hold are refused. Otherwise such keys are refused, and such numbers are cut to size or text.
    pub(super) any_scalar: bool,
}

/// Documents as people write them for programs.
pub(super) const WHOLE: Reading = Reading { aliases: true, tags: true, any_scalar: true };

/// Plain values only, for files that are ours.
pub(super) const STRICT: Reading = Reading { aliases: false, tags: false, any_scalar: false };

pub(super) fn read(text: &str, reading: Reading) -> Result<Node, Unreadable> {
    let root = parse(text)?;
    let mut reader = Reader { reading, anchored: BTreeMap::new(), aliased: 0, alias: None };
    reader.node(&root, 0)
}

struct Reader<'a> {
    reading: Reading,
    /// What has an anchor and was read to its end.
    anchored: BTreeMap<usize, &'a Piece>,
    /// How much was read for aliases.
    aliased: usize,
    /// The alias for which something is read.
    alias: Option<Span>,
}

impl<'a> Reader<'a> {
    fn node(&mut self, piece: &'a Piece, depth: usize) -> Result<Node, Unreadable> {
        let at = self.alias.unwrap_or(piece.span);
        if depth > DEEPEST {
            return Err(Unreadable::too_deep(at));
        }
        self.admit(piece, at)?;
        let value = match &piece.kind {
            Kind::Alias(anchor) => return self.aliased(*anchor, piece.span, depth),
            Kind::Scalar { text, style } => self.scalar(text, *style, piece.tag.as_ref(), at)?,
            Kind::List { items, .. } => {
                collection(piece.tag.as_ref(), "seq", at)?;
                let items = items.iter().map(|item| self.node(&item.value, depth + 1));
                Value::List(items.collect::<Result<_, _>>()?)
            }
            Kind::Map { entries, .. } => {
                collection(piece.tag.as_ref(), "map", at)?;
                Node::map(at, self.entries(entries, depth)?)?.value
            }
        };
        if let Some(anchor) = piece.anchor {
            self.anchored.insert(anchor, piece);
        }
        Ok(Node { span: at, value })
    }

    /// Refuses what is not read, and more than may be read.
    fn admit(&mut self, piece: &Piece, at: Span) -> Result<(), Unreadable> {
        let named = piece.anchor.is_some() || matches!(piece.kind, Kind::Alias(_));
        if named && !self.reading.aliases {
            let help = "write the value out in each place";
            return Err(Unreadable::new(at, "anchors and aliases are not read", help));
        }
        if piece.tag.is_some() && !self.reading.tags {
            let help = "write the value without `!`, text in quotes";
            return Err(Unreadable::new(at, "tags are not read", help));
        }
        if self.alias.is_some() {
            let length = if let Kind::Scalar { text, .. } = &piece.kind { text.len() } else { 0 };
            self.aliased += 1 + length / 64;
            if self.aliased > MOST_ALIASED {
                let message = "the aliases up to here stand for more than 100000 values";
                return Err(Unreadable::new(at, message, "write the values out"));
            }
        }
        Ok(())
    }

    fn aliased(
        &mut self,
        anchor: Option<usize>,
        at: Span,
        depth: usize,
    ) -> Result<Node, Unreadable> {
        let at = self.alias.unwrap_or(at);
        let Some(anchor) = anchor else {
            let message = "there is no anchor of this name before the alias";
            return Err(Unreadable::new(at, message, "put the anchored value first"));
        };
        let Some(&piece) = self.anchored.get(&anchor) else {
            return Err(Unreadable::new(at, "this alias stands in its own value", ""));
        };
        let outer = self.alias.replace(at);
        let node = self.node(piece, depth)?;
        self.alias = outer;
        Ok(node)
    }

    fn entries(
        &mut self,
        entries: &'a [Entry],
        depth: usize,
    ) -> Result<Vec<(Sited<String>, Node)>, Unreadable> {
        let mut read = Vec::with_capacity(entries.len());
        let mut merged = None;
        for entry in entries {
            if self.reading.aliases && is_merge(entry) {
                if merged.is_some() {
                    let message = "the key \"<<\" comes twice";
                    return Err(Unreadable::new(entry.key.span, message, "give it a list"));
                }
                merged = Some(self.node(&entry.value, depth + 1)?);
            } else {
                read.push((self.key(&entry.key)?, self.node(&entry.value, depth + 1)?));
            }
        }
        if let Some(merged) = merged {
            merge(&mut read, merged)?;
        }
        Ok(read)
    }

    fn key(&mut self, piece: &'a Piece) -> Result<Sited<String>, Unreadable> {
        let at = self.alias.unwrap_or(piece.span);
        let mut written = piece;
        if let Kind::Alias(Some(anchor)) = &piece.kind {
            written = self.anchored.get(anchor).copied().unwrap_or(piece);
        }
        let node = match &written.kind {
            Kind::Scalar { .. } | Kind::Alias(_) => Some(self.node(piece, 0)?),
            Kind::List { .. } | Kind::Map { .. } => None,
        };
        match (node.map(|node| node.value), &written.kind) {
            (Some(Value::Text(text)), _) => Ok(Sited::new(text, at)),
            (Some(_), Kind::Scalar { text, .. }) if self.reading.any_scalar => {
                Ok(Sited::new(text.clone(), at))
            }
            _ => {
                let message = "only text can be a key here";
                Err(Unreadable::new(at, message, "put it in quotes"))
            }
        }
    }

    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        at: Span,
    ) -> Result<Value, Unreadable> {
        let resolved = if style == ScalarStyle::Plain {
            plain(text)
        } else {
            Plain::Value(Value::Text(text.to_owned()))
        };
        let value = match (tag.map(core), resolved) {
            (Some(Some("str")), _) => return Ok(Value::Text(text.to_owned())),
            (Some(None), _) => return Err(foreign(tag, at)),
            // A tag can say that a text in quotes is a number.
            (Some(Some("int" | "float" | "bool" | "null")), Plain::Value(Value::Text(text))) => {
                plain(&text)
            }
            (_, resolved) => resolved,
        };
        let value = match value {
            Plain::Value(value) => value,
            Plain::Unheld(nearest) if !self.reading.any_scalar => {
                return Ok(nearest.map_or_else(|| Value::Text(text.to_owned()), Value::Number));
            }
            Plain::Unheld(Some(_)) => {
                return Err(Unreadable::new(at, "this number is too large", ""));
            }
            Plain::Unheld(None) => {
                let message = format!("JSON has no number {}", quoted(text));
                return Err(Unreadable::new(
                    at,
                    message,
                    "write another number, or text in quotes",
                ));
            }
        };
        let fits = match (tag.and_then(core), &value) {
            (None, _) | (Some("float"), Value::Number(_)) => true,
            (Some("int"), Value::Number(number)) => !number.is_f64(),
            (Some("bool"), Value::Bool(_)) | (Some("null"), Value::Null) => true,
            _ => false,
        };
        if fits { Ok(value) } else { Err(mistagged(tag, at)) }
    }
}

/// Whether an entry merges maps into its own: a key `<<` without quotes and tag.
pub(super) fn is_merge(entry: &Entry) -> bool {
    entry.key.tag.is_none()
        && matches!(&entry.key.kind, Kind::Scalar { text, style: ScalarStyle::Plain } if text == "<<")
}

/// Puts the entries of a map, or of a list of maps, behind those that there are; the earlier ones
/// win.
fn merge(entries: &mut Vec<(Sited<String>, Node)>, merged: Node) -> Result<(), Unreadable> {
    let at = merged.span;
    let maps = match merged.value {
        Value::List(maps) => maps,
        _ => vec![merged],
    };
    let mut seen: std::collections::BTreeSet<String> =
        entries.iter().map(|(key, _)| key.value.clone()).collect();
    for map in maps {
        let Value::Map(more) = map.value else {
            let message = "\"<<\" takes over maps, and this is none";
            return Err(Unreadable::new(at, message, "give it a map, or put it in quotes"));
        };
        for (key, node) in more {
            if seen.insert(key.value.clone()) {
                entries.push((key, node));
            }
        }
    }
    Ok(())
}

/// The name of a tag of the core schema; the tag `!` alone means text.
fn core(tag: &Tag) -> Option<&str> {
    if tag.parts() == ("", "!") { Some("str") } else { tag.core_suffix() }
}

fn collection(tag: Option<&Tag>, kind: &str, at: Span) -> Result<(), Unreadable> {
    match tag.map(|tag| (tag.parts() == ("", "!"), core(tag))) {
        None | Some((true, _)) => Ok(()),
        Some((_, Some(name))) if name == kind => Ok(()),
        Some((_, Some(_))) => Err(mistagged(tag, at)),
        Some((_, None)) => Err(foreign(tag, at)),
    }
}

fn mistagged(tag: Option<&Tag>, at: Span) -> Unreadable {
    let tag = quoted(&tag.map(Tag::original).unwrap_or_default());
    Unreadable::new(at, format!("this is not what its tag {tag} says"), "leave the tag out")
}

fn foreign(tag: Option<&Tag>, at: Span) -> Unreadable {
    let tag = quoted(&tag.map(Tag::original).unwrap_or_default());
    let message = format!("what the tag {tag} means, only its application knows");
    Unreadable::new(at, message, "write the value without the tag")
}

#[cfg(test)]
mod tests;
