//! The sessions of an Engine.IO endpoint: opening, finding and ending them.

use actix_web::HttpRequest;
use dashmap::DashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use uuid::Uuid;

use super::line::{Carrier, Line};
use super::query::{Problem, Transport};
use super::sid::Sid;
use super::{Ending, Listener, Options, Rejection};
use crate::queue::{CloseReason, Extension};

/// An endpoint.
pub struct Engine<E: Extension = ()> {
    pub(super) options: Options,
    listener: Box<dyn Listener<E>>,
    lines: DashMap<Uuid, Arc<Line<E>>>,
    count: AtomicUsize,
}

impl<E: Extension> Engine<E> {
    /// An endpoint without sessions, and the task that checks them periodically, which ends with it. Needs an
    /// actix runtime.
    pub fn start(options: Options, listener: impl Listener<E> + 'static) -> Arc<Self> {
        let engine = Arc::new(Self {
            options,
            listener: Box::new(listener),
            lines: DashMap::new(),
            count: AtomicUsize::new(0),
        });
        let shortest = engine
            .options
            .ping_interval
            .min(engine.options.ping_timeout);
        let tick = (shortest / 20).clamp(Duration::from_millis(5), Duration::from_secs(1));
        actix_rt::spawn(look_after(Arc::downgrade(&engine), tick));
        engine
    }

    /// The number of open sessions, including those that have only completed the handshake.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Closes every session after its queued frames.
    pub fn close_all(&self, reason: CloseReason) {
        for line in &self.lines {
            line.queue().close(reason);
        }
    }

    /// Opens a session if the limit permits.
    pub(super) fn open(
        &self,
        request: &HttpRequest,
        transport: Transport,
    ) -> Result<Arc<Line<E>>, Problem> {
        if self.count.fetch_add(1, Ordering::Relaxed) >= self.options.max_sessions {
            self.count.fetch_sub(1, Ordering::Relaxed);
            return Err(Problem::Unavailable);
        }
        let carrier = match transport {
            Transport::Polling => Carrier::Polling,
            Transport::Websocket => Carrier::Websocket,
        };
        let line = Line::new(carrier, &self.options);
        match self.listener.open(request, &line) {
            Ok(session) => line.begin(session),
            Err(turned) => {
                self.count.fetch_sub(1, Ordering::Relaxed);
                return Err(match turned {
                    Rejection::Forbidden => Problem::Forbidden,
                    Rejection::Unavailable => Problem::Unavailable,
                });
            }
        }
        self.lines.insert(line.sid, Arc::clone(&line));
        Ok(line)
    }

    /// The open session with this id. An id with the tag of another node is reported: a balancer has sent the request to the
    /// wrong node.
    pub(super) fn find(&self, sid: Sid) -> Result<Arc<Line<E>>, Problem> {
        let own = self.options.tag;
        if let Some(tag) = sid.tag.filter(|tag| Some(*tag) != own) {
            self.options.hooks.misrouted(tag);
            return Err(Problem::UnknownSession);
        }
        let line = self.lines.get(&sid.id).filter(|_| sid.tag == own);
        let line = line.map(|line| Arc::clone(line.value()));
        line.filter(|line| self.is_alive(line))
            .ok_or(Problem::UnknownSession)
    }

    fn is_alive(&self, line: &Arc<Line<E>>) -> bool {
        match line.look(&self.options) {
            Some(ending) => {
                self.end(line, ending);
                false
            }
            None => !matches!(line.carrier(), Carrier::Nothing(_)),
        }
    }

    /// Ends a session if it has not ended. The caller must not hold the session's lock.
    pub(super) fn end(&self, line: &Line<E>, ending: Ending) {
        if line.end(ending) && self.lines.remove(&line.sid).is_some() {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The packet that opens a session.
    pub(super) fn open_packet(&self, line: &Line<E>, transport: Transport) -> String {
        let upgrades = match transport {
            Transport::Polling => r#"["websocket"]"#,
            Transport::Websocket => "[]",
        };
        format!(
            r#"0{{"sid":"{}","upgrades":{upgrades},"pingInterval":{},"pingTimeout":{},"maxPayload":{}}}"#,
            Sid {
                tag: self.options.tag,
                id: line.sid
            },
            self.options.ping_interval.as_millis(),
            self.options.ping_timeout.as_millis(),
            self.options.max_payload,
        )
    }
}

async fn look_after<E: Extension>(engine: Weak<Engine<E>>, tick: Duration) {
    let mut ticks = tokio::time::interval(tick);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(engine) = engine.upgrade() else {
            return;
        };
        // The map must not be locked while a session ends.
        let lines: Vec<_> = engine.lines.iter().map(|line| Arc::clone(&line)).collect();
        for line in &lines {
            engine.is_alive(line);
        }
    }
}
