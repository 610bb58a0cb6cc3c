//! What is wrong with a schema, and with what the contract says of it.

use std::collections::BTreeSet;

use super::documents::{MOST, governed};
use super::judge::{Judge, Subject};
use super::load::load;
use super::side::{Content, Loaded, short};
use crate::changes::ChangesError;
use crate::document::Node;
use crate::model::{Location, Release, RepoPath, SchemaFault};

impl Judge<'_> {
    /// What is wrong with a schema that the head names, or with what the contract says of it. What
    /// is wrong with `former` already belongs to the baseline; there is none where the change
    /// touches the schema or its documents, since then somebody relies on it now.
    pub(super) fn faults(
        &self,
        subject: &Subject<'_>,
        current: &Loaded,
        former: Option<&Loaded>,
        (governed, unread): (usize, usize),
    ) -> Result<Vec<SchemaFault>, ChangesError> {
        let words = |fault: &SchemaFault| (fault.location.path.clone(), fault.message.clone());
        let before = former.map_or(&[][..], Loaded::faults);
        let known: BTreeSet<(RepoPath, String)> = before.iter().map(words).collect();
        let mut faults: Vec<SchemaFault> = current
            .faults()
            .iter()
            .map(|fault| SchemaFault { old: known.contains(&words(fault)), ..fault.clone() })
            .collect();
        if let Some(first) = faults.first_mut().filter(|_| governed > 0) {
            let them = match governed {
                1 => "the document that it governs".to_owned(),
                _ => format!("the {governed} documents that it governs"),
            };
            let unknown = "the schema cannot be used, so nothing is known of";
            first.message = format!("{}: {unknown} {them}", first.message);
        }
        let Some(entry) = subject.head else { return Ok(faults) };
        let contract = |at| Location::at(self.request.contract.path.clone(), at);
        let mut add = |location, message: String, help: &str| {
            faults.push(SchemaFault { location, message, help: help.to_owned(), old: false });
        };
        if unread > 0 {
            let message = format!(
                "{unread} of its documents are not validated: there are more than {MOST}, or they \
                 are too large together"
            );
            add(contract(entry.span), message, "govern fewer documents by one schema");
        }
        let lost = self.lost(subject)?;
        if lost > 0 {
            let message = format!("{lost} of the documents that it governed have no schema now");
            let at = entry.files.first().map_or(entry.span, |files| files.span);
            add(contract(at), message, "name them again under `files` of a schema");
        }
        for release in &entry.releases {
            faults.extend(self.release_fault(subject, release)?);
        }
        Ok(faults)
    }

    /// What is wrong with a released version.
    fn release_fault(
        &self,
        subject: &Subject<'_>,
        release: &Release,
    ) -> Result<Option<SchemaFault>, ChangesError> {
        let (version, path) = (short(&release.version.value), &release.schema.value);
        let known = subject.base.and_then(|entry| {
            entry.releases.iter().find(|known| known.version.value == release.version.value)
        });
        let before = self.base.as_ref().zip(known);
        if let Some(first) = load(&self.head, path)?.faults().first() {
            let first = &first.message;
            let was_broken = match before {
                Some((base, known)) => load(base, &known.schema.value)?.usable().is_none(),
                None => false,
            };
            return Ok(Some(SchemaFault {
                location: Location::at(self.request.contract.path.clone(), release.schema.span),
                message: format!("the schema of release {version} cannot be used: {first}"),
                help: "name a file that holds the schema as it was given out".to_owned(),
                old: was_broken,
            }));
        }
        let Some((base, known)) = before else { return Ok(None) };
        let (before, now) = (base.content(&known.schema.value)?, self.head.content(path)?);
        let value = |content: &Content| content.node().map(Node::to_json);
        let is_rewritten = before.node().is_some() && value(&before) != value(&now);
        Ok(is_rewritten.then(|| SchemaFault {
            location: Location::file(path.clone()),
            message: format!("the schema of release {version}, which was given out, is changed"),
            help: "leave it as it was; what is new belongs into a new version".to_owned(),
            old: false,
        }))
    }

    /// How many documents of the head the schema governed at the base and no schema does now.
    fn lost(&self, subject: &Subject<'_>) -> Result<usize, ChangesError> {
        let Some(entry) = subject.base else { return Ok(0) };
        let before = governed(entry, &self.bounds, self.head.names()?);
        Ok(before.into_iter().filter(|path| !self.is_governed(path)).count())
    }
}
