//! Creates conversations, or finds the existing one, in one transaction.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use sha2::{Digest, Sha256};
use std::sync::Arc;

use super::append::{Appended, NewMessage, append_with_files};
use super::beginning::admit;
use super::changed::WithFeedRow;
use super::conversations::{self, Key};
use super::participants as people;
use super::pool::explain;
use super::schema::{conversations as table, participants};
use super::steps::{self, NewStep};
use crate::domain::access::beginning::Inviter;
use crate::domain::business::BusinessRef;
use crate::domain::conversation::{Conversation, ConversationKind, ConversationStatus, Subject};
use crate::domain::ids::{ConversationId, ConversationNo, UserNo};
use crate::domain::message::Content;
use crate::domain::principal::{Principal, Roles};
use crate::domain::refusal::Refusal;
use crate::error::Error;

/// A conversation to create.
#[derive(Clone, Debug)]
pub struct NewConversation {
    /// Its public id if it is new.
    pub id: ConversationId,
    /// The kind.
    pub kind: ConversationKind,
    /// The title.
    pub title: Option<String>,
    /// The subject.
    pub subject: Option<Subject>,
    /// The creator.
    pub creator: UserNo,
    /// As whom they begin it.
    pub inviter: Inviter,
    /// How many may take part; `None` for as many as the platform allows.
    pub max_participants: Option<u16>,
    /// The platform's own id of it.
    pub external_id: Option<String>,
    /// The business to which it belongs.
    pub business: Option<BusinessRef>,
    /// The participants with their roles.
    pub participants: Vec<(UserNo, String)>,
    /// The first message.
    pub first_message: Option<std::sync::Arc<Content>>,
    /// The first step of its deal. The conversation's number is filled in once it is known.
    pub first_step: Option<NewStep>,
}

impl NewConversation {
    /// The conversation as it will be if it is new.
    pub fn as_new(&self, creator: &Principal, now: chrono::DateTime<chrono::Utc>) -> Conversation {
        Conversation {
            no: ConversationNo(0),
            id: self.id,
            kind: self.kind,
            title: self.title.as_deref().map(Into::into),
            status: ConversationStatus::Open,
            subject: self.subject.clone().map(Arc::new),
            created_by: creator.id.clone(),
            last_seq: 0,
            policy_version: 0,
            max_participants: self.max_participants,
            slow_seconds: 0,
            closed: None,
            external_id: self.external_id.as_deref().map(Into::into),
            business: self.business.clone().map(Arc::new),
            flow: None,
            created_at: now,
            updated_at: now,
        }
    }
}

/// The outcome.
#[derive(Clone, Debug)]
pub enum Creation {
    /// It was created.
    Created(Conversation),
    /// It existed.
    Found(Conversation),
}

