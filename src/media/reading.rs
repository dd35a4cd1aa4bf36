//! Reads a file in a window, forwards and by offset.

use std::io;

/// Bytes that are read at a time.
const WINDOW: usize = 65_536;

/// The bytes of a file.
pub trait Source {
    /// How many there are.
    fn size(&self) -> u64;

    /// Reads as many bytes as fit into `into`, from this offset on.
    ///
    /// # Errors
    ///
    /// If they cannot be read, or the file ends before.
    fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()>;
}

impl Source for &[u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        let end = start.saturating_add(into.len());
        let bytes = self.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?;
        into.copy_from_slice(bytes);
        Ok(())
    }
}

/// Why a file was not read.
#[derive(Debug)]
pub enum Trouble {
    /// It is not what its type says.
    Malformed,
    /// Its bytes could not be read.
    Io(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Malformed,
            _ => Self::Io(error),
        }
    }
}

/// A file with a position.
pub(super) struct Reader<'a> {
    source: &'a dyn Source,
    at: u64,
    window: Vec<u8>,
    from: u64,
}

impl<'a> Reader<'a> {
    /// At the beginning.
    pub(super) fn new(source: &'a dyn Source) -> Self {
        Self {
            source,
            at: 0,
            window: Vec::new(),
            from: 0,
        }
    }

    /// The position.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// The size of the file.
    pub(super) fn size(&self) -> u64 {
        self.source.size()
    }

    /// The bytes behind the position.
    pub(super) fn left(&self) -> u64 {
        self.size().saturating_sub(self.at)
    }

    /// Moves the position to an offset.
    pub(super) fn seek(&mut self, at: u64) -> Result<(), Trouble> {
        if at > self.size() {
            return Err(Trouble::Malformed);
        }
        self.at = at;
        Ok(())
    }

    /// Moves the position on.
    pub(super) fn skip(&mut self, count: u64) -> Result<(), Trouble> {
        self.seek(self.at.checked_add(count).ok_or(Trouble::Malformed)?)
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Result<u8, Trouble> {
        let index = self.at.wrapping_sub(self.from) as usize;
        if self.at < self.from || index >= self.window.len() {
            self.fill()?;
        }
        let index = (self.at - self.from) as usize;
        let byte = self.window.get(index).copied();
        self.at += 1;
        byte.ok_or(Trouble::Malformed)
    }

    fn fill(&mut self) -> Result<(), Trouble> {
        let length = self.left().min(WINDOW as u64) as usize;
        self.window.resize(length, 0);
        self.from = self.at;
        Ok(self.source.read(self.at, &mut self.window)?)
    }

    /// The next bytes, of which there must be few.
    pub(super) fn take(&mut self, count: usize) -> Result<Vec<u8>, Trouble> {
        if count as u64 > self.left() {
            return Err(Trouble::Malformed);
        }
        let mut bytes = vec![0; count];
        self.source.read(self.at, &mut bytes)?;
        self.at += count as u64;
        Ok(bytes)
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Trouble> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.byte()?;
        }
        Ok(bytes)
    }

    /// The next big-endian number of two bytes.
    pub(super) fn u16(&mut self) -> Result<u16, Trouble> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    /// The next big-endian number of four bytes.
    pub(super) fn u32(&mut self) -> Result<u32, Trouble> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// The next big-endian number of eight bytes.
    pub(super) fn u64(&mut self) -> Result<u64, Trouble> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// The next big-endian number of so many bytes, at most 8.
    pub(super) fn number(&mut self, bytes: u8) -> Result<u64, Trouble> {
        let mut number = 0;
        for _ in 0..bytes.min(8) {
            number = (number << 8) | u64::from(self.byte()?);
        }
        Ok(number)
    }
}
