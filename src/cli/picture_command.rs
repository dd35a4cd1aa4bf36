//! `stoa picture`: makes the previews of one picture, in a process that may use little memory and time. A server runs it for each picture.

use clap::Args;
use rlimit::{Resource, setrlimit};
use std::io::{Read, Write};
use stoa::media::previews::{self, Unpicturable};

/// The most memory of the process, in bytes.
const MEMORY_BYTES: u64 = 512 * 1024 * 1024;
/// The most time that it computes, in seconds.
const CPU_SECONDS: u64 = 10;
/// What it may not do: it has its input and its output, and needs no other file, no child, no dump of its memory.
const NOTHING_ELSE: [(Resource, u64); 4] = [
    (Resource::NOFILE, 3),
    (Resource::FSIZE, 0),
    (Resource::NPROC, 0),
    (Resource::CORE, 0),
];
/// The most bytes of a picture that are read; larger ones are refused.
const MOST_BYTES: u64 = 64 * 1024 * 1024 + 1;

/// Options of `stoa picture`.
#[derive(Args)]
pub struct PictureOptions {
    /// Media type of the picture
    media_type: String,
}

/// Reads a picture from the standard input, and returns its previews as they are to be written.
pub fn run(options: &PictureOptions) -> Result<Vec<u8>, String> {
    limit().map_err(|error| format!("The process cannot be limited: {error}"))?;
    let mut picture = Vec::new();
    let mut input = std::io::stdin().lock().take(MOST_BYTES);
    let read = input.read_to_end(&mut picture);
    read.map_err(|error| format!("The picture cannot be read: {error}"))?;
    let made = previews::make(&options.media_type, picture);
    let made = made.map_err(|why| match why {
        Unpicturable::Type => "The type is unknown".to_owned(),
        Unpicturable::TooLarge => "The picture is too large".to_owned(),
        Unpicturable::Malformed => "The picture cannot be decoded".to_owned(),
    })?;
    Ok(previews::write(&made))
}

fn limit() -> std::io::Result<()> {
    let always = [(Resource::AS, MEMORY_BYTES), (Resource::CPU, CPU_SECONDS)];
    always
        .into_iter()
        .chain(NOTHING_ELSE)
        .try_for_each(|(resource, most)| setrlimit(resource, most, most))
}

/// Writes an answer to the standard output.
pub fn answer(bytes: &[u8]) {
    let mut output = std::io::stdout().lock();
    // Who reads it misses its end if it is not written.
    drop(output.write_all(bytes).and_then(|()| output.flush()));
}
