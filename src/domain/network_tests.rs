//! Tests of address blocks, networks, and trust in forwarded addresses.

use super::*;
use proptest::prelude::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn networks(texts: &[&str]) -> Vec<Network> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn an_ipv6_caller_is_its_64_and_a_mapped_one_is_ipv4() {
    let block = |text| AddressBlock::from(ip(text));
    assert_eq!(block("2001:db8::1"), block("2001:db8::ffff:1:2:3"));
    assert_ne!(block("2001:db8::1"), block("2001:db8:0:1::1"));
    assert_eq!(block("::ffff:192.0.2.7"), block("192.0.2.7"));
    assert_ne!(block("::ffff:192.0.2.7"), block("::ffff:192.0.2.8"));
    assert_eq!(block("2001:db8:1:2:3::4").to_string(), "2001:db8:1:2::/64");
    assert_eq!(block("192.0.2.7").to_string(), "192.0.2.7");
}

#[test]
fn networks_hold_their_addresses_and_no_others() {
    for (network, inside, outside) in [
        ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
        ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
        ("192.0.2.0/31", "192.0.2.1", "192.0.2.2"),
        ("10.0.0.0/8", "::ffff:10.1.2.3", "::10.1.2.3"),
        ("::ffff:10.0.0.0/104", "10.1.2.3", "11.0.0.0"),
        ("fd00::/8", "fdff::1", "fe00::1"),
        ("::1", "::1", "::2"),
    ] {
        let read: Network = network.parse().unwrap();
        assert!(read.contains(ip(inside)), "{inside} in {network}");
        assert!(!read.contains(ip(outside)), "{outside} in {network}");
    }
}

#[test]
fn what_is_no_network_is_explained() {
    for (wrong, told) in [
        ("", "not an IP address"),
        ("proxy.example.com", "10.0.0.0/8"),
        ("10.0.0.0/33", "from 1 to 32"),
        ("fd00::/129", "from 1 to 128"),
        ("10.0.0.0/", "from 1 to 32"),
        ("10.0.0.0/+8", "from 1 to 32"),
        ("10.0.0.0/255.0.0.0", "from 1 to 32"),
        ("10.1.2.3/8", "write 10.0.0.0/8"),
        ("0.0.0.0/0", "every address"),
        ("::/0", "every address"),
        ("::ffff:0.0.0.0/96", "every IPv4 address"),
        ("10.0.0.0:80", "not an IP address"),
    ] {
        let said = wrong.parse::<Network>().unwrap_err();
        assert!(said.contains(told), "{wrong}: {said}");
    }
}

#[test]
fn the_client_is_the_first_address_from_the_right_that_is_not_trusted() {
    let trusted = networks(&["10.0.0.0/8", "fd00::/8"]);
    for (peer, forwarded, client) in [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        (
            "10.0.0.1",
            "6.6.6.6, 198.51.100.1, 10.0.0.2",
            "198.51.100.1",
        ),
        ("::ffff:10.0.0.1", "198.51.100.1:5432", "198.51.100.1"),
        ("fd00::1", "[2001:db8::1]:443", "2001:db8::1"),
        ("fd00::1", "[2001:db8::1]", "2001:db8::1"),
        ("10.0.0.1", "6.6.6.6, unknown, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
    ] {
        let found = client_behind(ip(peer), forwarded.split(','), &trusted);
        assert_eq!(found, ip(client), "{peer} {forwarded}");
    }
}

proptest! {
    #[test]
    fn a_network_is_read_as_it_is_written(bits in any::<u32>(), prefix in 1u8..=32, other in any::<u32>()) {
        let address = first_of(Ipv4Addr::from_bits(bits).into(), prefix);
        let network: Network = format!("{address}/{prefix}").parse().unwrap();
        prop_assert_eq!(network.to_string(), format!("{address}/{prefix}"));
        prop_assert!(network.contains(Ipv4Addr::from_bits(bits).into()));
        let same = (bits ^ other).leading_zeros() >= u32::from(prefix);
        prop_assert_eq!(network.contains(Ipv4Addr::from_bits(other).into()), same);
    }

    #[test]
    fn what_an_untrusted_caller_writes_changes_nothing(written in "[0-9a-f.:, ]{0,40}") {
        let trusted = networks(&["10.0.0.0/8"]);
        let forwarded = format!("{written},198.51.100.1");
        prop_assert_eq!(client_behind(ip("10.0.0.1"), forwarded.split(','), &trusted), ip("198.51.100.1"));
        prop_assert_eq!(client_behind(ip("203.0.113.9"), forwarded.split(','), &trusted), ip("203.0.113.9"));
    }

    #[test]
    fn no_text_makes_a_network_panic(text in "\\PC{0,40}") {
        drop(text.parse::<Network>());
    }
}
