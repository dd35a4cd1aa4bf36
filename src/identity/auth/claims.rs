//! What the claims of a signed token prove: pure rules over the claims and the time (RFC 7519, section 4).

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};
use std::sync::Arc;

use super::Identity;
use crate::config::{AuthOptions, Claim, ClaimOptions, OwnRole, RequiredClaim, unescaped};
use crate::domain::ids::UserId;
use crate::domain::limits;
use crate::domain::object;
use crate::domain::principal::{Profile, Roles};
use crate::domain::refusal::Refusal;
use crate::domain::visible;

/// Seconds by which clocks may differ.
pub(super) const LEEWAY_SECONDS: f64 = 30.0;

/// What a token says: an object in which each name stands once. Each claim is read by itself, so that the error names which of them
/// is wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Said(Map<String, Value>);

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object::required(deserializer).map(Self)
    }
}

impl Said {
    /// The value of a claim; null is no value.
    fn named(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn at(&self, claim: &Claim) -> Option<&Value> {
        match claim {
            Claim::Name(name) => self.named(name),
            Claim::Pointer(pointer) => {
                let mut parts = pointer.split('/').skip(1).map(unescaped);
                let first = self.0.get(&parts.next()?)?;
                let found = parts.try_fold(first, |value, part| match value {
                    Value::Object(members) => members.get(&part),
                    Value::Array(items) => items.get(part.parse::<usize>().ok()?),
                    _ => None,
                });
                found.filter(|value| !value.is_null())
            }
        }
    }
}

/// What the operator asks of every token.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    issuer: Option<String>,
    audience: Option<String>,
    max_age: Option<f64>,
    claims: ClaimOptions,
}

impl Rules {
    /// Nothing is asked for but what every token needs.
    pub(super) fn none() -> Self {
        Self {
            issuer: None,
            audience: None,
            max_age: None,
            claims: ClaimOptions::default(),
        }
    }

    /// What these options about claims ask for, and nothing else.
    pub(super) fn of_claims(claims: ClaimOptions) -> Self {
        Self {
            claims,
            ..Self::none()
        }
    }

    pub(super) fn new(options: &AuthOptions) -> Self {
        Self {
            issuer: options.jwt_issuer.clone(),
            audience: options.jwt_audience.clone(),
            max_age: options.token_max_age.map(|seconds| seconds as f64),
            claims: options.claims.clone(),
        }
    }

    /// The identity that the claims prove at this time, in seconds since 1970.
    pub(super) fn identity(&self, said: &Said, now: f64) -> Result<Identity, Refusal> {
        let ends = ends(said, now)?;
        let issued = self.issued(said, ends, now)?;
        self.check_issuer_and_audience(said)?;
        self.check_required(said)?;
        let max_age = self.max_age.unwrap_or(f64::INFINITY);
        let ends = issued.map_or(ends, |issued| ends.min(issued + max_age));
        let id = self.user(said)?;
        let alias = self.alias(said)?.filter(|alias| *alias != id);
        Ok(Identity {
            id,
            profile: Profile {
                alias,
                ..profile(said, &self.claims.name_claim)?
            },
            roles: self.roles(said)?,
            platform_role: self.platform_role(said),
            valid_until: valid_until(ends),
            issued_at: issued
                .filter(|issued| *issued <= now + LEEWAY_SECONDS)
                .map(|issued| issued.floor() as i64),
        })
    }

    /// When the token was made, held to the longest life where one is set.
    fn issued(&self, said: &Said, ends: f64, now: f64) -> Result<Option<f64>, Refusal> {
        let issued = date(
            said.named("iat"),
            "The token's iat is not a number of seconds",
        )?;
        let Some(max_age) = self.max_age else {
            return Ok(issued);
        };
        let issued = issued.ok_or(refused(
            "The token has no iat, which this server requires (--token-max-age)",
        ))?;
        if issued > now + LEEWAY_SECONDS {
            return Err(refused("The token's iat is in the future"));
        }
        if issued + max_age + LEEWAY_SECONDS < now {
            return Err(refused(
                "The token was issued too long ago (--token-max-age)",
            ));
        }
        if ends - now > max_age + LEEWAY_SECONDS {
            return Err(refused(
                "The token is valid for longer than this server allows (--token-max-age)",
            ));
        }
        Ok(Some(issued))
    }

