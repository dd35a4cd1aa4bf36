//! HMAC-SHA256: what we sign, and what others have signed, compared in constant time.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The signature in lower-case hexadecimal digits.
pub fn hex_signature(secret: &[u8], text: &[u8]) -> String {
    let tag = sign(&Key::new(HMAC_SHA256, secret), text);
    hex(tag.as_ref())
}

/// The signature in base64.
pub fn base64_signature(secret: &[u8], text: &[u8]) -> String {
    STANDARD.encode(sign(&Key::new(HMAC_SHA256, secret), text))
}

/// Whether this is the signature of that text, in hexadecimal digits.
pub fn is_hex_signature(secret: &[u8], text: &[u8], claimed: &str) -> bool {
    let key = Key::new(HMAC_SHA256, secret);
    from_hex(claimed).is_some_and(|tag| verify(&key, text, &tag).is_ok())
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of a digest of 32; anything longer or of another alphabet is none.
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
