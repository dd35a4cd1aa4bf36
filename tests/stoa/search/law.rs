//! Search is a filter: for random people and histories it finds exactly what a plain filter over the messages finds that somebody may see, in
//! the same order and with the same total, whatever of it is indexed and whichever plan is taken.

use chrono::{TimeDelta, Utc};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;
use stoa::domain::access::blocks::ReaderBlocks;
use stoa::domain::access::{Access, Requester};
use stoa::domain::conversation::Participant;
use stoa::domain::ids::{MessageId, UserId, UserNo};
use stoa::domain::message::Message;
use stoa::domain::principal::Roles;
use stoa::domain::search::{document_of, parse};
use stoa::store::search::{Bounds, MessageSearch, Order, Page, Scope, find};

use super::history::{CONVERSATIONS, Fixture, USERS, event, part};

const QUERIES: [&str; 21] = [
    "rent",
    "ren",
    "rent -late",
    "late rent",
    "\"late rent\"",
    "canary",
    "can*",
    "-canary late",
    "東京",
    "都",
    "email x*",
    "e-mail",
    "\"café\"",
    "cafe late",
    "ord-2024-0017",
    "from:user-1",
    "from:me",
    "has:file",
    "has:link",
    "is:unread",
    "is:unread late -canary",
];
const STAFF: Roles = Roles {
    admin: false,
    support: true,
    service: false,
};

impl Fixture {
    fn asked(
        &self,
        query: &str,
        requester: Requester,
        scope: Scope,
        bounds: Bounds,
    ) -> MessageSearch {
        MessageSearch {
            query: parse(&self.tokenizer, query).unwrap(),
            text: query.to_owned(),
            requester,
            me: UserId::stored(format!("user-{}", requester.no.0)),
            scope,
            page: Page::First(Order::Newest),
            limit: 2,
            tokenizer: Arc::clone(&self.tokenizer),
            now: Utc::now(),
            bounds,
        }
    }

    /// What a plain filter finds.
    fn filtered(&self, asked: &MessageSearch) -> Vec<MessageId> {
        let mut found: Vec<&Message> = Vec::new();
        for message in &self.messages {
            let (place, me) = (message.id.conversation, asked.requester.no);
            let is_own = |(no, person): &&(_, Participant)| *no == place && person.no == me;
            let own = self.people.iter().find(is_own).map(|(_, own)| own);
            let Ok(access) = Access::of(own, asked.requester.roles) else {
                continue;
            };
            if asked.scope == Scope::Own && access.participant().is_none() {
                continue;
            }
            let (read, filters) = (own.map_or(0, Participant::read_to), &asked.query.filters);
            let reader = access.reader(me);
            let reader_blocks = ReaderBlocks::of(me, self.blocks.iter().copied());
            let is_found = message.is_visible_to(reader.sight())
                && !reader_blocks.is_unwanted(message.sender)
                && message.deleted_at.is_none()
                && filters.admit(message, &asked.me)
                && filters.admit_read(message, &asked.me, read)
                && asked
                    .query
                    .matches(&document_of(&asked.tokenizer, message))
                    .is_some();
            if is_found {
                found.push(message);
            }
        }
        found.sort_by_key(|message| std::cmp::Reverse((message.created_at, message.id)));
        found.iter().map(|message| message.id).collect()
    }

    /// All pages of a search are what the filter finds, and so is its best page, in any order.
    fn compare(&mut self, mut asked: MessageSearch) {
        let wanted = self.filtered(&asked);
        let about = format!(
            "{} of {:?} {:?} {:?}",
            asked.text, asked.requester, asked.scope, asked.bounds
        );
        let mut hits = Vec::new();
        for round in 0.. {
            let one = asked.clone();
            let page = self
                .searcher
                .run(move |connection| find(connection, &one))
                .unwrap()
                .unwrap();
            hits.extend(page.hits.iter().map(|hit| hit.message.id));
            let total = page.total.unwrap_or(wanted.len() as i64);
            assert_eq!(
                total,
                wanted.len() as i64,
                "{about}: the total by {}",
                page.plan
            );
            assert!(round < 100, "{about}: no end");
            match page.next {
                Some(next) => asked.page = next,
                None => break,
            }
        }
        assert_eq!(hits, wanted, "{about}");
        let is_ranked = asked.query.wants_words() || !asked.query.filters.from.is_empty();
        if !is_ranked {
            return;
        }
        asked.page = Page::First(Order::Best);
        asked.limit = 100;
        let best = self
            .searcher
            .run(move |connection| find(connection, &asked))
            .unwrap()
            .unwrap();
        let mut best: Vec<MessageId> = best.hits.iter().map(|hit| hit.message.id).collect();
        best.sort_unstable();
        hits.sort_unstable();
        assert_eq!(best, hits, "{about}: the best");
    }
}

/// As servers have it, and so small that every plan is taken.
fn all_bounds() -> [Bounds; 2] {
    let patient = Bounds {
        time: Duration::from_secs(30),
        ..Bounds::default()
    };
    let small = Bounds {
        steps: [1, 3, 6],
        overlap: TimeDelta::zero(),
        ..patient
    };
    [patient, small]
}

/// A user's searches, with and without a staff token, with all bounds for one of the users.
fn everyway(fixture: &mut Fixture, query: &str, user: i64, is_whole: bool) {
    let [patient, small] = all_bounds();
    let bounds = if user == 1 {
        vec![patient, small]
    } else {
        vec![small]
    };
    for bounds in bounds {
        for roles in [Roles::default(), STAFF] {
            let requester = Requester::new(UserNo(user), roles);
            let asked = fixture.asked(query, requester, Scope::Own, bounds);
            fixture.compare(asked);
        }
        let requester = Requester::new(UserNo(user), STAFF);
        if is_whole && !query.contains("is:") {
            let asked = fixture.asked(query, requester, Scope::Everything, bounds);
            fixture.compare(asked);
        }
    }
}

#[test]
fn search_finds_what_a_plain_filter_finds() {
    let mut fixture = Fixture::new();
    let people = prop::collection::vec(
        prop::option::weighted(0.85, part()),
        (CONVERSATIONS * (USERS - 1)) as usize,
    );
    let history = prop::collection::vec(event(), 5..40);
    let queries = prop::sample::subsequence(QUERIES.to_vec(), 3);
    let mut runner = TestRunner::new(Config {
        cases: 12,
        failure_persistence: None,
        ..Config::default()
    });
    let cases = (people, history, queries);
    let fixture = RefCell::new(&mut fixture);
    let run = runner.run(&cases, |(people, history, queries)| {
        let fixture = &mut **fixture.borrow_mut();
        fixture.begin(&people);
        for (number, event) in history.iter().enumerate() {
            fixture.carry_out(number, event);
        }
        fixture.spread();
        for is_whole in [false, true] {
            if is_whole {
                (1..=CONVERSATIONS).for_each(|conversation| fixture.index(conversation, 1_000));
            }
            for query in &queries {
                (1..=USERS).for_each(|user| everyway(fixture, query, user, is_whole));
            }
        }
        Ok(())
    });
    run.unwrap_or_else(|error| panic!("{error}"));
}
