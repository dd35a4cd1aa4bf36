//! A listener: it joins again after the last seq that it has, wherever it gets in, and notes what it hears and when.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::drive::Failure;
use crate::drive::client::{Socket, Target, answer, list, text, whole};
use crate::drive::frame::{self, Frame};

use super::crowd::{Heard, Log, Progress, locked};

const PAUSE: Duration = Duration::from_millis(50);
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// How often it looks whether it shall go.
const TICK: Duration = Duration::from_millis(200);
/// The server pings a silent connection every 25 seconds: one that is silent for longer leads nowhere.
const SILENCE_LIMIT: Duration = Duration::from_secs(40);
const PAGE: usize = 100;

/// Somebody who listens.
pub struct Listener {
    targets: Vec<Target>,
    at: usize,
    log: Arc<Mutex<Log>>,
    progress: Arc<Progress>,
    socket: Option<Socket>,
}

impl Listener {
    pub fn new(
        targets: Vec<Target>,
        node: usize,
        log: Arc<Mutex<Log>>,
        progress: Arc<Progress>,
    ) -> Self {
        Self {
            targets,
            at: node,
            log,
            progress,
            socket: None,
        }
    }

    /// Joins for the first time, and notes where it begins.
    pub async fn begin(&mut self) -> Result<(), Failure> {
        let (user, conversation) = self.names();
        let mut socket = self.target()?.connect(&user).await?;
        let told = socket.join(&conversation, None).await?;
        locked(&self.log).base = whole(&told, "last_seq")?;
        self.socket = Some(socket);
        Ok(())
    }

    /// Lives until dismissed.
    pub async fn live(mut self) {
        while !self.progress.is_dismissed() {
            let ended = match self.socket.take() {
                Some(socket) => self.listen(socket).await,
                None => self.come_back().await,
            };
            if ended.is_err() {
                self.at += 1;
                sleep(PAUSE).await;
            }
        }
    }

    fn target(&self) -> Result<&Target, Failure> {
        let place = self.at % self.targets.len().max(1);
        Ok(self.targets.get(place).ok_or("no node")?)
    }

    fn names(&self) -> (String, String) {
        let log = locked(&self.log);
        (log.user.clone(), log.conversation.clone())
    }

    fn reached(&self) -> u64 {
        let log = locked(&self.log);
        log.heard.last().map_or(log.base, |heard| heard.seq)
    }

    async fn listen(&mut self, mut socket: Socket) -> Result<(), Failure> {
        let mut silent = Duration::ZERO;
        while !self.progress.is_dismissed() {
            let Ok(told) = timeout(TICK, socket.next()).await else {
                silent += TICK;
                if silent > SILENCE_LIMIT {
                    return Err("the connection is silent".into());
                }
                continue;
            };
            silent = Duration::ZERO;
            if let Frame::Message(message) = frame::read(&told?) {
                self.note(message.seq, message.body);
            }
        }
        Ok(())
    }

    async fn come_back(&mut self) -> Result<(), Failure> {
        let (user, conversation) = self.names();
        let after = self.reached();
        let target = self.target()?.clone();
        let mut socket = timeout(CONNECT_LIMIT, target.connect(&user)).await??;
        let told = timeout(CONNECT_LIMIT, socket.join(&conversation, Some(after))).await??;
        if told.get("recovered").and_then(Value::as_bool) == Some(true) {
            for message in list(&told, "messages")? {
                self.note(whole(message, "seq")?, text(message, "body")?);
            }
        } else {
            let last = whole(&told, "last_seq")?;
            self.read(&target, (&user, &conversation), last).await?;
        }
        self.socket = Some(socket);
        Ok(())
    }

    /// Reads what it has not, up to a seq.
    async fn read(
        &self,
        target: &Target,
        (user, conversation): (&str, &str),
        last: u64,
    ) -> Result<(), Failure> {
        while self.reached() < last {
            let after = self.reached();
            let path = format!("/conversations/{conversation}/messages?after={after}&limit={PAGE}");
            let page = answer(target.get(user, &path)?).await?;
            let items = list(&page, "items")?;
            if items.is_empty() {
                return Ok(());
            }
            for message in items {
                self.note(whole(message, "seq")?, text(message, "body")?);
            }
        }
        Ok(())
    }

    fn note(&self, seq: u64, body: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let at = now.map_or(0, |now| i64::try_from(now.as_micros()).unwrap_or(i64::MAX));
        let body = body.to_owned();
        locked(&self.log).heard.push(Heard {
            seq,
            body,
            at,
            node: self.at % self.targets.len().max(1),
        });
    }
}
