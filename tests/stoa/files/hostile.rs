//! Hostile files one by one: what the server stores, what the link serves, and that its memory does not grow.

use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Instant;

use super::disguises::{crc, disguises, frames};
use super::metadata::{JPEG, exiftool, iso_box, mark, told};
use super::previews::{bomb, picture_of};
use super::{Folder, app, link, open, upload};
use crate::child::Process;

#[tokio::test]
async fn disguised_files_are_stored_as_what_they_are_and_run_nothing() {
    let (app, _folder) = app(&[]).await;
    let ann = app.person("ann").await;
    for disguise in disguises() {
        let (name, stored) = (disguise.name, disguise.stored);
        let query = format!("?name={name}");
        let file = upload(&ann, &query, disguise.declared, &disguise.bytes).await;
        let file = file.expect_status(201).json();
        assert_eq!(file["type"], stored, "{name}");
        let served = open(&app, &link(&file), &[]).await.expect_status(200);
        let placed = served.header("content-disposition").to_owned();
        let is_picture = stored.starts_with("image/");
        assert_eq!(placed.starts_with("inline"), is_picture, "{name}: {placed}");
        for (header, value) in [
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; sandbox"),
        ] {
            assert_eq!(served.header(header), value, "{name}");
        }
        // What is shown in a page holds nothing else; what is saved is as it came.
        match is_picture {
            true => {
                for hidden in [&b"PK\x03\x04"[..], b"it ran"] {
                    let is_hidden = |part: &[u8]| part == hidden;
                    assert!(!served.bytes.windows(hidden.len()).any(is_hidden), "{name}");
                }
            }
            false => assert_eq!(served.bytes, disguise.bytes, "{name}"),
        }
    }
}

/// A segment of a JPEG.
fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() + 2) as u16;
    [&[0xFF, marker][..], &length.to_be_bytes(), content].concat()
}

/// A HEIC picture with these bytes as its EXIF.
fn heic(exif: &[u8]) -> Vec<u8> {
    let content = [&[0; 4][..], exif].concat();
    let entry = |id: u8, kind: &[u8]| {
        let head = [2, 0, 0, 0, 0, id, 0, 0];
        iso_box(b"infe", &[&head[..], kind, b"\0"].concat())
    };
    let entries = [entry(1, b"hvc1"), entry(2, b"Exif")].concat();
    let names = iso_box(b"iinf", &[&[0, 0, 0, 0, 0, 2][..], &entries].concat());
    let handler = iso_box(b"hdlr", &[&[0; 8][..], b"pict", &[0; 13]].concat());
    let primary = iso_box(b"pitm", &[0, 0, 0, 0, 0, 1]);
    let refers = iso_box(
        b"iref",
        &[&[0; 4][..], &iso_box(b"cdsc", &[0, 2, 0, 1, 0, 1])].concat(),
    );
    let place = |id: u8, at: u32, length: u32| {
        let head = [0, id, 0, 0, 0, 1];
        [&head[..], &at.to_be_bytes(), &length.to_be_bytes()].concat()
    };
    let meta = |at: u32| {
        let places = [
            vec![0, 0, 0, 0, 0x44, 0, 0, 2],
            place(1, at, 6),
            place(2, at + 6, content.len() as u32),
        ];
        let places = iso_box(b"iloc", &places.concat());
        let boxes = [
            handler.clone(),
            primary.clone(),
            names.clone(),
            places,
            refers.clone(),
        ];
        iso_box(b"meta", &[&[0; 4][..], &boxes.concat()].concat())
    };
    let begin = iso_box(b"ftyp", b"heic\0\0\0\0mif1heic");
    let at = (begin.len() + meta(0).len() + 8) as u32;
    let data = iso_box(b"mdat", &[b"pixels", content.as_slice()].concat());
    [begin, meta(at), data].concat()
}

