//! Other vocabularies for the same things: what front ends that were written for somebody else's back end expect to read and may ask for.
//! Pure: names and shapes are translated here, nothing is decided.

pub mod stoory;
