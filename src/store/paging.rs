//! Lists by page and limit, with their totals: for front ends that count pages.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use std::collections::HashMap;

use super::access::{may_read, role_or_none, visible_to};
use super::conversations::by_numbers;
use super::messages::by_places;
use super::participants::of_conversations;
use super::pool::explain;
use super::replay::steady;
use super::schema::messages;
use crate::domain::conversation::Participant;
use crate::domain::ids::{ConversationNo, Seq, UserNo};
use crate::domain::message::Message;
use crate::domain::snapshot::{Loaded, Reader};
use crate::error::Error;

/// Which part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// How many come before it.
    pub offset: i64,
    /// How many at most.
    pub limit: i64,
}

/// A part of a list, and how long the list is.
#[derive(Clone, Debug)]
pub struct Counted<T> {
    /// The part.
    pub items: Vec<T>,
    /// The length of the whole list.
    pub total: i64,
}

/// Which of somebody's conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// Those of two people that are about nothing and follow no flow.
    Plain,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

// Raw SQL: the same text counts and lists. It walks one user's participations by their index.
fn mine() -> String {
    let may_read = may_read("p");
    format!(
        "
from participants p join conversations c on c.no = p.conversation_no
where p.user_no = $1 and {may_read}
  and (not $2 or (c.kind = 'direct' and c.subject_type is null
      and not exists (select from conversation_flows f where f.conversation_no = c.no)))"
    )
}

/// A part of somebody's conversations, newest activity first.
pub fn conversations(
    connection: &mut PgConnection,
    user: UserNo,
    which: Which,
    part: Part,
) -> Result<Counted<Loaded>, Error> {
    let (only_plain, mine) = (which == Which::Plain, mine());
    steady(connection, |connection| {
        let total = diesel::sql_query(format!("select count(*) as n {mine}"))
            .bind::<BigInt, _>(user.0)
            .bind::<Bool, _>(only_plain)
            .get_result::<Number>(connection)
            .map_err(explain)?;
        let page = "order by c.updated_at desc, c.no desc limit $3 offset $4";
        let numbers = diesel::sql_query(format!("select c.no as n {mine} {page}"))
            .bind::<BigInt, _>(user.0)
            .bind::<Bool, _>(only_plain)
            .bind::<BigInt, _>(part.limit)
            .bind::<BigInt, _>(part.offset)
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

/// A part of the messages that a reader may see, counted from the newest; in the order of seq.
pub fn messages(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    reader: &Reader,
    part: Part,
) -> Result<Counted<Message>, Error> {
    let role = role_or_none(reader);
    steady(connection, |connection| {
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
            .limit(part.limit)
            .offset(part.offset)
            .select(messages::seq)
            .load(connection)
            .map_err(explain)?;
        let places: Vec<(i64, Seq)> = seqs.iter().map(|seq| (conversation.0, *seq)).collect();
        let mut items = by_places(connection, &places)?;
        items.sort_by_key(Message::seq);
        Ok(Counted { items, total })
    })
}
