//! One connection to a Redis, over RESP3.

use redis::aio::{AsyncPushSender, MultiplexedConnection, SendError};
use redis::{
    AsyncConnectionConfig, Cmd, ProtocolVersion, PushInfo, PushKind, RedisConnectionInfo, Value,
    cmd,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::stream;
use super::tls::Tls;
use super::trouble::{Trouble, Why};
use crate::config::redis::{RedisAccess, RedisServer};

/// How long it may take until a server has let this one in.
const CONNECTING: Duration = Duration::from_secs(1);
/// How Redis lists these connections.
const NAME: &str = "stoa";

/// What is heard.
pub(in crate::wire) trait Listener: Send + Sync {
    /// A message of the channel. Must not block.
    fn hear(&self, message: Vec<u8>);
    /// The connection has ended by itself.
    fn end(&self);
}

/// A connection. Dropping it closes it.
pub(super) struct Session {
    connection: MultiplexedConnection,
    address: String,
    _driver: Driver,
}

/// The task that moves the bytes of a connection.
struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Passes on what a connection hears.
struct Pushes(Arc<dyn Listener>);

impl AsyncPushSender for Pushes {
    fn send(&self, info: PushInfo) -> Result<(), SendError> {
        if info.kind == PushKind::Message
            && let Some(Value::BulkString(message)) = info.data.into_iter().nth(1)
        {
            self.0.hear(message);
        }
        Ok(())
    }
}

impl Session {
    /// Connects to a server that is a master, or a node of a cluster.
    pub(super) async fn open(server: &RedisServer, tls: Option<&Tls>) -> Result<Self, Trouble> {
        in_time(server, async {
            let config = AsyncConnectionConfig::new();
            let session = Self::begin(server, tls, config, || ()).await?;
            session.enter().await?;
            Ok(session)
        })
        .await
    }

    /// Connects to such a server, and subscribes to a channel.
    pub(super) async fn listen(
        server: &RedisServer,
        tls: Option<&Tls>,
        channel: &str,
        listener: Arc<dyn Listener>,
    ) -> Result<Self, Trouble> {
        in_time(server, async {
            let pushes = Pushes(Arc::clone(&listener));
            let config = AsyncConnectionConfig::new().set_push_sender(pushes);
            let session = Self::begin(server, tls, config, move || listener.end()).await?;
            session.enter().await?;
            let mut subscribe = cmd("SUBSCRIBE");
            session.ask(subscribe.arg(channel)).await?;
            Ok(session)
        })
        .await
    }

    async fn begin(
        server: &RedisServer,
        tls: Option<&Tls>,
        config: AsyncConnectionConfig,
        ended: impl FnOnce() + Send + 'static,
    ) -> Result<Self, Why> {
        let stream = stream::open(&server.address, tls).await?;
        let info = login(&server.access).set_protocol(ProtocolVersion::RESP3);
        // How long an answer takes is watched with the frames that come back.
        let config = config.set_response_timeout(None);
        let begun = MultiplexedConnection::new_with_config(&info, stream, config).await;
        let (connection, driver) = begun?;
        let driver = tokio::spawn(async move {
            driver.await;
            ended();
        });
        Ok(Self {
            connection,
            address: server.address.to_string(),
            _driver: Driver(driver.abort_handle()),
        })
    }

    async fn enter(&self) -> Result<(), Why> {
        let mut hello = cmd("HELLO");
        let hello = self.ask(hello.arg(3).arg("SETNAME").arg(NAME)).await?;
        check(&hello)
    }

    /// Fails if the server is no longer the master, or the connection is lost.
    pub(super) async fn check_role(&self) -> Result<(), Trouble> {
        let mut hello = cmd("HELLO");
        let asked = self.ask(hello.arg(3)).await;
        let checked = asked.and_then(|answer| check(&answer));
        checked.map_err(|why| why.at(&self.address))
    }

    /// Publishes a message.
    pub(super) async fn publish(&self, channel: &str, message: &[u8]) -> Result<(), Trouble> {
        let mut publish = cmd("PUBLISH");
        let published = self.ask(publish.arg(channel).arg(message)).await;
        published.map(drop).map_err(|why| why.at(&self.address))
    }

    async fn ask(&self, command: &Cmd) -> Result<Value, Why> {
        let answer = command.query_async(&mut self.connection.clone()).await;
        Ok(answer?)
    }
}

async fn in_time(
    server: &RedisServer,
    connecting: impl Future<Output = Result<Session, Why>>,
) -> Result<Session, Trouble> {
    let connected = timeout(CONNECTING, connecting).await;
    let connected = connected.unwrap_or(Err(Why::TimedOut(server.access.encryption)));
    connected.map_err(|why| why.at(&server.address))
}

/// As whom a connection is made.
pub(super) fn login(access: &RedisAccess) -> RedisConnectionInfo {
    let info = RedisConnectionInfo::default().set_skip_set_lib_name();
    let Some(login) = &access.login else {
        return info;
    };
    let info = info.set_password(&login.password.0);
    match &login.user {
        Some(user) => info.set_username(user),
        None => info,
    }
}

/// Reads the answer to HELLO. In a cluster, every node passes on what is published to any node, also a replica.
fn check(hello: &Value) -> Result<(), Why> {
    let Value::Map(fields) = hello else {
        return Err(Why::Unreadable);
    };
    let field = |wanted: &str| {
        let found = fields
            .iter()
            .find(|(name, _)| text(name) == wanted.as_bytes());
        found.map(|(_, value)| text(value)).unwrap_or_default()
    };
    match (field("mode"), field("role")) {
        (b"cluster", _) => Ok(()),
        (b"sentinel", _) => Err(Why::Sentinel),
        (_, b"replica" | b"slave") => Err(Why::Replica),
        _ => Ok(()),
    }
}

fn text(value: &Value) -> &[u8] {
    match value {
        Value::BulkString(bytes) => bytes,
        Value::SimpleString(text) => text.as_bytes(),
        _ => &[],
    }
}
