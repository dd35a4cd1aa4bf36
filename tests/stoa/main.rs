//! Stoa from outside: HTTP, sockets, browsers and broken machines against the real thing.

mod cluster;
