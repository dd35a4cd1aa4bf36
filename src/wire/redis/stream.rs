//! Opens a stream to Redis: TCP, TLS, or a socket in the file system.

use futures_util::future::select_ok;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream, lookup_host};

use super::tls::Tls;
use super::trouble::Why;
use crate::config::redis::{RedisAddress, RedisHost};

/// A stream of any kind.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Opens a stream, over TLS if that is given.
pub(super) async fn open(
    address: &RedisAddress,
    tls: Option<&Tls>,
) -> Result<Box<dyn Stream>, Why> {
    let host = match address {
        RedisAddress::Tcp(host) => host,
        RedisAddress::Unix(path) => {
            let stream = UnixStream::connect(path).await;
            return Ok(Box::new(stream.map_err(Why::Unreachable)?));
        }
    };
    let stream = open_tcp(host).await?;
    match tls {
        None => Ok(Box::new(stream)),
        Some(tls) => {
            let encrypted = tls.connect(&host.name, stream).await;
            Ok(Box::new(encrypted.map_err(Why::Untrusted)?))
        }
    }
}

/// Tries all addresses of a name at once.
async fn open_tcp(host: &RedisHost) -> Result<TcpStream, Why> {
    let found = lookup_host((host.name.as_str(), host.port)).await;
    let addresses: Vec<SocketAddr> = found.map_err(Why::Unreachable)?.collect();
    if addresses.is_empty() {
        return Err(Why::Nameless);
    }
    let connecting = addresses.into_iter().map(|at| Box::pin(connect(at)));
    let (stream, _others) = select_ok(connecting).await.map_err(Why::Unreachable)?;
    Ok(stream)
}

async fn connect(at: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(at).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
