//! The authenticated caller.

use chrono::{DateTime, SecondsFormat, Utc};
use std::fmt;
use std::sync::Arc;

use super::access::Privilege;
use super::ids::{UserId, UserNo};
use super::message::SYSTEM;
use super::refusal::Refusal;

/// A user's profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Profile {
    /// The name to show.
    pub name: Option<String>,
    /// The e-mail address; shown only to its owner and to the platform.
    pub email: Option<String>,
    /// The https URL of a picture.
    pub avatar_url: Option<String>,
    /// Another id under which the platform knows the user. It is nobody's id, and nobody else's alias.
    pub alias: Option<UserId>,
}

/// The roles in a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// An administrator.
    pub admin: bool,
    /// A member of the support staff.
    pub support: bool,
    /// The platform's back end.
    pub service: bool,
}

impl Roles {
    /// The names that tokens use.
    pub fn names(self) -> Vec<&'static str> {
        let all = [
            (self.admin, "admin"),
            (self.support, "support"),
            (self.service, "service"),
        ];
        all.into_iter()
            .filter_map(|(has, name)| has.then_some(name))
            .collect()
    }
}

/// An authenticated caller.
#[derive(Clone, Debug, PartialEq)]
pub struct Principal {
    /// The number in the database.
    pub no: UserNo,
    /// The platform's id.
    pub id: UserId,
    /// The profile in the token.
    pub profile: Arc<Profile>,
    /// The roles in the token.
    pub roles: Roles,
    /// The platform's own word in the token for who the user is. It grants nothing; a dialect may refuse by it.
    pub platform_role: Option<Arc<str>>,
    /// The first second since 1970 at which the token is refused, on REST and on sockets alike.
    pub valid_until: u64,
    /// `iat` in seconds since 1970, if the token has it.
    pub issued_at: Option<i64>,
}

/// The earliest valid time of issue of a user's tokens, in whole seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotBefore(i64);

impl NotBefore {
    /// The second of this time.
    pub fn at(moment: DateTime<Utc>) -> Self {
        Self(moment.timestamp())
    }

    /// Whether a token with this `iat` is refused. A token without `iat` is.
    pub fn refuses(self, issued_at: Option<i64>) -> bool {
        issued_at.is_none_or(|issued_at| issued_at < self.0)
    }
}

impl fmt::Display for NotBefore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = DateTime::from_timestamp(self.0, 0).unwrap_or_default();
        f.write_str(&moment.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

impl Principal {
    /// The platform itself, as rules act in its name. No person has its id.
    pub fn platform() -> Self {
        Self {
            no: SYSTEM.0,
            id: UserId::stored(SYSTEM.1.to_owned()),
            profile: Arc::default(),
            roles: Roles {
                service: true,
                ..Roles::default()
            },
            platform_role: None,
            valid_until: u64::MAX,
            issued_at: None,
        }
    }

    /// Whether a text is their id or their alias.
    pub fn is_named(&self, id: &str) -> bool {
        let alias = self.profile.alias.as_ref();
        id == self.id.as_str() || alias.is_some_and(|alias| alias.as_str() == id)
    }

    /// Refuses an acting user in a payload who is not the caller, where nobody can act for another: not even the platform.
    pub fn must_be_alone(&self, claimed: Option<&str>) -> Result<(), Refusal> {
        match claimed {
            Some(id) if !self.is_named(id) => Err(Refusal::IdentityMismatch(
                "Nobody can read for somebody else",
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// Refuses an acting user in a payload who is not the caller. The platform may name any user.
    pub fn must_be(&self, claimed: Option<&str>) -> Result<(), Refusal> {
        match claimed {
            Some(id) if !self.is_named(id) && !self.roles.may(Privilege::ActForOthers) => {
                Err(Refusal::IdentityMismatch(
                    "The acting user is the one of the token; the payload names another",
                ))
            }
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_counts_from_the_second_on_that_is_told() {
        let moment = DateTime::from_timestamp(1_795_773_000, 0).unwrap();
        let not_before = NotBefore::at(moment);
        assert!(not_before.refuses(None));
        assert!(not_before.refuses(Some(1_795_772_999)));
        assert!(!not_before.refuses(Some(1_795_773_000)));
        assert_eq!(not_before.to_string(), "2026-11-27T09:50:00Z");
    }
}
