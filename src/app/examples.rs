//! The rules' examples: the same files that the tests run, cut down to what makes the difference.

use include_dir::{Dir, File, include_dir};
use similar::{ChangeTag, TextDiff};

const CONFIG: &str = "migration-gate.toml";
const CONTRACT: &str = "config/migrations/compatibility_contract.toml";
/// The rule that looks at the schemas that were given out.
const DEPRECATION: &str = "config/deprecation-window";
const RELEASED: &str = "config/schemas/releases/";
/// The rule of which only the difference shows anything.
const POLICY_CHANGED: &str = "governance/policy-changed";

static EXAMPLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/rules");

/// A bad or a good example of a rule.
pub(super) struct Example {
    /// `bad` or `good`.
    pub(super) kind: &'static str,
    /// The migrations that stand there already, by path.
    pub(super) merged: Vec<String>,
    /// What the change does, and whatever else one has to see.
    pub(super) files: Vec<Shown>,
    /// Whether the change also does what the bad example does.
    pub(super) as_above: bool,
    /// Whether it stands on the same migrations as the bad example.
    pub(super) same_ground: bool,
}

/// A file of an example.
#[derive(PartialEq, Eq)]
pub(super) struct Shown {
    /// Its path.
    pub(super) path: String,
    /// What happened to it, where it is not just new: `deleted`, `edited`.
    pub(super) event: Option<String>,
    /// The language of the text, for Markdown.
    pub(super) language: &'static str,
    /// Its text, or the lines that changed.
    pub(super) text: String,
}

/// The bad and the good example of a rule, as far as there are any.
pub(super) fn examples(rule: &str) -> Vec<Example> {
    let mut found: Vec<Example> =
        ["bad", "good"].into_iter().filter_map(|kind| example(rule, kind)).collect();
    if let [bad, good] = found.as_mut_slice() {
        let before = good.files.len();
        good.files.retain(|file| !bad.files.contains(file));
        good.as_above = good.files.len() < before;
        good.same_ground = good.merged == bad.merged;
    }
    found
}

