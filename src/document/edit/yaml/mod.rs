//! Edits of YAML: cuts in the text at the places that the reader's own parser gives, so that
//! whatever is not edited stays as it is, byte for byte.

mod add;
mod fragment;
mod remove;
mod replace;
mod scalar;
mod source;
#[cfg(test)]
mod tests;

use super::{Edit, Refused};
use crate::document::yaml::{Kind, byte};
use crate::model::Pointer;
use fragment::Fragment;
use scalar::Quoting;
use source::{Owner, Source, refused, shared};

/// Makes one edit. What comes out is not checked here.
///
/// # Errors
/// Where the place does not fit the edit, or anchors, aliases, tags or merged maps are in the way.
pub(super) fn edit(text: &str, edit: &Edit) -> Result<String, Refused> {
    let unmarked = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mark = &text[..text.len() - unmarked.len()];
    let source = Source::parse(unmarked)?;
    let edited = match edit {
        Edit::Set { at, value } => replace::set(&source, at, value),
        Edit::Add { at, value } => add::add(&source, at, Fragment::new(value, &source.style)),
        Edit::Remove { at } => remove::remove(&source, at),
        Edit::Move { from, to } => relocate(&source, from, to),
    }?;
    Ok(format!("{mark}{edited}"))
}

/// Takes a value to another place.
fn relocate(source: &Source<'_>, from: &Pointer, to: &Pointer) -> Result<String, Refused> {
    if from == to {
        return Ok(source.text.to_owned());
    }
    let (Some((old_parent, _)), Some((new_parent, name))) = (from.split_last(), to.split_last())
    else {
        return refused("the whole document has no other place");
    };
    let parent = source.collection(&old_parent)?.piece;
    if old_parent == new_parent && matches!(parent.kind, Kind::Map { .. }) {
        return rename(source, from, name);
    }
    if to.0.starts_with(&from.0) {
        return refused("a value cannot be moved into itself");
    }
    let place = source.find(from)?;
    if let Owner::Entry(entry) = place.owner
        && (entry.explicit || entry.key.tag.is_some())
    {
        return refused("the key has a `?` or a tag before it");
    }
    let fragment = Fragment::of(source, &place, &source.value(from)?)?;
    let without = remove::remove(source, from)?;
    add::add(&Source::parse(&without)?, to, fragment)
}

/// Gives a value another key in its map.
fn rename(source: &Source<'_>, at: &Pointer, name: &str) -> Result<String, Refused> {
    let place = source.find(at)?;
    let Owner::Entry(entry) = place.owner else {
        return refused("the value has no key");
    };
    if entry.key.tag.is_some() {
        return refused("the key has a tag");
    }
    shared(&entry.key)?;
    let first = byte(source.text, entry.key.span.start);
    let quoting = Quoting {
        quote: if first == Some(b'\'') { '\'' } else { source.style.quote },
        always: matches!(first, Some(b'\'' | b'"')),
        in_flow: place.in_flow,
    };
    let name = scalar::text(
        name,
        Quoting { quote: if first == Some(b'"') { '"' } else { quoting.quote }, ..quoting },
    );
    Ok(source.splice(entry.key.span, &name))
}
