//! The feed: every commit that changes conversations writes a row, and consumers follow the rows.

mod writers;
