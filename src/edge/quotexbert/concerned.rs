//! Whom a lead concerns, by the platform's description of it.

use serde_json::Value;

use super::people::{CONTRACTOR, HOMEOWNER};
use crate::domain::access::beginning::BlockBetween;
use crate::domain::ids::{UserId, UserNo};
use crate::domain::principal::Profile;
use crate::domain::refusal::Refusal;
use crate::edge::http::{AppState, Failure};
use crate::store::beginning::relations;
use crate::store::subjects::Described;

/// Somebody whom a lead concerns.
pub(super) struct Concerned {
    /// Their number.
    pub(super) no: UserNo,
    /// The platform's id.
    pub(super) id: UserId,
    /// What they are in the thread.
    pub(super) role: &'static str,
    /// Whether they or the homeowner have blocked the other.
    block: BlockBetween,
}

impl Concerned {
    /// Refuses those who would come to a homeowner whom they have blocked, or who has blocked them.
    pub(super) fn may_come(&self) -> Result<(), Refusal> {
        match self.block {
            BlockBetween::Free => Ok(()),
            BlockBetween::Blocked => Err(Refusal::Unreachable),
        }
    }
}

/// Whom a lead concerns: its homeowner, whom its data names or who comes first, and contractors.
pub(super) async fn people_of(
    server: &AppState,
    described: &Described,
) -> Result<Vec<Concerned>, Failure> {
    let named = |name: &str| {
        let data = described.data.as_ref()?;
        data.get(name).and_then(Value::as_str).map(str::to_owned)
    };
    let homeowner = named("homeownerId").or_else(|| described.people.first().cloned());
    let others = described.people.iter().cloned();
    let all = homeowner.into_iter().chain(others);
    let all = all.chain(named("contractorId"));
    let mut people: Vec<Concerned> = Vec::new();
    for id in all {
        let id = UserId::parse(&id, "people")?;
        let known = &server.deps.people;
        let (no, id, _) = known.remember(id, Profile::default()).await?;
        if people.iter().any(|person| person.no == no) {
            continue;
        }
        let role = if people.is_empty() {
            HOMEOWNER
        } else {
            CONTRACTOR
        };
        people.push(Concerned {
            no,
            id,
            role,
            block: BlockBetween::Free,
        });
    }
    with_blocks(server, people).await
}

/// The people with what stands between each and the homeowner, who is the first of them.
async fn with_blocks(
    server: &AppState,
    mut people: Vec<Concerned>,
) -> Result<Vec<Concerned>, Failure> {
    let Some((homeowner, others)) = people.split_first_mut() else {
        return Ok(people);
    };
    let homeowner = homeowner.no;
    let numbers: Vec<i64> = others.iter().map(|person| person.no.0).collect();
    let pool = &server.deps.room.pool;
    let read = pool.run(move |connection| relations(connection, homeowner, &numbers));
    for (no, relation) in read.await? {
        let person = others.iter_mut().find(|person| person.no == no);
        if let Some(person) = person {
            person.block = relation.block;
        }
    }
    Ok(people)
}
