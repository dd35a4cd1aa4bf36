//! The rule of who may read is said twice, in Rust and in SQL: on random rows every query that narrows by it answers as the pure rule does.

mod rows;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use stoa::domain::access::Requester;
use stoa::domain::access::beginning::{Accept, Acquainted, BlockBetween, Relation};
use stoa::domain::access::blocks::ReaderBlocks;
use stoa::domain::conversation::{Participant, Signals};
use stoa::domain::file::FileId;
use stoa::domain::ids::{Seq, UserNo};
use stoa::domain::message::{Content, Message};
use stoa::domain::principal::Roles;
use stoa::domain::snapshot::{Reader, UnreadCount};
use stoa::domain::thread::Line;
use stoa::error::Error;
use stoa::store::append::{Appended, NewMessage, append, append_deduplicating};
use stoa::store::conversations::{self, Filter, Key};
use stoa::store::files::seeing;
use stoa::store::history::{self, PageReader};
use stoa::store::messages::Page;
use stoa::store::paging::{self, Which, Window};
use stoa::store::pool::Pool;
use stoa::store::unread_state::{self, ReadBefore};
use stoa::store::users::{self, Acquaintance};
use stoa::store::{beginning, blocks, particulars, replay, unread};

use crate::test_app::{fresh_database, parse};
use rows::{CONVERSATIONS, Case, Sample, USERS, cases, file_of, fill};

const ALL: Window = Window {
    offset: 0,
    limit: 100,
};
const STAFF: Roles = Roles {
    admin: false,
    support: true,
    service: false,
};

fn seqs<'a>(messages: impl IntoIterator<Item = &'a Message>) -> Vec<Seq> {
    messages.into_iter().map(Message::seq).collect()
}

/// Pages, snapshots and cards of one conversation, for one requester.
fn reading(connection: &mut PgConnection, sample: &Sample, requester: Requester) {
    let reader = sample.reader(requester);
    let visible = reader.as_ref().map(|reader| seqs(sample.visible(reader)));
    let conversation = conversations::find(connection, Key::No(sample.no))
        .unwrap()
        .unwrap()
        .id;
    let stranger = PageReader::Unchecked {
        conversation,
        requester,
    };
    let page = history::page(connection, stranger, Line::All, Page::Newest, 100).unwrap();
    assert_eq!(
        seqs(&page),
        visible.clone().unwrap_or_default(),
        "a page of a stranger"
    );
    files(connection, sample, requester, visible.clone());
    let (Some(reader), Some(visible)) = (reader, visible) else {
        let refused = replay::snapshot(connection, sample.no, requester, None);
        return assert!(matches!(refused, Err(Error::Refused(_))), "a snapshot");
    };
    let known = PageReader::Checked {
        conversation: sample.no,
        reader: reader.clone(),
    };
    let page = history::page(connection, known, Line::All, Page::Newest, 100).unwrap();
    assert_eq!(seqs(&page), visible, "a page of a reader");
    let counted = paging::messages(connection, sample.no, &reader, ALL).unwrap();
    let mut kept = sample.visible(&reader);
    kept.retain(|message| message.deleted_at.is_none());
    let kept = seqs(kept);
    assert_eq!(
        (seqs(&counted.items), counted.total),
        (kept.clone(), kept.len() as i64),
        "a counted page, which has no deleted messages"
    );
    previewing(connection, sample, &reader);
    for after in [None, Some(0), Some(3)] {
        let snapshot = replay::snapshot(connection, sample.no, requester, after).unwrap();
        let mut expected = visible.clone();
        expected.retain(|seq| *seq > after.unwrap_or(0));
        assert_eq!(
            seqs(&snapshot.messages),
            expected,
            "a snapshot after {after:?}"
        );
        let unread = if reader.role.is_some() {
            sample.unread(&reader)
        } else {
            0
        };
        assert_eq!(snapshot.unread, UnreadCount::Exactly(unread));
    }
    waiting_card(connection, sample, &reader);
    replying(connection, sample, &reader, requester.roles);
}

/// The card that waits for one reader.
fn waiting_card(connection: &mut PgConnection, sample: &Sample, reader: &Reader) {
    let found = particulars::of_deals(connection, reader.no, &[sample.no.0]).unwrap();
    let card = found[&sample.no.0]
        .card
        .as_ref()
        .map(|(_, card)| card.get().to_owned());
    let expected = sample.card(reader).map(|seq| format!("{{\"seq\":{seq}}}"));
    assert_eq!(card, expected, "the card that waits");
}

/// The newest message in one reader's list.
fn previewing(connection: &mut PgConnection, sample: &Sample, reader: &Reader) {
    let newest = paging::newest(connection, sample.no, reader).unwrap();
    let mut kept = sample.wanted(reader);
    kept.retain(|message| message.deleted_at.is_none());
    let wanted = kept.last().map(|message| message.seq());
    assert_eq!(newest.map(|message| message.seq()), wanted, "the newest");
}

