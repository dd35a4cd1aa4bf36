//! In which words a connection is spoken to.

/// What a connection understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// Stoa's own frames.
    Native,
    /// Socket.IO with the words of the Stoory guide.
    Stoory,
    /// Socket.IO with the words of the Lola guide.
    Lola,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Native, Self::Stoory, Self::Lola];

    /// The name in the database and in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Stoory => "stoory",
            Self::Lola => "lola",
        }
    }
}
