//! The drawing of a heat map: frames, cells, times, events and the legend, from top to bottom.

use crate::axis::Axis;
use crate::colour_map;
use crate::drawing::{Anchor, Area, Drawing};
use crate::font::{self, Weight};

use super::HeatMap;

const ROW: f64 = 23.0;
const BAND: f64 = 40.0;
/// Room right of the grid for half of the last time.
const EDGE: f64 = 14.0;

/// Sizes that follow from the numbers of words and clips.
pub(super) struct Layout {
    pub(super) grid: Area,
    frame_height: f64,
    pub(super) column: f64,
    show_values: bool,
}

impl HeatMap {
    pub(super) fn layout(&self, width: f64, least_column: f64, most_column: f64) -> Layout {
        let longest =
            self.words.iter().map(|w| font::width(w, 12.0, Weight::Regular)).fold(30.0, f64::max);
        let labels = longest.clamp(48.0, 130.0) + 12.0;
        let count = self.clips.len() as f64;
        let column = ((width - labels - EDGE) / count).clamp(least_column, most_column);
        let aspect = self.clips[0].frame.aspect();
        let frame_height = (column / aspect).min(90.0);
        let grid = Area {
            x: labels,
            y: frame_height + 8.0,
            width: column * count,
            height: ROW * self.words.len() as f64,
        };
        Layout { grid, frame_height, column, show_values: column >= 34.0 }
    }

    pub(super) fn drawn(&self, layout: &Layout) -> Drawing {
        let grid = layout.grid;
        let bands = if self.events.is_empty() { 0.0 } else { BAND + 12.0 };
        let width = grid.right().max(grid.x + 330.0) + EDGE;
        let mut drawing = Drawing::new(width, grid.bottom() + 30.0 + bands + 30.0);
        for (t, clip) in self.clips.iter().enumerate() {
            let x = grid.x + t as f64 * layout.column;
            let area = Area { x, y: 0.0, width: layout.column, height: layout.frame_height };
            drawing.frame(Area { width: area.width - 1.0, ..area }, &clip.frame);
        }
        self.draw_cells(&mut drawing, layout);
        self.draw_times(&mut drawing, layout);
        if bands > 0.0 {
            self.draw_events(&mut drawing, layout, grid.bottom() + 30.0);
        }
        self.draw_legend(&mut drawing, grid, grid.bottom() + 30.0 + bands);
        drawing
    }

    fn draw_cells(&self, drawing: &mut Drawing, layout: &Layout) {
        let (grid, (low, high)) = (layout.grid, self.range());
        let area = |s: usize, t: usize| Area {
            x: grid.x + t as f64 * layout.column,
            y: grid.y + s as f64 * ROW,
            width: layout.column - 1.0,
            height: ROW - 1.0,
        };
        for (s, word) in self.words.iter().enumerate() {
            let label = font::shortened(word, 12.0, Weight::Regular, grid.x - 10.0);
            drawing.text((grid.x - 8.0, area(s, 0).middle_y() + 4.0), Anchor::End, "f-t", &label);
            for (t, clip) in self.clips.iter().enumerate() {
                let cosine = f64::from(self.cosine[s][t]);
                let position = (cosine - low) / (high - low);
                let hint = format!("“{word}”, {}: {cosine:.3}", clip.span.label());
                drawing.cell(area(s, t), &colour_map::colour(position), &hint);
                if layout.show_values {
                    let class =
                        if colour_map::is_light(position) { "f-on-light" } else { "f-on-dark" };
                    let middle = (area(s, t).middle_x(), area(s, t).middle_y() + 3.5);
                    drawing.text(middle, Anchor::Middle, class, &short_cosine(cosine));
                }
            }
        }
        for t in 0..self.clips.len() {
            for s in self.closest_words(t) {
                drawing.rect(area(s, t).inset(1.0), "f-top-edge", 2.0);
                drawing.rect(area(s, t).inset(1.0), "f-top", 2.0);
            }
        }
    }

