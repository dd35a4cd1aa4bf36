//! Lists by offset and limit with their total length, for clients that count pages.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use super::access::{may_read, role_or_none, visible_to, wanted_by};
use super::conversations::{ListedRow, complete, cut_columns, with_messages};
use super::messages::by_keys;
use super::mine::is_hidden;
use super::pool::explain;
use super::replay::in_snapshot;
use super::schema::{conversations, messages};
use super::unread::{AMONG, Tombstones};
use crate::domain::ids::{ConversationNo, Seq, UserNo};
use crate::domain::message::Message;
use crate::domain::snapshot::{Listed, Reader};
use crate::error::Error;

/// A window of a list.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// The number of items before it.
    pub offset: i64,
    /// The most items in it.
    pub limit: i64,
}

/// A window of a list with the list's length.
#[derive(Clone, Debug)]
pub struct Counted<T> {
    /// The items.
    pub items: Vec<T>,
    /// The length of the whole list.
    pub total: i64,
}

/// Which of a user's conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// Direct conversations without a subject and without a deal.
    Plain,
    /// Those about something of one type: the subject, else what its data names, as `bid_id` does. If the data names several, the
    /// first of `among` counts.
    About {
        /// The types that are distinguished.
        among: &'static [&'static str],
        /// The type; `None` for conversations about none of them.
        kind: Option<&'static str>,
    },
    /// Those whose subject is of this type.
    OfSubject(&'static str),
    /// Direct conversations whose subject is of none of these types.
    Direct {
        /// The types.
        about_none_of: &'static [&'static str],
    },
    /// The others whose subject is of none of these types.
    Several {
        /// The types.
        about_none_of: &'static [&'static str],
    },
}

impl Which {
    /// The condition on `c`, a row of `conversations`. `$2` has the types that are distinguished, `$3` the wanted one.
    fn condition(self) -> &'static str {
        match self {
            Self::All => "($2::text[] is null and $3::text is null)",
            Self::Plain => {
                "($2::text[] is null and $3::text is null and c.kind = 'direct' and c.subject_type is null
    and not exists (select from conversation_flows f where f.conversation_no = c.no))"
            }
            Self::About { .. } => {
                "(select kind from unnest($2::text[]) with ordinality as known(kind, position)
    where c.subject_type = kind or jsonb_typeof(c.subject -> 'data' -> (kind || '_id')) = 'string'
    order by c.subject_type = kind desc, position limit 1) is not distinct from $3"
            }
            Self::OfSubject(_) => "($2::text[] is null and c.subject_type = $3)",
            Self::Direct { .. } => {
                "($3::text is null and c.kind = 'direct' and coalesce(c.subject_type, '') <> all($2))"
            }
            Self::Several { .. } => {
                "($3::text is null and c.kind <> 'direct' and coalesce(c.subject_type, '') <> all($2))"
            }
        }
    }

    fn kinds(self) -> (Option<&'static [&'static str]>, Option<&'static str>) {
        match self {
            Self::All | Self::Plain => (None, None),
            Self::About { among, kind } => (Some(among), kind),
            Self::OfSubject(kind) => (None, Some(kind)),
            Self::Direct { about_none_of } | Self::Several { about_none_of } => {
                (Some(about_none_of), None)
            }
        }
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

// Raw SQL: one text for counting and listing. It scans the user's participations by index.
fn from_users_list(which: Which) -> String {
    let (may_read, condition) = (may_read("p"), which.condition());
    let is_hidden = is_hidden("p", "c.last_seq");
    format!(
        "
from participants p join conversations c on c.no = p.conversation_no
where p.user_no = $1 and {may_read} and {condition} and not {is_hidden}"
    )
}

/// A window of a user's conversations that they have not hidden, most recently changed first, with their newest messages and unread counts.
pub fn conversations(
    connection: &mut PgConnection,
    user: UserNo,
    which: Which,
    window: Window,
) -> Result<Counted<Listed>, Error> {
    let (from_users_list, (among, kind)) = (from_users_list(which), which.kinds());
    in_snapshot(connection, |connection| {
        let total = diesel::sql_query(format!("select count(*) as n {from_users_list}"))
            .bind::<BigInt, _>(user.0)
            .bind::<Nullable<Array<Text>>, _>(among)
            .bind::<Nullable<Text>, _>(kind)
            .get_result::<Number>(connection)
            .map_err(explain)?;
        let columns = cut_columns();
        let (cut, messages) = (
            format!(
                "select {columns} {from_users_list} order by c.updated_at desc, c.no desc limit $4 offset $5"
            ),
            with_messages(Tombstones::LeftOut),
        );
        let rows: Vec<ListedRow> = diesel::sql_query(format!("with cut as ({cut}), {messages}"))
            .bind::<BigInt, _>(user.0)
            .bind::<Nullable<Array<Text>>, _>(among)
            .bind::<Nullable<Text>, _>(kind)
            .bind::<BigInt, _>(window.limit)
            .bind::<BigInt, _>(window.offset)
            .load(connection)
            .map_err(explain)?;
        Ok(Counted {
            items: complete(connection, user, rows)?,
            total: total.n,
        })
    })
}

/// A window of the messages that a reader may see, without deleted ones, counted from the newest, in order of seq.
pub fn messages(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    reader: &Reader,
    window: Window,
) -> Result<Counted<Message>, Error> {
    in_snapshot(connection, |connection| {
        let total = messages::table
            .filter(messages::conversation_no.eq(conversation.0))
            .filter(messages::deleted_at.is_null())
            .filter(visible_to(
                reader.no.0,
                role_or_none(reader),
                reader.sees_from,
            ))
            .count()
            .get_result(connection)
            .map_err(explain)?;
        let items = window_of(connection, conversation, reader, window)?;
        Ok(Counted { items, total })
    })
}

/// The newest message among the newest changes that a reader may see, that was not deleted, and that is not of a user whom they have blocked.
pub fn newest(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    reader: &Reader,
) -> Result<Option<Message>, Error> {
    let oldest = conversations::table
        .find(conversation.0)
        .select(conversations::last_seq - AMONG)
        .single_value();
    let seq: Option<Seq> = messages::table
        .filter(messages::conversation_no.eq(conversation.0))
        .filter(messages::seq.nullable().gt(oldest))
        .filter(messages::deleted_at.is_null())
        .filter(visible_to(
            reader.no.0,
            role_or_none(reader),
            reader.sees_from,
        ))
        .filter(wanted_by(reader.no.0))
        .order(messages::seq.desc())
        .select(messages::seq)
        .first(connection)
        .optional()
        .map_err(explain)?;
    let keys: Vec<(i64, Seq)> = seq.map(|seq| (conversation.0, seq)).into_iter().collect();
    Ok(by_keys(connection, &keys)?.pop())
}

fn window_of(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    reader: &Reader,
    window: Window,
) -> Result<Vec<Message>, Error> {
    let seqs: Vec<Seq> = messages::table
        .filter(messages::conversation_no.eq(conversation.0))
        .filter(messages::deleted_at.is_null())
        .filter(visible_to(
            reader.no.0,
            role_or_none(reader),
            reader.sees_from,
        ))
        .order(messages::seq.desc())
        .limit(window.limit)
        .offset(window.offset)
        .select(messages::seq)
        .load(connection)
        .map_err(explain)?;
    let keys: Vec<(i64, Seq)> = seqs.iter().map(|seq| (conversation.0, *seq)).collect();
    let mut items = by_keys(connection, &keys)?;
    items.sort_by_key(Message::seq);
    Ok(items)
}
