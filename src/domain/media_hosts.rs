//! The hosts that files of messages may be on, if the platform names some.

use super::refusal::Refusal;
use super::web_address::https_host;

/// The value that permits no host: no message shows a file that is stored elsewhere.
pub const NONE: &str = "off";

/// Refuses the https address of a file on a host that the platform does not allow. Without hosts any host will do; `*.example.com`
/// stands for all hosts below it.
pub fn check(
    url: &str,
    hosts: &[String],
    field: impl Into<std::borrow::Cow<'static, str>>,
) -> Result<(), Refusal> {
    if hosts.iter().any(|host| host == NONE) {
        let why = "must not be given: files of other servers are not shown here";
        return Err(Refusal::invalid(field, why));
    }
    let Some(host) = host(url) else {
        return Err(Refusal::invalid(field, "must be an https URL"));
    };
    match hosts.is_empty() || hosts.iter().any(|known| covers(known, &host)) {
        true => Ok(()),
        false => Err(Refusal::invalid(
            field,
            "must be on a host that this platform allows",
        )),
    }
}

/// The host in an address, without its port.
fn host(url: &str) -> Option<String> {
    let authority = https_host(url).ok()?;
    let host = match authority.strip_prefix('[') {
        Some(address) => address.split(']').next()?,
        None => authority.split(':').next()?,
    };
    (!host.is_empty()).then(|| host.trim_end_matches('.').to_lowercase())
}

fn covers(known: &str, host: &str) -> bool {
    let known = known.trim().to_lowercase();
    match known.strip_prefix('*') {
        Some(below) => below.starts_with('.') && host.ends_with(below),
        None => host == known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_on_allowed_hosts_pass() {
        let hosts = ["cdn.example.com".to_owned(), "*.images.example".to_owned()];
        let passes = |url: &str| check(url, &hosts, "url").is_ok();
        for right in [
            "https://cdn.example.com/a.png",
            "https://CDN.example.com:8443/a?b#c",
            "https://cdn.example.com./a",
            "https://eu.images.example/a",
        ] {
            assert!(passes(right), "{right}");
        }
        for wrong in [
            "https://evil.example/cdn.example.com",
            "https://cdn.example.com@evil.example/a",
            "https://cdn.example.com:x@evil.example/a",
            "https://cdn.example.com.evil.example/a",
            "https://xcdn.example.com/a",
            "https://images.example/a",
            "https://evilimages.example/a",
            "https://evil.example#cdn.example.com",
            "https://evil.example?.images.example",
            "http://cdn.example.com/a",
            "javascript:alert(1)",
            "https:///a",
            "",
        ] {
            assert!(!passes(wrong), "{wrong}");
        }
        assert!(check("https://anywhere.example/a", &[], "url").is_ok());
        assert!(check("https://cdn.example.com/a", &[NONE.to_owned()], "url").is_err());
    }
}
