//! Tokens to principals: whoever shows a trusted token is known from then on, with the profile that it carries.

use quick_cache::sync::Cache;
use std::sync::Arc;

use crate::auth::Verifier;
use crate::domain::ids::{UserId, UserNo};
use crate::domain::principal::{Principal, Profile};
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::pool::Pool;
use crate::store::users;

/// People whose number and profile are remembered.
const REMEMBERED: usize = 50_000;

/// Knows everybody who has called.
pub struct People {
    verifier: Verifier,
    pool: Pool,
    known: Cache<UserId, (UserNo, Arc<Profile>)>,
    /// The id that stands for the system: no user has it.
    system: String,
}

impl People {
    /// Nobody is known yet.
    pub fn new(verifier: Verifier, pool: Pool, system: String) -> Self {
        Self {
            system,
            verifier,
            pool,
            known: Cache::new(REMEMBERED),
        }
    }

    /// The caller behind a token. Writes the profile when it is new or has changed.
    pub async fn identify(&self, token: &str) -> Result<Arc<Principal>, Error> {
        let identity = self.verifier.verify(token)?;
        if identity.id.as_str() == self.system {
            return Err(Refusal::Unauthenticated(
                "The token's sub is the id that stands for the system, and no user may have it",
            )
            .into());
        }
        let (id, profile) = (identity.id, identity.profile);
        let remembered = self
            .known
            .get(&id)
            .filter(|(_, before)| adds_nothing(before, &profile));
        let (no, profile) = match remembered {
            Some(known) => known,
            None => self.remember(id.clone(), profile).await?,
        };
        Ok(Arc::new(Principal {
            no,
            id,
            profile,
            roles: identity.roles,
            valid_until: identity.valid_until,
        }))
    }

    /// Makes somebody known, or brings their profile up to date.
    pub async fn remember(
        &self,
        id: UserId,
        profile: Profile,
    ) -> Result<(UserNo, Arc<Profile>), Error> {
        if id.as_str() == self.system {
            return Err(
                Refusal::invalid("id", "stands for the system, and no user may have it").into(),
            );
        }
        let written = id.clone();
        let row = self
            .pool
            .run(move |connection| users::upsert(connection, &written, &profile))
            .await?;
        let (no, _, profile) = row.into_parts();
        let known = (no, Arc::new(profile));
        self.known.insert(id, known.clone());
        Ok(known)
    }
}

/// Whether everything that a token says is known already. What it leaves out stays as it was.
fn adds_nothing(before: &Profile, said: &Profile) -> bool {
    let same = |said: &Option<String>, before: &Option<String>| said.is_none() || said == before;
    same(&said.name, &before.name)
        && same(&said.email, &before.email)
        && same(&said.avatar_url, &before.avatar_url)
}
