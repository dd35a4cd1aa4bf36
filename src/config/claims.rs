//! Options about the claims of tokens: a platform that has tokens already names its claims here, and issues no others for Stoa.

use clap::Args;
use std::fmt;
use std::str::FromStr;

/// Where tokens say who their bearer is.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Claims of your platform's tokens")]
pub struct ClaimOptions {
    /// Claim with the user's id, a string or a whole number: a name, as userId, or a JSON pointer, as /user/id. Without it `sub`, which must be a string
    #[arg(long, env = "STOA_USER_CLAIM", value_name = "CLAIM")]
    pub user_claim: Option<Claim>,
    /// Claim with the name to show
    #[arg(
        long,
        env = "STOA_NAME_CLAIM",
        value_name = "CLAIM",
        default_value = "name"
    )]
    pub name_claim: Claim,
    /// Claim with another id of the user, a string or a whole number, which is accepted wherever their id is
    #[arg(long, env = "STOA_ALIAS_CLAIM", value_name = "CLAIM")]
    pub alias_claim: Option<Claim>,
    /// Claim with the roles: a list of strings. Where it is named here, it may be one string too
    #[arg(long, env = "STOA_ROLES_CLAIM", value_name = "CLAIM")]
    pub roles_claim: Option<Claim>,
    /// What a role of the platform is here, as BUSINESS_OWNER=support; comma-separated. With it only the roles that it names count
    #[arg(
        long,
        env = "STOA_ROLE_MAP",
        value_name = "ROLE=OURS",
        value_delimiter = ','
    )]
    pub role_map: Vec<RoleMapping>,
    /// A claim that each token must have, with its value, as token_type=access; comma-separated
    #[arg(
        long,
        env = "STOA_REQUIRE_CLAIM",
        value_name = "CLAIM=VALUE",
        value_delimiter = ','
    )]
    pub require_claim: Vec<RequiredClaim>,
}

impl Default for ClaimOptions {
    /// The claims of RFC 7519 and OpenID Connect: `sub`, `name`, and `roles`.
    fn default() -> Self {
        Self {
            user_claim: None,
            name_claim: Claim::Name("name".to_owned()),
            alias_claim: None,
            roles_claim: None,
            role_map: Vec::new(),
            require_claim: Vec::new(),
        }
    }
}

/// Which claim: the name of a member, or a JSON pointer (RFC 6901) into the claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// A member of the claims, by its name.
    Name(String),
    /// A value within the claims; begins with a slash.
    Pointer(String),
}

/// A part of a JSON pointer as the name that it stands for (RFC 6901, section 4).
pub fn unescaped(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

impl FromStr for Claim {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "" | "/" => Err("the claim needs a name, as userId or /user/id".to_owned()),
            "exp" | "nbf" | "iat" | "iss" | "aud" => {
                Err(format!("`{text}` has a meaning of its own in every token"))
            }
            pointer if pointer.starts_with('/') => Ok(Self::Pointer(pointer.to_owned())),
            name => Ok(Self::Name(name.to_owned())),
        }
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(text) | Self::Pointer(text) => f.write_str(text),
        }
    }
}

/// A role that a token can give in Stoa.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnRole {
    /// May do what support and the platform may.
    Admin,
    /// Reads and answers in every conversation.
    Support,
    /// The platform's own back end.
    Service,
    /// No rights beyond a user's.
    None,
}

impl OwnRole {
    /// The role of this name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "admin" => Some(Self::Admin),
            "support" => Some(Self::Support),
            "service" => Some(Self::Service),
            "none" => Some(Self::None),
            _ => None,
        }
    }
}

/// What a role of the platform is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleMapping {
    /// The platform's name of it.
    pub theirs: String,
    /// What it gives.
    pub ours: OwnRole,
}

impl FromStr for RoleMapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (theirs, ours) = pair(text, "BUSINESS_OWNER=support")?;
        let ours = OwnRole::named(ours)
            .ok_or_else(|| format!("`{ours}` is none of admin, support, service and none"))?;
        Ok(Self {
            theirs: theirs.to_owned(),
            ours,
        })
    }
}

/// A claim that each token must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequiredClaim {
    /// Which claim.
    pub claim: Claim,
    /// Its value: a string, a number or a boolean as it is written in JSON, or one of a list of these.
    pub value: String,
}

impl FromStr for RequiredClaim {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (claim, value) = pair(text, "token_type=access")?;
        Ok(Self {
            claim: claim.parse()?,
            value: value.to_owned(),
        })
    }
}

fn pair<'a>(text: &'a str, example: &str) -> Result<(&'a str, &'a str), String> {
    match text.split_once('=') {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => Ok((left, right)),
        Some(_) | None => Err(format!("write it as {example}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_with_their_faults_named() {
        let claim = |text: &str| text.parse::<Claim>();
        assert_eq!(claim("userId"), Ok(Claim::Name("userId".to_owned())));
        assert_eq!(claim("/user/id"), Ok(Claim::Pointer("/user/id".to_owned())));
        for (wrong, told) in [("", "needs a name"), ("exp", "meaning of its own")] {
            assert!(claim(wrong).unwrap_err().contains(told), "{wrong}");
        }
        let role = |text: &str| text.parse::<RoleMapping>();
        assert_eq!(
            role("owner=support").map(|one| one.ours),
            Ok(OwnRole::Support)
        );
        for (wrong, told) in [
            ("owner", "write it as"),
            ("=admin", "write it as"),
            ("owner=king", "`king` is none of"),
        ] {
            assert!(role(wrong).unwrap_err().contains(told), "{wrong}");
        }
        let required = |text: &str| text.parse::<RequiredClaim>();
        assert_eq!(required("a=b=c").map(|one| one.value), Ok("b=c".to_owned()));
        for wrong in ["token_type", "iss=me"] {
            assert!(required(wrong).is_err(), "{wrong}");
        }
    }
}
