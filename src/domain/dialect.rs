//! Which dialect a connection speaks. Rooms and queues carry it; only `edge` knows what it stands for.

/// A dialect: its place in the table that `edge` makes, and what rooms have to know for it.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    index: u8,
    name: &'static str,
    needs: Needs,
}

/// What a dialect needs from rooms beside the events that every connection gets.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// What a deal remembers and which of its cards wait, at every event.
    pub deal_memory: bool,
    /// An event of its own for what a person pressed or typed in a deal.
    pub acts: bool,
    /// The newest message up to each watermark, when watermarks are told again.
    pub messages_of_marks: bool,
    /// The unread counts of conversations that a connection has not joined, whenever they change.
    pub unread_changes: bool,
    /// A frame that asks it to join again when its person may not read any more: it keeps a list of what it has joined.
    pub rejoins: bool,
}

impl Needs {
    /// The events that every connection gets, and nothing else.
    pub const NOTHING: Self = Self {
        deal_memory: false,
        acts: false,
        messages_of_marks: false,
        unread_changes: false,
        rejoins: false,
    };
}

impl Dialect {
    /// Dialects that one server can know.
    pub const MOST: usize = 8;

    /// Stoa's own: the first of the table, and the only one without Socket.IO.
    pub const NATIVE: Self = Self::new(
        0,
        "native",
        Needs {
            unread_changes: true,
            ..Needs::NOTHING
        },
    );

    /// The dialect at this place of the table, from 0.
    pub const fn new(index: u8, name: &'static str, needs: Needs) -> Self {
        Self { index, name, needs }
    }

    /// Its place in the table.
    pub fn index(self) -> usize {
        usize::from(self.index)
    }

    /// Its name, in the database, in figures and in the log.
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
