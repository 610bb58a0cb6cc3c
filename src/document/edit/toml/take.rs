//! What is taken out of a TOML document.

use std::ops::Range;

use super::layout::{Entry, Holder, Key, Step, line_end};
use super::{Part, Toml, keys};
use crate::document::edit::flow::{Piece, line_indent, rest_of_line};
use crate::document::edit::style::{Notation, is_blank};
use crate::document::edit::{Refused, spliced};
use crate::document::{Format, read};

/// What takes the place of what was taken.
struct Cut {
    range: Range<usize>,
    /// Written instead, where a table would be gone with its last entry.
    instead: Option<String>,
    /// Whether it takes whole lines.
    lines: bool,
}

impl Toml<'_> {
    /// Takes a value out: the text without it, and what it was made of.
    pub(super) fn take(&self, place: &[Step]) -> Result<(String, Vec<Part>), Refused> {
        let Some((_, holder)) = place.split_last() else {
            return Err(Refused::new("the whole document can only be set"));
        };
        let entries: Vec<&Entry> = self.topmost(place).collect();
        let mut emptied = !self.stands_without(holder, place);
        let mut cuts = Vec::new();
        let mut parts = Vec::new();
        for entry in entries {
            let kept = holder.len().checked_sub(self.layout.base(entry).len() + 1);
            let kept = kept.and_then(|last| entry.keys.get(last)).filter(|_| emptied);
            emptied &= kept.is_none();
            let below = place.len().saturating_sub(self.layout.base(entry).len());
            let below = self.raw(entry.keys.get(below..).unwrap_or_default());
            let piece = self.take_entry(entry, kept, &mut cuts);
            parts.push(Part::Line { keys: below, piece });
        }
        for (at, section) in self.layout.sections.iter().enumerate().skip(1) {
            if !section.path.starts_with(place) {
                continue;
            }
            let lead = self.layout.lead(self.text, section.span.start);
            let end = self.layout.section_end(self.text, at);
            // The array that holds an element is not a table that could be empty.
            let header = matches!(place.last(), Some(Step::Key(_)));
            let instead = (emptied && header).then(|| self.header(holder));
            emptied &= instead.is_none();
            cuts.push(Cut { range: lead..end, instead, lines: true });
            parts.push(Part::Section {
                keys: self.raw(section.keys.get(keys(place).count()..).unwrap_or_default()),
                many: (section.path != place)
                    .then(|| matches!(section.path.last(), Some(Step::Item(_)))),
                lead: self.text[lead..section.span.start].to_owned(),
                body: self.text[section.span.end..end].to_owned(),
            });
        }
        let mut rest = self.text.to_owned();
        cuts.sort_by_key(|cut| cut.range.start);
        for cut in cuts.iter().rev() {
            rest = cut.out_of(&rest);
        }
        if emptied {
            rest = Self::with_empty_list(&rest, holder)?;
        }
        Ok((rest, parts))
    }

    /// The entries that a value is made of, those in brackets only where they are all of it.
    fn topmost(&self, place: &[Step]) -> impl Iterator<Item = &Entry> {
        self.layout.entries.iter().filter(move |entry| {
            let base = self.layout.base(entry);
            entry.path.starts_with(place) && !base.starts_with(place)
        })
    }

    /// Whether a table or list is there even without one of its parts.
    fn stands_without(&self, holder: &[Step], place: &[Step]) -> bool {
        let holds = |path: &[Step]| path.starts_with(holder) && !path.starts_with(place);
        holder.is_empty()
            || self.layout.entries.iter().any(|entry| holds(&entry.path))
            || self.layout.sections.iter().any(|section| holds(&section.path))
    }

    fn header(&self, place: &[Step]) -> String {
        let keys: Vec<String> = keys(place).map(|key| self.style.key(key)).collect();
        self.style.header(&keys, matches!(place.last(), Some(Step::Item(_))))
    }

    fn raw(&self, keys: &[Key]) -> Vec<String> {
        keys.iter().map(|key| self.text[key.span.clone()].to_owned()).collect()
    }

    fn take_entry(&self, entry: &Entry, kept: Option<&Key>, cuts: &mut Vec<Cut>) -> Piece {
        let start = entry.keys.first().map_or(entry.value.start, |key| key.span.start);
        let value = self.text[entry.value.clone()].to_owned();
        let indent = line_indent(self.text, start).to_owned();
        if let Holder::Flow(at, index) = entry.holder {
            if let Some(key) = kept {
                let range = key.span.end..entry.value.end;
                cuts.push(Cut { range, instead: Some(" = {}".into()), lines: false });
                return Piece { value, indent, ..Piece::default() };
            }
            let flow = &self.layout.flows[at].flow;
            let (splices, piece) = flow.remove(self.text, index, Notation::Toml);
            let cut = |range| Cut { range, instead: None, lines: false };
            cuts.extend(splices.into_iter().map(|(range, _)| cut(range)));
            return piece;
        }
        let lead = self.layout.lead(self.text, start);
        let end = line_end(self.text, entry.value.end);
        let trail = self.text[entry.value.end..end].trim();
        let trail = if trail.is_empty() { vec![] } else { vec![trail.to_owned()] };
        let instead = kept.map(|key| format!("{indent}{} = {{}}", &self.text[start..key.span.end]));
        cuts.push(Cut { range: lead..end, instead, lines: true });
        // The indentation of the first line is that of the new place.
        let lead = self.text[lead..start].strip_prefix(indent.as_str()).unwrap_or_default();
        Piece { lead: lead.to_owned(), value, trail, indent }
    }

    /// A document in which a list that lost its last table is an empty one.
    fn with_empty_list(text: &str, list: &[Step]) -> Result<String, Refused> {
        let root = read(Format::Toml, text)?.to_json();
        let toml = Toml::of(text, &root);
        match list.split_last() {
            Some((Step::Key(key), table)) => {
                let key = toml.style.key(key);
                toml.put_line(table, &key, super::Content::New(&serde_json::json!([])))
            }
            _ => Err(Refused::new("the list would be gone with its last table")),
        }
    }
}

impl Cut {
    /// The text without it, and without a blank line too many or a missing line end.
    fn out_of(&self, text: &str) -> String {
        let Range { mut start, mut end } = self.range;
        if self.instead.is_some() || !self.lines {
            let instead = self.instead.clone().unwrap_or_default();
            return spliced(text, vec![(start..end, instead)]);
        }
        let blank_above = {
            let above = text[..start].trim_end_matches(['\r', '\n']);
            let ends = text[above.len()..start].matches('\n').count();
            start == 0 || ends > 1 || is_blank(above.rsplit('\n').next().unwrap_or_default())
        };
        match rest_of_line(text, end) {
            Some(next) => end = next,
            // The last line has no end: neither has the one that is last now.
            None => {
                start = text[..start].trim_end_matches([' ', '\t', '\r', '\n']).len();
                return spliced(text, vec![(start..text.len(), String::new())]);
            }
        }
        if blank_above {
            while let Some(next) = rest_of_line(text, end) {
                end = next;
            }
            if text[end..].trim().is_empty() {
                end = text.len();
                let kept = text[..start].trim_end_matches([' ', '\t', '\r', '\n']).len();
                start = rest_of_line(text, kept).unwrap_or(0);
            }
        }
        spliced(text, vec![(start..end, String::new())])
    }
}
