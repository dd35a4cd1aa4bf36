//! Addresses of callers: the unit of rate limits, and networks that an operator trusts.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The unit that counts as one caller: an IPv4 address, or an IPv6 /64, which is what a home or a machine
/// usually gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AddressBlock {
    /// An address.
    V4(Ipv4Addr),
    /// The first 64 bits.
    V6(u64),
}

impl From<IpAddr> for AddressBlock {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }
}

impl fmt::Display for AddressBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(address) => address.fmt(f),
            Self::V6(prefix) => {
                let first = Ipv6Addr::from_bits(u128::from(*prefix) << 64);
                write!(f, "{first}/64")
            }
        }
    }
}

/// A network in the notation of RFC 4632, such as 10.0.0.0/8. A single address is a network of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether it contains an address. An IPv4-mapped address counts as the IPv4 address in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4()
            && first_of(address, self.prefix) == self.address
    }
}

/// The first address of the network with this prefix that contains an address.
fn first_of(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

const EXAMPLE: &str = "write an address or a network, as 192.0.2.7, 10.0.0.0/8 or fd00::/8";

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address
            .parse()
            .map_err(|_| format!("this is not an IP address: {EXAMPLE}"))?;
        let most: u8 = if address.is_ipv4() { 32 } else { 128 };
        let digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = match length {
            None => most,
            Some(length) => Some(length)
                .filter(digits)
                .and_then(|length| length.parse().ok())
                .filter(|prefix| *prefix <= most)
                .ok_or_else(|| format!("a number from 1 to {most} belongs after the slash"))?,
        };
        if prefix == 0 {
            return Err("this is every address there is: name the networks of your proxies".into());
        }
        let first = first_of(address, prefix);
        if first != address {
            return Err(format!(
                "its network begins at {first}: write {first}/{prefix}"
            ));
        }
        mapped(address, prefix)
    }
}

/// A network of IPv4-mapped addresses becomes the IPv4 network.
fn mapped(address: IpAddr, prefix: u8) -> Result<Network, String> {
    let canonical = address.to_canonical();
    if canonical.is_ipv4() == address.is_ipv4() {
        return Ok(Network { address, prefix });
    }
    match prefix.checked_sub(96).filter(|prefix| *prefix > 0) {
        Some(prefix) => Ok(Network {
            address: canonical,
            prefix,
        }),
        None => Err("this is every IPv4 address: name the networks of your proxies".into()),
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// The client behind a chain of proxies. Each proxy appends the address that called it, so the forwarded
/// addresses are walked from the right, past trusted networks; everything left of the first untrusted one may
/// be forged. If that one cannot be parsed, or all are trusted, returns the last known address.
pub fn client_behind<'a>(
    peer: IpAddr,
    forwarded: impl DoubleEndedIterator<Item = &'a str>,
    trusted: &[Network],
) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut known = peer;
    for hop in forwarded.rev() {
        if !is_trusted(known) {
            break;
        }
        let Some(address) = hop_address(hop.trim()) else {
            break;
        };
        known = address;
    }
    known.to_canonical()
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = hop.parse().ok();
    let in_brackets = || {
        let inner = hop.strip_prefix('[')?.strip_suffix(']')?;
        inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
    };
    let with_port = || {
        let address = hop.parse::<std::net::SocketAddr>().ok()?;
        Some(address.ip())
    };
    bare.or_else(in_brackets).or_else(with_port)
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;
