//! Checks a flow file, and lists its states or everything that is wrong: `cargo run -p flow --example check -- FILE`.

use std::error::Error;
use std::io::{Write, stdout};

use flow::Definition;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).ok_or("which file?")?;
    let source = std::fs::read_to_string(file)?;
    let mut out = stdout();
    let definition = match Definition::parse(&source) {
        Ok(definition) => definition,
        Err(problems) => {
            for problem in &problems {
                writeln!(out, "{problem}")?;
            }
            return Err(format!("{} problems", problems.len()).into());
        }
    };
    for state in definition
        .reading_order
        .iter()
        .filter_map(|name| definition.state(name))
    {
        let actions: Vec<&str> = state
            .actions
            .iter()
            .map(|action| action.name.as_str())
            .collect();
        writeln!(
            out,
            "{}: {} [{}]",
            state.name,
            state.title,
            actions.join(", ")
        )?;
    }
    Ok(())
}
