//! Tests of what the frame guard passes and rejects.

use super::*;
use proptest::prelude::*;

fn frame(first: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![first];
    match length {
        0..=125 => bytes.push(0x80 | length as u8),
        126..=65_535 => {
            bytes.push(0x80 | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend([1, 2, 3, 4]);
    bytes.extend(vec![0; length.min(200_000)]);
    bytes
}

proptest! {
    #[test]
    fn frames_within_the_limit_pass_however_they_are_cut(lengths in prop::collection::vec(0usize..1_000, 1..8), cut in 1usize..50) {
        let bytes: Vec<u8> = lengths.iter().flat_map(|length| frame(0x81, *length)).collect();
        let mut guard = FrameGuard::new(1_000);
        for piece in bytes.chunks(cut) {
            prop_assert_eq!(guard.inspect(piece), Ok(()));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 1usize..20) {
        let mut guard = FrameGuard::new(100);
        for piece in bytes.chunks(cut) {
            if guard.inspect(piece).is_err() { break }
        }
    }
}

#[test]
fn a_long_frame_is_refused_at_its_header() {
    let declared = 16u64 << 30;
    let mut header = vec![0x82, 0x80 | 127];
    header.extend(declared.to_be_bytes());
    let mut guard = FrameGuard::new(65_536);
    assert_eq!(guard.inspect(&header), Err(Violation::TooLarge));
}

#[test]
fn a_message_in_pieces_is_bounded_as_a_whole() {
    let mut guard = FrameGuard::new(100);
    assert_eq!(guard.inspect(&frame(0x01, 60)), Ok(()));
    assert_eq!(
        guard.inspect(&frame(0x89, 5)),
        Ok(()),
        "a ping may come between"
    );
    assert_eq!(guard.inspect(&frame(0x00, 60)), Err(Violation::TooLarge));
    let mut guard = FrameGuard::new(100);
    for first in [0x01, 0x80, 0x01, 0x80] {
        assert_eq!(guard.inspect(&frame(first, 50)), Ok(()));
    }
}

#[test]
fn what_no_client_may_send_is_malformed() {
    let long_ping = [0x89, 0xfe, 0, 126];
    let wrong: [&[u8]; 9] = [
        &[0xc1, 0x80],
        &[0x91, 0x80],
        &[0x83, 0x80],
        &[0x8b, 0x80],
        &[0x80, 0x80],
        &[0x00, 0x80],
        &[0x09, 0x80],
        &long_ping,
        &[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0],
    ];
    for bytes in wrong {
        let refused = FrameGuard::new(100).inspect(bytes);
        assert_eq!(refused, Err(Violation::Malformed), "{bytes:x?}");
    }
    let mut guard = FrameGuard::new(100);
    assert_eq!(guard.inspect(&frame(0x01, 1)), Ok(()));
    assert_eq!(guard.inspect(&frame(0x81, 1)), Err(Violation::Malformed));
}

#[test]
fn a_close_frame_says_a_code_that_may_be_said_and_why_in_utf_8() {
    let closed = |payload: &[u8]| {
        let mask = [1, 2, 3, 4];
        let masked = payload.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m);
        let mut bytes = vec![0x88, 0x80 | payload.len() as u8, 1, 2, 3, 4];
        bytes.extend(masked);
        let mut guard = FrameGuard::new(100);
        bytes.chunks(3).try_for_each(|piece| guard.inspect(piece))
    };
    assert_eq!(closed(b""), Ok(()));
    assert_eq!(closed(b"\x03\xe8so long"), Ok(()));
    assert_eq!(closed(b"\x03"), Err(Violation::Malformed));
    assert_eq!(closed(b"\x03\xed"), Err(Violation::Malformed), "1005");
    assert_eq!(closed(b"\x03\xe8\xff"), Err(Violation::NotUtf8));
}

#[test]
fn what_comes_before_a_wrong_frame_passes() {
    let mut bytes = frame(0x81, 3);
    let whole = bytes.len();
    bytes.extend(frame(0xc1, 3));
    let looked = FrameGuard::new(100).pass(&bytes);
    assert!(looked.0 >= whole && looked.0 < bytes.len());
    assert_eq!(looked.1, Err(Violation::Malformed));
}

#[test]
fn an_unmasked_frame_is_malformed() {
    assert_eq!(
        FrameGuard::new(100).inspect(&[0x81, 0x05]),
        Err(Violation::Malformed)
    );
}
