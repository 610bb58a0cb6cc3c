//! The check can fail: small sources with one thing wrong, and with nothing wrong.

use super::imports::Sources;
use super::{May, Room, judge, room};

const TABLE: &[Room] = &[
    room("low", 0, &[]),
    room("mid", 1, &["low"]),
    room("side", 1, &["low", "mid"]),
    room("top", 2, &["low", "mid", "side"]),
    Room { name: "lib", layer: 3, may: May::Everything },
    room("main", 3, &["top"]),
];

const LIB: &str = "pub mod low;\npub mod mid;\npub mod side;\npub mod top;\n";

/// The problems of a crate of four rooms, where the given files replace empty ones.
fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let empty = ["low.rs", "mid.rs", "side.rs", "top.rs"];
    let mut sources: Sources =
        empty.iter().map(|name| ((*name).to_owned(), String::new())).collect();
    sources.insert("lib.rs".into(), LIB.into());
    for (name, text) in files {
        if name.ends_with("/mod.rs") {
            sources.remove(&name.replace("/mod.rs", ".rs"));
        }
        sources.insert((*name).to_owned(), (*text).to_owned());
    }
    judge(&sources, TABLE)
}

const UP: &str = "mid (layer 1) imports top (layer 2)";

#[test]
fn every_way_to_import_upwards_is_seen() {
    for (text, line) in [
        ("use crate::top::Thing;", 1),
        ("use crate::top;", 1),
        ("use crate::top as harmless;", 1),
        ("use crate::top::*;", 1),
        ("pub use crate::{low::A, top::{self, B}};", 1),
        ("use crate::{\n    low::A,\n    top::{b::{C, D as E}, F},\n};", 3),
        ("use {crate::low::A, crate::top::B};", 1),
        ("use super::top::Thing;", 1),
        ("use self::super::top::Thing;", 1),
        ("use std::x;\nuse ::migration_gate::top::Thing;", 2),
        ("use crate::r#top::Thing;", 1),
        ("fn f() -> crate::top::Thing { g() }", 1),
        ("fn f() {\n    use crate::top::g;\n}", 2),
        ("fn f() {\n\n    crate::top::g();\n}", 3),
        ("fn f() { println!(\"{}\", crate::top::NUMBER) }", 1),
        ("macro_rules! m { () => { $crate::top::g() } }", 1),
        ("impl crate::top::Trait for u8 {}", 1),
        ("#[derive(Debug)]\nstruct S(crate::top::T);", 2),
        ("mod inner {\n    use super::super::top::T;\n}", 2),
        ("mod inner {\n    mod deep { use super::super::super::top::T; }\n}", 2),
        ("#[cfg(not(test))]\nuse crate::top::T;", 2),
        ("#[cfg(test)]\nuse crate::low::T;\nuse crate::top::T;", 3),
        ("#[cfg(test)]\nmod tests {}\nfn f() { crate::top::g() }", 3),
        ("/* a /* nested */ comment */ use crate::top::T;", 1),
        ("const A: char = '\"'; use crate::top::T; const B: char = '\"';", 1),
        ("fn f<'a>(x: &'a str) -> crate::top::T<'a> { g(x) }", 1),
    ] {
        assert_eq!(problems(&[("mid.rs", text)]), [format!("src/mid.rs:{line}: {UP}")], "{text}");
    }
}

#[test]
fn what_only_looks_like_an_import_is_none() {
    for text in [
        "// use crate::top::T;",
        "/// [`crate::top::T`]\nfn f() {}",
        "//! crate::top",
        "/* use crate::top::T; /* use crate::top::U; */ */",
        "const A: &str = \"use crate::top::T;\";",
        "const A: &str = r#\"\" use crate::top::T;\"#;",
        "const A: &[u8] = b\"crate::top::T\";",
        "use std::top::T;",
        "use crate::low::top::T;",
        "use crate::low::{top, a as super_top};",
        "pub(crate) mod top {}",
        "mod top { pub fn f() {} }\nfn g() { self::top::f() }",
        "mod top { use super::super::low; }",
        "fn f<'a>(x: &'a str) -> impl Iterator<Item = u8> + use<'a> { g(x) }",
        "fn f(&self) { self.top() }",
        "use crate::mid::top::T;",
    ] {
        assert_eq!(problems(&[("mid.rs", text)]), [] as [String; 0], "{text}");
    }
}

