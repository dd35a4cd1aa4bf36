//! Flow files at the command line: checked, drawn and played by the real binary.

use std::path::{Path, PathBuf};

use crate::child::outcome;

fn inside(path: &str) -> String {
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    whole.display().to_string()
}

fn written(name: &str, bytes: &[u8]) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("flow_commands");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a file");
    path.display().to_string()
}

fn scripts(flow: &str) -> Vec<String> {
    let folder = inside(&format!("flows/scripts/{flow}"));
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path().display().to_string());
    let mut paths: Vec<String> = paths.collect();
    paths.sort();
    paths
}

#[test]
fn shipped_flows_are_fine() {
    let files =
        ["bid", "campaign", "negotiation"].map(|name| inside(&format!("flows/{name}.toml")));
    let arguments = [
        &["flow", "check"],
        files.each_ref().map(String::as_str).as_slice(),
    ]
    .concat();
    let (output, said, complained) = outcome(&arguments, &[]);
    assert!(output.status.success(), "{complained}");
    assert_eq!(said.lines().count(), 3);
    assert!(
        said.contains("bid 2 is fine: 16 states, 24 actions"),
        "{said}"
    );
}

#[test]
fn problems_are_told_like_a_compiler_does() {
    let source = std::fs::read_to_string(inside("flows/bid.toml")).expect("a file");
    let source = source.replace("initial = \"initial\"", "initial = \"intial\"");
    let source = source.replace("visits.work_in_progress < 4", "visits.work < 4");
    let wrong = written("wrong.toml", source.as_bytes());
    let binary = written("binary.toml", &[0xff, 0xfe, 0x00]);
    let folder = inside("flows");
    let missing = inside("flows/missing.toml");
    let (output, said, told) = outcome(&["flow", "check", &wrong, &binary, &folder, &missing], &[]);
    assert_eq!((output.status.code(), said.as_str()), (Some(1), ""));
    for part in [
        "5 problems",
        "wrong.toml:6:11: there is no state `intial`\n      6 | initial = \"intial\"\n        |           ^\n        = did you mean `initial`?",
        "there is no `visits.work`",
        "binary.toml: the file is not UTF-8 text",
        "flows: this is a folder, not a file",
        "missing.toml: there is no such file",
    ] {
        assert!(told.contains(part), "{part}\nin\n{told}");
    }
}

#[test]
fn a_flow_is_drawn_to_a_file_or_to_the_screen() {
    let flow = inside("flows/bid.toml");
    let (output, drawn, _) = outcome(&["flow", "graph", &flow], &[]);
    assert!(
        output.status.success()
            && drawn.starts_with("<svg ")
            && drawn.trim_end().ends_with("</svg>")
    );
    let target = written("bid.svg", b"");
    let (output, said, _) = outcome(&["flow", "graph", &flow, "-o", &target], &[]);
    assert!(
        output.status.success() && said.contains("is drawn in"),
        "{said}"
    );
    assert_eq!(
        std::fs::read_to_string(target).expect("a file").trim_end(),
        drawn.trim_end()
    );
    let nowhere = format!("{}/none/bid.svg", env!("CARGO_TARGET_TMPDIR"));
    let (output, _, told) = outcome(&["flow", "graph", &flow, "-o", &nowhere], &[]);
    assert!(
        output.status.code() == Some(1) && told.contains("bid.svg"),
        "{told}"
    );
}

#[test]
fn scripts_are_played_and_their_coverage_is_told() {
    let (flow, all) = (inside("flows/bid.toml"), scripts("bid"));
    let mut arguments = vec!["flow", "simulate", flow.as_str(), "--coverage"];
    arguments.extend(all.iter().map(String::as_str));
    let (output, said, told) = outcome(&arguments, &[]);
    assert!(output.status.success(), "{told}");
    assert!(said.contains("61 of 61 transitions made"), "{said}");

    let first = &all[..1];
    let (output, said, _) = outcome(&["flow", "simulate", &flow, &first[0]], &[]);
    assert!(
        output.status.success() && said.contains("not made: paid_late: policy 1"),
        "{said}"
    );
    let (output, _, told) = outcome(&["flow", "simulate", &flow, &first[0], "--coverage"], &[]);
    assert!(output.status.code() == Some(1) && told.contains("not every transition is made"));

    let source = std::fs::read_to_string(&first[0]).expect("a file");
    let source = source.replace("state = \"real_time\"", "state = \"real_life\"");
    let wrong = written("wrong-script.toml", source.as_bytes());
    let (output, _, told) = outcome(&["flow", "simulate", &flow, &wrong], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        told.contains("1 run failed") && told.contains("FAIL"),
        "{told}"
    );
    assert!(
        told.contains("state: expected real_life, found real_time"),
        "{told}"
    );
}

const FAVOUR: &str = r#"
name = "favour"
version = 1
title = "A favour"
roles = ["asker", "helper"]
initial = "asked"

[context]
price = { type = "money", currency = "EUR" }

[states.asked]
title = "Waiting"
awaiting = "helper"
deadline = { after = "P2D", to = "over" }
prompt.helper = { title = "Can you help?" }

[states.over]
title = "Over"
terminal = true

[actions.help]
from = "asked"
by = "helper"
to = "over"
label = "Yes"
"#;

