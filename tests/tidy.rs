//! The shape of the code: sizes of files and functions, what opens a file, and who may import whom.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    dead_code,
    reason = "a test fails by panicking"
)]

#[path = "tidy/access.rs"]
mod access;
#[path = "tidy/clocks.rs"]
mod clocks;
#[path = "tidy/dialects.rs"]
mod dialects;
#[path = "tidy/functions.rs"]
mod functions;

use std::fs;
use std::path::{Path, PathBuf};

/// The layers of `src`, from the top down. A module imports only modules of lower layers, and none of its own.
const LINES: [&[&str]; 15] = [
    &["main", "app", "cli"],
    &["seed"],
    &["edge", "jobs"],
    &["nodes"],
    &["registry"],
    &["room", "deal"],
    &["feed", "notifier"],
    &["journal"],
    &["identity"],
    &["store", "payment", "media"],
    &["presence", "objects", "scanner"],
    &["wire"],
    &["queue", "telemetry", "outbound", "signing", "job_signal"],
    &["config", "error"],
    &["domain"],
];
const FILE_LINES: usize = 400;

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in
            fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.unwrap().path();
            let skipped = ["vendor", "node_modules"]
                .iter()
                .any(|name| path.ends_with(name));
            if path.is_dir() && !skipped {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "nothing in {folder}");
    found
}

fn all_code() -> Vec<PathBuf> {
    let rust = ["src", "crates", "tests", "examples"]
        .iter()
        .flat_map(|folder| files(folder, "rs"));
    rust.chain(files("static", "js")).collect()
}

fn named(path: &Path) -> String {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR"))
        .unwrap()
        .display()
        .to_string()
}

fn complain(what: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{what}:\n  {}", wrong.join("\n  "));
}

#[test]
fn no_file_is_too_long() {
    let long = |path: &PathBuf| {
        let lines = fs::read_to_string(path).unwrap().lines().count();
        (lines > FILE_LINES).then(|| format!("{} has {lines} lines", named(path)))
    };
    complain(
        "files above 400 lines",
        &all_code().iter().filter_map(long).collect::<Vec<_>>(),
    );
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = |path: &&PathBuf| {
        let opening = if path.extension().is_some_and(|ending| ending == "rs") {
            "//! "
        } else {
            "/"
        };
        !fs::read_to_string(path).unwrap().starts_with(opening)
    };
    let wrong: Vec<String> = all_code()
        .iter()
        .filter(silent)
        .map(|path| named(path))
        .collect();
    complain(
        "files without a first line that says what they are for",
        &wrong,
    );
}

fn line_of(module: &str) -> usize {
    LINES
        .iter()
        .position(|line| line.contains(&module))
        .unwrap_or_else(|| panic!("{module} has no layer"))
}

fn module_of(path: &Path) -> String {
    let inside = path
        .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .unwrap();
    let first = inside
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy()
        .into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The modules that a file names after `crate::`, in imports and in paths.
fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split("crate::").skip(1) {
        let names = part
            .strip_prefix('{')
            .map_or(part, |group| group.split('}').next().unwrap_or(""));
        let many = part.starts_with('{');
        for name in names.split(',').take(if many { usize::MAX } else { 1 }) {
            let name: String = name
                .trim()
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect();
            found.push(name);
        }
    }
    found
}

#[test]
fn imports_go_down_the_layers() {
    let mut wrong = Vec::new();
    for path in files("src", "rs") {
        let module = module_of(&path);
        if module == "lib" {
            continue;
        }
        for other in imports(&fs::read_to_string(&path).unwrap()) {
            if other != module && line_of(&other) <= line_of(&module) {
                wrong.push(format!("{} imports {other}", named(&path)));
            }
        }
    }
    complain("imports against the order of the layers", &wrong);
}

/// What only code that queries the database contains. Others may take a connection and pass it on.
const SQL: [&str; 6] = [
    "sql_query",
    "diesel::table",
    "::schema::",
    "batch_execute",
    "diesel::prelude",
    "RunQueryDsl",
];

#[test]
fn only_the_store_knows_sql_and_only_these_modules_know_json() {
    let mut wrong = Vec::new();
    for path in files("src", "rs") {
        let (module, text) = (module_of(&path), fs::read_to_string(&path).unwrap());
        if module != "store" && SQL.iter().any(|word| text.contains(word)) {
            wrong.push(format!("{} holds SQL", named(&path)));
        }
        let writes = [
            "edge",
            "domain",
            "telemetry",
            "store",
            "seed",
            "identity",
            "payment",
            "jobs",
            "deal",
            "registry",
            "wire",
        ]
        .contains(&module.as_str());
        if !writes && text.contains("serde_json") {
            wrong.push(format!("{} knows JSON", named(&path)));
        }
    }
    complain("knowledge in the wrong place", &wrong);
}

#[test]
fn vague_names_have_no_place() {
    let vague = [
        "utils", "helpers", "common", "manager", "service", "data", "info", "misc",
    ];
    let is_vague = |path: &&PathBuf| {
        path.iter().any(|part| {
            vague.contains(
                &part
                    .to_string_lossy()
                    .trim_end_matches(".rs")
                    .trim_end_matches(".js"),
            )
        })
    };
    let inside: Vec<PathBuf> = all_code()
        .iter()
        .map(|path| PathBuf::from(named(path)))
        .collect();
    complain(
        "vague names",
        &inside
            .iter()
            .filter(is_vague)
            .map(|path| path.display().to_string())
            .collect::<Vec<_>>(),
    );
}
