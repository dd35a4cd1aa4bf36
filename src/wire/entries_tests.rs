//! Tests of entries on the wire.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::wire::samples::entry;

fn encode(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    assert_eq!(
        append_within(usize::MAX, entries, &mut bytes),
        entries.len()
    );
    bytes
}

fn decode(bytes: &[u8]) -> ReadEntries {
    WireEntries::Encoded(Bytes::copy_from_slice(bytes)).read()
}

/// An entry with this JSON.
fn with_json(json: &str) -> Vec<u8> {
    let length = u32::try_from(json.len()).unwrap().to_be_bytes();
    [&length, json.as_bytes()].concat()
}

fn json_of(entry: &Entry) -> String {
    String::from_utf8(encode(std::slice::from_ref(entry))[LENGTH..].to_vec()).unwrap()
}

proptest! {
    #[test]
    fn entries_are_read_as_they_were_written(entries in vec(entry(), 0..4)) {
        let read = decode(&encode(&entries));
        prop_assert_eq!(format!("{:?}", read.entries), format!("{entries:?}"));
        prop_assert_eq!(read.unread, Unread::Nothing);
    }

    #[test]
    fn a_cut_loses_entries_and_says_so(entries in vec(entry(), 1..4), cut in any::<prop::sample::Index>()) {
        let bytes = encode(&entries);
        let cut = cut.index(bytes.len());
        let read = decode(&bytes[..cut]);
        let whole = read.entries.len();
        prop_assert!(whole < entries.len());
        prop_assert_eq!(format!("{:?}", read.entries), format!("{:?}", &entries[..whole]));
        let ends_between = encode(&entries[..whole]).len() == cut;
        prop_assert_eq!(read.unread == Unread::Nothing, ends_between);
    }

    #[test]
    fn a_later_version_may_add_members(entry in entry(), other in entry()) {
        let text = json_of(&entry);
        let fact = text.find("\"fact\":{").map(|at| text[at + 8..].find('{').unwrap() + at + 9).unwrap();
        let (before, after) = (&text[1..fact], &text[fact..]);
        let comma = if after.starts_with('}') { "" } else { "," };
        let later =
            format!("{{\"later\":[1,{{\"a\":2}}],{before}\"later\":\"new\"{comma}{after}");
        let bytes = [with_json(&later), encode(std::slice::from_ref(&other))].concat();
        let read = decode(&bytes);
        prop_assert_eq!(read.unread, Unread::Nothing, "{}", later);
        prop_assert_eq!(format!("{:?}", read.entries), format!("{:?}", [entry, other]));
    }

    #[test]
    fn a_fact_of_a_later_version_is_unread_and_the_others_are_read(entries in vec(entry(), 0..3)) {
        let later = with_json(r#"{"seq":1,"at":0,"fact":{"pinned":{"by":7}}}"#);
        let read = decode(&[later, encode(&entries)].concat());
        prop_assert_eq!(format!("{:?}", read.entries), format!("{entries:?}"));
        prop_assert_eq!(read.unread, Unread::Something);
    }

    #[test]
    fn as_many_entries_are_appended_as_have_room(entries in vec(entry(), 0..5), room in 0usize..4_000) {
        let mut bytes = b"before".to_vec();
        let count = append_within(room, &entries, &mut bytes);
        prop_assert_eq!(&bytes[6..], &encode(&entries[..count])[..]);
        prop_assert!(bytes.len() - 6 <= room);
        if let Some(next) = entries.get(count) {
            prop_assert!(bytes.len() - 6 + encode(std::slice::from_ref(next)).len() > room);
        }
    }
}

#[test]
fn an_entry_that_is_left_out_is_unread() {
    let mut bytes = Vec::new();
    append_left_out(&mut bytes);
    let read = decode(&bytes);
    assert!(read.entries.is_empty());
    assert_eq!(read.unread, Unread::Something);
}
