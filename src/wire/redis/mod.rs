//! The connections to Redis: one that publishes, one that listens.
//!
//! Redis serves as a channel that passes on what is published; nothing is stored there. It has to know RESP3 (Redis 6 or newer), and a
//! user of it needs `+hello +publish +subscribe` and the channel.

mod sentinels;
mod session;
mod stream;
mod tls;
mod trouble;

use futures_util::future::join_all;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::config::redis::{Encryption, RedisAddress, RedisServer, RedisServers};
use session::Session;
use tls::Tls;

pub(super) use session::Listener;
pub(super) use trouble::Trouble;

/// How often the server that is used is asked whether it is still the master. Redis does not close connections to a master that
/// becomes a replica, and what is published to a replica does not reach the others.
const ROLE_CHECKS: Duration = Duration::from_secs(1);

/// Where Redis is, and the channel.
pub(super) struct Redis {
    servers: RedisServers,
    tls: Option<Tls>,
    channel: String,
}

/// Two connections to one server, to whose channel the second one is subscribed. Dropping it closes them.
pub(super) struct Connections {
    publishing: Session,
    _listening: Session,
    channel: String,
}

impl Redis {
    /// Reads the certificates if TLS is used. An error is a sentence that says what to do.
    pub(super) fn new(
        servers: RedisServers,
        certificates: Option<&Path>,
        channel: String,
    ) -> Result<Self, String> {
        let tls = match servers.use_tls() {
            true => Some(Tls::new(certificates)?),
            false => None,
        };
        Ok(Self {
            servers,
            tls,
            channel,
        })
    }

    /// Finds the master, and connects to it. Everything that the channel passes on from then on goes to the listener.
    pub(super) async fn connect(
        &self,
        listener: Arc<dyn Listener>,
    ) -> Result<Connections, Trouble> {
        let (server, publishing) = self.master().await?;
        let tls = self.tls_for(&server);
        let listening = Session::listen(&server, tls, &self.channel, listener).await?;
        Ok(Connections {
            publishing,
            _listening: listening,
            channel: self.channel.clone(),
        })
    }

    async fn master(&self) -> Result<(RedisServer, Session), Trouble> {
        match &self.servers {
            RedisServers::AnyOf(servers) => self.master_of(servers).await,
            RedisServers::Watched {
                sentinels,
                name,
                access,
            } => {
                let tls = self.tls.as_ref();
                let host = sentinels::master(sentinels, name, access, tls).await?;
                let server = RedisServer {
                    address: RedisAddress::Tcp(host),
                    access: access.clone(),
                };
                let session = self.open(&server).await?;
                Ok((server, session))
            }
        }
    }

    /// The first in the list that is a master, so that servers that have the same list agree.
    async fn master_of(&self, servers: &[RedisServer]) -> Result<(RedisServer, Session), Trouble> {
        let opened = join_all(servers.iter().map(|server| self.open(server))).await;
        let mut troubles = Vec::new();
        for (server, opened) in servers.iter().zip(opened) {
            match opened {
                Ok(session) => return Ok((server.clone(), session)),
                Err(trouble) => troubles.push(trouble),
            }
        }
        Err(Trouble::all(troubles))
    }

    async fn open(&self, server: &RedisServer) -> Result<Session, Trouble> {
        Session::open(server, self.tls_for(server)).await
    }

    fn tls_for(&self, server: &RedisServer) -> Option<&Tls> {
        match server.access.encryption {
            Encryption::Tls => self.tls.as_ref(),
            Encryption::Off => None,
        }
    }
}

impl Connections {
    /// Publishes a frame, and waits until Redis has it.
    pub(super) async fn publish(&self, frame: &[u8]) -> Result<(), Trouble> {
        self.publishing.publish(&self.channel, frame).await
    }

    /// Waits until the server is lost or is no longer the master.
    pub(super) async fn until_lost(&self) -> Trouble {
        loop {
            tokio::time::sleep(ROLE_CHECKS).await;
            if let Err(trouble) = self.publishing.check_role().await {
                return trouble;
            }
        }
    }
}
