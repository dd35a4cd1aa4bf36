//! A proxy before a test's PostgreSQL: hangs the connections that it has, as a host does that is gone, or changes what is said.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::postgres::TestCluster;

/// Bytes of the server, and what the client is given for them; of one length.
pub type Swap = (&'static [u8], &'static [u8]);

/// Listens on a free port for as long as the test lasts.
pub struct Proxy {
    address: SocketAddr,
    hung: Arc<AtomicUsize>,
    begun: Arc<AtomicUsize>,
}

impl Proxy {
    /// Passes on to a cluster what comes, and back what it says.
    pub fn start(cluster: &TestCluster, swap: Option<Swap>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (hung, begun) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let proxy = Self {
            address,
            hung: Arc::clone(&hung),
            begun: Arc::clone(&begun),
        };
        let socket = cluster.folder().join(".s.PGSQL.5432");
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let number = begun.fetch_add(1, Ordering::SeqCst);
                let client = client.expect("a connection");
                pass_on(client, &socket, number, &hung, swap);
            }
        });
        proxy
    }

    /// How to connect to a database through it.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgresql://postgres@{}/{database}?sslmode=disable",
            self.address
        )
    }

    /// From now on nothing passes on the connections that there are, and they stay open. New ones work.
    pub fn hang(&self) {
        self.hung
            .store(self.begun.load(Ordering::SeqCst), Ordering::SeqCst);
    }
}

fn pass_on(
    client: TcpStream,
    socket: &PathBuf,
    number: usize,
    hung: &Arc<AtomicUsize>,
    swap: Option<Swap>,
) {
    let Ok(server) = UnixStream::connect(socket) else {
        return;
    };
    let (mut from_client, mut to_client) = (client.try_clone().expect("a clone"), client);
    let (mut from_server, mut to_server) = (server.try_clone().expect("a clone"), server);
    let (here, there) = (Arc::clone(hung), Arc::clone(hung));
    std::thread::spawn(move || {
        copy(&mut from_client, &mut to_server, number, &here, None);
        let _gone = to_server.shutdown(Shutdown::Both);
    });
    std::thread::spawn(move || {
        copy(&mut from_server, &mut to_client, number, &there, swap);
        let _gone = to_client.shutdown(Shutdown::Both);
    });
}

fn copy(
    from: &mut impl Read,
    to: &mut impl Write,
    number: usize,
    hung: &AtomicUsize,
    swap: Option<Swap>,
) {
    let mut piece = [0; 16_384];
    while let Ok(count @ 1..) = from.read(&mut piece) {
        while number < hung.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_secs(1));
        }
        let said = &mut piece[..count];
        if let Some((told, instead)) = swap {
            let found = said.windows(told.len()).position(|part| part == told);
            if let Some(at) = found {
                said[at..at + told.len()].copy_from_slice(instead);
            }
        }
        if to.write_all(said).is_err() {
            return;
        }
    }
}
