//! The public keys that verify tokens: from a PEM file, or from a key set (RFC 7517).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;

/// The bits of the shortest accepted RSA key (RFC 7518, section 3.3).
const RSA_BITS: usize = 2_048;

/// A key, its algorithm, and the `kid` by which tokens name it.
pub(super) struct Found {
    pub(super) id: Option<String>,
    pub(super) decoding: DecodingKey,
    pub(super) algorithm: Algorithm,
}

/// Reads the key in the file of `--jwt-public-key`.
pub(super) fn read_public_key(file: &Path) -> Result<Found, String> {
    let wrong = |why: String| format!("--jwt-public-key {}: {why}", file.display());
    let pem = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    if is_private(&pem) {
        return Err(wrong(
            "this is a private key, which only the platform may have. Make the public one of it: \
             openssl pkey -in private.pem -pubout -out public.pem"
                .to_owned(),
        ));
    }
    let rsa = DecodingKey::from_rsa_pem(&pem).map(|key| (key, Algorithm::RS256));
    let ec = |_| DecodingKey::from_ec_pem(&pem).map(|key| (key, Algorithm::ES256));
    let ed = |_| DecodingKey::from_ed_pem(&pem).map(|key| (key, Algorithm::EdDSA));
    let (decoding, algorithm) = rsa
        .or_else(ec)
        .or_else(ed)
        .map_err(|_| wrong("this is not a PEM public key of RSA, P-256 or Ed25519".to_owned()))?;
    check(&decoding, algorithm).map_err(|why| wrong(format!("this key {why}")))?;
    let id = None;
    Ok(Found {
        id,
        decoding,
        algorithm,
    })
}

fn is_private(pem: &[u8]) -> bool {
    let text = String::from_utf8_lossy(pem);
    text.lines().any(|line| {
        line.trim_start().starts_with("-----BEGIN ") && line.contains("PRIVATE KEY-----")
    })
}

/// Why a key cannot verify signatures.
fn check(key: &DecodingKey, algorithm: Algorithm) -> Result<(), String> {
    let unfit = |_| "is malformed, or of another curve than P-256 or Ed25519".to_owned();
    let parsed = match (key.kind(), algorithm) {
        (DecodingKeyKind::RsaModulusExponent { n, e }, _) if !e.is_empty() => {
            return check_bits(bits(n));
        }
        (DecodingKeyKind::RsaModulusExponent { .. }, _) => {
            return Err("is malformed: it has no exponent".to_owned());
        }
        (DecodingKeyKind::SecretOrDer(der), Algorithm::RS256) => {
            check_bits(modulus(der).map_or(0, bits))?;
            ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der)
        }
        (DecodingKeyKind::SecretOrDer(point), Algorithm::ES256) => {
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        }
        (DecodingKeyKind::SecretOrDer(point), _) => ParsedPublicKey::new(&ED25519, point),
    };
    parsed.map(drop).map_err(unfit)
}

fn check_bits(bits: usize) -> Result<(), String> {
    match bits {
        RSA_BITS.. => Ok(()),
        _ => Err(format!(
            "has {bits} bits; an RSA key must have at least {RSA_BITS}"
        )),
    }
}

/// The bit length of an unsigned big-endian number.
fn bits(number: &[u8]) -> usize {
    let significant: Vec<u8> = number
        .iter()
        .copied()
        .skip_while(|byte| *byte == 0)
        .collect();
    let leading = significant.first().map_or(0, |byte| byte.leading_zeros());
    (significant.len() * 8).saturating_sub(leading as usize)
}

/// The modulus in the DER of an `RSAPublicKey`: the first integer of a sequence.
fn modulus(der: &[u8]) -> Option<&[u8]> {
    let (sequence, _) = element(der, 0x30)?;
    element(sequence, 0x02).map(|(modulus, _)| modulus)
}

/// The content of the DER element with this tag, and the rest.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short @ 0..0x80 => (usize::from(*short), rest),
        long => {
            let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let long = bytes.iter().try_fold(0usize, |sum, byte| {
                sum.checked_mul(256)?.checked_add(usize::from(*byte))
            });
            (long?, rest)
        }
    };
    (*found == tag).then(|| rest.split_at_checked(length))?
}

/// A published key set. Its keys are parsed one by one, because an unknown kind must not invalidate the others.
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// The contents of a key set.
struct Sorted {
    usable: Vec<Found>,
    /// The name of each ignored key, and why it is ignored.
    ignored: Vec<(String, String)>,
}

