//! The two statements that store messages: what they answer, and that no seq is left out.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use stoa::domain::ids::{ConversationNo, MessageId, PolicyVersion, Seq, UserNo};
use stoa::domain::message::{Audience, Content};
use stoa::domain::principal::Roles;
use stoa::store::append::{Appended, NewMessage, append, append_deduplicating, append_with_files};
use stoa::store::pool::Pool;

use crate::test_app::{fresh_database, parse};

/// Three people, and three conversations of theirs.
const FILL: &str = "
insert into users (id) select 'user-' || i from generate_series(1, 3) i;
insert into conversations (id, kind, created_by) select md5(i::text)::uuid, 'group', 1 from generate_series(1, 3) i;
insert into participants (conversation_no, user_no, role) select c, u, 'member' from generate_series(1, 3) c, generate_series(1, 3) u";

fn connection() -> PgConnection {
    let url = fresh_database();
    let secret = "long enough a secret for the tests";
    let config = parse(&["stoa", "--database-url", &url, "--jwt-secret", secret]);
    let pool = Pool::new(&url, &config.database).expect("a pool");
    let mut connection = pool.for_appends().expect("a connection");
    connection.batch_execute(FILL).expect("a filled database");
    connection
}

fn content(client_id: &str) -> Content {
    Content::text(Some(client_id.to_owned()), format!("said {client_id}"))
}

/// A message to a conversation, decided under a policy, by its first participant.
fn to(conversation: i64, policy: PolicyVersion, content: &Content) -> NewMessage<'_> {
    NewMessage {
        conversation: ConversationNo(conversation),
        policy,
        sender: UserNo(1),
        roles: Roles::default(),
        content,
        fingerprint: 7,
    }
}

#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = BigInt)]
    last_seq: Seq,
    #[diesel(sql_type = BigInt)]
    messages: i64,
    #[diesel(sql_type = BigInt)]
    highest: Seq,
}

/// The last seq of a conversation, which must be the number of its messages and the highest seq of them.
fn last_seq(connection: &mut PgConnection, conversation: i64) -> Seq {
    let query = "select last_seq, (select count(*) from messages where conversation_no = no) as messages,
        (select coalesce(max(seq), 0) from messages where conversation_no = no) as highest from conversations where no = $1";
    let stored: Stored = diesel::sql_query(query)
        .bind::<BigInt, _>(conversation)
        .get_result(connection)
        .unwrap();
    assert_eq!(stored.last_seq, stored.messages);
    assert_eq!(stored.last_seq, stored.highest);
    stored.last_seq
}

/// The seqs of those that are stored now; other outcomes by name.
fn told(outcomes: &[Appended]) -> Vec<String> {
    let name = |outcome: &Appended| match outcome {
        Appended::Stored { seq, .. } => format!("fresh {seq}"),
        Appended::Duplicate { seq, .. } => format!("known {seq}"),
        Appended::Orphaned => "orphaned".to_owned(),
        Appended::WithoutFile(problem) => format!("{problem:?}"),
        Appended::Stale => "stale".to_owned(),
    };
    outcomes.iter().map(name).collect()
}

type Append = fn(&mut PgConnection, &[NewMessage<'_>]) -> Result<Vec<Appended>, stoa::error::Error>;
const EACH: [Append; 3] = [append, append_deduplicating, append_with_files];

#[test]
fn each_conversation_counts_its_own() {
    for append in EACH {
        let mut connection = connection();
        let drafts = ["a", "b", "c", "d", "e"].map(content);
        let places = [2, 1, 2, 3, 2];
        let batch: Vec<_> = drafts
            .iter()
            .zip(places)
            .map(|(d, c)| to(c, 0, d))
            .collect();
        let outcomes = append(&mut connection, &batch).unwrap();
        assert_eq!(
            told(&outcomes),
            ["fresh 1", "fresh 1", "fresh 2", "fresh 1", "fresh 3"]
        );
        assert_eq!([1, 2, 3].map(|c| last_seq(&mut connection, c)), [1, 3, 1]);
    }
}

#[test]
fn a_repeat_among_new_ones_takes_no_seq() {
    for append in EACH {
        let mut connection = connection();
        let [a, b, c] = ["a", "b", "c"].map(content);
        append(&mut connection, &[to(1, 0, &a)]).unwrap();
        let outcomes =
            append(&mut connection, &[to(1, 0, &b), to(2, 0, &a), to(1, 0, &c)]).unwrap();
        assert_eq!(told(&outcomes), ["fresh 2", "known 1", "fresh 3"]);
        assert!(matches!(
            outcomes[1],
            Appended::Duplicate {
                conversation: ConversationNo(1),
                fingerprint: 7,
                ..
            }
        ));
        assert_eq!([1, 2].map(|c| last_seq(&mut connection, c)), [3, 0]);
    }
}

#[test]
fn a_message_decided_under_another_policy_is_left_out() {
    for append in EACH {
        let mut connection = connection();
        connection
            .batch_execute("update conversations set policy_version = 1 where no = 2")
            .unwrap();
        let [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map(content);
        let batch = [to(1, 0, &a), to(2, 0, &b), to(3, 0, &c), to(9, 0, &d)];
        let outcomes = append(&mut connection, &batch).unwrap();
        assert_eq!(told(&outcomes), ["fresh 1", "stale", "fresh 1", "stale"]);
        let mixed = [to(2, 0, &b), to(2, 1, &d), to(2, 0, &e)];
        let outcomes = append(&mut connection, &mixed).unwrap();
        assert_eq!(told(&outcomes), ["stale", "fresh 1", "stale"]);
        assert_eq!([1, 2, 3].map(|c| last_seq(&mut connection, c)), [1, 1, 1]);
    }
}

#[test]
fn a_reply_needs_its_original() {
    for append in EACH {
        let mut connection = connection();
        let only = |id: &str, audience| Content {
            audience: Some(audience),
            ..content(id)
        };
        let reply = |id: &str, seq| Content {
            reply_to: Some(MessageId {
                conversation: ConversationNo(1),
                seq,
            }),
            ..content(id)
        };
        let said = [
            content("a"),
            only("b", Audience::User(UserNo(1))),
            only("c", Audience::User(UserNo(2))),
            only("d", Audience::Role("member".into())),
            only("e", Audience::Role("helper".into())),
        ];
        let batch: Vec<_> = said.iter().map(|content| to(1, 0, content)).collect();
        append(&mut connection, &batch).unwrap();
        let replies = [
            reply("r1", 1),
            reply("r2", 2),
            reply("r3", 3),
            reply("r4", 4),
            reply("r5", 5),
            reply("r6", 99),
            content("f"),
        ];
        let batch: Vec<_> = replies.iter().map(|content| to(1, 0, content)).collect();
        let outcomes = append(&mut connection, &batch).unwrap();
        let expected = [
            "fresh 6", "fresh 7", "orphaned", "fresh 8", "orphaned", "orphaned", "fresh 9",
        ];
        assert_eq!(told(&outcomes), expected);
        assert_eq!(
            told(&append(&mut connection, &[to(1, 0, &reply("r7", 1))]).unwrap()),
            ["fresh 10"]
        );
        assert_eq!(last_seq(&mut connection, 1), 10);
    }
}
