//! Values on their way into columns and out of them.

use std::borrow::Cow;

use postgres::Row;

/// Text as the server takes it: without the one sign that it does not.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    match text.contains('\0') {
        true => Cow::Owned(text.replace('\0', " ")),
        false => Cow::Borrowed(text),
    }
}

/// A number of 128 bits from its bytes in a column.
pub(super) fn wide(row: &Row, column: usize) -> u128 {
    let bytes = row.get::<_, &[u8]>(column).iter();
    bytes.fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// Numbers as an array in a statement.
pub(super) fn array(numbers: impl IntoIterator<Item = u32>) -> String {
    let numbers: Vec<String> = numbers.into_iter().map(|number| number.to_string()).collect();
    format!("'{{{}}}'::int[]", numbers.join(","))
}
