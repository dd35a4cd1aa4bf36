//! Pictures become smaller, as they are shown; what is too large or broken does not.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use proptest::prelude::*;
use std::io::Cursor;

use super::*;

/// A picture whose left half is red and whose right half is blue.
fn halves(width: u32, height: u32) -> DynamicImage {
    let picture = RgbImage::from_fn(width, height, |x, _| match x < width / 2 {
        true => Rgb([250, 10, 10]),
        false => Rgb([10, 10, 250]),
    });
    DynamicImage::from(picture)
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("a picture");
    bytes.into_inner()
}

fn decoded(made: &MadePreview) -> RgbImage {
    let picture = image::load_from_memory(&made.bytes).expect("a picture");
    let format = image::guess_format(&made.bytes).expect("a format");
    assert_eq!(format.to_mime_type(), made.format.media_type());
    picture.into_rgb8()
}

fn is_red(pixel: &Rgb<u8>) -> bool {
    pixel.0[0] > 200 && pixel.0[2] < 60
}

#[test]
fn a_picture_has_the_previews_that_are_smaller_than_it() {
    for (sides, wanted) in [
        (
            (2_000, 1_000),
            vec![
                (PreviewKind::View, (1_600, 800)),
                (PreviewKind::Thumb, (360, 180)),
            ],
        ),
        ((300, 1_000), vec![(PreviewKind::Thumb, (108, 360))]),
        ((360, 20), vec![]),
        (
            (4_000, 1),
            vec![
                (PreviewKind::View, (1_600, 1)),
                (PreviewKind::Thumb, (360, 1)),
            ],
        ),
    ] {
        for format in [
            ImageFormat::Jpeg,
            ImageFormat::Png,
            ImageFormat::WebP,
            ImageFormat::Gif,
        ] {
            let picture = encoded(&halves(sides.0, sides.1), format);
            let made = make(format.to_mime_type(), picture).expect("previews");
            let found: Vec<_> = made
                .iter()
                .map(|one| (one.kind, decoded(one).dimensions()))
                .collect();
            assert_eq!(found, wanted, "{format:?} {sides:?}");
            for one in &made {
                let small = decoded(one);
                assert!(is_red(small.get_pixel(0, 0)), "{format:?} {sides:?}");
                assert!(!is_red(small.get_pixel(small.width() - 1, 0)));
            }
        }
    }
}

#[test]
fn a_preview_is_turned_as_its_picture_says_and_keeps_its_profile() {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new(&mut bytes);
    let mut profile = vec![7; 128];
    profile[16..20].copy_from_slice(b"RGB ");
    encoder.set_icc_profile(profile.clone()).expect("a profile");
    // Turned by a quarter, clockwise.
    let exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    encoder.set_exif_metadata(exif.to_vec()).expect("EXIF");
    halves(800, 400)
        .write_with_encoder(encoder)
        .expect("a JPEG");
    let made = make("image/jpeg", bytes).expect("previews");
    let thumb = decoded(&made[0]);
    assert_eq!(thumb.dimensions(), (180, 360));
    assert!(is_red(thumb.get_pixel(0, 0)) && is_red(thumb.get_pixel(179, 0)));
    assert!(!is_red(thumb.get_pixel(0, 359)));
    let keeps = made[0].bytes.windows(128).any(|part| part == profile);
    assert!(keeps, "the profile is lost");
}

#[test]
fn only_what_lets_its_background_through_becomes_a_png() {
    let with = |alpha: u8| {
        let picture = RgbaImage::from_pixel(800, 800, Rgba([250, 10, 10, alpha]));
        let mut bytes = Vec::new();
        let encoder = PngEncoder::new(&mut bytes);
        DynamicImage::from(picture)
            .write_with_encoder(encoder)
            .expect("a PNG");
        make("image/png", bytes).expect("previews")[0].format
    };
    assert_eq!(with(254), PreviewFormat::Png);
    assert_eq!(with(255), PreviewFormat::Jpeg);
}

/// A PNG that says it has these sides, and has nothing.
fn claims(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = encoded(&halves(8, 8), ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// The checksum of PNG's chunks.
fn crc(bytes: &[u8]) -> u32 {
    let all = bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg())
        })
    });
    !all
}

#[test]
fn what_is_too_large_is_not_decoded() {
    for sides in [(65_535, 65_535), (1, 100_000), (16_385, 1), (8_000, 7_000)] {
        assert!(!is_decodable("image/png", 100, sides), "{sides:?}");
        let refused = make("image/png", claims(sides.0, sides.1));
        assert_eq!(refused, Err(Unpicturable::TooLarge), "{sides:?}");
    }
    assert!(is_decodable("image/png", MOST_FILE_BYTES, (8_000, 6_000)));
    assert!(!is_decodable("image/png", MOST_FILE_BYTES + 1, (8, 6)));
    assert!(!is_decodable("image/avif", 100, (8, 6)));
    assert_eq!(make("image/avif", vec![]), Err(Unpicturable::Type));
    assert_eq!(
        make("image/png", claims(800, 800)),
        Err(Unpicturable::Malformed)
    );
}

fn some_preview() -> impl Strategy<Value = MadePreview> {
    let kinds = prop::sample::select(PreviewKind::ALL.to_vec());
    let formats = prop::sample::select(vec![PreviewFormat::Jpeg, PreviewFormat::Png]);
    let rest = prop::collection::vec(any::<u8>(), 0..40);
    (kinds, formats, rest).prop_map(|(kind, format, rest)| {
        let magic: &[u8] = match format {
            PreviewFormat::Jpeg => b"\xFF\xD8\xFF",
            PreviewFormat::Png => b"\x89PNG\r\n\x1A\n",
        };
        let bytes = [magic, &rest].concat();
        MadePreview {
            kind,
            format,
            bytes,
        }
    })
}

proptest! {
    #[test]
    fn an_answer_is_read_as_it_was_written_and_not_in_part(mut made in prop::collection::vec(some_preview(), 0..3), cut in any::<prop::sample::Index>()) {
        made.dedup_by_key(|preview| preview.kind);
        let answer = write(&made);
        prop_assert_eq!(read(&answer), Some(made));
        prop_assert_eq!(read(&answer[..cut.index(answer.len())]), None);
        prop_assert_eq!(read(&[&answer[..], &[0]].concat()), None);
    }

    #[test]
    fn anything_is_read_or_not(answer in prop::collection::vec(0..8u8, 0..60)) {
        let _read = read(&answer);
    }
}

#[test]
fn a_page_does_not_pass_as_a_preview() {
    let page = MadePreview {
        kind: PreviewKind::Thumb,
        format: PreviewFormat::Jpeg,
        bytes: b"<script>".to_vec(),
    };
    assert_eq!(read(&write(&[page])), None);
}
