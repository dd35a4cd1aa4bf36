//! Tokens to claims: one key, one algorithm (RFC 7519; RFC 8725 on why).

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use std::path::Path;

use crate::config::AuthOptions;
use crate::domain::ids::UserId;
use crate::domain::limits;
use crate::domain::principal::{Profile, Roles};
use crate::domain::refusal::Refusal;

/// Bytes that a token may have.
const TOKEN_BYTES: usize = 8 * 1024;
/// Seconds by which clocks may differ.
const LEEWAY_SECONDS: u64 = 30;

/// What a token says, once it is trusted.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// The platform's id of the caller.
    pub id: UserId,
    /// The profile.
    pub profile: Profile,
    /// What the token makes of the caller.
    pub roles: Roles,
    /// Seconds since 1970 from which on it is refused everywhere: its `exp`, and what clocks may differ by.
    pub valid_until: u64,
}

/// The claims of a token, as they are written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Claims {
    /// The platform's user id.
    pub sub: String,
    /// Seconds since 1970 at which it ends.
    pub exp: u64,
    /// Seconds since 1970 at which it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    /// The name to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// A picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// Any of `admin`, `support`, `service`; others are ignored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Whom it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
}

/// What is read of a token. `iss` and `aud` are looked at by `Validation`, which knows that an audience may be a list.
#[derive(Deserialize)]
struct Said {
    sub: String,
    exp: u64,
    name: Option<String>,
    email: Option<String>,
    avatar_url: Option<String>,
    roles: Option<Vec<String>>,
}

struct Key {
    id: Option<String>,
    decoding: DecodingKey,
    validation: Validation,
}

/// Checks tokens.
pub struct Verifier {
    keys: Vec<Key>,
}

impl Verifier {
    /// Reads the keys that the options name. Fails with a sentence that says what is wrong with which.
    pub fn new(options: &AuthOptions) -> Result<Self, String> {
        let keys = match (&options.jwt_secret, &options.jwt_public_key, &options.jwks) {
            (Some(secret), _, _) => {
                vec![(
                    None,
                    DecodingKey::from_secret(secret.0.as_bytes()),
                    Algorithm::HS256,
                )]
            }
            (None, Some(file), _) => vec![read_public_key(file)?],
            (None, None, Some(file)) => read_jwks(file)?,
            (None, None, None) => return Err("no key to check tokens with".to_owned()),
        };
        let key = |(id, decoding, algorithm)| Key {
            id,
            decoding,
            validation: validation(algorithm, options),
        };
        Ok(Self {
            keys: keys.into_iter().map(key).collect(),
        })
    }

    /// The identity that a token proves.
    pub fn verify(&self, token: &str) -> Result<Identity, Refusal> {
        if token.len() > TOKEN_BYTES {
            return Err(Refusal::Unauthenticated("The token is too long"));
        }
        let header = jsonwebtoken::decode_header(token)
            .map_err(|_| Refusal::Unauthenticated("The token can not be read"))?;
        let key = self.key_for(&header).ok_or(Refusal::Unauthenticated(
            "The token is signed with another key",
        ))?;
        let claims = jsonwebtoken::decode::<Said>(token, &key.decoding, &key.validation)
            .map_err(explain)?
            .claims;
        identity(claims)
    }

    fn key_for(&self, header: &Header) -> Option<&Key> {
        match self.keys.as_slice() {
            [only] if only.id.is_none() || header.kid.is_none() => Some(only),
            several => several
                .iter()
                .find(|key| key.id.is_some() && key.id == header.kid),
        }
    }
}

fn validation(algorithm: Algorithm, options: &AuthOptions) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.leeway = LEEWAY_SECONDS;
    validation.validate_nbf = true;
    validation.validate_aud = options.jwt_audience.is_some();
    let mut required = vec!["exp", "sub"];
    if let Some(issuer) = &options.jwt_issuer {
        validation.set_issuer(&[issuer]);
        required.push("iss");
    }
    if let Some(audience) = &options.jwt_audience {
        validation.set_audience(&[audience]);
        required.push("aud");
    }
    validation.set_required_spec_claims(&required);
    validation
}