/// The files of one conversation: who sees a message sees its file, and staff see all.
fn files(
    connection: &mut PgConnection,
    sample: &Sample,
    requester: Requester,
    visible: Option<Vec<Seq>>,
) {
    let all = sample.messages.iter().map(|message| message.seq());
    let ids: Vec<FileId> = all.clone().map(|seq| file_of(sample.no.0, seq)).collect();
    let seen = seeing::seen(connection, &ids, requester).unwrap();
    let seen: BTreeSet<FileId> = seen.into_iter().map(|file| file.id).collect();
    let expected = match requester.roles == STAFF {
        true => all.collect(),
        false => visible.unwrap_or_default(),
    };
    let expected = expected.into_iter().map(|seq| file_of(sample.no.0, seq));
    assert_eq!(seen, expected.collect(), "the files of {requester:?}");
}

/// Who sees a message may answer it. Decided under another policy, nothing is stored.
fn replying(connection: &mut PgConnection, sample: &Sample, reader: &Reader, roles: Roles) {
    for original in &sample.messages {
        let content = Content {
            reply_to: Some(original.id),
            ..Content::text(None, "an answer".to_owned())
        };
        let message = NewMessage {
            conversation: sample.no,
            policy: 99,
            sender: reader.no,
            roles,
            content: &content,
            fingerprint: 1,
        };
        let expected = match original.is_visible_to(reader.sight()) {
            true => Appended::Stale,
            false => Appended::Orphaned,
        };
        for append in [append, append_deduplicating] {
            let outcomes = append(connection, std::slice::from_ref(&message)).unwrap();
            assert_eq!(
                outcomes,
                std::slice::from_ref(&expected),
                "an answer to {}",
                original.seq()
            );
        }
    }
}

/// The lists and counts of one user, over all conversations.
fn listing(connection: &mut PgConnection, samples: &[Sample], user: UserNo) {
    let requester = Requester::new(user, Roles::default());
    let readable = |sample: &Sample| Some((sample.no.0, sample.reader(requester)?));
    let readers: BTreeMap<i64, Reader> = samples.iter().filter_map(readable).collect();
    let sample = |no: i64| samples.iter().find(|sample| sample.no.0 == no).unwrap();
    let unread_of = |no: i64| sample(no).unread(&readers[&no]);
    for only_unread in [false, true] {
        let filter = Filter {
            only_unread,
            ..Filter::default()
        };
        let listed = conversations::list(connection, user, &filter, 100).unwrap();
        let found: BTreeSet<i64> = listed.iter().map(|one| one.conversation.no.0).collect();
        let mut expected: BTreeSet<i64> = readers.keys().copied().collect();
        expected.retain(|no| !only_unread || unread_of(*no) > 0);
        assert_eq!(found, expected, "the list of {user:?}");
        for one in &listed {
            let no = one.conversation.no.0;
            let (reader_blocks, people) = (sample(no).reader_blocks(user), &one.participants);
            for person in people {
                let is_hidden = person.signals == Signals::Hidden;
                assert_eq!(
                    is_hidden,
                    reader_blocks.hides(person.no),
                    "{user:?} of {person:?}"
                );
                assert!(!is_hidden || (person.read_seq, person.delivered_seq) == (0, 0));
            }
            assert_eq!(one.unread, UnreadCount::Exactly(unread_of(no)));
            let newest = one.last_message.as_ref().map(Message::seq);
            assert_eq!(newest, sample(no).newest(&readers[&no]));
        }
    }
    let counted = paging::conversations(connection, user, Which::All, ALL).unwrap();
    let found: BTreeSet<i64> = counted
        .items
        .iter()
        .map(|one| one.conversation.no.0)
        .collect();
    assert_eq!(
        found,
        readers.keys().copied().collect(),
        "the pages of {user:?}"
    );
    let total: i64 = readers.keys().map(|no| unread_of(*no)).sum();
    let unread = unread::of_user(connection, user).unwrap();
    assert_eq!(
        unread.iter().map(|one| one.count.number()).sum::<i64>(),
        total
    );
}

