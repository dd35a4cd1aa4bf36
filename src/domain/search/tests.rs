//! Tests of queries: how they are read, and what they find.

use super::*;
use crate::domain::tokens::{Document, Field, Language, Tokenizer};
use proptest::prelude::*;

fn tokenizer() -> Tokenizer {
    Tokenizer::new(&[Language::English])
}

fn read(query: &str) -> SearchQuery {
    parse(&tokenizer(), query).unwrap_or_else(|refusal| panic!("{query}: {refusal:?}"))
}

fn told(query: &str) -> String {
    match parse(&tokenizer(), query) {
        Err(refusal) => refusal.message(),
        Ok(query) => panic!("{query:?}"),
    }
}

fn matched(query: &str, text: &str) -> Option<Matched> {
    let document = Document::read(&tokenizer(), [(Field::Body, text)]);
    read(query).matches(&document)
}

/// What is shown of a text.
fn shown(query: &str, text: &str) -> Option<Vec<String>> {
    let cut = |span: &std::ops::Range<u32>| -> String {
        let length = (span.end - span.start) as usize;
        text.chars()
            .skip(span.start as usize)
            .take(length)
            .collect()
    };
    matched(query, text).map(|matched| matched.highlights.iter().map(cut).collect())
}

#[test]
fn words_are_found_in_all_the_ways_that_people_write() {
    for (query, text, found) in [
        ("invoice", "The Invoice is late", &["Invoice"][..]),
        ("inv", "an invoice", &["invoice"]),
        ("late invoice", "the invoice is late", &["invoice", "late"]),
        ("deliveries ok", "delivery ok", &["delivery", "ok"]),
        ("ship it", "it was shipped", &["it", "shipped"]),
        ("shipping x", "ship x", &["ship", "x"]),
        ("ord-2024-0017", "see ORD-2024-0017.", &["ORD-2024-0017"]),
        ("ord-2024-00", "see ORD-2024-0017.", &["ORD-2024-0017"]),
        ("2024 x", "see ORD-2024-0017 x", &["2024", "x"]),
        ("email x", "my e-mail x", &["e-mail", "x"]),
        ("e-mail x", "my email x", &["email", "x"]),
        ("example.com", "write ann@example.com", &["example.com"]),
        (
            "+49 151 2345678",
            "call +49(151)234-5678",
            &["49(151)234-5678"],
        ),
        ("491512345678", "call +49 151 2345678", &["49 151 2345678"]),
        ("cafe x", "Café x", &["Café", "x"]),
        ("café x", "cafe x", &["cafe", "x"]),
        ("東京", "私は東京都に住む", &["東京"]),
        ("都", "東京都", &["都"]),
        ("京", "東京都", &["京都"]),
        ("서울", "서울에서 만나요", &["서울"]),
        ("👍", "ok 👍🏽", &["👍🏽"]),
        ("inv* late", "invoice late", &["invoice", "late"]),
        ("-draft final", "final version", &["final"]),
        ("\"the late\" is", "the late one is", &["the late", "is"]),
    ] {
        let found: Vec<String> = found.iter().map(|one| (*one).to_owned()).collect();
        assert_eq!(shown(query, text), Some(found), "{query} in {text}");
    }
}

#[test]
fn what_differs_is_not_found() {
    for (query, text) in [
        ("invoice late", "the invoice"),
        ("inv late", "invoice late"),
        ("\"late the\"", "the late"),
        ("\"deliveries\"", "delivery"),
        ("\"café\"", "cafe"),
        ("\"inv\"", "invoice"),
        ("-invoice late", "late invoices"),
        ("ord-0017", "ORD-2024-0017"),
        ("東都", "東京都"),
        ("京東", "東京 京"),
    ] {
        assert_eq!(shown(query, text), None, "{query} in {text}");
    }
}

