//! Tests of seals: a frame is opened as it was sealed, or refused.

use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const RANDOM: [u8; 32] = [7; 32];

fn sealer(node: NodeId) -> Sealer {
    Sealer::new(&WireKey::new(&RANDOM), node).unwrap()
}

fn opener() -> Opener {
    Opener::new(WireKey::new(&RANDOM))
}

proptest! {
    #[test]
    fn a_frame_is_opened_as_it_was_sealed(bodies in vec(vec(any::<u8>(), 0..300), 1..5), node in any::<u128>()) {
        let node = Uuid::from_u128(node);
        let (mut sealer, mut opener) = (sealer(node), opener());
        for (body, number) in bodies.iter().zip(1..) {
            let sealed = sealer.seal(body).unwrap();
            prop_assert_eq!(sealed.number, number);
            let header = Header { version: VERSION, node, number };
            prop_assert_eq!(opener.open(&sealed.bytes), Ok((header, body.clone())));
        }
    }

    #[test]
    fn any_flipped_bit_is_refused(body in vec(any::<u8>(), 0..100), at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut frame = sealer(Uuid::nil()).seal(&body).unwrap().bytes.to_vec();
        let at = at.index(frame.len());
        frame[at] ^= 1 << bit;
        let refused = if at == 0 { NoFrame::Version(frame[0]) } else { NoFrame::Forged };
        let mut opener = opener();
        prop_assert_eq!(opener.open(&frame), Err(refused));
        prop_assert!(opener.keys.is_empty(), "a stranger's frame must not fill the memory");
    }

    #[test]
    fn any_cut_is_refused(body in vec(any::<u8>(), 0..100), at in any::<prop::sample::Index>()) {
        let frame = sealer(Uuid::nil()).seal(&body).unwrap().bytes;
        let cut = &frame[..at.index(frame.len())];
        let refused = if cut.len() < HEADER + TAG { NoFrame::Short } else { NoFrame::Forged };
        prop_assert_eq!(opener().open(cut), Err(refused));
    }
}

#[test]
fn another_installation_opens_nothing() {
    let frame = sealer(Uuid::nil()).seal(b"hello").unwrap().bytes;
    let mut other = Opener::new(WireKey::new(&[8; 32]));
    assert_eq!(other.open(&frame), Err(NoFrame::Forged));
}

#[test]
fn the_same_body_is_sealed_differently_by_each_server_and_under_each_number() {
    let (mut one, mut other) = (sealer(Uuid::from_u128(1)), sealer(Uuid::from_u128(2)));
    let sealed = [one.seal(b"hello"), one.seal(b"hello"), other.seal(b"hello")];
    let texts = sealed.map(|sealed| sealed.unwrap().bytes.slice(HEADER..));
    assert!(texts[0] != texts[1] && texts[0] != texts[2] && texts[1] != texts[2]);
    assert!(texts.iter().all(|text| !text.starts_with(b"hello")));
}

#[test]
fn a_dropped_frame_uses_up_its_number() {
    let mut sealer = sealer(Uuid::nil());
    sealer.skip();
    assert_eq!(sealer.seal(b"").unwrap().number, 2);
}

#[test]
fn the_keys_that_are_kept_are_bounded() {
    let mut opener = opener();
    for node in 0..3 * MOST_KEYS as u128 {
        let frame = sealer(Uuid::from_u128(node)).seal(b"hello").unwrap();
        assert!(opener.open(&frame.bytes).is_ok());
        assert!(opener.keys.len() <= MOST_KEYS);
    }
}

#[test]
fn a_key_is_not_shown() {
    assert_eq!(format!("{:?}", WireKey::new(&RANDOM)), "WireKey(_)");
}
