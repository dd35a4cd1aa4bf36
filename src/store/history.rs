//! A page of messages in one round trip, and in the same time however long the conversation is.

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{self, BigInt, Bool, Jsonb, Nullable, Text, Timestamptz};

use super::messages::{MessageRow, Page, assemble, role_or_none};
use super::pool::explain;
use crate::domain::ids::{ConversationId, ConversationNo, UserNo};
use crate::domain::message::Message;
use crate::domain::snapshot::Reader;
use crate::error::Error;

/// Who asks for a page, and of which conversation.
#[derive(Clone, Debug)]
pub enum Visit {
    /// Somebody of whom it is to be seen whether they may read.
    Stranger {
        /// The conversation, if there is one.
        conversation: ConversationId,
        /// The number.
        no: UserNo,
        /// Staff read every conversation.
        opens_every_conversation: bool,
    },
    /// Somebody who may read.
    Known {
        /// The conversation.
        conversation: ConversationNo,
        /// The number and the role.
        reader: Reader,
    },
}

// Raw SQL: a page is the end of one index scan, cut off before anything else is looked up. Of a join, a plan for whatever values come
// would think that the page is all there is, and sort the whole conversation.
const PAGE: &str = "
select m.conversation_no, m.seq, m.sender_no, m.client_id, m.kind, m.body, m.reply_to, m.attachments, m.context, m.audience_role,
    m.audience_user_no, m.created_at, m.edited_at, m.deleted_at, m.card, (select u.id from users u where u.no = m.sender_no)
from (select * from messages where conversation_no = (select no from place)
    and (audience_role is null or audience_role = (select coalesce(role, 'staff') from place))
    and (audience_user_no is null or audience_user_no = (select reader from place))
    and seq > ";

struct History {
    visit: Visit,
    page: Page,
    limit: i64,
    bounds: (i64, i64),
    role: String,
}

impl History {
    /// Binds the conversation, the role and the reader, as one row or none.
    fn place<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match &self.visit {
            Visit::Stranger {
                conversation,
                no,
                opens_every_conversation,
            } => {
                out.push_sql("with place as materialized (select * from (select c.no, v.no as reader, (select p.role from participants p
                    where p.conversation_no = c.no and p.user_no = v.no and p.membership = 'present' and not p.blocked) as role
                    from conversations c, (select ");
                out.push_bind_param::<BigInt, _>(&no.0)?;
                out.push_sql(" as no) v where c.id = ");
                out.push_bind_param::<sql_types::Uuid, _>(&conversation.0)?;
                out.push_sql(" offset 0) c where c.role is not null or ");
                out.push_bind_param::<Bool, _>(opens_every_conversation)?;
            }
            Visit::Known {
                conversation,
                reader,
            } => {
                out.push_sql("with place as materialized (select ");
                out.push_bind_param::<BigInt, _>(&conversation.0)?;
                out.push_sql(" as no, ");
                out.push_bind_param::<BigInt, _>(&reader.no.0)?;
                out.push_sql(" as reader, ");
                out.push_bind_param::<Text, _>(&self.role)?;
                out.push_sql(" as role");
            }
        }
        out.push_sql(")");
        Ok(())
    }
}

impl QueryFragment<Pg> for History {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.place(&mut out)?;
        out.push_sql(PAGE);
        out.push_bind_param::<BigInt, _>(&self.bounds.0)?;
        out.push_sql(" and seq < ");
        out.push_bind_param::<BigInt, _>(&self.bounds.1)?;
        out.push_sql(match self.page {
            Page::Newest | Page::Before(_) => " order by seq desc limit ",
            Page::After(_) => " order by seq limit ",
        });
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(") m order by m.seq");
        Ok(())
    }
}

// Four texts: each is prepared once for each connection.
impl QueryId for History {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

type Columns = (
    BigInt,
    BigInt,
    BigInt,
    Text,
    Text,
    Text,
    Nullable<BigInt>,
    Nullable<Jsonb>,
    Nullable<Jsonb>,
    Nullable<Text>,
    Nullable<BigInt>,
    Timestamptz,
    Nullable<Timestamptz>,
    Nullable<Timestamptz>,
    Nullable<Jsonb>,
);

impl Query for History {
    type SqlType = (Columns, Text);
}

impl RunQueryDsl<PgConnection> for History {}

/// At most `limit` messages that the visitor may see, in the order of seq. To a stranger, none also where there is no such
/// conversation or they may not read it: which of these, is for the caller to find out.
pub fn page(
    connection: &mut PgConnection,
    visit: Visit,
    page: Page,
    limit: i64,
) -> Result<Vec<Message>, Error> {
    let role = match &visit {
        Visit::Stranger { .. } => String::new(),
        Visit::Known { reader, .. } => role_or_none(reader),
    };
    let history = History {
        visit,
        page,
        limit,
        bounds: page.bounds(),
        role,
    };
    let rows: Vec<(MessageRow, String)> = history.load(connection).map_err(explain)?;
    rows.into_iter()
        .map(|(row, sender)| assemble(row, sender))
        .collect()
}
