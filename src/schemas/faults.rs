//! What is wrong with a schema, and with what the contract says of it.

use std::collections::BTreeSet;

use super::documents::MOST;
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
        Ok(faults)
    }

    /// What is wrong with the released versions that the head names.
    pub(super) fn release_faults(
        &self,
        subject: &Subject<'_>,
    ) -> Result<Vec<SchemaFault>, ChangesError> {
        let mut faults = Vec::new();
        for release in subject.head.map_or(&[][..], |entry| &entry.releases) {
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
        let rewritten = |file: &RepoPath, former: &RepoPath| -> Result<bool, ChangesError> {
            let (before, now) = (base.content(former)?, self.head.content(file)?);
            let value = |content: &Content| content.node().map(Node::to_json);
            Ok(before.node().is_some() && value(&before) != value(&now))
        };
        let fault = |file: &RepoPath, through: &str| SchemaFault {
            location: Location::file(file.clone()),
            message: format!(
                "the schema of release {version}, which was given out, is changed{through}"
            ),
            help: "leave it as it was; what is new belongs into a new version".to_owned(),
            old: false,
        };
        if rewritten(path, &known.schema.value)? {
            return Ok(Some(fault(path, "")));
        }
        for file in &load(&self.head, path)?.reached {
            if rewritten(file, self.touched.get(file).copied().unwrap_or(file))? {
                return Ok(Some(fault(file, " through a file that it refers to")));
            }
        }
        Ok(None)
    }
}