/// Reads the usable keys in the file of `--jwks`. Keys that are not for signatures, or of an unknown kind, are
/// ignored (RFC 7517, section 5).
pub(super) fn read_jwks(file: &Path) -> Result<Vec<Found>, String> {
    let wrong = |why: String| format!("--jwks {}: {why}", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let set: KeySet = serde_json::from_str(&text)
        .map_err(|error| wrong(format!("this is not a JSON Web Key Set: {error}")))?;
    let Sorted { usable, ignored } = sort(&set.keys);
    let reasons: Vec<String> = ignored
        .iter()
        .map(|(name, why)| format!("{name} {why}"))
        .collect();
    if usable.is_empty() {
        let reasons = match reasons.is_empty() {
            true => "there is none in it".to_owned(),
            false => reasons.join("; "),
        };
        return Err(wrong(format!(
            "no key in it can verify signatures of RS256, ES256 or EdDSA: {reasons}"
        )));
    }
    if !ignored.is_empty() {
        let kids: Vec<&str> = ignored.iter().map(|(name, _)| name.as_str()).collect();
        log::info!(event = "jwks_keys_ignored", kids = kids.join(", ").as_str(); "{}", reasons.join("; "));
    }
    Ok(usable)
}

fn sort(keys: &[Value]) -> Sorted {
    let (mut usable, mut ignored) = (Vec::new(), Vec::new());
    for (number, key) in keys.iter().enumerate() {
        match usable_key(key) {
            Ok(found) => usable.push((number, found)),
            Err(why) => ignored.push((name_of(key, number), why)),
        }
    }
    if usable.len() > 1 {
        let nameless = usable.extract_if(.., |(_, found)| found.id.is_none());
        let why = "has no kid, and there are several keys";
        ignored.extend(nameless.map(|(number, _)| (name_of(&Value::Null, number), why.to_owned())));
    }
    let usable = usable.into_iter().map(|(_, found)| found).collect();
    Sorted { usable, ignored }
}

fn name_of(key: &Value, number: usize) -> String {
    match key.get("kid").and_then(Value::as_str) {
        Some(kid) => format!("{:?}", kid.chars().take(64).collect::<String>()),
        None => format!("key {}", number + 1),
    }
}

fn usable_key(key: &Value) -> Result<Found, String> {
    is_for_signatures(key)?;
    let jwk: Jwk = serde_json::from_value(key.clone())
        .map_err(|error| format!("is not understood: {error}"))?;
    if !matches!(
        jwk.common.public_key_use,
        None | Some(PublicKeyUse::Signature)
    ) {
        return Err("is not for signatures (use)".to_owned());
    }
    let algorithm = algorithm_of(&jwk)?;
    let decoding = DecodingKey::from_jwk(&jwk).map_err(|error| format!("is malformed: {error}"))?;
    check(&decoding, algorithm)?;
    let id = jwk.common.key_id.clone();
    Ok(Found {
        id,
        decoding,
        algorithm,
    })
}

/// Checks `use` and `key_ops` (RFC 7517, sections 4.2 and 4.3) before the rest, which may be of an unknown
/// kind.
fn is_for_signatures(key: &Value) -> Result<(), String> {
    match key.get("use") {
        None => {}
        Some(Value::String(purpose)) if purpose == "sig" => {}
        Some(_) => return Err("is not for signatures (use)".to_owned()),
    }
    match key.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations)) if operations.iter().any(|one| one == "verify") => Ok(()),
        Some(_) => Err("is not for verifying (key_ops)".to_owned()),
    }
}

/// A public key's algorithm. Refuses a shared secret, because a key set is meant to be published.
fn algorithm_of(jwk: &Jwk) -> Result<Algorithm, String> {
    let natural = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        AlgorithmParameters::OctetKey(_) => {
            return Err("is a shared secret, which does not belong in a key set".to_owned());
        }
        _ => {
            return Err("is incomplete, or of another kind than RSA, P-256 and Ed25519".to_owned());
        }
    };
    let named = match &jwk.common.key_algorithm {
        None => return Ok(natural),
        Some(KeyAlgorithm::RS256) => Algorithm::RS256,
        Some(KeyAlgorithm::ES256) => Algorithm::ES256,
        Some(KeyAlgorithm::EdDSA) => Algorithm::EdDSA,
        Some(_) => {
            return Err("is for another algorithm (alg) than RS256, ES256 and EdDSA".to_owned());
        }
    };
    match named == natural {
        true => Ok(natural),
        false => Err("names an algorithm that does not go with its kind".to_owned()),
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
