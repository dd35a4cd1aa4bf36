//! A search from its query to its hits, on one snapshot of the database.

use diesel::pg::PgConnection;
use serde_json::json;
use std::collections::{BTreeSet, HashMap};

use super::conditions::{Conditions, Deadline, Position};
use super::everywhere::everywhere;
use super::message_search::{Found, Hit, MessageSearch, Order, Page, Scope};
use super::plans::{Outcome, among};
use super::recent::{Recent, recent};
use super::searched_conversation::{Entrance, SearchedConversation, consumer, one, own};
use crate::domain::access::{Access, Privilege};
use crate::domain::ids::{ConversationNo, Seq, UserId, UserNo};
use crate::domain::message::Message;
use crate::domain::refusal::Refusal;
use crate::domain::search::{Matched, Sender, document_of};
use crate::domain::snapshot::Reader;
use crate::error::Error;
use crate::store::audit::{self, Audited};
use crate::store::conversations::by_numbers;
use crate::store::messages::by_keys;
use crate::store::{feed_consumers, participants, users};

/// The newest hits among which the best are found.
const RANKED: usize = 1_000;

/// A message that matches.
struct Candidate {
    message: Message,
    matched: Matched,
}

/// Finds messages. A refusal concerns the query or where it searches.
pub fn find(
    connection: &mut PgConnection,
    asked: &MessageSearch,
) -> Result<Result<Found, Refusal>, Error> {
    let deadline = Deadline::after(asked.bounds.time);
    let mut begin = connection.build_transaction().repeatable_read();
    match begin.run(|connection| search(connection, asked, deadline)) {
        Err(Error::Refused(refusal @ Refusal::SearchTooBroad)) => Ok(Err(refusal)),
        other => other,
    }
}

/// What is read: conversations, or everything.
enum Where {
    In(Vec<SearchedConversation>),
    Everywhere,
}

impl Where {
    fn conversations(&self) -> Option<&[SearchedConversation]> {
        match self {
            Self::In(searched) => Some(searched),
            Self::Everywhere => None,
        }
    }
}

