//! The token of a request: in its `Authorization` header, or in a cookie where the operator names one.

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, COOKIE, HeaderMap};

use crate::config::{AllowedOrigins, Config, CookieName};
use crate::domain::network::Network;
use crate::domain::refusal::Refusal;
use crate::edge::http::origin::{has_origin, is_elsewhere, is_listed, is_own_by_scheme};

/// Where tokens are looked for.
#[derive(Clone, Debug)]
pub struct TokenSource {
    cookie: Option<CookieName>,
    origins: AllowedOrigins,
    /// Proxies that name the scheme by which a page was reached.
    trusted: Vec<Network>,
}

/// A token, and what brought it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundToken {
    /// The token.
    pub text: String,
    /// What brought it.
    pub carrier: Carrier,
}

/// What brings a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// The client wrote it into the header.
    Header,
    /// The browser sent it along, whichever page asked.
    Cookie,
}

/// What a request is about to do with a token that comes in a cookie. A browser sends cookies along whichever page asks, so the page counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It reads: no page of another origin gets the answer, since CORS grants no credentials.
    Reading,
    /// It changes something, or opens a socket.
    Acting,
}

impl Use {
    /// What a REST request is about to do.
    pub fn of(request: &HttpRequest) -> Self {
        match request.method().is_safe() {
            true => Self::Reading,
            false => Self::Acting,
        }
    }
}

impl TokenSource {
    /// The header, and the cookie of the options; pages of the allowed origins may use the cookie.
    pub fn new(config: &Config) -> Self {
        Self {
            cookie: config.auth.token_cookie.clone(),
            origins: config.origins(),
            trusted: config.rates.trusted_proxies.clone(),
        }
    }

    /// The token of a request; `None` without one.
    pub fn token(&self, request: &HttpRequest, usage: Use) -> Result<Option<String>, Refusal> {
        let found = self.find(request, usage)?;
        Ok(found.map(|found| found.text))
    }

    /// The token of a request, with what brought it; `None` without one. The header wins. A cookie counts only for pages that may use it.
    pub fn find(&self, request: &HttpRequest, usage: Use) -> Result<Option<FoundToken>, Refusal> {
        let found = |text: &str, carrier| {
            let text = text.to_owned();
            Ok(Some(FoundToken { text, carrier }))
        };
        if let Some(token) = bearer(request.headers())? {
            return found(token, Carrier::Header);
        }
        let Some(name) = &self.cookie else {
            return Ok(None);
        };
        let Some(token) = cookie(request.headers(), name.as_str())? else {
            return Ok(None);
        };
        match self.may_use_cookie(request, usage) {
            true => found(token, Carrier::Cookie),
            false => Err(Refusal::OriginRefused),
        }
    }

    /// Whether the page that asks may use the cookie: one of an allowed origin, or the server's own, over its own scheme. Browsers name the
    /// page's origin with everything that is no GET, and with sockets; a request without it may read only.
    pub fn may_use_cookie(&self, request: &HttpRequest, usage: Use) -> bool {
        let is_here = !is_elsewhere(request);
        match has_origin(request) {
            true => {
                is_listed(request, &self.origins)
                    || (is_here && is_own_by_scheme(request, &self.trusted))
            }
            false => is_here && usage == Use::Reading,
        }
    }
}

/// The token of the `Authorization` header; `None` without one.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut headers = headers.get_all(AUTHORIZATION);
    let Some(header) = headers.next() else {
        return Ok(None);
    };
    let unreadable =
        Refusal::Unauthenticated("The Authorization header is not of the form: Bearer <token>");
    if headers.next().is_some() {
        return Err(unreadable);
    }
    let text = header.to_str().map_err(|_| unreadable.clone())?;
    let (scheme, token) = text.split_once(' ').ok_or(unreadable.clone())?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
        return Err(unreadable);
    }
    Ok(Some(token.trim()))
}

