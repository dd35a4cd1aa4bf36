//! What the claims of a signed token prove: pure rules over the claims and the time (RFC 7519, section 4).

use serde::Deserialize;
use serde_json::Value;

use super::Identity;
use crate::config::AuthOptions;
use crate::domain::ids::UserId;
use crate::domain::limits;
use crate::domain::principal::{Profile, Roles};
use crate::domain::refusal::Refusal;
use crate::domain::visible;

/// Seconds by which clocks may differ.
pub(super) const LEEWAY_SECONDS: f64 = 30.0;

/// What a token says. Each claim is read by itself, so that the caller is told which of them is wrong.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Said {
    sub: Option<Value>,
    exp: Option<Value>,
    nbf: Option<Value>,
    iat: Option<Value>,
    iss: Option<Value>,
    aud: Option<Value>,
    name: Option<Value>,
    email: Option<Value>,
    avatar_url: Option<Value>,
    roles: Option<Value>,
}

/// What the operator asks of every token.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    issuer: Option<String>,
    audience: Option<String>,
    max_age: Option<f64>,
}

impl Rules {
    /// Nothing is asked for but what every token needs.
    pub(super) const NONE: Self = Self {
        issuer: None,
        audience: None,
        max_age: None,
    };

    pub(super) fn new(options: &AuthOptions) -> Self {
        Self {
            issuer: options.jwt_issuer.clone(),
            audience: options.jwt_audience.clone(),
            max_age: options.token_max_age.map(|seconds| seconds as f64),
        }
    }

    /// The identity that the claims prove at this time, in seconds since 1970.
    pub(super) fn identity(&self, said: &Said, now: f64) -> Result<Identity, Refusal> {
        let ends = ends(said, now)?;
        let issued = self.issued(said, ends, now)?;
        self.check_issuer_and_audience(said)?;
        let max_age = self.max_age.unwrap_or(f64::INFINITY);
        let ends = issued.map_or(ends, |issued| ends.min(issued + max_age));
        Ok(Identity {
            id: subject(said)?,
            profile: profile(said)?,
            roles: roles(said)?,
            valid_until: valid_until(ends),
            issued_at: issued
                .filter(|issued| *issued <= now + LEEWAY_SECONDS)
                .map(|issued| issued.floor() as i64),
        })
    }

    /// When the token was made, held to the longest life where one is set.
    fn issued(&self, said: &Said, ends: f64, now: f64) -> Result<Option<f64>, Refusal> {
        let issued = date(&said.iat, "The token's iat is not a number of seconds")?;
        let Some(max_age) = self.max_age else {
            return Ok(issued);
        };
        let issued = issued.ok_or(refused(
            "The token has no iat, which this server asks for (--token-max-age)",
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
        let issuer = text(&said.iss, "The token's iss is not a text")?;
        if self.issuer.is_some() && issuer != self.issuer.as_deref() {
            return Err(refused(match issuer {
                None => "The token has no iss",
                Some(_) => "The token was issued by somebody else (iss)",
            }));
        }
        let Some(audience) = &self.audience else {
            return Ok(());
        };
        let is_ours = match &said.aud {
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
            .ok_or(refused("The token is for somebody else (aud)"))
    }
}

fn refused(why: &'static str) -> Refusal {
    Refusal::Unauthenticated(why)
}

/// A NumericDate: any number of seconds since 1970, fractions included.
fn date(claim: &Option<Value>, wrong: &'static str) -> Result<Option<f64>, Refusal> {
    match claim {
        None => Ok(None),
        Some(Value::Number(number)) => Ok(number.as_f64()),
        Some(_) => Err(refused(wrong)),
    }
}

fn text<'a>(claim: &'a Option<Value>, wrong: &'static str) -> Result<Option<&'a str>, Refusal> {
    match claim {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(refused(wrong)),
    }
}

/// When it ends; refused when that is over, or when it has not begun.
fn ends(said: &Said, now: f64) -> Result<f64, Refusal> {
    let ends = date(&said.exp, "The token's exp is not a number of seconds")?
        .ok_or(refused("The token has no exp"))?;
    if ends < now - LEEWAY_SECONDS {
        return Err(refused("The token has expired"));
    }
    match date(&said.nbf, "The token's nbf is not a number of seconds")? {
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

fn subject(said: &Said) -> Result<UserId, Refusal> {
    let subject = text(
        &said.sub,
        "The token's sub is not a text: a number has to be written as \"42\"",
    )?;
    let subject = subject.ok_or(refused("The token has no sub"))?;
    UserId::parse(subject, "sub").map_err(|_| {
        refused("The token's sub is not a user id: 1–128 characters of A–Z a–z 0–9 . _ : @ -")
    })
}

fn profile(said: &Said) -> Result<Profile, Refusal> {
    const NAME: &str =
        "The token's name is not a text of at most 200 characters without a NUL character";
    const EMAIL: &str =
        "The token's email is not a text of at most 200 characters without a NUL character";
    let bounded = |claim, wrong| {
        let text = text(claim, wrong)?;
        let fits = |text: &str| limits::text(text, "name", limits::TITLE_CHARACTERS);
        text.map_or(Ok(()), fits).map_err(|_| refused(wrong))?;
        Ok::<_, Refusal>(text.map(str::to_owned))
    };
    let avatar_url = text(&said.avatar_url, "The token's avatar_url is not a text")?;
    Ok(Profile {
        name: bounded(&said.name, NAME)?.filter(|name| visible::shows_something(name)),
        email: bounded(&said.email, EMAIL)?,
        avatar_url: avatar_url
            .filter(|url| limits::https_url(url, "avatar_url").is_ok())
            .map(str::to_owned),
    })
}

fn roles(said: &Said) -> Result<Roles, Refusal> {
    let wrong = || refused("The token's roles are not a list of texts, as [\"service\"]");
    let named: &[Value] = match &said.roles {
        None => &[],
        Some(Value::Array(named)) => named,
        Some(_) => return Err(wrong()),
    };
    if !named.iter().all(Value::is_string) {
        return Err(wrong());
    }
    let has = |role: &str| named.iter().any(|name| name == role);
    Ok(Roles {
        admin: has("admin"),
        support: has("support"),
        service: has("service"),
    })
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;
