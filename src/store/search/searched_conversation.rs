//! Where somebody may search: conversations, each with the role as which they read it.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};

use super::conditions::{Position, too_broad};
use crate::domain::access::{Access, Requester, Sight};
use crate::domain::conversation::Participant;
use crate::domain::ids::{ConversationId, ConversationNo, Seq, UserNo};
use crate::domain::refusal::Refusal;
use crate::domain::search::SubjectFilter;
use crate::domain::snapshot::Reader;
use crate::error::Error;
use crate::store::access::{may_read, role_or_none};
use crate::store::businesses;
use crate::store::conversations::{self, Key};
use crate::store::mine::read_to;
use crate::store::participants;
use crate::store::pool::explain;

/// A conversation that is searched.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub(super) struct SearchedConversation {
    #[diesel(sql_type = BigInt)]
    pub(super) no: i64,
    /// The role for comparison with an audience.
    #[diesel(sql_type = Text)]
    pub(super) role: String,
    /// The searcher sees only messages after this seq.
    #[diesel(sql_type = BigInt)]
    pub(super) sees_from: Seq,
    /// Up to where the searcher has read it.
    #[diesel(sql_type = BigInt)]
    pub(super) read: Seq,
    /// Its last seq.
    #[diesel(sql_type = BigInt)]
    pub(super) last: Seq,
    /// When it last changed; none of its messages is newer.
    #[diesel(sql_type = Timestamptz)]
    pub(super) active: DateTime<Utc>,
    /// The last seq of which there are documents. Those beyond it belong to an index that is not used.
    #[diesel(sql_type = BigInt)]
    pub(super) indexed: Seq,
}

impl SearchedConversation {
    /// The most documents that the searcher sees there.
    pub(super) fn documents(&self) -> i64 {
        let after = self.indexed - self.sees_from;
        after.max(0)
    }

    /// Whether the searcher sees what has this seq, if its audience admits them.
    pub(super) fn sees_seq(&self, seq: Seq) -> bool {
        let sight = Sight {
            sees_from: self.sees_from,
            ..Sight::of_role(Some(&self.role))
        };
        sight.sees_seq(seq)
    }

    /// As whom the searcher reads it.
    pub(super) fn reader(&self, no: UserNo) -> Reader {
        Reader {
            no,
            role: Some(self.role.clone()),
            sees_from: self.sees_from,
        }
    }

    /// A position after which none of its documents is.
    pub(super) fn end(&self) -> Position {
        Position {
            at: self.active,
            conversation: self.no,
            seq: self.indexed,
        }
    }
}

/// How the searcher reads a conversation that they named.
pub(super) enum Entrance {
    /// They participate.
    AsParticipant(SearchedConversation),
    /// Their token opens it.
    AsStaff(SearchedConversation),
    /// They may not.
    Refused(Refusal),
    /// It is not about the subject that is searched for.
    OffSubject,
}

/// The number of the consumer that writes documents; `None` if it has never run.
pub(super) fn consumer(connection: &mut PgConnection, name: &str) -> Result<Option<i32>, Error> {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        no: i32,
    }
    let found = diesel::sql_query("select no from feed_consumers where name = $1")
        .bind::<Text, _>(name)
        .get_result::<Number>(connection);
    let found = found.optional().map_err(explain)?;
    Ok(found.map(|found| found.no))
}

/// The seq up to which the consumer `$2` has written documents of conversation `c`.
const INDEXED: &str = "coalesce((select w.seq from feed_watermarks w where w.consumer_no = $2 and w.conversation_no = c.no), 0)";

/// The conversations that a user participates in and may read, most recently changed first.
// Raw SQL: scans the user's participations by index, and reads each conversation and its watermark by key.
pub(super) fn own(
    connection: &mut PgConnection,
    requester: Requester,
    consumer: Option<i32>,
    subject: Option<&SubjectFilter>,
) -> Result<Vec<SearchedConversation>, Error> {
    let (may_read, read_to) = (may_read("p"), read_to("p"));
    let sql = format!(
        "select c.no, p.role, p.sees_from, {read_to} as read, c.last_seq as last, c.updated_at as active, {INDEXED} as indexed
        from participants p join conversations c on c.no = p.conversation_no
        where p.user_no = $1 and {may_read}
            and ($3 is null or c.subject_type = $3 and c.subject_id = $4)
        order by c.updated_at desc, c.no desc"
    );
    diesel::sql_query(sql)
        .bind::<BigInt, _>(requester.no.0)
        .bind::<Nullable<BigInt>, _>(consumer.map(i64::from))
        .bind::<Nullable<Text>, _>(subject.map(|subject| subject.kind.as_str()))
        .bind::<Nullable<Text>, _>(subject.map(|subject| subject.id.as_str()))
        .load(connection)
        .map_err(too_broad)
}

/// One conversation.
pub(super) fn one(
    connection: &mut PgConnection,
    id: ConversationId,
    requester: Requester,
    consumer: Option<i32>,
    subject: Option<&SubjectFilter>,
) -> Result<Entrance, Error> {
    let Some(conversation) = conversations::find(connection, Key::Id(id))? else {
        return Ok(Entrance::Refused(Refusal::ConversationNotFound));
    };
    let own = participants::find(connection, conversation.no, requester.no)?;
    let staff = businesses::role_in(connection, &conversation, requester.no)?;
    let access = match Access::with_staff(own.as_ref(), requester.roles, staff) {
        Ok(access) => access,
        Err(denied) => return Ok(Entrance::Refused(denied.into())),
    };
    let is_about = |wanted: &SubjectFilter| {
        let own = conversation.subject.as_deref();
        own.is_some_and(|own| own.kind == wanted.kind && own.id == wanted.id)
    };
    if !subject.is_none_or(is_about) {
        return Ok(Entrance::OffSubject);
    }
    let reader = access.reader(requester.no);
    let conversation = SearchedConversation {
        no: conversation.no.0,
        role: role_or_none(&reader),
        sees_from: reader.sees_from,
        read: access.participant().map_or(0, Participant::read_to),
        last: conversation.last_seq,
        active: conversation.updated_at,
        indexed: indexed(connection, conversation.no, consumer)?,
    };
    Ok(match access {
        Access::Participant(_) | Access::StaffParticipant(_) => {
            Entrance::AsParticipant(conversation)
        }
        Access::BusinessStaff(_) | Access::Staff => Entrance::AsStaff(conversation),
    })
}

fn indexed(
    connection: &mut PgConnection,
    no: ConversationNo,
    consumer: Option<i32>,
) -> Result<Seq, Error> {
    #[derive(QueryableByName)]
    struct Indexed {
        #[diesel(sql_type = BigInt)]
        seq: Seq,
    }
    let sql = "select seq from feed_watermarks where consumer_no = $1 and conversation_no = $2";
    let found = diesel::sql_query(sql)
        .bind::<Nullable<BigInt>, _>(consumer.map(i64::from))
        .bind::<BigInt, _>(no.0)
        .get_result::<Indexed>(connection);
    let found = found.optional().map_err(explain)?;
    Ok(found.map_or(0, |found| found.seq))
}
