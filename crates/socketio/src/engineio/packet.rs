//! Packets of Engine.IO 4: as text, as bytes, and joined in a polling payload.
//!
//! A packet is a digit for its type, and text. On a WebSocket, a text frame is a packet and a binary frame is a
//! message. In a polling payload, packets are separated by U+001E, and a binary message is `b` and its base64
//! (specification, "Packet encoding").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use bytestring::ByteString;

use crate::queue::Frame;

/// The separator of packets in a payload.
pub const SEPARATOR: char = '\u{1e}';
/// The server's ping.
pub const PING: &str = "2";
/// The answer to the probe of an upgrade.
pub const PROBED: &str = "3probe";

/// A packet from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// `1`: the session ends.
    Close,
    /// `2`: a ping, permitted only as a probe.
    Ping(&'a str),
    /// `3`: a pong.
    Pong,
    /// `4`, or bytes.
    Message(Message<'a>),
    /// `5`: the new transport takes over.
    Upgrade,
    /// `6`: nothing.
    Noop,
}

/// The content of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// Text, without the digit.
    Text(&'a str),
    /// Bytes.
    Binary(Bytes),
}

/// Decodes a text packet; `None` if a client may not send it.
pub fn decode(text: &str) -> Option<Packet<'_>> {
    let mut characters = text.chars();
    let (kind, rest) = (characters.next()?, characters.as_str());
    match kind {
        '1' => Some(Packet::Close),
        '2' => Some(Packet::Ping(rest)),
        '3' => Some(Packet::Pong),
        '4' => Some(Packet::Message(Message::Text(rest))),
        '5' => Some(Packet::Upgrade),
        '6' => Some(Packet::Noop),
        _ => None,
    }
}

/// Decodes a packet of a polling payload, in which bytes are base64; `None` if a client may not send it.
///
/// ```
/// use socketio::engineio::packet::{Message, Packet, SEPARATOR, decode_in_payload};
///
/// // The payload of the protocol's description (Engine.IO 4, "HTTP long-polling"): text, a ping, text, bytes.
/// let mut packets = "4hello\u{1e}2\u{1e}4world\u{1e}bAQIDBA==".split(SEPARATOR).map(decode_in_payload);
/// assert_eq!(packets.next().flatten(), Some(Packet::Message(Message::Text("hello"))));
/// assert_eq!(packets.next().flatten(), Some(Packet::Ping("")));
/// let bytes = Message::Binary(vec![1, 2, 3, 4].into());
/// assert_eq!(packets.last().flatten(), Some(Packet::Message(bytes)));
/// ```
pub fn decode_in_payload(packet: &str) -> Option<Packet<'_>> {
    match packet.strip_prefix('b') {
        Some(encoded) => {
            let bytes = STANDARD.decode(encoded).ok()?;
            Some(Packet::Message(Message::Binary(bytes.into())))
        }
        None => decode(packet),
    }
}

/// Encodes a text message.
pub fn message(text: &str) -> ByteString {
    let mut packet = String::with_capacity(text.len() + 1);
    packet.push('4');
    packet.push_str(text);
    packet.into()
}

/// A polling payload under construction.
#[derive(Debug, Default)]
pub struct Payload(String);

impl Payload {
    /// Adds the packets of a frame.
    pub fn push<F>(&mut self, frame: &Frame<F>) {
        match frame {
            Frame::Text(text) => self.push_text(text),
            Frame::Attached(text, parts) => {
                self.push_text(text);
                parts.iter().for_each(|part| self.push_binary(part));
            }
            Frame::Binary(bytes) => self.push_binary(bytes),
            Frame::Ping => self.push_text(PING),
            Frame::Leave | Frame::Own(_) => {}
        }
    }

    /// Adds a text packet.
    pub fn push_text(&mut self, packet: &str) {
        self.separate();
        self.0.push_str(packet);
    }

    fn push_binary(&mut self, bytes: &[u8]) {
        self.separate();
        self.0.push('b');
        STANDARD.encode_string(bytes, &mut self.0);
    }

    fn separate(&mut self) {
        if !self.0.is_empty() {
            self.0.push(SEPARATOR);
        }
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The finished payload.
    pub fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode_payload(payload: &str) -> impl Iterator<Item = Option<Packet<'_>>> {
        payload.split(SEPARATOR).map(decode_in_payload)
    }

    fn payload_of(frames: &[Frame]) -> String {
        let mut payload = Payload::default();
        frames.iter().for_each(|frame| payload.push(frame));
        payload.into_text()
    }

    #[test]
    fn the_examples_of_the_protocol_are_read() {
        let read: Vec<_> = decode_payload("4hello\u{1e}2\u{1e}bAQIDBA==\u{1e}abc").collect();
        let bytes = Bytes::from_static(&[1, 2, 3, 4]);
        let wanted = [
            Some(Packet::Message(Message::Text("hello"))),
            Some(Packet::Ping("")),
            Some(Packet::Message(Message::Binary(bytes))),
            None,
        ];
        assert_eq!(read, wanted);
        assert_eq!(decode(""), None);
        assert_eq!(decode("0{}"), None, "only the server opens");
        assert_eq!(decode("7"), None);
    }

    #[test]
    fn frames_are_written_as_packets() {
        let attached: std::sync::Arc<[Bytes]> = [Bytes::from_static(&[1, 2, 3, 4])].into();
        let frames = [
            Frame::Text("42[\"a\"]".into()),
            Frame::Ping,
            Frame::Attached("451-[\"b\"]".into(), attached),
        ];
        let wanted = "42[\"a\"]\u{1e}2\u{1e}451-[\"b\"]\u{1e}bAQIDBA==";
        assert_eq!(payload_of(&frames), wanted);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn messages_come_back_from_a_payload(messages in prop::collection::vec("[^\u{1e}]{0,20}", 1..6), bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut frames: Vec<Frame> = messages.iter().map(|text| Frame::Text(message(text))).collect();
            frames.push(Frame::Binary(bytes.clone().into()));
            let payload = payload_of(&frames);
            let read: Vec<_> = decode_payload(&payload).collect();
            let mut wanted: Vec<_> = messages.iter().map(|text| Some(Packet::Message(Message::Text(text)))).collect();
            wanted.push(Some(Packet::Message(Message::Binary(bytes.into()))));
            prop_assert_eq!(read, wanted);
        }

        #[test]
        fn no_payload_makes_it_panic_or_swell(payload in "([0-9b]?[\\PC\u{1e}]{0,12}){0,20}") {
            let mut held = 0;
            for packet in decode_payload(&payload).flatten() {
                held += match packet {
                    Packet::Message(Message::Text(text)) => text.len(),
                    Packet::Message(Message::Binary(bytes)) => bytes.len(),
                    _ => 0,
                };
            }
            prop_assert!(held <= payload.len());
        }
    }
}
