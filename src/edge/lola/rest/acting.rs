//! Who acts: the caller, whose id a body may repeat as `senderId` or `userId`; the platform may name another sender.

use serde::Deserialize;
use std::sync::Arc;

use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::http::Failure;
use crate::edge::http::call::Call;
use crate::edge::http::refusals::Body;

/// The names under which a body says who acts.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Named {
    sender_id: Option<String>,
    user_id: Option<String>,
}

impl<P> Call<P, Body> {
    /// The sender whom the body names, or the caller.
    pub(super) async fn message_sender(&self) -> Result<Arc<Principal>, Failure> {
        let Named { sender_id, user_id } = self.body.read()?;
        self.caller.must_be(sender_id.as_deref())?;
        self.caller.must_be(user_id.as_deref())?;
        self.acting_user(sender_id.or(user_id).as_deref()).await
    }

    /// Refuses a body that names anybody but the caller, the platform's too: nobody reads for somebody else.
    pub(super) fn must_read_alone(&self) -> Result<(), Refusal> {
        let named: Named = match self.body.text().trim() {
            "" => Named::default(),
            _ => self.body.read()?,
        };
        self.caller.must_be_alone(named.sender_id.as_deref())?;
        self.caller.must_be_alone(named.user_id.as_deref())
    }
}
