//! Reads the types of notifications of a server.

use notices::{NoticeType, Notices};
use rules::RuleBook;
use std::path::{Path, PathBuf};

/// The types that ship, and those of this folder. Fails with every problem, ready to print; also if a rule names a type that there is not.
pub(super) fn open(folder: Option<&Path>, rules: &RuleBook) -> Result<Notices, String> {
    let mut own = Vec::new();
    for file in folder.map_or(Ok(Vec::new()), files)? {
        own.push(read(&file)?);
    }
    let notices = Notices::shipped_beside(own).map_err(|why| format!("--notices: {why}"))?;
    for (rule, kind) in rules.notified_types() {
        if notices.get(kind).is_none() {
            let near = notices
                .nearest(kind)
                .map(|near| format!("; did you mean `{near}`?"));
            let near = near.unwrap_or_default();
            return Err(format!(
                "--rules: the rule {rule} names the notification type `{kind}`, which there is not{near}"
            ));
        }
    }
    Ok(notices)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let explain = |error: std::io::Error| format!("--notices {}: {error}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(explain)?;
    let entries = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut files: Vec<PathBuf> = entries.collect::<Result<_, _>>().map_err(explain)?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    Ok(files)
}

fn read(file: &Path) -> Result<NoticeType, String> {
    let shown = file.display();
    let source = std::fs::read_to_string(file);
    let source = source.map_err(|error| format!("--notices {shown}: {error}"))?;
    NoticeType::parse(&source).map_err(|problems| {
        let told = problems.iter().map(|problem| format!("{shown}:{problem}"));
        told.collect::<Vec<String>>().join("\n")
    })
}
