//! Appends messages that show files which are stored here, mention somebody, forward a message, or reply in a thread: in one transaction,
//! the files are held, the messages are stored, and it is noted what they show, whom they mention, what they forward and which thread they
//! are in.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use std::collections::HashMap;

use super::{Appended, NewMessage, append_deduplicating};
use crate::domain::file::{FileId, FileNo, FileProblem};
use crate::domain::ids::MessageId;
use crate::domain::mention::Mention;
use crate::domain::message::Content;
use crate::error::Error;
use crate::store::files::uses;
use crate::store::schema::messages as table;
use crate::store::{messages, threads};

/// Appends like `super::append_deduplicating`, also messages with and without files together. A message whose file
/// cannot be sent is stored only if it was stored before; then it is a duplicate.
pub fn append(
    connection: &mut PgConnection,
    messages: &[NewMessage<'_>],
) -> Result<Vec<Appended>, Error> {
    connection.transaction(|connection| {
        let mut ids: Vec<FileId> = messages.iter().flat_map(|m| m.content.files()).collect();
        ids.sort_unstable();
        ids.dedup();
        // Files are locked before conversations. That cannot deadlock: dropping a file locks nothing after the file.
        let held = match ids.is_empty() {
            true => HashMap::new(),
            false => uses::hold(connection, &ids)?,
        };
        let problems: Vec<_> = messages.iter().map(|m| problem_of(m, &held)).collect();
        let fit = messages.iter().zip(&problems);
        let fit: Vec<NewMessage<'_>> = fit
            .filter_map(|(message, problem)| problem.is_none().then_some(*message))
            .collect();
        let mut stored = append_deduplicating(connection, &fit)?.into_iter();
        let mut outcomes = Vec::with_capacity(messages.len());
        for (message, problem) in messages.iter().zip(problems) {
            outcomes.push(match problem {
                None => stored.next().unwrap_or(Appended::Stale),
                Some(problem) => {
                    stored_before(connection, message)?.unwrap_or(Appended::WithoutFile(problem))
                }
            });
        }
        note_uses(connection, messages, &outcomes, &held)?;
        note_extras(connection, messages, &outcomes)?;
        Ok(outcomes)
    })
}

/// Why a message cannot be sent with its files.
fn problem_of(message: &NewMessage<'_>, held: &HashMap<FileId, FileNo>) -> Option<FileProblem> {
    let is_lost = || message.content.files().any(|id| !held.contains_key(&id));
    let problem = message.content.file_problem();
    problem.or_else(|| is_lost().then_some(FileProblem::Gone))
}

/// The message that the sender stored under the same client id, when its files could still be sent.
fn stored_before(
    connection: &mut PgConnection,
    message: &NewMessage<'_>,
) -> Result<Option<Appended>, Error> {
    let client_id = &message.content.client_id;
    let found = messages::by_client_id(connection, message.sender, client_id)?;
    Ok(found.map(|(first, fingerprint)| Appended::Duplicate {
        conversation: first.id.conversation,
        seq: first.seq(),
        at: first.created_at,
        fingerprint,
    }))
}

/// Writes what only few messages have: whom they mention, what they forward, and which thread they are in.
fn note_extras(
    connection: &mut PgConnection,
    messages: &[NewMessage<'_>],
    outcomes: &[Appended],
) -> Result<(), Error> {
    for (message, outcome) in messages.iter().zip(outcomes) {
        let Content {
            mentions,
            forwarded,
            thread,
            ..
        } = message.content;
        let Appended::Stored { seq, .. } = outcome else {
            continue;
        };
        if !message.content.has_extras() {
            continue;
        }
        let texts: Vec<String> = mentions.iter().map(Mention::text).collect();
        let origin = forwarded.as_ref().and_then(|it| it.origin.as_ref());
        let origin = origin.map(serde_json::to_value).transpose();
        let origin = origin.map_err(Error::internal)?;
        diesel::update(table::table.find((message.conversation.0, *seq)))
            .set((
                table::mentions.eq(Some(texts).filter(|texts| !texts.is_empty())),
                table::forwarded.eq(origin),
                table::thread_seq.eq(thread.map(|it| it.root.seq)),
                table::also_in_conversation.eq(thread.map(|it| it.shown.is_in_conversation())),
            ))
            .execute(connection)?;
        if let Some(thread) = thread {
            threads::follow_reply(connection, thread.root, (message.sender, *seq), mentions)?;
        }
    }
    Ok(())
}

fn note_uses(
    connection: &mut PgConnection,
    messages: &[NewMessage<'_>],
    outcomes: &[Appended],
    held: &HashMap<FileId, FileNo>,
) -> Result<(), Error> {
    let mut noted = Vec::new();
    for (message, outcome) in messages.iter().zip(outcomes) {
        if let Appended::Stored { seq, .. } = outcome {
            let conversation = message.conversation;
            let id = MessageId {
                conversation,
                seq: *seq,
            };
            let files = message.content.files().filter_map(|file| held.get(&file));
            noted.extend(files.map(|file| (*file, id)));
        }
    }
    match noted.is_empty() {
        true => Ok(()),
        false => uses::note(connection, &noted),
    }
}
