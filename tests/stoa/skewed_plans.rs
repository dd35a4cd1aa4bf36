//! What one request reads does not grow with the length of a conversation: a few are a thousand times larger than the
//! average, and the planner knows the average only.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use stoa::domain::access::Requester;
use stoa::domain::ids::{ConversationNo, MessageId, UserNo};
use stoa::domain::principal::Roles;
use stoa::domain::snapshot::{Reader, Recovery, UnreadCount};
use stoa::domain::thread::Line;
use stoa::store::conversations::{self, Filter};
use stoa::store::history::{self, PageReader};
use stoa::store::messages::{self, Page};
use stoa::store::paging::{self, Window};
use stoa::store::{flows, marks, missed, particulars, replay, unread};

use crate::plans::full_database;

/// Its number, and how long it is.
const LARGE: ConversationNo = ConversationNo(1);
const LENGTH: i64 = 40_000;
/// Those who take part in it. The first has read everything, the second nothing, the third all but 50 messages, the fourth says
/// everything and marks nothing. The last two have blocked the fourth: one has read nothing, the other all but 50 messages.
const READER: UserNo = UserNo(9_001);
const STRANGER: UserNo = UserNo(9_002);
const NEARLY: UserNo = UserNo(9_003);
const SPEAKER: UserNo = UserNo(9_004);
const BLOCKER: UserNo = UserNo(9_005);
const NEARLY_BLOCKER: UserNo = UserNo(9_006);
/// Rows of any table that one request may look at.
pub const FEW: i64 = 1_500;

/// One conversation of 40,000 messages, 40,000 changes, and steps of a deal, among 10,000 of 20 messages.
fn skewed() -> PgConnection {
    let (_, mut connection) = full_database();
    let fill = format!(
        "
insert into messages (conversation_no, seq, sender_no, client_id, fingerprint, kind, body, created_at)
    select 1, s, 9004, 'large-' || s, 1, 'user_input', 'said ' || s, now() from generate_series(23, {LENGTH}) s;
insert into message_changes (conversation_no, seq, target_seq, actor_no, action, earlier_body)
    select 1, s + {LENGTH}, s, 9004, 'edited', 'before' from generate_series(23, {LENGTH} - 40) s;
insert into message_changes (conversation_no, seq, target_seq, actor_no, action, earlier_body)
    select 1, 2 * {LENGTH} - 30 + s, 100 + s, 9004, 'edited', 'before' from generate_series(1, 20) s;
insert into participants (conversation_no, user_no, role, read_seq) values
    (1, 9001, 'member', {LENGTH}), (1, 9002, 'member', 0), (1, 9003, 'member', {LENGTH} - 50), (1, 9004, 'member', 0),
    (1, 9005, 'member', 0), (1, 9006, 'member', {LENGTH} - 50)
    on conflict (conversation_no, user_no) do update set read_seq = excluded.read_seq;
insert into blocks (blocker_no, blocked_no) values (9005, 9004), (9006, 9004);
update conversations set last_seq = {LENGTH} where no = 1;
insert into flow_definitions (name, version, source) values ('x', 1, '');
insert into conversation_flows (conversation_no, name, version, state, phase, instance, standing, prompts_from, prompts_to)
    select no, 'x', 1, 'waiting', 'running', '{{\"state\": \"waiting\", \"version\": 1, \"context\": {{}}, \"visits\": {{}},
        \"entered_at\": \"2026-01-01T00:00:00Z\", \"payment\": null, \"timers\": []}}', '{{\"flow\": \"x\", \"flow_version\": 1, \"state\": \"waiting\",
        \"title\": \"\", \"state_version\": 1, \"awaiting_role\": null, \"phase\": \"running\", \"entered_at\": \"2026-01-01T00:00:00Z\",
        \"deadline\": null, \"chat\": {{}}, \"offers\": {{}}}}', 19, 21 from conversations where no % 2 = 1;
update messages set card = '{{}}' where conversation_no = 1 and seq in (19, 20);
analyze"
    );
    connection
        .batch_execute(&fill)
        .expect("a large conversation");
    connection
}

