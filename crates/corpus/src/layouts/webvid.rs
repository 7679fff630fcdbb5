//! WebVid-2M: `results_2M_{train,val}.csv` with the columns `videoid,contentUrl,duration,page_dir,name`.
//!
//! The caption (`name`) holds for the whole video, whose length is given as ISO 8601
//! (`PT00H00M19S`). Rows without a caption are dropped, as Frozen-in-Time does; it also cuts texts
//! at 350 characters, which is left to the tokenizer here. The file is
//! `videos/{page_dir}/{videoid}.mp4`; here it may lie in any folder.

use std::path::Path;

use crate::corpus::Subset;
use crate::csv_table::CsvTable;
use crate::drop_reason::DropReason;
use crate::error::CorpusError;
use crate::glance::Glance;
use crate::intake::{Intake, SourceVideo};
use crate::layouts::layout_reader::LayoutReader;
use crate::source_caption::{SourceCaption, SourceTime};
use crate::table_row::{Evidence, Row};

/// How this layout is recognised and read.
pub(crate) const READER: LayoutReader =
    LayoutReader::new("webvid", "WebVid-2M: results_2M_*.csv", is_recognised, read);

/// By the columns of id and caption.
fn is_recognised(_path: &Path, glance: &Glance) -> bool {
    glance.has_columns(&["videoid", "name"])
}

/// Reads a list of videos, row by row.
fn read(path: &Path, intake: &mut Intake<'_>) -> Result<(), CorpusError> {
    let mut table = CsvTable::open(path)?.with_text("name", evidence);
    table.require(&["videoid", "name"])?;
    let subset = Subset::from_file_name(path);
    while let Some(row) = table.next_row()? {
        match row.get("videoid").filter(|id| !id.is_empty()) {
            Some(id) => intake.video(SourceVideo {
                duration_s: row.get("duration").and_then(|text| seconds(&text)),
                subset,
                task: row.get("page_dir").map(Into::into),
                captions: vec![caption(&row)],
                ..SourceVideo::new(id)
            }),
            None => intake.drop_line("a row without videoid", row.line),
        }
    }
    intake.end_of_table(&table);
    Ok(())
}

/// A row has a length, or at least an address.
fn evidence(row: &Row<'_>) -> Evidence {
    let field = |column| row.get(column).filter(|text| !text.is_empty());
    match (field("duration"), field("contentUrl")) {
        (Some(length), _) if seconds(&length).is_some() => Evidence::For,
        (Some(_), _) => Evidence::Against,
        (None, Some(url)) if url.contains("://") => Evidence::For,
        _ => Evidence::Nothing,
    }
}

fn caption(row: &Row<'_>) -> Result<SourceCaption, DropReason> {
    let (text, repairs) = row.text("name").ok_or(DropReason::TextIsEmpty)?;
    if text.trim().eq_ignore_ascii_case("nan") {
        return Err(DropReason::TextIsNoString);
    }
    Ok(SourceCaption { repairs, ..SourceCaption::new(SourceTime::Whole, text) })
}

/// Seconds of `PT00H00M19S`; parts may be missing.
fn seconds(text: &str) -> Option<f64> {
    let mut rest = text.strip_prefix("PT")?;
    let mut total = 0.0;
    for (unit, factor) in [('H', 3600.0), ('M', 60.0), ('S', 1.0)] {
        if let Some((number, after)) = rest.split_once(unit) {
            total += number.parse::<f64>().ok()? * factor;
            rest = after;
        }
    }
    (rest.is_empty() && total.is_finite()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_iso_8601() {
        assert_eq!(seconds("PT00H00M19S"), Some(19.0));
        assert_eq!(seconds("PT01H02M03.5S"), Some(3723.5));
        assert_eq!(seconds("PT2M"), Some(120.0));
        for bad in ["", "19", "PT19", "PTxS", "P1D", "PT1e999S"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
