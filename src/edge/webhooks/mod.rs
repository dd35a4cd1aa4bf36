//! Where payment gateways post, and the page of the sandbox that stands in for one.

pub mod gateways;
pub mod sandbox;
