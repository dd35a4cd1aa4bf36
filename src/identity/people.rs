//! Turns tokens into principals. A user with a trusted token is stored with the token's profile. A signed-out
//! user's older tokens are refused.

use clock::Clock;
use parking_lot::Mutex;
use quick_cache::sync::Cache;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

use crate::domain::ids::{UserId, UserNo};
use crate::domain::principal::{NotBefore, Principal, Profile};
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::identity::auth::{Identity, Verifier};
use crate::presence::Directory;
use crate::queue::SIGNED_OUT;
use crate::store::pool::Pool;
use crate::store::revocations::{self, SignOut};
use crate::store::users::{self, Stored};
use crate::telemetry::refusal_log::RefusalLog;
use crate::wire::outgoing::Outgoing;
use crate::wire::section::Section;

/// The number of users whose number and profile are cached.
const REMEMBERED: usize = 50_000;
/// How far back sign-outs are read again, to find one that was committed while its user's token was being
/// verified.
const OVERLAP: Duration = Duration::from_secs(15);

/// A cached user.
#[derive(Clone)]
struct Known {
    no: UserNo,
    id: UserId,
    profile: Arc<Profile>,
    /// Tokens must be issued after this time, if the user was ever signed out.
    not_before: Option<NotBefore>,
}

/// The cache of users, over the database.
pub struct People {
    verifier: Verifier,
    pool: Pool,
    directory: Arc<Directory>,
    refusals: Arc<RefusalLog>,
    known: Cache<UserId, Known>,
    /// How often another server has changed a profile: what was read before may be old.
    heard_profiles: AtomicU64,
    /// The id that stands for the system; no user may have it.
    system: String,
    clock: Clock,
    /// When the sign-outs of other servers were last read.
    read: Mutex<Instant>,
    /// Another server has signed somebody out.
    has_heard: Notify,
    outgoing: Outgoing,
}

impl People {
    /// An empty cache.
    pub fn new(
        verifier: Verifier,
        pool: Pool,
        directory: Arc<Directory>,
        refusals: Arc<RefusalLog>,
        system: String,
        clock: Clock,
        outgoing: Outgoing,
    ) -> Self {
        Self {
            verifier,
            pool,
            directory,
            refusals,
            known: Cache::new(REMEMBERED),
            heard_profiles: AtomicU64::new(0),
            system,
            read: Mutex::new(clock.now()),
            clock,
            has_heard: Notify::new(),
            outgoing,
        }
    }

    /// The principal for a token. Stores the profile if it is new or has changed. The log gives the reason of a
    /// refusal.
    pub async fn identify(&self, token: &str) -> Result<Arc<Principal>, Error> {
        let identified = match self.verifier.verify(token, self.clock.since_1970()) {
            Ok(identity) => self.principal(identity).await,
            Err(refusal) => Err(refusal.into()),
        };
        match &identified {
            Err(Error::Refused(Refusal::Unauthenticated(why))) => {
                self.refusals.note("token_refused", why, "");
            }
            Err(Error::Refused(Refusal::SignedOut(_))) => {
                let why = "The token was issued before its user was signed out";
                self.refusals.note("token_refused", why, "");
            }
            Ok(_) | Err(_) => {}
        }
        identified
    }

    async fn principal(&self, identity: Identity) -> Result<Arc<Principal>, Error> {
        let alias = identity.profile.alias.as_ref();
        let is_system = |id: &UserId| id.as_str() == self.system;
        if is_system(&identity.id) || alias.is_some_and(is_system) {
            return Err(Refusal::Unauthenticated(
                "The token's user id (sub, or the claim of --user-claim) stands for the system, and no user may have it",
            )
            .into());
        }
        let (id, profile) = (identity.id, identity.profile);
        let remembered = self
            .known
            .get(&id)
            .filter(|known| adds_nothing(&known.profile, &profile));
        let known = match remembered {
            Some(known) => known,
            None => self
                .look_up(id, profile)
                .await
                .map_err(|error| match error {
                    Error::Refused(Refusal::Conflict(_)) => Refusal::Unauthenticated(
                        "The token's alias (--alias-claim) is another user's id or alias",
                    )
                    .into(),
                    other => other,
                })?,
        };
        match known.not_before {
            Some(not_before) if not_before.refuses(identity.issued_at) => {
                Err(Refusal::SignedOut(not_before).into())
            }
            Some(_) | None => Ok(Arc::new(Principal {
                no: known.no,
                id: known.id,
                profile: known.profile,
                roles: identity.roles,
                platform_role: identity.platform_role,
                valid_until: identity.valid_until,
                issued_at: identity.issued_at,
            })),
        }
    }

