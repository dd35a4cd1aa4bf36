//! The address of the database: a libpq URL or list of settings, completed with timeouts, and shown without its
//! secrets.

use crate::error::Error;

/// The option's name in error texts.
pub const OPTION: &str = "--database-url (DATABASE_URL)";
const EXAMPLE: &str = "postgresql://user:password@host:5432/database";

/// Settings that are added unless the address sets them. They give up a host that does not answer a connection
/// after 3 seconds, and one that stops acknowledging after 20; the defaults of libpq and the kernel are minutes
/// and hours.
const LIMITS: [(&str, &str); 5] = [
    ("connect_timeout", "3"),
    ("keepalives_idle", "10"),
    ("keepalives_interval", "5"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "20000"),
];

/// Shorter passwords are not masked, because they occur in ordinary words.
const SHORT: usize = 4;

/// Adds the timeouts to an address. Fails with a text for the operator if it is not an address.
pub fn completed(address: &str) -> Result<String, Error> {
    let is_url = ["postgresql://", "postgres://"]
        .iter()
        .any(|scheme| address.starts_with(scheme));
    if address.trim().is_empty() {
        return Err(Error::Internal(format!(
            "{OPTION} is empty: say where PostgreSQL is, as {EXAMPLE}, or leave it out, and the server runs a database of its own."
        )));
    }
    if !is_url && (address.contains("://") || !address.contains('=')) {
        return Err(Error::Internal(format!(
            "{OPTION} is not the address of a PostgreSQL: it must begin with postgresql://, as {EXAMPLE}."
        )));
    }
    let missing = LIMITS.iter().filter(|(name, _)| !address.contains(name));
    let settings = missing.map(|(name, value)| format!("{name}={value}"));
    let settings: Vec<String> = settings.collect();
    if settings.is_empty() {
        return Ok(address.to_owned());
    }
    Ok(match (is_url, address.contains('?')) {
        (true, true) => format!("{address}&{}", settings.join("&")),
        (true, false) => format!("{address}?{}", settings.join("&")),
        (false, _) => format!("{address} {}", settings.join(" ")),
    })
}

/// An error text of libpq without the address and the password, which it may quote.
pub fn without_secrets(told: &str, address: &str) -> String {
    let mut told = told.trim().to_owned();
    for secret in secrets(address) {
        told = told.replace(&secret, "…");
    }
    // libpq quotes the part of an address that it cannot parse, which is most often a password with special
    // characters.
    let is_about_the_address = [
        "URI",
        "percent-encoded",
        "connection info string",
        "invalid port",
        "invalid integer",
    ]
    .iter()
    .any(|sign| told.contains(sign));
    match told.find('"') {
        Some(at) if is_about_the_address => format!("{}…", told.get(..at).unwrap_or_default()),
        _ => told.lines().collect::<Vec<_>>().join(" "),
    }
}

/// The address and the password, both as written and percent-decoded.
fn secrets(address: &str) -> Vec<String> {
    let mut found = vec![address.to_owned()];
    if let Some((_, rest)) = address.split_once("://") {
        let before_host = rest.rsplit_once('@').map(|(person, _)| person);
        let password = before_host.and_then(|person| person.split_once(':'));
        found.extend(password.map(|(_, password)| password.to_owned()));
    }
    for (at, name) in address.match_indices("password=") {
        let value = address.get(at + name.len()..).unwrap_or_default();
        let quoted = value.strip_prefix('\'');
        let value = match quoted {
            Some(quoted) => quoted.split('\'').next(),
            None => value.split(['&', ' ', '\t', '\n']).next(),
        };
        found.extend(value.map(str::to_owned));
    }
    let decoded: Vec<String> = found.iter().skip(1).map(|secret| decoded(secret)).collect();
    found.extend(decoded);
    found.retain(|secret| secret.len() >= SHORT);
    found
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = ahead;
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether an error stays until the operator acts: a wrong name or password, missing encryption, an address
/// that cannot be parsed.
pub fn is_final(told: &str) -> bool {
    const SIGNS: [&str; 18] = [
        "authentication failed",
        "no password supplied",
        "does not exist",
        "no pg_hba.conf entry",
        "permission denied",
        "not permitted to log in",
        "is not currently accepting connections",
        "SSL",
        "certificate",
        "sslmode",
        "GSSAPI",
        "authentication method",
        "invalid ",
        "URI",
        "connection info string",
        "percent-encoded",
        "no such user",
        "no such database",
    ];
    let is_passing = (told.contains("on socket") && told.contains("No such file or directory"))
        || told.contains("SYSCALL")
        || told.contains("closed unexpectedly");
    !is_passing && SIGNS.iter().any(|sign| told.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_added_where_the_address_says_nothing() {
        let plain = completed("postgresql://a@b/c").unwrap_or_default();
        assert!(plain.starts_with("postgresql://a@b/c?connect_timeout=3&keepalives_idle=10&"));
        let more = completed("postgres://a@b/c?connect_timeout=9").unwrap_or_default();
        assert!(
            more.contains("?connect_timeout=9&keepalives_idle")
                && !more.contains("=3&keepalives_idle")
        );
        let list = completed("host=/run dbname=c").unwrap_or_default();
        assert!(list.starts_with("host=/run dbname=c connect_timeout=3 "));
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for wrong in [
            "",
            "  ",
            "garbage",
            "mysql://u:topsecret@h/d",
            "http://h/?a=b",
        ] {
            let told = completed(wrong).map_err(|error| error.to_string());
            let told = told.expect_err("no address");
            assert!(
                told.contains(OPTION) && !told.contains("topsecret"),
                "{told}"
            );
        }
    }

    #[test]
    fn no_password_is_ever_told() {
        let cases = [
            (
                "postgresql://u:top%20secret@h/d",
                "FATAL: bad \"top secret\" top%20secret",
            ),
            (
                "postgresql://u:se@cret@h/d",
                "could not translate host name \"x\": se@cret",
            ),
            (
                "postgresql://u:se?cret@h/d",
                "missing key/value separator \"=\" in URI query parameter: \"cret@h/d\"",
            ),
            (
                "host=h password='se cret' user=u",
                "invalid integer value \"se cret\" for port",
            ),
            ("host=h password='se cret' user=u", "FATAL: se cret"),
            ("host=h password=secret user=u", "FATAL: secret"),
        ];
        for (address, told) in cases {
            let shown = without_secrets(told, address);
            assert!(!shown.contains("cret"), "{shown}");
        }
    }

    #[test]
    fn what_may_pass_is_waited_for() {
        let passing = [
            "connection to server at \"127.0.0.1\", port 1 failed: Connection refused",
            "connection to server on socket \"/x/.s.PGSQL.5432\" failed: No such file or directory Is the server running locally and accepting connections on that socket?",
            "connection to server at \"db\" failed: FATAL:  the database system is starting up",
            "could not translate host name \"db\" to address: Name or service not known",
            "connection to server at \"10.1.1.1\", port 5432 failed: timeout expired",
            "FATAL:  sorry, too many clients already",
        ];
        assert!(passing.iter().all(|told| !is_final(told)));
        let lasting = [
            "FATAL:  password authentication failed for user \"u\"",
            "FATAL:  database \"d\" does not exist",
            "root certificate file \"/root/.postgresql/root.crt\" does not exist",
            "server does not support SSL, but SSL was required",
            "fe_sendauth: no password supplied",
        ];
        assert!(lasting.iter().all(|told| is_final(told)));
    }
}
