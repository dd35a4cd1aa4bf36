//! What waits to be said to other servers.

use super::section::Section;

/// Where sections are said. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Outgoing;

impl Outgoing {
    /// Without a wire: nothing is said.
    pub fn off() -> Self {
        Self
    }

    /// Says a section, if there is a wire and a live peer.
    pub fn say(&self, _section: impl FnOnce() -> Section) {}

    /// Says a section, if there is a wire.
    pub fn say_always(&self, _section: Section) {}
}
