//! Tests of the recognition of media types.

use super::*;
use crate::media::Placement;
use proptest::prelude::*;

const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

#[track_caller]
fn is(head: &[u8], declared: Option<&str>, wanted: &str) {
    let found = sniff(head, declared);
    assert_eq!(
        found.0,
        wanted,
        "{:?} as {declared:?}",
        head.escape_ascii().to_string()
    );
}

#[test]
fn what_browsers_show_is_recognised_by_its_bytes() {
    for (head, wanted) in [
        (&b"\xFF\xD8\xFF\xE0\0\x10JFIF"[..], "image/jpeg"),
        (b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR", "image/png"),
        (b"GIF89a\x01\0\x01\0", "image/gif"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x1Cftypavif\0\0\0\0avifmif1miaf", "image/avif"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "image/avif"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42", "video/mp4"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "video/mp4"),
        (b"\0\0\0\x18ftypM4A \0\0\0\0isommp42", "audio/mp4"),
        (
            b"\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x84webm",
            "video/webm",
        ),
        (b"OggS\0\x02\0\0OpusHead", "audio/ogg"),
        (b"ID3\x04\0\0", "audio/mpeg"),
        (b"\xFF\xFB\x90\x64", "audio/mpeg"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
    ] {
        is(head, None, wanted);
        is(head, Some("text/html"), wanted);
        assert_eq!(Placement::of(wanted), Placement::Inline);
    }
    is(
        b"\0\0\0\x18ftypmp42\0\0\0\0isommp42",
        Some("Audio/MP4; codecs=x"),
        "audio/mp4",
    );
    is(
        b"\x1A\x45\xDF\xA3\x42\x82\x84webm",
        Some("audio/webm"),
        "audio/webm",
    );
}

#[test]
fn everything_else_is_a_download() {
    for (head, declared, wanted) in [
        (&b"%PDF-1.7"[..], Some("image/png"), "application/pdf"),
        (b"PK\x03\x04\x14\0", None, "application/zip"),
        (b"PK\x03\x04\x14\0", Some(DOCX), DOCX),
        (b"PK\x03\x04\x14\0", Some("image/png"), "application/zip"),
        (
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
            Some("image/jpeg"),
            "image/heic",
        ),
        (
            b"\0\0\0\x14ftypqt  \0\0\0\0qt  ",
            Some("video/mp4"),
            "video/quicktime",
        ),
        (
            b"\x1A\x45\xDF\xA3\x42\x82\x88matroska",
            None,
            "video/x-matroska",
        ),
        (b"hello, world\n", None, "text/plain"),
        ("grüße, 世".as_bytes(), Some("text/csv"), "text/csv"),
        (b"hello", Some("text/html"), "text/plain"),
        (
            b"<html><script>alert(1)</script>",
            Some("image/png"),
            UNKNOWN.0,
        ),
        (
            b"\xEF\xBB\xBF \n<!DOCTYPE html>",
            Some("text/plain"),
            UNKNOWN.0,
        ),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>",
            Some("image/svg+xml"),
            UNKNOWN.0,
        ),
        (b"<?xml version='1.0'?>", Some("text/plain"), UNKNOWN.0),
        (b"x <SCRIPT>alert(1)", Some("text/plain"), UNKNOWN.0),
        (b"#!/bin/sh\nrm -rf /", Some("text/plain"), UNKNOWN.0),
        (b"MZ\x90\0\x03", Some("image/png"), UNKNOWN.0),
        (b"\x7FELF\x02\x01\x01\0", Some("video/mp4"), UNKNOWN.0),
        (b"a\0b", Some("text/plain"), UNKNOWN.0),
        (b"\xFF\xFF\xFF\xFF", Some("audio/mpeg"), UNKNOWN.0),
        (b"", Some("image/png"), UNKNOWN.0),
    ] {
        is(head, declared, wanted);
        assert_eq!(Placement::of(wanted), Placement::Download, "{wanted}");
    }
}

#[test]
fn a_character_that_is_cut_at_the_end_is_still_text() {
    let text = "é".repeat(HEAD_BYTES);
    is(&text.as_bytes()[1..], None, UNKNOWN.0);
    is(format!("a{text}").as_bytes(), None, "text/plain");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_only_bytes_make_it_inline(head in prop::collection::vec(any::<u8>(), 0..64), declared in "[a-z]{1,9}/[a-z+]{1,9}") {
        let (alone, said) = (sniff(&head, None), sniff(&head, Some(&declared)));
        prop_assert_eq!(Placement::of(alone.0), Placement::of(said.0));
    }
}
