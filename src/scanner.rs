//! Asks a virus scanner whether a file is clean: clamd, by its command INSTREAM.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::config::ScannerAddress;

/// Bytes that are sent at a time.
const CHUNK: usize = 65_536;
/// How long the scanner may be silent.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest answer.
const ANSWER_BYTES: u64 = 4_096;

/// What a scanner says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was found.
    Clean,
    /// Something was found, which has this name.
    Infected(String),
    /// The file is larger than the scanner takes.
    TooLarge,
}

/// Has a file scanned. Blocks.
///
/// # Errors
///
/// If the scanner cannot be reached, or says something else.
pub fn scan(address: &ScannerAddress, file: &File, size: u64) -> io::Result<Verdict> {
    match address {
        ScannerAddress::Socket(path) => {
            let stream = UnixStream::connect(path)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            ask(stream, file, size)
        }
        ScannerAddress::Host(host) => {
            let stream = TcpStream::connect(host)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            ask(stream, file, size)
        }
    }
}

fn ask(mut stream: impl Read + Write, file: &File, size: u64) -> io::Result<Verdict> {
    // A scanner that has had enough answers, and closes the stream while it is written.
    let sent = send(&mut stream, file, size);
    let mut answer = Vec::new();
    let heard = (&mut stream).take(ANSWER_BYTES).read_to_end(&mut answer);
    match verdict(&String::from_utf8_lossy(&answer)) {
        Some(verdict) => Ok(verdict),
        None => {
            sent?;
            heard?;
            Err(io::Error::other("the scanner gave no verdict"))
        }
    }
}

fn send(stream: &mut impl Write, file: &File, size: u64) -> io::Result<()> {
    stream.write_all(b"zINSTREAM\0")?;
    let mut chunk = vec![0; CHUNK];
    let mut at = 0;
    while at < size {
        let length = CHUNK.min(usize::try_from(size - at).unwrap_or(usize::MAX));
        let part = chunk.get_mut(..length).unwrap_or_default();
        file.read_exact_at(part, at)?;
        let head = u32::try_from(length).unwrap_or_default().to_be_bytes();
        stream.write_all(&head)?;
        stream.write_all(part)?;
        at += length as u64;
    }
    stream.write_all(&[0; 4])?;
    stream.flush()
}

/// Reads an answer, as `stream: Eicar-Signature FOUND`.
fn verdict(answer: &str) -> Option<Verdict> {
    let answer = answer.trim_matches(['\0', '\n', ' ']);
    let said = answer.strip_prefix("stream: ").unwrap_or(answer);
    if said == "OK" {
        return Some(Verdict::Clean);
    }
    if let Some(found) = said.strip_suffix(" FOUND") {
        return Some(Verdict::Infected(found.to_owned()));
    }
    said.contains("size limit exceeded")
        .then_some(Verdict::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_clamd_are_read() {
        for (answer, read) in [
            ("stream: OK\0", Some(Verdict::Clean)),
            (
                "stream: Eicar-Signature FOUND\0",
                Some(Verdict::Infected("Eicar-Signature".to_owned())),
            ),
            (
                "INSTREAM size limit exceeded. ERROR\0",
                Some(Verdict::TooLarge),
            ),
            ("", None),
            ("UNKNOWN COMMAND\0", None),
            ("stream: Access denied. ERROR\0", None),
        ] {
            assert_eq!(verdict(answer), read, "{answer}");
        }
    }
}
