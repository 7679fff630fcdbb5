//! The page of a run: one HTML file that holds everything it shows and asks no other place for
//! anything.
//!
//! Styles, fonts, figures and frames are inside, and a content security policy forbids any request.
//! There is no script: hints on hovering are SVG titles, folding is `<details>`. Light and dark
//! follow the reader, figures change to a narrow drawing on a phone, and paper gets the light
//! colours.

mod frame_store;
mod reading;

use std::fmt::Write as _;

use crate::curves::LossCurves;
use crate::drawing::{Area, escaped};
use crate::error::ReportError;
use crate::figure::{Figure, inline_svg};
use crate::font;
use crate::grounding::GroundingExample;
use crate::heat_map::HeatMap;
use crate::histogram::SimilarityHistogram;
use crate::palette;
use crate::run_report::{ReportFigures, RunReport};
use crate::thumbnail::Thumbnail;

use frame_store::FrameStore;

const STYLE: &str = include_str!("../assets/page.css");

/// A part of the page with a heading of its own.
struct Section {
    id: &'static str,
    heading: &'static str,
    html: String,
}

/// The whole page as text.
pub(crate) fn html(report: &RunReport, figures: &ReportFigures) -> Result<String, ReportError> {
    let mut frames = FrameStore::default();
    let sections = sections(report, figures, &mut frames)?;
    let mut contents = String::new();
    let mut main = String::new();
    for section in &sections {
        let (id, heading) = (section.id, section.heading);
        let _ = write!(contents, "<li><a href=\"#{id}\">{heading}</a></li>");
        let _ = write!(
            main,
            "<section id=\"{id}\" aria-labelledby=\"{id}-heading\">\n\
             <h2 id=\"{id}-heading\">{heading}</h2>\n{}\
             </section>\n",
            section.html
        );
    }
    let title = escaped(&report.title);
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; img-src data:; font-src data:\">\n\
         <title>{title}</title>\n<style>\n{}{}{}{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the results</a>\n\
         <svg class=\"frames\" aria-hidden=\"true\"><defs>\n{}</defs></svg>\n\
         <header>\n<h1>{title}</h1>\n<p class=\"intro\">{}</p>\n{}</header>\n\
         <nav aria-label=\"Sections\"><ul>{contents}</ul></nav>\n\
         <main id=\"main\">\n{main}</main>\n{}</body>\n</html>\n",
        font::font_faces(),
        palette::variables(),
        palette::figure_style_with_variables(),
        frames.definitions,
        escaped(&report.intro),
        facts(report),
        footer(report),
    ))
}

fn sections(
    report: &RunReport,
    figures: &ReportFigures,
    frames: &mut FrameStore,
) -> Result<Vec<Section>, ReportError> {
    let mut all = Vec::new();
    let mut add = |id, heading, html: String| {
        if !html.is_empty() {
            all.push(Section { id, heading, html });
        }
    };
    add("summary", "At a glance", summary(report)?);
    add("results", "Results", results(report, figures, frames)?);
    add("losses", "Losses", losses(report, figures, frames));
    let map = |(figure, map): (&Figure, &HeatMap)| {
        let video = format!("<span class=\"legend\">{}</span>", escaped(&map.video));
        shown(figure, &(captioned(&figure.title) + &video), "wide-only", frames)
    };
    let maps: String = figures.heat_maps.iter().zip(&report.heat_maps).map(map).collect();
    add("heat-maps", "Clips and words", read_first(reading::HEAT_MAPS, &maps));
    let examples: String = figures
        .grounding
        .iter()
        .zip(&report.grounding_examples)
        .map(|(figure, example)| shown(figure, &grounding_caption(example), "", frames))
        .collect();
    add("grounding", "Finding a moment", read_first(reading::GROUNDING, &examples));
    let histograms = histograms(report, figures, frames);
    add("histograms", "Context warp", histograms);
    add("notes", "Notes", notes(report));
    add("settings", "Settings", settings(report));
    Ok(all)
}

fn facts(report: &RunReport) -> String {
    if report.facts.is_empty() {
        return String::new();
    }
    let one = |(label, value): (&str, &str)| {
        format!("<div><dt>{}</dt><dd>{}</dd></div>", escaped(label), escaped(value))
    };
    let all: String =
        report.facts.iter().map(|fact| one((fact.label.as_str(), fact.value.as_str()))).collect();
    format!("<dl class=\"facts\">{all}</dl>\n")
}

fn summary(report: &RunReport) -> Result<String, ReportError> {
    if report.headlines.is_empty() {
        return Ok(String::new());
    }
    let cards: Vec<String> = report.headlines.iter().map(|h| h.html()).collect::<Result<_, _>>()?;
    Ok(format!("<ul class=\"cards\">\n{}</ul>\n", cards.concat()))
}

fn results(
    report: &RunReport,
    figures: &ReportFigures,
    frames: &mut FrameStore,
) -> Result<String, ReportError> {
    let tables: Vec<String> = report.results.iter().map(|t| t.html()).collect::<Result<_, _>>()?;
    let mut html = read_first(reading::RESULTS, &tables.concat());
    let confusions: String =
        figures.confusions.iter().map(|f| shown(f, &captioned(&f.title), "", frames)).collect();
    if !confusions.is_empty() {
        let _ = write!(
            html,
            "<h3>Which class was chosen</h3>\n\
             <p class=\"read\">Rows are what is true and sum to 100 %; the outlined diagonal is \
             right.</p>\n<div class=\"side-by-side\">\n{confusions}</div>\n"
        );
    }
    Ok(html)
}