    fn check_issuer_and_audience(&self, said: &Said) -> Result<(), Refusal> {
        let issuer = text(said.named("iss"), "The token's iss is not a string")?;
        if self.issuer.is_some() && issuer != self.issuer.as_deref() {
            return Err(refused(match issuer {
                None => "The token has no iss",
                Some(_) => "The token was issued by another issuer (iss)",
            }));
        }
        let Some(audience) = &self.audience else {
            return Ok(());
        };
        let is_ours = match said.named("aud") {
            None => return Err(refused("The token has no aud")),
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(several)) => {
                several.iter().all(Value::is_string)
                    && several.iter().any(|one| one.as_str() == Some(audience))
            }
            Some(_) => false,
        };
        is_ours
            .then_some(())
            .ok_or(refused("The token is for another audience (aud)"))
    }

    fn check_required(&self, said: &Said) -> Result<(), Refusal> {
        for RequiredClaim { claim, value } in &self.claims.require_claim {
            let found = said.at(claim).ok_or(refused(
                "The token lacks a claim that this server requires (--require-claim)",
            ))?;
            let fits = match found {
                Value::Array(several) => several.iter().any(|one| says(one, value)),
                one => says(one, value),
            };
            if !fits {
                return Err(refused(
                    "A claim of the token has another value than this server requires (--require-claim)",
                ));
            }
        }
        Ok(())
    }

    /// The user's id: of `sub`, a string (RFC 7519, section 4.1.2), or of the claim that the operator names.
    fn user(&self, said: &Said) -> Result<UserId, Refusal> {
        let Some(claim) = &self.claims.user_claim else {
            let subject = text(
                said.named("sub"),
                "The token's sub is not a string: a number has to be written as \"42\"",
            )?;
            let subject = subject.ok_or(refused("The token has no sub"))?;
            return UserId::parse(subject, "sub").map_err(|_| {
                refused(
                    "The token's sub is not a user id: 1–128 characters of A–Z a–z 0–9 . _ : @ -",
                )
            });
        };
        let found = said.at(claim).ok_or(refused(
            "The token has no user id in the claim that --user-claim names",
        ))?;
        id_in(found).ok_or(refused(
            "The token's user id (--user-claim) is neither a whole number nor 1–128 characters of A–Z a–z 0–9 . _ : @ -",
        ))
    }

    /// The user's other id, if the operator names a claim for it and the token has it.
    fn alias(&self, said: &Said) -> Result<Option<UserId>, Refusal> {
        let claim = self.claims.alias_claim.as_ref();
        let found = claim.and_then(|claim| said.at(claim));
        let id = found.map(|found| {
            id_in(found).ok_or(refused(
                "The token's alias (--alias-claim) is neither a whole number nor 1–128 characters of A–Z a–z 0–9 . _ : @ -",
            ))
        });
        id.transpose()
    }

    /// What the token's roles make of its bearer.
    fn roles(&self, said: &Said) -> Result<Roles, Refusal> {
        let claim = &self.claims.roles_claim;
        let found = match claim {
            Some(claim) => said.at(claim),
            None => said.named("roles"),
        };
        let named: Vec<&str> = match found {
            None => Vec::new(),
            Some(Value::String(one)) if claim.is_some() => vec![one],
            Some(Value::Array(several)) => {
                let texts: Option<_> = several.iter().map(Value::as_str).collect();
                texts.ok_or(refused(self.wrong_roles()))?
            }
            Some(_) => return Err(refused(self.wrong_roles())),
        };
        let has = |role| named.iter().any(|name| self.own_role(name) == role);
        Ok(Roles {
            admin: has(OwnRole::Admin),
            support: has(OwnRole::Support),
            service: has(OwnRole::Service),
        })
    }

    /// Why the roles cannot be read: a claim that the operator names may be one string.
    fn wrong_roles(&self) -> &'static str {
        match self.claims.roles_claim {
            None => "The token's roles are not a list of strings, as [\"service\"]",
            Some(_) => {
                "The token's roles (--roles-claim) are neither a string nor a list of strings"
            }
        }
    }

    /// The word in which the platform says who somebody is: the claim of its roles where that is one string, else `role`.
    fn platform_role(&self, said: &Said) -> Option<Arc<str>> {
        let named = self
            .claims
            .roles_claim
            .as_ref()
            .and_then(|claim| said.at(claim));
        let word = named.and_then(Value::as_str);
        let word = word.or_else(|| said.named("role")?.as_str())?;
        let fits = limits::text(word, "role", limits::TITLE_CHARACTERS).is_ok();
        fits.then(|| Arc::from(word))
    }

    fn own_role(&self, name: &str) -> OwnRole {
        let map = &self.claims.role_map;
        let mapped = || map.iter().find(|one| one.theirs == name);
        match map.is_empty() {
            true => OwnRole::named(name).unwrap_or(OwnRole::None),
            false => mapped().map_or(OwnRole::None, |one| one.ours),
        }
    }
}

