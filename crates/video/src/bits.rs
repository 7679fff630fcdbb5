//! Reading headers bit by bit.

use memchr::memmem;

/// A place in some bytes. Everything is none behind their end.
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit == 1)
    }

    /// The next `count` bits, 32 at most, as a number.
    pub(crate) fn number(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0u32, |number, _| Some(number << 1 | u32::from(self.flag()?)))
    }

    pub(crate) fn skip(&mut self, count: usize) {
        self.at += count;
    }

    /// A number of H.264's variable length (Exp-Golomb, unsigned).
    pub(crate) fn golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        let rest = self.number(zeros)?;
        Some(((1u64 << zeros) - 1) as u32 + rest)
    }

    /// The same with a sign: 0, 1, -1, 2, -2, ...
    pub(crate) fn signed_golomb(&mut self) -> Option<i32> {
        let number = i64::from(self.golomb()?);
        Some((if number % 2 == 1 { (number + 1) / 2 } else { -number / 2 }) as i32)
    }
}

/// Where the next `00 00 01` at or after `from` begins.
pub(crate) fn start_code(bytes: &[u8], from: usize) -> Option<usize> {
    let at = memmem::find(bytes.get(from..)?, &[0, 0, 1])?;
    Some(from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_variable_length_follow_the_standards_table() {
        // 1 | 010 | 011 | 00100 | 00111
        let bytes = [0b1010_0110, 0b0100_0011, 0b1000_0000];
        let mut bits = Bits::new(&bytes);
        let found: Vec<_> = std::iter::from_fn(|| bits.golomb()).take(5).collect();
        assert_eq!(found, [0, 1, 2, 3, 6]);
        let mut bits = Bits::new(&bytes);
        let found: Vec<_> = std::iter::from_fn(|| bits.signed_golomb()).take(5).collect();
        assert_eq!(found, [0, 1, -1, 2, -3]);
        assert_eq!(Bits::new(&[0; 9]).golomb(), None);
        assert_eq!(Bits::new(&[]).flag(), None);
    }

    #[test]
    fn start_codes_are_found_at_every_place() {
        for at in 0..9 {
            let mut bytes = vec![7; 12];
            bytes[at..at + 3].copy_from_slice(&[0, 0, 1]);
            assert_eq!(start_code(&bytes, 0), Some(at));
            assert_eq!(start_code(&bytes, at + 1), None);
        }
        assert_eq!(start_code(&[0, 0, 0, 1, 9], 0), Some(1));
        assert_eq!(start_code(&[1, 0, 1, 0, 0], 0), None);
        assert_eq!(start_code(&[0, 0], 0), None);
    }
}
