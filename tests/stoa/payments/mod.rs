//! Money and what is done later: gateways, the inbox of their webhooks, jobs, and webhooks to the platform.

mod closed;
mod delivering;
mod event_log;
pub mod fixture;
mod inbox;
pub mod listener;
mod orders;
pub mod outages;
mod parts;
mod plans;
pub mod platform;
mod razorpay;
mod recorder;
mod refunds;
mod running;
mod sandbox;
pub mod storms;
mod timers;
mod uncaptured;
mod unreadable;
mod verdicts;

use sha2::{Digest, Sha256};

/// HMAC-SHA256 by its definition (RFC 2104), so that nothing is checked with itself.
pub fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    match key.len() {
        0..=64 => block[..key.len()].copy_from_slice(key),
        _ => block[..32].copy_from_slice(&Sha256::digest(key)),
    }
    let pad = |with: u8| block.map(|byte| byte ^ with).to_vec();
    let inner = Sha256::digest([pad(0x36), text.to_vec()].concat());
    Sha256::digest([pad(0x5c), inner.to_vec()].concat()).into()
}

/// The same in hexadecimal digits.
pub fn hex_hmac(key: &str, text: &str) -> String {
    let digest = hmac(key.as_bytes(), text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
