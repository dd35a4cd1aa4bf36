//! What somebody has sent a moment ago, for clients that send the same over REST and over a socket.

use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::clock::ago;
use super::messages::find;
use super::pool::explain;
use super::schema::{conversations, messages};
use crate::domain::ids::{ConversationId, ConversationNo, MessageId, Seq, UserNo};
use crate::domain::message::Message;
use crate::error::Error;

/// How long a moment is.
const SECONDS: u32 = 10;
/// Only so many of the newest changes are searched.
const AMONG: Seq = 500;

/// What is looked for.
pub struct SentLately {
    /// Where it was said.
    pub conversation: ConversationId,
    /// By whom.
    pub sender: UserNo,
    /// Its text.
    pub body: String,
    /// The seq of the message that it answers.
    pub reply_to: Option<Seq>,
    /// How its client id begins; without `%` and `_`.
    pub client_ids: &'static str,
}

/// The newest such message of the last 10 seconds, if there is one and it was not deleted.
pub fn sent_lately(
    connection: &mut PgConnection,
    wanted: &SentLately,
) -> Result<Option<Message>, Error> {
    let place: Option<(i64, Seq)> = conversations::table
        .filter(conversations::id.eq(wanted.conversation.0))
        .select((conversations::no, conversations::last_seq))
        .first(connection)
        .optional()
        .map_err(explain)?;
    let Some((no, last_seq)) = place else {
        return Ok(None);
    };
    let seq: Option<Seq> = messages::table
        .filter(messages::conversation_no.eq(no))
        .filter(messages::seq.gt(last_seq - AMONG))
        .filter(messages::sender_no.eq(wanted.sender.0))
        .filter(messages::created_at.gt(ago(SECONDS)))
        .filter(messages::deleted_at.is_null())
        .filter(messages::body.eq(&wanted.body))
        .filter(messages::reply_to.is_not_distinct_from(wanted.reply_to))
        .filter(messages::client_id.like(format!("{}%", wanted.client_ids)))
        .order(messages::seq.desc())
        .select(messages::seq)
        .first(connection)
        .optional()
        .map_err(explain)?;
    let conversation = ConversationNo(no);
    match seq {
        Some(seq) => find(connection, MessageId { conversation, seq }),
        None => Ok(None),
    }
}
