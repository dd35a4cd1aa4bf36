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
        said.contains("bid 1 is fine: 16 states, 23 actions"),
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
        "binary.toml: this is no UTF-8 text",
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
    assert!(said.contains("60 of 60 transitions made"), "{said}");

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
