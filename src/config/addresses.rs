//! Web addresses among the options.

use crate::domain::web_address::{Wrong, host, with_small_scheme};

/// An address with http or https, its scheme in small letters.
pub(super) fn web_address(text: &str) -> Result<String, String> {
    let found = host(text, "https").or_else(|wrong| match wrong {
        Wrong::Scheme => host(text, "http"),
        other => Err(other),
    });
    match found {
        Ok(_) => Ok(with_small_scheme(text)),
        Err(Wrong::User) => Err("it must have no user and no password in it".to_owned()),
        Err(Wrong::Invisible) => Err("its host has invisible characters".to_owned()),
        Err(Wrong::Scheme | Wrong::Host | Wrong::Character) => {
            Err("it must be a web address, as https://example.com/path".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_their_faults_named() {
        assert_eq!(
            web_address("HTTPS://A.example/x"),
            Ok("https://A.example/x".to_owned())
        );
        assert_eq!(
            web_address("http://127.0.0.1:1"),
            Ok("http://127.0.0.1:1".to_owned())
        );
        for (wrong, told) in [
            ("a.example", "as https://"),
            ("ftp://a.example", "as https://"),
            ("https://", "as https://"),
            ("https://me:secret@a.example", "no password"),
            ("http://me@a.example", "no password"),
            ("https://a\u{202e}b", "invisible"),
        ] {
            let said = web_address(wrong).unwrap_err();
            assert!(
                said.contains(told) && !said.contains("secret"),
                "{wrong}: {said}"
            );
        }
    }
}
