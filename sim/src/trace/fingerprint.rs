//! The fingerprint of a run: one hash over every effect.
//!
//! Specification: XXH3, 128 bits, seed 0, over the effects in order. Each effect is a tag byte
//! and its fields, integers little-endian at fixed width, byte strings preceded by their length
//! as `u32`. Nothing that differs between processes, builds or platforms is part of it: no
//! addresses, no paths, no thread ids, no panic text.

use std::fmt;

use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

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

/// The first capacity of the block: enough for a short run.
const FIRST: usize = 512;

pub(crate) struct Fingerprinter {
    /// Present once a block was full. Most runs are shorter, and hashed at once.
    hash: Option<Box<Xxh3Default>>,
    block: Vec<u8>,
}

impl Fingerprinter {
    /// Creates a hash of nothing in the memory of `block`, which is empty.
    pub(crate) fn within(mut block: Vec<u8>) -> Self {
        debug_assert!(block.is_empty(), "nothing happened");
        block.reserve(FIRST);
        Self { hash: None, block }
    }

    /// Takes the memory of the block, without what is in it.
    pub(crate) fn take_emptied(&mut self) -> Vec<u8> {
        let mut block = std::mem::take(&mut self.block);
        block.clear();
        block
    }

    pub(crate) fn tag(&mut self, tag: u8) -> &mut Self {
        self.make_room();
        self.block.push(tag);
        self
    }

    /// Hashes a tag and its fields at once; there are at most five.
    #[inline]
    pub(crate) fn tagged<const N: usize>(&mut self, tag: u8, fields: [u32; N]) -> &mut Self {
        self.make_room();
        let mut bytes = [0; 1 + 4 * 5];
        bytes[0] = tag;
        for (place, field) in bytes[1..].chunks_exact_mut(4).zip(fields) {
            place.copy_from_slice(&field.to_le_bytes());
        }
        self.block.extend_from_slice(&bytes[..1 + 4 * N]);
        self
    }

    #[inline]
    fn make_room(&mut self) {
        if self.block.len() >= BLOCK {
            self.hash_block();
        }
    }

    #[cold]
    fn hash_block(&mut self) {
        let hash = self.hash.get_or_insert_default();
        hash.update(&self.block);
        self.block.clear();
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

    /// Returns the hash of everything so far.
    pub(crate) fn finish(&mut self) -> Fingerprint {
        if self.hash.is_none() {
            return Fingerprint(xxh3_128(&self.block));
        }
        self.hash_block();
        let hash = self.hash.get_or_insert_default();
        Fingerprint(hash.digest128())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the fingerprint of that many effects, and the hash of their bytes at once.
    fn both(effects: u32) -> (u128, u128) {
        let (mut fingerprint, mut bytes) = (Fingerprinter::within(Vec::new()), Vec::new());
        for effect in 0..effects {
            fingerprint.tagged(2, [effect]);
            bytes.push(2);
            bytes.extend(effect.to_le_bytes());
        }
        (fingerprint.finish().0, xxh3_128(&bytes))
    }

    #[test]
    fn fingerprint_is_that_of_the_bytes_however_many_blocks_they_fill() {
        // A block has some 820 of these.
        for effects in [0, 1, 100, 819, 820, 821, 1_640, 5_000] {
            let (fingerprint, plain) = both(effects);
            assert_eq!(fingerprint, plain, "{effects} effects");
        }
    }
}
