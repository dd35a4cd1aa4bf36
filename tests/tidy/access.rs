//! Who may read, speak and manage is decided in one place.

use std::fs;

use super::{complain, files, named};

/// Where the rule of who may read, speak and manage is said: once in Rust, once in SQL.
const ACCESS: [&str; 3] = [
    "src/domain/access.rs",
    "src/domain/access/",
    "src/store/access.rs",
];
/// What the rule is made of, as a field, as a column, or as a name.
const MADE_OF: [&str; 13] = [
    ".membership",
    "::membership",
    ".blocked",
    "::blocked",
    ".muted",
    "::muted",
    ".audience_role",
    "::audience_role",
    ".audience_user_no",
    "::audience_user_no",
    "roles.admin",
    "roles.support",
    "roles.service",
];
/// How it would be decided a second time, in either language.
const DECIDED: [&str; 17] = [
    "membership ==",
    "membership !=",
    "membership = '",
    "membership <>",
    "membership in",
    "not blocked",
    ".blocked &&",
    ".blocked {",
    "audience_role is",
    "audience_role =",
    "audience_user_no is",
    "audience_user_no =",
    "opens_every_conversation(",
    "from blocks",
    "from business_staff",
    "blocker_no =",
    "blocked_no =",
];
/// How a seq would be compared with `sees_from`, after which somebody sees messages. Everybody passes that on.
const COMPARED: [&str; 5] = [" > ", " >= ", " < ", " <= ", "max("];
/// Who reads, changes or shows these without deciding by them.
const CARRIERS: [(&str, &str); 14] = [
    ("src/store/participants.rs", "reads a participant's row"),
    ("src/store/changes/people.rs", "writes one"),
    ("src/store/messages.rs", "reads a message's row"),
    ("src/store/history.rs", "selects a message's columns"),
    ("src/store/search/docs.rs", "copies a message's audience"),
    (
        "src/store/search/everywhere.rs",
        "selects a document's columns",
    ),
    (
        "src/store/search/walking.rs",
        "selects a document's columns",
    ),
    (
        "src/room/state/managing.rs",
        "decides what becomes of a participant",
    ),
    (
        "src/edge/native/rest/found.rs",
        "foresees that somebody returns",
    ),
    (
        "src/edge/native/rest/messages.rs",
        "takes a message's audience",
    ),
    (
        "src/store/changes/settings.rs",
        "ends everybody's part in a deleted conversation",
    ),
    ("src/edge/native/views/people.rs", "shows a participant"),
    ("src/seed/deals.rs", "speaks as the platform"),
    (
        "src/wire/entry_json.rs",
        "copies a participant for other servers",
    ),
];

/// Whether a line of code, which is no comment, holds this and not merely the beginning of a longer name.
pub fn holds(line: &str, word: &str) -> bool {
    let goes_on = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let mut after = line.split(word).skip(1);
    !line.trim_start().starts_with("//") && after.any(|rest| !goes_on(rest))
}

#[test]
fn who_may_read_is_decided_in_one_place() {
    let (mut wrong, mut unused) = (Vec::new(), CARRIERS.to_vec());
    for path in files("src", "rs") {
        let (name, text) = (named(&path), fs::read_to_string(&path).unwrap());
        if ACCESS.iter().any(|place| name.starts_with(place)) || name.contains("_tests") {
            continue;
        }
        let is_carrier = CARRIERS.iter().any(|(carrier, _)| *carrier == name);
        for line in text.lines() {
            let touches = MADE_OF.iter().any(|word| holds(line, word));
            let compares = COMPARED.iter().any(|word| line.contains(word));
            let decides = DECIDED.iter().any(|word| line.contains(word))
                || compares && holds(line, "sees_from");
            if decides || touches && !is_carrier {
                wrong.push(format!("{name}: {}", line.trim()));
            }
            unused.retain(|(carrier, _)| !touches || *carrier != name);
        }
    }
    complain(
        "decided outside of domain/access.rs and store/access.rs, which say who may read, speak and manage",
        &wrong,
    );
    let unused = unused
        .iter()
        .map(|(file, why)| format!("{file}, which {why}"));
    complain("carriers that carry nothing", &unused.collect::<Vec<_>>());
}
