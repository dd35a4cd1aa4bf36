//! The frame guard: parses frame headers (RFC 6455, section 5.2) as bytes arrive, and passes no byte of a frame
//! that is too long or that no client may send. Without it, `actix-http` buffers a frame of any length.

use actix_http::ws::ProtocolError;
use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::queue::CloseReason;

/// Why no more bytes are passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A frame, or a message in several frames, above the limit.
    TooLarge,
    /// A frame that no client may send.
    Malformed,
    /// The reason in a close frame is not UTF-8.
    NotUtf8,
    /// The connection broke; the peer is not at fault.
    Broken,
}

impl Violation {
    /// The reason for closing the connection; `None` if it broke.
    pub fn close_reason(self) -> Option<CloseReason> {
        match self {
            Self::TooLarge => Some(CloseReason::TooLarge),
            Self::Malformed => Some(CloseReason::Malformed),
            Self::NotUtf8 => Some(CloseReason::NotUtf8),
            Self::Broken => None,
        }
    }
}

/// The reason for closing a connection whose frames cannot be parsed; `None` if it broke.
pub fn close_reason(verdict: Option<Violation>, error: &ProtocolError) -> Option<CloseReason> {
    match (verdict, error) {
        (Some(violation), _) => violation.close_reason(),
        // The guard checks everything except the UTF-8 of a text, which is reported as an I/O error.
        (None, ProtocolError::Io(_)) => Some(CloseReason::NotUtf8),
        (None, ProtocolError::Overflow) => Some(CloseReason::TooLarge),
        (None, _) => Some(CloseReason::Malformed),
    }
}

/// Follows the frames of one direction without buffering payloads.
#[derive(Debug)]
pub struct FrameGuard {
    limit: u64,
    header: [u8; HEADER_BYTES],
    /// Bytes of the current header received so far.
    received: usize,
    /// Payload bytes of the current frame still to come.
    rest: u64,
    /// Payload bytes of the current message so far; `None` between messages.
    message: Option<u64>,
    /// The payload of a close frame, while one arrives.
    close_frame: Option<CloseFrame>,
}

/// The longest header: 2 bytes, 8 of length, 4 of mask.
const HEADER_BYTES: usize = 14;
/// The longest payload of a control frame.
const CONTROL_BYTES: u64 = 125;

const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;
const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PONG: u8 = 0xa;

/// The payload of a close frame, unmasked.
#[derive(Debug)]
struct CloseFrame {
    mask: [u8; 4],
    payload: Vec<u8>,
}

impl CloseFrame {
    fn take(&mut self, bytes: &[u8]) {
        let masks = self.mask.iter().cycle().skip(self.payload.len() % 4);
        let plain: Vec<u8> = bytes.iter().zip(masks).map(|(b, mask)| b ^ mask).collect();
        self.payload.extend(plain);
    }

    /// Checks the code and that the reason is UTF-8; an empty payload is valid (RFC 6455, sections 5.5.1 and
    /// 7.4).
    fn check(&self) -> Result<(), Violation> {
        match self.payload.as_slice() {
            [] => Ok(()),
            [_] => Err(Violation::Malformed),
            [high, low, reason @ ..] => {
                let code = u16::from_be_bytes([*high, *low]);
                if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
                    return Err(Violation::Malformed);
                }
                std::str::from_utf8(reason).map_or(Err(Violation::NotUtf8), |_| Ok(()))
            }
        }
    }
}

impl FrameGuard {
    /// A guard that passes messages of at most `limit` bytes.
    pub fn new(limit: u64) -> Self {
        Self {
            limit,
            header: [0; HEADER_BYTES],
            received: 0,
            rest: 0,
            message: None,
            close_frame: None,
        }
    }

    /// Checks the next bytes of the connection, in pieces of any size.
    pub fn inspect(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        self.pass(bytes).1
    }

