//! Decodes a picture and makes it smaller.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageEncoder, ImageReader, Limits};
use std::io::Cursor;

use super::{LONGEST_SIDE, MOST_DECODED_BYTES, MadePreview, Unpicturable, format_of, is_decodable};
use crate::domain::preview::{PreviewFormat, PreviewKind};

/// The quality of JPEGs, from 1 to 100.
const QUALITY: u8 = 82;
/// The largest colour profile that is kept; those of cameras and screens are smaller.
const MOST_PROFILE_BYTES: usize = 16_384;
/// From this ratio on, the mean of all pixels that become one is as good as a filter, and several times faster.
const MEAN_RATIO: u32 = 2;

/// A decoded picture.
struct Decoded {
    picture: DynamicImage,
    profile: Option<Vec<u8>>,
    orientation: Orientation,
}

/// The previews of a picture of this type: those that are smaller than it, turned as it says, with its colour profile. Of an animation
/// they show the first frame.
pub fn make(media_type: &str, bytes: Vec<u8>) -> Result<Vec<MadePreview>, Unpicturable> {
    let mut decoded = decode(media_type, bytes)?;
    let mut made = Vec::new();
    // From the larger to the smaller, each of the one before.
    for kind in [PreviewKind::View, PreviewKind::Thumb] {
        let Some(smaller) = smaller(&decoded.picture, kind.longest_side()) else {
            continue;
        };
        decoded.picture = smaller;
        made.push(encode(&decoded, kind).ok_or(Unpicturable::Malformed)?);
    }
    Ok(made)
}

fn decode(media_type: &str, bytes: Vec<u8>) -> Result<Decoded, Unpicturable> {
    let format = format_of(media_type).ok_or(Unpicturable::Type)?;
    let length = bytes.len() as u64;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_DECODED_BYTES);
    reader.limits(limits);
    let broken = |error: image::ImageError| match error {
        image::ImageError::Limits(_) => Unpicturable::TooLarge,
        _ => Unpicturable::Malformed,
    };
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let is_small = decoder.total_bytes() <= MOST_DECODED_BYTES;
    if !is_small || !is_decodable(media_type, length, decoder.dimensions()) {
        return Err(Unpicturable::TooLarge);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
    Ok(Decoded {
        picture,
        profile: profile.filter(|profile| is_usable(profile)),
        orientation,
    })
}

/// Whether a profile is small, and one of red, green and blue: others are of no use to what was decoded (ICC.1:2022, section 7.2).
fn is_usable(profile: &[u8]) -> bool {
    profile.len() <= MOST_PROFILE_BYTES && profile.get(16..20) == Some(b"RGB ")
}

/// The picture made smaller, so that its longest side has so many pixels; `None` if it is no larger.
fn smaller(picture: &DynamicImage, longest: u32) -> Option<DynamicImage> {
    let (width, height) = (picture.width(), picture.height());
    let side = width.max(height);
    if side <= longest {
        return None;
    }
    let scaled = |length: u32| {
        let scaled = u64::from(length) * u64::from(longest) / u64::from(side);
        u32::try_from(scaled).unwrap_or(longest).max(1)
    };
    let (width, height) = (scaled(width), scaled(height));
    Some(match side >= MEAN_RATIO * longest {
        true => picture.thumbnail_exact(width, height),
        false => picture.resize_exact(width, height, FilterType::Triangle),
    })
}

fn encode(decoded: &Decoded, kind: PreviewKind) -> Option<MadePreview> {
    let mut picture = decoded.picture.clone();
    picture.apply_orientation(decoded.orientation);
    let is_coloured = picture.color().has_color();
    let profile = decoded.profile.clone().filter(|_| is_coloured);
    let mut bytes = Vec::new();
    let format = match lets_through(&picture) {
        true => {
            let picture = DynamicImage::from(picture.into_rgba8());
            let mut encoder = PngEncoder::new(&mut bytes);
            if let Some(profile) = profile {
                encoder.set_icc_profile(profile).ok()?;
            }
            picture.write_with_encoder(encoder).ok()?;
            PreviewFormat::Png
        }
        false => {
            let picture = match is_coloured {
                true => DynamicImage::from(picture.into_rgb8()),
                false => DynamicImage::from(picture.into_luma8()),
            };
            let mut encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
            if let Some(profile) = profile {
                encoder.set_icc_profile(profile).ok()?;
            }
            picture.write_with_encoder(encoder).ok()?;
            PreviewFormat::Jpeg
        }
    };
    Some(MadePreview {
        kind,
        format,
        bytes,
    })
}

/// Whether the background shows through a picture somewhere.
fn lets_through(picture: &DynamicImage) -> bool {
    picture.has_alpha() && picture.to_rgba8().pixels().any(|pixel| pixel.0[3] < 255)
}