#[test]
fn the_root_and_unknown_rooms_are_no_way_around() {
    let root = "src/mid.rs:1: mid imports the root, which hides what it needs";
    for text in ["use crate as all;", "use crate::{self as all};", "use super as all;"] {
        assert_eq!(problems(&[("mid.rs", text)]), [root], "{text}");
    }
    for text in ["use crate::*;", "use super::*;"] {
        assert_eq!(problems(&[("mid.rs", text)]), [root], "{text}");
    }
    assert_eq!(
        problems(&[("mid.rs", "use crate::Thing;")]),
        ["src/mid.rs:1: mid imports Thing, which is no room"]
    );
    let lib = format!("{LIB}mod new;");
    assert_eq!(
        problems(&[("lib.rs", &lib), ("new.rs", "use crate::low::T;")]),
        ["src/new.rs:1: new is not in the table of rooms"]
    );
}

#[test]
fn test_code_may_import_what_is_at_or_below_it() {
    let inside = |text: &str| format!("#[cfg(test)]\nmod tests {{\n    {text}\n}}\n");
    assert_eq!(problems(&[("mid.rs", &inside("use crate::side::T;"))]), [] as [String; 0]);
    assert_eq!(
        problems(&[("mid.rs", &inside("use crate::top::T;"))]),
        ["src/mid.rs:3: test code of mid (layer 1) imports top (layer 2)"]
    );
    // A sideways import is the table's business where it is not for tests.
    assert_eq!(
        problems(&[("mid.rs", "use crate::side::T;")]),
        ["src/mid.rs:1: mid (layer 1) imports side (layer 1)"]
    );
    for declared in [
        "#[cfg(test)]\nmod tests;",
        "#[cfg(all(test, unix))]\npub(crate) mod tests;",
        "#[path = \"tests.rs\"]\n#[cfg(test)]\nmod other;",
        "#[cfg(test)]\n#[path = \"tests.rs\"]\nmod other;",
    ] {
        let files = [("mid/mod.rs", declared), ("mid/tests.rs", "use super::super::top::T;")];
        assert_eq!(
            problems(&files),
            ["src/mid/tests.rs:1: test code of mid (layer 1) imports top (layer 2)"],
            "{declared}"
        );
        let files = [("mid/mod.rs", declared), ("mid/tests.rs", "use crate::side::T;")];
        assert_eq!(problems(&files), [] as [String; 0], "{declared}");
    }
}

#[test]
fn super_means_the_module_and_not_the_folder() {
    let files = [
        ("mid/mod.rs", "mod a;\nmod top;"),
        ("mid/a.rs", "use super::top::T;\nuse super::super::top::T;\nmod b;"),
        ("mid/a/b.rs", "use super::super::top::T;\nuse super::super::super::top::T;"),
        ("mid/top.rs", ""),
    ];
    assert_eq!(
        problems(&files),
        [format!("src/mid/a.rs:2: {UP}"), format!("src/mid/a/b.rs:2: {UP}")]
    );
}

#[test]
fn circles_are_told_with_every_step() {
    let found = problems(&[("mid.rs", "\nuse crate::side::T;"), ("side.rs", "use crate::mid::T;")]);
    assert_eq!(
        found.last().map(String::as_str),
        Some("circle: mid -> side (src/mid.rs:2), side -> mid (src/side.rs:1)")
    );
    let found = problems(&[
        ("low.rs", "use crate::top::T;"),
        ("mid.rs", "use crate::low::T;"),
        ("top.rs", "use crate::mid::T;"),
    ]);
    assert_eq!(
        found.last().map(String::as_str),
        Some(
            "circle: low -> top (src/low.rs:1), top -> mid (src/top.rs:1), mid -> low (src/mid.rs:1)"
        )
    );
    // What only tests need makes no circle.
    let test = "#[cfg(test)]\nmod tests { use crate::side::T; }";
    assert_eq!(problems(&[("mid.rs", test), ("side.rs", "use crate::mid::T;")]), [] as [String; 0]);
}

#[test]
fn files_that_no_module_declares_are_told() {
    assert_eq!(
        problems(&[("mid/lost.rs", "use crate::top::T;")]),
        ["src/mid/lost.rs: no module declares it, so nothing holds it"]
    );
}

#[test]
fn the_binary_is_a_room_of_its_own() {
    assert_eq!(problems(&[("main.rs", "use migration_gate::top;\nmod low {}")]), [] as [String; 0]);
    assert_eq!(
        problems(&[("main.rs", "fn main() { migration_gate::low::f() }")]),
        ["src/main.rs:1: main (layer 3) imports low (layer 0)"]
    );
}
