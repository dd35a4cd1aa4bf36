//! A WebSocket client that keeps to no rule: frames by hand, on a bare connection.

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::PATIENCE;

/// A connection after the handshake.
pub struct Raw {
    pub stream: TcpStream,
    received: Vec<u8>,
}

/// A frame with this first byte and a mask of zeros, which leaves the payload as it is.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = header(first, payload.len() as u64);
    bytes.extend(payload);
    bytes
}

/// The header of a frame that says it is this long.
pub fn header(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    match length {
        0..=125 => bytes.push(0x80 | length as u8),
        126..=65_535 => {
            bytes.push(0x80 | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes
}

impl Raw {
    /// Shakes hands; the kernel's buffers on this side are as small as these.
    pub async fn open(address: SocketAddr, token: &str, buffers: u32) -> Self {
        Self::open_at(address, "/ws", token, buffers).await
    }

    /// As `open`, at another endpoint.
    pub async fn open_at(address: SocketAddr, path: &str, token: &str, buffers: u32) -> Self {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_send_buffer_size(buffers).expect("a buffer");
        socket.set_recv_buffer_size(buffers).expect("a buffer");
        let mut stream = socket.connect(address).await.expect("a connection");
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nAuthorization: Bearer {token}\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("a response"));
        }
        assert!(
            head.starts_with(b"HTTP/1.1 101"),
            "{}",
            String::from_utf8_lossy(&head)
        );
        Self {
            stream,
            received: Vec::new(),
        }
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("sent");
    }

    /// The next frame from the server: its first byte and its payload; nothing at the end of the connection.
    pub async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((first, from, to)) = complete(&self.received) {
                let payload = self.received[from..to].to_vec();
                self.received.drain(..to);
                return Some((first, payload));
            }
            let mut piece = [0; 16 * 1_024];
            let read = timeout(PATIENCE, self.stream.read(&mut piece))
                .await
                .expect("in time");
            match read {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.received.extend(&piece[..count]),
            }
        }
    }

    /// Reads to the close frame; answers its code, or nothing where the connection ends without one.
    pub async fn close_code(&mut self) -> Option<u16> {
        loop {
            match self.next().await? {
                (0x88, payload) => return Some(u16::from_be_bytes([payload[0], payload[1]])),
                _ => continue,
            }
        }
    }
}

/// Where the first frame's payload lies, once it is there as a whole.
fn complete(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    let (from, length) = match second {
        126 => (
            4,
            usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])),
        ),
        127 => {
            let eight: [u8; 8] = bytes.get(2..10)?.try_into().ok()?;
            (10, u64::from_be_bytes(eight) as usize)
        }
        short => (2, usize::from(short)),
    };
    (bytes.len() >= from + length).then_some((first, from, from + length))
}
