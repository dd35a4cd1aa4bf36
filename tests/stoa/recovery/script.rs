//! What may happen in a script: what people do, what a client does, and what becomes of the server.

use proptest::prelude::*;
use std::fmt;
use stoa::domain::dialect::UserRoom;

/// Conversations of a script: of two people, a group, and a deal.
pub const CONVERSATIONS: usize = 3;
/// The conversation of the group, from which the listener is sent away.
pub const GROUP: usize = 1;
/// The conversation of the deal.
pub const DEAL: usize = 2;
/// Clients of a script: one in each dialect.
pub const CLIENTS: usize = 2;

/// What somebody does over REST. Numbers name conversations, people, and messages by the order in which they were said.
#[derive(Clone, Debug)]
pub enum Operation {
    Say(usize, usize),
    SayMany(usize, usize),
    Edit(usize),
    Delete(usize),
    Read(usize, usize, i64),
    Title(usize),
    Press,
}

/// How a client is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    WebSocket,
    Polling,
    /// Polling first, a WebSocket as soon as it is let in.
    Upgraded,
}

/// What a client does.
#[derive(Clone, Copy, Debug)]
pub enum Move {
    /// Its connection breaks; what it has not read is lost.
    Cut,
    /// It connects, and takes what it is told for so many milliseconds. A connection that it has still got is given up.
    ComeBack(Transport, u64),
    /// It reads for so many milliseconds.
    Listen(u64),
    Join(usize),
    /// As `Join`, but it does not wait for the answer.
    JoinUnheard(usize),
    Leave(usize),
    LeaveUnheard(usize),
    Speak(usize),
    UserRoom(UserRoom),
    /// As `UserRoom`, but it does not wait for the answer.
    UserRoomUnheard(UserRoom),
}

/// One step of a script.
#[derive(Clone, Debug)]
pub enum Step {
    Do(Operation),
    /// Several operations at once, while a client moves.
    Meanwhile(Vec<Operation>, usize, Move),
    Move(usize, Move),
    /// The listener is sent away from a conversation, and brought back.
    Remove(usize),
    Add(usize),
    /// A room is lost while people act.
    LoseRoom(usize, Vec<Operation>),
    /// A client joins while the answer cannot be read, and people act.
    JoinInVain(usize, usize, Vec<Operation>),
    /// The server stops and starts; the clients read what comes until then, or not.
    Restart(bool),
}

fn conversation() -> impl Strategy<Value = usize> {
    0..CONVERSATIONS
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        10 => (conversation(), 0..2usize).prop_map(|(conversation, who)| Operation::Say(conversation, who)),
        2 => (conversation(), 2..40usize).prop_map(|(conversation, count)| Operation::SayMany(conversation, count)),
        1 => (conversation(), 90..140usize).prop_map(|(conversation, count)| Operation::SayMany(conversation, count)),
        4 => (0..60usize).prop_map(Operation::Edit),
        2 => (0..60usize).prop_map(Operation::Delete),
        4 => (conversation(), 0..3usize, 0..4i64).prop_map(|(conversation, who, back)| Operation::Read(conversation, who, back)),
        3 => conversation().prop_map(Operation::Title),
        4 => Just(Operation::Press),
    ]
}

fn transport() -> impl Strategy<Value = Transport> {
    prop_oneof![
        3 => Just(Transport::WebSocket),
        2 => Just(Transport::Polling),
        1 => Just(Transport::Upgraded),
    ]
}

fn user_room() -> impl Strategy<Value = UserRoom> {
    prop::sample::select(&[UserRoom::Joined, UserRoom::Left][..])
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => Just(Move::Cut),
        6 => (transport(), 0..12u64).prop_map(|(transport, ms)| Move::ComeBack(transport, ms)),
        3 => (0..20u64).prop_map(Move::Listen),
        3 => conversation().prop_map(Move::Join),
        2 => conversation().prop_map(Move::JoinUnheard),
        1 => conversation().prop_map(Move::Leave),
        1 => conversation().prop_map(Move::LeaveUnheard),
        2 => conversation().prop_map(Move::Speak),
        2 => user_room().prop_map(Move::UserRoom),
        1 => user_room().prop_map(Move::UserRoomUnheard),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let client = || 0..CLIENTS;
    let operations = || prop::collection::vec(operation(), 1..5);
    prop_oneof![
        16 => operation().prop_map(Step::Do),
        8 => (operations(), client(), any_move()).prop_map(|(operations, who, what)| Step::Meanwhile(operations, who, what)),
        16 => (client(), any_move()).prop_map(|(who, what)| Step::Move(who, what)),
        1 => Just(Step::Remove(GROUP)),
        1 => Just(Step::Add(GROUP)),
        1 => (conversation(), operations()).prop_map(|(conversation, operations)| Step::LoseRoom(conversation, operations)),
        2 => (client(), conversation(), operations()).prop_map(|(who, conversation, operations)| Step::JoinInVain(who, conversation, operations)),
        1 => any::<bool>().prop_map(Step::Restart),
    ]
}

/// Steps, shown one on a line where a script fails.
#[derive(Clone)]
pub struct Script(pub Vec<Step>);

impl fmt::Debug for Script {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = self.0.iter();
        steps
            .map(|step| format!("{step:?}"))
            .try_for_each(|step| write!(formatter, "\n  {step}"))
    }
}

/// Scripts of so many steps at most.
pub fn scripts(longest: usize) -> impl Strategy<Value = Script> {
    prop::collection::vec(step(), 1..longest).prop_map(Script)
}
