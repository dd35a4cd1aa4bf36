//! Effects that change rooms and deals: through the same doors as what people do, in the platform's name.

use rules::{Effect, Place, Rooms, Selected};
use serde_json::{Map, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

use super::rooms::system_message;
use super::{Outcome, RuleDeps};
use crate::domain::command::{Command, ParticipantChange, SettingsChange};
use crate::domain::conversation::ConversationStatus;
use crate::domain::flow::FlowInput;
use crate::domain::ids::{ConversationId, UserId};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::events::EventRow;
use crate::store::participants;
use crate::store::rule_rooms::{self, Room};
use crate::store::rule_runs::PendingRun;

/// The id under which an effect says or presses something: the same whenever it is repeated, and another for each effect, rule, event and
/// conversation.
pub(super) fn client_id(
    event: &EventRow,
    run: &PendingRun,
    conversation: Option<ConversationId>,
) -> String {
    let place = run.done.to_string();
    let conversation = conversation.map(|id| id.to_string()).unwrap_or_default();
    let parts = [
        event.source.as_str(),
        &event.id,
        &run.rule,
        &place,
        &conversation,
    ];
    let digest = Sha256::digest(parts.join("\0"));
    let digits = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    format!("evt:{}", digits.collect::<String>())
}

/// Makes an effect take place in each of its conversations.
pub(super) async fn through(
    rules: &RuleDeps,
    event: &EventRow,
    run: &PendingRun,
    effect: Effect,
) -> Result<Outcome, Error> {
    let of = match &effect {
        Effect::People { rooms, .. }
        | Effect::Say { rooms, .. }
        | Effect::Press { rooms, .. }
        | Effect::Close { rooms } => rooms.clone(),
        _ => return Err(Error::internal("this effect changes no room")),
    };
    let found = open_rooms(rules, of).await?;
    if found.is_empty() {
        return Ok(Outcome::Nothing("there is no open room"));
    }
    let doors = Doors {
        rules,
        event,
        run,
        platform: Arc::new(Principal::platform()),
    };
    let mut outcome = Outcome::Took;
    for room in found {
        match doors.take_place(&effect, room).await? {
            Outcome::Took => {}
            other => outcome = other,
        }
    }
    Ok(outcome)
}

async fn open_rooms(rules: &RuleDeps, of: Rooms) -> Result<Vec<Room>, Error> {
    let read = move |connection: &mut _| rule_rooms::open_rooms(connection, &of);
    rules.room.pool.run(read).await
}

struct Doors<'a> {
    rules: &'a RuleDeps,
    event: &'a EventRow,
    run: &'a PendingRun,
    platform: Arc<Principal>,
}

impl Doors<'_> {
    async fn take_place(&self, effect: &Effect, room: Room) -> Result<Outcome, Error> {
        match effect {
            Effect::People {
                add, remove, roles, ..
            } => self.people(room, add, remove, roles).await,
            Effect::Say { text, .. } => {
                let id = client_id(self.event, self.run, Some(room.id));
                let said = Command::Send(Arc::new(system_message(id, text)));
                self.command(room, said).await
            }
            Effect::Press { action, .. } => self.press(room, action).await,
            Effect::Close { .. } => {
                let close = Command::ChangeSettings(SettingsChange {
                    status: Some(ConversationStatus::Closed),
                    ..SettingsChange::default()
                });
                self.command(room, close).await
            }
            _ => Err(Error::internal("this effect changes no room")),
        }
    }

    async fn command(&self, room: Room, command: Command) -> Result<Outcome, Error> {
        let platform = Arc::clone(&self.platform);
        let asked = self.rules.rooms.ask(room.id, platform, command).await;
        match asked {
            Ok(_) => Ok(Outcome::Took),
            // It was closed after it was found open.
            Err(Error::Refused(Refusal::ConversationClosed)) => {
                Ok(Outcome::Nothing("the room is closed"))
            }
            Err(error) => Err(error),
        }
    }

    /// Removes first, but nobody who is to be there afterwards: so a repeat changes nothing.
    async fn people(
        &self,
        room: Room,
        add: &[Place],
        remove: &[Selected],
        roles: &[Place],
    ) -> Result<Outcome, Error> {
        for user in self.removed(room, remove, add).await? {
            let gone = self
                .command(room, Command::RemoveParticipant { user })
                .await;
            match gone {
                Err(Error::Refused(Refusal::ParticipantNotFound)) => {}
                other => drop(other?),
            }
        }
        for place in add {
            let add = Command::AddParticipant {
                user: UserId::parse(&place.user, "user")?,
                role: Some(place.role.clone()),
                history: None,
            };
            self.command(room, add).await?;
        }
        for place in roles {
            let change = Command::ChangeParticipant {
                user: UserId::parse(&place.user, "user")?,
                change: ParticipantChange {
                    role: Some(place.role.clone()),
                    ..ParticipantChange::default()
                },
            };
            self.command(room, change).await?;
        }
        Ok(Outcome::Took)
    }

    async fn removed(
        &self,
        room: Room,
        remove: &[Selected],
        add: &[Place],
    ) -> Result<BTreeSet<UserId>, Error> {
        if remove.is_empty() {
            return Ok(BTreeSet::new());
        }
        let read = move |connection: &mut _| participants::of(connection, room.no);
        let people = self.rules.room.pool.run(read).await?;
        let stays = |id: &UserId| add.iter().any(|place| place.user == id.as_str());
        let is_meant = |id: &UserId, role: &str| {
            remove.iter().any(|whom| match whom {
                Selected::User(user) => user == id.as_str(),
                Selected::Role(wanted) => wanted == role,
                Selected::Participants => true,
            })
        };
        let present = people.into_iter().filter(|person| person.takes_part());
        let removed = present
            .filter(|person| is_meant(&person.id, &person.role) && !stays(&person.id))
            .map(|person| person.id);
        Ok(removed.collect())
    }

    /// Takes an action of the room's deal. A deal whose state does not allow it stays as it is.
    async fn press(&self, room: Room, action: &str) -> Result<Outcome, Error> {
        let press = FlowInput::Press {
            action: action.to_owned(),
            input: Map::new(),
            version: None,
        };
        let request_id = client_id(self.event, self.run, Some(room.id));
        let platform = Arc::clone(&self.platform);
        let deals = &self.rules.deals;
        let pressed = deals
            .press(room.id, platform, press, Some(request_id))
            .await;
        match pressed {
            Ok(_) => Ok(Outcome::Took),
            Err(Error::Refused(Refusal::FlowNotFound)) => {
                Ok(Outcome::Nothing("the room has no deal"))
            }
            Err(Error::Refused(Refusal::Flow(flow::Refusal::FlowStateInvalid(told)))) => {
                let state = json!({ "action": action, "state": told.current_state });
                Ok(Outcome::NotAllowed(state))
            }
            Err(error) => Err(error),
        }
    }
}
