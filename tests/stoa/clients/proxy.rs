//! A proxy before the server whose connections can be cut, and led to another server.

use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards connections to a server while there is one.
pub struct Proxy {
    pub address: SocketAddr,
    server: watch::Sender<Option<SocketAddr>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// A way that leads nowhere yet.
    pub async fn open() -> Self {
        Self::slow(Duration::ZERO).await
    }

    /// As `open`; what goes through takes at least this long, either way.
    pub async fn slow(latency: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (server, leads_to) = watch::channel(None);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, leads_to.clone(), latency));
            }
        });
        Self {
            address,
            server,
            accepting,
        }
    }

    /// Breaks every connection; new ones break at once.
    pub fn cut(&self) {
        self.server.send_replace(None);
    }

    /// Lets connections through, to this server.
    pub fn lead_to(&self, server: SocketAddr) {
        self.server.send_replace(Some(server));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn forward(
    client: TcpStream,
    mut leads_to: watch::Receiver<Option<SocketAddr>>,
    latency: Duration,
) {
    let Some(address) = *leads_to.borrow_and_update() else {
        return;
    };
    let Ok(server) = TcpStream::connect(address).await else {
        return;
    };
    let _nagle = (client.set_nodelay(true), server.set_nodelay(true));
    let (client, server) = (client.into_split(), server.into_split());
    let ways = async {
        tokio::join!(
            carry(client.0, server.1, latency),
            carry(server.0, client.1, latency)
        )
    };
    tokio::select! {
        _ = ways => {}
        _ = leads_to.wait_for(|now| *now != Some(address)) => {}
    }
}

/// One way, until it ends; whatever is on it takes its time.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, latency: Duration) {
    let mut piece = [0; 16 * 1_024];
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        if to.write_all(&piece[..count]).await.is_err() {
            return;
        }
    }
    let _end = to.shutdown().await;
}
