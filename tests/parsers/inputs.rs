//! What parsers are fed with: packets as clients send them, spoilt; anything; and what is long, deep or repeated on purpose.

use proptest::prelude::*;

/// Packets, payloads, frames, queries and offsets of honest clients, and entries of honest servers, one on a line.
const HONEST: &str = include_str!("honest.txt");

/// What honest clients and servers send.
pub fn honest() -> Vec<&'static str> {
    HONEST.lines().collect()
}

/// Pieces that mean something somewhere.
const PIECES: [&str; 34] = [
    "\u{1e}",
    "b",
    "-",
    "/",
    ",",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    ":",
    ".",
    "null",
    "true",
    "99999999999999999999",
    "-1",
    "1e999",
    "0",
    "5",
    "6",
    "10-",
    "11-",
    "_placeholder",
    "num",
    "conversationId",
    "connect",
    "&",
    "=",
    "%00",
    "\u{0}",
    "é",
];

/// A way to spoil bytes, at a place that is a part of their length.
#[derive(Clone, Debug)]
enum Spoil {
    Insert(u16, prop::sample::Index),
    Remove(u16, u8),
    Flip(u16, u8),
    Repeat(u16, u8, u8),
    Join(prop::sample::Index),
}

fn spoil() -> impl Strategy<Value = Spoil> {
    prop_oneof![
        (any::<u16>(), any::<prop::sample::Index>())
            .prop_map(|(at, piece)| Spoil::Insert(at, piece)),
        (any::<u16>(), 1u8..20).prop_map(|(at, count)| Spoil::Remove(at, count)),
        (any::<u16>(), any::<u8>()).prop_map(|(at, byte)| Spoil::Flip(at, byte)),
        (any::<u16>(), 1u8..20, 2u8..60)
            .prop_map(|(at, count, times)| Spoil::Repeat(at, count, times)),
        any::<prop::sample::Index>().prop_map(Spoil::Join),
    ]
}

fn apply(bytes: &mut Vec<u8>, spoil: &Spoil) {
    let place = |at: u16, length: usize| usize::from(at) * length / (usize::from(u16::MAX) + 1);
    match spoil {
        Spoil::Insert(at, piece) => {
            let at = place(*at, bytes.len() + 1);
            bytes.splice(at..at, piece.get(&PIECES).bytes());
        }
        Spoil::Remove(at, count) => {
            let at = place(*at, bytes.len());
            let end = bytes.len().min(at + usize::from(*count));
            bytes.drain(at..end);
        }
        Spoil::Flip(at, byte) => {
            let at = place(*at, bytes.len());
            if let Some(flipped) = bytes.get_mut(at) {
                *flipped ^= byte;
            }
        }
        Spoil::Repeat(at, count, times) => {
            let at = place(*at, bytes.len());
            let end = bytes.len().min(at + usize::from(*count));
            let repeated = bytes[at..end].repeat(usize::from(*times));
            bytes.splice(at..at, repeated);
        }
        Spoil::Join(other) => bytes.extend(other.get(&honest()).bytes()),
    }
}

/// Something honest, spoilt a few times.
pub fn spoilt() -> impl Strategy<Value = Vec<u8>> {
    let spoils = prop::collection::vec(spoil(), 0..6);
    (prop::sample::select(honest()), spoils).prop_map(|(honest, spoils)| {
        let mut bytes = honest.as_bytes().to_vec();
        spoils.iter().for_each(|spoil| apply(&mut bytes, spoil));
        bytes
    })
}

/// Anything, and anything made of pieces.
pub fn anything() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..40);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        pieces.prop_map(|pieces| pieces.concat().into_bytes()),
        "\\PC{0,100}".prop_map(String::into_bytes),
    ]
}

/// Texts of this length that are made to cost much.
pub fn nests(length: usize) -> Vec<Vec<u8>> {
    let id = "0192f0c0-0000-7000-8000-000000000001";
    let around = |before: &str, piece: &str, after: &str| {
        let room = length - before.len() - after.len();
        let middle = piece.repeat(room / piece.len());
        format!("{before}{middle}{after}").into_bytes()
    };
    let mut all = Vec::new();
    for piece in [
        "[", "{\"a\":", "1,", "\"\",", "{},", "\\\"", "\\u0041", "0", "-", "/", "\u{1e}", "b", "é",
        "9.", "&sid=",
    ] {
        for (before, after) in [
            ("", ""),
            ("2[\"a\",", "1]"),
            ("31[", "1]"),
            ("0{\"a\":\"", "\"}"),
            ("2[\"", "\"]"),
            ("b", "="),
            ("0:", "1"),
        ] {
            all.push(around(before, piece, after));
        }
        let field = format!("2[\"chat:send-message\",{{\"conversationId\":\"{id}\",\"body\":\"");
        all.push(around(&field, piece, "\"}]"));
        let context = format!(
            "2[\"chat:send-message\",{{\"conversationId\":\"{id}\",\"body\":\"x\",\"context\":["
        );
        all.push(around(&context, piece, "1]}]"));
        let native = format!(
            "{{\"event\":\"send_message\",\"data\":{{\"conversation_id\":\"{id}\",\"body\":\""
        );
        all.push(around(&native, piece, "\"}}"));
        let context = native.replace("\"body\":\"", "\"body\":\"x\",\"context\":{\"a\":[");
        all.push(around(&context, piece, "1]}}}"));
    }
    all
}
