//! What a rules file may say, and how it is told that it is wrong.

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::{Decision, Effect, Facts, RuleBook, RuleSet, Subject, decide};

const BASE: &str = r#"name = "shop"
version = 1
[modules]
orders = "Orders"
[events."order.placed"]
module = "orders"
subject = "order"
data = { pharmacy = "user", total = { type = "money", required = false }, minutes = { type = "integer", required = false }, due = { type = "time", required = false }, gift = { type = "boolean", required = false }, rider = { type = "user", required = false } }
to = "data.pharmacy"
keep = "P60D"
[events."order.noted"]
module = "orders"
[[rules]]
name = "room"
on = "order.placed"
when = "data.pharmacy != actor.id"
converse = { type = "order", people = { customer = "actor", pharmacy = "data.pharmacy" }, title = "Order {subject.id}" }
[[rules]]
name = "later"
on = "order.placed"
after = "P2D"
say = { in = "order", text = "{data.pharmacy.name} says hello to {actor.name}." }
"#;

/// The problems of the base file after a change, as a compiler tells them.
fn problems(from: &str, to: &str) -> Vec<String> {
    assert!(BASE.contains(from), "{from}");
    let changed = BASE.replacen(from, to, 1);
    match RuleSet::parse(&changed) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn the_base_file_is_fine() {
    let set = RuleSet::parse(BASE).unwrap();
    assert_eq!((set.types.len(), set.rules.len()), (2, 2));
    let placed = &set.types["order.placed"];
    assert_eq!(
        placed.user_fields().collect::<Vec<_>>(),
        ["pharmacy", "rider"]
    );
}

/// A part of the base file, what stands in its place, and a part of what is said to that.
const MISTAKES: [(&str, &str, &str); 37] = [
    (
        "version = 1",
        "version = 0",
        "2:11: `version` must be from 1 to 1000000",
    ),
    ("version = 1", "", "1:1: a rules file needs `version`"),
    (
        "orders = \"Orders\"\n",
        "order = \"Orders\"\n",
        "6:10: there is no module `orders` (declare it under [modules])",
    ),
    (
        "[events.\"order.placed\"]",
        "[events.\"stoa.placed\"]",
        "is not a type of the platform's events",
    ),
    (
        "\"order.noted\"",
        "\"noted\"",
        "`noted` is not a type of the platform's events",
    ),
    (
        "pharmacy = \"user\"",
        "pharmacy = \"person\"",
        "there is no type `person` (one of text, user, integer, boolean, money, date, time, url)",
    ),
    (
        "pharmacy = \"user\"",
        "\"phar macy\" = \"user\"",
        "`phar macy` is not a name of a field",
    ),
    (
        "to = \"data.pharmacy\"",
        "to = \"data.total\"",
        "9:6: `data.total` is not a user",
    ),
    (
        "to = \"data.pharmacy\"",
        "to = \"pharmacy\"",
        "there is no `pharmacy` (a field of the data that holds a user",
    ),
    (
        "to = \"data.pharmacy\"",
        "too = \"x\"",
        "an event type has no key `too` (did you mean `to`?)",
    ),
    (
        "to = \"data.pharmacy\"",
        "weight = 11",
        "`weight` must be from 0 to 10",
    ),
    (
        "keep = \"P60D\"",
        "keep = \"P7D\"",
        "an event is kept for at least 30 days",
    ),
    (
        "keep = \"P60D\"",
        "keep = \"60 days\"",
        "`60 days` is not a time (like P400D)",
    ),
    (
        "on = \"order.placed\"\nwhen",
        "on = \"order.palced\"\nwhen",
        "15:6: there is no event type `order.palced` (did you mean `order.placed`?)",
    ),
    (
        "on = \"order.placed\"\nwhen",
        "on = \"stoa.inquiry_answered\"\nwhen",
        "15:6: `stoa.inquiry_answered` is not available yet (who waits for whose answer is counted by insight",
    ),
    (
        "on = \"order.placed\"\nwhen",
        "on = \"stoa.paid\"\nwhen",
        "`stoa.paid` is not available yet (this version raises no events of its own",
    ),
    (
        "data.pharmacy != actor.id\"",
        "data.pharmcy != actor.id\"",
        "there is no `data.pharmcy`; did you mean `data.pharmacy`?",
    ),
    (
        "data.pharmacy != actor.id\"",
        "data.minutes\"",
        "a condition is a boolean, and this is a whole number",
    ),
    (
        "data.pharmacy != actor.id\"",
        "ctx.price > 1\"",
        "there is no `ctx`: it knows data, actor, subject, event and now",
    ),
    (
        "data.pharmacy != actor.id\"",
        "actor.role == 'x'\"",
        "there is no `actor.role`",
    ),
    (
        "data.pharmacy != actor.id\"",
        "data.total > 5\"",
        "`>` does not go with money and a whole number",
    ),
    (
        "{subject.id}",
        "{subject.no}",
        "there is no `subject.no` (`subject` has id, type)",
    ),
    (
        "{subject.id}",
        "{order.id}",
        "there is no `order.id` (a placeholder is {data.name} or {actor.name} or {subject.name} or {event.name})",
    ),
    (
        "{data.pharmacy.name}",
        "{data.total.name}",
        "there is no `data.total.name`",
    ),
    (
        "customer = \"actor\"",
        "customer = \"someone\"",
        "there is no user `someone` (`actor` or `data.pharmacy` or `data.rider`)",
    ),
    (
        "in = \"order\"",
        "in = \"oder\"",
        "no rule makes a room `oder` (did you mean `order`?)",
    ),
    (
        "after = \"P2D\"",
        "after = \"P60D\"",
        "a rule runs at most 60 days later",
    ),
    (
        "after = \"P2D\"",
        "notify = { to = \"actor\", type = \"x\", priority = \"top\" }",
        "there is no priority `top` (one of low, normal, high, urgent)",
    ),
    (
        "after = \"P2D\"",
        "tell = { to = \"actor\" }",
        "`tell` is not available yet",
    ),
    (
        "after = \"P2D\"",
        "afer = \"P2D\"",
        "a rule has no key `afer` (did you mean `after`?)",
    ),
    (
        "name = \"later\"",
        "name = \"room\"",
        "the rule `room` is there twice",
    ),
    (
        "say = { in = \"order\", text",
        "sya = { in = \"order\", text",
        "a rule has no key `sya` (did you mean `say`?)",
    ),
    (
        "on = \"order.placed\"\nafter",
        "on = \"order.noted\"\nafter",
        "events of type `order.noted` need not be about anything (`subject = \"order\"` in [events.\"order.noted\"])",
    ),
    (
        "title = \"Order {subject.id}\"",
        "flow = \"bid\"",
        "`flow` is not available in rules yet",
    ),
    (
        "title = \"Order {subject.id}\"",
        "kind = \"circle\"",
        "there is no kind `circle` (one of group, direct, support)",
    ),
    (
        "title = \"Order {subject.id}\"",
        "subject = \"{subject.id}\"",
        "this is not a subject (a type and an id",
    ),
    ("name = \"shop\"", "name = shop", "this is not a TOML value"),
];

#[test]
fn every_mistake_is_told_with_its_place_and_what_to_write() {
    for (from, to, told) in MISTAKES {
        let found = problems(from, to);
        assert!(
            found.iter().any(|problem| problem.contains(told)),
            "{to}: {told}\nin {found:#?}"
        );
    }
    assert_eq!(
        problems(
            "say = { in = \"order\", text = \"{data.pharmacy.name} says hello to {actor.name}.\" }",
            ""
        ),
        [
            "18:1: a rule without an effect (it has one or more of converse, people, notify, say, press, close, emit, audit, connect, disconnect, trait)"
        ]
    );
}

#[test]
fn files_that_contradict_each_other_are_refused() {
    let set = || RuleSet::parse(BASE).unwrap();
    assert!(
        RuleBook::of(vec![set(), set()])
            .is_err_and(|why| why.contains("two rules files are named `shop`"))
    );
    let other = RuleSet::parse(&BASE.replacen("shop", "other", 1)).unwrap();
    let why = RuleBook::of(vec![set(), other]).err().unwrap();
    assert_eq!(
        why,
        "the event type `order.noted` is declared in `shop` and in `other`"
    );
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_773_000, 0).unwrap()
}

