//! Deals: a definition, the rules by which it steps, and the actor that carries them out.

pub mod catalogue;
pub mod deal;
pub mod deciding;
pub mod definition;
pub mod graph;
pub mod machine;
pub mod outline;