/// The counts of everybody in one conversation.
fn counting(connection: &mut PgConnection, sample: &Sample) {
    let users: Vec<i64> = (1..=USERS).collect();
    let reads = |user: &i64| {
        sample
            .own(UserNo(*user))
            .is_some_and(|own| own.may_read().is_ok())
    };
    let reader = |user: i64| {
        sample
            .reader(Requester::new(UserNo(user), Roles::default()))
            .unwrap()
    };
    let readers: Vec<i64> = users.iter().copied().filter(reads).collect();
    let counted = unread::of_conversation(connection, sample.no, &users).unwrap();
    let found: BTreeMap<i64, i64> = counted
        .iter()
        .map(|one| (one.user.0, one.count.number()))
        .collect();
    let unread = readers
        .iter()
        .map(|user| (*user, sample.unread(&reader(*user))));
    assert_eq!(found, unread.filter(|(_, count)| *count > 0).collect());
    let asked: Vec<ReadBefore> = users
        .iter()
        .map(|user| ReadBefore {
            user: UserNo(*user),
            seq: 0,
        })
        .collect();
    let states = unread_state::changes(connection, sample.no, &asked, |_| true).unwrap();
    let found: BTreeMap<i64, (Reader, i64, Option<Seq>)> = states
        .into_iter()
        .map(|(state, _)| {
            (
                state.reader.no.0,
                (state.reader, state.count.number(), state.newest),
            )
        })
        .collect();
    let expected = readers.iter().map(|user| {
        let reader = reader(*user);
        (
            *user,
            (
                reader.clone(),
                sample.unread(&reader),
                sample.newest(&reader),
            ),
        )
    });
    assert_eq!(found, expected.collect());
}

/// What one user may see of another.
fn knowing(connection: &mut PgConnection, samples: &[Sample], one: UserNo, other: UserNo) {
    let mut expected = None;
    for sample in samples {
        let reads = sample.own(one).is_some_and(|own| own.may_read().is_ok());
        let takes_part = sample.own(other).map(Participant::takes_part);
        match (reads, takes_part) {
            (true, Some(true)) => expected = Some(Acquaintance::Present),
            (true, Some(false)) if expected.is_none() => expected = Some(Acquaintance::Past),
            _ => {}
        }
    }
    let found = users::acquaintance(connection, one, other).unwrap();
    assert_eq!(found, expected, "{one:?} of {other:?}");
    relating(connection, samples, one, other);
}

/// How two users are related when one would begin with the other.
fn relating(connection: &mut PgConnection, samples: &[Sample], one: UserNo, other: UserNo) {
    let reads = |sample: &Sample, user| {
        let own = sample.own(user);
        own.is_some_and(|own| own.may_read().is_ok())
    };
    let mut met = samples
        .iter()
        .filter(|it| reads(it, one) && reads(it, other));
    let expected = Relation {
        accept: Accept::Everyone,
        acquainted: match met.next() {
            Some(_) => Acquainted::Met,
            None => Acquainted::Strangers,
        },
        block: match samples[0].reader_blocks(one).hides(other) {
            true => BlockBetween::Blocked,
            false => BlockBetween::Free,
        },
    };
    let found = beginning::relations(connection, one, &[other.0]).unwrap();
    assert_eq!(found, [(other, expected)], "{one:?} and {other:?}");
    let between = blocks::between(connection, one, &[other.0]).unwrap();
    let reader_blocks = ReaderBlocks::of(one, between);
    assert_eq!(
        reader_blocks.hides(other),
        samples[0].reader_blocks(one).hides(other)
    );
    assert_eq!(
        reader_blocks.is_unwanted(other),
        samples[0].reader_blocks(one).is_unwanted(other)
    );
}

#[test]
fn every_query_answers_as_the_pure_rule_does() {
    let url = fresh_database();
    let secret = "long enough a secret for the tests";
    let config = parse(&["stoa", "--database-url", &url, "--jwt-secret", secret]);
    let pool = Pool::new(&url, &config.database).expect("a pool");
    let mut connection = pool.dedicated().expect("a connection");
    let known = format!(
        "insert into users (id) select 'user-' || i from generate_series(1, {USERS}) i;
        insert into users (id) values ('uploader');
        insert into flow_definitions (name, version, source) values ('x', 1, '')"
    );
    connection.batch_execute(&known).unwrap();
    let connection = RefCell::new(connection);
    let config = Config {
        cases: 48,
        failure_persistence: None,
        ..Config::default()
    };
    let compare = |case: Case| {
        let connection = &mut *connection.borrow_mut();
        fill(connection, &case);
        let samples: Vec<Sample> = (1..=CONVERSATIONS)
            .map(|no| Sample::read(connection, no))
            .collect();
        for user in (1..=USERS).map(UserNo) {
            listing(connection, &samples, user);
            for other in (1..=USERS).map(UserNo) {
                knowing(connection, &samples, user, other);
            }
            for (sample, roles) in samples
                .iter()
                .flat_map(|sample| [(sample, Roles::default()), (sample, STAFF)])
            {
                reading(connection, sample, Requester::new(user, roles));
            }
        }
        for sample in &samples {
            counting(connection, sample);
        }
        Ok(())
    };
    TestRunner::new(config).run(&cases(), compare).unwrap();
}
