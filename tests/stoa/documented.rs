//! Every option of the server is named in a document, and every option that a document names is there.

use clap::{Args, Command};
use std::collections::BTreeSet;
use std::path::Path;

use stoa::config::Config;

/// Options of other programs that the documents name: Cargo's, and those of `make nodes` and `make bench`.
const OF_OTHERS: [&str; 7] = [
    "bin", "brief", "locked", "profile", "rounds", "seconds", "test",
];

fn documents() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["docs", "docs/platforms"].map(|folder| root.join(folder));
    let folders = folders.map(|folder| std::fs::read_dir(folder).expect("documents"));
    let pages = folders.into_iter().flatten();
    let pages = pages.map(|entry| entry.expect("a document").path());
    let pages = pages.filter(|path| path.extension().is_some_and(|kind| kind == "md"));
    let all = pages.chain([root.join("README.md")]);
    let texts = all.map(|path| std::fs::read_to_string(path).expect("a text"));
    texts.collect::<Vec<_>>().join("\n")
}

/// What stands behind two dashes at the beginning of a word.
fn named(text: &str) -> BTreeSet<String> {
    let is_of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let parts = text.split("--").zip(text.split("--").skip(1));
    let begun =
        parts.filter(|(before, _)| !before.ends_with(|c: char| c.is_alphanumeric() || c == '-'));
    begun
        .map(|(_, after)| after.split(|c| !is_of_name(c)).next().unwrap_or_default())
        .filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
        .map(str::to_owned)
        .collect()
}

/// What `--help` of any of the program's commands names.
fn of_commands() -> BTreeSet<String> {
    let commands = [
        vec!["serve"],
        vec!["token"],
        vec!["flow", "check"],
        vec!["flow", "graph"],
        vec!["flow", "simulate"],
        vec!["flow", "migrate"],
        vec!["rules", "check"],
        vec!["rules", "simulate"],
    ];
    let help = |command: &Vec<&str>| {
        let whole = [command.clone(), vec!["--help"]].concat();
        crate::child::outcome(&whole, &[]).1
    };
    commands
        .iter()
        .flat_map(|command| named(&help(command)))
        .collect()
}

#[test]
fn every_option_of_the_server_is_named_in_a_document() {
    let told = named(&documents());
    let server = Config::augment_args(Command::new("serve"));
    let options: Vec<&str> = server
        .get_arguments()
        .filter_map(|option| option.get_long())
        .collect();
    assert!(options.len() > 70, "{options:?}");
    let untold: Vec<_> = options
        .iter()
        .filter(|name| !told.contains(**name))
        .collect();
    assert!(untold.is_empty(), "no document names {untold:?}");
}

#[test]
fn every_option_that_a_document_names_is_there() {
    let there = of_commands();
    let told = named(&documents());
    let unknown: Vec<_> = told
        .iter()
        .filter(|name| !there.contains(*name) && !OF_OTHERS.contains(&name.as_str()))
        .collect();
    assert!(unknown.is_empty(), "no command has {unknown:?}");
}
