//! Every parser of what a stranger sends, driven by libFuzzer: `make fuzz`.

#![no_main]

#[path = "../tests/parsers/feed.rs"]
mod feed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    feed::feed(bytes);
    feed::reads_what_it_writes(bytes);
});
