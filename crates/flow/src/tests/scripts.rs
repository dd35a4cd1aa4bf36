//! The scripts that ship with the flows: all of them pass, and together they make every transition.

use std::collections::BTreeSet;
use std::fs;

use super::shipped;
use crate::simulate::{Script, play, transitions};

fn scripts(flow: &str) -> Script {
    let folder = format!(
        "{}/flows/scripts/{flow}",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../..")
    );
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut script = Script::default();
    for path in paths {
        let source = fs::read_to_string(&path).unwrap();
        let name = path.display().to_string();
        assert!(script.add(&name, &source).unwrap() > 0, "{name}");
    }
    script
}

#[test]
fn the_shipped_flows_do_what_their_scripts_say() {
    for flow in ["bid", "campaign", "negotiation"] {
        let definition = shipped(flow);
        let mut covered = BTreeSet::new();
        for run in play(&definition, &scripts(flow)) {
            assert_eq!(run.failure, None, "{flow}: {}", run.name);
            covered.extend(run.covered);
        }
        let all = transitions(&definition);
        let missing: Vec<_> = all.iter().filter(|name| !covered.contains(*name)).collect();
        assert!(missing.is_empty(), "{flow}: {missing:?}");
    }
}

#[test]
fn a_script_says_what_differs_and_where() {
    let source = r#"
[[run]]
name = "one"

[[run.step]]
by = "influencer"
do = "accept_connection"
expect = { state = "real_time", awaiting = "nobody", says = ["nothing of this"], events = ["x"] }

[[run]]
name = "two"
after = "one"

[[run]]
name = "three"

[[run.step]]
by = "brand_owner"
do = "accept_connection"
"#;
    let mut script = Script::default();
    script.add("a.toml", source).unwrap();
    let played = play(&shipped("bid"), &script);
    let failure = played[0].failure.as_ref().unwrap();
    assert_eq!(
        (failure.line, failure.step.as_str()),
        (5, "influencer does accept_connection")
    );
    assert_eq!(failure.differences.len(), 4);
    assert_eq!(
        failure.differences[0],
        "state: expected real_time, found brand_owner_details"
    );
    let step = &played[1].failure.as_ref().unwrap().step;
    assert_eq!(step, "it continues \"one\"");
    let differences = &played[2].failure.as_ref().unwrap().differences;
    assert_eq!(
        differences,
        &["refused: FORBIDDEN: This action is for another role"]
    );
}

#[test]
fn a_wrong_script_is_refused_with_its_lines() {
    let source = "[[run]]\nname = \"a\"\nafter = \"b\"\n[[run.step]]\ndo = \"x\"\n[[run.step]]\nadvance = \"soon\"\n[[run.step]]\npayment = \"stolen\"\nwhy = 1\n";
    let problems = Script::default().add("a.toml", source).unwrap_err();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "3:9: there is no run `b` before this one",
            "5:6: the actor is missing: `by = \"…\"`",
            "7:11: `soon` is not a duration: like PT48H",
            "9:11: `stolen` is not an outcome of a payment (one of ready, paid, failed, wrong_amount, repeated, refunded)",
            "10:1: a step has no key `why` (it knows do, by, input, stale, advance, payment, paid, order, expect)",
        ]
    );
}
