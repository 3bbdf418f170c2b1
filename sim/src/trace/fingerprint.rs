//! The fingerprint of a run: one hash over every effect.
//!
//! Specification: XXH3, 128 bits, seed 0, over the effects in order. Each effect is a tag byte
//! and its fields, integers little-endian at fixed width, byte strings preceded by their length
//! as `u32`. Nothing that differs between processes, builds or platforms is part of it: no
//! addresses, no paths, no thread ids, no panic text.

use std::fmt;

use xxhash_rust::xxh3::Xxh3Default;

/// The hash of everything that a run did. Same program, same seed: same
/// fingerprint, in any process, debug or release.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Fingerprint(pub u128);

/// Thirty-two hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Effects are gathered here and hashed a block at a time; hashing five bytes
/// at a time costs more than a poll.
const BLOCK: usize = 4096;

pub(crate) struct Fingerprinter {
    hash: Box<Xxh3Default>,
    block: Vec<u8>,
}

impl Fingerprinter {
    pub(crate) fn new() -> Self {
        Self {
            hash: Box::new(Xxh3Default::new()),
            block: Vec::with_capacity(BLOCK + 256),
        }
    }

    pub(crate) fn tag(&mut self, tag: u8) -> &mut Self {
        self.make_room();
        self.block.push(tag);
        self
    }

    /// Hashes a tag and one field at once.
    #[inline]
    pub(crate) fn tagged_u32(&mut self, tag: u8, value: u32) -> &mut Self {
        self.make_room();
        let [a, b, c, d] = value.to_le_bytes();
        self.block.extend_from_slice(&[tag, a, b, c, d]);
        self
    }

    #[inline]
    fn make_room(&mut self) {
        if self.block.len() >= BLOCK {
            self.hash.update(&self.block);
            self.block.clear();
        }
    }

    pub(crate) fn u32(&mut self, value: u32) -> &mut Self {
        self.block.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        self.block.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.u32(u32::try_from(bytes.len()).expect("less than 4 GiB in one effect"));
        self.block.extend_from_slice(bytes);
        self
    }

    pub(crate) fn finish(mut self) -> Fingerprint {
        self.hash.update(&self.block);
        Fingerprint(self.hash.digest128())
    }
}
