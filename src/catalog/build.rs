//! Reads a set at base, head and tip and joins the three.

use sha2::{Digest, Sha256};

use super::{Declared, Dependency, Edit, Entry, Gone, SetCatalog, Touch, step_edit};
use crate::layout::{Detection, Layout, Reading, detect_best, guess_engine};
use crate::manifest::{self, DeclaredClass};
use crate::model::{
    ChangeKind, EngineKind, FileChange, Kind, Location, Migration, Problem, ProblemKind, RepoPath,
    Script, SetInfo, Sited, Step, Tree, printable,
};

/// What is known of a set before its files are read.
pub struct SetSpec {
    /// Its name.
    pub name: String,
    /// Its folder at the head.
    pub path: RepoPath,
    /// Its layout; found by its looks where `None`.
    pub layout: Option<&'static dyn Layout>,
    /// Its engine; found from the files where `None`.
    pub engine: Option<EngineKind>,
    /// The manifest's id up to which history needs no entry.
    pub baseline: Option<String>,
    /// The script that puts rows in before a judged migration.
    pub seed: Option<Script>,
    /// The oldest engine version the team runs.
    pub engine_version: Option<String>,
    /// Whether it stands in the configuration.
    pub configured: bool,
    /// What was assumed so far.
    pub assumed: Vec<String>,
}

/// The files of a set on each side.
pub struct Input<'a> {
    /// At the head.
    pub head: &'a Tree,
    /// At the base; `None` where nothing is compared.
    pub base: Option<&'a Tree>,
    /// At the tip of the target branch, where that went on, with the tip in words.
    pub tip: Option<(&'a Tree, &'a str)>,
    /// The manifest's path and bytes, where there is one.
    pub manifest: Option<(RepoPath, &'a [u8])>,
    /// Everything the change did.
    pub files: &'a [FileChange],
}

/// Why a set cannot be read without a person's word.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// No layout fits.
    #[error(
        "{}: no layout that migration-gate knows fits this folder\n  help: name it in migration-gate.toml: layout = \"…\" in the [[set]] (one of {known})",
        printable(path.as_str())
    )]
    UnknownLayout {
        /// The folder.
        path: RepoPath,
        /// The layouts there are.
        known: String,
    },
    /// The configuration names a folder that is not there.
    #[error(
        "there is no folder {}\n  help: mend the path of the [[set]] in migration-gate.toml",
        printable(path.as_str())
    )]
    NoFolder {
        /// The folder.
        path: RepoPath,
    },
    /// Nothing tells the engine.
    #[error(
        "{0}: neither the layout nor the SQL says which engine this set is for\n  help: pass --engine sqlite or --engine postgres, or put a [[set]] with path = \"{0}\" and engine = \"…\" into migration-gate.toml",
        printable(path.as_str())
    )]
    UnknownEngine {
        /// The folder.
        path: RepoPath,
    },
}