fn explain(error: jsonwebtoken::errors::Error) -> Refusal {
    use jsonwebtoken::errors::ErrorKind as Kind;
    Refusal::Unauthenticated(match error.kind() {
        Kind::ExpiredSignature => "The token has expired",
        Kind::ImmatureSignature => "The token is not valid yet",
        Kind::InvalidIssuer => "The token was issued by somebody else",
        Kind::InvalidAudience => "The token is for somebody else",
        Kind::MissingRequiredClaim(_) => "The token lacks a required claim",
        Kind::InvalidAlgorithm | Kind::InvalidAlgorithmName => {
            "The token is signed with another algorithm"
        }
        _ => "The token is not valid",
    })
}

fn identity(claims: Said) -> Result<Identity, Refusal> {
    let unfit = |_| Refusal::Unauthenticated("The token's profile is not valid");
    let id = UserId::parse(&claims.sub, "sub")
        .map_err(|_| Refusal::Unauthenticated("The token's sub is not a user id"))?;
    for text in [&claims.name, &claims.email].into_iter().flatten() {
        limits::text(text, "name", limits::TITLE_CHARACTERS).map_err(unfit)?;
    }
    let named = claims.roles.unwrap_or_default();
    let has = |role: &str| named.iter().any(|name| name == role);
    let roles = Roles {
        admin: has("admin"),
        support: has("support"),
        service: has("service"),
    };
    let avatar_url = claims
        .avatar_url
        .filter(|url| limits::https_url(url, "avatar_url").is_ok());
    let profile = Profile {
        name: claims.name.filter(|name| !name.trim().is_empty()),
        email: claims.email,
        avatar_url,
    };
    Ok(Identity {
        id,
        profile,
        roles,
        valid_until: valid_until(claims.exp),
    })
}

/// The first second at which a token with this `exp` is refused; the check of a token takes the last second of the leeway still.
pub fn valid_until(exp: u64) -> u64 {
    exp.saturating_add(LEEWAY_SECONDS + 1)
}

type Found = (Option<String>, DecodingKey, Algorithm);

fn read_public_key(file: &Path) -> Result<Found, String> {
    let pem = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let rsa = DecodingKey::from_rsa_pem(&pem).map(|key| (None, key, Algorithm::RS256));
    let ec = |_| DecodingKey::from_ec_pem(&pem).map(|key| (None, key, Algorithm::ES256));
    let ed = |_| DecodingKey::from_ed_pem(&pem).map(|key| (None, key, Algorithm::EdDSA));
    rsa.or_else(ec).or_else(ed).map_err(|_| {
        format!(
            "{}: not a PEM public key of RSA, P-256 or Ed25519",
            file.display()
        )
    })
}

fn read_jwks(file: &Path) -> Result<Vec<Found>, String> {
    let wrong = |why: String| format!("{}: {why}", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let set: JwkSet = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let mut keys = Vec::new();
    for jwk in &set.keys {
        let algorithm = algorithm_of(jwk)
            .ok_or_else(|| wrong("a key is not of RS256, ES256 or EdDSA".to_owned()))?;
        let decoding = DecodingKey::from_jwk(jwk).map_err(|error| wrong(error.to_string()))?;
        keys.push((jwk.common.key_id.clone(), decoding, algorithm));
    }
    if keys.is_empty() || (keys.len() > 1 && keys.iter().any(|(id, _, _)| id.is_none())) {
        return Err(wrong(
            "needs at least one key, and a `kid` on each where there are several".to_owned(),
        ));
    }
    Ok(keys)
}

/// A public key's algorithm; a shared secret has no place in a JWKS file that is meant to be published.
fn algorithm_of(jwk: &jsonwebtoken::jwk::Jwk) -> Option<Algorithm> {
    use jsonwebtoken::jwk::{AlgorithmParameters as Parameters, EllipticCurve, KeyAlgorithm};
    let named = match jwk.common.key_algorithm {
        None => None,
        Some(KeyAlgorithm::RS256) => Some(Algorithm::RS256),
        Some(KeyAlgorithm::ES256) => Some(Algorithm::ES256),
        Some(KeyAlgorithm::EdDSA) => Some(Algorithm::EdDSA),
        Some(_) => return None,
    };
    let natural = match &jwk.algorithm {
        Parameters::RSA(_) => Algorithm::RS256,
        Parameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
        Parameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        _ => return None,
    };
    (named.is_none() || named == Some(natural)).then_some(natural)
}

/// Signs a token with the shared secret: for trying things out, and for the demo.
pub fn mint(secret: &str, claims: &Claims) -> Result<String, String> {
    jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        claims,
        &EncodingKey::from_secret(secret.as_bytes()),
    )
    .map_err(|error| error.to_string())
}
