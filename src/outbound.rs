//! HTTP requests to other servers: bounded in time and size, without redirects and proxies, and never to
//! internal addresses.

use std::fmt;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;
use ureq::config::Config;
use ureq::http::{Request, Response, Uri};
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body, Error, SendBody};

/// The addresses that a client may connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses, over https.
    Public,
    /// Any address, also over http, for URLs that the operator has configured.
    Anywhere,
}

/// A blocking client. Do not call it on a thread that serves others.
#[derive(Clone, Debug)]
pub struct Outbound {
    agent: Agent,
    reach: Reach,
}

/// A request.
#[derive(Clone)]
pub struct Call<'a> {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The URL.
    pub url: &'a str,
    /// The headers.
    pub headers: &'a [(&'static str, String)],
    /// The body.
    pub body: &'a [u8],
    /// The most bytes of the response's body that are read.
    pub keep: u64,
}

/// A response with any status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The beginning of the body.
    pub body: Vec<u8>,
}

/// Why there is no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The time limit was reached.
    TimedOut,
    /// The connection failed.
    Unreachable,
    /// The name resolves to an address that is not public, or the scheme is not https.
    AddressRefused,
    /// The server's certificate is not valid.
    Untrusted,
    /// The response is not HTTP.
    Unreadable,
    /// The URL is malformed.
    WrongUrl,
}

impl Trouble {
    /// The stable code.
    pub fn name(self) -> &'static str {
        match self {
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
            Self::AddressRefused => "address_refused",
            Self::Untrusted => "untrusted",
            Self::Unreadable => "unreadable",
            Self::WrongUrl => "wrong_url",
        }
    }
}

impl Outbound {
    /// A client with a time limit for each call as a whole.
    pub fn new(reach: Reach, time_out: Duration) -> Self {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::WebPki)
            .unversioned_rustls_crypto_provider(Arc::new(
                rustls::crypto::aws_lc_rs::default_provider(),
            ))
            .build();
        // A kept connection would bypass the check when its name later resolves to another address.
        let kept_open = match reach {
            Reach::Public => 0,
            Reach::Anywhere => 4,
        };
        let config = Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .max_idle_connections(kept_open)
            .timeout_global(Some(time_out))
            .user_agent(concat!("stoa/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build();
        let resolver = Checked {
            reach,
            inner: DefaultResolver::default(),
        };
        Self {
            agent: Agent::with_parts(config, DefaultConnector::default(), resolver),
            reach,
        }
    }

    /// Makes a request and waits for its response.
    pub fn call(&self, call: &Call<'_>) -> Result<Answer, Trouble> {
        let url = self.permitted(call.url)?;
        let mut request = Request::builder().method(call.method).uri(url);
        for (name, value) in call.headers {
            request = request.header(*name, value);
        }
        let wrong = |_| Trouble::WrongUrl;
        let answered = match call.method {
            "GET" => self.agent.run(request.body(()).map_err(wrong)?),
            _ => self.agent.run(request.body(call.body).map_err(wrong)?),
        };
        read(answered.map_err(|error| explain(&error))?, call.keep)
    }

    /// Posts all bytes of a reader, of which there are `length`, and waits for the response, of whose body at most `keep` bytes are read.
    pub fn post(
        &self,
        url: &str,
        (content, length): (&mut dyn Read, u64),
        keep: u64,
    ) -> Result<Answer, Trouble> {
        let request = Request::post(self.permitted(url)?)
            .header("content-type", "application/octet-stream")
            .header("content-length", length)
            .body(SendBody::from_reader(content));
        let answered = self.agent.run(request.map_err(|_| Trouble::WrongUrl)?);
        read(answered.map_err(|error| explain(&error))?, keep)
    }

    fn permitted(&self, url: &str) -> Result<Uri, Trouble> {
        let url: Uri = url.parse().map_err(|_| Trouble::WrongUrl)?;
        match url.scheme_str() {
            Some("https") => Ok(url),
            Some("http") if self.reach == Reach::Anywhere => Ok(url),
            Some("http") => Err(Trouble::AddressRefused),
            Some(_) | None => Err(Trouble::WrongUrl),
        }
    }
}

/// Reads a response, and at most so many bytes of its body.
fn read(mut response: Response<Body>, keep: u64) -> Result<Answer, Trouble> {
    let mut body = Vec::new();
    if keep > 0 {
        let reader = response.body_mut().as_reader();
        let read = reader.take(keep).read_to_end(&mut body);
        read.map_err(|error| explain(&Error::from(error)))?;
    }
    Ok(Answer {
        status: response.status().as_u16(),
        body,
    })
}

/// Resolves names and checks each address. The connection goes to the checked address, without a second lookup
/// that could return another one.
#[derive(Debug)]
struct Checked {
    reach: Reach,
    inner: DefaultResolver,
}

impl Resolver for Checked {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let refused = found.iter().any(|address| !is_public(address.ip()));
        if self.reach == Reach::Public && refused {
            return Err(Error::Io(io::Error::new(
                io::ErrorKind::PermissionDenied,
                NotPublic,
            )));
        }
        Ok(found)
    }
}