/// What the first rule of a file makes of an order, placed by ada.
fn decided(rules: &str, data: &Value) -> Decision {
    let book = RuleBook::of(vec![RuleSet::parse(rules).unwrap()]).unwrap();
    let of = book.event_type("order.placed").unwrap();
    let checked = of.check(data.as_object().unwrap()).unwrap();
    let names = BTreeMap::from([("ada".to_owned(), "Ada".to_owned())]);
    let subject = Subject::parse("order/7").unwrap();
    let facts = Facts {
        of,
        source: "shop",
        id: "1",
        actor: Some("ada"),
        subject: Some(&subject),
        data: &checked.data,
        names: &names,
        now: now(),
    };
    let (_, rule) = book.rules_for("order.placed").next().unwrap();
    decide(rule, &book.engine, &facts)
}

#[test]
fn a_condition_compares_typed_values() {
    let data = json!({ "pharmacy": "corner", "total": { "amount": 500, "currency": "EUR" }, "minutes": 7, "due": "2026-11-27T12:00:00Z", "gift": true });
    for (condition, holds) in [
        ("data.pharmacy == 'corner' && actor.id == 'ada'", true),
        (
            "data.total.amount > 499 && data.total.currency == 'EUR'",
            true,
        ),
        ("data.minutes in [5, 7]", true),
        ("data.gift", true),
        ("!data.gift", false),
        ("data.due > now && data.due < now + duration('3h')", true),
        ("data.due < now", false),
        ("data.rider == null", true),
        ("subject.type + '/' + subject.id == 'order/7'", true),
        (
            "event.source == 'shop' && event.type == 'order.placed'",
            true,
        ),
        ("size(data.rider) > 2", false),
    ] {
        let rules = BASE.replacen("data.pharmacy != actor.id", condition, 1);
        let runs = matches!(decided(&rules, &data), Decision::Runs(_));
        assert_eq!(runs, holds, "{condition}");
    }
}