#[derive(QueryableByName)]
struct Read {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// How many rows and entries of indexes were looked at so far.
fn rows_read(connection: &mut PgConnection) -> i64 {
    let flush = "select pg_stat_force_next_flush()";
    connection.batch_execute(flush).expect("a flush");
    let counters = "select ((select sum(seq_tup_read) from pg_stat_user_tables)
        + (select sum(idx_tup_read) from pg_stat_user_indexes))::bigint as rows";
    let found: Read = diesel::sql_query(counters)
        .get_result(connection)
        .expect("counters");
    found.rows
}

/// Does something often enough that Postgres settles on a plan for whatever values come; answers the most rows that one of them
/// looked at.
pub fn most_read<T>(
    connection: &mut PgConnection,
    mut work: impl FnMut(&mut PgConnection) -> T,
) -> i64 {
    let one = |_| {
        let before = rows_read(connection);
        work(connection);
        rows_read(connection) - before
    };
    (0..8).map(one).max().expect("some rounds")
}

pub fn must_read_few<T>(
    connection: &mut PgConnection,
    what: &str,
    work: impl FnMut(&mut PgConnection) -> T,
) {
    let rows = most_read(connection, work);
    assert!(rows <= FEW, "{what} reads {rows} rows");
}

fn member(no: UserNo) -> Reader {
    Reader {
        no,
        role: Some("member".to_owned()),
        sees_from: 0,
    }
}

fn requester(no: UserNo) -> Requester {
    Requester::new(no, Roles::default())
}

/// Everything that counts what somebody has not read looks at `most` rows at most.
fn counts_within(connection: &mut PgConnection, user: UserNo, most: i64) {
    let rows = most_read(connection, |connection| {
        unread::of_user(connection, user).unwrap()
    });
    assert!(rows <= most, "unread of {user:?} reads {rows} rows");
    let rows = most_read(connection, |connection| {
        unread::of_conversation(connection, LARGE, &[user.0]).unwrap()
    });
    assert!(rows <= most, "unread of a conversation reads {rows} rows");
    for only_unread in [false, true] {
        let filter = Filter {
            only_unread,
            ..Filter::default()
        };
        let rows = most_read(connection, |connection| {
            conversations::list(connection, user, &filter, 50).unwrap()
        });
        assert!(rows <= most, "a list of {user:?} reads {rows} rows");
    }
}

fn counting(connection: &mut PgConnection) {
    counts_within(connection, READER, FEW);
    counts_within(connection, NEARLY, FEW);
    // Counting for a user who has read nothing costs as much as the newest changes, not the whole conversation.
    counts_within(connection, STRANGER, unread::AMONG + FEW);
    counts_within(connection, SPEAKER, 2 * unread::AMONG + FEW);
}

/// Nothing that a person whom the reader has blocked says counts, so a count, a filter by it and a preview each look at all newest changes.
fn counting_beside_a_blocked_speaker(connection: &mut PgConnection) {
    counts_within(connection, BLOCKER, 3 * unread::AMONG + FEW);
    counts_within(connection, NEARLY_BLOCKER, unread::AMONG + FEW);
    for user in [BLOCKER, NEARLY_BLOCKER] {
        let reader = member(user);
        let rows = most_read(connection, |connection| {
            let found = paging::newest(connection, LARGE, &reader).unwrap();
            assert!(found.is_none(), "{found:?}");
        });
        assert!(rows <= unread::AMONG + FEW, "the newest reads {rows} rows");
    }
}

