//! Files of the runner's own: JSON with a digest of itself, so that a cut or changed one is known.

use std::io;
use std::path::Path;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::disk::{self, Disk, Kind};
use super::{Fault, FaultKind};
use crate::model::{printable, sha256};

/// A file as it is written.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Sealed")]
pub(super) struct Sealed<T> {
    /// SHA-256, in hexadecimal, of the canonical form (RFC 8785) of `content`.
    #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
    sha256: String,
    /// What it says.
    content: T,
}

/// What a file of the runner holds.
pub(super) enum Read<T> {
    /// It is not there.
    Missing,
    /// This.
    Whole(T),
    /// It cannot be read or was changed; why, in words.
    Damaged(String),
}

/// Puts a value in the place of what a file held, durably.
pub(super) fn write<T: Serialize>(disk: &dyn Disk, path: &Path, content: &T) -> Result<(), Fault> {
    let sha256 = seal(content)?;
    let mut text = serde_json::to_string_pretty(&Sealed { sha256, content })
        .map_err(|error| Fault::file(path, &io::Error::other(error)))?;
    text.push('\n');
    disk::replace(disk, path, text.as_bytes()).map_err(|error| Fault::file(path, &error))
}

/// Reads a file.
pub(super) fn read<T: DeserializeOwned + Serialize>(
    disk: &dyn Disk,
    path: &Path,
) -> Result<Read<T>, Fault> {
    match disk.kind(path).map_err(|error| Fault::file(path, &error))? {
        None => return Ok(Read::Missing),
        Some(Kind::File) => {}
        // Reading might never end, or lead elsewhere.
        Some(_) => return Ok(Read::Damaged("it is no regular file with one name".into())),
    }
    let bytes = match disk.read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Read::Missing),
        Err(error) => return Err(Fault::file(path, &error)),
    };
    let sealed: Sealed<T> = match serde_json::from_slice(&bytes) {
        Ok(sealed) => sealed,
        Err(error) => {
            // The parser quotes what it found.
            let error = error.to_string();
            return Ok(Read::Damaged(format!("it cannot be read: {}", printable(&error))));
        }
    };
    Ok(match seal(&sealed.content)? == sealed.sha256 {
        true => Read::Whole(sealed.content),
        false => Read::Damaged("its digest is not that of what it holds".into()),
    })
}

/// Reads a file that must be there and whole.
pub(super) fn demand<T: DeserializeOwned + Serialize>(
    disk: &dyn Disk,
    path: &Path,
) -> Result<T, Fault> {
    let why = match read(disk, path)? {
        Read::Whole(content) => return Ok(content),
        Read::Missing => "it is not there".to_owned(),
        Read::Damaged(why) => why,
    };
    let shown = path.display().to_string();
    Err(Fault::new(
        FaultKind::PartialFailure,
        format!("{}: {why}", printable(&shown)),
        "bring the file back from a copy of the folder, or mend the target by hand and say so with \
         `migration-gate resolve`",
    ))
}

fn seal<T: Serialize>(content: &T) -> Result<String, Fault> {
    let canonical = serde_json_canonicalizer::to_vec(content).map_err(|error| {
        Fault::new(FaultKind::Environment, error.to_string(), "please report this bug")
    })?;
    Ok(sha256(&canonical))
}