#[test]
fn a_rule_that_is_skipped_says_why() {
    let Decision::Skipped { condition, values } = decided(BASE, &json!({ "pharmacy": "ada" }))
    else {
        panic!("it is not skipped");
    };
    assert_eq!(condition, "data.pharmacy != actor.id");
    assert_eq!(
        Value::Object(values),
        json!({ "data.pharmacy": "ada", "actor.id": "ada" })
    );
}

#[test]
fn a_rule_whose_user_the_event_does_not_name_fails() {
    let rules = BASE.replacen(
        "pharmacy = \"data.pharmacy\" }",
        "pharmacy = \"data.rider\" }",
        1,
    );
    assert_eq!(
        decided(&rules, &json!({ "pharmacy": "corner" })),
        Decision::Lacks("a user whom the rule names")
    );
}

#[test]
fn effects_are_stored_and_read_again() {
    let Decision::Runs(effects) = decided(BASE, &json!({ "pharmacy": "corner" })) else {
        panic!("it does not run");
    };
    let stored = serde_json::to_value(&effects).unwrap();
    assert_eq!(stored[0]["effect"], "converse");
    assert_eq!(
        serde_json::from_value::<Vec<Effect>>(stored).unwrap(),
        effects
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,300}") {
        drop(RuleSet::parse(&text));
    }

    #[test]
    fn no_change_of_a_file_makes_the_parser_panic(at in 0..BASE.len(), text in "[a-z{}\"=.\\[\\]']{0,4}") {
        if let (Some(before), Some(after)) = (BASE.get(..at), BASE.get(at..)) {
            drop(RuleSet::parse(&format!("{before}{text}{after}")));
        }
    }

    #[test]
    fn what_is_stored_of_an_event_is_what_its_type_declares(names in proptest::collection::btree_set("[a-z]{1,8}", 0..8)) {
        let book = RuleBook::of(vec![RuleSet::parse(BASE).unwrap()]).unwrap();
        let of = book.event_type("order.placed").unwrap();
        let mut data = serde_json::Map::from_iter(names.iter().map(|name| (name.clone(), Value::Null)));
        data.insert("pharmacy".to_owned(), json!("corner"));
        let checked = of.check(&data).unwrap();
        prop_assert_eq!(checked.data.keys().collect::<Vec<_>>(), ["pharmacy"]);
        prop_assert!(checked.unknown.iter().all(|name| !of.data.contains_key(name.trim_start_matches("data."))));
    }
}
