//! Businesses, whose customers they answer here, and their staff.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use utoipa::ToSchema;

use super::ids::{BusinessNo, UserId, UserNo};
use super::refusal::Refusal;

/// The platform's id of a business: 1–128 characters of `A–Z a–z 0–9 . _ : @ -`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct BusinessId(Arc<str>);

impl BusinessId {
    /// Parses a text of that form; the refusal names `field`.
    pub fn parse(text: &str, field: &'static str) -> Result<Self, Refusal> {
        UserId::parse(text, field).map(|id| Self(id.as_str().into()))
    }

    /// An id from the database, which was parsed before it was stored.
    pub fn stored(text: String) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BusinessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A business as its conversations name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusinessRef {
    /// The number in the database.
    pub no: BusinessNo,
    /// The platform's id.
    pub id: BusinessId,
}

/// A business.
#[derive(Clone, Debug, PartialEq)]
pub struct Business {
    /// The number in the database.
    pub no: BusinessNo,
    /// The platform's id.
    pub id: BusinessId,
    /// The name to show.
    pub name: String,
    /// The time zone, such as `Europe/Berlin`.
    pub zone: Option<String>,
    /// The language, such as `en` or `pt-BR`.
    pub locale: Option<String>,
    /// The platform's own object.
    pub settings: Value,
    /// Rises with each change of the settings.
    pub settings_version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// What somebody does for a business. Each may do what those before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// Reads.
    Viewer,
    /// Answers customers.
    Agent,
    /// Manages conversations, viewers and agents.
    Manager,
    /// Manages everybody.
    Owner,
}

impl StaffRole {
    /// The name in the database and in APIs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Agent => "agent",
            Self::Manager => "manager",
            Self::Owner => "owner",
        }
    }

    /// The role with this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = [Self::Viewer, Self::Agent, Self::Manager, Self::Owner].into_iter();
        all.find(|one| one.name() == name)
    }
}

/// Somebody who is or was staff of a business.
#[derive(Clone, Debug, PartialEq)]
pub struct StaffMember {
    /// The number in the database.
    pub user: UserNo,
    /// What they do; `None` if they are not staff any more.
    pub role: Option<StaffRole>,
    /// The name that customers see.
    pub display_name: Option<String>,
    /// When that was last changed; a later change wins.
    pub changed_at: DateTime<Utc>,
}

/// A change of somebody's work for a business.
#[derive(Clone, Debug, PartialEq)]
pub struct StaffChange {
    /// The business.
    pub business: BusinessNo,
    /// The member afterwards.
    pub member: StaffMember,
}