fn search(
    connection: &mut PgConnection,
    asked: &MessageSearch,
    deadline: Deadline,
) -> Result<Result<Found, Refusal>, Error> {
    deadline.limit(connection)?;
    let name = asked.tokenizer.name();
    let consumer = consumer(connection, &name)?;
    let scope = match enter(connection, asked, consumer)? {
        Ok(scope) => scope,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut asked = asked.clone();
    let Some(senders) = senders(connection, &mut asked)? else {
        return Ok(Ok(Found {
            total: Some(0),
            plan: "walk",
            ..Found::default()
        }));
    };
    let (asked, me) = (&asked, asked.requester.no);
    let conditions = Conditions::new(&asked.query, &senders, me, asked.bounds, deadline);
    let (outcome, recent) = propose(connection, asked, &scope, consumer, &conditions)?;
    let mut found = assemble(connection, asked, scope.conversations(), outcome, recent)?;
    if asked.requester.roles.may(Privilege::OpenEveryConversation) {
        let lags = feed_consumers::lags(connection)?;
        let lag = lags.iter().find(|lag| lag.name == name);
        found.behind_seconds = lag.map(|lag| lag.seconds);
    }
    Ok(Ok(found))
}

/// Finds out where the searcher may read.
fn enter(
    connection: &mut PgConnection,
    asked: &MessageSearch,
    consumer: Option<i32>,
) -> Result<Result<Where, Refusal>, Error> {
    let filters = &asked.query.filters;
    let Some(id) = filters.within else {
        return match asked.scope {
            Scope::Own => own(
                connection,
                asked.requester,
                consumer,
                filters.subject.as_ref(),
            )
            .map(|searched| Ok(Where::In(searched))),
            Scope::Everything => note(connection, asked, None).map(|()| Ok(Where::Everywhere)),
        };
    };
    let subject = filters.subject.as_ref();
    match one(connection, id, asked.requester, consumer, subject)? {
        Entrance::Refused(refusal) => Ok(Err(refusal)),
        Entrance::OffSubject => Ok(Ok(Where::In(Vec::new()))),
        Entrance::AsParticipant(conversation) => Ok(Ok(Where::In(vec![conversation]))),
        Entrance::AsStaff(conversation) => {
            note(connection, asked, Some((&conversation, id.to_string())))?;
            Ok(Ok(Where::In(vec![conversation])))
        }
    }
}

/// What the documents propose, and what has no document yet.
fn propose(
    connection: &mut PgConnection,
    asked: &MessageSearch,
    scope: &Where,
    consumer: Option<i32>,
    conditions: &Conditions,
) -> Result<(Outcome, Recent), Error> {
    let has_words = asked.query.wants_words() || !asked.query.filters.from.is_empty();
    let (position, wanted) = match asked.page {
        Page::First(Order::Newest) => (None, asked.limit + 1),
        Page::After(position) => (Some(position), asked.limit + 1),
        Page::First(Order::Best) | Page::Beyond(_) => (None, RANKED),
    };
    match scope {
        Where::In(searched) => {
            let outcome = among(
                connection, searched, conditions, has_words, position, wanted,
            )?;
            Ok((outcome, recent(connection, searched, conditions)?))
        }
        Where::Everywhere => {
            let outcome = everywhere(
                connection, conditions, consumer, has_words, position, wanted,
            )?;
            Ok((outcome, Recent::default()))
        }
    }
}

/// Writes into the audit log that staff search where they do not participate.
fn note(
    connection: &mut PgConnection,
    asked: &MessageSearch,
    within: Option<(&SearchedConversation, String)>,
) -> Result<(), Error> {
    let (conversation, object_type, object_id) = match within {
        Some((conversation, id)) => (Some(ConversationNo(conversation.no)), "conversation", id),
        None => (None, "installation", "all".to_owned()),
    };
    let line = Audited {
        actor: asked.requester.no,
        action: "search".into(),
        object_type: object_type.into(),
        object_id,
        conversation,
        data: json!({ "q": asked.text }),
    };
    audit::write(connection, &line)
}

/// The numbers of the senders that are searched for; `None` if no such user exists, so that nothing can be found. The ids of those who are
/// named by their alias are put in its place.
fn senders(
    connection: &mut PgConnection,
    asked: &mut MessageSearch,
) -> Result<Option<Vec<UserNo>>, Error> {
    let mut numbers = Vec::new();
    for sender in &mut asked.query.filters.from {
        match sender {
            Sender::Me => numbers.push(asked.requester.no),
            Sender::User(id) => {
                if let Some(user) = users::find(connection, id.as_str())? {
                    numbers.push(UserNo(user.no));
                    *id = UserId::stored(user.id);
                }
            }
        }
    }
    let nobody = numbers.is_empty() && !asked.query.filters.from.is_empty();
    Ok((!nobody).then_some(numbers))
}

/// Reads what was proposed, matches it again, and takes the page.
fn assemble(
    connection: &mut PgConnection,
    asked: &MessageSearch,
    searched: Option<&[SearchedConversation]>,
    outcome: Outcome,
    recent: Recent,
) -> Result<Found, Error> {
    let (position, border) = match asked.page {
        Page::After(position) => (Some(position), outcome.rest),
        Page::First(Order::Newest) => (None, outcome.rest),
        Page::First(Order::Best) | Page::Beyond(_) => (None, None),
    };
    let matches = |message: Message| candidate(asked, searched, message);
    let of_documents = outcome.total.filter(|_| recent.is_whole);
    let of_documents = of_documents.map(|total| total - recent.outdated);
    let direct: Vec<Candidate> = recent.messages.into_iter().filter_map(matches).collect();
    let total = of_documents.map(|total| total + direct.len() as i64);
    let seen: BTreeSet<Position> = direct
        .iter()
        .map(|one| Position::of(&one.message))
        .collect();
    let mut proposed = outcome.positions;
    proposed.retain(|one| !seen.contains(one));
    let mut all = direct;
    all.retain(|one| {
        let at = Position::of(&one.message);
        position.is_none_or(|position| at < position) && border.is_none_or(|border| at >= border)
    });
    let keys: Vec<(i64, Seq)> = proposed
        .iter()
        .map(|one| (one.conversation, one.seq))
        .collect();
    let stored = by_keys(connection, &keys)?;
    let stored = readable(connection, asked, searched, stored)?;
    all.extend(
        stored
            .into_iter()
            .filter_map(|message| candidate(asked, searched, message)),
    );
    let (taken, next) = page(asked, all, outcome.rest);
    Ok(Found {
        hits: hits(connection, taken)?,
        next,
        total,
        behind_seconds: None,
        plan: outcome.plan,
    })
}

/// Those of the messages that the searcher may see: the documents only proposed them.
fn readable(
    connection: &mut PgConnection,
    asked: &MessageSearch,
    searched: Option<&[SearchedConversation]>,
    mut messages: Vec<Message>,
) -> Result<Vec<Message>, Error> {
    let me = asked.requester.no;
    let mut readers: HashMap<i64, Option<Reader>> = HashMap::new();
    match searched {
        Some(searched) => {
            readers.extend(searched.iter().map(|one| (one.no, Some(one.reader(me)))));
        }
        None => {
            for no in messages.iter().map(|message| message.id.conversation) {
                if readers.contains_key(&no.0) {
                    continue;
                }
                let own = participants::find(connection, no, me)?;
                let access = Access::of(own.as_ref(), asked.requester.roles);
                readers.insert(no.0, access.ok().map(|access| access.reader(me)));
            }
        }
    }
    messages.retain(|message| {
        let reader = readers.get(&message.id.conversation.0);
        let reader = reader.and_then(Option::as_ref);
        reader.is_some_and(|reader| message.is_visible_to(reader.sight()))
    });
    Ok(messages)
}

/// A message, if it matches the whole query.
fn candidate(
    asked: &MessageSearch,
    searched: Option<&[SearchedConversation]>,
    message: Message,
) -> Option<Candidate> {
    let filters = &asked.query.filters;
    let is_here =
        |conversation: &&SearchedConversation| conversation.no == message.id.conversation.0;
    let read = match filters.unread {
        true => searched
            .and_then(|searched| searched.iter().find(is_here))
            .map_or(0, |conversation| conversation.read),
        false => 0,
    };
    let is_admitted = message.deleted_at.is_none()
        && filters.admit(&message, &asked.me)
        && filters.admit_read(&message, &asked.me, read);
    let document = is_admitted.then(|| document_of(&asked.tokenizer, &message))?;
    let matched = asked.query.matches(&document)?;
    Some(Candidate { message, matched })
}

/// The page of what was found, and where the next one begins.
fn page(
    asked: &MessageSearch,
    mut all: Vec<Candidate>,
    rest: Option<Position>,
) -> (Vec<Candidate>, Option<Page>) {
    all.sort_by_key(|one| std::cmp::Reverse(Position::of(&one.message)));
    let skipped = match asked.page {
        Page::First(Order::Newest) | Page::After(_) => {
            let is_more = all.len() > asked.limit;
            all.truncate(asked.limit);
            let last = all
                .last()
                .map(|one| Page::After(Position::of(&one.message)));
            let next = if is_more { last } else { rest.map(Page::After) };
            return (all, next);
        }
        Page::First(Order::Best) => 0,
        Page::Beyond(skipped) => skipped,
    };
    let worth = |one: &Candidate| one.matched.relevance.at(one.message.created_at, asked.now);
    // A stable sort: of equally good hits the newest is first.
    all.sort_by(|one, other| worth(other).total_cmp(&worth(one)));
    all.truncate(RANKED);
    let end = skipped.saturating_add(asked.limit);
    let next = (all.len() > end).then_some(Page::Beyond(end));
    (
        all.into_iter().skip(skipped).take(asked.limit).collect(),
        next,
    )
}

fn hits(connection: &mut PgConnection, taken: Vec<Candidate>) -> Result<Vec<Hit>, Error> {
    let numbers: BTreeSet<i64> = taken
        .iter()
        .map(|one| one.message.id.conversation.0)
        .collect();
    let numbers: Vec<i64> = numbers.into_iter().collect();
    let conversations = by_numbers(connection, &numbers)?;
    let hit = |one: Candidate| {
        let conversation = conversations.get(&one.message.id.conversation.0)?.clone();
        Some(Hit {
            message: one.message,
            conversation,
            highlights: one.matched.highlights,
        })
    };
    Ok(taken.into_iter().filter_map(hit).collect())
}
