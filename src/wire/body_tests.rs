//! Tests of bodies: what is written is read, and what a later version adds is skipped.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::domain::command::Typing;
use crate::domain::ids::{ConversationId, UserId, UserNo};
use crate::wire::samples::{as_text, section};

fn encode(sections: &[Section]) -> Vec<u8> {
    let mut body = Vec::new();
    sections
        .iter()
        .for_each(|section| write(section, &mut body));
    body
}

fn decode(bytes: &[u8]) -> Body {
    read(&Bytes::copy_from_slice(bytes))
}

/// A section of this kind with these fields.
fn raw(kind: u8, fields: &[u8]) -> Vec<u8> {
    let length = u32::try_from(fields.len()).unwrap().to_be_bytes();
    [&[kind], &length[..], fields].concat()
}

proptest! {
    #[test]
    fn sections_are_read_as_they_were_written(sections in vec(section(), 0..6)) {
        let body = decode(&encode(&sections));
        prop_assert_eq!(as_text(&body.sections), as_text(&sections));
        prop_assert_eq!(body.unread, Unread::Nothing);
        prop_assert_eq!(encode(&body.sections), encode(&sections));
    }

    #[test]
    fn a_cut_is_noticed(sections in vec(section(), 1..4), cut in any::<prop::sample::Index>()) {
        let bytes = encode(&sections);
        let cut = cut.index(bytes.len());
        let body = decode(&bytes[..cut]);
        let whole = body.sections.len();
        prop_assert!(whole < sections.len());
        prop_assert_eq!(as_text(&body.sections), as_text(&sections[..whole]));
        let ends_between = encode(&sections[..whole]).len() == cut;
        prop_assert_eq!(body.unread == Unread::Nothing, ends_between);
    }

    #[test]
    fn an_unknown_kind_is_skipped(sections in vec(section(), 0..3), kind in 17u8.., fields in vec(any::<u8>(), 0..9)) {
        let between = [encode(&sections), raw(kind, &fields), encode(&sections)].concat();
        let body = decode(&between);
        let twice = [&sections[..], &sections[..]].concat();
        prop_assert_eq!(as_text(&body.sections), as_text(&twice));
        prop_assert_eq!(body.unread, Unread::Nothing);
    }

    #[test]
    fn a_later_version_may_append_fields(section in section(), more in vec(any::<u8>(), 1..9)) {
        // Entries stand last in their section: a later version adds members to their JSON instead.
        prop_assume!(!matches!(section, Section::Entries(_)));
        let bytes = encode(std::slice::from_ref(&section));
        let longer = raw(bytes[0], &[&bytes[HEAD..], &more].concat());
        let body = decode(&longer);
        prop_assert_eq!(as_text(&body.sections), as_text(&[section]));
        prop_assert_eq!(body.unread, Unread::Nothing);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..200), kind in 1u8..16) {
        let _ = as_text(&decode(&bytes).sections);
        let _ = as_text(&decode(&raw(kind, &bytes)).sections);
    }
}

#[test]
fn a_section_that_cannot_be_read_is_left_out_and_the_next_is_read() {
    let typing = Section::Typing {
        conversation: ConversationId::fresh(),
        user: UserNo(7),
        id: UserId::stored("ann".to_owned()),
        name: None,
        typing: Typing::Stopped,
    };
    let mut spoilt = encode(std::slice::from_ref(&typing));
    let last = spoilt.len() - 1;
    spoilt[last] = 9;
    let body = decode(&[spoilt, encode(std::slice::from_ref(&typing))].concat());
    assert_eq!(as_text(&body.sections), as_text(&[typing]));
    assert_eq!(body.unread, Unread::Something);
}

#[test]
fn every_kind_has_a_number_of_its_own() {
    for number in 1..=16 {
        assert!(
            Kind::numbered(number).is_some_and(|kind| kind as u8 == number),
            "{number}"
        );
    }
    assert_eq!(Kind::numbered(0), None);
    assert_eq!(Kind::numbered(17), None);
}
