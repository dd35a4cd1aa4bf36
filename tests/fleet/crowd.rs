//! Native clients on several nodes, in a thread of their own: some send, some listen. A client that loses a node continues at the next one.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::task::{LocalSet, spawn_local};

use crate::drive::Failure;
use crate::drive::client::Target;
use crate::drive::polling::poll_blocking;

use super::listening::Listener;
use super::sending::Sender;

/// How long the last messages may take to be acknowledged.
const SENDERS_LIMIT: Duration = Duration::from_secs(60);

/// Who takes part, and where.
pub struct Cast {
    /// The nodes; a client that loses one goes on at the next.
    pub targets: Vec<Target>,
    pub conversations: usize,
    /// Between two messages of a sender.
    pub pause: Duration,
}

/// What the clients and their observers share.
#[derive(Default)]
pub struct Progress {
    /// Set when nobody sends anything new.
    pub is_ending: AtomicBool,
    /// Senders that have not finished.
    pub sending: AtomicUsize,
    /// Set when listeners shall go.
    pub is_dismissed: AtomicBool,
    /// The client id of each acknowledged message, with its seq.
    pub acknowledged: Mutex<Vec<Acknowledged>>,
    pub wrong: Mutex<Vec<String>>,
}

/// A message that was acknowledged.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    pub conversation: String,
    pub client_id: String,
    pub seq: u64,
}

/// A message that a listener heard.
#[derive(Clone, Debug)]
pub struct Heard {
    pub seq: u64,
    pub body: String,
    /// Microseconds since 1970.
    pub at: i64,
    /// The place of the node at which it was heard: a listener that loses one goes on at the next.
    pub node: usize,
}

/// Everything that a listener heard, in the order in which it did.
#[derive(Clone, Debug)]
pub struct Log {
    pub user: String,
    pub conversation: String,
    /// The seq after which it listens.
    pub base: u64,
    pub heard: Vec<Heard>,
}

/// The thread with all clients.
pub struct Crowd {
    pub progress: Arc<Progress>,
    /// One for each listener.
    pub logs: Vec<Arc<Mutex<Log>>>,
    thread: Thread,
}

impl Progress {
    pub fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Relaxed)
    }

    pub fn is_dismissed(&self) -> bool {
        self.is_dismissed.load(Ordering::Relaxed)
    }

    pub fn note_wrong(&self, what: String) {
        locked(&self.wrong).push(what);
    }
}

/// The content of a lock, also after a panic.
pub fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Crowd {
    /// Makes the conversations and starts everybody.
    pub fn start(cast: Cast) -> Result<Self, Failure> {
        let progress = Arc::new(Progress::default());
        let (ready, is_ready) = std::sync::mpsc::channel();
        let shared = Arc::clone(&progress);
        let thread: Thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = runtime.map_err(|failure| failure.to_string())?;
            let play = async {
                let (parts, logs) = prepare(&cast, &shared)
                    .await
                    .map_err(|failure| failure.to_string())?;
                let _nobody_waits = ready.send(logs);
                for part in parts {
                    part.await.map_err(|failure| failure.to_string())?;
                }
                Ok(())
            };
            runtime.block_on(LocalSet::new().run_until(play))
        });
        let Ok(logs) = is_ready.recv() else {
            return Err(ended(thread).err().unwrap_or_else(|| "no clients".into()));
        };
        Ok(Self {
            progress,
            logs,
            thread,
        })
    }

    /// Lets all senders finish what they have begun, and waits until the listeners have gone too.
    pub fn end(
        self,
        until_all_is_heard: impl FnOnce(&[Arc<Mutex<Log>>]),
    ) -> Result<Vec<Log>, Failure> {
        self.progress.is_ending.store(true, Ordering::Relaxed);
        let sending = || match self.progress.sending.load(Ordering::Relaxed) {
            0 => Ok(()),
            count => Err(format!("{count} send")),
        };
        poll_blocking("all senders to finish", SENDERS_LIMIT, sending)?;
        until_all_is_heard(&self.logs);
        self.progress.is_dismissed.store(true, Ordering::Relaxed);
        ended(self.thread)?;
        Ok(self.logs.iter().map(|log| locked(log).clone()).collect())
    }
}

fn ended(thread: Thread) -> Result<(), Failure> {
    Ok(thread.join().map_err(|_| "the clients panicked")??)
}

type Thread = JoinHandle<Result<(), String>>;
type Parts = Vec<tokio::task::JoinHandle<()>>;

async fn prepare(
    cast: &Cast,
    progress: &Arc<Progress>,
) -> Result<(Parts, Vec<Arc<Mutex<Log>>>), Failure> {
    let (mut parts, mut logs) = (Vec::new(), Vec::new());
    let nodes = cast.targets.len();
    for number in 0..cast.conversations {
        // In every other conversation one node's sender is alone: nothing that other nodes write shows them that they miss something.
        let places: Vec<usize> = match number % 2 {
            0 => vec![(number / 2) % nodes.max(1)],
            _ => (0..nodes).collect(),
        };
        let name = |role: &str, place: usize| format!("{role}-{number}-{place}");
        let senders = places.iter().map(|place| name("sender", *place));
        let people: Vec<String> = senders
            .chain((0..nodes).map(|place| name("listener", place)))
            .collect();
        let target = cast.targets.first().ok_or("no node")?;
        let conversation = target.converse(&people).await?;
        for node in 0..nodes {
            let log = Arc::new(Mutex::new(Log {
                user: name("listener", node),
                conversation: conversation.clone(),
                base: 0,
                heard: Vec::new(),
            }));
            let (kept, progress) = (Arc::clone(&log), Arc::clone(progress));
            let mut listener = Listener::new(cast.targets.clone(), node, kept, progress);
            listener.begin().await?;
            logs.push(log);
            parts.push(spawn_local(listener.live()));
        }
        for node in places {
            let sender = Sender::new(
                cast.targets.clone(),
                node,
                name("sender", node),
                conversation.clone(),
                Arc::clone(progress),
            );
            progress.sending.fetch_add(1, Ordering::Relaxed);
            parts.push(spawn_local(sender.live(cast.pause)));
        }
    }
    Ok((parts, logs))
}
