//! Checksums of the parts of an upload.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::domain::refusal::Refusal;

/// A checksum that is compared with the bytes that come.
pub(super) struct Checksum {
    digest: Context,
    wanted: Vec<u8>,
}

impl Checksum {
    /// Reads the header `Upload-Checksum`: an algorithm, and a digest in base64.
    pub(super) fn parse(header: &str) -> Result<Self, Refusal> {
        let wrong = |why| Refusal::invalid("Upload-Checksum", why);
        let (name, digest) = header
            .trim()
            .split_once(' ')
            .ok_or_else(|| wrong("must be an algorithm and a digest in base64"))?;
        let algorithm = match name {
            // The protocol requires it; it protects from accidents alone.
            "sha1" => &SHA1_FOR_LEGACY_USE_ONLY,
            "sha256" => &SHA256,
            _ => return Err(wrong("must be of sha1 or sha256")),
        };
        let wanted = STANDARD.decode(digest.trim()).unwrap_or_default();
        match wanted.len() == algorithm.output_len() {
            true => Ok(Self {
                digest: Context::new(algorithm),
                wanted,
            }),
            false => Err(wrong("must be an algorithm and a digest in base64")),
        }
    }

    /// Takes the next bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
    }

    /// Whether it is the checksum of all bytes.
    pub(super) fn fits(self) -> bool {
        verify_slices_are_equal(self.digest.finish().as_ref(), &self.wanted).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_fits_its_bytes_alone() {
        // FIPS 180-4: the digests of "abc".
        for header in [
            "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
            "sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
        ] {
            let fits = |parts: &[&[u8]]| {
                let mut checksum = Checksum::parse(header).expect("a checksum");
                parts.iter().for_each(|part| checksum.update(part));
                checksum.fits()
            };
            assert!(fits(&[b"a", b"", b"bc"]) && !fits(&[b"abd"]), "{header}");
        }
        for wrong in [
            "",
            "sha1",
            "sha1 abc",
            "md5 kAFQmDzST7DWlj99KOF/cg==",
            "sha256 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
        ] {
            assert!(Checksum::parse(wrong).is_err(), "{wrong}");
        }
    }
}
