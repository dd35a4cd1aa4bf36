//! Every JSON that a client, a platform or a gateway sees, compared with what it was: `tests/snapshots`.

mod closing;
mod coverage;
mod deal_events;
mod deals;
mod events;
mod files;
mod json;
mod lola;
mod masks;
mod native;
mod native_businesses;
mod native_events;
mod notifications;
mod payments;
mod recording_client;
mod refusals;
mod refusals_of_deals;
mod snapshot_file;
mod stoory;
mod stoory_events;
mod stoory_front;
mod two_clients;
