//! `locvtp results`: what tasks came to, side by side, as the paper's tables have it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args as ClapArgs;
use locvtp_transfer::results::RESULT_FILE;
use locvtp_transfer::results::TaskResult;
use locvtp_video::plain_file;
use serde::Serialize;

use crate::table::{Column, Table};
use crate::{Outcome, missing, output};

/// `locvtp results`
#[derive(Debug, ClapArgs)]
#[command(after_help = RESULTS_HELP)]
pub(crate) struct Results {
    /// Folders of tasks, one a model: below each are the folders that `locvtp transfer --run` wrote
    #[arg(required = true, value_name = "DIR")]
    pub(crate) folders: Vec<PathBuf>,
    /// All numbers of every task, not the first one alone: a row a number, a column a folder
    #[arg(long)]
    pub(crate) all: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const RESULTS_HELP: &str = "\
Folders of one name are one row: mean, least and greatest over all their seeds.

  locvtp results runs/seed-*/pretrained runs/seed-*/random";

/// Folders below the one that is named in which results are looked for.
const DEPTH: usize = 3;

/// A row: what the tasks came to with one model.
#[derive(Debug, Default, Serialize)]
struct Row {
    name: String,
    /// By task and number, one value a seed.
    values: BTreeMap<String, Vec<f64>>,
}

pub(crate) fn run(args: &Results) -> anyhow::Result<Outcome> {
    let mut rows: Vec<Row> = Vec::new();
    let mut columns: Vec<String> = Vec::new();
    for folder in &args.folders {
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        let at = rows.iter().position(|row| row.name == name).unwrap_or_else(|| {
            rows.push(Row { name, ..Row::default() });
            rows.len() - 1
        });
        for path in results_below(folder, DEPTH)? {
            let text = plain_file::read_json(&path).map_err(missing::reading(&path))?;
            let result: TaskResult = serde_json::from_str(&text)
                .with_context(|| format!("{}: is no result of a task", path.display()))?;
            let task = path.parent().and_then(Path::file_name).unwrap_or_default();
            for seed in &result.seeds {
                let shown = if args.all { usize::MAX } else { 1 };
                for (metric, value) in seed.test.iter().take(shown) {
                    let column = format!("{}: {metric}", task.to_string_lossy());
                    if !columns.contains(&column) {
                        columns.push(column.clone());
                    }
                    rows[at].values.entry(column).or_default().push(value);
                }
            }
        }
    }
    if columns.is_empty() {
        output::note(
            "nothing found: no result.json below these folders; `locvtp transfer` writes them",
        );
        return Ok(Outcome::NothingFound);
    }
    if args.json {
        output::json(&rows)?;
    } else {
        output::text(&table(&rows, &columns, args.all, output::width()))?;
    }
    Ok(Outcome::Done)
}

/// The results below a folder, in the order of their paths.
fn results_below(folder: &Path, depth: usize) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(missing::reading(folder))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() && depth > 0 {
            found.extend(results_below(&path, depth - 1)?);
        } else if path.file_name().is_some_and(|name| name == RESULT_FILE) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A table in Markdown, which a terminal shows as well: a row a model where that fits `width`, else a
/// row a number, and as many tables as the models need.
fn table(rows: &[Row], columns: &[String], all: bool, width: usize) -> String {
    let cell = |values: Option<&Vec<f64>>| match values.map(Vec::as_slice) {
        None | Some([]) => "-".to_owned(),
        Some([value]) => format!("{value:.1}"),
        Some(values) => {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            format!("{mean:.1} ({least:.1}..{greatest:.1})")
        }
    };
    let mut cells: Vec<Vec<String>> = vec![vec!["model".to_owned()]];
    cells[0].extend(columns.iter().cloned());
    for row in rows {
        let values = columns.iter().map(|column| cell(row.values.get(column)));
        cells.push(std::iter::once(row.name.clone()).chain(values).collect());
    }
    let by_model = markdown(&cells);
    if !all && line_width(&by_model) <= width {
        return by_model;
    }
    cells[0][0] = "number".to_owned();
    let by_number: Vec<Vec<String>> =
        (0..cells[0].len()).map(|at| cells.iter().map(|row| row[at].clone()).collect()).collect();
    let mut tables = Vec::new();
    let mut first = 1;
    while first < cells.len() {
        let part = |end: usize| {
            let row = |row: &Vec<String>| {
                std::iter::once(&row[0]).chain(&row[first..end]).cloned().collect()
            };
            markdown(&by_number.iter().map(row).collect::<Vec<Vec<String>>>())
        };
        // One model at least, however narrow the terminal.
        let fits = |end: &usize| line_width(&part(*end)) <= width;
        let end = (first + 2..=cells.len()).take_while(fits).last().unwrap_or(first + 1);
        tables.push(part(end));
        first = end;
    }
    tables.join("\n\n")
}

fn line_width(table: &str) -> usize {
    table.lines().next().map_or(0, |line| line.chars().count())
}

/// Cells, the first row of them the head.
fn markdown(cells: &[Vec<String>]) -> String {
    let mut table = Table::new(vec![Column::words(0); cells[0].len()]);
    cells.iter().for_each(|row| table.row(row));
    table.markdown()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_a_number_or_a_mean_with_its_spread_or_nothing() {
        let row = |name: &str, values: &[(&str, &[f64])]| Row {
            name: name.into(),
            values: values.iter().map(|(c, v)| ((*c).to_owned(), v.to_vec())).collect(),
        };
        let columns = ["tan: mIoU".to_owned(), "steps: recall".to_owned()];
        let rows = [
            row("pretrained", &[("tan: mIoU", &[40.0, 44.0]), ("steps: recall", &[12.25])]),
            row("random", &[("tan: mIoU", &[20.0])]),
        ];
        let text = table(&rows, &columns, false, 100);
        let expected = "\
| model      | tan: mIoU         | steps: recall |
|------------|-------------------|---------------|
| pretrained | 42.0 (40.0..44.0) | 12.2          |
| random     | 20.0              | -             |";
        assert_eq!(text, expected);

        // All numbers are many: a row each.
        let expected = "\
| number        | pretrained        | random |
|---------------|-------------------|--------|
| tan: mIoU     | 42.0 (40.0..44.0) | 20.0   |
| steps: recall | 12.2              | -      |";
        assert_eq!(table(&rows, &columns, true, 100), expected);
        assert_eq!(table(&rows, &columns, false, 49), expected, "where a row a model is too wide");
        let narrow = table(&rows, &columns, true, 40);
        assert!(narrow.lines().all(|line| line.chars().count() <= 40), "{narrow}");
        assert_eq!(narrow.matches("| number").count(), 2, "{narrow}");
    }
}