fn losses(report: &RunReport, figures: &ReportFigures, frames: &mut FrameStore) -> String {
    let drawn = |(figure, curves): (&Figure, &LossCurves)| {
        let meanings = curves.series.iter().map(|s| (s.label.as_str(), s.meaning.as_str()));
        shown(figure, &with_legend(&figure.title, meanings), "", frames)
    };
    let drawn: String = figures.losses.iter().zip(&report.loss_curves).map(drawn).collect();
    read_first(reading::LOSSES, &drawn)
}

fn histograms(report: &RunReport, figures: &ReportFigures, frames: &mut FrameStore) -> String {
    let drawn = |(figure, histogram): (&Figure, &SimilarityHistogram)| {
        let meanings = histogram.series.iter().map(|s| (s.label.as_str(), s.meaning.as_str()));
        shown(figure, &with_legend(&figure.title, meanings), "", frames)
    };
    let drawn: String = figures.histograms.iter().zip(&report.histograms).map(drawn).collect();
    read_first(reading::HISTOGRAMS, &drawn)
}

/// A caption that says what each name in the figure means.
fn with_legend<'a>(title: &str, meanings: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let one = |(label, meaning)| format!("<b>{}</b> {}", indexed(label), escaped(meaning));
    let legend: Vec<String> = meanings.map(one).collect();
    format!("{}<span class=\"legend\">{}</span>", captioned(title), legend.join(" · "))
}

fn notes(report: &RunReport) -> String {
    if report.notes.is_empty() {
        return String::new();
    }
    let items: String =
        report.notes.iter().map(|note| format!("<li>{}</li>\n", escaped(note))).collect();
    format!("<ul class=\"notes\">\n{items}</ul>\n")
}

fn settings(report: &RunReport) -> String {
    if report.settings_toml.is_empty() {
        return String::new();
    }
    format!(
        "<details>\n<summary>The run file, with every default filled in</summary>\n\
         <pre tabindex=\"0\"><code>{}</code></pre>\n</details>\n",
        escaped(&report.settings_toml)
    )
}

fn footer(report: &RunReport) -> String {
    let made = &report.provenance;
    let mut parts = vec![format!("LocVTP {}", escaped(&made.version))];
    if !made.commit.is_empty() {
        parts.push(format!("commit <code>{}</code>", escaped(&made.commit)));
    }
    if !made.date.is_empty() {
        parts.push(escaped(&made.date));
    }
    format!(
        "<footer>\n<p>{}</p>\n\
         <p>This file is complete in itself. Its figures are also kept as SVG and PNG in \
         <code>figures/</code>, its numbers in <code>report.json</code>. \
         Set in Inter (SIL Open Font License).</p>\n</footer>\n",
        parts.join(" · ")
    )
}

fn grounding_caption(example: &GroundingExample) -> String {
    let note =
        if example.note.is_empty() { String::new() } else { format!(" · {}", example.note) };
    format!(
        "<b>“{}”</b><span class=\"legend\">{} · IoU {:.2}{}</span>",
        escaped(&example.sentence),
        escaped(&example.video),
        example.iou(),
        escaped(&note)
    )
}

fn captioned(title: &str) -> String {
    format!("<b>{}</b>", escaped(title))
}

/// The sentence on how to read, before what is to be read; nothing when there is nothing.
fn read_first(how: &str, html: &str) -> String {
    if html.is_empty() { String::new() } else { format!("<p class=\"read\">{how}</p>\n{html}") }
}

/// A figure with its caption, in both widths; `wide-only` figures scroll sideways where they must.
fn shown(figure: &Figure, caption: &str, class: &str, frames: &mut FrameStore) -> String {
    let with_frames = |thumbnail: &Thumbnail, area: Area| frames.drawn(thumbnail, area);
    let name = escaped(&figure.name);
    let scrolls = class == "wide-only";
    let (open, close) = if scrolls {
        let open = format!(
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">",
            escaped(&figure.title)
        );
        (open, "</div>")
    } else {
        (String::new(), "")
    };
    let drawn = match &figure.narrow {
        None => inline_svg(&figure.wide, &figure.alt, "", with_frames),
        Some(narrow) => {
            let mut with_frames = with_frames;
            let wide = inline_svg(&figure.wide, &figure.alt, "wide", &mut with_frames);
            wide + "\n" + &inline_svg(narrow, &figure.alt, "narrow", &mut with_frames)
        }
    };
    format!(
        "<figure id=\"{name}\" class=\"{class}\">\n<figcaption>{caption}</figcaption>\n\
         {open}{drawn}{close}\n\
         </figure>\n"
    )
}

/// `L_c` with its index lowered, else the escaped text.
fn indexed(label: &str) -> String {
    match label.split_once('_') {
        Some((name, index)) if name.chars().count() == 1 => {
            format!("{}<sub>{}</sub>", escaped(name), escaped(index))
        }
        _ => escaped(label),
    }
}
