//! HMAC-SHA256: creates signatures, and verifies them in constant time.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The signature: 32 bytes.
pub fn signature(secret: &[u8], text: &[u8]) -> Vec<u8> {
    sign(&Key::new(HMAC_SHA256, secret), text).as_ref().to_vec()
}

/// The signature in lower-case hexadecimal digits.
///
/// ```
/// use stoa::signing::{hex_signature, is_hex_signature};
///
/// // RFC 4231, test case 2.
/// let signature = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
/// assert_eq!(hex_signature(b"Jefe", b"what do ya want for nothing?"), signature);
/// assert!(is_hex_signature(b"Jefe", b"what do ya want for nothing?", signature));
/// ```
pub fn hex_signature(secret: &[u8], text: &[u8]) -> String {
    let tag = sign(&Key::new(HMAC_SHA256, secret), text);
    hex(tag.as_ref())
}

/// The signature in base64.
///
/// ```
/// use base64::{Engine, engine::general_purpose::STANDARD};
/// use stoa::signing::base64_signature;
///
/// // Standard Webhooks signs `id.timestamp.body`; the example is that of its reference libraries.
/// let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let signed = br#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
/// assert_eq!(base64_signature(&secret, signed), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
/// # Ok::<(), base64::DecodeError>(())
/// ```
pub fn base64_signature(secret: &[u8], text: &[u8]) -> String {
    STANDARD.encode(sign(&Key::new(HMAC_SHA256, secret), text))
}

/// Whether `claimed` is the signature of the text, in hexadecimal digits.
pub fn is_hex_signature(secret: &[u8], text: &[u8], claimed: &str) -> bool {
    let key = Key::new(HMAC_SHA256, secret);
    from_hex(claimed).is_some_and(|tag| verify(&key, text, &tag).is_ok())
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Decodes the 64 hexadecimal digits of a digest; `None` for anything else.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..text.len()).step_by(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_signature_is_known_again_and_no_other() {
        let signature = hex_signature(b"secret", b"text");
        assert!(is_hex_signature(b"secret", b"text", &signature));
        assert!(is_hex_signature(
            b"secret",
            b"text",
            &signature.to_uppercase()
        ));
        assert!(!is_hex_signature(b"secrets", b"text", &signature));
        assert!(!is_hex_signature(b"secret", b"texts", &signature));
        assert!(!is_hex_signature(b"secret", b"text", &signature[..62]));
        assert!(!is_hex_signature(b"secret", b"text", ""));
    }

    proptest! {
        #[test]
        fn no_claim_makes_it_panic(claimed in ".{0,80}") {
            prop_assert!(!is_hex_signature(b"secret", b"text", &claimed));
        }
    }
}
