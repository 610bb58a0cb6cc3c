//! What is put into a TOML document.

use serde_json::Value;

use super::layout::{Holder, Layout, Step, line_end};
use super::tables::is_section;
use super::{Content, Part, Pointer, Toml, content, keys, path, unfit};
use crate::document::edit::flow::{Piece, line_indent};
use crate::document::edit::{Refused, shown, spliced};

impl Toml<'_> {
    /// Puts a new value in.
    pub(super) fn put_new(&self, at: &Pointer, value: &Value) -> Result<String, Refused> {
        let place = path(self.root, &at.0);
        let (last, holder) = place.split_last().ok_or_else(|| unfit(at))?;
        if let Some(bracketed) = self.brackets(holder, last, Content::New(value))? {
            return Ok(bracketed);
        }
        match last {
            Step::Item(index) => {
                let map = value.as_object().ok_or_else(|| only_tables(at))?;
                let table = self.style.table(&mut self.written(holder), true, map)?;
                Ok(self.insert_sections(holder, Some(*index), &table))
            }
            Step::Key(key) if is_section(value) && self.takes_sections(holder) => {
                let mut keys = self.written(holder);
                keys.push(self.style.key(key));
                let table = match value {
                    Value::Object(map) => self.style.table(&mut keys, false, map)?,
                    value => {
                        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                        self.style.tables(&mut keys, items)?
                    }
                };
                Ok(self.insert_sections(holder, None, &table))
            }
            Step::Key(key) => self.put_line(holder, &self.style.key(key), Content::New(value)),
        }
    }

    /// Puts in what was taken out.
    pub(super) fn put_parts(&self, at: &Pointer, parts: Vec<Part>) -> Result<String, Refused> {
        let place = path(self.root, &at.0);
        let (last, holder) = place.split_last().ok_or_else(|| unfit(at))?;
        let whole = match &parts[..] {
            [Part::Line { keys, piece }] if keys.is_empty() => Some(piece),
            _ => None,
        };
        let in_line = self.layout.flow(holder).is_some() || self.dotted(holder).is_some();
        if in_line && whole.is_none() {
            let piece = in_brackets(&parts, at)?;
            return self.put_parts(at, vec![Part::Line { keys: vec![], piece }]);
        }
        if let Some(piece) = whole
            && let Some(text) = self.brackets(holder, last, content(piece))?
        {
            return Ok(text);
        }
        match (last, whole) {
            (Step::Key(key), Some(piece)) => {
                self.put_line(holder, &self.style.key(key), content(piece))
            }
            (Step::Item(index), Some(piece)) => {
                let table = self.opened(holder, piece).ok_or_else(|| only_tables(at))?;
                Ok(self.insert_sections(holder, Some(*index), &table))
            }
            (Step::Key(key), None) => {
                let mut names = self.written(holder);
                names.push(self.style.key(key));
                self.put_sections(holder, None, &names, parts)
            }
            (Step::Item(index), None) => {
                self.put_sections(holder, Some(*index), &self.written(holder), parts)
            }
        }
    }

    /// Puts a value into a map or list in brackets, if it is one that the holder is.
    fn brackets(
        &self,
        holder: &[Step],
        last: &Step,
        content: Content<'_>,
    ) -> Result<Option<String>, Refused> {
        let (found, prefix) = match self.layout.flow(holder) {
            Some(found) => (found, None),
            None => match self.dotted(holder) {
                Some((Holder::Flow(at, _), prefix)) => (&self.layout.flows[at], Some(prefix)),
                _ => return Ok(None),
            },
        };
        let (index, key) = match last {
            Step::Item(index) => (*index, None),
            Step::Key(key) => (found.flow.items.len(), Some(self.style.key(key))),
        };
        let key = key.map(|key| prefix.map_or(key.clone(), |prefix| format!("{prefix}.{key}")));
        let (mut splices, homeless) =
            found.flow.insert(self.text, index, key.as_deref(), content, &self.style)?;
        let indent = line_indent(self.text, found.top);
        let newline = self.style.newline;
        let line = self.text[..found.top].rfind('\n').map_or(0, |newline| newline + 1);
        let above = homeless.iter().map(|it| (line..line, format!("{indent}{it}{newline}")));
        splices.splice(0..0, above);
        Ok(Some(spliced(self.text, splices)))
    }

    /// Where a table is only there by dotted keys: what they stand in, and the keys up to it.
    fn dotted(&self, table: &[Step]) -> Option<(Holder, String)> {
        self.layout.entries.iter().rev().find_map(|entry| {
            let base = self.layout.base(entry);
            let keys = table.len().checked_sub(base.len()).filter(|keys| *keys > 0)?;
            if !entry.path.starts_with(table) || keys >= entry.keys.len() {
                return None;
            }
            let (first, last) = (entry.keys.first()?, entry.keys.get(keys - 1)?);
            Some((entry.holder, self.text[first.span.start..last.span.end].to_owned()))
        })
    }

    /// Puts a key and its value on a line of their own.
    pub(super) fn put_line(
        &self,
        table: &[Step],
        key: &str,
        content: Content<'_>,
    ) -> Result<String, Refused> {
        let layout = &self.layout;
        let newline = self.style.newline;
        if let Some((Holder::Section(at), prefix)) = self.dotted(table) {
            let of_table = |entry: &&usize| layout.entries[**entry].path.starts_with(table);
            let last = layout.sections[at].entries.iter().rfind(of_table);
            return self.after_entry(last.copied(), at, &format!("{prefix}.{key}"), content);
        }
        let Some(at) = layout.section(table) else {
            // A table that is there by those below it gets a header of its own.
            let line = content.over_lines(&format!("{key} = "), "", "", &self.style)?;
            let header = self.style.header(&self.written(table), false);
            let new = format!("{header}{newline}{line}");
            let below = layout.sections.iter().find(|section| section.path.starts_with(table));
            return Ok(match below {
                Some(section) => {
                    let at = layout.lead(self.text, section.span.start);
                    spliced(self.text, vec![(at..at, format!("{new}{newline}{newline}"))])
                }
                None => self.insert_sections(table, None, &new),
            });
        };
        self.after_entry(layout.sections[at].entries.last().copied(), at, key, content)
    }

    /// Puts a line after an entry, or after its section's header.
    fn after_entry(
        &self,
        entry: Option<usize>,
        section: usize,
        key: &str,
        content: Content<'_>,
    ) -> Result<String, Refused> {
        let layout = &self.layout;
        let newline = self.style.newline;
        let span = &layout.sections[section].span;
        let entry = entry.map(|entry| &layout.entries[entry]);
        let start =
            entry.and_then(|entry| entry.keys.first()).map_or(span.start, |key| key.span.start);
        let indent = line_indent(self.text, start);
        let label = format!("{key}{}", self.separator(section));
        let line = content.over_lines(&label, indent, "", &self.style)?;
        if entry.is_some() || section > 0 {
            let end = entry.map_or(span.end, |entry| entry.value.end);
            let end = line_end(self.text, end);
            return Ok(spliced(self.text, vec![(end..end, format!("{newline}{indent}{line}"))]));
        }
        // The first line of all comes before the first header, but after comments about the file.
        if let Some(first) = layout.sections.get(1) {
            let at = layout.lead(self.text, first.span.start);
            return Ok(spliced(self.text, vec![(at..at, format!("{line}{newline}{newline}"))]));
        }
        Ok(self.at_end(&line, false))
    }

    /// What stands between a key and its value in a section.
    fn separator(&self, section: usize) -> &str {
        let entries = &self.layout.sections[section].entries;
        let entries = entries.iter().rev().map(|at| &self.layout.entries[*at]);
        let all = self.layout.entries.iter();
        entries
            .chain(all.filter(|entry| matches!(entry.holder, Holder::Section(_))))
            .filter_map(|entry| self.text.get(entry.keys.last()?.span.end..entry.value.start))
            .find(|it| matches!(*it, "=" | " = " | "= " | " ="))
            .unwrap_or(" = ")
    }

    /// Puts sections at the end of a table, or before an element of a list.
    fn insert_sections(&self, holder: &[Step], index: Option<usize>, new: &str) -> String {
        let newline = self.style.newline;
        let new = new.trim_end_matches(['\r', '\n']);
        let layout = &self.layout;
        if let Some(index) = index {
            let element: Vec<Step> = holder.iter().cloned().chain([Step::Item(index)]).collect();
            if let Some(next) = layout.section(&element) {
                let at = layout.lead(self.text, layout.sections[next].span.start);
                return spliced(self.text, vec![(at..at, format!("{new}{newline}{newline}"))]);
            }
        }
        // After the last section of the nearest table above that has one.
        let last = (1..=holder.len()).rev().find_map(|length| {
            let near = &holder[..length];
            layout.sections.iter().rposition(|section| section.path.starts_with(near))
        });
        match last {
            Some(last) if last + 1 < layout.sections.len() => {
                let end = layout.section_end(self.text, last);
                let gap = if self.is_dense() { "" } else { newline };
                spliced(self.text, vec![(end..end, format!("{newline}{gap}{new}"))])
            }
            _ => self.at_end(new, !self.is_dense()),
        }
    }

    /// Whether headers follow without a blank line.
    fn is_dense(&self) -> bool {
        let above = |start: usize| &self.text[..self.layout.lead(self.text, start)];
        let mut headers = self.layout.sections.iter().skip(2).peekable();
        headers.peek().is_some()
            && headers.all(|section| {
                let above = above(section.span.start);
                let above = above.strip_suffix('\n').unwrap_or(above).trim_end_matches('\r');
                !above.ends_with('\n')
            })
    }

    /// Puts lines at the end, which keeps its line end or its lack of one.
    fn at_end(&self, new: &str, apart: bool) -> String {
        let newline = self.style.newline;
        let kept = self.text.trim_end();
        if kept.is_empty() {
            return format!("{new}{newline}");
        }
        let gap = if apart || self.ends_in_comment() { newline } else { "" };
        let end = kept.len();
        spliced(self.text, vec![(end..end, format!("{newline}{gap}{new}"))])
    }

    fn ends_in_comment(&self) -> bool {
        let line = self.text.trim_end().rsplit('\n').next().unwrap_or_default();
        line.trim_start().starts_with('#')
    }

    /// Whether new maps in a table are written under headers of their own.
    fn takes_sections(&self, table: &[Step]) -> bool {
        if self.dotted(table).is_some() {
            return false;
        }
        let inner = |path: &[Step]| path.len() > table.len() && path.starts_with(table);
        let tables = self.layout.sections.iter().any(|section| inner(&section.path));
        let inline = self
            .layout
            .flows
            .iter()
            .any(|it| it.flow.map && it.path.len() == table.len() + 1 && inner(&it.path));
        tables || !inline
    }

    /// The keys of a header for a table.
    fn written(&self, table: &[Step]) -> Vec<String> {
        keys(table).map(|key| self.style.key(key)).collect()
    }

    /// An inline table as one with a header, for an array of such.
    fn opened(&self, list: &[Step], piece: &Piece) -> Option<String> {
        let text = format!("x = {}", piece.value);
        let layout = Layout::of(&text);
        let table = layout.flow(&[Step::Key("x".into())]).filter(|it| it.flow.map)?;
        if layout.has_comment(&(0..text.len())) {
            return None;
        }
        let newline = self.style.newline;
        let mut out: String =
            piece.comments(self.style.notation).iter().map(|it| format!("{it}{newline}")).collect();
        out.push_str(&self.style.header(&self.written(list), true));
        for item in &table.flow.items {
            out.push_str(newline);
            out.push_str(&text[item.start..item.value.end]);
        }
        Some(out)
    }

    /// Puts in a table that is written under headers or with dotted keys.
    fn put_sections(
        &self,
        holder: &[Step],
        index: Option<usize>,
        names: &[String],
        parts: Vec<Part>,
    ) -> Result<String, Refused> {
        let newline = self.style.newline;
        let (mut lines, mut sections) = (Vec::new(), Vec::new());
        for part in parts {
            match part {
                Part::Line { keys, piece } => lines.push((keys, piece)),
                Part::Section { keys, many, lead, body } => {
                    let all: Vec<String> = names.iter().cloned().chain(keys).collect();
                    let many = many.unwrap_or(index.is_some());
                    sections.push(format!("{lead}{}{body}", self.style.header(&all, many)));
                }
            }
        }
        let mut text = String::new();
        if !lines.is_empty() {
            text = self.style.header(names, index.is_some());
            for (keys, piece) in lines {
                let label = format!("{} = ", keys.join("."));
                let line = content(&piece).over_lines(&label, "", "", &self.style)?;
                text.push_str(&format!("{newline}{line}"));
            }
        }
        for section in sections {
            if !text.is_empty() {
                text.push_str(&format!("{newline}{newline}"));
            }
            text.push_str(&section);
        }
        Ok(self.insert_sections(holder, index, &text))
    }
}

