//! Origins whose pages may connect, as browsers write them.

use std::fmt;
use std::str::FromStr;

/// An origin as a browser sends it: `https://app.example.com`, `http://localhost:5173`, `capacitor://localhost`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match problem(text) {
            None => Ok(Self(text.to_owned())),
            Some(told) => Err(told),
        }
    }
}

/// Explains why a browser never sends this, and what to write instead.
fn problem(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("an origin is empty: write it as https://app.example.com".to_owned());
    }
    if text == "null" {
        return Some("\"null\" stands for pages of no origin, which anybody can make: name the origin of your page, as https://app.example.com".to_owned());
    }
    if text.contains('*') {
        return Some("there are no patterns: name each origin, as https://app.example.com,https://admin.example.com".to_owned());
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        let host = text.trim_start_matches('/');
        let is_here = host.starts_with("localhost") || host.starts_with("127.");
        let scheme = if is_here { "http" } else { "https" };
        return Some(format!("the scheme is missing: write {scheme}://{host}"));
    };
    let is_scheme = |text: &str| {
        let letters = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        letters && text.starts_with(|first: char| first.is_ascii_alphabetic())
    };
    if !is_scheme(scheme) {
        return Some("it must begin with a scheme, as https://app.example.com".to_owned());
    }
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return Some(
            "an origin has no user and no password: write it as https://app.example.com".to_owned(),
        );
    }
    if !is_host(authority) {
        return Some("its host must be written as a browser sends it: in ASCII, as https://app.example.com or https://xn--bcher-kva.example".to_owned());
    }
    let canonical = canonical(scheme, authority);
    if !path.is_empty() {
        return Some(format!(
            "an origin has no path and no slash at its end: write {canonical}"
        ));
    }
    (canonical != text).then(|| format!("a browser writes it otherwise: write {canonical}"))
}

/// A host, with a port or without one.
fn is_host(authority: &str) -> bool {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let host_is_right = match host.strip_prefix('[') {
        Some(inner) => inner
            .strip_suffix(']')
            .is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok()),
        None => {
            !host.is_empty()
                && host
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        }
    };
    host_is_right && port.is_none_or(|port| !port.starts_with('+') && port.parse::<u16>().is_ok())
}

/// The form that browsers send: lower case, without the scheme's default port.
fn canonical(scheme: &str, authority: &str) -> String {
    let (scheme, mut authority) = (scheme.to_ascii_lowercase(), authority.to_ascii_lowercase());
    let own_port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return format!("{scheme}://{authority}"),
    };
    if let Some(host) = authority.strip_suffix(own_port) {
        authority = host.to_owned();
    }
    format!("{scheme}://{authority}")
}

/// Whether pages of this machine may connect, whatever their port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalPages {
    /// They may connect; for developers.
    Welcome,
    /// Only listed origins may connect.
    AsListed,
}

/// Pages that may connect, besides the server's own.
#[derive(Clone, Debug)]
pub struct AllowedOrigins {
    /// The listed origins.
    pub listed: Vec<Origin>,
    /// Whether pages of this machine may connect too.
    pub local: LocalPages,
}

impl AllowedOrigins {
    /// Whether pages of this origin may connect.
    pub fn contains(&self, origin: &str) -> bool {
        let local = self.local == LocalPages::Welcome && is_local(origin);
        local || self.listed.iter().any(|listed| listed.0 == origin)
    }
}

/// `http://localhost` and `http://127.0.0.1`, at any port.
fn is_local(origin: &str) -> bool {
    let Some(authority) = origin.strip_prefix("http://") else {
        return false;
    };
    let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
    ["localhost", "127.0.0.1"].contains(&host) && port.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_browsers_send_is_an_origin() {
        for right in [
            "https://app.example.com",
            "http://localhost:5173",
            "https://app.example.com:8443",
            "http://192.0.2.7",
            "http://[2001:db8::1]:3000",
            "https://xn--bcher-kva.example",
            "capacitor://localhost",
            "chrome-extension://abcdefgh",
        ] {
            assert_eq!(right.parse::<Origin>().unwrap().to_string(), right);
        }
    }

    #[test]
    fn what_they_never_send_is_explained() {
        for (wrong, told) in [
            ("", "as https://app.example.com"),
            ("*", "name each origin"),
            ("https://*.example.com", "name each origin"),
            ("http://localhost:*", "name each origin"),
            ("null", "anybody can make"),
            ("app.example.com", "write https://app.example.com"),
            ("localhost:3000", "write http://localhost:3000"),
            ("//app.example.com", "write https://app.example.com"),
            ("https://app.example.com/", "write https://app.example.com"),
            (
                "https://app.example.com/chat?x#y",
                "write https://app.example.com",
            ),
            ("HTTPS://App.Example.com", "write https://app.example.com"),
            (
                "https://app.example.com:443",
                "write https://app.example.com",
            ),
            ("http://app.example.com:80/", "write http://app.example.com"),
            ("https://user:word@app.example.com", "no password"),
            ("https://", "its host"),
            ("https://bücher.example", "xn--"),
            ("https://app example.com", "its host"),
            ("https://app.example.com:", "its host"),
            ("https://app.example.com:+1", "its host"),
            ("https://app.example.com:99999", "its host"),
            ("https://[::1", "its host"),
        ] {
            let said = wrong.parse::<Origin>().unwrap_err();
            assert!(
                said.ends_with(told) || said.contains(told),
                "{wrong}: {said}"
            );
        }
    }

    #[test]
    fn local_pages_are_those_of_this_machine() {
        let allowed = |local| AllowedOrigins {
            listed: vec!["https://app.example.com".parse().unwrap()],
            local,
        };
        for origin in [
            "http://localhost:5173",
            "http://localhost",
            "http://127.0.0.1:3000",
        ] {
            assert!(allowed(LocalPages::Welcome).contains(origin), "{origin}");
            assert!(!allowed(LocalPages::AsListed).contains(origin), "{origin}");
        }
        for origin in [
            "https://localhost:5173",
            "http://localhost.evil.example",
            "http://localhost:80@evil.example",
            "http://127.0.0.1.evil.example",
            "http://evil.example:5173",
            "null",
        ] {
            assert!(!allowed(LocalPages::Welcome).contains(origin), "{origin}");
        }
        assert!(allowed(LocalPages::Welcome).contains("https://app.example.com"));
    }

    proptest! {
        #[test]
        fn what_is_told_to_be_written_is_taken(text in "[a-zA-Z]{1,5}(://)?[a-zA-Z.]{1,12}(:[0-9]{1,4})?/?[a-z]{0,3}") {
            if let Err(told) = text.parse::<Origin>() && let Some((_, better)) = told.rsplit_once("write ") {
                let written = better.parse::<Origin>();
                prop_assert!(written.is_ok() || better.contains("as https") || told.contains("scheme is missing"), "{text}: {told}");
            }
        }

        #[test]
        fn no_text_makes_an_origin_panic(text in "\\PC{0,60}") {
            drop(text.parse::<Origin>());
        }
    }
}