/// What `flow check` says of the favour with something else in a place.
fn checked(name: &str, from: &str, to: &str) -> (bool, String) {
    assert!(FAVOUR.contains(from), "{from}");
    let file = written(name, FAVOUR.replace(from, to).as_bytes());
    let (output, said, told) = outcome(&["flow", "check", &file], &[]);
    (output.status.success(), said + &told)
}

#[test]
fn mistakes_are_told_with_what_would_be_right() {
    let label = "label = \"Yes\"\n";
    for (from, to, parts) in [
        (
            "to = \"over\"\nlabel",
            "to = \"ovre\"\nlabel",
            vec!["there is no state `ovre`", "did you mean `over`?"],
        ),
        (
            label,
            "label = \"Yes\"\nguard = \"ctx.price > 100\"\n",
            vec!["`>` does not go with money and a whole number", "`.amount`"],
        ),
        (
            label,
            "label = \"Yes\"\nguard = \"1 =< 2\"\n",
            vec!["there is no operator"],
        ),
        (
            label,
            "label = \"Yes\"\nset = { price = ctx.price }\n",
            vec!["this is not a TOML value", "stand in quotes"],
        ),
        (
            label,
            "label = \"Yes\"\nguard = \"ctx.price == null\"\nguard_message = \"Not {ctx.prize}\"\n",
            vec!["there is no `ctx.prize`", "did you mean `price`?"],
        ),
        (
            "title = \"Waiting\"",
            "title = \"Wai\\uFFFEting\"",
            vec!["has the character U+FFFE in it"],
        ),
        (
            "label = \"Yes\"",
            "label = \"Y\\uFFFFes\"",
            vec!["has the character U+FFFF in it"],
        ),
        (
            "to = \"over\" }",
            "to = \"over\", at = 1 }",
            vec![
                "a deadline has no key `at`",
                "it knows after, do, to, say, audit, emit, reason, set\n",
            ],
        ),
    ] {
        let (is_fine, told) = checked("mistake.toml", from, to);
        assert!(!is_fine, "{to}: {told}");
        for part in parts {
            assert!(told.contains(part), "{part}\nin\n{told}");
        }
    }
}

#[test]
fn warnings_are_told_and_refuse_nothing() {
    let (is_fine, told) = checked("fine.toml", "Yes", "Yes");
    assert!(
        is_fine && told.trim_end().ends_with("is fine: 2 states, 1 action"),
        "{told}"
    );
    let emit = "label = \"Yes\"\nemit = { event = \"deal.over\", with = { back = \"ctx.price.amount\" } }\n";
    let (is_fine, told) = checked("warned.toml", "label = \"Yes\"\n", emit);
    assert!(is_fine, "{told}");
    for part in [
        "is fine: 2 states, 1 action\n1 warning",
        "warned.toml:26:47: `ctx.price` may be absent in `asked`; then the step is refused",
        "ctx.price != null ? … : …",
    ] {
        assert!(told.contains(part), "{part}\nin\n{told}");
    }
}

#[test]
fn a_script_may_only_say_what_a_server_could_do() {
    let flow = written("favour.toml", FAVOUR.as_bytes());
    for (step, parts) in [
        (
            "by = \"helpr\"\ndo = \"help\"",
            vec!["the flow has no role `helpr`: asker, helper, staff and system act"],
        ),
        (
            "by = \"timer\"\ndo = \"help\"",
            vec!["the flow has no role `timer`"],
        ),
        (
            "by = \"helper\"\ndo = \"help\"\nexpect = { state = \"ovre\" }",
            vec!["the flow has no state `ovre`"],
        ),
        (
            "by = \"helper\"\ndo = \"help\"\nexpect = { actions = { nobody = [] } }",
            vec!["the flow has no role `nobody`"],
        ),
        (
            "by = \"helper\"\ndo = \"help\"\nexpect = { context = { prize = 1 } }",
            vec!["the flow has no `ctx.prize`"],
        ),
        (
            "by = \"helper\"\ndo = \"help\"\nexpect = { events = [{ event = \"deal.over\" }] }",
            vec!["events: expected [deal.over], found []"],
        ),
    ] {
        let source = format!("[[run]]\nname = \"one\"\n[[run.step]]\n{step}\n");
        let script = written("favour-script.toml", source.as_bytes());
        let (output, _, told) = outcome(&["flow", "simulate", &flow, &script], &[]);
        assert_eq!(output.status.code(), Some(1), "{step}");
        for part in parts {
            assert!(told.contains(part), "{part}\nin\n{told}");
        }
    }
    let script = written("wrong-script-2.toml", b"[[run]]\nname = \"one\"\nwhy = 1\n");
    let (_, _, told) = outcome(&["flow", "simulate", &flow, &script], &[]);
    assert!(told.contains("1 problem in a script"), "{told}");
}

#[test]
fn two_texts_of_one_version_are_a_problem() {
    let one = written("one.toml", FAVOUR.as_bytes());
    let same = written("same.toml", FAVOUR.as_bytes());
    let other = written("other.toml", FAVOUR.replace("Yes", "Yes!").as_bytes());
    let (output, _, told) = outcome(&["flow", "check", &one, &same], &[]);
    assert!(output.status.success(), "{told}");
    let (output, _, told) = outcome(&["flow", "check", &one, &other], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        told.contains("other.toml: favour 1 is in ") && told.contains("with another text"),
        "{told}"
    );
}
