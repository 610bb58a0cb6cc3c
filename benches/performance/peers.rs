//! Other programs.

use std::path::{Path, PathBuf};

use migration_gate::host;

/// A program, where it is here.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) path: PathBuf,
    /// Its name and version.
    pub(crate) version: String,
}

/// Looks for a program in the folders of `MIGRATION_GATE_PEERS` and of `PATH`; says so loudly
/// where it is not there.
pub(crate) fn find(name: &str) -> Option<Peer> {
    let lists = ["MIGRATION_GATE_PEERS", "PATH"].into_iter().filter_map(host::env);
    let folders: Vec<PathBuf> =
        lists.flat_map(|list| std::env::split_paths(&list).collect::<Vec<_>>()).collect();
    let found = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    let Some(path) = found else {
        eprintln!("SKIPPED: there is no {name}; name its folder in MIGRATION_GATE_PEERS");
        return None;
    };
    let version = version(&path);
    Some(Peer { path, version })
}

/// What a program says when it is asked for its version, such as "git 2.39.5".
pub(crate) fn version(program: &Path) -> String {
    let asked = host::command(program).arg("--version").output().expect("it starts");
    let text = String::from_utf8_lossy(&asked.stdout);
    let words: Vec<&str> = text.lines().next().unwrap_or_default().split(' ').collect();
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let number = words.iter().find(|word| word.starts_with(|first: char| first.is_ascii_digit()));
    format!("{name} {}", number.unwrap_or(&"of an unknown version"))
}
