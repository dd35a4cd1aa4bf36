//! Applies a creation request to a conversation that exists already. Everything that can refuse is checked first, so that a refused
//! request changes nothing.

use chrono::{DateTime, Utc};
use serde_json::Value;
use std::sync::Arc;

use super::flows::WantedDeal;
use crate::domain::access::beginning::MayStart;
use crate::domain::access::{Admission, Denied, Privilege};
use crate::domain::command::Command;
use crate::domain::conversation::{ConversationKind, Membership};
use crate::domain::flow::Phase;
use crate::domain::ids::{ConversationId, UserId, UserNo};
use crate::domain::message::Content;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::Loaded;
use crate::edge::http::{AppState, Failure};
use crate::error::Error;
use crate::room::state::State;
use crate::store::conversations::Key;
use crate::store::{beginning, replay};

/// How often beginning a deal is retried because the conversation changed meanwhile.
const ATTEMPTS: u32 = 3;

/// What a request changes in an existing conversation.
#[derive(Default)]
pub(in crate::edge) struct Wish {
    /// The title; used only if the platform describes the subject.
    pub(in crate::edge) title: Option<String>,
    /// The subject's card; used only if the platform gives it.
    pub(in crate::edge) card: Option<Value>,
    /// The roles that the platform assigns.
    pub(in crate::edge) roles: Vec<(UserId, String)>,
    /// The roles that people must have there; another conversation is not the one that is meant.
    pub(in crate::edge) sides: Vec<(UserNo, &'static str)>,
    /// The deal to begin.
    pub(in crate::edge) deal: Option<WantedDeal>,
    /// The message that the caller sends.
    pub(in crate::edge) message: Option<Arc<Content>>,
}

impl Wish {
    /// Makes all the changes, or refuses all of them.
    pub(in crate::edge) async fn carry_out(
        self,
        server: &AppState,
        caller: &Arc<Principal>,
        id: ConversationId,
    ) -> Result<(), Failure> {
        let found = read(server, id).await?;
        must_be_accepted(server, caller, &found).await?;
        let now = server.deps.room.pool.clock().now();
        for command in self.changes(found, caller, now)? {
            let rooms = &server.deps.rooms;
            rooms.ask(id, Arc::clone(caller), command).await?;
        }
        if let Some(deal) = &self.deal {
            begin(server, caller, id, deal).await?;
        }
        if let Some(content) = self.message {
            let said = Command::Send(content);
            let rooms = &server.deps.rooms;
            rooms.ask(id, Arc::clone(caller), said).await?;
        }
        Ok(())
    }

    /// The commands to give first, or why the request is refused. Pure.
    fn changes(
        &self,
        mut found: Loaded,
        caller: &Principal,
        now: DateTime<Utc>,
    ) -> Result<Vec<Command>, Error> {
        must_be_let_in(&found, caller).map_err(Refusal::from)?;
        self.must_have_its_sides(&found)?;
        let mut commands = returns(&mut found, caller);
        if caller.roles.may(Privilege::DescribeSubjects) {
            commands.extend(self.description());
        }
        if caller.roles.may(Privilege::AssignRoles) {
            commands.extend(self.assignments(&mut found));
        }
        if let Some(deal) = &self.deal {
            deal.first_step_in(&found, caller, now)?;
        }
        if let Some(content) = &self.message {
            State::new(found).may_send(caller, content)?;
        }
        Ok(commands)
    }

    fn must_have_its_sides(&self, found: &Loaded) -> Result<(), Refusal> {
        let has = |(no, role): &(UserNo, &str)| {
            let mut people = found.participants.iter();
            people.any(|person| person.no == *no && person.role == *role)
        };
        match self.sides.iter().all(has) {
            true => Ok(()),
            false => Err(Refusal::Conflict(
                "The conversation exists already, and its participants have other roles",
            )),
        }
    }

    fn description(&self) -> Option<Command> {
        let (title, card) = (self.title.clone(), self.card.clone()?);
        Some(Command::DescribeSubject { title, card })
    }

    /// The roles of a running deal do not change.
    fn assignments(&self, found: &mut Loaded) -> Vec<Command> {
        let deal = found.conversation.flow.as_ref();
        if deal.is_some_and(|deal| deal.phase == Phase::Running) {
            return Vec::new();
        }
        let mut commands = Vec::new();
        for (user, role) in &self.roles {
            let mut people = found.participants.iter_mut();
            let person = people.find(|person| person.id == *user);
            let Some(person) = person.filter(|person| person.takes_part()) else {
                continue;
            };
            person.role.clone_from(role);
            commands.push(Command::AssignRole {
                user: user.clone(),
                role: role.clone(),
            });
        }
        commands
    }
}

async fn read(server: &AppState, id: ConversationId) -> Result<Loaded, Failure> {
    let pool = &server.deps.room.pool;
    let read = pool.run(move |connection| replay::load(connection, Key::Id(id)));
    Ok(read.await?.ok_or(Refusal::ConversationNotFound)?)
}

/// Refuses a caller who may neither read the conversation nor return to it.
fn must_be_let_in(found: &Loaded, caller: &Principal) -> Result<(), Denied> {
    let mut people = found.participants.iter();
    let own = people.find(|person| person.no == caller.no);
    Admission::of(own, found.conversation.kind, caller.roles).map(drop)
}

/// Refuses a person who would bring somebody back who does not accept it.
async fn must_be_accepted(
    server: &AppState,
    caller: &Principal,
    found: &Loaded,
) -> Result<(), Failure> {
    let others = found.participants.iter();
    let others = others.filter(|person| person.has_left() && person.no != caller.no);
    let left: Vec<i64> = others.map(|person| person.no.0).collect();
    let is_direct = found.conversation.kind == ConversationKind::Direct;
    let begins_freely = caller.roles.may(Privilege::BeginWithAnybody);
    if !is_direct || begins_freely || left.is_empty() {
        return Ok(());
    }
    let (pool, by) = (&server.deps.room.pool, caller.no);
    let read = pool.run(move |connection| beginning::relations(connection, by, &left));
    for (_, relation) in read.await? {
        relation.may_be_reached(MayStart::Anyone)?;
    }
    Ok(())
}

/// Commands that bring back those who left a direct conversation. The caller comes first: only a present participant may bring back
/// the other.
fn returns(found: &mut Loaded, caller: &Principal) -> Vec<Command> {
    if found.conversation.kind != ConversationKind::Direct {
        return Vec::new();
    }
    let people = found.participants.iter_mut();
    let mut left: Vec<_> = people.filter(|person| person.has_left()).collect();
    left.sort_by_key(|person| person.no != caller.no);
    let back = left.into_iter().map(|person| {
        person.membership = Membership::Present;
        Command::AddParticipant {
            user: person.id.clone(),
            role: None,
            history: None,
        }
    });
    back.collect()
}

/// Begins the deal, unless the conversation has it already.
async fn begin(
    server: &AppState,
    caller: &Principal,
    id: ConversationId,
    deal: &WantedDeal,
) -> Result<(), Failure> {
    for _ in 0..ATTEMPTS {
        let found = read(server, id).await?;
        let now = server.deps.room.pool.clock().now();
        let Some(first) = deal.first_step_in(&found, caller, now)? else {
            return Ok(());
        };
        match server.deps.deals.begin(id, first).await {
            Err(Error::Refused(Refusal::Conflict(_))) => {}
            begun => return Ok(begun?),
        }
    }
    Err(Refusal::Conflict("The conversation changed meanwhile: try again").into())
}
