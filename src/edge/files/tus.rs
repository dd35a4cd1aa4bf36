//! Resumable uploads by the protocol tus 1.0.0: what its requests say in their headers.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::uploads::Described;
use crate::domain::file::{FileState, Purpose};
use crate::domain::measures::Waveform;
use crate::domain::refusal::Refusal;
use crate::store::files::File;

/// The version of the protocol, the only one.
pub const VERSION: &str = "1.0.0";
/// What of the protocol is served beside its core.
pub const EXTENSIONS: &str = "creation,creation-with-upload,expiration,checksum,termination";
/// The algorithms of checksums.
pub const ALGORITHMS: &str = "sha1,sha256";
/// The media type of a body that is a part of a file.
const PART: &str = "application/offset+octet-stream";
/// Bytes of all that a client says of a file.
const METADATA_BYTES: usize = 4_096;

/// A file that a client wants to upload.
#[derive(Debug)]
pub(super) struct Creation {
    /// Its length in bytes.
    pub(super) length: u64,
    /// What the client says of it.
    pub(super) described: Described,
    /// The media type that the client gives.
    pub(super) media_type: Option<String>,
    /// Whether the body of the request is the beginning of the file.
    pub(super) has_part: bool,
}

/// Whether a request is one of this protocol.
pub fn is_spoken(headers: &HeaderMap) -> bool {
    headers.contains_key("tus-resumable")
}

/// Refuses a request in another version of the protocol.
pub(super) fn check_version(headers: &HeaderMap) -> Result<(), Refusal> {
    match text(headers, "tus-resumable") {
        Some(VERSION) => Ok(()),
        Some(_) | None => Err(Refusal::TusVersion),
    }
}

/// Reads what a client says of a file that it wants to upload.
pub(super) fn creation(headers: &HeaderMap) -> Result<Creation, Refusal> {
    check_version(headers)?;
    let length = number(headers, "upload-length")?;
    let length = length.ok_or_else(|| Refusal::invalid("Upload-Length", "is missing"))?;
    if length == 0 {
        return Err(Refusal::invalid("Upload-Length", "must be at least 1"));
    }
    let metadata = metadata(text(headers, "upload-metadata").unwrap_or_default())?;
    let named = |names: &[&str]| {
        let found = metadata.iter().find(|(key, _)| names.contains(&&**key));
        found.map(|(_, value)| value.clone())
    };
    let (purpose, waveform) = (named(&["purpose"]), named(&["waveform"]));
    Ok(Creation {
        length,
        described: Described {
            name: named(&["filename", "name"]),
            purpose: purpose.as_deref().map(Purpose::parse).transpose()?,
            waveform: waveform.as_deref().map(Waveform::parse).transpose()?,
        },
        media_type: named(&["filetype", "type"]).filter(|kind| !kind.is_empty()),
        has_part: is_part(headers),
    })
}

/// Where a part of a file begins. Refuses a body that is none.
pub(super) fn offset_of_part(headers: &HeaderMap) -> Result<u64, Refusal> {
    check_version(headers)?;
    if !is_part(headers) {
        return Err(Refusal::MediaType(PART));
    }
    let offset = number(headers, "upload-offset")?;
    offset.ok_or_else(|| Refusal::invalid("Upload-Offset", "is missing"))
}

fn is_part(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(PART)
}

fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn number(headers: &HeaderMap, name: &'static str) -> Result<Option<u64>, Refusal> {
    let wrong = || Refusal::invalid(title(name), "must be a whole number");
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let digits = value.to_str().map_err(|_| wrong())?.trim();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match is_number {
        true => digits.parse().map(Some).map_err(|_| wrong()),
        false => Err(wrong()),
    }
}

/// A header's name as documents write it.
fn title(name: &'static str) -> &'static str {
    match name {
        "upload-length" => "Upload-Length",
        _ => "Upload-Offset",
    }
}

/// Reads pairs of a key and a value in base64, separated by commas.
fn metadata(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    let wrong = || Refusal::invalid("Upload-Metadata", "must be keys with values in base64");
    if text.len() > METADATA_BYTES {
        return Err(Refusal::invalid(
            "Upload-Metadata",
            "must be at most 4096 bytes",
        ));
    }
    let pairs = text
        .split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let bytes = STANDARD.decode(value.trim()).map_err(|_| wrong())?;
        let value = String::from_utf8(bytes).map_err(|_| wrong())?;
        Ok((key.to_ascii_lowercase(), value))
    };
    pairs.map(pair).collect()
}

