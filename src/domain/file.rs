//! Files: their ids, states and purposes, and what a message knows of the files that it shows.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

use super::refusal::Refusal;

/// A file's public id, a UUIDv7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileId(pub Uuid);

impl FileId {
    /// A new id; ids sort by creation time.
    pub fn fresh() -> Self {
        Self(Uuid::now_v7())
    }

    /// Parses the text form of a UUID; the refusal names `field`.
    pub fn parse(
        text: &str,
        field: impl Into<std::borrow::Cow<'static, str>>,
    ) -> Result<Self, Refusal> {
        match Uuid::try_parse(text) {
            Ok(id) if text.len() == 36 => Ok(Self(id)),
            Ok(_) | Err(_) => Err(Refusal::invalid(field, "must be a UUID")),
        }
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A file's number in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileNo(pub i64);

/// How far a file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// Its bytes are coming.
    Uploading,
    /// All bytes have come and are being checked.
    Checking,
    /// It can be sent and downloaded.
    Ready,
    /// The check refused it; its bytes are deleted.
    Refused,
    /// Its bytes are being deleted.
    Dropping,
    /// Its bytes are deleted.
    Gone,
}

impl FileState {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Uploading,
        Self::Checking,
        Self::Ready,
        Self::Refused,
        Self::Dropping,
        Self::Gone,
    ];

    /// The name in APIs and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uploading => "uploading",
            Self::Checking => "checking",
            Self::Ready => "ready",
            Self::Refused => "refused",
            Self::Dropping => "dropping",
            Self::Gone => "gone",
        }
    }

    /// The state with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Why a file in this state, which its check refused for this reason if for any, cannot be sent; `None` if it can.
    pub fn problem(self, unfit: Option<Unfit>) -> Option<FileProblem> {
        match self {
            Self::Ready => None,
            Self::Uploading | Self::Checking => Some(FileProblem::NotReady),
            Self::Refused => Some(FileProblem::Refused(unfit.unwrap_or(Unfit::Other))),
            Self::Dropping | Self::Gone => Some(FileProblem::Gone),
        }
    }
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A message shows it.
    Message,
    /// A message is it: a recording.
    Voice,
    /// A user's picture.
    Avatar,
}

impl Purpose {
    const ALL: [Self; 3] = [Self::Message, Self::Voice, Self::Avatar];

    /// The name in APIs and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Voice => "voice",
            Self::Avatar => "avatar",
        }
    }

    /// The purpose with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }

    /// Parses a name.
    pub fn parse(name: &str) -> Result<Self, Refusal> {
        Self::named(name)
            .ok_or_else(|| Refusal::invalid("purpose", "must be message, voice or avatar"))
    }
}

/// Why the check of a file refused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    /// A recording must be audio of a type that browsers play.
    NotAudio,
    /// A user's picture must be an image of a type that browsers show.
    NotAnImage,
    /// A recording must play for at most 10 minutes.
    TooLong,
    /// The virus scanner found something in it.
    Infected,
    /// It is larger than the virus scanner takes.
    Unscanned,
    /// A reason that this version does not know.
    Other,
}

impl Unfit {
    const ALL: [Self; 5] = [
        Self::NotAudio,
        Self::NotAnImage,
        Self::TooLong,
        Self::Infected,
        Self::Unscanned,
    ];

    /// The name in APIs and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotAudio => "not_audio",
            Self::NotAnImage => "not_an_image",
            Self::TooLong => "too_long",
            Self::Infected => "infected",
            Self::Unscanned => "unscanned",
            Self::Other => "other",
        }
    }

    /// The reason with this name.
    pub fn named(name: &str) -> Self {
        let mut all = Self::ALL.into_iter();
        all.find(|unfit| unfit.name() == name)
            .unwrap_or(Self::Other)
    }

    /// The sentence that a person reads.
    pub fn message(self) -> &'static str {
        match self {
            Self::NotAudio => "A recording must be MP4 audio, WebM, Ogg, MP3 or WAV",
            Self::NotAnImage => "A picture must be JPEG, PNG, GIF, WebP or AVIF",
            Self::TooLong => "A recording must play for at most 10 minutes",
            Self::Infected => "A virus was found in the file",
            Self::Unscanned => "The file is too large to be searched for viruses",
            Self::Other => "The file was refused when it was checked",
        }
    }
}

/// The check of a file has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckEnd {
    /// The file.
    pub file: FileId,
    /// Why it was refused; `None` if it is ready.
    pub refusal: Option<Unfit>,
}

/// Why a file cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileProblem {
    /// No file has this id, or another user uploaded it.
    Missing,
    /// It is still uploaded or checked.
    NotReady,
    /// The check refused it.
    Refused(Unfit),
    /// It was deleted.
    Gone,
}

impl From<FileProblem> for Refusal {
    fn from(problem: FileProblem) -> Self {
        match problem {
            FileProblem::Missing => Self::FileNotFound,
            FileProblem::NotReady => Self::FileNotReady,
            FileProblem::Refused(unfit) => Self::FileRefused(unfit),
            FileProblem::Gone => Self::FileGone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for state in FileState::ALL {
            assert_eq!(FileState::named(state.name()), Some(state));
        }
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::named(purpose.name()), Some(purpose));
        }
        for unfit in Unfit::ALL {
            assert_eq!(Unfit::named(unfit.name()), unfit);
        }
        assert_eq!(FileState::named("Ready"), None);
    }

    #[test]
    fn only_a_ready_file_can_be_sent() {
        let fit = FileState::ALL
            .into_iter()
            .filter(|state| state.problem(None).is_none());
        assert_eq!(fit.collect::<Vec<_>>(), [FileState::Ready]);
        let temporary = FileState::Checking.problem(None).map(Refusal::from);
        assert!(temporary.is_some_and(|refusal| refusal.is_temporary()));
    }
}
