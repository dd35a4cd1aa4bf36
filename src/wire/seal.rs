//! Seals frames with AES-256-GCM, so that a reader or writer of Redis learns nothing and says nothing to a server.
//!
//! Each server has a key of its own, derived from the installation's. A frame's number is its nonce, and its header is authenticated.
//! A seal does not keep anybody from sending a frame again: receivers drop numbers that they have heard.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk, Salt};
use bytes::Bytes;
use std::collections::HashMap;
use std::fmt;

use super::frame::{HEADER, Header, NoFrame, VERSION};
use super::section::NodeId;
use crate::error::Error;

/// The bytes of a seal, which follow the body.
pub const TAG: usize = 16;

/// What separates these keys from others that may once be derived from the installation's.
const PURPOSE: &[u8] = b"stoa frames";

/// Keys of servers that an `Opener` keeps. Only servers with the installation's key can add to them.
const MOST_KEYS: usize = 256;

/// The secret that the servers of an installation share. Its `Debug` form shows nothing.
#[derive(Clone)]
pub struct WireKey(Prk);

impl fmt::Debug for WireKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WireKey(_)")
    }
}

impl WireKey {
    /// The key from 32 random bytes.
    pub fn new(random: &[u8; 32]) -> Self {
        Self(Salt::new(HKDF_SHA256, &[]).extract(random))
    }

    fn of_node(&self, node: NodeId) -> Result<LessSafeKey, Unspecified> {
        let info = [PURPOSE, node.as_bytes()];
        let derived = self.0.expand(&info, &AES_256_GCM)?;
        Ok(LessSafeKey::new(UnboundKey::from(derived)))
    }
}

/// Seals the frames of one server and counts them. There must be one for each id of a server, because a number may be used once.
pub struct Sealer {
    key: LessSafeKey,
    node: NodeId,
    last: u64,
}

/// A frame to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Its number.
    pub number: u64,
    /// Its header, its sealed body, its seal.
    pub bytes: Bytes,
}

impl Sealer {
    /// A sealer whose first frame has the number 1.
    pub fn new(key: &WireKey, node: NodeId) -> Result<Self, Error> {
        let key = key.of_node(node).map_err(Error::internal)?;
        Ok(Self { key, node, last: 0 })
    }

    /// Uses up a number, so that other servers notice that something was dropped.
    pub fn skip(&mut self) {
        self.last += 1;
    }

    /// Seals a body under the next number.
    pub fn seal(&mut self, body: &[u8]) -> Result<Sealed, Error> {
        self.last += 1;
        let header = Header {
            version: VERSION,
            node: self.node,
            number: self.last,
        };
        let head = header.to_bytes();
        let mut frame = Vec::with_capacity(HEADER + body.len() + TAG);
        frame.extend_from_slice(&head);
        frame.extend_from_slice(body);
        let (_, sealed) = frame.split_at_mut(HEADER);
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce(header.number), Aad::from(head), sealed)
            .map_err(Error::internal)?;
        frame.extend_from_slice(tag.as_ref());
        Ok(Sealed {
            number: header.number,
            bytes: frame.into(),
        })
    }
}

/// Opens the frames of other servers of the installation.
pub struct Opener {
    key: WireKey,
    keys: HashMap<NodeId, LessSafeKey>,
}

impl Opener {
    /// An opener for the frames of all servers that have this key.
    pub fn new(key: WireKey) -> Self {
        Self {
            key,
            keys: HashMap::new(),
        }
    }

    /// The header and the body of a frame.
    pub fn open(&mut self, frame: &[u8]) -> Result<(Header, Vec<u8>), NoFrame> {
        let (header, sealed) = Header::split(frame).ok_or(NoFrame::Short)?;
        if header.version != VERSION {
            return Err(NoFrame::Version(header.version));
        }
        if let Some(key) = self.keys.get(&header.node) {
            return open_with(key, header, sealed).map(|body| (header, body));
        }
        let key = self
            .key
            .of_node(header.node)
            .map_err(|_: Unspecified| NoFrame::Forged)?;
        let body = open_with(&key, header, sealed)?;
        if self.keys.len() >= MOST_KEYS {
            self.keys.clear();
        }
        self.keys.insert(header.node, key);
        Ok((header, body))
    }
}

fn open_with(key: &LessSafeKey, header: Header, sealed: &[u8]) -> Result<Vec<u8>, NoFrame> {
    let (text, tag) = sealed.split_last_chunk::<TAG>().ok_or(NoFrame::Short)?;
    let mut body = vec![0; text.len()];
    let aad = Aad::from(header.to_bytes());
    key.open_separate_gather(nonce(header.number), aad, text, tag, &mut body)
        .map_err(|_: Unspecified| NoFrame::Forged)?;
    Ok(body)
}

fn nonce(number: u64) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    let (_, last) = bytes.split_at_mut(NONCE_LEN - 8);
    last.copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

#[cfg(test)]
#[path = "seal_tests.rs"]
mod tests;
