//! The frame guard: reads frame headers (RFC 6455, section 5.2) as bytes come in, and refuses what is too long before it
//! is buffered. `actix-http` would buffer a frame as long as its header says.

use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// What a peer did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A frame, or a message in several frames, above the limit.
    TooLarge,
    /// A frame that no client may send.
    Malformed,
}

/// Follows the frames of one direction without keeping their payloads.
#[derive(Debug)]
pub struct FrameGuard {
    limit: u64,
    header: [u8; HEADER_BYTES],
    /// Bytes of the header that have come.
    come: usize,
    /// Payload bytes of the present frame that are still to come.
    rest: u64,
    /// Payload bytes of the present message in its frames so far.
    message: u64,
}

/// The longest header: 2 bytes, 8 of length, 4 of mask.
const HEADER_BYTES: usize = 14;

impl FrameGuard {
    /// A guard that lets messages of at most `limit` bytes through.
    pub fn new(limit: u64) -> Self {
        Self {
            limit,
            header: [0; HEADER_BYTES],
            come: 0,
            rest: 0,
            message: 0,
        }
    }

    /// Looks at the next bytes of the connection, in whatever pieces they come.
    pub fn inspect(&mut self, mut bytes: &[u8]) -> Result<(), Violation> {
        while !bytes.is_empty() {
            if self.rest > 0 {
                let passed = (bytes.len() as u64).min(self.rest);
                self.rest -= passed;
                bytes = bytes.get(passed as usize..).unwrap_or_default();
                continue;
            }
            if let Some((&first, others)) = bytes.split_first() {
                if let Some(place) = self.header.get_mut(self.come) {
                    *place = first;
                }
                self.come += 1;
                bytes = others;
                self.read_header()?;
            }
        }
        Ok(())
    }

    fn read_header(&mut self) -> Result<(), Violation> {
        let [first, second, extended @ ..] = self.header.get(..self.come).unwrap_or_default()
        else {
            return Ok(());
        };
        if second & 0x80 == 0 {
            return Err(Violation::Malformed);
        }
        let wanted = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if extended.len() < wanted {
            return Ok(());
        }
        let length = match wanted {
            0 => u64::from(second & 0x7f),
            _ => extended
                .iter()
                .take(wanted)
                .fold(0, |length, byte| length << 8 | u64::from(*byte)),
        };
        let (opcode, first) = (first & 0x0f, *first);
        self.check(opcode, length)?;
        if self.come < 2 + wanted + 4 {
            return Ok(());
        }
        self.come = 0;
        self.rest = length;
        let ends_message = first & 0x80 != 0;
        match opcode {
            0..=2 if ends_message => self.message = 0,
            0..=2 => self.message = self.message.saturating_add(length),
            _ => {}
        }
        Ok(())
    }

    fn check(&self, opcode: u8, length: u64) -> Result<(), Violation> {
        let whole = if opcode <= 2 {
            self.message.saturating_add(length)
        } else {
            length
        };
        if whole > self.limit || (opcode >= 8 && length > 125) {
            return Err(Violation::TooLarge);
        }
        Ok(())
    }
}

/// A connection's bytes behind a guard: ends with an error at the first violation, and says which in `verdict`.
pub struct Guarded<S> {
    inner: S,
    guard: FrameGuard,
    verdict: Rc<Cell<Option<Violation>>>,
}

impl<S> Guarded<S> {
    /// Guards `inner`; the verdict is shared with the session.
    pub fn new(inner: S, guard: FrameGuard, verdict: Rc<Cell<Option<Violation>>>) -> Self {
        Self {
            inner,
            guard,
            verdict,
        }
    }
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for Guarded<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.verdict.get().is_some() {
            return Poll::Ready(None);
        }
        let next = Pin::new(&mut self.inner).poll_next(context);
        if let Poll::Ready(Some(Ok(chunk))) = &next
            && let Err(violation) = self.guard.inspect(chunk)
        {
            self.verdict.set(Some(violation));
            return Poll::Ready(Some(Err(PayloadError::Overflow)));
        }
        next
    }
}

#[cfg(test)]
mod tests {
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
    fn an_unmasked_frame_is_malformed() {
        assert_eq!(
            FrameGuard::new(100).inspect(&[0x81, 0x05]),
            Err(Violation::Malformed)
        );
    }
}
