//! The fields of a section as bytes: numbers of 1 to 10 bytes (LEB128), UUIDs, texts and lists.

use uuid::Uuid;

/// A field is cut off, or has a value that this version does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// Appends a number, 7 bits in each byte, the lowest first.
pub(super) fn put_number(to: &mut Vec<u8>, number: u64) {
    let mut rest = number;
    while rest >= 0x80 {
        to.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    to.push(rest as u8);
}

/// Appends a number that is rarely negative; a negative one takes 10 bytes.
pub(super) fn put_signed(to: &mut Vec<u8>, number: i64) {
    put_number(to, number.cast_unsigned());
}

/// Appends a text with its length.
pub(super) fn put_text(to: &mut Vec<u8>, text: &str) {
    put_number(to, text.len() as u64);
    to.extend_from_slice(text.as_bytes());
}

/// Appends the number of elements and each of them.
pub(super) fn put_list<T>(to: &mut Vec<u8>, list: &[T], put: impl Fn(&mut Vec<u8>, &T)) {
    put_number(to, list.len() as u64);
    list.iter().for_each(|element| put(to, element));
}

/// Reads the fields of a section in order. Bytes after the last known field are of a later version, and are ignored.
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// How many bytes follow.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn byte(&mut self) -> Result<u8, Unreadable> {
        let (byte, rest) = self.0.split_first().ok_or(Unreadable)?;
        self.0 = rest;
        Ok(*byte)
    }

    pub(super) fn number(&mut self) -> Result<u64, Unreadable> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            number |= bits << shift;
            // The tenth byte has room for one bit.
            if shift == 63 && bits > 1 {
                return Err(Unreadable);
            }
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Unreadable)
    }

    pub(super) fn signed(&mut self) -> Result<i64, Unreadable> {
        self.number().map(u64::cast_signed)
    }

    pub(super) fn uuid(&mut self) -> Result<Uuid, Unreadable> {
        self.array().map(Uuid::from_bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (array, rest) = self.0.split_first_chunk::<N>().ok_or(Unreadable)?;
        self.0 = rest;
        Ok(*array)
    }

    pub(super) fn text(&mut self) -> Result<String, Unreadable> {
        let length = usize::try_from(self.number()?).map_err(|_| Unreadable)?;
        let (text, rest) = self.0.split_at_checked(length).ok_or(Unreadable)?;
        self.0 = rest;
        let text = std::str::from_utf8(text).map_err(|_| Unreadable)?;
        Ok(text.to_owned())
    }

    /// A list whose elements take at least one byte each, so a false count allocates no more than the bytes are worth.
    pub(super) fn list<T>(
        &mut self,
        element: impl Fn(&mut Self) -> Result<T, Unreadable>,
    ) -> Result<Vec<T>, Unreadable> {
        let count = usize::try_from(self.number()?).map_err(|_| Unreadable)?;
        if count > self.len() {
            return Err(Unreadable);
        }
        let mut list = Vec::with_capacity(count);
        for _ in 0..count {
            list.push(element(self)?);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_is_read_as_it_was_written(number in any::<u64>(), small in 0u64..300) {
            for number in [number, small, number >> (small % 64)] {
                let mut bytes = Vec::new();
                put_number(&mut bytes, number);
                let mut fields = Fields::new(&bytes);
                prop_assert_eq!(fields.number(), Ok(number));
                prop_assert_eq!(fields.len(), 0);
                bytes.pop();
                prop_assert_eq!(Fields::new(&bytes).number(), Err(Unreadable));
            }
        }
    }

    #[test]
    fn a_number_of_more_than_64_bits_is_refused() {
        let mut bytes = vec![0xff; 9];
        bytes.push(1);
        assert_eq!(Fields::new(&bytes).number(), Ok(u64::MAX));
        for last in [2, 0x81] {
            bytes[9] = last;
            assert_eq!(Fields::new(&bytes).number(), Err(Unreadable), "{last}");
        }
    }

    #[test]
    fn a_list_that_claims_more_than_there_is_is_refused() {
        let mut bytes = Vec::new();
        put_number(&mut bytes, u64::MAX);
        bytes.extend([1, 2, 3]);
        assert_eq!(Fields::new(&bytes).list(Fields::number), Err(Unreadable));
    }
}
