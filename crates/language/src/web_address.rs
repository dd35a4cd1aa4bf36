//! Checks web addresses: the scheme, the host, and that the host cannot be mistaken for another.

use crate::visible::is_visible;

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It does not begin with the scheme.
    Scheme,
    /// It has no host.
    Host,
    /// It has user information: text before an `@` can look like a host.
    User,
    /// Its host contains an invisible character, or one that changes the text direction.
    Invisible,
    /// It contains a character that URLs do not permit.
    Character,
}

impl Wrong {
    /// What an https address must be; the text follows the field's name.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Scheme | Self::Host | Self::Character => "must be an https URL",
            Self::User => "must be an https URL without a user or a password in it",
            Self::Invisible => "must be an https URL whose host has no invisible characters",
        }
    }
}

/// The host of an https address, with its port. Schemes are case-insensitive (RFC 3986, section 3.1).
///
/// ```
/// use language::web_address::{Wrong, https_host};
///
/// assert_eq!(https_host("HTTPS://example.com:8443/a?b"), Ok("example.com:8443"));
/// // RFC 3986, section 7.6: the host is what follows the `@`.
/// assert_eq!(https_host("https://bank.example@evil.example/"), Err(Wrong::User));
/// ```
pub fn https_host(address: &str) -> Result<&str, Wrong> {
    host(address, "https")
}

/// The host of an address with this scheme, with its port.
pub fn host<'a>(address: &'a str, scheme: &str) -> Result<&'a str, Wrong> {
    let (given, rest) = address.split_once("://").ok_or(Wrong::Scheme)?;
    if !given.eq_ignore_ascii_case(scheme) {
        return Err(Wrong::Scheme);
    }
    let is_wrong = |c: char| c.is_whitespace() || c.is_control() || "\"<>\\".contains(c);
    if address.contains(is_wrong) {
        return Err(Wrong::Character);
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    if authority.contains('@') {
        return Err(Wrong::User);
    }
    if authority.contains(|c| !is_visible(c)) {
        return Err(Wrong::Invisible);
    }
    match authority.starts_with(|first: char| first.is_alphanumeric() || first == '[') {
        true => Ok(authority),
        false => Err(Wrong::Host),
    }
}

/// An address with its scheme in lower case, as HTTP clients expect it.
pub fn with_small_scheme(address: &str) -> String {
    match address.split_once("://") {
        Some((scheme, rest)) => format!("{}://{rest}", scheme.to_ascii_lowercase()),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_host_is_found_whatever_the_case_of_the_scheme() {
        for (address, found) in [
            ("https://example.com/a?b#c", "example.com"),
            ("HTTPS://Example.com:8443", "Example.com:8443"),
            ("hTTps://[2001:db8::1]/x", "[2001:db8::1]"),
            ("https://a.example?x@y", "a.example"),
            ("https://a.example/@b/\u{202e}c", "a.example"),
            ("https://bücher.example/ü", "bücher.example"),
        ] {
            assert_eq!(https_host(address), Ok(found), "{address}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (address, wrong) in [
            ("http://example.com", Wrong::Scheme),
            ("javascript:alert(1)", Wrong::Scheme),
            ("//x", Wrong::Scheme),
            ("", Wrong::Scheme),
            ("https://", Wrong::Host),
            ("https:///x", Wrong::Host),
            ("https://.x", Wrong::Host),
            ("https:// x", Wrong::Character),
            ("https://a\"b", Wrong::Character),
            ("https://a\\b", Wrong::Character),
            ("https://user:pw@a.example/", Wrong::User),
            ("https://@a.example/", Wrong::User),
            ("https://cdn.example.com@evil.example/a", Wrong::User),
            ("https://evil\u{202e}moc.knab", Wrong::Invisible),
            ("https://a\u{200b}b.example", Wrong::Invisible),
            ("https://\u{2066}a.example", Wrong::Invisible),
            ("https://a\u{2800}b.example", Wrong::Invisible),
            ("https://a\u{fff9}.example", Wrong::Invisible),
        ] {
            assert_eq!(https_host(address), Err(wrong), "{address:?}");
        }
    }

    #[test]
    fn only_the_scheme_gets_small() {
        assert_eq!(
            with_small_scheme("HTTPS://A.example/X"),
            "https://A.example/X"
        );
        assert_eq!(with_small_scheme("nonsense"), "nonsense");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_a_host_is_a_part_of_its_address(text in "\\PC{0,40}", path in "\\PC{0,20}") {
            let address = format!("HTTPS://{text}/{path}");
            if let Ok(found) = https_host(&address) {
                prop_assert!(address.contains(found) && !found.contains(['/', '@', '?', '#', ' ']));
            }
            let _read = https_host(&text);
        }
    }
}
