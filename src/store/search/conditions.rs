//! What a document must be to be proposed, in SQL, and the parameters that all statements of a search share.

use chrono::{DateTime, Utc};
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::BoxedSqlQuery;
use diesel::result::{DatabaseErrorKind, Error as Db};
use diesel::sql_types::{BigInt, Bool, Nullable, SmallInt, Text, Timestamptz};
use std::time::{Duration, Instant};

use super::plans::Bounds;
use crate::domain::ids::{Seq, UserNo};
use crate::domain::message::Message;
use crate::domain::refusal::Refusal;
use crate::domain::search::{SearchQuery, Traits};
use crate::error::Error;
use crate::store::access::{is_seen, is_wanted};
use crate::store::pool::explain;
use crate::store::unread::of_others;

/// A position in the list of hits, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// When the message was sent.
    pub at: DateTime<Utc>,
    /// The number of its conversation.
    pub conversation: i64,
    /// Its seq.
    pub seq: Seq,
}

impl Position {
    /// The position after everything that was sent later than this.
    pub(super) fn after(at: DateTime<Utc>) -> Self {
        let (conversation, seq) = (i64::MAX, Seq::MAX);
        Self {
            at,
            conversation,
            seq,
        }
    }

    /// The position before everything that was sent at this time or later.
    pub(super) fn before(at: DateTime<Utc>) -> Self {
        let (conversation, seq) = (0, 0);
        Self {
            at,
            conversation,
            seq,
        }
    }

    /// The position of a message.
    pub(super) fn of(message: &Message) -> Self {
        Self {
            at: message.created_at,
            conversation: message.id.conversation.0,
            seq: message.seq(),
        }
    }
}

/// What a document must be.
#[derive(Clone, Debug)]
pub(super) struct Conditions {
    words: Option<String>,
    has: Traits,
    pub(super) since: Option<DateTime<Utc>>,
    pub(super) until: Option<DateTime<Utc>>,
    is_unread: bool,
    pub(super) me: UserNo,
    pub(super) bounds: Bounds,
    pub(super) deadline: Deadline,
}

/// The end of a search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    begun: Instant,
    time: Duration,
}

impl Deadline {
    /// As much time as all statements of a search have together, from now on.
    pub(super) fn after(time: Duration) -> Self {
        Self {
            begun: Instant::now(),
            time,
        }
    }

    /// Limits the statements that follow to what is left of the time.
    pub(super) fn limit(self, connection: &mut PgConnection) -> Result<(), Error> {
        let left = self.time.saturating_sub(self.begun.elapsed()).as_millis();
        let limit = format!("set local statement_timeout = {}", left.max(1));
        diesel::sql_query(limit)
            .execute(connection)
            .map(drop)
            .map_err(explain)
    }
}

/// A proposed message.
#[derive(Clone, Copy, Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    total: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    conversation_no: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    seq: Option<Seq>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    at: Option<DateTime<Utc>>,
}

/// What a statement proposes.
#[derive(Clone, Debug, Default)]
pub(super) struct Proposed {
    /// The messages, newest first.
    pub(super) positions: Vec<Position>,
    /// How many there are, also beyond these.
    pub(super) total: i64,
}

/// The query as a row, so that its text is read once for each statement and not once for each document.
pub(super) const QUERY: &str = "q as materialized (select $1::text::tsquery as q)";
/// Whether the words of document `d` match.
pub(super) const MATCHES: &str = "($1::text is null or d.words @@ (select q from q))";
/// The page of the documents in `hits`, each with the number of all of them.
pub(super) const PAGE: &str = "
select t.total, h.conversation_no, h.seq, h.at from (select count(*) as total from hits) t left join lateral (
    select * from hits where $7::timestamptz is null or (at, conversation_no, seq) < ($7, $8, $9)
    order by at desc, conversation_no desc, seq desc limit $10
) h on true order by h.at desc, h.conversation_no desc, h.seq desc";

/// Everything about document `d` but its words, for a reader with this role who sees messages after `sees_from` and has read up to
/// `read`.
// `is true` keeps the planner from reading the documents of all conversations by their time.
pub(super) fn admitted(role: &str, sees_from: &str, read: &str) -> String {
    let (seen, note) = (
        is_seen("d", role, "$6", sees_from),
        Traits::of_notes().bits(),
    );
    let (of_others, wanted) = (of_others("d", "$6"), is_wanted("d", "$6"));
    format!(
        "{seen} and {wanted} and d.traits & $2 = $2
            and (($3::timestamptz is null or d.at >= $3) and ($4::timestamptz is null or d.at < $4)) is true
            and (not $5 or d.seq > {read} and {of_others} and d.traits & {note}::smallint = 0)"
    )
}

impl Conditions {
    pub(super) fn new(
        query: &SearchQuery,
        senders: &[UserNo],
        me: UserNo,
        bounds: Bounds,
        deadline: Deadline,
    ) -> Self {
        Self {
            words: super::lexemes::query(query, senders),
            has: query.filters.has,
            since: query.filters.since,
            until: query.filters.until,
            is_unread: query.filters.unread,
            me,
            bounds,
            deadline,
        }
    }

    /// A statement with parameters 1 to 10: the query, what a message has, since, until, whether unread, the
    /// searcher, the position after which the page begins, the length of the page.
    pub(super) fn bind(
        &self,
        sql: &str,
        position: Option<Position>,
        limit: usize,
    ) -> BoxedSqlQuery<'static, Pg, diesel::query_builder::SqlQuery> {
        let (conversation, seq) = position.map_or((0, 0), |one| (one.conversation, one.seq));
        diesel::sql_query(sql)
            .into_boxed::<Pg>()
            .bind::<Nullable<Text>, _>(self.words.clone())
            .bind::<SmallInt, _>(self.has.bits())
            .bind::<Nullable<Timestamptz>, _>(self.since)
            .bind::<Nullable<Timestamptz>, _>(self.until)
            .bind::<Bool, _>(self.is_unread)
            .bind::<BigInt, _>(self.me.0)
            .bind::<Nullable<Timestamptz>, _>(position.map(|one| one.at))
            .bind::<BigInt, _>(conversation)
            .bind::<BigInt, _>(seq)
            .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
    }

    /// Runs a statement that ends in `PAGE`, in what is left of the time.
    pub(super) fn propose(
        &self,
        connection: &mut PgConnection,
        statement: BoxedSqlQuery<'static, Pg, diesel::query_builder::SqlQuery>,
    ) -> Result<Proposed, Error> {
        self.deadline.limit(connection)?;
        let rows: Vec<Row> = statement.load(connection).map_err(too_broad)?;
        let position = |row: &Row| {
            Some(Position {
                at: row.at?,
                conversation: row.conversation_no?,
                seq: row.seq?,
            })
        };
        Ok(Proposed {
            total: rows.first().map_or(0, |row| row.total),
            positions: rows.iter().filter_map(position).collect(),
        })
    }
}

/// The error of a statement: one that ran out of time found too much.
pub(super) fn too_broad(error: Db) -> Error {
    match &error {
        Db::DatabaseError(DatabaseErrorKind::Unknown, told)
            if told.message().contains("statement timeout") =>
        {
            Refusal::SearchTooBroad.into()
        }
        _ => explain(error),
    }
}
