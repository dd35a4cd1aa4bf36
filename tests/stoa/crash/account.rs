//! What Postgres holds of a conversation, read without any of the server's code.

use diesel::sql_types::{BigInt, Text};
use diesel::{OptionalExtension, PgConnection, QueryableByName, RunQueryDsl, sql_query};

use crate::drive::Failure;

/// A stored conversation.
pub struct Account {
    pub last_seq: u64,
    /// Every seq of every kind of change, in order.
    pub seqs: Vec<u64>,
    pub messages: Vec<StoredMessage>,
}

/// A stored message.
#[derive(QueryableByName)]
pub struct StoredMessage {
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    #[diesel(sql_type = Text)]
    pub sender: String,
    #[diesel(sql_type = Text)]
    pub client_id: String,
    #[diesel(sql_type = Text)]
    pub body: String,
}

#[derive(QueryableByName)]
struct Counter {
    #[diesel(sql_type = BigInt)]
    no: i64,
    #[diesel(sql_type = BigInt)]
    last_seq: i64,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

const COUNTER: &str = "select no, last_seq from conversations where id = $1::uuid";
const SEQS: &str = "select seq as number from messages where conversation_no = $1
    union all select seq from message_changes where conversation_no = $1
    union all select seq from participant_changes where conversation_no = $1
    union all select seq from conversation_changes where conversation_no = $1
    order by number";
const MESSAGES: &str = "select seq, users.id as sender, client_id, body from messages
    join users on users.no = sender_no where conversation_no = $1 order by seq";

impl Account {
    /// Reads one conversation.
    pub fn read(connection: &mut PgConnection, conversation: &str) -> Result<Self, Failure> {
        let counter: Option<Counter> = sql_query(COUNTER)
            .bind::<Text, _>(conversation)
            .get_result(connection)
            .optional()?;
        let Counter { no, last_seq } =
            counter.ok_or_else(|| format!("conversation {conversation} is not stored"))?;
        let seqs: Vec<Number> = sql_query(SEQS).bind::<BigInt, _>(no).load(connection)?;
        let seqs: Result<Vec<u64>, _> = seqs
            .into_iter()
            .map(|seq| u64::try_from(seq.number))
            .collect();
        let messages = sql_query(MESSAGES).bind::<BigInt, _>(no).load(connection)?;
        Ok(Self {
            last_seq: u64::try_from(last_seq)?,
            seqs: seqs?,
            messages,
        })
    }
}

/// How many messages are stored in all conversations.
pub fn stored_messages(connection: &mut PgConnection) -> Result<u64, Failure> {
    let all: Number =
        sql_query("select count(*) as number from messages").get_result(connection)?;
    Ok(u64::try_from(all.number)?)
}
