//! Reads and checks flow files, and prints their problems as a compiler does.

use std::fmt::Write;
use std::path::Path;

use flow::{Definition, Problem};

/// The definition in a flow file, and the file's text.
pub fn parsed(file: &Path) -> Result<(Definition, String), String> {
    let source = read(file)?;
    match Definition::parse(&source) {
        Ok(definition) => Ok((definition, source)),
        Err(problems) => Err(format!(
            "{} in the flow\n\n{}",
            counted(problems.len(), "problem"),
            listed(file, &source, &problems)
        )),
    }
}

/// A count with its noun: `1 action`, `2 actions`.
pub fn counted(count: usize, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {what}{ending}")
}

/// The text of a file named on the command line.
pub fn read(file: &Path) -> Result<String, String> {
    let named = |why: String| format!("{}: {why}", file.display());
    if file.is_dir() {
        return Err(named("this is a folder, not a file".to_owned()));
    }
    let bytes = std::fs::read(file).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => named("there is no such file".to_owned()),
        _ => named(error.to_string()),
    })?;
    String::from_utf8(bytes).map_err(|_| named("the file is not UTF-8 text".to_owned()))
}

/// Prints problems as a compiler does: the place, a sentence, the line, a mark under it, advice.
pub fn listed(file: &Path, source: &str, problems: &[Problem]) -> String {
    let mut told = String::new();
    for problem in problems {
        let (file, line, column) = (file.display(), problem.line, problem.column);
        let _ = writeln!(told, "{file}:{line}:{column}: {}", problem.message);
        let text = source.lines().nth(line.saturating_sub(1)).unwrap_or("");
        let (shown, mark) = excerpt(text, column);
        let _ = writeln!(told, "  {line:>5} | {shown}\n        | {mark}^");
        if let Some(help) = &problem.help {
            let _ = writeln!(told, "        = {help}");
        }
        told.push('\n');
    }
    told
}

/// The part of a line around a column, and the spaces before the mark.
fn excerpt(text: &str, column: usize) -> (String, String) {
    let (before, after) = (60, 60);
    let skipped = column.saturating_sub(before + 1);
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let shown: String = text
        .chars()
        .skip(skipped)
        .take(before + after)
        .map(plain)
        .collect();
    (shown, " ".repeat(column.saturating_sub(skipped + 1)))
}
