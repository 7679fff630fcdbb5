//! The table of results: the model's row among chance, partial knowledge and the other references.
//!
//! Columns may be grouped by task. A column with a full scale shows a small bar under each number,
//! so that a reader sees at a glance which reference a result stands above; a column without one
//! (median rank) shows numbers alone.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::drawing::{escaped, number};
use crate::error::{ReportError, filled, finite, same_length};

/// Results on one split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultsTable {
    /// Heading, e.g. "New videos of seen combinations".
    pub title: String,
    /// What was measured on how many of what.
    pub caption: String,
    /// The columns.
    pub columns: Vec<ResultsColumn>,
    /// The rows, the model's first.
    pub rows: Vec<ResultsRow>,
}

/// One measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultsColumn {
    /// The task; neighbouring columns of one group share a heading.
    pub group: String,
    /// The measure, e.g. "R@5".
    pub label: String,
    /// Digits after the point.
    pub decimals: usize,
    /// Value of a full bar, e.g. 100; `None` for no bars.
    pub full_scale: Option<f64>,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultsRow {
    /// Name, e.g. "LocVTP" or "knows the colour only".
    pub label: String,
    /// What it does, in a few words; may be empty.
    pub explanation: String,
    /// How it is set.
    pub kind: RowKind,
    /// A value a column; `None` where the measure does not apply.
    pub values: Vec<Option<f64>>,
}

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// The model of this run.
    Model,
    /// Another model or setting to compare with.
    Other,
    /// Knows part of the truth.
    Oracle,
    /// Knows nothing.
    Chance,
}

impl ResultsTable {
    /// The table as HTML.
    pub(crate) fn html(&self) -> Result<String, ReportError> {
        self.check()?;
        let mut body = String::new();
        for row in &self.rows {
            let class = match row.kind {
                RowKind::Model => "model",
                RowKind::Other => "other",
                RowKind::Oracle => "oracle",
                RowKind::Chance => "chance",
            };
            let _ = write!(body, "<tr class=\"{class}\"><th scope=\"row\">{}", escaped(&row.label));
            if !row.explanation.is_empty() {
                let _ = write!(body, "<small>{}</small>", escaped(&row.explanation));
            }
            body.push_str("</th>");
            for (i, (column, value)) in self.columns.iter().zip(&row.values).enumerate() {
                body.push_str(&self.cell(i, column, *value));
            }
            body.push_str("</tr>\n");
        }
        Ok(format!(
            "<h3>{}</h3>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">\n\
             <table>\n<caption><span>{}</span>\
             </caption>\n<thead>{}</thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>\n",
            escaped(&self.title),
            escaped(&self.title),
            escaped(&self.caption),
            self.head()
        ))
    }

    fn check(&self) -> Result<(), ReportError> {
        filled(&self.title, "the list of columns", self.columns.len())?;
        filled(&self.title, "the list of rows", self.rows.len())?;
        for row in &self.rows {
            let what = || format!("the row “{}”", row.label);
            same_length(&self.title, what, self.columns.len(), row.values.len())?;
            for (column, value) in self.columns.iter().zip(&row.values) {
                let what = || format!("{} of “{}”", column.label, row.label);
                finite(&self.title, what, value.unwrap_or(0.0))?;
            }
        }
        Ok(())
    }

    /// Whether column `i` is the first of its group.
    fn opens_group(&self, i: usize) -> bool {
        i == 0 || self.columns[i].group != self.columns[i - 1].group
    }

    fn head(&self) -> String {
        let mut groups = String::from("<tr><td></td>");
        for same in self.columns.chunk_by(|a, b| a.group == b.group) {
            let _ = write!(
                groups,
                "<th scope=\"colgroup\" class=\"opens\" colspan=\"{}\">{}</th>",
                same.len(),
                escaped(&same[0].group)
            );
        }
        let mut labels = String::from("<tr><td></td>");
        for (i, column) in self.columns.iter().enumerate() {
            let class = if self.opens_group(i) { " class=\"opens\"" } else { "" };
            let _ = write!(labels, "<th scope=\"col\"{class}>{}</th>", escaped(&column.label));
        }
        format!("{groups}</tr>\n{labels}</tr>")
    }

    fn cell(&self, i: usize, column: &ResultsColumn, value: Option<f64>) -> String {
        let class = if self.opens_group(i) { " class=\"opens\"" } else { "" };
        let Some(value) = value else {
            return format!(
                "<td{class}><span class=\"none\" aria-label=\"not measured\">–</span></td>"
            );
        };
        let text = format!("{value:.*}", column.decimals).replace('-', "−");
        let bar = column.full_scale.map_or(String::new(), |full| {
            let share = number((100.0 * value / full).clamp(0.0, 100.0));
            format!("<i class=\"bar\" aria-hidden=\"true\"><b style=\"width:{share}%\"></b></i>")
        });
        format!("<td{class}>{text}{bar}</td>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> ResultsTable {
        let column = |group: &str, label: &str, full_scale| ResultsColumn {
            group: group.into(),
            label: label.into(),
            decimals: 1,
            full_scale,
        };
        ResultsTable {
            title: "Seen".into(),
            caption: "150 videos".into(),
            columns: vec![
                column("retrieval", "R@5", Some(100.0)),
                column("retrieval", "MdR", None),
                column("grounding", "mIoU", Some(100.0)),
            ],
            rows: vec![ResultsRow {
                label: "LocVTP".into(),
                explanation: "this & run".into(),
                kind: RowKind::Model,
                values: vec![Some(75.25), Some(3.0), None],
            }],
        }
    }

    #[test]
    fn groups_span_their_columns_and_bars_their_share() {
        let html = table().html().unwrap();
        assert!(html.contains("colspan=\"2\">retrieval</th>"), "{html}");
        assert!(html.contains("width:75.25%"), "{html}");
        assert_eq!(html.matches("class=\"bar\"").count(), 1);
        assert!(html.contains("this &amp; run") && html.contains("not measured"));
    }

    #[test]
    fn a_row_of_another_length_and_a_value_that_is_no_number_are_refused() {
        let mut short = table();
        short.rows[0].values.pop();
        assert!(
            short.html().unwrap_err().to_string().contains("“LocVTP” has the length 2, expected 3")
        );
        let mut broken = table();
        broken.rows[0].values[0] = Some(f64::INFINITY);
        assert!(broken.html().unwrap_err().to_string().contains("R@5 of “LocVTP” is inf"));
    }
}