/// The value of a cookie (RFC 6265, section 5.4). Two of one name may be of different hosts, and nobody can say of which.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let lines = headers
        .get_all(COOKIE)
        .filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';'));
    let mut found = pairs.filter_map(|pair| {
        let (found, value) = pair.trim().split_once('=')?;
        (found == name && !value.is_empty()).then_some(value.trim_matches('"'))
    });
    let value = found.next();
    match found.next() {
        None => Ok(value),
        Some(_) => Err(Refusal::Unauthenticated(
            "The request has two cookies of the name that --token-cookie names",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LocalPages;
    use actix_web::test::TestRequest;

    fn source() -> TokenSource {
        TokenSource {
            cookie: "session".parse().ok(),
            origins: AllowedOrigins {
                listed: vec!["https://app.example.com".parse().expect("an origin")],
                local: LocalPages::AsListed,
            },
            trusted: vec!["192.0.2.0/24".parse().expect("a network")],
        }
    }

    fn token(headers: &[(&'static str, &str)], usage: Use) -> Result<Option<String>, Refusal> {
        let mut request = TestRequest::default().insert_header(("host", "chat.example.com"));
        for header in headers {
            request = request.append_header(*header);
        }
        source().token(&request.to_http_request(), usage)
    }

    #[test]
    fn a_cookie_counts_for_own_pages_alone() {
        let cookie = ("cookie", "a=1; session=\"x.y.z\"; b=2");
        let own = ("origin", "https://chat.example.com");
        let listed = ("origin", "https://app.example.com");
        let strange = ("origin", "https://evil.example");
        let found = Ok(Some("x.y.z".to_owned()));
        for usage in [Use::Reading, Use::Acting] {
            assert_eq!(token(&[cookie, own], usage), found);
            assert_eq!(token(&[cookie, listed], usage), found);
            assert_eq!(
                token(&[cookie, strange], usage),
                Err(Refusal::OriginRefused)
            );
            assert_eq!(token(&[strange], usage), Ok(None), "no cookie");
        }
        assert_eq!(token(&[cookie], Use::Reading), found);
        assert_eq!(token(&[cookie], Use::Acting), Err(Refusal::OriginRefused));
        let elsewhere = ("sec-fetch-site", "cross-site");
        assert_eq!(
            token(&[cookie, elsewhere], Use::Reading),
            Err(Refusal::OriginRefused)
        );
    }

    /// Whether a page with these headers may use the cookie to act, with the proxy at this address.
    fn may_act(peer: &str, headers: &[(&'static str, &str)]) -> bool {
        let mut request = TestRequest::default()
            .insert_header(("host", "chat.example.com"))
            .peer_addr(format!("{peer}:5000").parse().expect("an address"));
        for header in headers {
            request = request.append_header(*header);
        }
        source().may_use_cookie(&request.to_http_request(), Use::Acting)
    }

    #[test]
    fn an_own_page_is_of_the_scheme_by_which_it_was_reached() {
        let (proxy, other) = ("192.0.2.7", "198.51.100.7");
        let plain = ("origin", "http://chat.example.com");
        let secure = ("origin", "https://chat.example.com");
        let by = |scheme| ("x-forwarded-proto", scheme);
        for (peer, headers, wanted) in [
            (proxy, vec![secure, by("https")], true),
            (proxy, vec![secure, by("HTTPS, http")], true),
            (proxy, vec![plain, by("https")], false),
            (proxy, vec![plain, by("http")], true),
            (proxy, vec![secure, by("wss")], true),
            (proxy, vec![plain, by("wss")], false),
            (proxy, vec![plain, by("nonsense")], true),
            (proxy, vec![secure, by("http")], false),
            (proxy, vec![secure], true),
            (proxy, vec![plain], true),
            (other, vec![plain, by("https")], true),
        ] {
            assert_eq!(may_act(peer, &headers), wanted, "{peer} {headers:?}");
        }
        for strange in [
            "chrome-extension://chat.example.com",
            "capacitor://chat.example.com",
            "://chat.example.com",
            "HTTPS://chat.example.com",
            "https://chat.example.com:8443",
            "null",
        ] {
            assert!(!may_act(other, &[("origin", strange)]), "{strange}");
        }
    }

    #[test]
    fn a_page_that_the_browser_calls_another_s_is_listed_or_refused() {
        let own = ("origin", "https://chat.example.com");
        let listed = ("origin", "https://app.example.com");
        for (site, own_may) in [
            ("same-origin", true),
            ("none", true),
            ("same-site", false),
            ("cross-site", false),
        ] {
            let site = ("sec-fetch-site", site);
            assert_eq!(may_act("192.0.2.7", &[own, site]), own_may, "{site:?}");
            assert!(may_act("192.0.2.7", &[listed, site]), "{site:?}");
            assert!(!may_act("192.0.2.7", &[site]), "no origin");
        }
    }

    #[test]
    fn the_header_wins_and_two_cookies_are_refused() {
        let cookie = ("cookie", "session=one");
        let header = ("authorization", "Bearer other");
        let found = Ok(Some("other".to_owned()));
        assert_eq!(token(&[cookie, header], Use::Acting), found);
        let again = ("cookie", "session=two");
        let refused = token(&[cookie, again], Use::Reading);
        assert!(refused.is_err_and(|refusal| refusal.message().contains("two cookies")));
        assert_eq!(token(&[("cookie", "session=")], Use::Reading), Ok(None));
    }
}
