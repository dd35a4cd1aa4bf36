//! Receives the bytes of a file in pieces: each is collected in memory, stored as an object, and counted.

use bytes::{Bytes, BytesMut};
use clock::Clock;
use futures_util::Stream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::BLOCK_BYTES;
use super::body::{Cut, PacedBody};
use super::checksum::Checksum;
use crate::error::Error;
use crate::objects::{Key, Objects};
use crate::store::files::File;
use crate::store::files::uploading::{self, PIECE_BYTES, Piece};
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
    /// The body has another checksum than its client said. Nothing of it counts.
    Mismatch,
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
    /// The checksum that the body must have; until it is known whether it has, nothing of it counts.
    pub(super) checksum: Option<Checksum>,
}

impl Receiver {
    /// Stores a body behind the bytes that the file has.
    pub(super) async fn receive<S, E>(self, body: &mut PacedBody<S>) -> Result<Received, Error>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
    {
        let buffer = Buffer::new(Arc::clone(&self.blocks), self.clock.clone());
        let mut appending = Appending {
            at: self.file.received,
            pending: Vec::new(),
            buffer,
            to: self,
        };
        let received = appending.take_all(body).await?;
        match received {
            Received::Whole(_) => appending.conclude().await,
            Received::Cut(_) | Received::TooLong | Received::Overtaken | Received::Mismatch => {
                appending.forget().await?;
                Ok(received)
            }
        }
    }
}

/// A body on its way.
struct Appending {
    to: Receiver,
    /// The end of the file, with everything that was stored.
    at: u64,
    /// Pieces that are stored and do not count yet.
    pending: Vec<Piece>,
    buffer: Buffer,
}

impl Appending {
    async fn take_all<S, E>(&mut self, body: &mut PacedBody<S>) -> Result<Received, Error>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
    {
        loop {
            let mut bytes = match body.next().await {
                Some(Ok(bytes)) => bytes,
                Some(Err(cut)) => {
                    let is_worth_it = self.buffer.length >= LEAST_PIECE;
                    return Ok(match !is_worth_it || self.store().await? {
                        true => Received::Cut(cut),
                        false => Received::Overtaken,
                    });
                }
                None => {
                    return Ok(match self.store().await? {
                        true => Received::Whole(self.at),
                        false => Received::Overtaken,
                    });
                }
            };
            if self.at + (self.buffer.length + bytes.len()) as u64 > self.to.most {
                return Ok(Received::TooLong);
            }
            if let Some(checksum) = &mut self.to.checksum {
                checksum.update(&bytes);
            }
            while !bytes.is_empty() {
                if !self.buffer.take(&mut bytes) {
                    if self.buffer.length == 0 {
                        self.buffer.wait().await?;
                    } else if !self.store().await? {
                        return Ok(Received::Overtaken);
                    }
                }
            }
            if self.buffer.is_old() && !self.store().await? {
                return Ok(Received::Overtaken);
            }
        }
    }

    /// Stores what was collected as one piece, and counts it unless the body has a checksum. Returns false if the file has another end
    /// by now.
    async fn store(&mut self) -> Result<bool, Error> {
        let (length, content) = (self.buffer.length, self.buffer.empty());
        if length == 0 {
            return Ok(true);
        }
        let (file, start) = (self.to.file.clone(), self.at);
        let pool = &self.to.pool;
        let begun =
            pool.run(move |connection| uploading::begin_piece(connection, &file, start, length));
        let Some(piece) = begun.await? else {
            return Ok(false);
        };
        self.to
            .objects
            .put(&self.key(piece), content.blocks)
            .await?;
        self.pending.push(piece);
        self.at += length as u64;
        match self.to.checksum {
            Some(_) => Ok(true),
            None => self.count().await,
        }
    }

    /// Counts the pieces that are stored. Returns false, with their objects deleted, if the file has another end by now.
    async fn count(&mut self) -> Result<bool, Error> {
        let (no, pieces) = (self.to.file.no, self.pending.clone());
        let pool = &self.to.pool;
        let finished =
            pool.run(move |connection| uploading::finish_pieces(connection, no, &pieces));
        let counted = finished.await?.is_some();
        if !counted {
            self.forget().await?;
        }
        self.pending.clear();
        Ok(counted)
    }

    /// Ends a body that came whole: compares its checksum, if it has one.
    async fn conclude(mut self) -> Result<Received, Error> {
        if let Some(checksum) = self.to.checksum.take() {
            if !checksum.fits() {
                self.forget().await?;
                return Ok(Received::Mismatch);
            }
            if !self.count().await? {
                return Ok(Received::Overtaken);
            }
        }
        Ok(Received::Whole(self.at))
    }

    /// Deletes the objects of pieces that do not count. Their rows go with the file's other pieces.
    async fn forget(&self) -> Result<(), Error> {
        for piece in &self.pending {
            self.to.objects.delete(&self.key(*piece)).await?;
        }
        Ok(())
    }

    fn key(&self, piece: Piece) -> Key {
        Key::piece(self.to.file.id.0, piece.no)
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
