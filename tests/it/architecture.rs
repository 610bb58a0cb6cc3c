//! The layers hold: imports go down, and no two rooms need each other.

mod imports;
mod proofs;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use imports::{Import, Sources};

/// A top-level module, its layer, and what it may import.
struct Room {
    name: &'static str,
    layer: u8,
    may: May,
}

enum May {
    Import(&'static [&'static str]),
    Everything,
}

const fn room(name: &'static str, layer: u8, may: &'static [&'static str]) -> Room {
    Room { name, layer, may: May::Import(may) }
}

const ROOMS: &[Room] = &[
    room("model", 0, &[]),
    room("threads", 0, &[]),
    room("host", 1, &[]),
    // Where it is and when things were used is the machine's to say.
    room("cache", 1, &["model", "host"]),
    // It starts programs, and is one that is started.
    room("confine", 1, &["host"]),
    room("sql", 1, &["model"]),
    room("compat", 1, &["model"]),
    room("document", 1, &["model"]),
    // Where a script's statements lie decides how a tool's file is cut; config migrations are
    // documents themselves.
    room("layout", 1, &["model", "sql", "document"]),
    room("manifest", 1, &["model", "document"]),
    room("contract", 1, &["model", "document"]),
    room("config", 1, &["model"]),
    room("rows", 1, &["model"]),
    room("changes", 2, &["model", "host", "threads"]),
    // It joins what a change did with what the files say.
    room("catalog", 2, &["model", "changes", "layout", "manifest", "sql"]),
    // What a change did to config schemas, and what that does to the documents they govern.
    room("schemas", 3, &["model", "changes", "document", "compat"]),
    // What stands in a manifest is held against the files.
    room("rules", 3, &["model", "threads", "catalog", "sql", "manifest"]),
    // Documents are held against the schemas of their versions.
    room("engine", 3, &["model", "host", "cache", "confine", "sql", "document", "compat"]),
    room("lifecycle", 3, &["model", "engine"]),
    // It is handed a plan; where that came from is none of its business. Where a script can stop
    // half-way is read from its statements.
    room("dryrun", 4, &["model", "sql", "engine", "lifecycle", "rows"]),
    // What a plan says of a script is read from its statements; what a tool writes of a migration
    // hangs on how it reads versions and plans.
    room("runner", 4, &["model", "catalog", "layout", "engine", "lifecycle", "host", "sql"]),
    room("report", 5, &["model"]),
    // The wire format and the texts that findings point into live in the report.
    room("render", 5, &["model", "report"]),
    // It posts what was rendered.
    room("publish", 6, &["model", "host", "report", "render"]),
    // Types only.
    room("cli", 7, &[]),
    // An error is known by what it wraps. Besides `app`, nothing else sees the configuration.
    room(
        "error",
        7,
        &["catalog", "changes", "config", "confine", "engine", "publish", "report", "runner"],
    ),
    Room { name: "app", layer: 7, may: May::Everything },
    Room { name: "main", layer: 7, may: May::Import(&["app", "cli", "host"]) },
    Room { name: "lib", layer: 7, may: May::Everything },
];

#[test]
fn imports_go_down_and_never_in_a_circle() {
    let sources = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(sources.len() > 100, "only {} files were read", sources.len());
    let (imports, _) = imports::read(&sources);
    assert!(imports.len() > 100, "only {} imports were read", imports.len());
    let problems = judge(&sources, ROOMS);
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// The table itself only points down or sideways, and not in a circle.
#[test]
fn the_table_is_sound() {
    let mut edges = BTreeMap::new();
    for from in ROOMS {
        let May::Import(names) = from.may else { continue };
        for name in names {
            let to = ROOMS.iter().find(|room| room.name == *name);
            let to = to.unwrap_or_else(|| panic!("{} may import {name}: no such room", from.name));
            assert!(to.layer <= from.layer, "{} may import {name}, which is above", from.name);
            edges.insert((from.name.to_owned(), (*name).to_owned()), String::new());
        }
    }
    assert_eq!(circles(&edges), Vec::<String>::new());
}

/// Everything that is against the table, each with its place.
fn judge(sources: &Sources, rooms: &[Room]) -> Vec<String> {
    let (imports, unreached) = imports::read(sources);
    let mut problems: Vec<String> = unreached
        .iter()
        .map(|file| format!("src/{file}: no module declares it, so nothing holds it"))
        .collect();
    problems.extend(imports.iter().filter_map(|import| against(import, rooms)));
    let mut edges: BTreeMap<(String, String), String> = BTreeMap::new();
    for import in imports.iter().filter(|import| !import.test && !import.to.is_empty()) {
        let place = format!("{}:{}", import.file, import.line);
        edges.entry((import.from.clone(), import.to.clone())).or_insert(place);
    }
    problems.extend(circles(&edges));
    problems
}

/// What is wrong with one import.
fn against(import: &Import, rooms: &[Room]) -> Option<String> {
    let Import { from, to, file, line, test } = import;
    let find = |name: &String| rooms.iter().find(|room| room.name == *name);
    let complaint = match (find(from), find(to)) {
        (None, _) => format!("{from} is not in the table of rooms"),
        (_, None) if to.is_empty() => {
            format!("{from} imports the root, which hides what it needs")
        }
        (_, None) => format!("{from} imports {to}, which is no room"),
        (Some(own), Some(other)) => {
            let allowed = match own.may {
                May::Everything => true,
                May::Import(_) if *test => other.layer <= own.layer,
                May::Import(names) => names.contains(&other.name),
            };
            if allowed {
                return None;
            }
            let kind = if *test { "test code of " } else { "" };
            format!("{kind}{from} (layer {}) imports {to} (layer {})", own.layer, other.layer)
        }
    };
    Some(format!("{file}:{line}: {complaint}"))
}

/// Rooms that need each other, one line for each circle, with the place of every step.
fn circles(edges: &BTreeMap<(String, String), String>) -> Vec<String> {
    let mut found = BTreeSet::new();
    for (from, to) in edges.keys() {
        let Some(back) = way(edges, to, from) else { continue };
        let mut circle = back;
        // Each circle is told once, from its first room on.
        let first = (0..circle.len()).min_by_key(|at| &circle[*at]).unwrap_or_default();
        circle.rotate_left(first);
        found.insert(circle);
    }
    let tell = |circle: &Vec<String>| {
        let steps = (0..circle.len()).map(|at| {
            let (from, to) = (&circle[at], &circle[(at + 1) % circle.len()]);
            format!("{from} -> {to} ({})", edges[&(from.clone(), to.clone())])
        });
        format!("circle: {}", steps.collect::<Vec<_>>().join(", "))
    };
    found.iter().map(tell).collect()
}

/// The shortest way between two rooms, both ends included.
fn way(edges: &BTreeMap<(String, String), String>, from: &str, to: &str) -> Option<Vec<String>> {
    let mut ways = vec![vec![from.to_owned()]];
    let mut seen = BTreeSet::from([from.to_owned()]);
    while !ways.is_empty() {
        if let Some(way) = ways.iter().find(|way| way.last().is_some_and(|end| end == to)) {
            return Some(way.clone());
        }
        let mut longer = Vec::new();
        for way in ways {
            for (start, end) in edges.keys() {
                if way.last() == Some(start) && seen.insert(end.clone()) {
                    longer.push([way.as_slice(), std::slice::from_ref(end)].concat());
                }
            }
        }
        ways = longer;
    }
    None
}

/// The Rust files below a folder.
fn files(top: &Path) -> Sources {
    let mut sources = Sources::new();
    let mut folders = vec![top.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
                sources.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    sources
}
