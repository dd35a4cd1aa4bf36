//! Who may name a dialect: the edge, those who choose among them, and no other dialect.

use std::fs;
use std::path::Path;

use stoa::edge::dialect::ALL;

use super::{complain, files, module_of, named};

/// Where dialects may be named: where they are, and where somebody chooses among them.
const NAMES_DIALECTS: [&str; 6] = ["edge", "app", "main", "cli", "config", "seed"];

/// A line for each of these dialects that a file names.
fn namings(path: &Path, dialects: impl Iterator<Item = &'static str>) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap().to_lowercase();
    let here = dialects.filter(|name| text.contains(name));
    here.map(|name| format!("{} names {name}", named(path)))
        .collect()
}

fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|dialect| dialect.name)
}

#[test]
fn only_the_edge_names_dialects() {
    let elsewhere = files("src", "rs")
        .into_iter()
        .filter(|path| !NAMES_DIALECTS.contains(&module_of(path).as_str()));
    let wrong: Vec<String> = elsewhere.flat_map(|path| namings(&path, names())).collect();
    complain("dialects outside the edge", &wrong);
}

#[test]
fn no_dialect_names_another() {
    let others = |own: &'static str| names().filter(move |name| *name != own);
    let of = |own: &'static str| {
        let files = files(&format!("src/edge/{own}"), "rs");
        files
            .into_iter()
            .flat_map(move |path| namings(&path, others(own)))
    };
    let wrong: Vec<String> = names().flat_map(of).collect();
    complain("dialects that depend on another one", &wrong);
}
