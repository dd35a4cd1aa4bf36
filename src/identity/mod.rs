//! Who is calling: tokens, people, how fast they may be, and the secret of the demo.

pub mod auth;
pub mod demo_secret;
pub mod people;
pub mod rate_limits;
