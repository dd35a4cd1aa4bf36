//! Every JSON that a client, a platform or a gateway sees, compared with what it was: `tests/snapshots`.

mod album;
mod closing;
mod coverage;
mod deal_events;
mod deals;
mod ear;
mod json;
mod lola;
mod masks;
mod native;
mod native_events;
mod pair;
mod payments;
mod refusals;
mod refusals_of_deals;
mod stoory;
mod stoory_events;
