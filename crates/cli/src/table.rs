//! Tables in a terminal, and in Markdown: columns as wide as their cells need.

use std::iter::zip;

use crate::output::one_line;

/// A column: which way its cells stand, and how wide it is at least.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    to_the_right: bool,
    least: usize,
}

impl Column {
    /// Of words, to the left.
    pub(crate) fn words(least: usize) -> Self {
        Self { to_the_right: false, least }
    }

    /// Of numbers, to the right.
    pub(crate) fn numbers(least: usize) -> Self {
        Self { to_the_right: true, least }
    }
}

/// Rows of cells, one a column.
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Without rows.
    pub(crate) fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row; cells that are not given are empty. A cell is one line, and gives the terminal no orders.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(cells.into_iter().map(|cell| one_line(&cell.into())).collect());
    }

    /// A line a row, with `gap` between the columns.
    pub(crate) fn lines(&self, gap: &str) -> Vec<String> {
        let rows = self.padded().into_iter();
        rows.map(|cells| cells.join(gap).trim_end().to_owned()).collect()
    }

    /// The same in Markdown; the first row is the head.
    pub(crate) fn markdown(&self) -> String {
        let rows = self.padded();
        let rule = self.widths().into_iter().map(|width| format!("{}|", "-".repeat(width + 2)));
        let rule = format!("|{}", rule.collect::<String>());
        let mut lines: Vec<String> =
            rows.iter().map(|cells| format!("| {} |", cells.join(" | "))).collect();
        lines.insert(lines.len().min(1), rule);
        lines.join("\n")
    }

    fn padded(&self) -> Vec<Vec<String>> {
        let widths = self.widths();
        let columns = || zip(&self.columns, &widths);
        let pad = |cell: &str, column: &Column, width: usize| match column.to_the_right {
            true => format!("{cell:>width$}"),
            false => format!("{cell:width$}"),
        };
        let padded = |row: &Vec<String>| {
            let cells = row.iter().map(String::as_str).chain(std::iter::repeat(""));
            zip(cells, columns()).map(|(cell, (column, width))| pad(cell, column, *width)).collect()
        };
        self.rows.iter().map(padded).collect()
    }

    fn widths(&self) -> Vec<usize> {
        let widest = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(at));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let columns = self.columns.iter().enumerate();
        columns.map(|(at, column)| widest(at).max(column.least)).collect()
    }
}

/// What is known of something, a fact a line below its heading.
pub(crate) fn fact_lines(facts: impl IntoIterator<Item = (&'static str, String)>) -> Vec<String> {
    let mut table = Table::new([Column::words(14), Column::words(0)]);
    facts.into_iter().for_each(|(name, value)| table.row([name, &value]));
    table.lines(" ").into_iter().map(|line| format!("  {line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new([Column::words(3), Column::numbers(4), Column::words(0)]);
        table.row(["a", "1.5", "é"]);
        table.row(["longer", "12345.0"]);
        table
    }

    #[test]
    fn words_stand_left_and_numbers_right_and_no_line_ends_in_blanks() {
        assert_eq!(table().lines("  "), ["a           1.5  é", "longer  12345.0"]);
        let mut narrow = Table::new([Column::words(3), Column::numbers(4)]);
        narrow.row(["a", "1"]);
        assert_eq!(narrow.lines(" "), ["a      1"]);
        narrow.row(["a\nb\x1b", "2"]);
        assert_eq!(narrow.lines(" ")[1], "a\\nb\\u{1b}    2");
    }

    #[test]
    fn in_markdown_the_first_row_is_the_head() {
        let wanted = "\
| a      |     1.5 | é |
|--------|---------|---|
| longer | 12345.0 |   |";
        assert_eq!(table().markdown(), wanted);
    }
}
