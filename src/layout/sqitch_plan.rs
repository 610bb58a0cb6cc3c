//! The grammar of `sqitch.plan` and the settings of `sqitch.conf` that say where files lie.
//!
//! Source: [sqitchchanges] and [sqitch-configuration].
//!
//! [sqitchchanges]: https://sqitch.org/docs/manual/sqitchchanges/
//! [sqitch-configuration]: https://sqitch.org/docs/manual/sqitch-configuration/

use std::collections::BTreeMap;
use std::ops::Range;

use super::shared;

/// Who planned a change or a tag, when and why.
#[derive(Clone, Debug)]
pub struct Signature<'p> {
    /// The time in UTC: `2026-01-31T12:00:00Z`.
    pub time: &'p str,
    /// The planner's name.
    pub planner: &'p str,
    /// The planner's address.
    pub email: &'p str,
    /// The note; empty where there is none.
    pub note: String,
}

/// A name for the state after a change.
#[derive(Clone, Debug)]
pub struct Tag<'p> {
    /// The name without its `@`.
    pub name: &'p str,
    /// Who set it.
    pub signature: Signature<'p>,
}

/// A change as the plan lists it.
#[derive(Clone, Debug)]
pub struct Change<'p> {
    /// The name.
    pub name: &'p str,
    /// Who planned it.
    pub signature: Signature<'p>,
    /// What it requires and conflicts with, as written.
    pub needs: Vec<&'p str>,
    /// Tags that stand between it and the next change.
    pub tags: Vec<Tag<'p>>,
    /// Its line.
    pub(super) line: Range<usize>,
}

/// A plan as far as it could be read.
#[derive(Clone, Debug, Default)]
pub struct Plan<'p> {
    /// The project's name.
    pub project: Option<&'p str>,
    /// The project's address, as written.
    pub uri: Option<&'p str>,
    /// The changes in their order.
    pub changes: Vec<Change<'p>>,
    /// Lines that sqitch would refuse.
    pub faults: Vec<(Range<usize>, String)>,
}

impl<'p> Plan<'p> {
    /// Reads a plan; a line that cannot be read becomes a fault and the rest is read on.
    #[must_use]
    pub fn parse(text: &'p str) -> Self {
        let mut plan = Self::default();
        for line in shared::lines(text) {
            let place = line.start..line.end;
            if let Err(message) = plan.line(text[place.clone()].trim(), place.clone()) {
                plan.faults.push((place, message));
            }
        }
        plan
    }

    fn line(&mut self, body: &'p str, place: Range<usize>) -> Result<(), String> {
        if body.is_empty() || body.starts_with('#') {
            return Ok(());
        }
        if let Some(pragma) = body.strip_prefix('%') {
            let pragma = pragma.split('#').next().unwrap_or(pragma);
            match pragma.split_once('=').map(|(key, value)| (key.trim(), value.trim())) {
                Some(("project", project)) => self.project = Some(project),
                Some(("uri", uri)) => self.uri = Some(uri),
                _ => {}
            }
            return Ok(());
        }
        let (name, rest) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
        if let Some(name) = name.strip_prefix('@') {
            let signature = signed(rest)?;
            let change = self.changes.last_mut();
            let change = change.ok_or("a tag stands before the first change")?;
            change.tags.push(Tag { name, signature });
            return Ok(());
        }
        if name.starts_with('-') {
            return Err("sqitch does not support changes that begin with `-`".to_owned());
        }
        let name = name.strip_prefix('+').unwrap_or(name);
        if name.is_empty() || name.contains(['@', ':', '#', '\\']) {
            return Err(format!("`{name}` is no name for a change"));
        }
        let (needs, rest) = match rest.trim_start().strip_prefix('[') {
            Some(list) => list.split_once(']').ok_or("the list of dependencies has no `]`")?,
            None => ("", rest),
        };
        let signature = signed(rest)?;
        if let Some(earlier) = self.changes.iter().rposition(|change| change.name == name)
            && self.changes[earlier..].iter().all(|change| change.tags.is_empty())
        {
            return Err(format!("`{name}` stands twice without a tag between"));
        }
        let needs = needs.split_whitespace().collect();
        self.changes.push(Change { name, signature, needs, tags: Vec::new(), line: place });
        Ok(())
    }

    /// The position of the next change of the same name, where the change was reworked.
    fn reworked_at(&self, position: usize) -> Option<usize> {
        let name = self.changes.get(position)?.name;
        let later = self.changes.get(position + 1..)?;
        later.iter().position(|change| change.name == name).map(|offset| position + 1 + offset)
    }

