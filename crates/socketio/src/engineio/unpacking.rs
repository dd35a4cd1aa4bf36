//! Cuts the packets out of a polling payload while its bytes arrive, and buffers at most one packet.

use bytes::{Buf, BytesMut};

use super::packet::SEPARATOR;

/// What is wrong with a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A packet above the limit.
    TooLong,
    /// A packet that is not UTF-8.
    NotUtf8,
}

/// Cuts packets out of the bytes of one body.
#[derive(Debug)]
pub struct Unpacker {
    limit: usize,
    rest: BytesMut,
    /// How much of the buffer has been searched for a separator.
    searched: usize,
}

impl Unpacker {
    /// For packets of at most `limit` bytes, as they would be on a WebSocket.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            rest: BytesMut::new(),
            searched: 0,
        }
    }

    /// Adds the next bytes of the body, and passes each complete packet to `take`.
    pub fn push<E: From<Fault>>(
        &mut self,
        bytes: &[u8],
        take: &mut impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        self.rest.extend_from_slice(bytes);
        while let Some(length) = self.next_separator() {
            self.give(length, take)?;
            self.rest.advance(1);
            self.searched = 0;
        }
        match self.rest.len() > self.most() {
            true => Err(Fault::TooLong.into()),
            false => Ok(()),
        }
    }

    /// The body has ended: the rest is its last packet.
    pub fn finish<E: From<Fault>>(
        mut self,
        take: &mut impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        self.give(self.rest.len(), take)
    }

    fn next_separator(&mut self) -> Option<usize> {
        let unsearched = self.rest.get(self.searched..).unwrap_or_default();
        let found = unsearched.iter().position(|byte| *byte == SEPARATOR as u8);
        match found {
            Some(at) => Some(self.searched + at),
            None => {
                self.searched = self.rest.len();
                None
            }
        }
    }

    fn give<E: From<Fault>>(
        &mut self,
        length: usize,
        take: &mut impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        if length > self.most() {
            return Err(Fault::TooLong.into());
        }
        let packet = self.rest.split_to(length);
        take(std::str::from_utf8(&packet).map_err(|_| Fault::NotUtf8)?)
    }

    /// The most bytes of the packet at the start of the buffer: base64 writes three bytes as four.
    fn most(&self) -> usize {
        match self.rest.first() {
            Some(b'b') => 1 + self.limit.div_ceil(3).saturating_mul(4),
            _ => self.limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The packets of a body that arrives in pieces of this size.
    fn unpacked(body: &[u8], limit: usize, piece: usize) -> Result<Vec<String>, Fault> {
        let (mut unpacker, mut packets) = (Unpacker::new(limit), Vec::new());
        let mut take = |packet: &str| {
            packets.push(packet.to_owned());
            Ok(())
        };
        for bytes in body.chunks(piece) {
            unpacker.push(bytes, &mut take)?;
        }
        unpacker.finish(&mut take)?;
        Ok(packets)
    }

    #[test]
    fn a_limit_is_one_packets_and_not_the_bodys() {
        let body = b"4abc\x1e4def\x1ebAQID";
        assert_eq!(unpacked(body, 4, 1).unwrap(), ["4abc", "4def", "bAQID"]);
        assert_eq!(unpacked(b"4abcd", 4, 1), Err(Fault::TooLong));
        assert_eq!(unpacked(b"4abcd\x1e4", 4, 100), Err(Fault::TooLong));
        let long = b"bAQIDBAUGBwg=";
        assert_eq!(unpacked(long, 8, 1).unwrap().len(), 1, "8 bytes are in it");
        assert_eq!(
            unpacked(b"bAQIDBAUGBwgJCgsMDQ==", 8, 1),
            Err(Fault::TooLong)
        );
        assert_eq!(unpacked(b"4a\x1e4\xff", 8, 1), Err(Fault::NotUtf8));
        assert_eq!(unpacked(b"", 4, 1).unwrap(), [""], "no packet at all");
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_make_the_same_packets(packets in prop::collection::vec("[^\u{1e}b]{0,20}", 1..8), piece in 1usize..40) {
            let body = packets.join("\u{1e}");
            prop_assert_eq!(unpacked(body.as_bytes(), 100, piece), Ok(packets));
        }

        #[test]
        fn no_more_is_kept_than_a_packet(body in prop::collection::vec(any::<u8>(), 0..400), piece in 1usize..40) {
            let mut unpacker = Unpacker::new(30);
            let mut take = |_: &str| Ok::<(), Fault>(());
            for bytes in body.chunks(piece) {
                if unpacker.push(bytes, &mut take).is_err() { break }
                prop_assert!(unpacker.rest.len() <= unpacker.most());
            }
        }
    }
}
