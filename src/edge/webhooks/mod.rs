//! Webhooks of payment gateways, and the checkout of the sandbox that stands in for a gateway.

pub mod gateways;
pub mod sandbox;
