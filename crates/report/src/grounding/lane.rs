//! A lane of a grounding figure: a bar over a span of time, with its name and a text that always
//! has room.

use crate::axis::Axis;
use crate::drawing::{Anchor, Area, Drawing};
use crate::font::{self, Weight};
use crate::span::Span;

const BAR: f64 = 20.0;

/// A bar over a span, with its name and a text.
pub(super) struct Lane {
    pub(super) span: Span,
    pub(super) name: String,
    /// What to write, and what to write where that does not fit.
    pub(super) texts: [String; 2],
    pub(super) colour: &'static str,
    pub(super) strength: f64,
}

impl Lane {
    /// The name stands in the left margin where there is one, else before the text. The text goes
    /// inside the bar, right of it, or left of it: the first place that has room.
    pub(super) fn draw(&self, drawing: &mut Drawing, y: f64, time: &Axis) {
        let (from, to) = (time.at(self.span.start_s), time.at(self.span.end_s));
        let bar = Area { x: from, y, width: (to - from).max(2.0), height: BAR };
        let fill = format!("f-fill-{}", self.colour);
        drawing.shade(bar, &fill, self.strength, 3.0, &self.texts[0]);
        let left = time.at(f64::NEG_INFINITY);
        let baseline = bar.middle_y() + 4.0;
        let has_margin = left > 40.0;
        if has_margin {
            drawing.text((0.0, baseline), Anchor::Start, &format!("f-b {fill}"), &self.name);
        }
        for text in &self.texts {
            let text = if has_margin { text.clone() } else { format!("{} {text}", self.name) };
            let needed = font::width(&text, 12.0, Weight::SemiBold) + 14.0;
            let (x, anchor, class) = if self.strength == 1.0 && needed <= bar.width {
                (bar.middle_x(), Anchor::Middle, "f-b f-fill-paper")
            } else if bar.right() + needed <= drawing.width {
                (bar.right() + 7.0, Anchor::Start, "f-t")
            } else if bar.x - needed >= left {
                (bar.x - 7.0, Anchor::End, "f-t")
            } else {
                continue;
            };
            drawing.text((x, baseline), anchor, class, &text);
            return;
        }
        // a pale bar over the whole width: dark text on it reads well
        let class = if self.strength == 1.0 { "f-b f-fill-paper" } else { "f-t" };
        drawing.text((bar.middle_x(), baseline), Anchor::Middle, class, &self.name);
    }
}
