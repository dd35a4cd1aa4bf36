//! EXIF: which way up a picture is. Nothing else of it is kept.

/// The tag of the orientation.
const ORIENTATION: u16 = 0x0112;
/// The most entries that are looked at.
const ENTRIES: u16 = 200;

/// The orientation in a TIFF structure, if it says that the picture is not upright as it is.
pub(in crate::media) fn orientation(tiff: &[u8]) -> Option<u8> {
    let order = tiff.get(..4)?;
    let is_little = match order {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let u16_at = |at: usize| {
        let two: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if is_little {
            u16::from_le_bytes(two)
        } else {
            u16::from_be_bytes(two)
        })
    };
    let four: [u8; 4] = tiff.get(4..8)?.try_into().ok()?;
    let first = if is_little {
        u32::from_le_bytes(four)
    } else {
        u32::from_be_bytes(four)
    };
    let first = usize::try_from(first).ok()?;
    let count = u16_at(first)?.min(ENTRIES);
    for entry in 0..usize::from(count) {
        let at = first.checked_add(2 + entry * 12)?;
        if u16_at(at)? == ORIENTATION {
            let value = u16_at(at.checked_add(8)?)?;
            return u8::try_from(value)
                .ok()
                .filter(|value| (2..=8).contains(value));
        }
    }
    None
}

/// A TIFF structure that says this orientation alone.
pub(super) fn tiff(orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08\0\x01".to_vec();
    tiff.extend(ORIENTATION.to_be_bytes());
    // A short, one of it, the value, and no other directory.
    tiff.extend([0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]);
    tiff
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_orientation_comes_back() {
        for value in 2..=8 {
            assert_eq!(orientation(&tiff(value)), Some(value));
        }
        assert_eq!(orientation(&tiff(1)), None, "upright");
        assert_eq!(orientation(&tiff(9)), None, "unknown");
        let little = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        assert_eq!(orientation(little), Some(6));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(tail in prop::collection::vec(any::<u8>(), 0..80), little in any::<bool>()) {
            let head: &[u8] = if little { b"II*\0" } else { b"MM\0*" };
            let _read = orientation(&[head, &tail].concat());
        }
    }
}
