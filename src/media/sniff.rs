//! The media type of a file by its first bytes. What its owner calls it can only narrow that down.

use super::kind::{MediaType, UNKNOWN};

/// The bytes that are looked at.
pub const HEAD_BYTES: usize = 4_096;

/// Types that are recognised by their first bytes alone.
const BY_MAGIC: [(&[u8], &str); 17] = [
    (b"\xFF\xD8\xFF", "image/jpeg"),
    (b"\x89PNG\r\n\x1A\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"ID3\x02", "audio/mpeg"),
    (b"ID3\x03", "audio/mpeg"),
    (b"ID3\x04", "audio/mpeg"),
    (b"%PDF-", "application/pdf"),
    (b"\x1F\x8B", "application/gzip"),
    (b"7z\xBC\xAF\x27\x1C", "application/x-7z-compressed"),
    (b"Rar!\x1A\x07", "application/vnd.rar"),
    (b"BZh91AY&SY", "application/x-bzip2"),
    (b"\xFD7zXZ\0", "application/x-xz"),
    (b"fLaC\0", "audio/flac"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"{\\rtf", "application/rtf"),
];

/// Documents that are zip archives; their owner says which, because the archive would have to be opened.
const IN_ZIP: [&str; 9] = [
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
    "application/epub+zip",
    "application/vnd.apple.pages",
    "application/vnd.apple.numbers",
];

/// Texts that their owner may name; none of them is anything that a browser would run.
const TEXTS: [&str; 4] = [
    "text/plain",
    "text/csv",
    "text/markdown",
    "application/json",
];

/// The type of a file that begins with these bytes (at most `HEAD_BYTES` of them count). `declared` is what its owner calls it.
/// Programs, pages, drawings in SVG and other XML are not named: they are downloads of an unknown type.
pub fn sniff(head: &[u8], declared: Option<&str>) -> MediaType {
    let head = head.get(..HEAD_BYTES).unwrap_or(head);
    let declared = declared.map(main_part).unwrap_or_default();
    let is_sound = declared.starts_with("audio/");
    if let Some(found) = container(head, is_sound) {
        return MediaType(found);
    }
    if head.starts_with(b"PK\x03\x04") {
        return MediaType(named(&IN_ZIP, &declared).unwrap_or("application/zip"));
    }
    let known = BY_MAGIC.iter().find(|(magic, _)| head.starts_with(magic));
    if let Some((_, found)) = known {
        return MediaType(found);
    }
    if is_mpeg_audio(head) {
        return MediaType("audio/mpeg");
    }
    match is_harmless_text(head) {
        true => MediaType(named(&TEXTS, &declared).unwrap_or("text/plain")),
        false => UNKNOWN,
    }
}

/// A media type without parameters, in lower case.
fn main_part(declared: &str) -> String {
    let main = declared.split(';').next().unwrap_or_default();
    main.trim().to_ascii_lowercase()
}

fn named(types: &[&'static str], wanted: &str) -> Option<&'static str> {
    types.iter().find(|name| **name == wanted).copied()
}

/// Types of files that are containers of several kinds of content.
fn container(head: &[u8], is_sound: bool) -> Option<&'static str> {
    let at = |from: usize, to: usize| head.get(from..to).unwrap_or_default();
    match (at(0, 4), at(8, 12)) {
        (b"RIFF", b"WEBP") => return Some("image/webp"),
        (b"RIFF", b"WAVE") => return Some("audio/wav"),
        (b"RIFF", b"AVI ") => return Some("video/x-msvideo"),
        (b"OggS", _) => {
            let is_film = holds(head, b"\x80theora") || holds(head, b"\x01video");
            return Some(if is_film { "video/ogg" } else { "audio/ogg" });
        }
        (b"\x1A\x45\xDF\xA3", _) => return Some(matroska(head, is_sound)),
        _ => {}
    }
    (at(4, 8) == b"ftyp").then(|| iso_media(at(8, 12), head, is_sound))
}

/// Matroska files name their type in the header; WebM is the one that browsers show.
fn matroska(head: &[u8], is_sound: bool) -> &'static str {
    match (holds(head, b"\x42\x82\x84webm"), is_sound) {
        (false, _) => "video/x-matroska",
        (true, true) => "audio/webm",
        (true, false) => "video/webm",
    }
}

/// ISO base media files (MP4, QuickTime, HEIF) name their kind by a brand.
fn iso_media(brand: &[u8], head: &[u8], is_sound: bool) -> &'static str {
    // The box that names the brand lists others with which the file is compatible.
    let length = head.get(..4).and_then(|four| four.try_into().ok());
    let length = length.map_or(0, u32::from_be_bytes) as usize;
    let compatible = head.get(16..length.min(HEAD_BYTES)).unwrap_or_default();
    let is_like = |wanted: &[u8]| compatible.chunks_exact(4).any(|one| one == wanted);
    match brand {
        b"avif" | b"avis" => "image/avif",
        b"heic" | b"heix" | b"hevc" | b"heim" | b"heis" => "image/heic",
        b"mif1" | b"msf1" if is_like(b"avif") => "image/avif",
        b"mif1" | b"msf1" => "image/heif",
        b"qt  " => "video/quicktime",
        b"M4A " | b"M4B " | b"M4P " => "audio/mp4",
        b"crx " => "application/octet-stream",
        _ if is_sound => "audio/mp4",
        _ => "video/mp4",
    }
}

fn holds(head: &[u8], wanted: &[u8]) -> bool {
    head.windows(wanted.len()).any(|part| part == wanted)
}

/// A frame of MPEG audio, layer 3, without a tag before it: the sync word, a version, a rate and a frequency that exist.
fn is_mpeg_audio(head: &[u8]) -> bool {
    let Some([0xFF, second, third, _]) = head.first_chunk::<4>() else {
        return false;
    };
    let (layer, version) = (second & 0b0000_0110, second & 0b0001_1000);
    let (rate, frequency) = (third & 0b1111_0000, third & 0b0000_1100);
    second & 0b1110_0000 == 0b1110_0000
        && layer == 0b0000_0010
        && version != 0b0000_1000
        && rate != 0
        && rate != 0b1111_0000
        && frequency != 0b0000_1100
}

/// Whether this is text that neither browsers nor shells would run.
fn is_harmless_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last character may be cut.
        Err(error) if error.error_len().is_none() => {
            let valid = head.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(valid).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let is_readable = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\u{C}');
    let begun = text.trim_start_matches(|c: char| c == '\u{FEFF}' || c.is_whitespace());
    let is_markup = begun.starts_with('<') || begun.to_ascii_lowercase().contains("<script");
    !begun.is_empty() && text.chars().all(is_readable) && !is_markup && !begun.starts_with("#!")
}

#[cfg(test)]
#[path = "sniff_tests.rs"]
mod tests;
