//! What may happen in a script: what people do, what a client does, and what becomes of the server.

use proptest::prelude::*;
use std::fmt;

/// Conversations of a script: of two people, a group, and a deal.
pub const PLACES: usize = 3;
/// The place of the group, from which the listener is sent away.
pub const GROUP: usize = 1;
/// The place of the deal.
pub const DEAL: usize = 2;
/// Clients of a script: one in each dialect.
pub const CLIENTS: usize = 2;

/// What somebody does over REST. Numbers name places, people, and messages by the order in which they were said.
#[derive(Clone, Debug)]
pub enum Deed {
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
}

/// One step of a script.
#[derive(Clone, Debug)]
pub enum Step {
    Do(Deed),
    /// Several deeds at once, while a client moves.
    Meanwhile(Vec<Deed>, usize, Move),
    Move(usize, Move),
    /// The listener is sent away from a place, and brought back.
    Remove(usize),
    Add(usize),
    /// A room is lost while people act.
    LoseRoom(usize, Vec<Deed>),
    /// The server stops and starts; the clients read what comes until then, or not.
    Restart(bool),
}

fn place() -> impl Strategy<Value = usize> {
    0..PLACES
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        10 => (place(), 0..2usize).prop_map(|(place, who)| Deed::Say(place, who)),
        2 => (place(), 2..40usize).prop_map(|(place, count)| Deed::SayMany(place, count)),
        1 => (place(), 90..140usize).prop_map(|(place, count)| Deed::SayMany(place, count)),
        4 => (0..60usize).prop_map(Deed::Edit),
        2 => (0..60usize).prop_map(Deed::Delete),
        4 => (place(), 0..3usize, 0..4i64).prop_map(|(place, who, back)| Deed::Read(place, who, back)),
        3 => place().prop_map(Deed::Title),
        4 => Just(Deed::Press),
    ]
}

fn transport() -> impl Strategy<Value = Transport> {
    prop_oneof![
        3 => Just(Transport::WebSocket),
        2 => Just(Transport::Polling),
        1 => Just(Transport::Upgraded),
    ]
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => Just(Move::Cut),
        6 => (transport(), 0..12u64).prop_map(|(transport, ms)| Move::ComeBack(transport, ms)),
        3 => (0..20u64).prop_map(Move::Listen),
        3 => place().prop_map(Move::Join),
        2 => place().prop_map(Move::JoinUnheard),
        1 => place().prop_map(Move::Leave),
        1 => place().prop_map(Move::LeaveUnheard),
        2 => place().prop_map(Move::Speak),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let client = 0..CLIENTS;
    let deeds = || prop::collection::vec(deed(), 1..5);
    prop_oneof![
        16 => deed().prop_map(Step::Do),
        8 => (deeds(), client.clone(), any_move()).prop_map(|(deeds, who, what)| Step::Meanwhile(deeds, who, what)),
        16 => (client, any_move()).prop_map(|(who, what)| Step::Move(who, what)),
        1 => Just(Step::Remove(GROUP)),
        1 => Just(Step::Add(GROUP)),
        1 => (place(), deeds()).prop_map(|(place, deeds)| Step::LoseRoom(place, deeds)),
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
