//! Reads a page of messages in one round trip, in time that does not depend on the length of the conversation.

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{self, Array, BigInt, Bool, Jsonb, Nullable, Text, Timestamptz};

use super::access::{
    is_seen, is_staffed_by, is_there, readers_past, readers_role, role_or_none, role_or_staff,
};
use super::audit;
use super::messages::{MessageRow, Page, actor_of, assemble};
use super::pool::explain;
use super::threads::is_in_main_line;
use crate::domain::access::{Privilege, Requester};
use crate::domain::ids::{ConversationId, ConversationNo};
use crate::domain::message::Message;
use crate::domain::snapshot::Reader;
use crate::domain::thread::Line;
use crate::error::Error;

/// The reader of a page, and the conversation.
#[derive(Clone, Debug)]
pub enum PageReader {
    /// A caller whose access the query checks.
    Unchecked {
        /// The conversation, if it exists.
        conversation: ConversationId,
        /// The caller.
        requester: Requester,
    },
    /// A reader whose access was checked.
    Checked {
        /// The conversation.
        conversation: ConversationNo,
        /// The reader's number and role.
        reader: Reader,
    },
}

// Raw SQL: a page is the end of one index scan, limited before anything else is looked up. With a join, a
// generic plan would assume that the page is the whole conversation and sort all of it.
const COLUMNS: &str = "
select m.conversation_no, m.seq, m.sender_no, m.client_id, m.kind, m.body, m.reply_to, m.attachments, m.context, m.audience_role,
    m.audience_user_no, m.created_at, m.edited_at, m.deleted_at, m.card, m.mentions, m.forwarded,
    m.thread_seq, m.also_in_conversation, (select u.id from users u where u.no = m.sender_no)";

fn page_sql() -> String {
    let role = format!("(select {} from scope)", role_or_staff("role"));
    let (reader, past) = ("(select reader from scope)", "(select past from scope)");
    let visible = is_seen("m", &role, reader, past);
    let actor = actor_of("m");
    format!(
        "{COLUMNS}, {actor}
from (select * from messages m where conversation_no = (select no from scope) and {visible} and seq > "
    )
}

struct History {
    page_reader: PageReader,
    line: Line,
    page: Page,
    limit: i64,
    bounds: (i64, i64),
    role: String,
    opens_every_conversation: bool,
}

impl History {
    /// Binds conversation, role and reader as a CTE `scope` with at most one row.
    fn scope<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match &self.page_reader {
            PageReader::Unchecked {
                conversation,
                requester,
            } => {
                out.push_sql(
                    "with scope as materialized (select * from (select c.no, v.no as reader, ",
                );
                out.push_sql(&readers_role("c.no", "v.no"));
                out.push_sql(" as role, ");
                out.push_sql(&readers_past("c.no", "v.no"));
                out.push_sql(" as past, ");
                out.push_sql(&is_staffed_by("c", "v.no"));
                out.push_sql(" as staffed from conversations c, (select ");
                out.push_bind_param::<BigInt, _>(&requester.no.0)?;
                out.push_sql(" as no) v where ");
                out.push_sql(&is_there("c"));
                out.push_sql(" and c.id = ");
                out.push_bind_param::<sql_types::Uuid, _>(&conversation.0)?;
                out.push_sql(" offset 0) c where c.role is not null or c.staffed or ");
                out.push_bind_param::<Bool, _>(&self.opens_every_conversation)?;
            }
            PageReader::Checked {
                conversation,
                reader,
            } => {
                out.push_sql("with scope as materialized (select ");
                out.push_bind_param::<BigInt, _>(&conversation.0)?;
                out.push_sql(" as no, ");
                out.push_bind_param::<BigInt, _>(&reader.no.0)?;
                out.push_sql(" as reader, ");
                out.push_bind_param::<Text, _>(&self.role)?;
                out.push_sql(" as role, ");
                out.push_bind_param::<BigInt, _>(&reader.sees_from)?;
                out.push_sql(" as past");
            }
        }
        out.push_sql(")");
        Ok(())
    }

    fn in_line<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match &self.line {
            Line::All => {}
            Line::Main => {
                out.push_sql(" and ");
                out.push_sql(&is_in_main_line("m"));
            }
            Line::Thread(root) => {
                out.push_sql(" and m.conversation_no = ");
                out.push_bind_param::<BigInt, _>(&root.conversation.0)?;
                out.push_sql(" and m.thread_seq = ");
                out.push_bind_param::<BigInt, _>(&root.seq)?;
            }
        }
        Ok(())
    }
}

impl QueryFragment<Pg> for History {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.scope(&mut out)?;
        out.push_sql(&page_sql());
        out.push_bind_param::<BigInt, _>(&self.bounds.0)?;
        out.push_sql(" and seq < ");
        out.push_bind_param::<BigInt, _>(&self.bounds.1)?;
        self.in_line(&mut out)?;
        out.push_sql(match self.page {
            Page::Newest | Page::Before(_) => " order by seq desc limit ",
            Page::After(_) => " order by seq limit ",
        });
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(") m order by m.seq");
        Ok(())
    }
}

// There are a few texts; each is prepared once for each connection.
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
    Nullable<Array<Text>>,
    Nullable<Jsonb>,
    Nullable<BigInt>,
    Nullable<Bool>,
);

impl Query for History {
    type SqlType = (Columns, Text, Nullable<Text>);
}

impl RunQueryDsl<PgConnection> for History {}

/// At most `limit` messages of this line that the reader may see, in order of seq. An unchecked caller gets an empty page
/// also if the conversation does not exist or they may not read it; the caller of this function must tell these
/// apart.
pub fn page(
    connection: &mut PgConnection,
    page_reader: PageReader,
    line: Line,
    page: Page,
    limit: i64,
) -> Result<Vec<Message>, Error> {
    let (role, opens_every_conversation) = match &page_reader {
        PageReader::Unchecked {
            requester,
            conversation,
        } => {
            audit::note_reading(connection, *requester, *conversation)?;
            let opens = requester.roles.may(Privilege::OpenEveryConversation);
            (String::new(), opens)
        }
        PageReader::Checked { reader, .. } => (role_or_none(reader), false),
    };
    let history = History {
        page_reader,
        line,
        page,
        limit,
        bounds: page.bounds(),
        role,
        opens_every_conversation,
    };
    let rows: Vec<(MessageRow, String, Option<String>)> =
        history.load(connection).map_err(explain)?;
    rows.into_iter().map(assemble).collect()
}
