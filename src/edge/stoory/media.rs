//! `media_url`: an https address on a host that the platform trusts.

use crate::domain::attachment::Attachment;
use crate::domain::refusal::Refusal;
use crate::domain::{limits, media_hosts};

/// The attachment for an address on one of these hosts.
pub fn attachment(url: &str, field: &'static str, hosts: &[String]) -> Result<Attachment, Refusal> {
    limits::https_url(url, field)?;
    media_hosts::check(url, hosts, field)?;
    Ok(Attachment::at(url))
}
