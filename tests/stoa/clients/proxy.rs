//! A way to the server that can be cut, and led to another.

use std::net::SocketAddr;
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
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (server, leads_to) = watch::channel(None);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, leads_to.clone()));
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

async fn forward(mut client: TcpStream, mut leads_to: watch::Receiver<Option<SocketAddr>>) {
    let Some(address) = *leads_to.borrow_and_update() else {
        return;
    };
    let Ok(mut server) = TcpStream::connect(address).await else {
        return;
    };
    let _nagle = (client.set_nodelay(true), server.set_nodelay(true));
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        _ = leads_to.wait_for(|now| *now != Some(address)) => {}
    }
}
