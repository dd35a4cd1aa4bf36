//! The examples in the reference for authors of flows (`docs/flows.md`) are correct.

use crate::Definition;
use crate::simulate::{Script, play};

fn examples() -> Vec<String> {
    let path = format!(
        "{}/docs/flows.md",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../..")
    );
    let text = std::fs::read_to_string(path).unwrap();
    let blocks = text.split("```toml\n").skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_small_flow_is_fine_and_its_script_holds() {
    let examples = examples();
    let definition =
        Definition::parse(&examples[0]).unwrap_or_else(|problems| panic!("{problems:?}"));
    let mut script = Script::default();
    script.add("docs", examples.last().unwrap()).unwrap();
    for run in play(&definition, &script) {
        assert_eq!(run.failure, None);
    }
}
