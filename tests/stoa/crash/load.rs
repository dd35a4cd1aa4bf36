//! The process that holds all clients. It tells the number of acknowledged sends twenty times a second, and ends when
//! its input ends and everything has settled: all sends acknowledged, all listeners at the end, all history read once more.

use std::io::{Write, read_to_string, stdin, stdout};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::sleep;

use crate::drive::Failure;
use crate::drive::client::{SECRET, Target, answer, whole};

use super::log::{Author, Log};
use super::member::{Member, MemberState, Progress, listed, read_history};
use crate::drive::polling::poll;

const CONVERSATIONS: usize = 40;
/// A sender and two who listen.
const PEOPLE: usize = 3;
/// All senders together; the floor is 5,000.
const SENDS_PER_SECOND: f64 = 9_000.0;
const REPORT: Duration = Duration::from_millis(50);
const SETTLE_LIMIT: Duration = Duration::from_secs(120);

/// What each report begins with.
pub const REPORTED: &str = "acknowledged ";

struct Conversation {
    id: String,
    /// The sender first.
    people: Vec<String>,
    states: Vec<Rc<MemberState>>,
    lives: Vec<JoinHandle<Result<(), String>>>,
}

/// Plays the role.
pub fn run(folder: &Path, address: &str) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(LocalSet::new().run_until(load(folder.to_owned(), address)))
}

async fn load(folder: PathBuf, address: &str) -> Result<(), Failure> {
    let target = Target::new(address, SECRET)?;
    let progress = Rc::new(Progress {
        acknowledged: 0.into(),
        is_ending: false.into(),
        pace: SENDS_PER_SECOND / CONVERSATIONS as f64,
    });
    let mut conversations = Vec::new();
    for number in 0..CONVERSATIONS {
        conversations.push(open(&folder, &target, &progress, number).await?);
    }
    spawn_local(report(progress.clone()));
    end_of_input().await?;
    progress.is_ending.set(true);
    let settled = conversations.into_iter().map(|conversation| {
        let (folder, target) = (folder.clone(), target.clone());
        spawn_local(async move {
            settle(&folder, &target, conversation)
                .await
                .map_err(|failure| failure.to_string())
        })
    });
    for settled in settled.collect::<Vec<_>>() {
        settled.await??;
    }
    Ok(())
}

async fn open(
    folder: &Path,
    target: &Target,
    progress: &Rc<Progress>,
    number: usize,
) -> Result<Conversation, Failure> {
    let people: Vec<String> = (0..PEOPLE)
        .map(|index| format!("member-{number}-{index}"))
        .collect();
    let conversation = target.converse(&people).await?;
    let (mut states, mut lives) = (Vec::new(), Vec::new());
    for (index, user) in people.iter().enumerate() {
        let author = Author {
            conversation: conversation.clone(),
            user: user.clone(),
            is_fresh: false,
        };
        let state = Rc::new(MemberState::default());
        let member = Member {
            target: target.clone(),
            user: user.clone(),
            conversation: conversation.clone(),
            is_sender: index == 0,
            progress: progress.clone(),
            log: Log::create(folder, &author)?,
            state: state.clone(),
        };
        lives.push(spawn_local(async move {
            member.live().await.map_err(|failure| failure.to_string())
        }));
        states.push(state);
    }
    Ok(Conversation {
        id: conversation,
        people,
        states,
        lives,
    })
}

async fn report(progress: Rc<Progress>) {
    loop {
        let _ = writeln!(stdout(), "{REPORTED}{}", progress.acknowledged.get());
        sleep(REPORT).await;
    }
}

async fn end_of_input() -> Result<(), Failure> {
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = read_to_string(stdin());
        let _ = ended.send(());
    });
    Ok(end.await?)
}

/// Waits until nothing is on its way, then reads everything once more as somebody who comes new.
async fn settle(folder: &Path, target: &Target, conversation: Conversation) -> Result<(), Failure> {
    let Conversation {
        id,
        people,
        states,
        lives,
    } = conversation;
    wait_for("all sends to be acknowledged", &states, |state| {
        state.unacknowledged.get() == 0
    })
    .await?;
    let user = people.first().ok_or("a conversation without people")?;
    let last_seq = whole(
        &answer(target.get(user, &format!("/conversations/{id}"))?).await?,
        "last_seq",
    )?;
    wait_for("all listeners to reach the end", &states, |state| {
        state.highest.get() >= Some(last_seq)
    })
    .await?;
    states.iter().for_each(|state| state.is_dismissed.set(true));
    for life in lives {
        life.await??;
    }
    let mut log = Log::create(
        folder,
        &Author {
            conversation: id.clone(),
            user: user.clone(),
            is_fresh: true,
        },
    )?;
    for message in read_history((target, user, &id), 0, last_seq).await? {
        log.received(&listed(&message)?)?;
    }
    log.flush()
}

async fn wait_for(
    what: &str,
    states: &[Rc<MemberState>],
    is_done: impl Fn(&MemberState) -> bool,
) -> Result<(), Failure> {
    let look = async || match states.iter().find(|state| !is_done(state)) {
        Some(late) => Err(late.trouble.borrow().clone()),
        None => Ok(()),
    };
    Ok(poll(what, SETTLE_LIMIT, look).await?)
}
