//! Catch-up checks: the last seqs of conversations that have a room on this server, which other servers may have advanced.

use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::pool::explain;
use super::schema::{conversations, participants};
use crate::domain::ids::{ConversationNo, Seq, UserNo};
use crate::error::Error;

/// A participant's watermarks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermarks {
    /// The conversation.
    pub conversation: ConversationNo,
    /// The participant.
    pub user: UserNo,
    /// The highest seq delivered to them.
    pub delivered: Seq,
    /// The highest seq that they have read.
    pub read: Seq,
    /// Up to where they have read everything, threads too.
    pub threads: Seq,
    /// From where on they count it as unread again.
    pub unread_from: Option<Seq>,
}

/// The newest seq of each of these conversations.
pub fn last_seqs(
    connection: &mut PgConnection,
    rooms: &[ConversationNo],
) -> Result<Vec<(ConversationNo, Seq)>, Error> {
    let numbers = rooms.iter().map(|no| no.0);
    let found: Vec<(i64, Seq)> = conversations::table
        .filter(conversations::no.eq_any(numbers.collect::<Vec<_>>()))
        .select((conversations::no, conversations::last_seq))
        .load(connection)
        .map_err(explain)?;
    let seq = |(no, seq)| (ConversationNo(no), seq);
    Ok(found.into_iter().map(seq).collect())
}

/// The watermarks of all participants of these conversations who have any.
pub fn watermarks(
    connection: &mut PgConnection,
    rooms: &[ConversationNo],
) -> Result<Vec<Watermarks>, Error> {
    let numbers = rooms.iter().map(|no| no.0);
    let found: Vec<(i64, i64, Seq, Seq, Seq, Option<Seq>)> = participants::table
        .filter(participants::conversation_no.eq_any(numbers.collect::<Vec<_>>()))
        .filter(participants::delivered_seq.gt(0))
        .select((
            participants::conversation_no,
            participants::user_no,
            participants::delivered_seq,
            participants::read_seq,
            participants::threads_seq,
            participants::unread_from,
        ))
        .load(connection)
        .map_err(explain)?;
    let marks = |(conversation, user, delivered, read, threads, unread_from)| Watermarks {
        conversation: ConversationNo(conversation),
        user: UserNo(user),
        delivered,
        read,
        threads,
        unread_from,
    };
    Ok(found.into_iter().map(marks).collect())
}
