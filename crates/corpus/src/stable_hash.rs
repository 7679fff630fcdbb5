//! Hashes that are written to disk: the same with every toolchain and on every machine.
//!
//! The hash is SipHash-1-3 with keys of zero, of bytes that are spelled out here, for neither std's
//! hasher nor what its types hand to one is promised to stay. They are those that std handed over until
//! Rust 1.95 on a 64-bit machine, so what was kept by then is found again.

use std::hash::Hasher;
use std::path::{Component, Path};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use siphasher::sip::SipHasher13;

/// What can be hashed for good.
pub(crate) trait StableHash {
    /// Hands its bytes over.
    fn feed(&self, hasher: &mut StableHasher);
}

/// Takes one thing after the other.
pub(crate) struct StableHasher(SipHasher13);

impl StableHasher {
    pub(crate) fn new() -> Self {
        Self(SipHasher13::new_with_keys(0, 0))
    }

    /// Takes something more.
    pub(crate) fn add(&mut self, thing: &(impl StableHash + ?Sized)) {
        thing.feed(self);
    }

    /// The hash of all so far.
    pub(crate) fn finish(&self) -> u64 {
        self.0.finish()
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }
}

/// The hash of one thing.
pub(crate) fn stable_hash(thing: &(impl StableHash + ?Sized)) -> u64 {
    let mut hasher = StableHasher::new();
    hasher.add(thing);
    hasher.finish()
}

impl StableHash for u32 {
    fn feed(&self, hasher: &mut StableHasher) {
        hasher.bytes(&self.to_le_bytes());
    }
}

impl StableHash for u64 {
    fn feed(&self, hasher: &mut StableHasher) {
        hasher.bytes(&self.to_le_bytes());
    }
}

impl StableHash for i64 {
    fn feed(&self, hasher: &mut StableHasher) {
        hasher.bytes(&self.to_le_bytes());
    }
}

impl StableHash for str {
    /// With a byte behind it that is in no text, so that two texts are not one longer.
    fn feed(&self, hasher: &mut StableHasher) {
        hasher.bytes(self.as_bytes());
        hasher.bytes(&[0xff]);
    }
}

impl StableHash for String {
    fn feed(&self, hasher: &mut StableHasher) {
        hasher.add(self.as_str());
    }
}

impl<T: StableHash> StableHash for Option<T> {
    /// 0 where there is nothing, else 1 before it.
    fn feed(&self, hasher: &mut StableHasher) {
        hasher.add(&u64::from(self.is_some()));
        self.iter().for_each(|inner| hasher.add(inner));
    }
}

impl StableHash for Duration {
    fn feed(&self, hasher: &mut StableHasher) {
        hasher.add(&self.as_secs());
        hasher.add(&self.subsec_nanos());
    }
}

impl StableHash for SystemTime {
    /// Whole seconds since 1970, rounded down, and the nanoseconds above them.
    fn feed(&self, hasher: &mut StableHasher) {
        let (seconds, nanos) = match self.duration_since(UNIX_EPOCH) {
            Ok(after) => (after.as_secs().cast_signed(), after.subsec_nanos()),
            Err(before) => {
                let before = before.duration();
                let (whole, nanos) = (before.as_secs().cast_signed(), before.subsec_nanos());
                if nanos == 0 { (-whole, 0) } else { (-whole - 1, 1_000_000_000 - nanos) }
            }
        };
        hasher.add(&seconds);
        hasher.add(&nanos);
    }
}

impl StableHash for Path {
    /// The names of an absolute path one after the other, then a number made of their lengths, so that
    /// `a/bc` is not `ab/c`.
    fn feed(&self, hasher: &mut StableHasher) {
        let mut lengths = 0u64;
        for part in self.components().filter(|part| *part != Component::RootDir) {
            let name = part.as_os_str().as_encoded_bytes();
            hasher.bytes(name);
            lengths = lengths.wrapping_add(name.len() as u64).rotate_right(2);
        }
        hasher.add(&lengths);
    }
}

impl<T: StableHash + ?Sized> StableHash for &T {
    fn feed(&self, hasher: &mut StableHasher) {
        hasher.add(*self);
    }
}

impl<A: StableHash, B: StableHash> StableHash for (A, B) {
    fn feed(&self, hasher: &mut StableHasher) {
        hasher.add(&self.0);
        hasher.add(&self.1);
    }
}

impl<A: StableHash, B: StableHash, C: StableHash> StableHash for (A, B, C) {
    fn feed(&self, hasher: &mut StableHasher) {
        hasher.add(&(&self.0, &self.1));
        hasher.add(&self.2);
    }
}

impl<A: StableHash, B: StableHash, C: StableHash, D: StableHash> StableHash for (A, B, C, D) {
    fn feed(&self, hasher: &mut StableHasher) {
        hasher.add(&(&self.0, &self.1, &self.2));
        hasher.add(&self.3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_on_disk_never_change() {
        let at = UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789);
        let before = UNIX_EPOCH - Duration::new(5, 250_000_000);
        let path = Path::new("/data/howto100m/shards/00000.tar");
        let address = "s3://bucket/00000.tar";
        for (told, hash, expected) in [
            ("u32", stable_hash(&7u32), 0xc123_1798_07bd_2fea),
            ("a kept index", stable_hash(&(address, 1024u64, 99u64, 3u32)), 0xa8ce_d3f7_db9e_a676),
            (
                "a fetched video",
                stable_hash(&(address, 99u64, 512u64, 1u64 << 40)),
                0x46ff_19c6_2004_39bd,
            ),
            (
                "a local shard",
                stable_hash(&(path, 1024u64, Duration::new(17, 5))),
                0x878a_4572_413f_b1b7,
            ),
            (
                "a shard elsewhere",
                stable_hash(&(9u64, Some("etag".to_owned()), -3i64)),
                0xdfb1_6f2a_44ad_d552,
            ),
            (
                "one without a tag",
                stable_hash(&(9u64, None::<String>, 3i64)),
                0x7e27_f369_bb40_5516,
            ),
            ("a packed video", stable_hash(&(9u64, Some(at), "{}")), 0x721b_419b_2ce0_b946),
            ("an old file", stable_hash(&before), 0xaccc_6952_cfc7_fe22),
        ] {
            assert_eq!(hash, expected, "{told}: {hash:#018x}");
        }
    }
}