/// The answer to a client that asks what is served.
pub fn capabilities(limit: u64) -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header(("Tus-Resumable", VERSION))
        .insert_header(("Tus-Version", VERSION))
        .insert_header(("Tus-Extension", EXTENSIONS))
        .insert_header(("Tus-Max-Size", limit.to_string()))
        .insert_header(("Tus-Checksum-Algorithm", ALGORITHMS))
        .finish()
}

/// An answer that tells how far the upload of a file is.
pub fn answer(status: StatusCode, file: &File) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    let expires = file.expires_at.format("%a, %d %b %Y %H:%M:%S GMT");
    response
        .insert_header(("Upload-Offset", received(file).to_string()))
        .insert_header(("Upload-Length", file.size.to_string()))
        .insert_header(("Upload-Metadata", metadata_of(file)))
        .insert_header(("Upload-Expires", expires.to_string()));
    if status == StatusCode::CREATED {
        response.insert_header(("Location", format!("/api/v1/files/{}", file.id)));
    }
    response.finish()
}

/// The bytes of a file that have come: all, when it is checked.
fn received(file: &File) -> u64 {
    match file.state {
        FileState::Uploading => file.received,
        _ => file.size,
    }
}

fn metadata_of(file: &File) -> String {
    let pair = |key: &str, value: &str| format!("{key} {}", STANDARD.encode(value));
    let mut pairs = vec![pair("filename", file.name.as_str())];
    pairs.extend(
        file.declared_type
            .as_deref()
            .map(|kind| pair("filetype", kind)),
    );
    pairs.push(pair("purpose", file.purpose.name()));
    pairs.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let value = HeaderValue::from_str(value).expect("a value");
            headers.append(HeaderName::from_static(name), value);
        }
        headers
    }

    #[test]
    fn a_creation_says_what_the_file_is() {
        let given = headers(&[
            ("tus-resumable", "1.0.0"),
            ("upload-length", "100"),
            (
                "upload-metadata",
                "filename cGhvdG8ucG5n, filetype aW1hZ2UvcG5n,purpose dm9pY2U=,is_secret",
            ),
            ("content-type", PART),
        ]);
        let creation = creation(&given).expect("a creation");
        assert_eq!((creation.length, creation.has_part), (100, true));
        assert_eq!(creation.described.name.as_deref(), Some("photo.png"));
        assert_eq!(creation.described.purpose, Some(Purpose::Voice));
        assert_eq!(creation.media_type.as_deref(), Some("image/png"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let version = ("tus-resumable", "1.0.0");
        let length = ("upload-length", "1");
        for (given, told) in [
            (vec![length], Refusal::TusVersion),
            (
                vec![("tus-resumable", "0.2.2"), length],
                Refusal::TusVersion,
            ),
            (
                vec![version],
                Refusal::invalid("Upload-Length", "is missing"),
            ),
            (
                vec![version, ("upload-length", "0")],
                Refusal::invalid("Upload-Length", "must be at least 1"),
            ),
        ] {
            assert_eq!(creation(&headers(&given)).unwrap_err(), told);
        }
        for wrong in ["-1", "1e3", "", "99999999999999999999999"] {
            let refused = creation(&headers(&[version, ("upload-length", wrong)])).unwrap_err();
            assert_eq!(
                refused,
                Refusal::invalid("Upload-Length", "must be a whole number"),
                "{wrong}"
            );
        }
        for wrong in ["filename !!", "filename /w==", "a b c"] {
            let given = [version, length, ("upload-metadata", wrong)];
            assert!(creation(&headers(&given)).is_err(), "{wrong}");
        }
        let part = ("content-type", PART);
        assert_eq!(
            offset_of_part(&headers(&[version, part, ("upload-offset", "7")])),
            Ok(7)
        );
        assert_eq!(
            offset_of_part(&headers(&[version])),
            Err(Refusal::MediaType(PART))
        );
        assert!(offset_of_part(&headers(&[version, part])).is_err());
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(length in "[ -~]{0,30}", metadata in "[ -~]{0,60}") {
            let given = [("tus-resumable", "1.0.0"), ("upload-length", length.as_str()), ("upload-metadata", metadata.as_str())];
            let _read = creation(&headers(&given));
        }
    }
}
