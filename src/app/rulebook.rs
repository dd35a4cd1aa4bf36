//! Reads the rules files of a server.

use rules::{RuleBook, RuleSet};
use std::path::{Path, PathBuf};

/// The rules of these files, and of all files in these folders. The error lists every problem, ready to print.
pub(super) fn open(paths: &[PathBuf]) -> Result<RuleBook, String> {
    let mut sets = Vec::new();
    for path in paths {
        for file in files(path).map_err(|why| format!("--rules {why}"))? {
            sets.push(read(&file)?);
        }
    }
    RuleBook::of(sets).map_err(|why| format!("--rules: {why}"))
}

/// The rules files in a folder, in the order of their names, or the file itself. The error names the path.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, String> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let explain = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut files: Vec<PathBuf> = std::fs::read_dir(path)
        .map_err(explain)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(explain)?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    match files.is_empty() {
        true => Err(format!(
            "{}: there is no rules file (*.toml) in this folder",
            path.display()
        )),
        false => Ok(files),
    }
}

fn read(file: &Path) -> Result<RuleSet, String> {
    let shown = file.display();
    let source = std::fs::read_to_string(file);
    let source = source.map_err(|error| format!("--rules {shown}: {error}"))?;
    RuleSet::parse(&source).map_err(|problems| {
        let told = problems.iter().map(|problem| format!("{shown}:{problem}"));
        told.collect::<Vec<String>>().join("\n")
    })
}