/// The uniqueness key of a conversation: two users have one direct conversation, and the same users have one
/// conversation about a subject. `None` for a group without a subject, which is always new.
pub fn same_key(
    kind: ConversationKind,
    subject: Option<&Subject>,
    business: Option<&BusinessRef>,
    people: &[UserNo],
) -> Option<String> {
    if subject.is_none() && kind != ConversationKind::Direct {
        return None;
    }
    let mut numbers: Vec<i64> = people.iter().map(|user| user.0).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let about = subject
        .map(|s| format!("{}\0{}", s.kind, s.id))
        .unwrap_or_default();
    let of = business.map(|business| format!("\0{}", business.no.0));
    let of = of.unwrap_or_default();
    let digest = Sha256::digest(format!("{}\0{about}\0{numbers:?}{of}", kind.name()));
    Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Creates the conversation with participants and first message, or finds the one with the same key.
pub fn create(connection: &mut PgConnection, new: &NewConversation) -> Result<Creation, Error> {
    connection.transaction::<_, Error, _>(|connection| {
        let people: Vec<UserNo> = new.participants.iter().map(|(user, _)| *user).collect();
        let key = same_key(
            new.kind,
            new.subject.as_ref(),
            new.business.as_ref(),
            &people,
        );
        let inserted = insert(connection, new, key.as_deref())?;
        let Some(no) = inserted else {
            return existing(connection, new, key.as_deref()).map(Creation::Found);
        };
        if let Err(refusal) = admit(connection, new.creator, new.inviter, &people)? {
            return Err(refusal.into());
        }
        insert_participants(connection, no, new)?;
        if let Some(content) = &new.first_message {
            say_first(connection, no, new.creator, content)?;
        }
        if let Some(step) = &new.first_step {
            begin_deal(connection, no, step)?;
        }
        let made = conversations::find(connection, Key::No(no))?;
        made.map(Creation::Created)
            .ok_or_else(|| Error::internal("a conversation vanished while it was made"))
    })
}

fn insert(
    connection: &mut PgConnection,
    new: &NewConversation,
    key: Option<&str>,
) -> Result<Option<ConversationNo>, Error> {
    let made = diesel::insert_into(table::table)
        .values((
            table::id.eq(new.id.0),
            table::kind.eq(new.kind.name()),
            table::title.eq(&new.title),
            table::subject_type.eq(new.subject.as_ref().map(|s| &s.kind)),
            table::subject_id.eq(new.subject.as_ref().map(|s| &s.id)),
            table::subject.eq(new
                .subject
                .as_ref()
                .map(|s| &s.card)
                .filter(|card| !card.is_null())),
            table::same_key.eq(key),
            table::max_participants.eq(new.max_participants.map(u16::cast_signed)),
            table::external_id.eq(&new.external_id),
            table::business_no.eq(new.business.as_ref().map(|business| business.no.0)),
            table::created_by.eq(new.creator.0),
        ))
        .on_conflict_do_nothing()
        .returning(table::no);
    WithFeedRow(made)
        .get_result(connection)
        .optional()
        .map(|no| no.map(ConversationNo))
        .map_err(explain)
}

/// The conversation with this external id, otherwise the one with this key.
fn existing(
    connection: &mut PgConnection,
    new: &NewConversation,
    key: Option<&str>,
) -> Result<Conversation, Error> {
    if let Some(id) = &new.external_id {
        if let Some(found) = conversations::by_external_id(connection, id)? {
            return about_the_same(found, new);
        }
        name(connection, key, id)?;
    }
    let no: i64 = table::table
        .filter(table::same_key.eq(key))
        .select(table::no)
        .first(connection)
        .map_err(explain)?;
    conversations::find(connection, Key::No(ConversationNo(no)))?
        .ok_or_else(|| Error::internal("a conversation vanished while it was looked up"))
}

fn about_the_same(found: Conversation, new: &NewConversation) -> Result<Conversation, Error> {
    let about = |subject: Option<&Subject>| subject.map(|it| (it.kind.clone(), it.id.clone()));
    let is_same = found.kind == new.kind
        && found.business.as_deref() == new.business.as_ref()
        && about(found.subject.as_deref()) == about(new.subject.as_ref());
    let why = "The conversation with this external_id has another kind, subject or business";
    let refusal = || Refusal::Conflict(why).into();
    is_same.then_some(found).ok_or_else(refusal)
}

/// Gives the conversation with this key an external id, unless it has another.
fn name(connection: &mut PgConnection, key: Option<&str>, id: &str) -> Result<(), Error> {
    let unnamed = table::table
        .filter(table::same_key.eq(key))
        .filter(table::external_id.is_null());
    let named = diesel::update(unnamed)
        .set(table::external_id.eq(id))
        .execute(connection)
        .map_err(explain)?;
    let why = "The conversation exists already, with another external_id";
    let refusal = || Refusal::Conflict(why).into();
    (named > 0).then_some(()).ok_or_else(refusal)
}

fn insert_participants(
    connection: &mut PgConnection,
    no: ConversationNo,
    new: &NewConversation,
) -> Result<(), Error> {
    let rows: Vec<_> = new
        .participants
        .iter()
        .map(|(user, role)| {
            (
                participants::conversation_no.eq(no.0),
                participants::user_no.eq(user.0),
                participants::role.eq(role),
            )
        })
        .collect();
    diesel::insert_into(participants::table)
        .values(rows)
        .execute(connection)
        .map(drop)
        .map_err(explain)
}

fn say_first(
    connection: &mut PgConnection,
    no: ConversationNo,
    sender: UserNo,
    content: &Content,
) -> Result<(), Error> {
    let fingerprint = content.fingerprint(no);
    let message = NewMessage {
        conversation: no,
        policy: 0,
        sender,
        roles: Roles::default(),
        content,
        fingerprint,
    };
    let outcomes = append_with_files(connection, &[message])?;
    match outcomes.first() {
        Some(Appended::Stored { .. }) => Ok(()),
        Some(Appended::Orphaned) => Err(Refusal::MessageNotFound.into()),
        Some(Appended::WithoutFile(problem)) => Err(Refusal::from(*problem).into()),
        Some(Appended::Duplicate { .. } | Appended::Stale) | None => {
            Err(Refusal::Conflict("This client_id was used for another message").into())
        }
    }
}

fn begin_deal(
    connection: &mut PgConnection,
    no: ConversationNo,
    first: &NewStep,
) -> Result<(), Error> {
    let mut first = first.clone();
    first.conversation = no;
    let written = steps::commit(connection, &[first])?;
    match written.len() {
        1 => Ok(()),
        _ => Err(Error::internal("a new conversation's deal was not begun")),
    }
}

/// Updates the uniqueness key after the participants have changed. If another conversation has the new key,
/// this one keeps none.
pub(super) fn refresh_same_key(
    connection: &mut PgConnection,
    no: ConversationNo,
) -> Result<(), Error> {
    let Some(conversation) = conversations::find(connection, Key::No(no))? else {
        return Ok(());
    };
    if conversation.kind == ConversationKind::Direct {
        return Ok(());
    }
    let present: Vec<UserNo> = people::of(connection, no)?
        .into_iter()
        .filter(|person| person.takes_part())
        .map(|p| p.no)
        .collect();
    let key = same_key(
        conversation.kind,
        conversation.subject.as_deref(),
        conversation.business.as_deref(),
        &present,
    );
    let taken = table::table
        .filter(table::same_key.eq(&key))
        .filter(table::no.ne(no.0));
    let is_taken: bool = diesel::select(diesel::dsl::exists(taken)).get_result(connection)?;
    let free = key.filter(|_| !is_taken);
    diesel::update(table::table.find(no.0))
        .set(table::same_key.eq(free))
        .execute(connection)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_people_in_any_order_have_one_key() {
        let key = |people: &[i64]| {
            let people: Vec<UserNo> = people.iter().map(|no| UserNo(*no)).collect();
            same_key(ConversationKind::Direct, None, None, &people)
        };
        assert_eq!(key(&[1, 2]), key(&[2, 1]));
        assert_ne!(key(&[1, 2]), key(&[1, 3]));
        assert_ne!(key(&[1, 23]), key(&[12, 3]));
        assert_eq!(
            same_key(ConversationKind::Group, None, None, &[UserNo(1)]),
            None
        );
    }
}
