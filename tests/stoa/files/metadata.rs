//! Pictures and films do not say where they were made: exiftool writes places into them, and finds none in what is stored.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{PNG, app, link, open, upload};

/// Small files of each type that exiftool can write into, without anything to remove.
pub const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xFF\xDB\0C\0\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\xFF\xC0\0\x0B\x08\0\x01\0\x01\x01\x01\x11\0\xFF\xC4\0\x14\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x03\xFF\xC4\0\x14\x10\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xFF\xDA\0\x08\x01\x01\0\0\x3F\0\x37\xFF\xD9";
const WEBP: &[u8] =
    b"RIFF\x1A\0\0\0WEBPVP8L\r\0\0\0\x2F\0\0\0\x10\x07\x10\x11\x11\x88\x88\xFE\x07\0";
const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\xFF\xFF\xFF\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

pub fn exiftool(arguments: &[&str]) -> String {
    let output = Command::new("exiftool").args(arguments).output();
    let output = output.expect("exiftool: run scripts/install.sh test");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Writes a place, a time, a device and a comment into a file.
pub fn mark(path: &Path) {
    let path = path.to_str().expect("a path");
    let said = exiftool(&[
        "-overwrite_original",
        "-m",
        "-GPSLatitude=52.52",
        "-GPSLatitudeRef=N",
        "-GPSLongitude=13.405",
        "-GPSLongitudeRef=E",
        "-XMP:GPSLatitude=52.52",
        "-XMP:GPSLongitude=13.405",
        "-Keys:GPSCoordinates=52.52, 13.405",
        "-UserData:GPSCoordinates=52.52, 13.405",
        "-XMP:Creator=Somebody",
        "-Make=Acme",
        "-Comment=secret",
        "-EXIF:DateTimeOriginal=2020:01:02 03:04:05",
        path,
    ]);
    assert!(said.contains("1 image files updated"), "{path}: {said}");
}

/// What exiftool finds in a file that says where, when, by whom or with what it was made.
pub fn told(path: &Path) -> Vec<String> {
    let said = exiftool(&["-ee", "-a", "-G1", "-j", path.to_str().expect("a path")]);
    let found: Value = serde_json::from_str(&said).expect("JSON");
    let tags = found[0].as_object().expect("tags").iter();
    let is_telling = |name: &str| {
        let words = [
            "GPS",
            "Coordinates",
            "Creator",
            "Make",
            "Comment",
            "Original",
            "XMP",
        ];
        !name.starts_with("System:") && words.iter().any(|word| name.contains(word))
    };
    tags.map(|(name, _)| name.clone())
        .filter(|name| is_telling(name))
        .collect()
}

pub fn iso_box(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = (content.len() + 8) as u32;
    [&length.to_be_bytes()[..], kind, content].concat()
}

/// The smallest film that programs write tags into.
fn film(brand: &[u8; 4]) -> Vec<u8> {
    let mut head = vec![0; 100];
    head[15] = 1; // Ticks a second.
    head[20..24].copy_from_slice(&0x0001_0000_u32.to_be_bytes());
    let ftyp = iso_box(b"ftyp", &[brand, &[0; 4][..], b"isom", brand].concat());
    [
        ftyp,
        iso_box(b"moov", &iso_box(b"mvhd", &head)),
        iso_box(b"mdat", b"pictures"),
    ]
    .concat()
}

#[tokio::test]
async fn no_stored_file_says_where_it_was_made() {
    let (app, folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let place = PathBuf::from(format!("{}-sources", folder.0.display()));
    std::fs::create_dir_all(&place).expect("a folder");
    for (name, kind, plain) in [
        ("a.jpg", "image/jpeg", JPEG.to_vec()),
        ("a.png", "image/png", PNG.to_vec()),
        ("a.webp", "image/webp", WEBP.to_vec()),
        ("a.gif", "image/gif", GIF.to_vec()),
        ("a.mp4", "video/mp4", film(b"mp42")),
        ("a.mov", "video/quicktime", film(b"qt  ")),
        ("a.m4a", "audio/mp4", film(b"M4A ")),
    ] {
        let path = place.join(name);
        std::fs::write(&path, &plain).expect("a file");
        mark(&path);
        assert!(!told(&path).is_empty(), "{name}: nothing was written");
        let marked = std::fs::read(&path).expect("the file");
        let behind = [marked.as_slice(), b"PK\x03\x04 behind the end"].concat();
        let sent = if kind.starts_with("image/") {
            &behind
        } else {
            &marked
        };
        let file = upload(&ann, &format!("?name={name}"), kind, sent)
            .await
            .expect_status(201)
            .json();
        assert_eq!(file["type"], kind, "{name}");
        let stored = open(&app, &link(&file), &[]).await.expect_status(200).bytes;
        std::fs::write(&path, &stored).expect("a file");
        assert_eq!(told(&path), [""; 0], "{name}");
        assert!(!stored.windows(6).any(|part| part == b"behind"), "{name}");
        if kind.starts_with("image/") {
            assert!(
                stored.len() <= plain.len() + 64,
                "{name} has more than it shows"
            );
        }
    }
    std::fs::remove_dir_all(place).expect("the folder");
}

#[tokio::test]
async fn what_is_not_what_it_says_is_a_download() {
    let (app, _folder) = app(&[]).await;
    let ann = app.person("ann").await;
    for (name, kind, bytes) in [
        ("a.jpg", "image/jpeg", &b"\xFF\xD8\xFF\xE0nonsense"[..]),
        (
            "a.png",
            "image/png",
            b"\x89PNG\r\n\x1A\n<script>alert(1)</script>",
        ),
        ("a.gif", "image/gif", b"GIF89a/*<script>alert(1)</script>*/"),
        (
            "a.mp4",
            "video/mp4",
            b"\0\0\0\x18ftypmp42\0\0\0\0isommp42\xFF\xFF\xFF\xFFmoov",
        ),
    ] {
        let file = upload(&ann, &format!("?name={name}"), kind, bytes)
            .await
            .expect_status(201)
            .json();
        assert_eq!(file["type"], "application/octet-stream", "{name}");
        let opened = open(&app, &link(&file), &[]).await.expect_status(200);
        assert!(
            opened
                .header("content-disposition")
                .starts_with("attachment"),
            "{name}"
        );
        assert_eq!(opened.bytes, bytes, "{name}");
    }
}
