//! The cookie that a token may come in.

use std::str::FromStr;

/// The name of a cookie (RFC 6265, section 4.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieName(String);

impl CookieName {
    /// The name as it stands in the header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CookieName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_of_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        match !text.is_empty() && text.chars().all(is_of_token) {
            true => Ok(Self(text.to_owned())),
            false => Err("the name of a cookie has letters, digits, - and _".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_cookie_can_have_are_refused() {
        for name in ["__session", "__Host-token", "a.b"] {
            assert!(name.parse::<CookieName>().is_ok(), "{name}");
        }
        for name in ["", "a b", "a=b", "a;b", "\"a\"", "ä"] {
            assert!(name.parse::<CookieName>().is_err(), "{name}");
        }
    }
}
