//! Frames: what one publish over Redis carries. In front stands which server it is of, and its number.

use uuid::Uuid;

use super::section::NodeId;

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
