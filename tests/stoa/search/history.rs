//! Random people and what they say, edit and delete, and how far the index has followed.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use proptest::prelude::*;
use std::sync::Arc;
use stoa::domain::access::blocks::{Block, Blocking};
use stoa::domain::attachment::Attachment;
use stoa::domain::conversation::Participant;
use stoa::domain::ids::{ConversationNo, MessageId, Seq, UserNo};
use stoa::domain::message::{Audience, Content, Message, Power};
use stoa::domain::principal::Roles;
use stoa::domain::snapshot::Reader;
use stoa::domain::tokens::{Language, Tokenizer};
use stoa::store::append::{NewMessage, append_deduplicating};
use stoa::store::changes::{self, Change, ChangeKind};
use stoa::store::dedicated::Dedicated;
use stoa::store::feed_consumers::register;
use stoa::store::feed_watermarks::{advance, new_entries};
use stoa::store::pool::Pool;
use stoa::store::search::index;
use stoa::store::{blocks, messages, participants};

use crate::test_app::{fresh_database, parse as options};

pub const CONVERSATIONS: i64 = 3;
/// The last of them takes part nowhere.
pub const USERS: i64 = 5;
const WORDS: [&str; 15] = [
    "rent",
    "rents",
    "renting",
    "late",
    "canary",
    "東京",
    "東京都",
    "e-mail",
    "email",
    "café",
    "cafe",
    "ord-2024-0017",
    "2024",
    "👍",
    "https://a.example",
];
/// What happens.
#[derive(Clone, Debug)]
pub enum Event {
    Said {
        conversation: i64,
        user: i64,
        body: String,
        has_file: bool,
        audience: Option<Audience>,
    },
    Edited {
        nth: usize,
        body: String,
        document: Document,
    },
    Deleted {
        nth: usize,
        document: Document,
    },
    Indexed {
        conversation: i64,
        entries: i64,
    },
    Blocked {
        by: i64,
        whom: i64,
    },
}

/// What becomes of the document of a message that changes.
#[derive(Clone, Copy, Debug)]
pub enum Document {
    /// The change removes it.
    Removed,
    /// The consumer, which read the message before the change, writes it after the change.
    Outrun,
}

/// Somebody's row in a conversation, as SQL values.
pub fn part() -> impl Strategy<Value = String> {
    let membership = prop::sample::select(vec!["present", "present", "present", "left", "removed"]);
    let role = prop::sample::select(vec!["buyer", "seller"]);
    let sees_from = prop_oneof![2 => Just(0), 1 => 0..8_i64];
    (
        role,
        membership,
        prop::bool::weighted(0.15),
        0..6_i64,
        sees_from,
    )
        .prop_map(|(role, membership, blocked, read, sees_from)| {
            format!("'{role}', '{membership}', {blocked}, {read}, {sees_from}")
        })
}

fn text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(WORDS.to_vec());
    prop::collection::vec(word, 1..5).prop_map(|words| words.join(" "))
}

pub fn event() -> impl Strategy<Value = Event> {
    let audience = prop_oneof![
        4 => Just(None),
        1 => prop::sample::select(vec!["buyer", "seller", "staff"]).prop_map(|role| Some(Audience::Role(role.to_owned()))),
        1 => (1..=USERS).prop_map(|user| Some(Audience::User(UserNo(user)))),
    ];
    let said = (
        1..=CONVERSATIONS,
        1..=USERS,
        text(),
        prop::bool::weighted(0.2),
        audience,
    );
    let document = || prop::sample::select(vec![Document::Removed, Document::Outrun]);
    prop_oneof![
        6 => said.prop_map(|(conversation, user, body, has_file, audience)| Event::Said { conversation, user, body, has_file, audience }),
        1 => (any::<usize>(), text(), document()).prop_map(|(nth, body, document)| Event::Edited { nth, body, document }),
        1 => (any::<usize>(), document()).prop_map(|(nth, document)| Event::Deleted { nth, document }),
        1 => (1..=USERS, 1..USERS).prop_map(|(by, other)| Event::Blocked { by, whom: 1 + (by + other - 1) % USERS }),
        2 => (1..=CONVERSATIONS, 1..8_i64).prop_map(|(conversation, entries)| Event::Indexed { conversation, entries }),
    ]
}

