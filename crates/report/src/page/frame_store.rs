//! The frames of a page, each defined once and shown wherever a figure draws it.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::drawing::{Area, number};
use crate::thumbnail::Thumbnail;

/// The frames of the page, each kept once however often it is drawn.
#[derive(Default)]
pub(super) struct FrameStore {
    ids: HashMap<Vec<u8>, usize>,
    /// SVG definitions of the frames drawn so far.
    pub(super) definitions: String,
}

impl FrameStore {
    /// An element that shows `thumbnail` over `area`.
    pub(super) fn drawn(&mut self, thumbnail: &Thumbnail, area: Area) -> String {
        let next = self.ids.len();
        let id = *self.ids.entry(thumbnail.png().to_vec()).or_insert(next);
        if id == next {
            let _ = writeln!(
                self.definitions,
                "<image id=\"frame-{id}\" width=\"1\" height=\"1\" preserveAspectRatio=\"none\" \
                href=\"{}\"/>",
                thumbnail.data_url()
            );
        }
        format!(
            "<use href=\"#frame-{id}\" transform=\"translate({} {}) scale({} {})\"/>",
            number(area.x),
            number(area.y),
            number(area.width),
            number(area.height)
        )
    }
}
