//! Random rows of conversations, participants and messages, and what the pure rule says of them.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write;
use stoa::domain::access::blocks::{Block, ReaderBlocks};
use stoa::domain::access::{Access, Requester};
use stoa::domain::conversation::Participant;
use stoa::domain::file::FileId;
use stoa::domain::ids::{ConversationNo, MessageId, Seq, UserNo};
use stoa::domain::message::Message;
use stoa::domain::snapshot::Reader;
use stoa::store::{blocks, messages, participants};

pub const CONVERSATIONS: i64 = 2;
/// The last of them takes part nowhere.
pub const USERS: i64 = 5;
const MESSAGES: i64 = 7;
const STANDING: &str = r#"{"flow": "x", "flow_version": 1, "state": "waiting", "title": "", "state_version": 1, "awaiting_role": null,
    "phase": "running", "entered_at": "2026-01-01T00:00:00Z", "deadline": null, "chat": {}, "offers": {}}"#;

/// A user's row in a conversation.
#[derive(Clone, Debug)]
struct Row {
    role: &'static str,
    membership: &'static str,
    muted: bool,
    blocked: bool,
    read_seq: Seq,
    sees_from: Seq,
    unread_from: Option<Seq>,
}

/// A message, but for its place.
#[derive(Clone, Debug)]
struct Said {
    sender: i64,
    audience: (Option<&'static str>, Option<i64>),
    kind: &'static str,
    has_card: bool,
    is_deleted: bool,
}

/// The rows of one conversation.
#[derive(Clone, Debug)]
pub struct Rows {
    people: Vec<Option<Row>>,
    messages: Vec<Said>,
}

fn part() -> impl Strategy<Value = Row> {
    (
        prop::sample::select(vec!["buyer", "seller"]),
        prop::sample::select(vec!["present", "present", "present", "left", "removed"]),
        any::<bool>(),
        prop::bool::weighted(0.2),
        0..=MESSAGES,
        prop_oneof![2 => Just(0), 1 => 0..=MESSAGES],
        prop::option::weighted(0.3, 1..=MESSAGES),
    )
        .prop_map(
            |(role, membership, muted, blocked, read_seq, sees_from, unread_from)| Row {
                role,
                membership,
                muted,
                blocked,
                read_seq,
                sees_from,
                unread_from,
            },
        )
}

fn said() -> impl Strategy<Value = Said> {
    let audience = prop_oneof![
        Just((None, None)),
        prop::sample::select(vec!["buyer", "seller", "staff"]).prop_map(|role| (Some(role), None)),
        (1..=USERS).prop_map(|user| (None, Some(user))),
    ];
    let kind = prop::sample::select(vec!["user_input", "user_input", "system", "audit"]);
    (
        1..=USERS,
        audience,
        kind,
        any::<bool>(),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(sender, audience, kind, has_card, is_deleted)| Said {
            sender,
            audience,
            kind,
            has_card,
            is_deleted,
        })
}

/// The rows of all conversations, and who has blocked whom.
#[derive(Clone, Debug)]
pub struct Case {
    conversations: Vec<Rows>,
    blocks: BTreeSet<(i64, i64)>,
}

pub fn cases() -> impl Strategy<Value = Case> {
    let people = prop::collection::vec(prop::option::weighted(0.8, part()), USERS as usize - 1);
    let messages = prop::collection::vec(said(), MESSAGES as usize);
    let one = (people, messages).prop_map(|(people, messages)| Rows { people, messages });
    let conversations = prop::collection::vec(one, CONVERSATIONS as usize);
    let block = (1..=USERS, 1..=USERS).prop_filter("oneself", |(by, whom)| by != whom);
    let blocks = prop::collection::btree_set(block, 0..5);
    (conversations, blocks).prop_map(|(conversations, blocks)| Case {
        conversations,
        blocks,
    })
}

fn quoted(text: Option<&str>) -> String {
    text.map_or("null".to_owned(), |text| format!("'{text}'"))
}

/// Puts the rows in the place of those of the case before.
pub fn fill(connection: &mut PgConnection, case: &Case) {
    let mut sql = format!(
        "truncate conversations, participants, messages, conversation_flows, blocks, files restart identity cascade;
        insert into conversations (id, kind, created_by, last_seq)
            select md5(i::text)::uuid, 'group', 1, {MESSAGES} from generate_series(1, {CONVERSATIONS}) i;
        insert into conversation_flows (conversation_no, name, version, state, phase, instance, standing, prompts_from, prompts_to)
            select no, 'x', 1, 'waiting', 'running', '{{\"context\": {{}}}}', '{STANDING}', 2, {MESSAGES} from conversations;"
    );
    for (by, whom) in &case.blocks {
        write!(sql, "insert into blocks values ({by}, {whom});").unwrap();
    }
    for (rows, conversation) in case.conversations.iter().zip(1..) {
        for (part, user) in rows.people.iter().zip(1..) {
            let Some(part) = part else { continue };
            let Row {
                role,
                membership,
                muted,
                blocked,
                read_seq,
                sees_from,
                unread_from,
            } = part;
            let unread_from = quoted(unread_from.map(|seq| seq.to_string()).as_deref());
            write!(sql, "insert into participants (conversation_no, user_no, role, membership, muted, blocked, read_seq, sees_from, unread_from)
                values ({conversation}, {user}, '{role}', '{membership}', {muted}, {blocked}, {read_seq}, {sees_from}, {unread_from});").unwrap();
        }
        for (said, seq) in rows.messages.iter().zip(1..) {
            let (role, user) = (
                quoted(said.audience.0),
                said.audience.1.map(|user| user.to_string()),
            );
            let (user, sender, kind) = (quoted(user.as_deref()), said.sender, said.kind);
            let card = quoted(
                said.has_card
                    .then(|| format!("{{\"seq\":{seq}}}"))
                    .as_deref(),
            );
            let deleted = if said.is_deleted { "now()" } else { "null" };
            write!(sql, "insert into messages (conversation_no, seq, sender_no, client_id, fingerprint, kind, body, audience_role,
                    audience_user_no, card, deleted_at, created_at)
                values ({conversation}, {seq}, {sender}, '{conversation}-{seq}', 1, '{kind}', 'said', {role}, {user}, {card}, {deleted}, now());").unwrap();
            let file = file_of(conversation, seq);
            write!(sql, "with f as (insert into files (id, owner_no, state, purpose, name, size, expires_at)
                    select '{file}', no, 'ready', 'message', 'x', 1, now() from users where id = 'uploader' returning no)
                insert into file_uses (file_no, conversation_no, seq) select no, {conversation}, {seq} from f;").unwrap();
        }
    }
    connection.batch_execute(&sql).unwrap();
}

/// The file that a message shows. None of the users has uploaded it.
pub fn file_of(conversation: i64, seq: i64) -> FileId {
    let number = u128::from(conversation.unsigned_abs()) << 64 | u128::from(seq.unsigned_abs());
    FileId(uuid::Uuid::from_u128(number))
}

/// The rows as the pure rule takes them.
pub struct Sample {
    pub no: ConversationNo,
    people: Vec<Participant>,
    pub messages: Vec<Message>,
    blocks: Vec<Block>,
}

impl Sample {
    pub fn read(connection: &mut PgConnection, no: i64) -> Self {
        let no = ConversationNo(no);
        let of = |seq| MessageId {
            conversation: no,
            seq,
        };
        let find = |seq| messages::find(connection, of(seq)).unwrap().unwrap();
        let messages = (1..=MESSAGES).map(find).collect();
        let people = participants::of(connection, no).unwrap();
        let everybody: Vec<i64> = (1..=USERS).collect();
        Self {
            no,
            people,
            messages,
            blocks: blocks::among(connection, &everybody).unwrap(),
        }
    }

    pub fn own(&self, user: UserNo) -> Option<&Participant> {
        self.people.iter().find(|person| person.no == user)
    }

    /// The requester as a reader, by the rule.
    pub fn reader(&self, requester: Requester) -> Option<Reader> {
        let access = Access::of(self.own(requester.no), requester.roles);
        access.ok().map(|access| access.reader(requester.no))
    }

    /// What a reader may see, by the rule.
    pub fn visible(&self, reader: &Reader) -> Vec<&Message> {
        let messages = self.messages.iter();
        let visible = messages.filter(|message| message.is_visible_to(reader.sight()));
        visible.collect()
    }

    pub fn reader_blocks(&self, user: UserNo) -> ReaderBlocks {
        ReaderBlocks::of(user, self.blocks.iter().copied())
    }

    /// What a reader may see of users whom they have not blocked.
    pub fn wanted(&self, reader: &Reader) -> Vec<&Message> {
        let (mut wanted, reader_blocks) = (self.visible(reader), self.reader_blocks(reader.no));
        wanted.retain(|message| !reader_blocks.is_unwanted(message.sender));
        wanted
    }

    pub fn unread(&self, reader: &Reader) -> i64 {
        let read = self.own(reader.no).map_or(0, Participant::read_to);
        let visible = self.wanted(reader).into_iter();
        let unread = visible.filter(|m| m.seq() > read && m.sender != reader.no);
        unread.filter(|m| m.asks_to_be_read()).count() as i64
    }

    pub fn newest(&self, reader: &Reader) -> Option<Seq> {
        self.wanted(reader).last().map(|message| message.seq())
    }

    /// The seq in the newest card that waits for a reader. It says how the deal stands now, so they see it wherever their history begins.
    pub fn card(&self, reader: &Reader) -> Option<Seq> {
        let waits = |m: &&&Message| m.card.is_some() && m.deleted_at.is_none();
        let visible = self.visible(&Reader {
            sees_from: 0,
            ..reader.clone()
        });
        let mut waiting = visible.iter().rev().filter(waits).map(|m| m.seq());
        waiting.find(|seq| (2..MESSAGES).contains(seq))
    }
}