/// What a conversation's row says of its changes.
#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    last_seq: Seq,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    policy_version: i64,
}

pub struct Fixture {
    connection: PgConnection,
    pub searcher: Dedicated,
    pub tokenizer: Arc<Tokenizer>,
    consumer: i32,
    sent: Vec<MessageId>,
    /// The messages as they are at the end.
    pub messages: Vec<Message>,
    /// Everybody's row in each conversation.
    pub people: Vec<(ConversationNo, Participant)>,
    /// The blocks between all of them.
    pub blocks: Vec<Block>,
}

impl Fixture {
    pub fn new() -> Self {
        let url = fresh_database();
        let config = options(&[
            "stoa",
            "--database-url",
            &url,
            "--jwt-secret",
            &"x".repeat(32),
        ]);
        let pool = Pool::new(&url, &config.database).unwrap();
        let mut connection = pool.dedicated().unwrap();
        let tokenizer = Arc::new(Tokenizer::new(&[Language::English]));
        let users = format!(
            "insert into users (id) select 'user-' || i from generate_series(1, {USERS}) i"
        );
        connection.batch_execute(&users).unwrap();
        register(&mut connection, &[&tokenizer.name()]).unwrap();
        Self {
            searcher: pool.searcher(),
            connection,
            tokenizer,
            consumer: 1,
            sent: Vec::new(),
            messages: Vec::new(),
            people: Vec::new(),
            blocks: Vec::new(),
        }
    }