#[tokio::test]
async fn what_hides_places_is_removed_however_it_hides_them() {
    let (app, folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let place = PathBuf::from(format!("{}-hidden", folder.0.display()));
    std::fs::create_dir_all(&place).expect("a folder");
    let at = |name: &str| place.join(name);
    std::fs::write(at("marked.jpg"), JPEG).expect("a file");
    mark(&at("marked.jpg"));
    let path = at("marked.jpg").display().to_string();
    exiftool(&[
        "-overwrite_original",
        "-IPTC:City=Berlin",
        "-IPTC:Sub-location=Mitte",
        &path,
    ]);
    let marked = std::fs::read(at("marked.jpg")).expect("the file");
    exiftool(&["-b", "-Exif", "-w!", "exif", &path]);
    let exif = std::fs::read(at("marked.exif")).expect("its EXIF");
    // A picture in a picture (CIPA DC-007), and a film behind one.
    let second = [
        &marked[..2],
        &segment(0xE2, b"MPF\0MM\0*\0\0\0\x08\0\0\0\0\0\0"),
        &marked[2..],
        &marked,
    ]
    .concat();
    let film = [
        marked.as_slice(),
        &iso_box(b"ftyp", b"mp42\0\0\0\0isommp42"),
        &marked,
    ]
    .concat();
    for (name, kind, bytes) in [
        ("iptc.jpg", "image/jpeg", marked.clone()),
        ("two.jpg", "image/jpeg", second),
        ("motion.jpg", "image/jpeg", film),
        ("a.heic", "image/heic", heic(&exif)),
    ] {
        std::fs::write(at(name), &bytes).expect("a file");
        assert!(!told(&at(name)).is_empty(), "{name}: nothing is hidden");
        let file = upload(&ann, &format!("?name={name}"), kind, &bytes).await;
        let file = file.expect_status(201).json();
        assert_eq!(file["type"], kind, "{name}");
        let stored = open(&app, &link(&file), &[]).await.expect_status(200).bytes;
        std::fs::write(at(name), &stored).expect("a file");
        assert_eq!(told(&at(name)), [""; 0], "{name}");
        for word in [&b"Berlin"[..], b"Mitte", b"Acme", b"ftypmp42", b"MPF\0"] {
            let is_there = stored.windows(word.len()).any(|part| part == word);
            assert!(!is_there, "{name}: {}", word.escape_ascii());
        }
    }
    std::fs::remove_dir_all(place).expect("the folder");
}

/// A PNG whose head says that it has these sides, with a checksum that is right.
fn claims(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = picture_of(8, 8, image::ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    bytes
}

#[tokio::test]
async fn bombs_cost_the_server_no_memory() {
    let folder = Folder::new();
    let server = Process::serve(&["--rate-limits", "off", "--files", &folder.option()]).await;
    let ann = server.person("ann");
    let kind = "image/png";
    upload(
        &ann,
        "",
        kind,
        &picture_of(2_000, 1_500, image::ImageFormat::Png),
    )
    .await
    .expect_status(201);
    let before = server.peak_kibibytes();
    for (name, bytes, previews) in [
        ("65535-squared.png", claims(65_535, 65_535), 0),
        ("line.png", claims(1, 100_000), 0),
        ("lie.png", claims(8_000, 6_000), 0),
        ("large.png", bomb(9_000, 6_000), 0),
        ("black.png", bomb(8_000, 6_000), 2),
        ("frames.gif", frames(1_000), 1),
    ] {
        let length = bytes.len();
        let begun = Instant::now();
        let file = upload(&ann, &format!("?name={name}"), kind, &bytes).await;
        let file = file.expect_status(201).json();
        let took = begun.elapsed();
        println!("{name}: {length} bytes, ready after {took:?}");
        let made = [&file["thumb_url"], &file["view_url"]];
        let made = made.into_iter().filter(|link| !link.is_null()).count();
        assert_eq!(
            (&file["state"], made),
            (&json!("ready"), previews),
            "{name}"
        );
    }
    let grown = server.peak_kibibytes() - before;
    println!("{grown} KiB more than after a photo ({before} KiB)");
    assert!(grown < 24 * 1_024, "{grown} KiB more than before");
}

#[tokio::test]
async fn hostile_names_are_harmless_wherever_they_go() {
    let (app, _folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let long = format!("{}.png", "x".repeat(10_000));
    for (given, kept) in [
        ("..%2F..%2Fetc%2Fpasswd".to_owned(), Some("passwd")),
        ("a%0D%0ALocation:%20x".to_owned(), Some("aLocation_ x")),
        (
            "%22%3B%20filename%3D%22x.html".to_owned(),
            Some("_; filename=_x.html"),
        ),
        ("%E2%80%AEgnp.exe".to_owned(), Some("gnp.exe")),
        ("%00.png".to_owned(), Some("png")),
        (long, None),
    ] {
        let query = format!("?name={given}");
        let answer = upload(&ann, &query, "image/png", super::PNG).await;
        // A server may refuse a line that is too long.
        let Some(kept) = kept else {
            let name = answer.expect_status(201).json()["name"].clone();
            assert!(
                name.as_str()
                    .is_some_and(|name| name.len() <= 200 && name.ends_with(".png"))
            );
            continue;
        };
        let file: Value = answer.expect_status(201).json();
        assert_eq!(file["name"], kept, "{given}");
        let served = open(&app, &link(&file), &[]).await.expect_status(200);
        assert_eq!(served.header("location"), "");
        let placed = served.header("content-disposition");
        assert_eq!(placed.matches('"').count(), 2, "{placed}");
    }
}
