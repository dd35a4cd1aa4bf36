//! Who acts: the one of the token, whatever ids of theirs a payload repeats; the platform may act for others.

use serde::Deserialize;
use std::sync::Arc;

use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::http::refusals::Body;
use crate::edge::http::{AppState, Failure};
use crate::edge::native::rest::messages::{presser, speaker};

/// The names under which the guide's payloads say who acts.
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

/// Who acts.
pub(super) async fn speaker_of(
    server: &AppState,
    caller: &Arc<Principal>,
    body: &Body,
) -> Result<Arc<Principal>, Failure> {
    let mut acting: Option<String> = None;
    for id in Named::read(body)?.ids() {
        caller.must_be(Some(&id))?;
        if acting.replace(id.clone()).is_some_and(|other| other != id) {
            let two = "The payload names two people as the one who acts";
            return Err(Refusal::IdentityMismatch(two).into());
        }
    }
    speaker(server, caller, acting.as_deref()).await
}

/// Who presses.
pub(super) async fn presser_of(
    server: &AppState,
    caller: &Arc<Principal>,
    body: &Body,
) -> Result<Arc<Principal>, Failure> {
    Ok(presser(speaker_of(server, caller, body).await?, caller))
}

/// Refuses a payload that names anybody but the caller, whoever that is: nobody reads for somebody else.
pub(super) fn must_act_alone(caller: &Principal, body: &Body) -> Result<(), Refusal> {
    let is_other = |id: String| id != caller.id.as_str();
    match Named::read(body)?.ids().any(is_other) {
        true => Err(Refusal::IdentityMismatch(
            "Nobody can read for somebody else",
        )),
        false => Ok(()),
    }
}