    /// Stores a user, or updates the profile; the user's id, where an alias was given.
    pub async fn remember(
        &self,
        id: UserId,
        profile: Profile,
    ) -> Result<(UserNo, UserId, Arc<Profile>), Error> {
        let alias = profile.alias.as_ref().map(|alias| ("alias", alias));
        for (field, text) in [("id", &id)].into_iter().chain(alias) {
            if text.as_str() == self.system {
                let why = "stands for the system, and no user may have it";
                return Err(Refusal::invalid(field, why).into());
            }
        }
        let known = self.look_up(id, profile).await?;
        Ok((known.no, known.id, known.profile))
    }

    async fn look_up(&self, id: UserId, profile: Profile) -> Result<Known, Error> {
        let heard = self.heard_profiles.load(Ordering::Acquire);
        let written = id.clone();
        let (row, stored, not_before) = self
            .pool
            .run(move |connection| {
                let (row, stored) = users::store(connection, &written, &profile)?;
                let not_before = revocations::not_before(connection, UserNo(row.no))?;
                Ok((row, stored, not_before))
            })
            .await?;
        let (no, known_id, profile) = row.into_parts();
        let is_alias = known_id != id;
        let id = known_id;
        if stored == Stored::Changed {
            self.outgoing.say(|| Section::Profile(id.clone()));
        }
        let known = Known {
            no,
            id: id.clone(),
            profile: Arc::new(profile),
            not_before,
        };
        // Sign-outs find what is cached by the user's id. Tokens that name their user by an alias are looked up each time.
        if is_alias {
            return Ok(known);
        }
        self.known.insert(id.clone(), known.clone());
        if self.heard_profiles.load(Ordering::Acquire) != heard {
            self.known.remove(&id);
        }
        Ok(known)
    }

    /// Ends a user's sessions and refuses all earlier tokens. An unknown user is stored first, so that a token
    /// being verified at this moment is refused too. Answers the user's id, where an alias was given.
    pub async fn sign_out(&self, id: UserId) -> Result<(UserId, NotBefore), Error> {
        let (no, id, _) = self.remember(id, Profile::default()).await?;
        let signed_out = move |connection: &mut _| revocations::sign_out(connection, no);
        let not_before = self.pool.run(signed_out).await?;
        self.apply(SignOut {
            id: id.clone(),
            no,
            not_before,
        });
        self.outgoing.say(|| Section::Ended(no));
        Ok((id, not_before))
    }

    /// Another server has stored another profile of this user: what is cached here is old.
    pub fn hear_of_profile(&self, id: &UserId) {
        self.heard_profiles.fetch_add(1, Ordering::AcqRel);
        self.known.remove(id);
    }

    /// Another server may have stored profiles of which this one did not hear.
    pub fn forget_profiles(&self) {
        self.heard_profiles.fetch_add(1, Ordering::AcqRel);
        self.known.clear();
    }

    /// Another server has signed somebody out: the sign-outs are to be read now.
    pub fn hear_of_sign_out(&self) {
        self.has_heard.notify_one();
    }

    /// Waits until another server announces that it has signed somebody out.
    pub async fn sign_out_is_heard(&self) {
        self.has_heard.notified().await;
    }

    /// Applies the sign-outs by other servers on this database.
    pub async fn hear_of_sign_outs(&self) -> Result<(), Error> {
        let begun = self.clock.now();
        let since = begun.duration_since(*self.read.lock()) + OVERLAP;
        let seconds = since.as_secs_f64();
        let recent = move |connection: &mut _| revocations::recent(connection, seconds);
        for sign_out in self.pool.run(recent).await? {
            self.apply(sign_out);
        }
        *self.read.lock() = begun;
        Ok(())
    }

    fn apply(&self, sign_out: SignOut) {
        let SignOut { id, no, not_before } = sign_out;
        if let Some(mut known) = self.known.get(&id)
            && known.not_before < Some(not_before)
        {
            known.not_before = Some(not_before);
            self.known.insert(id, known);
        }
        for queue in self.directory.queues(no) {
            if not_before.refuses(queue.state().issued_at()) {
                queue.close(SIGNED_OUT);
            }
        }
    }
}

/// Whether the profile in a token adds nothing to the stored one. Claims that the token omits keep their stored
/// value.
fn adds_nothing(before: &Profile, said: &Profile) -> bool {
    let same = |said: &Option<String>, before: &Option<String>| said.is_none() || said == before;
    same(&said.name, &before.name)
        && same(&said.email, &before.email)
        && same(&said.avatar_url, &before.avatar_url)
        && (said.alias.is_none() || said.alias == before.alias)
}
