//! Receives the bytes of a file in pieces: each is collected in memory, stored as an object, and counted.

use bytes::{Bytes, BytesMut};
use clock::Clock;
use futures_util::Stream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::BLOCK_BYTES;
use super::body::{Cut, PacedBody};
use crate::error::Error;
use crate::objects::{Key, Objects};
use crate::store::files::File;
use crate::store::files::uploading::{self, PIECE_BYTES};
use crate::store::pool::Pool;

/// After this time a piece is stored though it is small, so that slow uploads hold little memory and lose little.
const PIECE_TIME: Duration = Duration::from_secs(10);
/// The smallest piece that is stored before the end.
const LEAST_PIECE: usize = BLOCK_BYTES;

/// How an upload ended.
#[derive(Debug)]
pub(super) enum Received {
    /// With the end of its body; the file has so many bytes now.
    Whole(u64),
    /// Before the end of its body.
    Cut(Cut),
    /// The file is longer than it may be.
    TooLong,
    /// Another request has stored bytes at the same place, or the file is not uploaded any more.
    Overtaken,
}

/// Where the bytes go.
pub(super) struct Receiver {
    pub(super) objects: Objects,
    pub(super) pool: Pool,
    pub(super) blocks: Arc<Semaphore>,
    pub(super) clock: Clock,
    pub(super) file: File,
    /// The most bytes that the file may have.
    pub(super) most: u64,
}

impl Receiver {
    /// Stores a body behind the bytes that the file has.
    pub(super) async fn receive<S, E>(self, body: &mut PacedBody<S>) -> Result<Received, Error>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
    {
        let mut at = self.file.received;
        let mut buffer = Buffer::new(Arc::clone(&self.blocks), self.clock.clone());
        loop {
            let mut bytes = match body.next().await {
                Some(Ok(bytes)) => bytes,
                Some(Err(cut)) => {
                    if buffer.length >= LEAST_PIECE && !self.store(&mut buffer, &mut at).await? {
                        return Ok(Received::Overtaken);
                    }
                    return Ok(Received::Cut(cut));
                }
                None => {
                    let stored = self.store(&mut buffer, &mut at).await?;
                    return Ok(if stored {
                        Received::Whole(at)
                    } else {
                        Received::Overtaken
                    });
                }
            };
            if at + (buffer.length + bytes.len()) as u64 > self.most {
                return Ok(Received::TooLong);
            }
            while !bytes.is_empty() {
                if !buffer.take(&mut bytes) {
                    if buffer.length == 0 {
                        buffer.wait().await?;
                    } else if !self.store(&mut buffer, &mut at).await? {
                        return Ok(Received::Overtaken);
                    }
                }
            }
            if buffer.is_old() && !self.store(&mut buffer, &mut at).await? {
                return Ok(Received::Overtaken);
            }
        }
    }

    /// Stores what was collected as one piece, and counts it. Returns false if the file has another end by now.
    async fn store(&self, buffer: &mut Buffer, at: &mut u64) -> Result<bool, Error> {
        let (length, content) = (buffer.length, buffer.empty());
        if length == 0 {
            return Ok(true);
        }
        let (file, start) = (self.file.clone(), *at);
        let begun = self
            .pool
            .run(move |connection| uploading::begin_piece(connection, &file, start, length));
        let Some(piece) = begun.await? else {
            return Ok(false);
        };
        let key = Key::piece(self.file.id.0, piece.no);
        self.objects.put(&key, content.blocks).await?;
        let no = self.file.no;
        let finished = self
            .pool
            .run(move |connection| uploading::finish_piece(connection, no, piece));
        match finished.await? {
            Some(received) => {
                *at = received;
                Ok(true)
            }
            None => {
                self.objects.delete(&key).await?;
                Ok(false)
            }
        }
    }
}

/// Bytes that are collected, in blocks of one size, each with a permit.
struct Buffer {
    permits: Arc<Semaphore>,
    clock: Clock,
    blocks: Vec<BytesMut>,
    held: Option<OwnedSemaphorePermit>,
    length: usize,
    begun: Instant,
}