/// The user's id that a claim is: a string or a whole number.
fn id_in(claim: &Value) -> Option<UserId> {
    let id = match claim {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => whole(number),
        _ => None,
    };
    UserId::parse(&id?, "user").ok()
}

/// Whether a claim has the value that an option names.
fn says(claim: &Value, wanted: &str) -> bool {
    match claim {
        Value::String(text) => text == wanted,
        Value::Bool(truth) => wanted.parse() == Ok(*truth),
        Value::Number(_) => {
            let written = claim.to_string();
            written == wanted
        }
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

fn refused(why: &'static str) -> Refusal {
    Refusal::Unauthenticated(why)
}

/// A NumericDate: any number of seconds since 1970, fractions included.
fn date(claim: Option<&Value>, wrong: &'static str) -> Result<Option<f64>, Refusal> {
    match claim {
        None => Ok(None),
        Some(Value::Number(number)) => Ok(number.as_f64()),
        Some(_) => Err(refused(wrong)),
    }
}

fn text<'a>(claim: Option<&'a Value>, wrong: &'static str) -> Result<Option<&'a str>, Refusal> {
    match claim {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(refused(wrong)),
    }
}

/// When it ends; refused when that is over, or when it has not begun.
fn ends(said: &Said, now: f64) -> Result<f64, Refusal> {
    let ends = date(
        said.named("exp"),
        "The token's exp is not a number of seconds",
    )?
    .ok_or(refused("The token has no exp"))?;
    if ends < now - LEEWAY_SECONDS {
        return Err(refused("The token has expired"));
    }
    match date(
        said.named("nbf"),
        "The token's nbf is not a number of seconds",
    )? {
        Some(begins) if begins > now + LEEWAY_SECONDS => {
            Err(refused("The token is not valid yet (nbf)"))
        }
        Some(_) | None => Ok(ends),
    }
}

/// The first second at which a token that ends then is refused; the check takes the last second of the leeway still.
pub(super) fn valid_until(ends: f64) -> u64 {
    ((ends + LEEWAY_SECONDS).floor() as u64).saturating_add(1)
}

/// A whole number as text: 64-bit numbers exactly as they stand. JSON calls 7 and 7.0 the same number; with a fraction or an exponent, a
/// number counts below 2^53 only, because above it several numbers are read as the same one.
fn whole(number: &Number) -> Option<String> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Some(whole) = number.as_i64() {
        return Some(whole.to_string());
    }
    if let Some(whole) = number.as_u64() {
        return Some(whole.to_string());
    }
    let value = number.as_f64()?;
    let is_whole = value.fract() == 0.0 && value.abs() < EXACT;
    is_whole.then(|| (value as i64).to_string())
}

fn profile(said: &Said, name_claim: &Claim) -> Result<Profile, Refusal> {
    const NAME: &str =
        "The token's name is not a string of at most 200 characters without a NUL character";
    const EMAIL: &str =
        "The token's email is not a string of at most 200 characters without a NUL character";
    let bounded = |claim, wrong| {
        let text = text(claim, wrong)?;
        let fits = |text: &str| limits::text(text, "name", limits::TITLE_CHARACTERS);
        text.map_or(Ok(()), fits).map_err(|_| refused(wrong))?;
        Ok::<_, Refusal>(text.map(str::to_owned))
    };
    let avatar_url = text(
        said.named("avatar_url"),
        "The token's avatar_url is not a string",
    )?;
    Ok(Profile {
        name: bounded(said.at(name_claim), NAME)?.filter(|name| visible::shows_something(name)),
        email: bounded(said.named("email"), EMAIL)?,
        avatar_url: avatar_url
            .filter(|url| limits::https_url(url, "avatar_url").is_ok())
            .map(str::to_owned),
        alias: None,
    })
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;