    /// Puts people in the place of those of the case before.
    pub fn begin(&mut self, people: &[Option<String>]) {
        let mut sql = format!(
            "truncate conversations, participants, messages, message_changes, search_docs, feed_watermarks, changed, audit_log, blocks, participant_changes restart identity cascade;
            insert into conversations (id, kind, created_by, last_seq)
                select md5(i::text)::uuid, 'group', 1, 0 from generate_series(1, {CONVERSATIONS}) i;"
        );
        for (place, part) in people.iter().enumerate() {
            let (conversation, user) = (
                1 + place as i64 / (USERS - 1),
                1 + place as i64 % (USERS - 1),
            );
            if let Some(part) = part {
                sql.push_str(&format!("insert into participants (conversation_no, user_no, role, membership, blocked, read_seq, sees_from)
                    values ({conversation}, {user}, {part});"));
            }
        }
        self.connection.batch_execute(&sql).unwrap();
        self.sent.clear();
    }

    pub fn carry_out(&mut self, number: usize, event: &Event) {
        match event {
            Event::Said {
                conversation,
                user,
                body,
                has_file,
                audience,
            } => {
                let file = Attachment {
                    name: Some("rent.pdf".into()),
                    ..Attachment::at("https://a.example/f")
                };
                let content = Content {
                    audience: audience.clone(),
                    attachments: if *has_file { vec![file] } else { Vec::new() },
                    ..Content::text(Some(format!("m-{number}")), body.clone())
                };
                self.say(ConversationNo(*conversation), UserNo(*user), &content);
            }
            Event::Edited {
                nth,
                body,
                document,
            } => self.change(*nth, *document, |message, reader| ChangeKind::Edit {
                message,
                body: body.clone(),
                reader,
            }),
            Event::Deleted { nth, document } => {
                self.change(*nth, *document, |message, reader| ChangeKind::Delete {
                    message,
                    power: Power::Moderates,
                    reader,
                });
            }
            Event::Indexed {
                conversation,
                entries,
            } => self.index(*conversation, *entries),
            Event::Blocked { by, whom } => {
                let block = Block {
                    by: UserNo(*by),
                    whom: UserNo(*whom),
                };
                blocks::set(&mut self.connection, block, Blocking::Begun).unwrap();
            }
        }
    }

    fn say(&mut self, conversation: ConversationNo, sender: UserNo, content: &Content) {
        let message = NewMessage {
            conversation,
            policy: self.row(conversation.0).policy_version,
            sender,
            roles: Roles::default(),
            content,
            fingerprint: self.sent.len() as i64,
        };
        append_deduplicating(&mut self.connection, &[message]).unwrap();
        let seq = self.row(conversation.0).last_seq;
        self.sent.push(MessageId { conversation, seq });
    }

    fn row(&mut self, conversation: i64) -> Row {
        let row =
            format!("select last_seq, policy_version from conversations where no = {conversation}");
        diesel::sql_query(row)
            .get_result(&mut self.connection)
            .unwrap()
    }

    /// Its author changes a message.
    fn change(
        &mut self,
        nth: usize,
        document: Document,
        kind: impl FnOnce(MessageId, Reader) -> ChangeKind,
    ) {
        let Some(id) = nth.checked_rem(self.sent.len()).map(|nth| self.sent[nth]) else {
            return;
        };
        let message = messages::find(&mut self.connection, id).unwrap().unwrap();
        let role = match &message.content.audience {
            Some(Audience::Role(role)) => Some(role.clone()),
            Some(Audience::User(_)) | None => None,
        };
        let no = match message.content.audience {
            Some(Audience::User(user)) => user,
            Some(Audience::Role(_)) | None => message.sender,
        };
        let change = Change {
            conversation: id.conversation,
            policy: self.row(id.conversation.0).policy_version,
            actor: message.sender,
            contacts_a_day: None,
            kind: kind(
                id,
                Reader {
                    no,
                    role,
                    sees_from: 0,
                },
            ),
        };
        let read = format!(
            "create temporary table if not exists read (like search_docs); truncate read;
            insert into read select * from search_docs where (conversation_no, seq) = ({}, {})",
            id.conversation.0, id.seq
        );
        self.connection.batch_execute(&read).unwrap();
        changes::apply(&mut self.connection, &change).unwrap();
        if let Document::Outrun = document {
            let written = "insert into search_docs select * from read on conflict (conversation_no, seq) do nothing";
            self.connection.batch_execute(written).unwrap();
        }
    }

    /// The consumer handles some entries of a conversation.
    pub fn index(&mut self, conversation: i64, entries: i64) {
        let place = [ConversationNo(conversation)];
        let mut new = new_entries(&mut self.connection, self.consumer, &place).unwrap();
        for one in &mut new {
            one.last = one.last.min(one.after.unwrap_or(0) + entries);
        }
        index(&mut self.connection, &self.tokenizer, &new).unwrap();
        advance(&mut self.connection, self.consumer, &new).unwrap();
    }

    /// Ends the history. Lets a minute pass after each three messages, in the order in which they were sent.
    pub fn spread(&mut self) {
        let sql = "update messages m set created_at = timestamptz '2026-01-01' + t.place / 3 * interval '1 minute'
                from (select conversation_no, seq, row_number() over (order by created_at, conversation_no, seq) as place from messages) t
                where t.conversation_no = m.conversation_no and t.seq = m.seq;
            update search_docs d set at = m.created_at from messages m where m.conversation_no = d.conversation_no and m.seq = d.seq;
            update conversations c set updated_at = coalesce((select max(created_at) from messages m where m.conversation_no = c.no), updated_at)";
        self.connection.batch_execute(sql).unwrap();
        let connection = &mut self.connection;
        let mut find = |id: &MessageId| messages::find(connection, *id).unwrap().unwrap();
        self.messages = self.sent.iter().map(&mut find).collect();
        let all: Vec<i64> = (1..=CONVERSATIONS).collect();
        self.people = participants::of_conversations(&mut self.connection, &all).unwrap();
        let everybody: Vec<i64> = (1..=USERS).collect();
        self.blocks = blocks::among(&mut self.connection, &everybody).unwrap();
    }
}