fn example(rule: &str, kind: &'static str) -> Option<Example> {
    let base = side(rule, kind, "base");
    let head = side(rule, kind, "head");
    if head.is_empty() {
        return None;
    }
    let tip = side(rule, kind, "tip");
    let text = |files: &[(String, &'static str)], path: &str| {
        files.iter().find(|(known, _)| known == path).map(|(_, text)| *text)
    };
    let unchanged = |path: &str, now: &str| text(&base, path) == Some(now);
    let mut files: Vec<Shown> = tip
        .iter()
        .filter(|(path, now)| !unchanged(path, now))
        .map(|(path, now)| shown(path, Some("merged in the meantime".into()), now))
        .collect();
    let mut gone: Vec<(&String, &str)> = base
        .iter()
        .filter(|(path, _)| text(&head, path).is_none())
        .map(|(path, before)| (path, *before))
        .collect();
    for (path, now) in &head {
        match text(&base, path) {
            Some(before) if before == *now && !is_needed(rule, path) => {}
            // What was merged and what became of it matters only to the history.
            Some(before)
                if before != *now
                    && (is_about_documents(rule)
                        || rule.starts_with("history/")
                        || rule.starts_with("conflict/")
                        || rule == POLICY_CHANGED) =>
            {
                files.push(edited(path, before, now));
            }
            Some(_) => files.push(shown(path, None, now)),
            // The copy of a schema that was given out shows nothing new; the contract names it.
            None if is_about_documents(rule) && base.iter().any(|(_, text)| text == now) => {}
            None => {
                let source = gone.iter().position(|(_, before)| before == now);
                let event = source.map(|at| format!("was {}", gone.remove(at).0));
                files.push(shown(path, event, now));
            }
        }
    }
    files
        .extend(gone.into_iter().map(|(path, before)| shown(path, Some("deleted".into()), before)));
    files.sort_by_key(|file| {
        let first = is_manifest(&file.path) || file.path == CONTRACT;
        (!first, is_down(&file.path), file.path.clone())
    });
    let merged = base
        .iter()
        .filter(|(path, before)| {
            // The configuration of a set of documents only says where its folder is.
            let shown = is_manifest(path)
                || is_needed(rule, path)
                || (is_about_documents(rule) && path == CONFIG);
            text(&head, path) == Some(*before) && !is_down(path) && !shown
        })
        .map(|(path, _)| path.clone())
        .collect();
    Some(Example { kind, merged, files, as_above: false, same_ground: false })
}

/// Whether a rule's examples say nothing without a file, also where it stays as it was: whether a
/// manifest fits is seen only together with it, and what is asked or promised likewise.
fn is_needed(rule: &str, path: &str) -> bool {
    (rule.starts_with("manifest/") && is_manifest(path))
        || (shows_policy(rule) && path == CONFIG)
        || (is_about_documents(rule) && path == CONTRACT)
        || (rule == DEPRECATION && path.starts_with(RELEASED))
}

/// Whether a rule's examples say nothing without the policy.
fn shows_policy(rule: &str) -> bool {
    rule.starts_with("class/") || rule.starts_with("governance/")
}

/// Whether a rule is about schemas and documents: what was there counts, and what is promised.
fn is_about_documents(rule: &str) -> bool {
    rule.starts_with("config/")
}

fn is_manifest(path: &str) -> bool {
    path.contains("migration_manifest.")
}

fn is_down(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.ends_with(".down.sql") || name == "down.sql" || name.starts_with('U')
}

fn shown(path: &str, event: Option<String>, text: &str) -> Shown {
    let language = match path.rsplit('.').next() {
        Some("sql") => "sql",
        Some("json") => "json",
        Some("toml") => "toml",
        Some("yaml" | "yml") => "yaml",
        _ => "text",
    };
    Shown { path: path.to_owned(), event, language, text: text.trim_end().to_owned() }
}

/// A file with its lines before and after.
fn edited(path: &str, before: &str, now: &str) -> Shown {
    let mut text = String::new();
    for change in TextDiff::from_lines(before, now).iter_all_changes() {
        text.push_str(match change.tag() {
            ChangeTag::Delete => "- ",
            ChangeTag::Insert => "+ ",
            ChangeTag::Equal => "  ",
        });
        text.push_str(change.value());
    }
    let text = text.trim_end().to_owned();
    Shown { path: path.to_owned(), event: Some("edited".into()), language: "diff", text }
}

/// The files of one side of an example: path and text, sorted.
fn side(rule: &str, kind: &str, side: &str) -> Vec<(String, &'static str)> {
    let root = format!("{rule}/{kind}/{side}");
    // Rules about the way back and about running show both ways, the others only the way there.
    let both_ways = rule.starts_with("rollback/") || rule.starts_with("dryrun/");
    let mut found = Vec::new();
    if let Some(folder) = folder(&root) {
        collect(folder, &root, &mut found);
    }
    found.retain(|(path, _)| both_ways || !is_down(path));
    found.sort();
    found
}

/// A folder by its path; `Dir::get_dir` would compare that with every file before it.
fn folder(path: &str) -> Option<&'static Dir<'static>> {
    path.split('/').try_fold(&EXAMPLES, |folder, name| {
        folder.dirs().find(|below| below.path().file_name() == Some(name.as_ref()))
    })
}

fn collect(folder: &Dir<'static>, root: &str, out: &mut Vec<(String, &'static str)>) {
    let relative = |file: &File<'static>| {
        let path = file.path().to_str()?.strip_prefix(root)?.strip_prefix('/')?;
        // Every example lies in this folder; to say so each time tells nobody anything.
        Some(path.strip_prefix("migrations/").unwrap_or(path).to_owned())
    };
    for file in folder.files() {
        if let (Some(path), Some(text)) = (relative(file), file.contents_utf8()) {
            out.push((path, text));
        }
    }
    for folder in folder.dirs() {
        collect(folder, root, out);
    }
}
