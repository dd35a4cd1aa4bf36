//! Makes the conversations of rules, and tells their participants.

use diesel::pg::PgConnection;
use rules::{Effect, Place};
use serde_json::Value;
use std::sync::Arc;

use super::doors::client_id;
use super::{Outcome, RuleDeps};
use crate::domain::access::beginning::Inviter;
use crate::domain::conversation::{Conversation, ConversationKind, Subject};
use crate::domain::ids::{ConversationId, UserNo};
use crate::domain::limits;
use crate::domain::message::{Content, MessageKind, SYSTEM};
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::conversations::Key;
use crate::store::creation::NewConversation;
use crate::store::events::EventRow;
use crate::store::rule_rooms::{self, Made};
use crate::store::rule_runs::PendingRun;
use crate::store::subjects::{self, SubjectKey};
use crate::store::{replay, users};

/// Makes the room about a subject, unless it is there.
pub(super) async fn converse(
    rules: &RuleDeps,
    event: &EventRow,
    run: &PendingRun,
    effect: Effect,
) -> Result<Outcome, Error> {
    let Effect::Converse {
        room,
        subject,
        kind,
        title,
        people,
        say,
    } = effect
    else {
        return Err(Error::internal("this effect makes no room"));
    };
    let said = say.map(|text| {
        let id = client_id(event, run, None);
        Arc::new(system_message(id, &text))
    });
    let new = NewConversation {
        id: ConversationId::fresh(),
        kind: ConversationKind::named(&kind).unwrap_or(ConversationKind::Group),
        title: title.map(|title| cut(&title, limits::TITLE_CHARACTERS)),
        subject: None,
        creator: SYSTEM.0,
        inviter: Inviter::Platform,
        max_participants: None,
        external_id: None,
        business: None,
        participants: Vec::new(),
        first_message: said,
        first_step: None,
    };
    let make = move |connection: &mut _| {
        let participants = numbers_of(connection, &people)?;
        let new = NewConversation {
            participants,
            subject: Some(described(connection, &subject)?),
            ..new
        };
        rule_rooms::make(connection, &subject, &room, &new)
    };
    match rules.room.pool.run(make).await? {
        Made::New(conversation) => announce(rules, &conversation).await?,
        Made::There => {}
    }
    Ok(Outcome::Took)
}

/// A subject with what the platform has said of it.
fn described(connection: &mut PgConnection, about: &rules::Subject) -> Result<Subject, Error> {
    let key = SubjectKey {
        kind: about.kind.clone(),
        id: about.id.clone(),
    };
    let found = subjects::find(connection, &key)?;
    let card = found.map_or(Value::Null, |(described, _)| described.card());
    let SubjectKey { kind, id } = key;
    Ok(Subject { kind, id, card })
}

/// A message of the platform.
pub(super) fn system_message(client_id: String, text: &str) -> Content {
    Content {
        kind: MessageKind::System,
        ..Content::text(Some(client_id), cut(text, limits::BODY_CHARACTERS))
    }
}

/// At most so many characters of a text.
fn cut(text: &str, most: usize) -> String {
    match text.chars().count() > most {
        true => text.chars().take(most - 1).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

/// The numbers of users with their roles. Who is named twice has the first role.
fn numbers_of(
    connection: &mut PgConnection,
    people: &[Place],
) -> Result<Vec<(UserNo, String)>, Error> {
    let ids: Vec<&str> = people.iter().map(|place| place.user.as_str()).collect();
    let rows = users::find_all(connection, &ids)?;
    let mut found: Vec<(UserNo, String)> = Vec::new();
    for place in people {
        let row = rows.iter().find(|row| row.id == place.user);
        let row = row.ok_or_else(|| Refusal::UserNotFound(place.user.clone()))?;
        if !found.iter().any(|(no, _)| no.0 == row.no) {
            found.push((UserNo(row.no), place.role.clone()));
        }
    }
    Ok(found)
}

/// Tells the participants who are online, here and on other servers.
async fn announce(rules: &RuleDeps, conversation: &Conversation) -> Result<(), Error> {
    let (room, no, id) = (&rules.room, conversation.no, conversation.id);
    let read = room
        .pool
        .run(move |connection| replay::load(connection, Key::No(no)));
    let made = read.await?.ok_or(Refusal::ConversationNotFound)?;
    let people = made.participants.iter().map(|person| person.no).collect();
    room.feed.created((id, no), people);
    rules.rooms.announce_creation(room, &made, |_| true);
    log::info!(event = "conversation_created", conversation_id:% = id, kind = conversation.kind.name(); "by a rule");
    Ok(())
}
