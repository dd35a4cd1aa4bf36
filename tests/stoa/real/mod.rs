//! Real balancers in front of real nodes: unmodified clients get through, and nothing is lost or doubled while nodes are killed, frozen
//! and restarted. A real clamd, which reads files. `make real` runs these tests, since they need HAProxy, nginx and clamd.

mod clamd;
mod endings;
mod passing;
mod talking;
mod town;
