//! What the connection that listens hears: one's own frames, and those of other servers.

use clock::Clock;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::Notify;

use super::echo::{Echo, State};
use super::frame::{self, Header, NoFrame};
use super::frames::MOST_BYTES;
use super::inbox::{Full, Inbox};
use super::redis::Listener;
use super::seal::Opener;
use super::section::NodeId;
use crate::telemetry::wire_metrics::WireMetrics;

/// What is heard over all connections, one after the other.
pub(super) struct Listening {
    own: NodeId,
    clock: Clock,
    inbox: Arc<Inbox>,
    metrics: WireMetrics,
    heard: Mutex<HeardSoFar>,
    /// Something has changed that the task has to look at.
    changed: Notify,
}

struct HeardSoFar {
    opener: Opener,
    echo: Echo,
    end: Option<End>,
    /// The reasons for which frames were refused, as far as they were logged.
    told: HashSet<&'static str>,
}

/// Why a connection that listens is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It has ended.
    Closed,
    /// More came in than this server took.
    Overwhelmed,
    /// Frames do not come back.
    Deaf,
}

impl Listening {
    /// For a server with this id, which opens what others have sealed.
    pub(super) fn new(
        own: NodeId,
        clock: Clock,
        inbox: Arc<Inbox>,
        opener: Opener,
        metrics: WireMetrics,
    ) -> Self {
        let heard = HeardSoFar {
            opener,
            echo: Echo::default(),
            end: None,
            told: HashSet::new(),
        };
        Self {
            own,
            clock,
            inbox,
            metrics,
            heard: Mutex::new(heard),
            changed: Notify::new(),
        }
    }

    /// A new connection begins, or there is none.
    pub(super) fn begin(&self) {
        let mut heard = self.heard.lock();
        heard.echo.begin();
        heard.end = None;
        heard.told.clear();
    }

    /// A frame is being published.
    pub(super) fn note_sent(&self, number: u64) {
        let now = self.clock.now();
        self.heard.lock().echo.note_sent(number, now);
    }

    /// Whether this server hears itself, or why the connection is to be given up.
    pub(super) fn state(&self) -> Result<State, End> {
        let now = self.clock.now();
        let mut heard = self.heard.lock();
        match heard.end {
            Some(end) => Err(end),
            None if heard.echo.is_deaf(now) => Err(End::Deaf),
            None => Ok(heard.echo.state(now)),
        }
    }

    /// Waits until the state may have changed otherwise than by time.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// A frame that bears this server's id counts only if this server has sealed it.
    fn hear_echo(&self, message: &[u8]) {
        let opened = self.heard.lock().opener.open(message);
        let number = match opened {
            Ok((header, _)) => header.number,
            Err(no_frame) => return self.note_unreadable(no_frame),
        };
        let took = self.heard.lock().echo.note_heard(number, self.clock.now());
        if let Some(took) = took {
            self.metrics.echo_seconds.observe(took.as_secs_f64());
            self.changed.notify_one();
        }
    }

    fn hear_frame(&self, message: &[u8]) {
        let read = frame::read(&mut self.heard.lock().opener, message);
        match read {
            Ok(frame) => {
                self.metrics.frames_in.inc();
                self.metrics.bytes_in.inc_by(message.len() as u64);
                if let Err(Full { dropped }) = self.inbox.push_frame(frame, message.len()) {
                    self.metrics.dropped_in.inc_by(dropped);
                    self.give_up(End::Overwhelmed);
                }
            }
            Err(no_frame) => self.note_unreadable(no_frame),
        }
    }

    /// Logs each reason once for each connection: somebody may publish many.
    fn note_unreadable(&self, no_frame: NoFrame) {
        self.metrics.dropped_in.inc();
        let reason = reason(no_frame);
        if self.heard.lock().told.insert(reason) {
            log::warn!(
                event = "feed_frame_refused", reason = reason;
                "something that no server of this version has published came on the channel"
            );
        }
    }

    fn give_up(&self, end: End) {
        self.heard.lock().end.get_or_insert(end);
        self.changed.notify_one();
    }
}

fn reason(no_frame: NoFrame) -> &'static str {
    match no_frame {
        NoFrame::Short => "it is too short",
        NoFrame::Long => "it is longer than any server sends",
        NoFrame::Version(_) => "this server does not read its version",
        NoFrame::Forged => "no server of this installation has sealed it",
    }
}

impl Listener for Listening {
    fn hear(&self, message: Vec<u8>) {
        match Header::split(&message) {
            _ if message.len() > MOST_BYTES => self.note_unreadable(NoFrame::Long),
            Some((header, _)) if header.node == self.own => self.hear_echo(&message),
            Some(_) | None => self.hear_frame(&message),
        }
    }

    fn end(&self) {
        self.give_up(End::Closed);
    }
}
