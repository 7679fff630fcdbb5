//! A caption as a sample's JSON tells it: any of its parts may be something else than it should be.

use serde::{Deserialize, Serialize};

use crate::drop_reason::DropReason;
use crate::json_cell::Cell;
use crate::repair::{Repair, Repairs};
use crate::source_caption::{SourceCaption, SourceTime};

/// A caption, and its times in seconds from the start of the video.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct CaptionRecord {
    #[serde(default)]
    pub(super) start: Cell,
    #[serde(default)]
    pub(super) end: Cell,
    #[serde(default)]
    pub(super) text: Cell,
    #[serde(default, skip_serializing_if = "Cell::is_other")]
    pub(super) id: Cell,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) repairs: Vec<Repair>,
}

impl CaptionRecord {
    pub(super) fn caption(self) -> Result<SourceCaption, DropReason> {
        let text = self.text.text().ok_or(DropReason::TextIsNoString)?;
        let number = |cell: &Cell| cell.number().ok_or(DropReason::TimeIsNoNumber);
        let time = match (&self.start, &self.end) {
            (Cell::Other, Cell::Other) => SourceTime::Whole,
            (start, Cell::Other) if start.number() == Some(0.0) => SourceTime::Whole,
            (start, end) => SourceTime::Seconds(number(start)?, number(end)?),
        };
        let mut repairs = Repairs::default();
        self.repairs.into_iter().for_each(|repair| repairs.note(repair));
        Ok(SourceCaption { id: self.id.count(), repairs, ..SourceCaption::new(time, text) })
    }
}
