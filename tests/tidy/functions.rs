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

/// Functions that are too long: from a head to the brace that closes it at the same indentation.
fn long_blocks(path: &Path, is_function: fn(&str) -> bool) -> Vec<String> {
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
        let after = &lines[start + 1..];
        let end = after.iter().position(|line| line.starts_with(&closing));
        let length = end.map_or(1, |end| end + 2);
        if length > FUNCTION_LINES {
            long.push(format!("{}:{} has {length} lines", named(path), start + 1));
        }
    }
    long
}

/// Whether a line of JavaScript, without its indentation, begins a function with a name and a body.
fn is_js_function(head: &str) -> bool {
    let head = head.strip_prefix("export ").unwrap_or(head);
    let head = head.strip_prefix("default ").unwrap_or(head);
    let is_arrow = ["const ", "let ", "globalThis."]
        .iter()
        .any(|begin| head.starts_with(begin))
        && head.ends_with("=> {");
    is_arrow
        || head.starts_with("function ")
        || head.starts_with("function* ")
        || head.starts_with("async function ")
}

#[test]
fn functions_of_javascript_are_found() {
    for head in [
        "function f() {",
        "export default function f() {",
        "export async function f() {",
        "const f = (a) => {",
        "export const f = async () => {",
        "globalThis.f = (a) => {",
    ] {
        assert!(is_js_function(head), "{head}");
    }
    for other in ["const f = 1;", "each((one) => {", "// function f() {"] {
        assert!(!is_js_function(other), "{other}");
    }
}

#[test]
fn no_function_of_javascript_is_too_long() {
    let folders = ["static", "tests/node"].iter();
    let scripts = folders.flat_map(|folder| files(folder, "js"));
    let long = scripts.flat_map(|path| long_blocks(&path, is_js_function));
    complain("functions above 60 lines", &long.collect::<Vec<_>>());
}

#[test]
fn no_function_is_too_long() {
    let rust = ["src", "crates", "tests", "examples"]
        .iter()
        .flat_map(|folder| files(folder, "rs"));
    complain(
        "functions above 60 lines",
        &rust
            .flat_map(|path| long_blocks(&path, is_function))
            .collect::<Vec<_>>(),
    );
}