#[test]
fn filters_are_read() {
    let id = uuid::Uuid::now_v7();
    let query = read(&format!(
        "from:me From:ann in:{id} subject:job/42 has:file has:link is:unread after:2026-01-01 before:2026-02-01 rent"
    ));
    let Filters {
        from,
        within,
        subject,
        unread,
        ..
    } = &query.filters;
    assert_eq!((from.len(), *unread), (2, true));
    assert_eq!(within.map(|id| id.0), Some(id));
    let subject = subject.as_ref().unwrap();
    assert_eq!((subject.kind.as_str(), subject.id.as_str()), ("job", "42"));
    let (since, until) = (query.filters.since.unwrap(), query.filters.until.unwrap());
    assert_eq!(since.to_rfc3339(), "2026-01-02T00:00:00+00:00");
    assert_eq!(until.to_rfc3339(), "2026-02-01T00:00:00+00:00");
    assert!(query.wants_words() && !read("-x has:file").wants_words());
    let day = read("on:2026-11-27").filters;
    assert_eq!((day.until.unwrap() - day.since.unwrap()).num_hours(), 24);
    assert_eq!(
        read("subject:\"job/a b\"").filters.subject.unwrap().id,
        "a b"
    );
    // What is no filter is text.
    assert_eq!(
        read("note:rent 12:30 https://a.example").filters,
        Filters::default()
    );
}

#[test]
fn what_is_wrong_is_told() {
    for (query, told_of) in [
        ("", "q must contain a word or a filter"),
        ("?! -", "q must contain a word or a filter"),
        ("from:a/b", "q from: must be me or the id of a user"),
        ("in:x", "q in: must be the id of a conversation"),
        (
            "subject:job",
            "q subject: must be a type and an id such as subject:job/42",
        ),
        ("has:love", "q has: must be file, image, voice or link"),
        ("is:pinned", "q is: must be unread"),
        ("mentions:me", "q mentions: is not available"),
        (
            "before:tomorrow",
            "q before: must be a day such as 2026-11-27, or a moment such as 2026-11-27T09:00:00Z",
        ),
        (
            "on:2026-11-27T09:00:00Z",
            "q on: must be a day such as 2026-11-27",
        ),
        (
            "-from:me x",
            "q must not exclude from: only words can be excluded",
        ),
        ("subject:a/1 subject:a/2", "q must have subject: only once"),
    ] {
        assert_eq!(told(query), told_of, "{query}");
    }
    assert!(told(&"x ".repeat(33)).contains("at most 32"));
    assert!(told(&"x".repeat(513)).contains("512"));
}

#[test]
fn an_exact_hit_is_better_than_a_likely_one() {
    let now = chrono::DateTime::UNIX_EPOCH + chrono::Duration::days(20_000);
    let worth = |query: &str, text: &str| matched(query, text).unwrap().relevance.at(now, now);
    assert_eq!(worth("\"late rent\"", "late rent"), 4.0);
    assert_eq!(worth("rent x", "rent x"), 4.0);
    assert_eq!(worth("rents", "rent"), 1.0);
    assert_eq!(worth("ren", "rent"), 0.5);
    let old = now - chrono::Duration::days(30);
    let relevance = matched("\"late rent\"", "late rent").unwrap().relevance;
    assert_eq!(relevance.at(old, now), 2.0);
}

proptest! {
    #[test]
    fn any_query_is_answered(query in ".{0,80}") {
        drop(parse(&tokenizer(), &query));
    }

    #[test]
    fn any_filter_is_answered(name in "(from|in|subject|has|is|mentions|before|after|on)", value in "[-a-z0-9/:.\"+ ]{0,30}") {
        if let Err(refusal) = parse(&tokenizer(), &format!("{name}:{value}")) {
            prop_assert!(refusal.message().starts_with("q "), "{}", refusal.message());
        }
    }

    #[test]
    fn a_text_is_found_by_each_of_its_words_and_as_a_phrase(words in prop::collection::vec("[a-zA-Zäé]{1,10}|[0-9]{1,6}|東京都|サッカー|서울|👍", 1..8)) {
        let text = words.join(" ");
        let phrase = format!("\"{text}\"");
        prop_assert!(shown(&phrase, &text).is_some());
        for word in &words {
            let (there, excluded) = (format!("{word} -zzzzzzzzzzzz"), format!("-{word} has:file"));
            prop_assert!(shown(&there, &text).is_some(), "{}", there);
            prop_assert!(shown(&excluded, &text).is_none(), "{}", excluded);
        }
    }

    #[test]
    fn what_is_shown_lies_within_the_text_in_order(query in "[a-c ]{1,8}", text in "[a-cé -]{0,40}") {
        if let Ok(query) = parse(&tokenizer(), &query) {
            let document = Document::read(&tokenizer(), [(Field::Body, text.as_str())]);
            let spans = query.matches(&document).map(|matched| matched.highlights).unwrap_or_default();
            let mut after = 0;
            for span in spans {
                prop_assert!(span.start >= after && span.start < span.end && span.end <= text.chars().count() as u32);
                after = span.end;
            }
        }
    }
}
