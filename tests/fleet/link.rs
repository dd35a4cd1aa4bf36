//! A way from a node to Redis or PostgreSQL that can be cut, stalled and made unreliable.

use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::sleep;

use crate::drive::Failure;

use super::random::Random;

/// What happens to the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// They pass.
    Open,
    /// Connections break, and new ones too.
    Cut,
    /// They wait, as with a cable that is pulled out.
    Stalled,
    /// Each piece waits for up to 2 seconds, and one connection in three breaks soon.
    Unreliable,
}

/// Where a way begins or ends.
#[derive(Clone, Debug)]
pub enum End {
    Tcp(String),
    Unix(PathBuf),
}

/// A way. It lasts as long as the program.
pub struct Link {
    state: watch::Sender<State>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}
type Bytes = Box<dyn Stream>;

const LONGEST_STALL: u64 = 2_000;
const LONGEST_LIFE: u64 = 3_000;
const PIECE: usize = 16 * 1_024;

impl Link {
    /// Opens a way that accepts connections at `from` and leads to `to`.
    pub fn open(from: End, to: End) -> Result<Self, Failure> {
        let (state, now) = watch::channel(State::Open);
        let (ready, is_ready) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let begun = runtime.map(|runtime| {
                runtime.block_on(LocalSet::new().run_until(accept(&from, &to, &now, &ready)))
            });
            let failed = begun.and_then(|ended| ended).err();
            let _heard = ready.send(failed.map_or(Ok(()), |failure| Err(failure.to_string())));
        });
        is_ready.recv()??;
        Ok(Self { state })
    }

    /// What happens from now on.
    pub fn set(&self, state: State) {
        self.state.send_replace(state);
    }
}

async fn accept(
    from: &End,
    to: &End,
    now: &watch::Receiver<State>,
    ready: &std::sync::mpsc::Sender<Result<(), String>>,
) -> std::io::Result<()> {
    let mut random = Random::of_now();
    let mut begin = |stream: Bytes| {
        let chance = Random(random.draw());
        spawn_local(lead(stream, to.clone(), now.clone(), chance));
    };
    match from {
        End::Tcp(address) => {
            let listener = TcpListener::bind(address).await?;
            let _heard = ready.send(Ok(()));
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                begin(Box::new(stream));
            }
        }
        End::Unix(path) => {
            let listener = UnixListener::bind(path)?;
            let _heard = ready.send(Ok(()));
            loop {
                begin(Box::new(listener.accept().await?.0));
            }
        }
    }
}

/// One connection, until an end closes it or the way is cut.
async fn lead(near: Bytes, to: End, now: watch::Receiver<State>, mut random: Random) {
    if *now.borrow() == State::Cut {
        return;
    }
    let Ok(far) = connect(&to).await else {
        return;
    };
    let breaks = random.draw().is_multiple_of(3);
    let life = random.between(0, LONGEST_LIFE);
    let (near, far) = (split(near), split(far));
    let (there, back) = (Random(random.draw()), Random(random.draw()));
    let (mut seen, mut cut) = (now.clone(), now.clone());
    let other = now.clone();
    let ways = async {
        tokio::select! {
            () = carry(near.0, far.1, now, there) => {}
            () = carry(far.0, near.1, other, back) => {}
        }
    };
    let soon = async {
        let unreliable = seen.wait_for(|state| *state == State::Unreliable).await;
        drop(unreliable);
        match breaks {
            true => sleep(life).await,
            false => std::future::pending().await,
        }
    };
    tokio::select! {
        () = ways => {}
        () = soon => {}
        _ = cut.wait_for(|state| *state == State::Cut) => {}
    }
}

async fn connect(to: &End) -> std::io::Result<Bytes> {
    Ok(match to {
        End::Tcp(address) => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Box::new(stream)
        }
        End::Unix(path) => Box::new(UnixStream::connect(path).await?),
    })
}

async fn carry(
    mut from: ReadHalf<Bytes>,
    mut to: WriteHalf<Bytes>,
    mut now: watch::Receiver<State>,
    mut random: Random,
) {
    let mut piece = vec![0; PIECE];
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        let passes = now.wait_for(|state| *state != State::Stalled).await;
        let Ok(state) = passes.map(|state| *state) else {
            return;
        };
        if state == State::Unreliable {
            sleep(random.between(0, LONGEST_STALL)).await;
        }
        let Some(bytes) = piece.get(..count) else {
            return;
        };
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
    let _end = to.shutdown().await;
    // What the other way still carries arrives before both are closed.
    sleep(Duration::from_millis(200)).await;
}
