//! Confusion of choices, e.g. of the action word that fits a clip: what is true against what was
//! chosen.
//!
//! Rows are the true classes and sum to 100 %; the diagonal is outlined. A class that never occurs
//! has an empty row.

use serde::{Deserialize, Serialize};

use crate::drawing::{Anchor, Area, Drawing};
use crate::error::{ReportError, filled, same_length};
use crate::figure::{Figure, NARROW};
use crate::font::{self, Weight};

/// Counts of true class by chosen class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfusionMatrix {
    /// File name of the figure, e.g. `action-choice-seen`.
    pub name: String,
    /// One line over the figure.
    pub title: String,
    /// What a class is, e.g. "action"; names the axes.
    pub class: String,
    /// Names of the classes.
    pub labels: Vec<String>,
    /// `counts[true][chosen]`.
    pub counts: Vec<Vec<u64>>,
}

impl ConfusionMatrix {
    /// Share of choices that are right, in 0..=1.
    pub fn accuracy(&self) -> f64 {
        let right: u64 = self.counts.iter().enumerate().filter_map(|(i, row)| row.get(i)).sum();
        right as f64 / self.total().max(1) as f64
    }

    /// Draws the matrix.
    ///
    /// # Errors
    /// [`ReportError::Empty`] for no classes or no counts at all, [`ReportError::Length`] when
    /// `counts` is not classes by classes.
    pub fn figure(&self) -> Result<Figure, ReportError> {
        filled(&self.name, "the list of classes", self.labels.len())?;
        let expected = self.labels.len();
        same_length(&self.name, || "the table of counts".into(), expected, self.counts.len())?;
        for (label, row) in self.labels.iter().zip(&self.counts) {
            same_length(&self.name, || format!("the row of {label}"), expected, row.len())?;
        }
        filled(&self.name, "the table of counts", self.total() as usize)?;
        Ok(Figure {
            name: self.name.clone(),
            title: self.title.clone(),
            alt: self.alt(),
            wide: self.drawn(460.0),
            narrow: Some(self.drawn(NARROW)),
        })
    }

    fn total(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// Percentages of a row, or `None` for a class that never occurs.
    fn row_percentages(&self, row: usize) -> Option<Vec<f64>> {
        let total: u64 = self.counts[row].iter().sum();
        let percent = |count: &u64| 100.0 * *count as f64 / total as f64;
        (total > 0).then(|| self.counts[row].iter().map(percent).collect())
    }

    fn alt(&self) -> String {
        let one = |(i, label): (usize, &String)| {
            self.row_percentages(i).map(|row| format!("{label} {:.0} %", row[i]))
        };
        let right: Vec<String> = self.labels.iter().enumerate().filter_map(one).collect();
        format!(
            "Confusion matrix (choices: {}), {:.1} % right over all. Right by true {}: {}.",
            self.total(),
            100.0 * self.accuracy(),
            self.class,
            right.join(", ")
        )
    }

    fn drawn(&self, width: f64) -> Drawing {
        let label_width = |label: &String| font::width(label, 12.0, Weight::Regular);
        let longest = self.labels.iter().map(label_width).fold(0.0, f64::max);
        let left = longest.min(width * 0.32) + 10.0;
        let cell = (width - left) / self.labels.len() as f64;
        let height = cell.clamp(20.0, 44.0);
        let slanted = longest + 6.0 > cell;
        let head = 22.0 + if slanted { longest.min(90.0) * 0.72 + 10.0 } else { 20.0 };
        let end = head + height * self.labels.len() as f64;
        let mut drawing = Drawing::new(width + if slanted { 30.0 } else { 0.0 }, end + 4.0);
        let centre = left + (width - left) / 2.0;
        drawing.text((centre, 12.0), Anchor::Middle, "f-s", &format!("chosen {} →", self.class));
        drawing.text((0.0, 12.0), Anchor::Start, "f-s", &format!("true {} ↓", self.class));
        for (i, label) in self.labels.iter().enumerate() {
            let x = left + (i as f64 + 0.5) * cell;
            if slanted {
                drawing.slanted_text(
                    (x - 2.0, head - 6.0),
                    "f-t",
                    &font::shortened(label, 12.0, Weight::Regular, 90.0),
                );
            } else {
                drawing.text((x, head - 8.0), Anchor::Middle, "f-t", label);
            }
            let label = font::shortened(label, 12.0, Weight::Regular, left - 10.0);
            let baseline = head + (i as f64 + 0.5) * height + 4.0;
            drawing.text((left - 8.0, baseline), Anchor::End, "f-t", &label);
        }
        let area = |row: usize, column: usize| Area {
            x: left + column as f64 * cell,
            y: head + row as f64 * height,
            width: cell - 1.5,
            height: height - 1.5,
        };
        for row in 0..self.labels.len() {
            self.draw_row(&mut drawing, row, |column| area(row, column));
        }
        drawing
    }

    fn draw_row(&self, drawing: &mut Drawing, row: usize, area: impl Fn(usize) -> Area) {
        let percentages = self.row_percentages(row);
        for (column, chosen) in self.labels.iter().enumerate() {
            let area = area(column);
            drawing.rect(area, "f-raised", 2.0);
            let Some(percent) = percentages.as_ref().map(|row| row[column]) else {
                drawing.text((area.middle_x(), area.middle_y() + 4.0), Anchor::Middle, "f-s", "–");
                continue;
            };
            let hint = format!(
                "{} taken for {chosen}: {} of {}",
                self.labels[row],
                self.counts[row][column],
                self.counts[row].iter().sum::<u64>()
            );
            drawing.shade(area, "f-fill-blue", percent / 100.0, 2.0, &hint);
            let class = if percent > 55.0 { "f-b f-fill-paper" } else { "f-t" };
            let text = format!("{percent:.0}");
            drawing.text((area.middle_x(), area.middle_y() + 4.0), Anchor::Middle, class, &text);
            if row == column {
                drawing.rect(area.inset(0.75), "f-diagonal", 2.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(counts: Vec<Vec<u64>>) -> ConfusionMatrix {
        ConfusionMatrix {
            name: "action-choice".into(),
            title: "Action choice".into(),
            class: "action".into(),
            labels: ["left", "right", "spin"].map(String::from).to_vec(),
            counts,
        }
    }

    #[test]
    fn rows_are_percentages_of_the_true_class() {
        let matrix = matrix(vec![vec![3, 1, 0], vec![0, 5, 5], vec![0, 0, 0]]);
        assert_eq!(matrix.row_percentages(0).unwrap(), [75.0, 25.0, 0.0]);
        assert_eq!(matrix.row_percentages(2), None);
        // 3 + 5 of 14
        assert!((matrix.accuracy() - 8.0 / 14.0).abs() < 1e-12);
        assert!(matrix.figure().unwrap().alt.contains("left 75 %, right 50 %"));
    }

    #[test]
    fn a_table_without_counts_or_of_another_shape_is_refused() {
        assert!(matches!(matrix(vec![vec![0; 3]; 3]).figure(), Err(ReportError::Empty { .. })));
        assert!(matches!(matrix(vec![vec![1; 2]; 3]).figure(), Err(ReportError::Length { .. })));
    }
}
