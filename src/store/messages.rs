//! Reads messages: pages, single messages, and their earlier versions.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text};
use serde_json::Value;
use std::sync::Arc;

use super::pool::explain;
use super::schema::{message_changes, messages, users};
use crate::domain::forwarding::Forwarded;
use crate::domain::ids::{ConversationNo, MessageId, Seq, UserId, UserNo};
use crate::domain::mention::Mention;
use crate::domain::message::{Audience, ClientIdOrigin, Content, Message, MessageKind};
use crate::domain::thread::{InThread, Shown};
use crate::error::Error;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = messages)]
pub(super) struct MessageRow {
    conversation_no: i64,
    seq: i64,
    sender_no: i64,
    client_id: String,
    kind: String,
    body: String,
    reply_to: Option<i64>,
    attachments: Option<Value>,
    context: Option<Value>,
    audience_role: Option<String>,
    audience_user_no: Option<i64>,
    created_at: DateTime<Utc>,
    edited_at: Option<DateTime<Utc>>,
    deleted_at: Option<DateTime<Utc>>,
    card: Option<Value>,
    mentions: Option<Vec<String>>,
    forwarded: Option<Value>,
    thread_seq: Option<i64>,
    also_in_conversation: Option<bool>,
}

pub(super) fn assemble(
    (row, sender_id, actor_id): (MessageRow, String, Option<String>),
) -> Result<Message, Error> {
    let conversation = ConversationNo(row.conversation_no);
    let attachments = row
        .attachments
        .map(serde_json::from_value)
        .transpose()
        .map_err(Error::internal)?;
    let context = row
        .context
        .map(|value| serde_json::value::to_raw_value(&value))
        .transpose();
    let card = row
        .card
        .map(|card| serde_json::value::to_raw_value(&card))
        .transpose()
        .map_err(Error::internal)?;
    let mentions = row.mentions.into_iter().flatten();
    let origin = row.forwarded.map(serde_json::from_value).transpose();
    let origin = origin.map_err(Error::internal)?;
    let content = Content {
        client_id: row.client_id,
        origin: ClientIdOrigin::Client,
        body: row.body,
        reply_to: row.reply_to.map(|seq| MessageId { conversation, seq }),
        attachments: attachments.unwrap_or_default(),
        context: context
            .map_err(Error::internal)?
            .filter(|json| json.get() != "null"),
        kind: MessageKind::named(&row.kind)
            .ok_or_else(|| Error::internal("unknown kind of message"))?,
        audience: row
            .audience_role
            .map(Audience::Role)
            .or(row.audience_user_no.map(|no| Audience::User(UserNo(no)))),
        mentions: mentions.map(Mention::stored).collect(),
        forwarded: origin.map(Forwarded::stored),
        thread: row.thread_seq.map(|seq| InThread {
            root: MessageId { conversation, seq },
            shown: Shown::of(row.also_in_conversation.unwrap_or_default()),
        }),
    };
    Ok(Message {
        id: MessageId {
            conversation,
            seq: row.seq,
        },
        sender: UserNo(row.sender_no),
        sender_id: UserId::stored(sender_id),
        actor_id: actor_id.map(UserId::stored),
        content: Arc::new(content),
        card: card.map(Arc::from),
        created_at: row.created_at,
        edited_at: row.edited_at,
        deleted_at: row.deleted_at,
        from_blocked: false,
    })
}

/// The public id of a message's sender, looked up for each row. With a join the planner overestimates the rows
/// of an unusually large conversation and reads all users.
pub(super) fn sender_id() -> SqlLiteral<Text> {
    sql("(select u.id from users u where u.no = messages.sender_no)")
}

/// The public id of the person whose step said a message of a deal: the step is the newest one before it. One lookup in the steps'
/// primary key, and none for a message with a sender.
pub(super) fn actor_id() -> SqlLiteral<Nullable<Text>> {
    sql(&actor_of("messages"))
}

/// The same for a table of messages with another name.
pub(super) fn actor_of(messages: &str) -> String {
    let id = of_step(
        messages,
        "(select u.id from users u where u.no = s.actor_no)",
    );
    format!("(case when {messages}.sender_no = 0 then {id} end)")
}

/// The number of that person, for a message of this table that has no sender.
pub(super) fn actor_no_of(messages: &str) -> String {
    of_step(messages, "s.actor_no")
}

/// A column of the step that said a message: the newest one before it.
fn of_step(messages: &str, column: &str) -> String {
    format!(
        "(select {column} from flow_steps s
            where s.conversation_no = {messages}.conversation_no and s.seq < {messages}.seq order by s.seq desc limit 1)"
    )
}

