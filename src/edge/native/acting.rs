//! The acting user that a payload may name: it must be the caller.

use serde::Deserialize;
use std::borrow::Cow;

use super::read::read;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::http::call::Call;
use crate::edge::http::refusals::Body;

/// The ids that a payload may give as the acting user.
#[derive(Debug, Default, Deserialize)]
pub struct Acting {
    #[serde(default)]
    sender_id: Option<String>,
    #[serde(default)]
    user_id: Option<String>,
}

/// As `Acting`, for a payload whose `user_id` is another user by its meaning.
#[derive(Deserialize)]
struct Sender<'a> {
    #[serde(borrow, default)]
    sender_id: Option<Cow<'a, str>>,
}

impl Acting {
    /// Parses the payload a second time if it may name a user; most payloads do not.
    pub fn of(payload: &str) -> Result<Self, Refusal> {
        let names_one = payload.contains("sender_id") || payload.contains("user_id");
        if names_one {
            read(payload)
        } else {
            Ok(Self::default())
        }
    }

    /// As `of`, without `user_id`.
    pub fn of_sender(payload: &str) -> Result<Self, Refusal> {
        let Sender { sender_id } = read(payload)?;
        Ok(Self {
            sender_id: sender_id.map(Cow::into_owned),
            user_id: None,
        })
    }

    /// Refuses a payload that names anybody but the caller.
    pub fn must_be(&self, caller: &Principal) -> Result<(), Refusal> {
        caller.must_be(self.sender_id.as_deref())?;
        caller.must_be(self.user_id.as_deref())
    }
}

impl<P> Call<P, Body> {
    /// The body, which names nobody but the caller as the one who acts.
    pub(super) fn own_body<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Refusal> {
        Acting::of(self.body.text())?.must_be(&self.caller)?;
        self.body.read()
    }

    /// As `own_body`, for a body whose `user_id` is somebody else by its nature.
    pub(super) fn own_body_about_a_user<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Refusal> {
        Acting::of_sender(self.body.text())?.must_be(&self.caller)?;
        self.body.read()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_are_read_and_neither_is_needed() {
        let both = Acting::of(r#"{"body":"x","sender_id":"a","user_id":"b"}"#).unwrap();
        assert_eq!(
            (both.sender_id.as_deref(), both.user_id.as_deref()),
            (Some("a"), Some("b"))
        );
        assert!(
            Acting::of(r#"{"body":"the user_id of a body"}"#)
                .unwrap()
                .user_id
                .is_none()
        );
        assert!(Acting::of(r#"{"user_id":5}"#).is_err());
        let sender = Acting::of_sender(r#"{"user_id":"b","sender_id":"a"}"#).unwrap();
        assert_eq!(
            (sender.sender_id.as_deref(), sender.user_id),
            (Some("a"), None)
        );
    }
}
