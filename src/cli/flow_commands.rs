//! `stoa flow check`, `graph` and `simulate`: check, draw and play flow files without a database.

use clap::Subcommand;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::cli::flow_files::{counted, listed, parsed, read};
use crate::cli::flow_migration::{MigrateOptions, migrate};
use flow::simulate::{Played, Script, play, transitions};
use flow::{Definition, graph};

/// The commands for flow files.
#[derive(Subcommand)]
pub enum FlowCommand {
    /// Check flow files: every problem at once, with its line
    Check {
        /// Flow files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Draw a flow as SVG
    Graph {
        /// A flow file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// File to write; standard output without it
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Run scripts against a flow with a virtual clock and compare with what they expect; a script may continue an earlier one
    Simulate {
        /// A flow file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Scripts
        #[arg(required = true, value_name = "SCRIPT")]
        scripts: Vec<PathBuf>,
        /// Fail unless the scripts cover every transition of the flow
        #[arg(long)]
        coverage: bool,
    },
    /// Move running deals to the version in a flow file, by its [[migrations]]
    Migrate(Box<MigrateOptions>),
}

/// Runs a command; returns the text to print, or what went wrong.
pub fn run(command: FlowCommand) -> Result<String, String> {
    match command {
        FlowCommand::Check { files } => check(&files),
        FlowCommand::Graph { file, output } => draw(&file, output.as_deref()),
        FlowCommand::Simulate {
            file,
            scripts,
            coverage,
        } => simulate(&file, &scripts, coverage),
        FlowCommand::Migrate(options) => migrate(&options),
    }
}

fn check(files: &[PathBuf]) -> Result<String, String> {
    let (mut fine, mut wrong, mut count) = (String::new(), String::new(), 0);
    let mut seen: BTreeMap<(String, i64), (&PathBuf, String)> = BTreeMap::new();
    for file in files {
        match read(file).map(|source| (Definition::parse(&source), source)) {
            Ok((Ok(definition), source)) => {
                let (states, actions) = (definition.states.len(), definition.actions.len());
                let (shown, name, version) = (file.display(), &definition.name, definition.version);
                let (states, actions) = (counted(states, "state"), counted(actions, "action"));
                let _ = writeln!(
                    fine,
                    "{shown}: {name} {version} is fine: {states}, {actions}"
                );
                let warnings = definition.warnings();
                if !warnings.is_empty() {
                    let count = counted(warnings.len(), "warning");
                    let _ = write!(fine, "{count}\n\n{}", listed(file, &source, warnings));
                }
                let key = (name.clone(), version);
                match seen.get(&key) {
                    Some((other, text)) if *text != source => {
                        count += 1;
                        let other = other.display();
                        let _ = writeln!(
                            wrong,
                            "{shown}: {name} {version} is in {other} with another text\n"
                        );
                    }
                    Some(_) => {}
                    None => drop(seen.insert(key, (file, source))),
                }
            }
            Ok((Err(problems), source)) => {
                count += problems.len();
                wrong.push_str(&listed(file, &source, &problems));
            }
            Err(why) => {
                count += 1;
                let _ = writeln!(wrong, "{why}\n");
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

fn draw(file: &Path, output: Option<&Path>) -> Result<String, String> {
    let drawn = graph::svg(&definition(file)?, None);
    let Some(output) = output else {
        return Ok(drawn.trim_end().to_owned());
    };
    let written = std::fs::write(output, drawn);
    written.map_err(|error| format!("{}: {error}", output.display()))?;
    Ok(format!(
        "{} is drawn in {}",
        file.display(),
        output.display()
    ))
}

fn simulate(file: &Path, scripts: &[PathBuf], coverage: bool) -> Result<String, String> {
    let definition = definition(file)?;
    let (mut told, mut failed) = (String::new(), 0);
    let mut covered = BTreeSet::new();
    let mut script = Script::default();
    for path in scripts {
        let source = read(path)?;
        let added = script.add(&path.display().to_string(), &source);
        added.map_err(|problems| {
            let count = counted(problems.len(), "problem");
            let listed = listed(path, &source, &problems);
            format!("{count} in a script\n\n{listed}")
        })?;
    }
    for run in play(&definition, &script) {
        failed += usize::from(run.failure.is_some());
        tell(&mut told, &run);
        covered.extend(run.covered);
    }
    let all = transitions(&definition);
    let missing: Vec<&String> = all.iter().filter(|name| !covered.contains(*name)).collect();
    let made = all.len() - missing.len();
    let _ = write!(told, "{made} of {} transitions made", all.len());
    for name in &missing {
        let _ = write!(told, "\n  not made: {name}");
    }
    match (failed, coverage && !missing.is_empty()) {
        (0, false) => Ok(told),
        (0, true) => Err(format!("not every transition is made\n\n{told}")),
        (1, _) => Err(format!("1 run failed\n\n{told}")),
        (failed, _) => Err(format!("{failed} runs failed\n\n{told}")),
    }
}

fn tell(told: &mut String, run: &Played) {
    let (path, name) = (&run.file, &run.name);
    let Some(failure) = &run.failure else {
        let _ = writeln!(told, "ok    {path}: {name} ({} steps)", run.steps);
        return;
    };
    let (line, step) = (failure.line, &failure.step);
    let _ = writeln!(told, "FAIL  {path}:{line}: {name}: {step}");
    for difference in &failure.differences {
        let _ = writeln!(told, "    {difference}");
    }
}

fn definition(file: &Path) -> Result<Definition, String> {
    parsed(file).map(|(definition, _)| definition)
}