/// A name resolved to an address that is not public.
#[derive(Debug)]
struct NotPublic;

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a public address")
    }
}

impl std::error::Error for NotPublic {}

fn explain(error: &Error) -> Trouble {
    match error {
        Error::Timeout(_) => Trouble::TimedOut,
        Error::Io(io) if io.get_ref().is_some_and(|inner| inner.is::<NotPublic>()) => {
            Trouble::AddressRefused
        }
        Error::Io(io) if io.kind() == io::ErrorKind::TimedOut => Trouble::TimedOut,
        Error::Io(io)
            if io
                .get_ref()
                .is_some_and(|inner| inner.is::<rustls::Error>()) =>
        {
            Trouble::Untrusted
        }
        Error::Io(_) | Error::HostNotFound | Error::ConnectionFailed => Trouble::Unreachable,
        Error::Tls(_) | Error::Rustls(_) | Error::TlsRequired => Trouble::Untrusted,
        Error::BadUri(_) | Error::Http(_) => Trouble::WrongUrl,
        _ => Trouble::Unreadable,
    }
}

/// Whether an address is globally reachable: not loopback, private, link-local, shared, documentation,
/// multicast or reserved, and not an IPv6 address that embeds such an IPv4 one.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match carried(address) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || matches!(
            (a, b, c),
            (0 | 240.., _, _)
                | (100, 64..=127, _)
                | (192, 0, 0)
                | (192, 88, 99)
                | (198, 18 | 19, _)
        );
    !special
}

/// Only 2000::/3 is allocated as public, without Teredo (2001::/32), ORCHID and documentation in it.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    (first & 0xe000) == 0x2000
        && !matches!((first, second), (0x2001, 0..=0x01ff | 0x0db8) | (0x3fff, _))
}

/// The IPv4 address embedded in a mapped, compatible, NAT64 or 6to4 address.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let inner = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => Some(inner(high, low)),
        [0, 0, 0, 0, 0xffff, 0, high, low] => Some(inner(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(inner(high, low)),
        [0x2002, high, low, ..] => Some(inner(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        let public = [
            "1.1.1.1",
            "93.184.215.14",
            "2606:4700:4700::1111",
            "::ffff:1.1.1.1",
        ];
        for address in public {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        let own = [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.100.100.200",
            "192.0.0.192",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "fec0::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
        ];
        for address in own {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_name_is_refused_by_where_it_leads() {
        let client = Outbound::new(Reach::Public, Duration::from_secs(5));
        let urls = [
            "https://localhost:1/",
            "https://127.0.0.1:1/",
            "https://2130706433:1/",
            "https://[::1]:1/",
            "https://[::ffff:127.0.0.1]:1/",
            "http://example.com/",
        ];
        for url in urls {
            let call = Call {
                method: "POST",
                url,
                headers: &[],
                body: b"",
                keep: 0,
            };
            assert_eq!(
                client.call(&call).unwrap_err(),
                Trouble::AddressRefused,
                "{url}"
            );
        }
    }
}
