//! The acting user: the caller or, if the caller is the platform and names another user, that user.

use std::sync::Arc;

use super::Failure;
use super::call::Call;
use crate::domain::principal::{Principal, Roles};
use crate::domain::refusal::Refusal;
use crate::store::users;

impl<P, B> Call<P, B> {
    /// The acting user.
    pub async fn acting_user(&self, named: Option<&str>) -> Result<Arc<Principal>, Failure> {
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
            platform_role: None,
            ..Principal::clone(caller)
        }))
    }

    /// The acting user for a press: a caller who acts for another user may do what that user may, and nothing more.
    pub async fn presser(&self, named: Option<&str>) -> Result<Arc<Principal>, Failure> {
        let mut user = self.acting_user(named).await?;
        if user.no != self.caller.no {
            Arc::make_mut(&mut user).roles = Roles::default();
        }
        Ok(user)
    }
}
