//! A table as RFC 4180 says: quoted where it must be, lines end in CR LF.

use super::hit::{Evidence, Hit};
use crate::Sureness;

const HEAD: &str = "file,start_s,end_s,score,sure,evidence,query,label\r\n";

/// One line a hit; times to the millisecond, ends exclusive. What was not measured is empty.
pub(super) fn write(hits: &[Hit]) -> String {
    let mut table = String::from(HEAD);
    for hit in hits {
        let columns = [
            hit.path.to_string_lossy().into_owned(),
            format!("{:.3}", hit.span.start.0),
            format!("{:.3}", hit.span.end.0),
            hit.score.map(|score| score.to_string()).unwrap_or_default(),
            hit.sure.map(Sureness::words).unwrap_or_default().to_owned(),
            hit.evidence.map(Evidence::word).unwrap_or_default().to_owned(),
            hit.query.clone(),
            hit.label.clone(),
        ];
        table.push_str(&columns.map(|column| quoted(&column)).join(","));
        table.push_str("\r\n");
    }
    table
}

fn quoted(column: &str) -> String {
    let must = column.contains([',', '"', '\r', '\n']) || column.trim() != column;
    if must { format!("\"{}\"", column.replace('"', "\"\"")) } else { column.to_owned() }
}
