//! The lengths of functions.

use std::fs;
use std::path::Path;

use super::{complain, files, named};

const FUNCTION_LINES: usize = 60;

/// Whether a line, without its indentation, begins a function: `fn` after a visibility and qualifiers.
fn is_function(head: &str) -> bool {
    let mut rest = head;
    if let Some(restricted) = rest.strip_prefix("pub(") {
        let Some((_, after)) = restricted.split_once(") ") else {
            return false;
        };
        rest = after;
    }
    for qualifier in ["pub ", "default ", "const ", "async ", "unsafe "] {
        rest = rest.strip_prefix(qualifier).unwrap_or(rest);
    }
    rest.starts_with("fn ")
}

#[test]
fn functions_are_found_whatever_stands_before_them() {
    for head in [
        "fn f() {",
        "pub fn f() {",
        "pub(crate) fn f() {",
        "pub(in crate::edge) async fn f() {",
        "const fn f() {",
        "pub const fn f() {",
        "pub(super) async fn f() {",
    ] {
        assert!(is_function(head), "{head}");
    }
    for other in ["let fn_ = 1;", "// fn f() {", "pub struct Fn {", "fnord()"] {
        assert!(!is_function(other), "{other}");
    }
}

/// The lines from a function's head to the brace that closes it at the same indentation, as rustfmt lays it out.
fn long_functions(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut long = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let head = line.trim_start();
        let has_no_body = head.ends_with(';');
        if !is_function(head) || has_no_body {
            continue;
        }
        let closing = format!("{}}}", &line[..line.len() - head.len()]);
        let end = lines[start..].iter().position(|line| *line == closing);
        let length = end.map_or(1, |end| end + 1);
        if length > FUNCTION_LINES {
            long.push(format!("{}:{} has {length} lines", named(path), start + 1));
        }
    }
    long
}

#[test]
fn no_function_is_too_long() {
    let rust = ["src", "crates", "tests", "examples"]
        .iter()
        .flat_map(|folder| files(folder, "rs"));
    complain(
        "functions above 60 lines",
        &rust
            .flat_map(|path| long_functions(&path))
            .collect::<Vec<_>>(),
    );
}
