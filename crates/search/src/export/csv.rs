//! A table as RFC 4180 says: quoted where it must be, lines end in CR LF.
//!
//! Spreadsheets take a cell that begins with `=`, `+`, `-` or `@` for a formula. What people wrote stands
//! behind a `'` where it begins so, without control letters but for new lines; a path is exact, and a relative one
//! that begins so has `./` before it.

use super::hit::{Evidence, Hit};
use crate::Sureness;

const HEAD: &str = "file,start_s,end_s,score,sure,evidence,query,label\r\n";

/// One line a hit; times to the millisecond, ends exclusive. What was not measured is empty.
pub(super) fn write(hits: &[Hit]) -> String {
    let mut table = String::from(HEAD);
    for hit in hits {
        let columns = [
            path(hit),
            format!("{:.3}", hit.span.start.0),
            format!("{:.3}", hit.span.end.0),
            hit.score.map(|score| score.to_string()).unwrap_or_default(),
            hit.sure.map(Sureness::words).unwrap_or_default().to_owned(),
            hit.evidence.map(Evidence::word).unwrap_or_default().to_owned(),
            words(&hit.query),
            words(&hit.label),
        ];
        table.push_str(&columns.map(|column| quoted(&column)).join(","));
        table.push_str("\r\n");
    }
    table
}

/// What begins a formula.
const OF_FORMULAS: [char; 4] = ['=', '+', '-', '@'];

fn path(hit: &Hit) -> String {
    let path = hit.path.to_string_lossy().into_owned();
    if path.starts_with(OF_FORMULAS) { format!("./{path}") } else { path }
}

fn words(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(|c: char| c.is_control() && c != '\n', " ");
    if text.starts_with(OF_FORMULAS) { format!("'{text}") } else { text }
}

fn quoted(column: &str) -> String {
    let must = column.contains([',', '"', '\r', '\n']) || column.trim() != column;
    if must { format!("\"{}\"", column.replace('"', "\"\"")) } else { column.to_owned() }
}
