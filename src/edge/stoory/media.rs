//! `media_url`: an https address on a host that the platform trusts.

use crate::domain::limits;
use crate::domain::message::Attachment;
use crate::domain::refusal::Refusal;
use crate::domain::web_address::https_host;

/// The attachment for an address. Without hosts any host will do; `*.example.com` stands for all hosts below it.
pub fn attachment(url: &str, field: &'static str, hosts: &[String]) -> Result<Attachment, Refusal> {
    limits::https_url(url, field)?;
    let host = host(url).ok_or_else(|| Refusal::invalid(field, "must be an https URL"))?;
    if !hosts.is_empty() && !hosts.iter().any(|known| covers(known, &host)) {
        return Err(Refusal::invalid(
            field,
            "must be on a host that this platform allows",
        ));
    }
    Ok(Attachment {
        url: url.to_owned(),
        name: None,
        media_type: None,
        size: None,
    })
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
        let passes = |url: &str| attachment(url, "media_url", &hosts).is_ok();
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
        assert!(attachment("https://anywhere.example/a", "media_url", &[]).is_ok());
    }
}
