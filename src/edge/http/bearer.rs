//! The token of a request: in its `Authorization` header, or in a cookie where the operator names one.

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, COOKIE, HeaderMap, ORIGIN};

use crate::config::{AllowedOrigins, AuthOptions, CookieName};
use crate::domain::refusal::Refusal;
use crate::edge::http::origin::is_welcome;

/// Where tokens are looked for.
#[derive(Clone, Debug)]
pub struct TokenSource {
    cookie: Option<CookieName>,
    origins: AllowedOrigins,
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
    /// The header, and the cookie of the options; pages of these origins may use the cookie.
    pub fn new(options: &AuthOptions, origins: AllowedOrigins) -> Self {
        let cookie = options.token_cookie.clone();
        Self { cookie, origins }
    }

    /// The token of a request; `None` without one. The header wins. A cookie counts only for pages of the allowed origins.
    pub fn token(&self, request: &HttpRequest, usage: Use) -> Result<Option<String>, Refusal> {
        if let Some(token) = bearer(request.headers())? {
            return Ok(Some(token.to_owned()));
        }
        let Some(name) = &self.cookie else {
            return Ok(None);
        };
        let Some(token) = cookie(request.headers(), name.as_str())? else {
            return Ok(None);
        };
        match self.is_own_page(request, usage) {
            true => Ok(Some(token.to_owned())),
            false => Err(Refusal::OriginRefused),
        }
    }

    /// Whether the page that asks may use the cookie. Browsers name the page's origin with everything that is no GET, and with sockets.
    fn is_own_page(&self, request: &HttpRequest, usage: Use) -> bool {
        let headers = request.headers();
        if headers.contains_key(ORIGIN) {
            return is_welcome(request, &self.origins);
        }
        let site = headers.get("sec-fetch-site");
        let is_elsewhere = site.is_some_and(|site| site == "cross-site" || site == "same-site");
        usage == Use::Reading && !is_elsewhere
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
