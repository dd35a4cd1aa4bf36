//! A file of this machine in which an upload is put together. It has no name, so nothing of it is left when the server is killed.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use crate::error::Error;
use crate::media::{HEAD_BYTES, Source};
use crate::objects::blocking;

/// An upload that is put together.
pub(super) struct Spool {
    file: File,
    hash: Sha256,
    size: u64,
    head: Vec<u8>,
}

/// An upload that is whole.
pub(super) struct Spooled {
    /// Its content.
    pub(super) file: File,
    /// Its size in bytes.
    pub(super) size: u64,
    /// The SHA-256 of its content.
    pub(super) sha256: Vec<u8>,
    /// Its first bytes.
    pub(super) head: Vec<u8>,
}

impl Source for Spooled {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(into, at)
    }
}

impl Spool {
    /// An empty one.
    pub(super) fn new(file: File) -> Self {
        Self {
            file,
            hash: Sha256::new(),
            size: 0,
            head: Vec::with_capacity(HEAD_BYTES),
        }
    }

    /// Appends bytes on a thread that may block.
    pub(super) async fn append(mut self, bytes: Bytes) -> Result<Self, Error> {
        blocking(move || self.write(&bytes).map(|()| self)).await
    }

    /// Appends bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        let wanted = HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(wanted));
        Ok(())
    }

    /// Ends it.
    pub(super) fn finish(self) -> Spooled {
        Spooled {
            file: self.file,
            size: self.size,
            sha256: self.hash.finalize().to_vec(),
            head: self.head,
        }
    }
}
