//! Which addresses are read, and what is said about the others.

use proptest::prelude::*;

use super::*;

fn at(name: &str, port: u16) -> RedisHost {
    RedisHost {
        name: name.to_owned(),
        port,
    }
}

fn access(encryption: Encryption, login: Option<(&str, &str)>) -> RedisAccess {
    RedisAccess {
        login: login.map(|(user, password)| RedisLogin {
            user: Some(user.to_owned()).filter(|user| !user.is_empty()),
            password: Secret::from(password),
        }),
        encryption,
    }
}

fn tcp(name: &str, port: u16, access: RedisAccess) -> RedisServer {
    RedisServer {
        address: RedisAddress::Tcp(at(name, port)),
        access,
    }
}

#[test]
fn one_server_is_read() {
    use Encryption::{Off, Tls};
    let cases = [
        ("redis://a", tcp("a", 6379, access(Off, None))),
        (" redis://a:1/ ", tcp("a", 1, access(Off, None))),
        (
            "redis://10.0.0.1:6379/0",
            tcp("10.0.0.1", 6379, access(Off, None)),
        ),
        (
            "rediss://ann:p%40%2C%2F%3A@a.example:7",
            tcp("a.example", 7, access(Tls, Some(("ann", "p@,/:")))),
        ),
        (
            "redis://:secret@[::1]:7",
            tcp("::1", 7, access(Off, Some(("", "secret")))),
        ),
        (
            "redis://ann:at@sign:and@a",
            tcp("a", 6379, access(Off, Some(("ann", "at@sign:and")))),
        ),
    ];
    for (url, server) in cases {
        assert_eq!(parse(url), Ok(RedisServers::AnyOf(vec![server])), "{url}");
    }
    for url in ["unix:/run/r", "unix:///run/r"] {
        let server = RedisServer {
            address: RedisAddress::Unix("/run/r".into()),
            access: access(Off, None),
        };
        assert_eq!(parse(url), Ok(RedisServers::AnyOf(vec![server])), "{url}");
    }
}

#[test]
fn a_server_without_a_scheme_is_let_in_as_the_one_before() {
    let ann = access(Encryption::Tls, Some(("ann", "x")));
    let bob = access(Encryption::Off, Some(("bob", "y")));
    let servers = vec![
        tcp("a", 6379, ann.clone()),
        tcp("b", 7, ann),
        tcp("c", 6379, bob.clone()),
        tcp("::2", 9, bob),
    ];
    assert_eq!(
        parse("rediss://ann:x@a,b:7,redis://bob:y@c, [::2]:9"),
        Ok(RedisServers::AnyOf(servers))
    );
}

#[test]
fn sentinels_are_read_with_the_name_of_the_master() {
    let watched = |sentinels, access| RedisServers::Watched {
        sentinels,
        name: "main-1".to_owned(),
        access,
    };
    assert_eq!(
        parse("redis-sentinel://a,b:7/main-1"),
        Ok(watched(
            vec![at("a", 26379), at("b", 7)],
            access(Encryption::Off, None)
        ))
    );
    assert_eq!(
        parse("rediss-sentinel://:x%2C@a/main-1"),
        Ok(watched(
            vec![at("a", 26379)],
            access(Encryption::Tls, Some(("", "x,")))
        ))
    );
}

#[test]
fn what_is_no_address_is_said_without_being_repeated() {
    use WrongUrl::*;
    let many = format!("redis://s3cret{}", ",a".repeat(MOST));
    for (wrong, why) in [
        ("", Empty),
        ("  ", Empty),
        ("s3cret", Scheme),
        ("http://s3cret", Scheme),
        ("valkey:s3cret", Scheme),
        ("redis:s3cret", Scheme),
        ("redis://a,http://s3cret", Scheme),
        ("redis://a,redis-sentinel://b/s3cret", Scheme),
        ("redis://", Host),
        ("redis://a,", Host),
        ("redis://a b", Host),
        ("redis://u:s3cret@", Host),
        ("redis://[::1", Host),
        ("redis://[s3cret]", Host),
        ("redis://[::1]7", Host),
        ("redis://a:", Port),
        ("redis://a:0", Port),
        ("redis://a:65536", Port),
        ("redis://u:s3cret", Port),
        ("redis://u:s3,cret@a", Port),
        ("redis://s3cret@a", Password),
        ("redis://u:@a", Password),
        ("redis://u:s3cret%@a", Encoding),
        ("redis://u:s3cret%zz@a", Encoding),
        ("redis://u:s3cret%ff@a", Encoding),
        ("redis://u:7/s3cret@a", Path),
        ("redis://a/s3cret", Path),
        ("redis://a?s3cret=1", Settings),
        ("rediss://a#insecure", Settings),
        ("redis-sentinel://a", Name),
        ("redis-sentinel://a/", Name),
        ("redis-sentinel://a/s3 cret", Name),
        ("redis-sentinel:///main", Host),
        ("redis-sentinel://a,,b/main", Host),
        ("unix:", Socket),
        ("unix:run/s3cret", Socket),
        ("unix://", Socket),
        ("unix:/", Socket),
        (&many, TooMany),
    ] {
        assert_eq!(parse(wrong), Err(why), "{wrong}");
        assert!(!why.to_string().contains("s3cret"), "{why}");
    }
}

proptest! {
    #[test]
    fn any_password_can_be_written(user in "\\PC{0,12}", password in "\\PC{1,12}") {
        let encoded = |text: &str| -> String {
            text.bytes().map(|byte| format!("%{byte:02x}")).collect()
        };
        let url = format!("redis://{}:{}@a", encoded(&user), encoded(&password));
        let access = access(Encryption::Off, Some((&user, &password)));
        prop_assert_eq!(parse(&url), Ok(RedisServers::AnyOf(vec![tcp("a", 6379, access)])));
    }

    #[test]
    fn whatever_is_given_is_read_or_refused(text in "\\PC{0,40}", scheme in 0..5_usize) {
        let scheme = ["redis://", "rediss://", "unix:", "redis-sentinel://", ""].get(scheme).unwrap();
        let _read_or_refused = parse(&format!("{scheme}{text}"));
    }
}