/// What was collected, with the permits of its blocks.
struct Content {
    blocks: Vec<Bytes>,
    _held: Option<OwnedSemaphorePermit>,
}

impl Buffer {
    fn new(permits: Arc<Semaphore>, clock: Clock) -> Self {
        Self {
            permits,
            begun: clock.now(),
            clock,
            blocks: Vec::new(),
            held: None,
            length: 0,
        }
    }

    /// Takes as many bytes as fit. Returns false, with bytes left, if it is full or there is no permit for another block.
    fn take(&mut self, bytes: &mut Bytes) -> bool {
        while !bytes.is_empty() {
            if self.length == PIECE_BYTES {
                return false;
            }
            let is_full = |block: &BytesMut| block.len() == BLOCK_BYTES;
            if self.blocks.last().is_none_or(is_full) && !self.add_block() {
                return false;
            }
            if let Some(block) = self.blocks.last_mut() {
                let room = (BLOCK_BYTES - block.len()).min(PIECE_BYTES - self.length);
                let part = bytes.split_to(room.min(bytes.len()));
                block.extend_from_slice(&part);
                self.length += part.len();
            }
        }
        true
    }

    fn add_block(&mut self) -> bool {
        // The permit of a block that was waited for is there before the block.
        let blocks_held = self
            .held
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        if blocks_held == self.blocks.len() {
            let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
                return false;
            };
            self.hold(permit);
        }
        if self.blocks.is_empty() {
            self.begun = self.clock.now();
        }
        self.blocks.push(BytesMut::with_capacity(BLOCK_BYTES));
        true
    }

    fn hold(&mut self, permit: OwnedSemaphorePermit) {
        match &mut self.held {
            Some(held) => held.merge(permit),
            None => self.held = Some(permit),
        }
    }

    /// Waits for the permit of a first block.
    async fn wait(&mut self) -> Result<(), Error> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        self.hold(permit.map_err(Error::internal)?);
        Ok(())
    }

    /// Whether it is time to store what was collected.
    fn is_old(&self) -> bool {
        let age = self.clock.now().duration_since(self.begun);
        self.length >= LEAST_PIECE && age >= PIECE_TIME
    }

    fn empty(&mut self) -> Content {
        self.length = 0;
        let blocks = std::mem::take(&mut self.blocks);
        Content {
            blocks: blocks.into_iter().map(BytesMut::freeze).collect(),
            _held: self.held.take(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_buffer_takes_what_its_permits_allow() {
        let permits = Arc::new(Semaphore::new(3));
        let mut buffer = Buffer::new(Arc::clone(&permits), Clock::default());
        let mut bytes = Bytes::from(vec![7; 5 * BLOCK_BYTES]);
        assert!(!buffer.take(&mut bytes));
        assert_eq!(
            (buffer.length, bytes.len()),
            (3 * BLOCK_BYTES, 2 * BLOCK_BYTES)
        );
        let content = buffer.empty();
        assert_eq!((content.blocks.len(), permits.available_permits()), (3, 0));
        let mut other = Buffer::new(Arc::clone(&permits), Clock::default());
        assert!(!other.take(&mut bytes.clone()));
        drop(content);
        other.wait().await.expect("a permit");
        assert!(other.take(&mut bytes));
        assert_eq!(
            (other.length, permits.available_permits()),
            (2 * BLOCK_BYTES, 1)
        );
        drop(other);
        assert_eq!(permits.available_permits(), 3);
    }

    #[test]
    fn a_buffer_is_full_with_a_piece() {
        let permits = Arc::new(Semaphore::new(1_000));
        let mut buffer = Buffer::new(permits, Clock::default());
        let mut bytes = Bytes::from(vec![7; PIECE_BYTES + 1]);
        assert!(!buffer.take(&mut bytes));
        assert_eq!((buffer.length, bytes.len()), (PIECE_BYTES, 1));
        assert_eq!(buffer.empty().blocks.concat().len(), PIECE_BYTES);
        assert!(buffer.take(&mut bytes));
    }
}