    /// The number of bytes that may pass, and the violation after them.
    fn pass(&mut self, bytes: &[u8]) -> (usize, Result<(), Violation>) {
        let (mut rest, mut passed) = (bytes, 0);
        while let Some((&first, others)) = rest.split_first() {
            let step = match self.rest {
                0 => {
                    rest = others;
                    self.read_header(first)
                }
                wanted => {
                    let count = usize::try_from(wanted).map_or(rest.len(), |n| n.min(rest.len()));
                    let (payload, others) = rest.split_at_checked(count).unwrap_or((rest, &[]));
                    rest = others;
                    self.read_payload(payload)
                }
            };
            if step.is_err() {
                return (passed, step);
            }
            passed = bytes.len() - rest.len();
        }
        (passed, Ok(()))
    }

    fn read_payload(&mut self, payload: &[u8]) -> Result<(), Violation> {
        self.rest -= payload.len() as u64;
        if let Some(close_frame) = &mut self.close_frame {
            close_frame.take(payload);
            if self.rest == 0 {
                close_frame.check()?;
            }
        }
        Ok(())
    }

    fn read_header(&mut self, byte: u8) -> Result<(), Violation> {
        if let Some(place) = self.header.get_mut(self.received) {
            *place = byte;
        }
        self.received += 1;
        let [first, second, others @ ..] = self.header.get(..self.received).unwrap_or_default()
        else {
            return Ok(());
        };
        let (first, extended) = (*first, usize::from(extended_length(*second)));
        if self.received == 2 {
            self.check_beginning(first, *second)?;
        }
        let Some(length) = length(*second, others.get(..extended)) else {
            return Ok(());
        };
        let opcode = first & 0x0f;
        self.check_length(opcode, length)?;
        let Some(mask) = others.get(extended..extended + 4) else {
            return Ok(());
        };
        let mask = <[u8; 4]>::try_from(mask).unwrap_or_default();
        self.received = 0;
        self.rest = length;
        self.close_frame = (opcode == CLOSE).then(|| CloseFrame {
            mask,
            payload: Vec::new(),
        });
        if opcode <= BINARY {
            let so_far = self.message.unwrap_or(0).saturating_add(length);
            self.message = (first & FINAL == 0).then_some(so_far);
        }
        Ok(())
    }

    /// Checks the first two bytes of a header.
    fn check_beginning(&self, first: u8, second: u8) -> Result<(), Violation> {
        let opcode = first & 0x0f;
        let known = match opcode {
            CONTINUATION => self.message.is_some(),
            TEXT..=BINARY => self.message.is_none(),
            CLOSE..=PONG => first & FINAL != 0 && u64::from(second & !MASKED) <= CONTROL_BYTES,
            _ => false,
        };
        match known && first & RESERVED == 0 && second & MASKED != 0 {
            true => Ok(()),
            false => Err(Violation::Malformed),
        }
    }

    fn check_length(&self, opcode: u8, length: u64) -> Result<(), Violation> {
        let before = self.message.unwrap_or(0);
        // The highest bit of a 64-bit length must be 0.
        if length > u64::MAX >> 1 {
            return Err(Violation::Malformed);
        }
        match opcode <= BINARY && before.saturating_add(length) > self.limit {
            true => Err(Violation::TooLarge),
            false => Ok(()),
        }
    }
}

/// The number of length bytes after the second byte.
fn extended_length(second: u8) -> u8 {
    match second & !MASKED {
        126 => 2,
        127 => 8,
        _ => 0,
    }
}

/// The length of a frame's payload, once its bytes have arrived.
fn length(second: u8, extended: Option<&[u8]>) -> Option<u64> {
    match extended? {
        [] => Some(u64::from(second & !MASKED)),
        bytes => Some(
            bytes
                .iter()
                .fold(0, |length, byte| length << 8 | u64::from(*byte)),
        ),
    }
}

/// The bytes of a connection behind a guard. The stream ends before the first invalid frame, with the reason in
/// `verdict`.
pub struct Guarded<S> {
    inner: S,
    guard: FrameGuard,
    verdict: Rc<Cell<Option<Violation>>>,
}

impl<S> Guarded<S> {
    /// Guards `inner`; the session shares the verdict.
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
        match next {
            Poll::Ready(Some(Ok(mut chunk))) => {
                let (passed, looked) = self.guard.pass(&chunk);
                self.verdict.set(looked.err());
                chunk.truncate(passed);
                Poll::Ready(Some(Ok(chunk)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.verdict.set(Some(Violation::Broken));
                Poll::Ready(Some(Err(error)))
            }
            other => other,
        }
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
