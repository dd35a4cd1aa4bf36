//! Verifies tokens. Each key has exactly one algorithm (RFC 7519; RFC 8725, section 3.1, gives the reason).

mod claims;
mod keys;
mod naming;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

use crate::config::{AuthOptions, ClaimOptions};
use crate::domain::ids::UserId;
use crate::domain::principal::{Profile, Roles};
use crate::domain::refusal::Refusal;
use claims::{Rules, Said};
use keys::{Found, read_jwks, read_public_key};

pub use naming::{IdForm, named};

/// The most bytes of a token.
const TOKEN_BYTES: usize = 8 * 1024;
/// The `kid` of tokens that the demo signs. They are verified with its own secret, whatever other keys are
/// configured.
const DEMO_KEY: &str = "stoa-demo";
/// The bytes of the shortest shared secret (RFC 7518, section 3.2).
pub const SECRET_BYTES: usize = 32;

/// The verified contents of a token.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// The platform's id of the caller.
    pub id: UserId,
    /// The profile.
    pub profile: Profile,
    /// The roles.
    pub roles: Roles,
    /// The platform's own word for who the caller is.
    pub platform_role: Option<Arc<str>>,
    /// The first second since 1970 at which the token is refused: its `exp` plus the tolerated clock
    /// difference.
    pub valid_until: u64,
    /// `iat` in seconds since 1970; `None` if it is missing or in the future.
    pub issued_at: Option<i64>,
}

/// The claims of a token to sign.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Claims {
    /// The platform's user id.
    pub sub: String,
    /// When it expires, in seconds since 1970.
    pub exp: u64,
    /// When it was issued, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    /// The name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The URL of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// Any of `admin`, `support`, `service`; others are ignored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The audience.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
}

struct Key {
    id: Option<String>,
    decoding: DecodingKey,
    validation: Validation,
}

impl Key {
    fn new(found: Found) -> Self {
        let mut validation = Validation::new(found.algorithm);
        // `Rules` checks the claims and names the wrong one.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        Self {
            id: found.id,
            decoding: found.decoding,
            validation,
        }
    }

    fn shared(secret: &str) -> Self {
        Self::new(Found {
            id: None,
            decoding: DecodingKey::from_secret(secret.as_bytes()),
            algorithm: Algorithm::HS256,
        })
    }

    fn is_for(&self, algorithm: &Value) -> bool {
        let own = self.validation.algorithms.first();
        own.is_some_and(|own| algorithm.as_str() == Some(&format!("{own:?}")))
    }
}

/// Verifies tokens.
pub struct Verifier {
    keys: Vec<Key>,
    rules: Rules,
    /// The key of the demo's own tokens, and what they are held to.
    demo: Option<(Key, Rules)>,
}

impl Verifier {
    /// Reads the configured keys and adds the demo's secret. The error says which of them is wrong and why.
    pub fn new(options: &AuthOptions, demo: Option<&str>) -> Result<Self, String> {
        let keys = match (&options.jwt_secret, &options.jwt_public_key, &options.jwks) {
            (Some(secret), _, _) => vec![Key::shared(&secret.0)],
            (None, Some(file), _) => vec![Key::new(read_public_key(file)?)],
            (None, None, Some(file)) => read_jwks(file)?.into_iter().map(Key::new).collect(),
            (None, None, None) if demo.is_some() => Vec::new(),
            (None, None, None) => return Err("no key to check tokens with".to_owned()),
        };
        Ok(Self {
            keys,
            rules: Rules::new(options),
            demo: demo.map(|secret| (Key::shared(secret), Rules::none())),
        })
    }

    /// Trusts one shared secret, whatever issuer and audience a token names; its claims are called as the options say.
    pub fn of_secret(secret: &str, claims: ClaimOptions) -> Self {
        Self {
            keys: vec![Key::shared(secret)],
            rules: Rules::of_claims(claims),
            demo: None,
        }
    }