/// Which page of a conversation's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The newest ones.
    Newest,
    /// The last ones before a seq.
    Before(Seq),
    /// The first ones after a seq.
    After(Seq),
}

impl Page {
    /// The exclusive bounds of the page's seqs.
    pub(super) fn bounds(self) -> (Seq, Seq) {
        match self {
            Self::Newest => (0, Seq::MAX),
            Self::Before(seq) => (0, seq),
            Self::After(seq) => (seq, Seq::MAX),
        }
    }
}

/// Reads a message regardless of its audience.
pub fn find(connection: &mut PgConnection, id: MessageId) -> Result<Option<Message>, Error> {
    messages::table
        .inner_join(users::table.on(users::no.eq(messages::sender_no)))
        .filter(
            messages::conversation_no
                .eq(id.conversation.0)
                .and(messages::seq.eq(id.seq)),
        )
        .select((MessageRow::as_select(), users::id, actor_id()))
        .first::<(MessageRow, String, Option<String>)>(connection)
        .optional()
        .map_err(explain)?
        .map(assemble)
        .transpose()
}

/// Like `find`, and locks the message until the transaction ends.
pub(super) fn lock(connection: &mut PgConnection, id: MessageId) -> Result<Option<Message>, Error> {
    let there: Option<i64> = messages::table
        .find((id.conversation.0, id.seq))
        .select(messages::seq)
        .for_update()
        .first(connection)
        .optional()
        .map_err(explain)?;
    there.map_or(Ok(None), |_| find(connection, id))
}

/// The message that a sender stored with this client id.
pub fn by_client_id(
    connection: &mut PgConnection,
    sender: UserNo,
    client_id: &str,
) -> Result<Option<(Message, i64)>, Error> {
    messages::table
        .inner_join(users::table.on(users::no.eq(messages::sender_no)))
        .filter(
            messages::sender_no
                .eq(sender.0)
                .and(messages::client_id.eq(client_id)),
        )
        .select((MessageRow::as_select(), messages::fingerprint, users::id))
        .first::<(MessageRow, i64, String)>(connection)
        .optional()
        .map_err(explain)?
        .map(|(row, fingerprint, id)| Ok((assemble((row, id, None))?, fingerprint)))
        .transpose()
}

/// Messages by conversation and seq, in no particular order.
pub(super) fn by_keys(
    connection: &mut PgConnection,
    keys: &[(i64, i64)],
) -> Result<Vec<Message>, Error> {
    let (conversations, seqs): (Vec<i64>, Vec<i64>) = keys.iter().copied().unzip();
    messages::table
        // Raw, because Diesel has no row values. Each pair is one lookup in the primary key.
        .filter(
            sql::<Bool>("(messages.conversation_no, messages.seq) in (select * from unnest(")
                .bind::<diesel::sql_types::Array<diesel::sql_types::Int8>, _>(conversations)
                .sql(", ")
                .bind::<diesel::sql_types::Array<diesel::sql_types::Int8>, _>(seqs)
                .sql("))"),
        )
        .select((MessageRow::as_select(), sender_id(), actor_id()))
        .load::<(MessageRow, String, Option<String>)>(connection)
        .map_err(explain)?
        .into_iter()
        .map(assemble)
        .collect()
}

/// An earlier version of a message's body.
#[derive(Clone, Debug, Queryable)]
pub struct Wording {
    /// The body; `None` once it was emptied, since the message was deleted long ago.
    pub body: Option<String>,
    /// When it was replaced.
    pub replaced_at: DateTime<Utc>,
    /// The user who replaced it.
    pub replaced_by: String,
}

/// All earlier versions of a message, oldest first.
pub fn wordings(connection: &mut PgConnection, id: MessageId) -> Result<Vec<Wording>, Error> {
    let mut found: Vec<(Seq, Wording)> = message_changes::table
        .inner_join(users::table.on(users::no.eq(message_changes::actor_no)))
        .filter(
            message_changes::conversation_no
                .eq(id.conversation.0)
                .and(message_changes::target_seq.eq(id.seq)),
        )
        .select((
            message_changes::seq,
            (
                message_changes::earlier_body,
                message_changes::created_at,
                users::id,
            ),
        ))
        .load(connection)
        .map_err(explain)?;
    // Sorted here: with an `order by`, the planner may read every change of the conversation.
    found.sort_by_key(|(seq, _)| *seq);
    Ok(found.into_iter().map(|(_, wording)| wording).collect())
}
