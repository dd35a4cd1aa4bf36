//! Asks a virus scanner whether a file is clean: clamd, by its command INSTREAM, or one that is reached over HTTP.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::config::ScannerAddress;
use crate::outbound::{Outbound, Reach};

/// Bytes that are sent at a time.
const CHUNK: usize = 65_536;
/// How long the scanner may be silent.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a scanner over HTTP may take for a file.
const HTTP_PATIENCE: Duration = Duration::from_secs(120);
/// The longest name of what a scanner found that goes into the log.
const NAME_CHARACTERS: usize = 100;
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
        ScannerAddress::Web(url) => ask_over_http(url, file, size),
    }
}

/// Posts a file: 2xx says that it is clean, 422 that something was found, which the body names, 413 that the file is too large.
fn ask_over_http(url: &str, file: &File, size: u64) -> io::Result<Verdict> {
    let mut content = Content { file, at: 0, size };
    // The operator has named the address.
    let client = Outbound::new(Reach::Anywhere, HTTP_PATIENCE);
    let answered = client.post(url, (&mut content, size), ANSWER_BYTES);
    let answer = answered.map_err(|trouble| io::Error::other(trouble.name()))?;
    match answer.status {
        200..=299 => Ok(Verdict::Clean),
        413 => Ok(Verdict::TooLarge),
        422 => {
            let name = String::from_utf8_lossy(&answer.body);
            let name: String = name.chars().take(NAME_CHARACTERS).collect();
            Ok(Verdict::Infected(name))
        }
        status => Err(io::Error::other(format!("the scanner answered {status}"))),
    }
}

/// The content of a file of this machine, from its beginning.
struct Content<'a> {
    file: &'a File,
    at: u64,
    size: u64,
}

impl Read for Content<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.size - self.at).unwrap_or(usize::MAX);
        let length = left.min(into.len());
        let part = into.get_mut(..length).unwrap_or_default();
        let read = self.file.read_at(part, self.at)?;
        self.at += read as u64;
        Ok(read)
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
