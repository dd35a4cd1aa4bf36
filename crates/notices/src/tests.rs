//! What the file of a type may say, what notifications say, and who gets them.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Channel, NoticeType, Notices, Preference, Preferences, Priority, Reason};

const BASE: &str = r#"name = "jobs.application"
version = 2
category = "transactional"
data = { job = "text", applicants = "integer", pay = { type = "money", required = false } }
[defaults]
priority = "high"
expires = "P30D"
key = "job:{data.job}"
[text.en]
title = "{data.applicants} applied for {data.job}"
message = "They ask for {data.pay|no pay}."
action = { url = "/jobs/{data.job}", text = "See them" }
[text.de]
title = "{data.applicants} Bewerbungen: {data.job}"
message = "Gehalt: {data.pay|keins}."
[channels]
in_app = {}
"#;

fn parsed(source: &str) -> NoticeType {
    NoticeType::parse(source).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[test]
fn a_file_is_read() {
    let of = parsed(BASE);
    assert_eq!(
        (of.name.as_str(), of.version, of.module.as_deref()),
        ("jobs.application", 2, Some("jobs"))
    );
    assert_eq!(
        (of.priority, of.expires.map(|span| span.num_days())),
        (Priority::High, Some(30))
    );
    assert_eq!(of.languages().collect::<Vec<_>>(), ["de", "en"]);
}

/// What is replaced, by what, and a part of what is told about it.
const MISTAKES: [(&str, &str, &str); 14] = [
    ("version = 2", "version = 0", "2:11"),
    (
        "jobs.application",
        "Jobs",
        "`Jobs` is not the name of a type",
    ),
    (
        "transactional",
        "nice",
        "there is no category `nice` (one of transactional, promotional, mandatory)",
    ),
    (
        "\"high\"",
        "\"hihg\"",
        "there is no priority `hihg` (one of low, normal, high, urgent)",
    ),
    ("P30D", "P500D", "shown for at most 400 days"),
    ("P30D", "soon", "`soon` is not a time (like P30D or PT10M)"),
    (
        "job:{data.job}",
        "job:{data.jop}",
        "there is no `data.jop` (did you mean `job`?)",
    ),
    (
        "{data.applicants} applied",
        "{data.applicant} applied",
        "there is no `data.applicant` (did you mean `applicants`?)",
    ),
    (
        "/jobs/",
        "javascript:",
        "this is not where a notification may lead",
    ),
    (
        "text = \"See them\" ",
        "label = \"See them\" ",
        "an action has no key `label`",
    ),
    (
        "[text.de]",
        "[text.\"d!\"]",
        "`d!` is not a language (like `en` or `pt-BR`)",
    ),
    ("in_app = {}", "email = {}", "`email` is not available yet"),
    (
        "in_app = {}",
        "fax = {}",
        "there is no channel `fax` (`in_app`)",
    ),
    ("in_app = {}", "", "the type goes out by no channel"),
];

#[test]
fn every_mistake_is_told_with_what_to_write() {
    for (from, to, told) in MISTAKES {
        assert!(BASE.contains(from), "{from}");
        let problems = NoticeType::parse(&BASE.replacen(from, to, 1)).unwrap_err();
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(
            problems.iter().any(|problem| problem.contains(told)),
            "{to}: {told}\nin {problems:#?}"
        );
    }
}

#[test]
fn words_are_in_the_language_of_the_receiver() {
    let of = parsed(BASE);
    let given = json!({ "job": "Barista", "applicants": 3, "pay": { "amount": 120_000, "currency": "EUR" } });
    let data = of.check(given.as_object().unwrap()).unwrap();
    for (locale, title) in [
        (None, "3 applied for Barista"),
        (Some("de"), "3 Bewerbungen: Barista"),
        (Some("de-AT"), "3 Bewerbungen: Barista"),
        (Some("fr"), "3 applied for Barista"),
    ] {
        assert_eq!(of.worded(locale, &data).unwrap().title, title, "{locale:?}");
    }
    let worded = of.worded(None, &data).unwrap();
    assert_eq!(worded.action.unwrap().url, "/jobs/Barista");
    assert_eq!(worded.key.as_deref(), Some("job:Barista"));
}

#[test]
fn data_that_does_not_fit_is_refused_by_name() {
    let of = parsed(BASE);
    for (given, field) in [
        (json!({ "applicants": 3 }), "data.job"),
        (
            json!({ "job": "x", "applicants": "three" }),
            "data.applicants",
        ),
        (
            json!({ "job": "x", "applicants": 3, "phone": "1" }),
            "data.phone",
        ),
    ] {
        assert_eq!(
            of.check(given.as_object().unwrap()).unwrap_err().field,
            field
        );
    }
    let data = of
        .check(
            json!({ "job": "/evil.example", "applicants": 1 })
                .as_object()
                .unwrap(),
        )
        .unwrap();
    assert_eq!(
        of.worded(None, &data).unwrap().action.unwrap().url,
        "/jobs//evil.example"
    );
    let open = parsed(&BASE.replacen("/jobs/", "/", 1));
    assert_eq!(open.worded(None, &data).unwrap_err().field, "data");
}

#[test]
fn two_types_of_one_name_are_refused() {
    let why = Notices::of([parsed(BASE), parsed(BASE)]).unwrap_err();
    assert_eq!(why, "two notification types are named `jobs.application`");
    let notices = Notices::of([parsed(BASE)]).unwrap();
    assert_eq!(notices.nearest("jobs.aplication"), Some("jobs.application"));
}

#[test]
fn the_types_that_ship_are_read_and_give_way_to_others() {
    let shipped = Notices::shipped_beside(Vec::new()).unwrap();
    assert_eq!(shipped.all().count(), 12);
    let own = parsed(&BASE.replacen("jobs.application", "order_update", 1));
    let with_own = Notices::shipped_beside(vec![own]).unwrap();
    assert_eq!(
        (
            with_own.all().count(),
            with_own.get("order_update").unwrap().version
        ),
        (12, 2)
    );
}

const KINDS: [&str; 4] = ["*", "jobs.*", "jobs.application", "other"];
const CHANNELS: [&str; 3] = ["*", "in_app", "sms"];

proptest! {
    #[test]
    fn no_change_of_a_file_makes_the_parser_panic(at in 0..BASE.len(), text in "[a-z{}\"=.\\[\\]']{0,4}") {
        if let (Some(before), Some(after)) = (BASE.get(..at), BASE.get(at..)) {
            drop(NoticeType::parse(&format!("{before}{text}{after}")));
        }
    }

    /// Off at any level is off, and no order of words about different things matters.
    #[test]
    fn off_at_any_level_is_off(words in proptest::collection::btree_map((0..4_usize, 0..3_usize), any::<bool>(), 0..8)) {
        let said: Vec<Preference> = words.iter().map(|((kind, channel), allowed)| Preference {
            kind: KINDS[*kind].to_owned(), channel: CHANNELS[*channel].to_owned(), allowed: *allowed,
        }).collect();
        let covering: Vec<bool> = words.iter().filter(|((kind, channel), _)| *kind < 3 && *channel < 2).map(|(_, allowed)| *allowed).collect();
        let of = parsed(BASE);
        let decided = Preferences::of(said.clone()).allow(&of, Channel::InApp);
        prop_assert_eq!(decided.allowed, covering.iter().all(|allowed| *allowed));
        prop_assert_eq!(decided.reason == Reason::Default, covering.is_empty());
        let reversed = Preferences::of(said.into_iter().rev()).allow(&of, Channel::InApp);
        prop_assert_eq!(decided, reversed);
        let must = parsed(&BASE.replacen("transactional", "mandatory", 1));
        prop_assert!(Preferences::of([Preference { kind: "*".into(), channel: "*".into(), allowed: false }]).allow(&must, Channel::InApp).allowed);
    }

    #[test]
    fn whatever_the_data_says_a_link_stays_on_the_platform(job in ".{0,40}") {
        let of = parsed(BASE);
        let data = json!({ "job": job, "applicants": 1 });
        if let Ok(data) = of.check(data.as_object().unwrap())
            && let Ok(worded) = of.worded(None, &data)
        {
            let url = worded.action.unwrap().url;
            prop_assert!(url.starts_with("/jobs/"), "{}", url);
            prop_assert_ne!(Value::from(worded.title), Value::Null);
        }
    }
}
