//! A batch of messages as one array for each column.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::AstPass;
use diesel::result::Error as Db;
use diesel::sql_types::{Array, Int8, Nullable, Text};

use super::NewMessage;
use crate::domain::message::{Audience, Content};

/// The columns that both statements store.
pub(super) struct Columns<'a> {
    pub(super) conversations: Vec<i64>,
    pub(super) senders: Vec<i64>,
    client_ids: Vec<&'a str>,
    fingerprints: Vec<i64>,
    kinds: Vec<&'static str>,
    bodies: Vec<&'a str>,
    replies: Vec<Option<i64>>,
    attachments: Vec<Option<String>>,
    contexts: Vec<Option<&'a str>>,
    audience_roles: Vec<Option<&'a str>>,
    audience_users: Vec<Option<i64>>,
}

impl<'a> Columns<'a> {
    /// Fails if attachments cannot be written as JSON; then nothing of the batch is stored.
    pub(super) fn new(messages: &'a [NewMessage<'a>]) -> QueryResult<Self> {
        let each = || messages.iter();
        let attachments = each().map(|m| attachments_json(m.content));
        Ok(Self {
            conversations: each().map(|m| m.conversation.0).collect(),
            senders: each().map(|m| m.sender.0).collect(),
            client_ids: each().map(|m| m.content.client_id.as_str()).collect(),
            fingerprints: each().map(|m| m.fingerprint).collect(),
            kinds: each().map(|m| m.content.kind.name()).collect(),
            bodies: each().map(|m| m.content.body.as_str()).collect(),
            replies: each()
                .map(|m| m.content.reply_to.map(|id| id.seq))
                .collect(),
            attachments: attachments.collect::<QueryResult<_>>()?,
            contexts: each()
                .map(|m| m.content.context.as_deref().map(|json| json.get()))
                .collect(),
            audience_roles: each().map(|m| audience_columns(m.content).0).collect(),
            audience_users: each().map(|m| audience_columns(m.content).1).collect(),
        })
    }

    /// Binds all arrays, each between `before` and `after`, separated by commas, in this order: conversation,
    /// sender, client id, fingerprint, kind, body, reply, attachments, context, the audience's role, the
    /// audience's user.
    pub(super) fn bind<'b>(
        &'b self,
        out: &mut AstPass<'_, 'b, Pg>,
        before: &str,
        after: &str,
    ) -> QueryResult<()> {
        type Texts = Array<Text>;
        type MaybeTexts = Array<Nullable<Text>>;
        type MaybeNumbers = Array<Nullable<Int8>>;
        let between = format!("{after}, {before}");
        out.push_sql(before);
        out.push_bind_param::<Array<Int8>, _>(&self.conversations)?;
        out.push_sql(&between);
        out.push_bind_param::<Array<Int8>, _>(&self.senders)?;
        out.push_sql(&between);
        out.push_bind_param::<Texts, _>(&self.client_ids)?;
        out.push_sql(&between);
        out.push_bind_param::<Array<Int8>, _>(&self.fingerprints)?;
        out.push_sql(&between);
        out.push_bind_param::<Texts, _>(&self.kinds)?;
        out.push_sql(&between);
        out.push_bind_param::<Texts, _>(&self.bodies)?;
        out.push_sql(&between);
        out.push_bind_param::<MaybeNumbers, _>(&self.replies)?;
        out.push_sql(&between);
        out.push_bind_param::<MaybeTexts, _>(&self.attachments)?;
        out.push_sql(&between);
        out.push_bind_param::<MaybeTexts, _>(&self.contexts)?;
        out.push_sql(&between);
        out.push_bind_param::<MaybeTexts, _>(&self.audience_roles)?;
        out.push_sql(&between);
        out.push_bind_param::<MaybeNumbers, _>(&self.audience_users)?;
        out.push_sql(after);
        Ok(())
    }
}

/// A message's attachments as JSON text; `None` if it has none.
fn attachments_json(content: &Content) -> QueryResult<Option<String>> {
    if content.attachments.is_empty() {
        return Ok(None);
    }
    let json = serde_json::to_string(&content.attachments);
    json.map(Some)
        .map_err(|error| Db::SerializationError(Box::new(error)))
}

fn audience_columns(content: &Content) -> (Option<&str>, Option<i64>) {
    match &content.audience {
        None => (None, None),
        Some(Audience::Role(role)) => (Some(role), None),
        Some(Audience::User(user)) => (None, Some(user.0)),
    }
}
