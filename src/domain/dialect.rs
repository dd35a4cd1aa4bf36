//! The dialect of a connection. Rooms and queues carry it; only `edge` knows what it stands for.

/// A dialect: its index in the table of `edge`, and what it needs from rooms.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    index: u8,
    name: &'static str,
    needs: Needs,
}

/// What a dialect needs from rooms in addition to the events that every connection gets.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// A deal's context and its open cards, with every event.
    pub deal_memory: bool,
    /// Separate events for the parts of a deal's step: what a person pressed or typed, where the conversation stands, a payment.
    pub acts: bool,
    /// Events to users wherever they are online, beside those of conversations, for connections that have joined their user's room.
    pub user_events: bool,
    /// The newest message up to each watermark, when watermarks are sent again.
    pub messages_of_marks: bool,
    /// The unread counts of conversations that a connection has not joined, whenever they change.
    pub unread_changes: bool,
    /// The newest messages in the answer to every join, also to a client that has joined already or gets what it missed as events.
    pub newest_messages: bool,
    /// Who joins and leaves a conversation, as a listener and not as a participant.
    pub attendance: bool,
}

/// Whether a connection receives the events of its user's room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserRoom {
    /// It has asked for that.
    Joined,
    /// It has not, or has asked for no more of it.
    Left,
}

impl UserRoom {
    /// As a flag says that keeps it.
    pub const fn of(is_joined: bool) -> Self {
        match is_joined {
            true => Self::Joined,
            false => Self::Left,
        }
    }

    /// As a flag.
    pub const fn is_joined(self) -> bool {
        matches!(self, Self::Joined)
    }
}

impl Needs {
    /// The events that every connection gets, and nothing else.
    pub const NOTHING: Self = Self {
        deal_memory: false,
        acts: false,
        user_events: false,
        messages_of_marks: false,
        unread_changes: false,
        newest_messages: false,
        attendance: false,
    };
}

impl Dialect {
    /// The number of dialects that one server can serve.
    pub const MOST: usize = 8;

    /// Stoa's own dialect: the first in the table.
    pub const NATIVE: Self = Self::new(
        0,
        "native",
        Needs {
            unread_changes: true,
            ..Needs::NOTHING
        },
    );

    /// The dialect at this index of the table, from 0.
    pub const fn new(index: u8, name: &'static str, needs: Needs) -> Self {
        Self { index, name, needs }
    }

    /// Its index in the table.
    pub fn index(self) -> usize {
        usize::from(self.index)
    }

    /// Its name in the database, in metrics and in the log.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// What it needs from rooms.
    pub const fn needs(self) -> Needs {
        self.needs
    }
}

impl PartialEq for Dialect {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl Eq for Dialect {}
