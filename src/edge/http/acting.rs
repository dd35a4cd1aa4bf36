//! The acting user: the caller or, if the caller is the platform and names another user, that user.

use std::sync::Arc;

use super::Failure;
use super::call::Call;
use crate::domain::ids::UserId;
use crate::domain::principal::{Principal, Roles};
use crate::domain::refusal::Refusal;
use crate::store::users;

impl<P, B> Call<P, B> {
    /// The acting user.
    pub async fn acting_user(&self, named: Option<&str>) -> Result<Arc<Principal>, Failure> {
        let caller = &self.caller;
        let Some(named) = named.filter(|named| !caller.is_named(named)) else {
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

    /// The id of the user whom an id or an alias names; the same text where nobody is known under it.
    pub async fn user_named(&self, id: UserId) -> Result<UserId, Failure> {
        let wanted = id.clone();
        let found = self
            .pool()
            .run(move |connection| users::find(connection, wanted.as_str()));
        Ok(found.await?.map_or(id, |row| UserId::stored(row.id)))
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
