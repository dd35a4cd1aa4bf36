//! Hostile files: pages and programs that call themselves pictures, files that are two things at once, and bombs.

use std::io::Write;

use super::PNG;

/// What a script does that runs: a page shows it in its title.
const SCRIPT: &str = "document.title='it ran';window.ran=1;";

/// A hostile file.
pub struct Disguise {
    pub name: &'static str,
    /// The type that its owner gives.
    pub declared: &'static str,
    pub bytes: Vec<u8>,
    /// The type that it has when it was checked.
    pub stored: &'static str,
}

/// All of them but those that need exiftool, and bombs.
pub fn disguises() -> Vec<Disguise> {
    let unknown = "application/octet-stream";
    let page = format!("<!doctype html><script>{SCRIPT}</script>");
    let drawing = format!(
        "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"><script>{SCRIPT}</script></svg>"
    );
    let spaced = format!("\n\n   {page}");
    let marked = format!("\u{FEFF}{page}");
    let zip = zip("page.html", page.as_bytes());
    let deep = (0..50).fold(zip.clone(), |inner, _| self::zip("inner.zip", &inner));
    let one = |name, declared, bytes: &[u8], stored| Disguise {
        name,
        declared,
        bytes: bytes.to_vec(),
        stored,
    };
    vec![
        one("page.html", "text/html", page.as_bytes(), unknown),
        one("page.png", "image/png", page.as_bytes(), unknown),
        one("page.txt", "text/plain", spaced.as_bytes(), unknown),
        one("marked.txt", "text/plain", marked.as_bytes(), unknown),
        one("drawing.svg", "image/svg+xml", drawing.as_bytes(), unknown),
        one("drawing.png", "image/png", drawing.as_bytes(), unknown),
        one(
            "photo.zip",
            "application/zip",
            &[PNG, &zip].concat(),
            "image/png",
        ),
        one("deep.zip", "application/zip", &deep, "application/zip"),
        one(
            "script.gif",
            "text/javascript",
            &script_in_gif(),
            "image/gif",
        ),
        one("broken.gif", "image/gif", &broken_gif(), unknown),
        one(
            "form.pdf",
            "application/pdf",
            &script_in_pdf(),
            "application/pdf",
        ),
        one(
            "script.js",
            "text/javascript",
            SCRIPT.as_bytes(),
            "text/plain",
        ),
        one(
            "program",
            "image/jpeg",
            b"\x7FELF\x02\x01\x01\0rest",
            unknown,
        ),
    ]
}

/// A GIF of one pixel that is a script too: its width is `/*`, its comment ends the other comment.
fn script_in_gif() -> Vec<u8> {
    let comment = format!("*/=1;{SCRIPT}//");
    let mut gif = b"GIF89a/*\x01\0\x80\0\0\xFF\xFF\xFF\0\0\0".to_vec();
    gif.extend(b"!\xFE");
    gif.push(comment.len() as u8);
    gif.extend(comment.as_bytes());
    gif.extend(b"\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;");
    gif
}

/// A script behind what a GIF begins with.
fn broken_gif() -> Vec<u8> {
    format!("GIF89a=1;{SCRIPT}").into_bytes()
}

fn script_in_pdf() -> Vec<u8> {
    let script = "app.alert(1);";
    format!("%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS({script})>>>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF").into_bytes()
}

/// A GIF of so many frames.
pub fn frames(count: usize) -> Vec<u8> {
    let mut gif = b"GIF89a\x90\x01\x90\x01\x80\0\0\xFF\xFF\xFF\0\0\0".to_vec();
    for _ in 0..count {
        gif.extend(b"!\xF9\x04\0\x01\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0");
    }
    gif.push(b';');
    gif
}

/// A zip archive with one file, which is stored as it is.
fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let (sum, length) = (crc(content), content.len() as u32);
    let mut common = Vec::new();
    // Version 2.0, no flags, stored, no time.
    common.extend([20, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for number in [sum, length, length] {
        common.extend(number.to_le_bytes());
    }
    common.extend((name.len() as u16).to_le_bytes());
    common.extend([0, 0]);
    let mut archive = b"PK\x03\x04".to_vec();
    archive.extend(&common);
    archive.extend(name.as_bytes());
    archive.extend(content);
    let directory = archive.len() as u32;
    archive.extend(b"PK\x01\x02\x14\0");
    archive.extend(&common);
    archive.extend([0; 12]);
    archive.extend(name.as_bytes());
    let length = archive.len() as u32 - directory;
    archive.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    archive.extend(length.to_le_bytes());
    archive.extend(directory.to_le_bytes());
    archive.write_all(&[0, 0]).expect("memory");
    archive
}

/// The checksum of zip archives and of chunks of PNGs.
pub fn crc(bytes: &[u8]) -> u32 {
    let all = bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg())
        })
    });
    !all
}
