//! Rules files at the command line: checked and played by the real binary.

use std::path::{Path, PathBuf};

use crate::child::outcome;

fn inside(path: &str) -> String {
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    whole.display().to_string()
}

fn written(name: &str, text: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("rules_commands");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a file");
    path.display().to_string()
}

const SHIPPED: [&str; 4] = ["lola", "part_time_pays", "pharmago", "quotexbert"];

#[test]
fn the_rules_that_ship_are_fine() {
    let (output, said, complained) = outcome(&["rules", "check", &inside("rules")], &[]);
    assert!(output.status.success(), "{complained}");
    assert_eq!(said.lines().count(), SHIPPED.len());
    assert!(
        said.contains("pharmago 1 is fine: 6 event types, 8 rules"),
        "{said}"
    );
}

#[test]
fn the_scripts_make_every_rule_that_ships_run() {
    for name in SHIPPED {
        let folder = inside(&format!("rules/scripts/{name}"));
        let entries = std::fs::read_dir(folder).expect("a folder");
        let scripts = entries.map(|entry| entry.expect("an entry").path().display().to_string());
        let file = inside(&format!("rules/{name}.toml"));
        let mut arguments = vec![
            "rules".to_owned(),
            "simulate".to_owned(),
            "--coverage".to_owned(),
            file,
        ];
        arguments.extend(scripts);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (output, said, complained) = outcome(&arguments, &[]);
        assert!(output.status.success(), "{complained}");
        assert!(
            said.contains("  order.placed about order/42 by ada") || name != "pharmago",
            "{said}"
        );
    }
}

#[test]
fn a_script_that_expects_something_else_fails() {
    let script = "[[step]]\nevent = { type = \"lead.closed\", subject = \"lead/1\" }\nexpect = \"The lead is open.\"\n";
    let script = written("wrong-script.toml", script);
    let file = inside("rules/quotexbert.toml");
    let (output, _, told) = outcome(&["rules", "simulate", &file, &script], &[]);
    assert_eq!(output.status.code(), Some(1));
    for part in [
        "1 expectation failed",
        "wrong-script.toml:1: nothing, or nothing in this order, says `The lead is open.`",
        "there is no open room",
    ] {
        assert!(told.contains(part), "{part}\nin\n{told}");
    }
}

#[test]
fn problems_are_told_like_a_compiler_does() {
    let source = std::fs::read_to_string(inside("rules/pharmago.toml")).expect("a file");
    let source = source.replace("on = \"order.delayed\"", "on = \"order.delyed\"");
    let source = source.replace("remove = \"role(rider)\"", "remove = \"data.riders\"");
    let wrong = written("wrong.toml", &source);
    let missing = inside("rules/missing.toml");
    let (output, said, told) = outcome(&["rules", "check", &wrong, &missing], &[]);
    assert_eq!((output.status.code(), said.as_str()), (Some(1), ""));
    for part in [
        "3 problems",
        "there is no event type `order.delyed`",
        "did you mean `order.delayed`?",
        "there is no user `data.riders`",
        "`actor` or `data.rider`, or `role(rider)`",
        "missing.toml: there is no such file",
    ] {
        assert!(told.contains(part), "{part}\nin\n{told}");
    }
}

#[test]
fn a_server_does_not_start_with_rules_that_are_wrong() {
    let wrong = written("nothing.toml", "name = \"x\"");
    let (output, _, told) = outcome(
        &[
            "serve",
            "--jwt-secret",
            "a secret of the tests, long enough for HS256",
            "--rules",
            &wrong,
        ],
        &[],
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        told.contains("nothing.toml:1:1: a rules file needs `version`"),
        "{told}"
    );
}
