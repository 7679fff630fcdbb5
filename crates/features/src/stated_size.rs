//! What a file says of the size of a table, compared with what the file holds before memory is taken for it.

/// Bytes that a table may take whatever the file's size.
const ALWAYS: u64 = 256 << 20;

/// How many bytes a stored byte may become. Features pack to a half or a tenth, tables of zeros to a thousandth.
const PACKED: u64 = 64;

/// Bytes of a number in memory.
const NUMBER: u64 = 4;

/// Whether a table of this shape, `[rows, columns]`, may have been made of `stored` bytes.
pub(crate) fn is_believable([rows, columns]: [usize; 2], stored: u64) -> bool {
    let bytes = (rows as u64).checked_mul(columns as u64).and_then(|it| it.checked_mul(NUMBER));
    // Rows of nothing are as many as anybody likes to say.
    let is_table = columns > 0 || rows == 0;
    is_table && bytes.is_some_and(|bytes| bytes <= ALWAYS.max(stored.saturating_mul(PACKED)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_no_larger_than_its_file_can_hold() {
        // 64 Mi numbers are 256 MiB; then 64 times what is stored.
        let large = 1 << 26;
        for (shape, stored, is_believed) in [
            ([3, 2], 0, true),
            ([0, 2], 0, true),
            ([0, 0], 0, true),
            ([3, 0], 0, false),
            ([usize::MAX, 0], 0, false),
            ([large, 1], 0, true),
            ([large, 2], 0, false),
            ([large, 2], 8 << 20, true),
            ([large, 2], (8 << 20) - 1, false),
            ([1 << 32, 1 << 32], u64::MAX, false),
            ([1 << 62, 1], u64::MAX, false),
            ([usize::MAX, usize::MAX], u64::MAX, false),
        ] {
            assert_eq!(is_believable(shape, stored), is_believed, "{shape:?} of {stored}");
        }
    }
}
