//! The connection of a client: a WebSocket or polling, given up without a word, and lost without a panic.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use super::script::Transport;
use crate::engineio_client::{Poller, Wire};
use crate::socketio_chat::endpoint;

/// Packets in order.
pub struct Link {
    ready: VecDeque<String>,
    way: Way,
}

enum Way {
    Wire(Box<Wire>),
    /// With the request that waits for packets; it is not asked twice at a time.
    Poll(Poller, Option<JoinHandle<Option<String>>>),
}

/// What became of reading.
pub enum Read {
    Packet(String),
    /// Nothing came in time.
    Nothing,
    /// The connection is lost.
    Lost,
}

impl Link {
    /// Shakes hands; what is to be upgraded polls at first.
    pub async fn open(address: SocketAddr, transport: Transport) -> Self {
        let way = match transport {
            Transport::WebSocket => Way::Wire(Box::new(endpoint(address).wire().await)),
            Transport::Polling | Transport::Upgraded => {
                Way::Poll(endpoint(address).poller().await, None)
            }
        };
        let ready = VecDeque::new();
        Self { ready, way }
    }

    /// Goes on over a WebSocket; no request may be waiting.
    pub async fn upgrade(&mut self) {
        let Way::Poll(poller, None) = &self.way else {
            return;
        };
        let mut wire = poller.probe().await;
        wire.send("2probe").await;
        assert_eq!(wire.text().await, "3probe");
        wire.send("5").await;
        self.way = Way::Wire(Box::new(wire));
    }

    pub async fn send(&mut self, packet: &str) {
        match &mut self.way {
            Way::Wire(wire) => wire.send_raw(Message::text(packet)).await,
            Way::Poll(poller, _) => {
                let request = poller.client.request("POST", &poller.query());
                // Whether it arrived is found when the answer does not come.
                let _ = request.body(packet.to_owned()).send().await;
            }
        }
    }

    /// The next packet.
    pub async fn read(&mut self, patience: Duration) -> Read {
        if let Some(packet) = self.ready.pop_front() {
            return Read::Packet(packet);
        }
        match &mut self.way {
            Way::Wire(wire) => match tokio::time::timeout(patience, wire.next()).await {
                Err(_) => Read::Nothing,
                Ok(Message::Text(text)) => Read::Packet(text.to_string()),
                Ok(_) => Read::Lost,
            },
            Way::Poll(poller, waiting) => {
                let asked = waiting.get_or_insert_with(|| ask(poller.clone()));
                let Ok(answer) = tokio::time::timeout(patience, asked).await else {
                    return Read::Nothing;
                };
                *waiting = None;
                let Ok(Some(body)) = answer else {
                    return Read::Lost;
                };
                self.ready.extend(body.split('\u{1e}').map(str::to_owned));
                self.ready.pop_front().map_or(Read::Nothing, Read::Packet)
            }
        }
    }
}

impl Drop for Link {
    /// A request that waits is given up as well: its answer is lost.
    fn drop(&mut self) {
        if let Way::Poll(_, Some(waiting)) = &self.way {
            waiting.abort();
        }
    }
}

/// Asks for packets; `None` where the session is gone.
fn ask(poller: Poller) -> JoinHandle<Option<String>> {
    tokio::spawn(async move {
        let request = poller.client.request("GET", &poller.query());
        let answer = request.send().await.ok()?;
        let is_there = answer.status().is_success();
        answer.text().await.ok().filter(|_| is_there)
    })
}
