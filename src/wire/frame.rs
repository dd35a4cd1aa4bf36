//! Frames: what one publish over Redis carries. In front stands which server it is of, and its number.

use bytes::Bytes;
use uuid::Uuid;

use super::body::{self, Body};
use super::seal::Opener;
use super::section::{NodeId, Section};

/// The version of the wire that this server writes and reads.
pub const VERSION: u8 = 1;

/// The length of a header in bytes: the version, the id of the server, the number (big-endian).
pub const HEADER: usize = 1 + 16 + 8;

/// What stands in front of a frame, readable without the key. It is authenticated with the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The version of the wire.
    pub version: u8,
    /// The server that sent the frame.
    pub node: NodeId,
    /// Its number: each server counts its frames from 1, also those that it drops.
    pub number: u64,
}

impl Header {
    /// The bytes of the header.
    pub fn to_bytes(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let (version, rest) = bytes.split_at_mut(1);
        let (node, number) = rest.split_at_mut(16);
        version.copy_from_slice(&[self.version]);
        node.copy_from_slice(self.node.as_bytes());
        number.copy_from_slice(&self.number.to_be_bytes());
        bytes
    }

    /// The header of a frame, and its body; `None` if the frame is too short for a header.
    pub fn split(frame: &[u8]) -> Option<(Self, &[u8])> {
        let (header, body) = frame.split_first_chunk::<HEADER>()?;
        let (version, rest) = header.split_first()?;
        let (node, number) = rest.split_first_chunk::<16>()?;
        let header = Self {
            version: *version,
            node: Uuid::from_bytes(*node),
            number: u64::from_be_bytes(*number.first_chunk::<8>()?),
        };
        Some((header, body))
    }
}

/// Whether a part of what was heard could not be read. The database has what it said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unread {
    /// Everything was read.
    #[default]
    Nothing,
    /// A section or an entry was not: the receiver must read the database.
    Something,
}

/// A frame of another server.
#[derive(Debug)]
pub struct HeardFrame {
    /// The server that sent it.
    pub node: NodeId,
    /// Its number.
    pub number: u64,
    /// Its sections, in order, without those of unknown kinds. Their entries are still encoded.
    pub sections: Vec<Section>,
    /// Whether a section could not be read.
    pub unread: Unread,
}

/// Why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoFrame {
    /// They are too short.
    Short,
    /// They are longer than any server sends.
    Long,
    /// They are of a version of the wire that this server does not read.
    Version(u8),
    /// No server of this installation sealed them, or they were changed.
    Forged,
}

/// Opens and reads a frame.
pub fn read(opener: &mut Opener, frame: &[u8]) -> Result<HeardFrame, NoFrame> {
    let (header, bytes) = opener.open(frame)?;
    let Body { sections, unread } = body::read(&Bytes::from(bytes));
    Ok(HeardFrame {
        node: header.node,
        number: header.number,
        sections,
        unread,
    })
}
