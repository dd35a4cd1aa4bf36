//! `stoa rules check` and `simulate`: check rules files and play events against them, without a database.

use clap::Subcommand;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::cli::flow_files::{counted, listed, read};
use rules::simulate::{Script, play};
use rules::{RuleBook, RuleSet};
use stoa::app::rulebook;

/// The commands for rules files.
#[derive(Subcommand)]
pub enum RulesCommand {
    /// Check rules files: every problem at once, with its line
    Check {
        /// Rules files, or folders with them
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Play events against rules with a virtual clock, print what follows, and compare with what the scripts expect
    Simulate {
        /// A rules file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Scripts
        #[arg(required = true, value_name = "SCRIPT")]
        scripts: Vec<PathBuf>,
        /// Fail unless the scripts make every rule run
        #[arg(long)]
        coverage: bool,
    },
}

/// Runs a command; returns the text to print, or what went wrong.
pub fn run(command: RulesCommand) -> Result<String, String> {
    match command {
        RulesCommand::Check { paths } => check(&paths),
        RulesCommand::Simulate {
            file,
            scripts,
            coverage,
        } => simulate(&file, &scripts, coverage),
    }
}

fn check(paths: &[PathBuf]) -> Result<String, String> {
    let (mut fine, mut wrong, mut count) = (String::new(), String::new(), 0);
    let mut complain = |count: &mut usize, problems: usize, text: &str| {
        *count += problems;
        let _ = writeln!(wrong, "{text}\n");
    };
    for path in paths {
        let found = match rulebook::files(path) {
            Ok(found) => found,
            Err(why) => {
                complain(&mut count, 1, &why);
                continue;
            }
        };
        for file in found {
            match read(&file).map(|source| (RuleSet::parse(&source), source)) {
                Ok((Ok(set), _)) => {
                    let (types, rules) = (set.types.len(), set.rules.len());
                    let (types, rules) = (counted(types, "event type"), counted(rules, "rule"));
                    let (shown, name, version) = (file.display(), &set.name, set.version);
                    let _ = writeln!(fine, "{shown}: {name} {version} is fine: {types}, {rules}");
                }
                Ok((Err(problems), source)) => {
                    let listed = listed(&file, &source, &problems);
                    complain(&mut count, problems.len(), listed.trim_end());
                }
                Err(why) => complain(&mut count, 1, &why),
            }
        }
    }
    match count {
        0 => Ok(fine.trim_end().to_owned()),
        _ => Err(format!(
            "{}\n\n{}",
            counted(count, "problem"),
            wrong.trim_end()
        )),
    }
}

fn simulate(file: &Path, scripts: &[PathBuf], coverage: bool) -> Result<String, String> {
    let source = read(file)?;
    let set = RuleSet::parse(&source).map_err(|problems| {
        let count = counted(problems.len(), "problem");
        format!(
            "{count} in the rules\n\n{}",
            listed(file, &source, &problems)
        )
    })?;
    let name = set.name.clone();
    let all: Vec<String> = set
        .rules
        .iter()
        .map(|rule| format!("{name}/{}", rule.name))
        .collect();
    let book = RuleBook::of(vec![set])?;
    let (mut told, mut failed, mut ran) = (String::new(), 0, BTreeSet::new());
    for path in scripts {
        let source = read(path)?;
        let script = Script::parse(&source).map_err(|problems| {
            let count = counted(problems.len(), "problem");
            format!(
                "{count} in a script\n\n{}",
                listed(path, &source, &problems)
            )
        })?;
        let played = play(&book, &script);
        let shown = path.display();
        let _ = writeln!(told, "{shown}");
        for line in &played.transcript {
            let _ = writeln!(told, "  {line}");
        }
        for (line, what) in &played.differences {
            let _ = writeln!(told, "FAIL  {shown}:{line}: {what}");
        }
        failed += played.differences.len();
        ran.extend(played.ran);
    }
    let missing: Vec<&String> = all.iter().filter(|name| !ran.contains(*name)).collect();
    let _ = write!(
        told,
        "{} of {} rules ran",
        all.len() - missing.len(),
        all.len()
    );
    for name in &missing {
        let _ = write!(told, "\n  did not run: {name}");
    }
    match (failed, coverage && !missing.is_empty()) {
        (0, false) => Ok(told),
        (0, true) => Err(format!("not every rule runs\n\n{told}")),
        (failed, _) => Err(format!(
            "{}\n\n{told}",
            counted(failed, "expectation") + " failed"
        )),
    }
}
