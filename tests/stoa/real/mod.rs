//! Real balancers in front of real nodes: unmodified clients get through, and nothing is lost or doubled while nodes are killed, frozen
//! and restarted. `make real` runs these tests, since they need HAProxy and nginx.

mod endings;
mod passing;
mod talking;
mod town;