    /// Verifies a token at a time since 1970 and returns the identity that it proves.
    pub fn verify(&self, token: &str, now: Duration) -> Result<Identity, Refusal> {
        self.verify_at(token, now.as_secs_f64())
    }

    fn verify_at(&self, token: &str, now: f64) -> Result<Identity, Refusal> {
        if token.len() > TOKEN_BYTES {
            return Err(Refusal::Unauthenticated("The token is too long"));
        }
        let header = header_of(token).ok_or(Refusal::Unauthenticated(
            "The token cannot be read: it is not a JWT",
        ))?;
        if header.contains_key("crit") {
            return Err(Refusal::Unauthenticated(
                "The token has critical header parameters (crit), and none is understood",
            ));
        }
        let (algorithm, kid) = (
            header.get("alg").unwrap_or(&Value::Null),
            header.get("kid").and_then(Value::as_str),
        );
        let (key, rules) = self.key_for(algorithm, kid).ok_or({
            Refusal::Unauthenticated("The token names a key (kid) that is not trusted here")
        })?;
        if !key.is_for(algorithm) {
            return Err(Refusal::Unauthenticated(
                "The token is signed with another algorithm",
            ));
        }
        let said = jsonwebtoken::decode::<Said>(token, &key.decoding, &key.validation);
        rules.identity(&said.map_err(explain)?.claims, now)
    }

    /// The key for a token's signature, and the rules for its claims.
    fn key_for(&self, algorithm: &Value, kid: Option<&str>) -> Option<(&Key, &Rules)> {
        if let Some((demo, rules)) = &self.demo
            && (kid == Some(DEMO_KEY) || self.keys.is_empty())
        {
            return Some((demo, rules));
        }
        let key = match self.keys.as_slice() {
            [only] if only.id.is_none() || kid.is_none() => Some(only),
            several => {
                let named = || {
                    let with_id = several.iter().filter(|key| key.id.is_some());
                    with_id.filter(|key| key.id.as_deref() == kid)
                };
                named()
                    .find(|key| key.is_for(algorithm))
                    .or_else(|| named().next())
            }
        };
        key.map(|key| (key, &self.rules))
    }
}

/// The decoded header of a token with three parts.
fn header_of(token: &str) -> Option<Map<String, Value>> {
    let (header, rest) = token.split_once('.')?;
    let parts = rest.split('.').count();
    let json = URL_SAFE_NO_PAD.decode(header).ok()?;
    let header = serde_json::from_slice(&json).ok()?;
    (parts == 2).then_some(header)
}

fn explain(error: jsonwebtoken::errors::Error) -> Refusal {
    use jsonwebtoken::errors::ErrorKind as Kind;
    Refusal::Unauthenticated(match error.kind() {
        Kind::InvalidSignature | Kind::Base64(_) => {
            "The token's signature is wrong: it was signed with another secret or key, or altered"
        }
        Kind::InvalidAlgorithm | Kind::InvalidAlgorithmName => {
            "The token is signed with another algorithm"
        }
        Kind::Json(_) | Kind::Utf8(_) => {
            "The token's header or claims are not a JSON object with distinct names"
        }
        _ => "The token is not valid",
    })
}

/// The first second at which a token with this `exp` is refused.
pub fn valid_until(exp: u64) -> u64 {
    claims::valid_until(exp as f64)
}

/// Signs a token with the shared secret: for trying things out.
pub fn mint(secret: &str, claims: &impl Serialize) -> Result<String, String> {
    signed(secret, &Header::new(Algorithm::HS256), claims)
}

/// Signs a token with the demo's secret; it is trusted by servers that run this demo.
pub fn mint_for_demo(secret: &str, claims: &impl Serialize) -> Result<String, String> {
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(DEMO_KEY.to_owned());
    signed(secret, &header, claims)
}

fn signed(secret: &str, header: &Header, claims: &impl Serialize) -> Result<String, String> {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(header, claims, &key).map_err(|error| error.to_string())
}
