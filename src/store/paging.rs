//! Lists by offset and limit with their total length, for clients that count pages.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use std::collections::HashMap;

use super::access::{may_read, role_or_none, visible_to};
use super::conversations::by_numbers;
use super::messages::by_keys;
use super::participants::of_conversations;
use super::pool::explain;
use super::replay::in_snapshot;
use super::schema::messages;
use crate::domain::conversation::Participant;
use crate::domain::ids::{ConversationNo, Seq, UserNo};
use crate::domain::message::Message;
use crate::domain::snapshot::{Loaded, Reader};
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
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

// Raw SQL: one text for counting and listing. It scans the user's participations by index.
fn from_users_list() -> String {
    let may_read = may_read("p");
    format!(
        "
from participants p join conversations c on c.no = p.conversation_no
where p.user_no = $1 and {may_read}
  and (not $2 or (c.kind = 'direct' and c.subject_type is null
      and not exists (select from conversation_flows f where f.conversation_no = c.no)))"
    )
}

/// A window of a user's conversations, most recently changed first.
pub fn conversations(
    connection: &mut PgConnection,
    user: UserNo,
    which: Which,
    window: Window,
) -> Result<Counted<Loaded>, Error> {
    let (only_plain, from_users_list) = (which == Which::Plain, from_users_list());
    in_snapshot(connection, |connection| {
        let total = diesel::sql_query(format!("select count(*) as n {from_users_list}"))
            .bind::<BigInt, _>(user.0)
            .bind::<Bool, _>(only_plain)
            .get_result::<Number>(connection)
            .map_err(explain)?;
        let page = "order by c.updated_at desc, c.no desc limit $3 offset $4";
        let numbers = diesel::sql_query(format!("select c.no as n {from_users_list} {page}"))
            .bind::<BigInt, _>(user.0)
            .bind::<Bool, _>(only_plain)
            .bind::<BigInt, _>(window.limit)
            .bind::<BigInt, _>(window.offset)
            .load::<Number>(connection)
            .map_err(explain)?;
        let numbers: Vec<i64> = numbers.into_iter().map(|row| row.n).collect();
        Ok(Counted {
            items: loaded(connection, &numbers)?,
            total: total.n,
        })
    })
}

fn loaded(connection: &mut PgConnection, numbers: &[i64]) -> Result<Vec<Loaded>, Error> {
    let mut found = by_numbers(connection, numbers)?;
    let mut people: HashMap<i64, Vec<Participant>> = HashMap::new();
    for (no, participant) in of_conversations(connection, numbers)? {
        people.entry(no.0).or_default().push(participant);
    }
    let one = |no: &i64| {
        Some(Loaded {
            conversation: found.remove(no)?,
            participants: people.remove(no).unwrap_or_default(),
        })
    };
    Ok(numbers.iter().filter_map(one).collect())
}

/// A window of the messages that a reader may see, counted from the newest, in order of seq.
pub fn messages(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    reader: &Reader,
    window: Window,
) -> Result<Counted<Message>, Error> {
    let role = role_or_none(reader);
    in_snapshot(connection, |connection| {
        let total = messages::table
            .filter(messages::conversation_no.eq(conversation.0))
            .filter(visible_to(reader.no.0, role.clone()))
            .count()
            .get_result(connection)
            .map_err(explain)?;
        let seqs: Vec<Seq> = messages::table
            .filter(messages::conversation_no.eq(conversation.0))
            .filter(visible_to(reader.no.0, role.clone()))
            .order(messages::seq.desc())
            .limit(window.limit)
            .offset(window.offset)
            .select(messages::seq)
            .load(connection)
            .map_err(explain)?;
        let keys: Vec<(i64, Seq)> = seqs.iter().map(|seq| (conversation.0, *seq)).collect();
        let mut items = by_keys(connection, &keys)?;
        items.sort_by_key(Message::seq);
        Ok(Counted { items, total })
    })
}