/// Reads a set.
///
/// # Errors
/// When the layout or the engine cannot be told.
pub fn build(spec: SetSpec, input: &Input<'_>) -> Result<SetCatalog, CatalogError> {
    let base_tree = input.base.unwrap_or(input.head);
    if spec.configured && input.head.is_empty() && base_tree.is_empty() {
        return Err(CatalogError::NoFolder { path: spec.path });
    }
    let shown = if input.head.is_empty() { base_tree } else { input.head };
    let (layout, detection) = resolve_layout(&spec, shown)?;
    let head = layout.read(input.head);
    let base = input.base.map(|tree| layout.read(tree));
    let mut assumed = spec.assumed;
    // Of a set whose migrations are gone, the base tells the engine.
    let (shown, read) = match &base {
        Some(base) if head.migrations.is_empty() => (base_tree, base),
        _ => (input.head, &head),
    };
    let engine = match (spec.engine, detection.and_then(|detection| detection.engine)) {
        (Some(engine), _) => engine,
        (None, Some((engine, reason))) => {
            assumed.push(format!("engine {engine}, by {reason}"));
            engine
        }
        (None, None) => {
            let (engine, reason) = guess_engine(shown, read)
                .ok_or_else(|| CatalogError::UnknownEngine { path: spec.path.clone() })?;
            assumed.push(format!("engine {engine}, by {reason}"));
            engine
        }
    };
    let changed = changed_inside(input, &spec.path);
    // The layout cannot know which of several manifests the configuration names.
    let manifest_path = input.manifest.as_ref().map(|(path, _)| path);
    let mut problems = head.problems;
    problems.retain(|problem| Some(&problem.location.path) != manifest_path);
    let manifest = input.manifest.as_ref().map(|(path, bytes)| manifest::parse(path, bytes));
    let info = SetInfo {
        name: spec.name,
        path: spec.path,
        layout: layout.name(),
        engine,
        habits: layout.habits(),
        assumed,
        configured: spec.configured,
        engine_version: spec.engine_version,
    };
    let mut catalog = SetCatalog {
        info,
        entries: Vec::new(),
        gone: Vec::new(),
        problems,
        merged_problems: Vec::new(),
        manifest_baseline: manifest
            .as_ref()
            .and_then(|manifest| Some(manifest.baseline.as_ref()?.value.clone()))
            .or_else(|| spec.baseline.clone()),
        baseline: spec.baseline,
        seed: spec.seed,
        manifest,
        header_problems: Vec::new(),
        tip: Vec::new(),
        tip_label: None,
        merged: None,
        changed,
    };
    join_base(&mut catalog, head.migrations, base, input.head);
    if let Some((tree, label)) = input.tip {
        let known = catalog.merged.as_deref().unwrap_or(&[]);
        let new = layout.read(tree).migrations.into_iter();
        catalog.tip = new.filter(|migration| !known.iter().any(|k| k.id == migration.id)).collect();
        catalog.tip_label = Some(label.to_owned());
    }
    Ok(catalog)
}

fn resolve_layout(
    spec: &SetSpec,
    tree: &Tree,
) -> Result<(&'static dyn Layout, Option<Detection>), CatalogError> {
    match spec.layout {
        Some(layout) => Ok((layout, layout.detect(tree))),
        None => detect_best(tree).map(|(layout, detection)| (layout, Some(detection))).ok_or_else(
            || CatalogError::UnknownLayout {
                path: spec.path.clone(),
                known: crate::layout::names().join(", "),
            },
        ),
    }
}

fn changed_inside(input: &Input<'_>, folder: &RepoPath) -> Vec<FileChange> {
    let manifest = input.manifest.as_ref().map(|(path, _)| path);
    let inside = |path: &RepoPath| path.below(folder).is_some() || Some(path) == manifest;
    input
        .files
        .iter()
        .filter(|change| match &change.kind {
            ChangeKind::Renamed { from, .. } => inside(&change.path) || inside(from),
            _ => inside(&change.path),
        })
        .cloned()
        .collect()
}

/// Pairs head and base: the same id, else the same version (in a planned layout the id alone
/// counts), else the file that was renamed.
fn join_base(catalog: &mut SetCatalog, head: Vec<Migration>, base: Option<Reading>, tree: &Tree) {
    let compared = base.is_some();
    let merged = base.map(|reading| {
        catalog.merged_problems = reading.problems;
        reading.migrations
    });
    let mut unpaired = merged.clone().unwrap_or_default();
    let partners = partners(catalog, &head, &mut unpaired);
    let touches: Vec<Touch> =
        head.iter()
            .zip(&partners)
            .map(|(migration, partner)| {
                if compared { touch_of(catalog, migration, partner.as_ref()) } else { Touch::NONE }
            })
            .collect();
    catalog.merged = merged;
    catalog.gone = unpaired.into_iter().map(|migration| Gone { migration }).collect();
    for (migration, touch) in head.into_iter().zip(touches) {
        let declared = declare(catalog, &migration, tree);
        catalog.entries.push(Entry { migration, touch, declared });
    }
}

/// Takes out of `unpaired` what each of the head's migrations was. The surest likeness goes
/// through the whole set first: a new migration that took the version of a merged one must not
/// take its place as well.
fn partners(
    catalog: &SetCatalog,
    head: &[Migration],
    unpaired: &mut Vec<Migration>,
) -> Vec<Option<Migration>> {
    type Alike = fn(&SetCatalog, &Migration, &Migration) -> bool;
    let reworked: Alike = |_, known, migration| is_rework(known, migration);
    let same_id: Alike = |_, known, migration| known.id == migration.id;
    let same_version: Alike = |catalog, known, migration| {
        !catalog.info.habits.planned
            && known.kind == migration.kind
            && known.version == migration.version
    };
    let renamed: Alike = |catalog, known, migration| {
        catalog.changed.iter().any(|change| {
            matches!(&change.kind, ChangeKind::Renamed { from, .. } if from == known.up.path())
                && change.path == *migration.up.path()
        })
    };
    let mut partners = vec![None; head.len()];
    for alike in [reworked, same_id, same_version, renamed] {
        for (migration, partner) in head.iter().zip(&mut partners) {
            if partner.is_none() {
                let found = unpaired.iter().position(|known| alike(catalog, known, migration));
                *partner = found.map(|index| unpaired.remove(index));
            }
        }
    }
    partners
}

