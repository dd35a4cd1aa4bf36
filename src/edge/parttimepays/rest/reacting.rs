//! Reactions: one of each person to each message.

use actix_web::{HttpResponse, post};
use serde::Deserialize;
use utoipa::ToSchema;

use super::answers::{Data, Reactions};
use crate::domain::answer::Novelty;
use crate::domain::ids::MessageId;
use crate::domain::refusal::Refusal;
use crate::edge::dialect::LoneReaction;
use crate::edge::http::Failure;
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::parttimepays::reactions::{self, ReactionDocument};
use crate::store::{annotations, messages};

const ALREADY: Refusal = Refusal::Unprocessable("You have already reacted with this type");

/// A reaction.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PartTimePaysReact)]
pub struct ReactBody {
    /// `like`, `love`, `laugh`, `wow`, `sad`, `angry`, `thumbs_up`, `lightbulb`, `checkmark` or `question`
    reaction_type: Option<String>,
}

/// React to a message; the caller's earlier reaction ends
#[utoipa::path(request_body = ReactBody, params(("id" = Uuid, Path)), responses((status = 200, body = Data<Reactions>), (status = 400, description = "INVALID_REQUEST; UNPROCESSABLE: You have already reacted with this type"), (status = 403, description = "NOT_A_PARTICIPANT, MUTED, BLOCKED, UNREACHABLE"), (status = 404, description = "MESSAGE_NOT_FOUND"), (status = 409, description = "CONFLICT: it has been deleted; CONVERSATION_CLOSED")), security(("bearer" = [])), tag = "parttimepays")]
#[post("/{id}/reactions")]
pub async fn react(call: Call<MessageId, Body>) -> Result<HttpResponse, Failure> {
    let work = async {
        let message = call.path;
        let ReactBody { reaction_type } = call.body.read()?;
        let wanted = LoneReaction {
            message,
            emoji: reactions::emoji(reaction_type.as_deref().unwrap_or_default())?,
            replaces: reactions::is_named,
        };
        let deps = &call.server.deps;
        let done = deps.react_alone(&call.caller, wanted).await?;
        if done.novelty == Novelty::Repeated {
            return Err(ALREADY.into());
        }
        let reader = call.caller.no;
        let read = call.pool().run(move |connection| {
            let found: Vec<_> = messages::find(connection, message)?.into_iter().collect();
            annotations::of_messages(connection, reader, &found)
        });
        let annotations = read.await?;
        let annotation = annotations.of(message.seq);
        let counted = annotation.map(|annotation| annotation.reactions.as_slice());
        let counted = counted.unwrap_or_default().iter();
        let reactions = counted.map(ReactionDocument::from).collect();
        let sentence = "Reaction added successfully";
        StoredResponse::json(200, &Data::saying(sentence, Reactions { reactions }))
    };
    call.once(work).await
}
