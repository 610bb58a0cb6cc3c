//! What sqitch makes of a plan: the ids of changes and tags, and what they need.
//!
//! Source: `App::Sqitch::Plan::Change`, `Tag` and `Depend` of sqitch 1.3. An id is the SHA-1 of a
//! short text, with a head such as Git's objects have. A change's text names the one before it, so
//! that its id stands for all that was planned before.

use sha1::{Digest as _, Sha1};

use super::super::quote;
use crate::layout::sqitch::{Plan, Signature};
use crate::model::printable;
use crate::runner::{Fault, FaultKind};

/// A project as its plan tells it.
#[derive(Debug)]
pub(super) struct Project<'p> {
    pub(super) name: &'p str,
    pub(super) uri: Option<&'p str>,
    /// In the order of the plan.
    pub(super) changes: Vec<Change<'p>>,
}

/// A change of the plan.
#[derive(Debug)]
pub(super) struct Change<'p> {
    pub(super) id: String,
    pub(super) name: &'p str,
    pub(super) signature: Signature<'p>,
    /// What it requires: as sqitch writes it, and its id.
    pub(super) requires: Vec<(&'p str, String)>,
    pub(super) tags: Vec<Tag<'p>>,
}

/// A tag behind a change.
#[derive(Debug)]
pub(super) struct Tag<'p> {
    pub(super) id: String,
    /// With its `@`.
    pub(super) name: String,
    pub(super) signature: Signature<'p>,
}

impl<'p> Project<'p> {
    /// Reads a plan.
    pub(super) fn of(plan: &Plan<'p>) -> Result<Self, Fault> {
        let name = plan.project.ok_or_else(|| refused("the plan names no project"))?;
        let canonical = plan.uri.map(canonical).transpose()?;
        let mut head = format!("project {name}\n");
        if let Some(uri) = canonical {
            head.push_str(&format!("uri {uri}\n"));
        }
        let mut project = Self { name, uri: plan.uri, changes: Vec::new() };
        for position in 0..plan.changes.len() {
            let change = project.change(plan, position, &head)?;
            project.changes.push(change);
        }
        Ok(project)
    }

    fn change(&self, plan: &Plan<'p>, position: usize, head: &str) -> Result<Change<'p>, Fault> {
        let planned = &plan.changes[position];
        let (name, signature) = (planned.name, planned.signature.clone());
        let requires = planned
            .needs
            .iter()
            .map(|need| self.requirement(plan, position, need))
            .collect::<Result<Vec<_>, _>>()?;
        let mut text = format!("{head}change {name}\n");
        if let Some(parent) = self.changes.last() {
            text.push_str(&format!("parent {}\n", parent.id));
        }
        text.push_str(&signed(&signature));
        if !requires.is_empty() {
            text.push_str("\nrequires");
        }
        requires.iter().for_each(|(need, _)| text.push_str(&format!("\n  + {need}")));
        text.push_str(&noted(&signature));
        let id = id("change", &text);
        let tags = planned.tags.iter().map(|tag| {
            let (name, signature) = (format!("@{}", tag.name), tag.signature.clone());
            let head = format!("{head}tag {name}\nchange {id}\n");
            let text = format!("{head}{}{}", signed(&signature), noted(&signature));
            Tag { id: self::id("tag", &text), name, signature }
        });
        let tags = tags.collect();
        Ok(Change { id, name, signature, requires, tags })
    }

    /// What is required, and its id. What cannot be answered from the plan alone is refused.
    fn requirement(
        &self,
        plan: &Plan<'p>,
        position: usize,
        need: &'p str,
    ) -> Result<(&'p str, String), Fault> {
        let change = plan.changes[position].name;
        let refused = |what: &str| refused(&format!("the change `{change}` {what} `{need}`"));
        if let Some(other) = need.strip_prefix('!') {
            return Err(refused(if other.is_empty() { "names" } else { "conflicts with" }));
        }
        let own = plan.own(need).ok_or_else(|| refused("requires another project's"))?;
        let by_id = self.changes.iter().find(|earlier| earlier.id == own);
        // A name without a tag is that of the first change called so.
        let by_name = || {
            let found = match own.contains('@') {
                true => plan.find(own, position),
                false => plan.changes.iter().position(|change| change.name == own),
            };
            self.changes.get(found?)
        };
        let found = by_id.or_else(by_name).ok_or_else(|| refused("requires an unknown"))?;
        Ok((own, found.id.clone()))
    }
}

fn signed(signature: &Signature<'_>) -> String {
    let Signature { planner, email, time, .. } = signature;
    format!("planner {planner} <{email}>\ndate {time}")
}

/// Perl takes `0` for no note.
fn noted(signature: &Signature<'_>) -> String {
    match signature.note.as_str() {
        "" | "0" => String::new(),
        note => format!("\n\n{note}"),
    }
}

fn id(kind: &str, text: &str) -> String {
    quote::hex(&Sha1::digest(format!("{kind} {}\0{text}", text.len())))
}

/// An address as Perl's `URI` writes it for comparison; only what is surely read alike is taken.
fn canonical(uri: &str) -> Result<String, Fault> {
    let known = ["https://", "http://"].into_iter().find(|scheme| {
        uri.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-~?=&+,".contains(c);
    match known.map(|scheme| (scheme, &uri[scheme.len()..])) {
        Some((scheme, rest)) if rest.chars().all(plain) && rest.starts_with(plain) => {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (host, path) = rest.split_at(end);
            let slash = if path.is_empty() { "/" } else { "" };
            Ok(format!("{scheme}{}{slash}{path}", host.to_ascii_lowercase()))
        }
        _ => Err(refused("it is not known how sqitch compares the plan's %uri")),
    }
}

/// What only sqitch can answer.
pub(super) fn refused(what: &str) -> Fault {
    let what = printable(what).into_owned();
    Fault::new(FaultKind::Usage, what, "run these migrations with sqitch itself")
}