/// Whether a change was reworked (sqitch): what was `name` goes on as `name@tag`, in the same place
/// of the plan or with the same script, and `name` is new.
fn is_rework(known: &Migration, migration: &Migration) -> bool {
    migration.id.strip_prefix(&known.id).is_some_and(|rest| rest.starts_with('@'))
        && (known.version == migration.version
            || step_edit(Some(&known.up), Some(&migration.up)) != Edit::Real)
}

fn touch_of(catalog: &SetCatalog, head: &Migration, base: Option<&Migration>) -> Touch {
    let Some(base) = base else { return Touch { added: true, ..Touch::NONE } };
    // What Git regards as unchanged is unchanged, whatever line endings the disk has.
    let changed = |migration: &Migration| {
        migration.files.iter().any(|path| {
            catalog.changed.iter().any(|change| {
                change.path == *path
                    || matches!(&change.kind, ChangeKind::Renamed { from, .. } if from == path)
            })
        })
    };
    let mut touch = Touch::NONE;
    if changed(head) || changed(base) {
        touch.up = step_edit(Some(&base.up), Some(&head.up));
        touch.down = step_edit(base.down.step(), head.down.step());
        if let (Step::Foreign { path, .. }, Edit::None) = (&head.up, touch.up)
            && catalog.is_changed(path)
        {
            touch.up = Edit::Real;
        }
    }
    if head.kind == Kind::Versioned && base.id != head.id && !is_rework(base, head) {
        touch.renamed_from = Some(base.id.clone());
    }
    touch
}

/// Joins the manifest's entry, or else the header, with a migration.
fn declare(catalog: &mut SetCatalog, migration: &Migration, tree: &Tree) -> Declared {
    let mut declared =
        Declared { actual_checksum: checksum(migration, tree), ..Declared::default() };
    let header =
        migration.up.script().and_then(|script| manifest::header(&script.path, &script.text));
    if let Some(header) = &header {
        catalog.header_problems.extend(header.problems.iter().cloned());
        take(&mut declared, migration.up.path(), &header.class, &header.depends_on);
    }
    let Some(manifest) = &catalog.manifest else { return declared };
    let Some(entry) = manifest.entry(&migration.id) else {
        return declared;
    };
    if let (Some((said, place)), Some(listed)) = (&declared.class, entry.class.get())
        && *said != listed
    {
        catalog.header_problems.push(Problem {
            kind: ProblemKind::Invalid,
            location: place.clone(),
            message: format!("the header says {said}, {} says {listed}", manifest.path.file_name()),
            help: "say it in one place".into(),
        });
    }
    let at = |span| Location::at(manifest.path.clone(), span);
    declared.entry = Some(at(entry.id.span));
    declared.checksum = entry.checksum.as_ref().map(|sum| (sum.value.clone(), at(sum.span)));
    take(&mut declared, &manifest.path, &entry.class, &entry.depends_on);
    declared
}

/// Takes over what a header or a manifest entry declares; the later one wins.
fn take(declared: &mut Declared, path: &RepoPath, class: &DeclaredClass, needs: &[Sited<String>]) {
    match class {
        DeclaredClass::Missing => {}
        DeclaredClass::Invalid(_) => declared.invalid_class = true,
        DeclaredClass::Valid(class) => {
            declared.class = Some((class.value, Location::at(path.clone(), class.span)));
        }
    }
    declared.depends_on.extend(needs.iter().map(|id| Dependency {
        id: id.value.clone(),
        location: Location::at(path.clone(), id.span),
    }));
}

fn checksum(migration: &Migration, tree: &Tree) -> String {
    let relative = migration.up.path().below(tree.root()).unwrap_or_default();
    let Some(entry) = tree.get(relative) else { return String::new() };
    Sha256::digest(&entry.bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
