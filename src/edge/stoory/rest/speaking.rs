//! Which conversation a path names, and who acts: the caller, whose ids a payload may repeat, or whom the platform names.

use serde::Deserialize;
use std::sync::Arc;

use crate::domain::ids::ConversationId;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::http::Failure;
use crate::edge::http::call::{Call, FromPath};
use crate::edge::http::refusals::Body;

/// The conversation that a path names; Stoory's API calls its id `conversation_id`.
#[derive(Clone, Copy)]
pub struct InConversation(pub(super) ConversationId);

impl FromPath for InConversation {
    type Parts = String;
    fn parse(id: String) -> Result<Self, Refusal> {
        ConversationId::parse(&id, "conversation_id").map(Self)
    }
}

/// The names under which Stoory's payloads say who acts.
#[derive(Default, Deserialize)]
struct Named {
    #[serde(default)]
    sender_id: Option<String>,
    #[serde(default)]
    user_id: Option<String>,
    #[serde(default, rename = "senderId")]
    sender: Option<String>,
    #[serde(default, rename = "userId")]
    user: Option<String>,
}

impl Named {
    fn read(body: &Body) -> Result<Self, Refusal> {
        match body.text().trim() {
            "" => Ok(Self::default()),
            _ => body.read(),
        }
    }

    fn ids(self) -> impl Iterator<Item = String> {
        [self.sender_id, self.user_id, self.sender, self.user]
            .into_iter()
            .flatten()
    }
}

impl<P> Call<P, Body> {
    /// The acting user whom the body names; all its fields must name the same one.
    fn named(&self) -> Result<Option<String>, Refusal> {
        let mut acting: Option<String> = None;
        for id in Named::read(&self.body)?.ids() {
            self.caller.must_be(Some(&id))?;
            if acting.replace(id.clone()).is_some_and(|other| other != id) {
                let two = "The payload names two different acting users";
                return Err(Refusal::IdentityMismatch(two));
            }
        }
        Ok(acting)
    }

    /// The sender whom the body names, or the caller.
    pub(super) async fn named_sender(&self) -> Result<Arc<Principal>, Failure> {
        self.acting_user(self.named()?.as_deref()).await
    }

    /// The presser whom the body names, or the caller.
    pub(super) async fn named_presser(&self) -> Result<Arc<Principal>, Failure> {
        self.presser(self.named()?.as_deref()).await
    }

    /// Refuses a body that names anybody but the caller, the platform's too: nobody reads for somebody else.
    pub(super) fn must_act_alone(&self) -> Result<(), Refusal> {
        let mut ids = Named::read(&self.body)?.ids();
        ids.try_for_each(|id| self.caller.must_be_alone(Some(&id)))
    }
}