    /// The tags by one of which the files of a reworked change are called; empty for the others.
    pub(super) fn rework_tags(&self, position: usize) -> Vec<&'p str> {
        self.reworked_at(position).map_or(Vec::new(), |next| {
            self.changes[position..next]
                .iter()
                .flat_map(|c| c.tags.iter())
                .map(|tag| tag.name)
                .collect()
        })
    }

    /// What the change at `position` requires: a position, or the text where the plan holds no
    /// such change. Conflicts, and changes of other projects, are left out: neither can be
    /// answered from this plan.
    pub(super) fn requirements(&self, position: usize) -> Vec<Result<usize, &'p str>> {
        let Some(change) = self.changes.get(position) else { return Vec::new() };
        change
            .needs
            .iter()
            .filter(|need| !need.starts_with('!'))
            .filter_map(|need| self.own(need))
            .map(|need| self.find(need, position).ok_or(need))
            .collect()
    }

    /// What is needed of this project, without the project's name; `None` where it is another's.
    #[must_use]
    pub fn own<'n>(&self, need: &'n str) -> Option<&'n str> {
        match need.split_once(':') {
            Some((project, name)) => (Some(project) == self.project).then_some(name),
            None => Some(need),
        }
    }

    /// The position of what the change at `position` needs.
    #[must_use]
    pub fn find(&self, need: &str, position: usize) -> Option<usize> {
        let named = |end: usize, name: &str| {
            self.changes.get(..end)?.iter().rposition(|change| change.name == name)
        };
        let Some((name, tag)) = need.split_once('@') else {
            return named(position, need).or_else(|| named(self.changes.len(), need));
        };
        let tagged = match tag {
            "ROOT" => 0,
            "HEAD" => self.changes.len().checked_sub(1)?,
            tag => self.changes.iter().position(|c| c.tags.iter().any(|t| t.name == tag))?,
        };
        if name.is_empty() { Some(tagged) } else { named(tagged + 1, name) }
    }
}

/// The time, the planner and the note that must follow.
fn signed(rest: &str) -> Result<Signature<'_>, String> {
    let (time, rest) = rest.trim_start().split_once(char::is_whitespace).unwrap_or((rest, ""));
    let shape = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        13 | 16 => byte == b':',
        19 => byte == b'Z',
        _ => byte.is_ascii_digit(),
    };
    if time.len() != 20 || !time.bytes().enumerate().all(shape) {
        return Err("sqitch finds no time such as 2026-01-31T12:00:00Z here".to_owned());
    }
    let planner = rest.split_once('<').and_then(|(planner, rest)| {
        let (email, note) = rest.split_once('>')?;
        // Only one blank before the address is not the name's.
        let planner = planner.trim_start();
        let planner = planner.strip_suffix([' ', '\t']).unwrap_or(planner);
        (!planner.trim().is_empty() && !email.is_empty()).then(|| (planner, email, note.trim()))
    });
    match planner {
        Some((planner, email, note)) if note.is_empty() || note.starts_with('#') => {
            Ok(Signature { time, planner, email, note: unescaped(note.get(1..).unwrap_or("")) })
        }
        _ => Err("sqitch finds no planner such as `Ada <ada@example.org>` here".to_owned()),
    }
}

/// A note in one line, with its line breaks.
fn unescaped(note: &str) -> String {
    let mut text = String::new();
    let mut rest = note.trim();
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let meant = match after.chars().next() {
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('\\') => Some('\\'),
            _ => None,
        };
        text.push(meant.unwrap_or('\\'));
        rest = if meant.is_some() { &after[1..] } else { after };
    }
    text.push_str(rest);
    text
}

/// Where files lie, and for which engine.
#[derive(Clone, Debug)]
pub struct Config {
    /// The schema in which sqitch keeps what it did.
    pub registry: String,
    /// The name of who deploys, where it is told.
    pub user_name: Option<String>,
    /// The address of who deploys, where it is told.
    pub user_email: Option<String>,
    pub(super) engine: Option<String>,
    pub(super) plan: String,
    pub(super) deploy: String,
    pub(super) revert: String,
    pub(super) verify: String,
    pub(super) extension: String,
}

impl Config {
    /// Reads `sqitch.conf`; what is not said there is sqitch's default.
    pub(super) fn parse(text: &str) -> Self {
        let values = values(text);
        let core = |key: &str| values.get(&("core".to_owned(), key.to_owned())).cloned();
        let engine = core("engine");
        let special = engine.as_ref().map(|engine| format!("engine.{engine}"));
        let value = |key: &str| {
            let own = special
                .as_ref()
                .and_then(|section| values.get(&(section.clone(), key.to_owned())).cloned());
            own.or_else(|| core(key))
        };
        let top = value("top_dir").unwrap_or_default();
        let folder =
            |key: &str, name: &str| clean(&value(key).unwrap_or_else(|| format!("{top}/{name}")));
        let user = |key: &str| values.get(&("user".to_owned(), key.to_owned())).cloned();
        Self {
            registry: value("registry").unwrap_or_else(|| "sqitch".to_owned()),
            user_name: user("name"),
            user_email: user("email"),
            plan: folder("plan_file", super::sqitch::PLAN),
            deploy: folder("deploy_dir", "deploy"),
            revert: folder("revert_dir", "revert"),
            verify: folder("verify_dir", "verify"),
            extension: value("extension").unwrap_or_else(|| "sql".to_owned()),
            engine,
        }
    }
}

/// A relative path without `.` and empty parts.
fn clean(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    parts.join("/")
}

/// The values of a file in Git's configuration format, by section and key in lower case.
fn values(text: &str) -> BTreeMap<(String, String), String> {
    let mut section = String::new();
    let mut found = BTreeMap::new();
    for line in shared::lines(text) {
        let body = text[line.start..line.end].trim();
        if body.starts_with(['#', ';']) {
            continue;
        }
        if let Some(head) = body.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            let (name, sub) = head.split_once(char::is_whitespace).unwrap_or((head, ""));
            let sub = sub.trim().trim_matches('"');
            section = name.to_ascii_lowercase();
            if !sub.is_empty() {
                section = format!("{section}.{sub}");
            }
        } else if let Some((key, value)) = body.split_once('=') {
            let value = value.split([';', '#']).next().unwrap_or("").trim().trim_matches('"');
            found.insert((section.clone(), key.trim().to_ascii_lowercase()), value.to_owned());
        }
    }
    found
}
