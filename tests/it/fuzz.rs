//! The targets of `fuzz/` on any toolchain: the corpora as they are, and mutations of them.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// How many mutations of each corpus are tried.
const MUTATIONS: u32 = 96;

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut files: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// One change of some bytes.
#[derive(Clone, Debug)]
enum Mutation {
    Put(u8),
    Insert(Vec<u8>),
    Cut(usize),
    Repeat(usize),
    Join(usize),
}

/// Pieces that parsers stumble over.
const PIECES: [&str; 24] = [
    "'",
    "\"",
    "$$",
    "$x$",
    "/*",
    "*/",
    "--",
    ";",
    "\\",
    "\n",
    "\r\n",
    "\0",
    "{",
    "[",
    "&a ",
    "*a",
    "<<: ",
    "#",
    "\u{feff}",
    "\u{202e}",
    "-- +goose StatementBegin\n",
    "99999999999999999999",
    "../",
    "é",
];

fn mutation() -> impl Strategy<Value = (prop::sample::Index, Mutation)> {
    let change = prop_oneof![
        any::<u8>().prop_map(Mutation::Put),
        prop::sample::select(&PIECES[..]).prop_map(|text| Mutation::Insert(text.into())),
        (1_usize..40).prop_map(Mutation::Cut),
        (1_usize..60).prop_map(Mutation::Repeat),
        any::<usize>().prop_map(Mutation::Join),
    ];
    (any::<prop::sample::Index>(), change)
}

fn mutated(
    corpus: &[Vec<u8>],
    first: usize,
    changes: &[(prop::sample::Index, Mutation)],
) -> Vec<u8> {
    let mut bytes = corpus[first % corpus.len()].clone();
    for (at, change) in changes {
        let at = at.index(bytes.len() + 1);
        match change {
            Mutation::Put(byte) if at < bytes.len() => bytes[at] = *byte,
            Mutation::Put(byte) => bytes.push(*byte),
            Mutation::Insert(piece) => drop(bytes.splice(at..at, piece.iter().copied())),
            Mutation::Cut(length) => drop(bytes.drain(at..bytes.len().min(at + length))),
            Mutation::Repeat(length) => {
                let piece = bytes[at..bytes.len().min(at + length)].repeat(8);
                bytes.splice(at..at, piece);
            }
            Mutation::Join(other) => {
                let other = &corpus[other % corpus.len()];
                bytes.truncate(at);
                bytes.extend_from_slice(&other[at.min(other.len())..]);
            }
        }
    }
    bytes
}

fn mutations_of(name: &str) {
    let (_, target) = targets::TARGETS.iter().find(|(known, _)| *known == name).unwrap();
    let corpus = corpus(name);
    corpus.iter().for_each(|bytes| target(bytes));
    let config = Config { cases: MUTATIONS, failure_persistence: None, ..Config::default() };
    let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let changes = prop::collection::vec(mutation(), 1..6);
    let outcome = TestRunner::new_with_rng(config, seed).run(
        &(any::<usize>(), changes),
        |(first, changes)| {
            target(&mutated(&corpus, first, &changes));
            Ok(())
        },
    );
    outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            mutations_of(stringify!($name));
        })*

        #[test]
        fn every_target_is_tried_here_and_by_the_fuzzer() {
            let names = [$(stringify!($name)),*];
            let manifest = include_str!("../../fuzz/Cargo.toml");
            for (name, _) in targets::TARGETS {
                assert!(names.contains(&name), "{name}");
                assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
                assert!(!corpus(name).is_empty(), "{name}");
            }
        }
    };
}

targets!(config documents journal layouts manifest reports splitter);
