//! What a server says once when it is among others and lacks something that they need.

use std::collections::HashSet;

use super::Wire;
use super::peers::Hearing;
use crate::config::FileStore;
use crate::store::nodes::NodeRow;
use crate::wire::section::NodeId;

/// What was said already.
#[derive(Debug)]
pub(super) struct Warnings {
    files: FileStore,
    /// That peers are heard late.
    is_late: bool,
    /// That peers do not reach the files of this server.
    files_apart: bool,
    /// The peers of which it was said that they are not heard.
    unheard: HashSet<NodeId>,
    /// The peers of which it was said that they have the tag of this server.
    namesakes: HashSet<NodeId>,
}

impl Warnings {
    /// Nothing was said by a server that stores files there.
    pub(super) fn new(files: FileStore) -> Self {
        Self {
            files,
            is_late: false,
            files_apart: false,
            unheard: HashSet::new(),
            namesakes: HashSet::new(),
        }
    }

    /// Warns once of what this server lacks beside so many peers. After a time without peers, it warns again.
    pub(super) fn note_peers(&mut self, peers: usize, wire: Wire) {
        if peers == 0 {
            (self.is_late, self.files_apart) = (false, false);
            return;
        }
        if wire == Wire::Off && !std::mem::replace(&mut self.is_late, true) {
            log::warn!(
                event = "peers_without_wire", peers = peers;
                "other servers run on this database, and this one has no --redis: messages that are sent there come here up to \
                 1.5 seconds later; typing, presence, and notices of conversations that nobody here has open do not come"
            );
        }
        let is_own = self.files == FileStore::DataFolder;
        if is_own && !std::mem::replace(&mut self.files_apart, true) {
            log::warn!(
                event = "files_not_shared", peers = peers;
                "other servers run on this database, and this one stores files in its own data folder: unless they share that folder, \
                 they cannot serve its files; give all servers the same --files local:FOLDER or s3://BUCKET/PREFIX"
            );
        }
    }

    /// Says of each peer once that it is not heard over Redis, although this server hears itself there.
    pub(super) fn note_unheard(&mut self, unheard: &[(NodeRow, Hearing)]) {
        for (peer, hearing) in unnamed(&mut self.unheard, unheard, |(peer, _)| peer.id) {
            log::warn!(
                event = "peer_not_heard", peer:% = peer.id, tag = peer.tag.as_deref().unwrap_or(""),
                address = peer.address.as_str(), state = hearing.name();
                "nothing comes over Redis from another server on this database: it has no --redis, uses another Redis, or cannot reach \
                 this one; messages that are sent there come here up to 1.5 seconds later"
            );
        }
    }

    /// Says of each peer once that it has the tag of this server: a balancer sends the sessions of one to the other.
    pub(super) fn note_namesakes(&mut self, namesakes: &[NodeRow]) {
        for peer in unnamed(&mut self.namesakes, namesakes, |peer| peer.id) {
            log::warn!(
                event = "node_tag_shared", tag = peer.tag.as_deref().unwrap_or(""), peer:% = peer.id,
                address = peer.address.as_str();
                "another server on this database has the same --node-tag: a load balancer cannot tell their Socket.IO sessions \
                 apart; give each server a tag of its own"
            );
        }
    }
}

/// Those of the peers that are not among the named ones. From now on, these peers are the named ones.
fn unnamed<'a, T>(
    named: &mut HashSet<NodeId>,
    peers: &'a [T],
    id: impl Fn(&T) -> NodeId,
) -> Vec<&'a T> {
    let before = std::mem::replace(named, peers.iter().map(&id).collect());
    let mut unnamed: Vec<&T> = peers.iter().collect();
    unnamed.retain(|peer| !before.contains(&id(peer)));
    unnamed
}