fn reading(connection: &mut PgConnection) {
    for page in [
        Page::Newest,
        Page::Before(LENGTH / 2),
        Page::After(LENGTH / 2),
    ] {
        must_read_few(connection, "a page of history", |connection| {
            let (conversation, reader) = (LARGE, member(READER));
            let visit = PageReader::Checked {
                conversation,
                reader,
            };
            assert_eq!(
                history::page(connection, visit, Line::All, page, 50)
                    .unwrap()
                    .len(),
                50
            );
        });
    }
    must_read_few(connection, "a first join", |connection| {
        replay::snapshot(connection, LARGE, requester(READER), None).unwrap()
    });
    // As far back as a client is told everything: the last 20 edits are of messages long before.
    let (end, after) = (2 * LENGTH - 10, 2 * LENGTH - 30);
    let moved = format!("update conversations set last_seq = {end} where no = 1");
    connection.batch_execute(&moved).unwrap();
    must_read_few(connection, "coming back", |connection| {
        let found = replay::snapshot(connection, LARGE, requester(READER), Some(after)).unwrap();
        assert_eq!(found.recovery, Recovery::Complete);
        let seqs: Vec<i64> = found.messages.iter().map(|m| m.seq()).collect();
        assert_eq!(seqs, (101..=120).collect::<Vec<i64>>());
    });
    must_read_few(connection, "catching up", |connection| {
        assert_eq!(replay::entries(connection, LARGE, after).unwrap().len(), 20);
    });
    must_read_few(connection, "what was missed", |connection| {
        let id = conversations::id_of(connection, LARGE).unwrap().unwrap();
        missed::page(connection, id, after - 100, 100).unwrap()
    });
}

fn looking_up(connection: &mut PgConnection) {
    must_read_few(connection, "earlier wordings", |connection| {
        let id = MessageId {
            conversation: LARGE,
            seq: 110,
        };
        assert_eq!(messages::wordings(connection, id).unwrap().len(), 2);
    });
    must_read_few(
        connection,
        "the newest messages up to marks",
        |connection| marks::newest_messages(connection, LARGE, &[5, LENGTH / 2, LENGTH]).unwrap(),
    );
    must_read_few(connection, "cards that wait", |connection| {
        assert_eq!(flows::pending_cards(connection, LARGE).unwrap().len(), 2);
        particulars::of_deals(connection, READER, &[LARGE.0, 3, 5]).unwrap()
    });
    must_read_few(connection, "steps of a deal", |connection| {
        flows::steps(connection, LARGE, 0, 50).unwrap();
        particulars::last_press(connection, LARGE).unwrap()
    });
}

#[test]
fn nothing_reads_a_large_conversation_from_end_to_end() {
    let mut connection = skewed();
    counting(&mut connection);
    counting_beside_a_blocked_speaker(&mut connection);
    reading(&mut connection);
    looking_up(&mut connection);
}

#[test]
fn a_page_with_a_total_counts_a_conversation_once_and_reads_its_page() {
    let mut connection = skewed();
    let rows = most_read(&mut connection, |connection| {
        let part = Window {
            offset: 10,
            limit: 50,
        };
        let found = paging::messages(connection, LARGE, &member(READER), part).unwrap();
        assert_eq!(found.items.len(), 50);
    });
    assert!(rows <= LENGTH + FEW, "{rows}");
}

#[test]
fn a_walk_through_a_large_conversation_would_be_noticed() {
    let mut connection = skewed();
    let rows = most_read(&mut connection, |connection| {
        let walk = "select count(body) from messages where conversation_no = 1 and sender_no <> 0";
        connection.batch_execute(walk).unwrap();
    });
    assert!(rows > FEW, "{rows}");
}

#[test]
fn counting_stops_and_says_so() {
    let mut connection = skewed();
    let counts = |connection: &mut PgConnection, user: UserNo| {
        let found = unread::of_conversation(connection, LARGE, &[user.0]).unwrap();
        found.first().map(|unread| unread.count)
    };
    assert_eq!(counts(&mut connection, READER), None);
    let nearly = counts(&mut connection, NEARLY);
    assert_eq!(nearly, Some(UnreadCount::Exactly(50)));
    let stranger = counts(&mut connection, STRANGER);
    assert_eq!(stranger, Some(UnreadCount::AtLeast(unread::MOST)));
    let listed = conversations::list(&mut connection, STRANGER, &Filter::default(), 50).unwrap();
    let large = listed.iter().find(|one| one.conversation.no == LARGE);
    assert_eq!(
        large.map(|one| one.unread),
        Some(UnreadCount::AtLeast(unread::MOST))
    );
    // What others said among the newest changes counts, what was said before them does not.
    let said = "update messages set sender_no = 1 where conversation_no = 1 and (seq < 1000 or seq > 39990)";
    connection.batch_execute(said).unwrap();
    let speaker = counts(&mut connection, SPEAKER);
    assert_eq!(speaker, Some(UnreadCount::AtLeast(10)));
}