fn only_tables(at: &Pointer) -> Refused {
    let at = shown(at);
    Refused::new(format!("the list that {at} is in is written as tables, and takes only maps"))
}

/// A table that is written under headers or with dotted keys, as one in braces.
fn in_brackets(parts: &[Part], at: &Pointer) -> Result<Piece, Refused> {
    let refused = |why: &str| Refused::new(format!("what goes to {} {why}", shown(at)));
    let mut entries = Vec::new();
    for part in parts {
        match part {
            Part::Line { keys, piece } if piece.lead.is_empty() && piece.trail.is_empty() => {
                entries.push(format!("{} = {}", keys.join("."), piece.value));
            }
            Part::Section { many: Some(true), .. } => {
                return Err(refused("is written as an array of tables, which braces cannot hold"));
            }
            Part::Section { keys, lead, body, .. } if lead.trim().is_empty() => {
                let layout = Layout::of(body);
                if layout.has_comment(&(0..body.len())) {
                    return Err(refused("has comments, which braces cannot hold"));
                }
                let prefix: String = keys.iter().map(|key| format!("{key}.")).collect();
                let own: Vec<_> = layout.sections.iter().flat_map(|it| &it.entries).collect();
                if own.is_empty() && !keys.is_empty() {
                    entries.push(format!("{} = {{}}", keys.join(".")));
                }
                for entry in own.into_iter().map(|at| &layout.entries[*at]) {
                    let start = entry.keys.first().map_or(0, |key| key.span.start);
                    entries.push(format!("{prefix}{}", &body[start..entry.value.end]));
                }
            }
            Part::Line { .. } | Part::Section { .. } => {
                return Err(refused("has comments, which braces cannot hold"));
            }
        }
    }
    let value = match entries.join(", ") {
        inside if inside.is_empty() => "{}".to_owned(),
        inside => format!("{{ {inside} }}"),
    };
    Ok(Piece { value, ..Piece::default() })
}
