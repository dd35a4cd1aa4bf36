//! Every operation, event, request and code that the documents name has a snapshot, or a reason why not.

use std::collections::BTreeSet;

use super::json::Json;
use super::snapshot_file::{are_written, folder, read};

const PROTOCOL: &str = include_str!("../../../docs/protocol.md");
const SOCKETIO: &str = include_str!("../../../docs/socketio.md");
const LOLA: &str = include_str!("../../../docs/lola.md");

/// What has no snapshot, and why.
const NOT_KEPT: &[(&str, &str)] = &[];

/// Titles of an snapshots, without what stands in parentheses.
fn titles(name: &str) -> BTreeSet<String> {
    let Json::Object(shapes) = read(name) else {
        panic!("{name} is no object");
    };
    let names = shapes.into_iter().map(|(title, _)| title);
    names
        .map(|title| title.split(" (").next().unwrap_or_default().to_owned())
        .collect()
}

fn all_of<const N: usize>(sets: [BTreeSet<String>; N]) -> BTreeSet<String> {
    sets.into_iter().flatten().collect()
}

/// The names of events in a list of shapes, as deals are kept.
fn told_in(snapshots: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let Json::Object(shapes) = read(snapshots) else {
        panic!("{snapshots} is no object");
    };
    for (_, told) in shapes {
        let Json::List(frames) = told else { continue };
        for frame in frames {
            let name = match (frame.get("event"), frame.get("json")) {
                (Some(Json::Text(name)), _) => name.clone(),
                (_, Some(Json::List(event))) => match event.first() {
                    Some(Json::Text(name)) => name.clone(),
                    _ => continue,
                },
                _ => continue,
            };
            found.insert(name);
        }
    }
    found
}

#[track_caller]
fn must_have(kept: &BTreeSet<String>, wanted: impl IntoIterator<Item = String>) {
    let is_excused = |name: &String| NOT_KEPT.iter().any(|(excused, _)| excused == name);
    let missing: Vec<String> = wanted
        .into_iter()
        .filter(|name| !kept.contains(name) && !is_excused(name))
        .collect();
    assert!(missing.is_empty(), "without a snapshot: {missing:?}");
}

/// The names in the first column of the tables that open with `opening`, after the heading.
fn first_column(page: &str, heading: &str, opening: &str) -> Vec<String> {
    let section = page.split_once(heading).expect("the heading").1;
    let section = section.split("\n## ").next().expect("a section");
    let (_, table) = section.split_once(opening).expect("the table");
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let cells = rows.map(|line| line.split('|').nth(1).expect("a cell"));
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let names: Vec<String> = names.map(str::to_owned).collect();
    assert!(!names.is_empty(), "{heading}");
    names
}

fn acks(names: Vec<String>) -> Vec<String> {
    names.iter().map(|name| format!("ack {name}")).collect()
}

#[test]
fn every_operation_has_an_answer() {
    if are_written() {
        return;
    }
    let document = read("openapi");
    let answer = document.get("GET /api/openapi.json").expect("the document");
    let paths = answer.get("body").and_then(|body| body.get("paths"));
    let Some(Json::Object(paths)) = paths else {
        panic!("no paths");
    };
    let mut wanted = Vec::new();
    for (path, operations) in paths {
        let Json::Object(operations) = operations else {
            panic!("{path}");
        };
        let named = operations.iter().map(|(method, _)| method.to_uppercase());
        wanted.extend(named.map(|method| format!("{method} {path}")));
    }
    assert!(wanted.len() > 35, "{wanted:?}");
    let mut kept = BTreeSet::new();
    for name in [
        "native_rest",
        "native_deal_rest",
        "native_files",
        "events",
        "notifications",
        "operation",
        "payments",
        "stoory_rest",
        "stoory_deal_rest",
        "lola_rest",
        "stoory_front_rest",
    ] {
        let Json::Object(answers) = read(name) else {
            panic!("{name}");
        };
        let succeeded = answers.into_iter().filter(|(_, answer)| {
            matches!(answer.get("status"), Some(Json::Number(status)) if (200..300).contains(&status.as_u64().unwrap_or(0)))
        });
        kept.extend(
            succeeded.map(|(title, _)| title.split(" (").next().unwrap_or_default().to_owned()),
        );
    }
    must_have(&kept, wanted);
}

#[test]
fn every_event_has_a_shape() {
    if are_written() {
        return;
    }
    let told = "| server → client |";
    let asked = "| client → server |";
    let native = all_of([
        titles("native_events"),
        told_in("native_deal_events"),
        titles("native_deal_events"),
        titles("native_files"),
        titles("notifications"),
    ]);
    must_have(&native, first_column(PROTOCOL, "## The socket", told));
    must_have(
        &native,
        acks(first_column(PROTOCOL, "## The socket", asked)),
    );
    let stoory = all_of([titles("stoory_events"), told_in("stoory_deal_events")]);
    let section = "## The Stoory dialect";
    must_have(&stoory, first_column(SOCKETIO, section, told));
    must_have(&stoory, acks(first_column(SOCKETIO, section, asked)));
    let beyond = [
        "message_updated",
        "message_deleted",
        "conversation_updated",
        "reaction_changed",
        "pin_changed",
    ];
    must_have(&stoory, beyond.map(str::to_owned));
    let lola = all_of([titles("lola_events"), told_in("lola_deal_events")]);
    let section = "## The socket";
    must_have(&lola, first_column(LOLA, section, told));
    must_have(&lola, acks(first_column(LOLA, section, asked)));
}

#[test]
fn every_code_has_a_body() {
    if are_written() {
        return;
    }
    let section = PROTOCOL.split_once("## Errors").expect("the section").1;
    let (_, table) = section.split_once("| status | codes |").expect("the table");
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let quoted = rows.flat_map(|line| line.split('`').skip(1).step_by(2));
    let is_code = |text: &&str| {
        text.bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    let mut codes: Vec<String> = quoted.filter(is_code).map(str::to_owned).collect();
    assert!(codes.len() > 25, "{codes:?}");
    codes.extend(["EVENT_NOT_FOUND", "ORDER_NOT_FOUND"].map(str::to_owned));
    let snapshot_files = [
        "refusals",
        "refusals_of_bounds",
        "refusals_of_deals",
        "refusals_of_files",
        "refusals_of_links",
        "refusals_of_notifications",
        "refusals_without_a_gateway",
    ];
    must_have(&all_of(snapshot_files.map(titles)), codes);
}

#[test]
fn no_snapshot_is_left_over() {
    let tests = [
        include_str!("native.rs"),
        include_str!("native_events.rs"),
        include_str!("closing.rs"),
        include_str!("deal_events.rs"),
        include_str!("deals.rs"),
        include_str!("events.rs"),
        include_str!("files.rs"),
        include_str!("lola.rs"),
        include_str!("notifications.rs"),
        include_str!("payments.rs"),
        include_str!("refusals.rs"),
        include_str!("refusals_of_deals.rs"),
        include_str!("stoory.rs"),
        include_str!("stoory_events.rs"),
        include_str!("stoory_front.rs"),
    ];
    for file in std::fs::read_dir(folder()).expect("the folder") {
        let path = file.expect("a file").path();
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let named = format!("\"{name}\"");
        assert!(
            tests.iter().any(|test| test.contains(&named)),
            "{name} is nobody's"
        );
    }
}
