//! Who acts: the caller or, where the caller is the platform and names another user, that user.

use std::sync::Arc;

use super::Failure;
use super::call::Call;
use crate::domain::principal::{Principal, Roles};
use crate::domain::refusal::Refusal;
use crate::store::users;

impl<P, B> Call<P, B> {
    /// Who speaks.
    pub async fn speaker(&self, named: Option<&str>) -> Result<Arc<Principal>, Failure> {
        let caller = &self.caller;
        let Some(named) = named.filter(|named| *named != caller.id.as_str()) else {
            return Ok(Arc::clone(caller));
        };
        let wanted = named.to_owned();
        let found = self
            .pool()
            .run(move |connection| users::find(connection, &wanted));
        let user = found
            .await?
            .ok_or_else(|| Refusal::UserNotFound(named.to_owned()))?;
        let (no, id, profile) = user.into_parts();
        Ok(Arc::new(Principal {
            no,
            id,
            profile: Arc::new(profile),
            ..Principal::clone(caller)
        }))
    }

    /// Who presses: a caller who acts for another user may do what that user may, and nothing more.
    pub async fn presser(&self, named: Option<&str>) -> Result<Arc<Principal>, Failure> {
        let mut speaker = self.speaker(named).await?;
        if speaker.no != self.caller.no {
            Arc::make_mut(&mut speaker).roles = Roles::default();
        }
        Ok(speaker)
    }
}
