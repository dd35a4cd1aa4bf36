//! Who is calling, as a trusted token says.

use chrono::{DateTime, SecondsFormat, Utc};
use std::fmt;
use std::sync::Arc;

use super::access::Privilege;
use super::ids::{UserId, UserNo};
use super::refusal::Refusal;

/// A profile as the platform knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Profile {
    /// The name to show.
    pub name: Option<String>,
    /// The e-mail address; shown to its owner only.
    pub email: Option<String>,
    /// A picture, https.
    pub avatar_url: Option<String>,
}

/// What a token may make of a person beyond an ordinary user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// Runs the place.
    pub admin: bool,
    /// Helps people.
    pub support: bool,
    /// The platform's own back end.
    pub service: bool,
}

impl Roles {
    /// The names that a token uses.
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
    /// The profile that the token carried.
    pub profile: Arc<Profile>,
    /// What the token makes of the caller.
    pub roles: Roles,
    /// Seconds since 1970 from which on the token is refused, over REST and on sockets alike.
    pub valid_until: u64,
    /// When it was issued, in seconds since 1970, if it says so.
    pub issued_at: Option<i64>,
}

/// Since when somebody's tokens must be issued: a whole second, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotBefore(i64);

impl NotBefore {
    /// The second of this moment.
    pub fn at(moment: DateTime<Utc>) -> Self {
        Self(moment.timestamp())
    }

    /// Whether a token that was issued then does not count. One that does not say when it was issued counts no more.
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
    /// Refuses an id of the acting user in a payload that is not the caller's own. The platform may name anybody.
    pub fn must_be(&self, claimed: Option<&str>) -> Result<(), Refusal> {
        match claimed {
            Some(id) if id != self.id.as_str() && !self.roles.may(Privilege::ActForOthers) => {
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