    /// Seconds under the clips' edges, as many as there is room for.
    fn draw_times(&self, drawing: &mut Drawing, layout: &Layout) {
        let grid = layout.grid;
        let every = (34.0 / layout.column).ceil() as usize;
        let mut edges: Vec<f64> = self.clips.iter().map(|clip| clip.span.start_s).collect();
        edges.extend(self.clips.last().map(|clip| clip.span.end_s));
        let y = grid.bottom();
        for (t, edge) in edges.iter().enumerate().step_by(every) {
            let x = grid.x + t as f64 * layout.column;
            drawing.line((x, y), (x, y + 4.0), "f-rule");
            drawing.text((x, y + 16.0), Anchor::Middle, "f-s", &format!("{edge:.1}"));
        }
        drawing.text((grid.x - 13.0, y + 16.0), Anchor::End, "f-s", "seconds");
    }

    fn draw_events(&self, drawing: &mut Drawing, layout: &Layout, y: f64) {
        drawing.text((layout.grid.x - 8.0, y + BAND / 2.0 + 4.0), Anchor::End, "f-s", "events");
        for event in &self.events {
            let from = self.x_of(layout, event.span.start_s);
            let to = self.x_of(layout, event.span.end_s);
            let area = Area { x: from + 1.0, y, width: (to - from - 2.0).max(2.0), height: BAND };
            let hint = format!("{}, {}", event.name, event.span.label());
            drawing.shade(area, "f-fill-teal", 0.14, 3.0, &hint);
            drawing.rect(Area { width: 3.0, ..area }, "f-fill-teal", 1.5);
            if area.width < 30.0 {
                continue;
            }
            let lines = font::wrapped(&event.name, 12.0, Weight::Regular, area.width - 14.0, 2);
            let first = area.middle_y() + 4.0 - 7.5 * (lines.len() as f64 - 1.0);
            for (i, line) in lines.iter().enumerate() {
                let at = (area.x + 9.0, first + 15.0 * i as f64);
                drawing.text(at, Anchor::Start, "f-t", line);
            }
        }
    }

    /// Where an instant lies: evenly inside the column of its clip, at the next column's edge in a
    /// gap.
    pub(super) fn x_of(&self, layout: &Layout, time_s: f64) -> f64 {
        let mut x = layout.grid.x;
        for clip in &self.clips {
            let share = (time_s - clip.span.start_s) / clip.span.duration_s();
            x += share.clamp(0.0, 1.0) * layout.column;
        }
        x
    }

    fn draw_legend(&self, drawing: &mut Drawing, grid: Area, y: f64) {
        let (low, high) = self.range();
        let bar = Area { x: grid.x + 48.0, y: y + 6.0, width: 120.0, height: 10.0 };
        drawing.text((grid.x, bar.bottom()), Anchor::Start, "f-s", "cosine");
        for i in 0..60 {
            let area = Area { x: bar.x + 2.0 * f64::from(i), width: 2.3, ..bar };
            drawing.cell(area, &colour_map::colour((f64::from(i) + 0.5) / 60.0), "");
        }
        let scale = Axis::linear((low, high), (bar.x, bar.right()));
        for value in [low, (low + high) / 2.0, high] {
            drawing.text(
                (scale.at(value), bar.bottom() + 13.0),
                Anchor::Middle,
                "f-s",
                &signed(value),
            );
        }
        let key = Area { x: bar.right() + 26.0, y: y + 3.0, width: 20.0, height: 15.0 };
        drawing.cell(key, &colour_map::colour(0.55), "");
        drawing.rect(key.inset(1.0), "f-top-edge", 2.0);
        drawing.rect(key.inset(1.0), "f-top", 2.0);
        let text = format!("the {} closest words of a clip", self.num_marked);
        drawing.text((key.right() + 7.0, bar.bottom()), Anchor::Start, "f-s", &text);
    }
}

fn signed(value: f64) -> String {
    format!("{value:.2}").replace('-', "−")
}

/// ".42", "−.07": the leading zero says nothing in a cell.
fn short_cosine(value: f64) -> String {
    let text = signed(value);
    match text.as_str() {
        "0.00" | "−0.00" => "0".into(),
        _ => text.replace("0.", "."),
    }
}
