//! The people of a thread: its homeowner, its contractors, and how each is shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::addresses::Addresses;
use crate::domain::access::Privilege;
use crate::domain::conversation::{Conversation, Participant};
use crate::domain::ids::{UserId, UserNo};
use crate::domain::principal::Principal;

/// The role of whose lead it is.
pub(super) const HOMEOWNER: &str = "homeowner";
/// The role of those who offer the work.
pub(super) const CONTRACTOR: &str = "contractor";

/// A user.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuotexbertUser)]
pub struct UserRow {
    /// The platform's id
    id: String,
    /// Their e-mail address, if the caller sees it; otherwise their name, or their id: what the client shows
    email: String,
    /// The name to show
    name: Option<String>,
    /// What a contractor shows of themselves
    contractor_profile: Option<ContractorProfile>,
    /// What a homeowner shows of themselves
    homeowner_profile: Option<HomeownerProfile>,
}

/// What a contractor shows of themselves.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuotexbertContractorProfile)]
pub struct ContractorProfile {
    company_name: Option<String>,
    profile_photo: Option<String>,
}

/// What a homeowner shows of themselves.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuotexbertHomeownerProfile)]
pub struct HomeownerProfile {
    name: Option<String>,
    profile_photo: Option<String>,
}

impl UserRow {
    /// The platform's id.
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

/// The people of a thread as one caller sees them.
pub(super) struct ThreadPeople<'a> {
    people: Vec<&'a Participant>,
    caller: &'a Principal,
    addresses: &'a Addresses,
    system: &'a str,
}

impl<'a> ThreadPeople<'a> {
    /// The participants, present and past.
    pub(super) fn new(
        people: impl IntoIterator<Item = &'a Participant>,
        caller: &'a Principal,
        addresses: &'a Addresses,
        system: &'a str,
    ) -> Self {
        Self {
            people: people.into_iter().collect(),
            caller,
            addresses,
            system,
        }
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'a Participant> {
        self.people.iter().copied()
    }

    fn present(&self) -> impl Iterator<Item = &'a Participant> {
        self.iter().filter(|person| person.takes_part())
    }

    /// Whose lead it is; the one who began the thread, where nobody has the role.
    pub(super) fn homeowner(&self, conversation: &Conversation) -> Option<&'a Participant> {
        let mut people = self.iter();
        let homeowner = people.find(|person| person.role == HOMEOWNER);
        homeowner.or_else(|| self.iter().find(|it| it.id == conversation.created_by))
    }

    /// The first contractor who takes part.
    pub(super) fn contractor(&self) -> Option<&'a Participant> {
        self.present().find(|person| person.role == CONTRACTOR)
    }

    /// Who takes part under this id.
    pub(super) fn present_as(&self, id: &UserId) -> Option<&'a Participant> {
        self.present().find(|person| person.id == *id)
    }

    /// To whom a message is: whom its sender named, else the first of the others, the homeowner before all.
    pub(super) fn recipient(&self, sender: UserNo, named: Option<&str>) -> Option<&'a Participant> {
        let named = named.and_then(|id| self.iter().find(|person| person.id.as_str() == id));
        let others = || self.iter().filter(|person| person.no != sender);
        let homeowner = || others().find(|person| person.role == HOMEOWNER);
        named.or_else(homeowner).or_else(|| others().next())
    }

    /// A participant.
    pub(super) fn row(&self, person: &Participant) -> UserRow {
        let (name, photo) = (person.name.clone(), person.avatar_url.clone());
        UserRow {
            id: person.id.to_string(),
            email: self.shown(person),
            contractor_profile: (person.role == CONTRACTOR).then(|| ContractorProfile {
                company_name: name.clone(),
                profile_photo: photo.clone(),
            }),
            homeowner_profile: (person.role == HOMEOWNER).then(|| HomeownerProfile {
                name: name.clone(),
                profile_photo: photo.clone(),
            }),
            name,
        }
    }

    /// Somebody who takes no part, as staff who speak; the system where the id is empty.
    pub(super) fn other(&self, id: &UserId) -> UserRow {
        let is_system = id.as_str().is_empty();
        let shown = if is_system { self.system } else { id.as_str() };
        UserRow {
            id: shown.to_owned(),
            email: if is_system { "System" } else { shown }.to_owned(),
            name: is_system.then(|| "System".to_owned()),
            contractor_profile: None,
            homeowner_profile: None,
        }
    }

    /// Nobody, where a lead has no homeowner.
    pub(super) fn nobody(&self) -> UserRow {
        UserRow {
            id: String::new(),
            email: String::new(),
            name: None,
            contractor_profile: None,
            homeowner_profile: None,
        }
    }

    /// What is shown of the participant with this id.
    pub(super) fn named(&self, id: &UserId) -> String {
        let person = self.iter().find(|person| person.id == *id);
        person.map_or_else(|| id.to_string(), |person| self.shown(person))
    }

    /// What the client shows of a participant.
    fn shown(&self, person: &Participant) -> String {
        let address = self.address(person).or(person.name.as_deref());
        address.unwrap_or(person.id.as_str()).to_owned()
    }

    /// The caller's own address, and those of whoever takes part where the caller does.
    fn address(&self, person: &Participant) -> Option<&str> {
        if person.no == self.caller.no {
            return self.caller.profile.email.as_deref();
        }
        let address = self.addresses.of(person.no);
        address.filter(|_| self.sees_addresses() && person.takes_part())
    }

    fn sees_addresses(&self) -> bool {
        let own = self.present().find(|person| person.no == self.caller.no);
        let takes_part = own.is_some_and(|own| own.may_read().is_ok());
        takes_part || self.caller.roles.may(Privilege::SeeEmailAddresses)
    }
}
