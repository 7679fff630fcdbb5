//! A whole report, written into a folder and looked at from outside.

use std::collections::BTreeSet;
use std::path::Path;

use locvtp_report::{
    ClipScore, ConfusionMatrix, CurvePoint, GroundingExample, Headline, HeadlineReference, HeatMap,
    HeatMapClip, HistogramSeries, LossCurves, LossSeries, NamedSpan, PredictedSpan, Provenance,
    ReportError, ResultsColumn, ResultsRow, ResultsTable, RowKind, RunReport, SimilarityHistogram,
    Span, Thumbnail, TimedFrame, write,
};

const HOSTILE: &str = "a <script>alert('x')</script> & \"ball\"";

fn frame(shade: u8) -> Result<Thumbnail, ReportError> {
    Thumbnail::from_rgb(&[shade; 8 * 8 * 3], 8, 8)
}

fn report() -> Result<RunReport, ReportError> {
    let points = (0..50).map(|step| CurvePoint { step, value: 3.0 / (step + 1) as f64 }).collect();
    let clip = |t: usize| Span::new(t as f64, t as f64 + 1.0);
    let series =
        |label: &str| HistogramSeries::of(label, "test", &[0.1, 0.2, 0.6], (-1.0, 1.0), 20);
    Ok(RunReport {
        title: HOSTILE.into(),
        intro: "One. Two.".into(),
        headlines: vec![Headline {
            label: "mIoU".into(),
            context: HOSTILE.into(),
            value: 61.0,
            unit: "%".into(),
            decimals: 1,
            full_scale: 100.0,
            references: vec![HeadlineReference { label: "chance".into(), value: 20.0 }],
        }],
        results: vec![ResultsTable {
            title: "Seen".into(),
            caption: HOSTILE.into(),
            columns: vec![ResultsColumn {
                group: "Grounding".into(),
                label: "mIoU".into(),
                decimals: 1,
                full_scale: Some(100.0),
            }],
            rows: vec![ResultsRow {
                label: HOSTILE.into(),
                explanation: String::new(),
                kind: RowKind::Model,
                values: vec![Some(61.0)],
            }],
        }],
        action_confusions: vec![ConfusionMatrix {
            name: "actions".into(),
            title: "Actions".into(),
            class: "action".into(),
            labels: vec!["left".into(), HOSTILE.into()],
            counts: vec![vec![3, 1], vec![0, 2]],
        }],
        loss_curves: Some(LossCurves {
            name: "loss".into(),
            title: "Losses".into(),
            series: vec![LossSeries { label: "L_c".into(), meaning: HOSTILE.into(), points }],
            smoothing_steps: 5.0,
            ..LossCurves::default()
        }),
        heat_maps: vec![HeatMap {
            name: "heat-map-1".into(),
            sentence: HOSTILE.into(),
            video: "v1".into(),
            words: vec!["red".into(), HOSTILE.into()],
            clips: (0..3)
                .map(|t| Ok(HeatMapClip { span: clip(t), frame: frame(t as u8)? }))
                .collect::<Result<_, ReportError>>()?,
            cosine: vec![vec![0.1, 0.2, 0.3], vec![0.3, -0.2, 0.0]],
            num_marked: 1,
            events: vec![NamedSpan { span: Span::new(0.5, 2.0), name: HOSTILE.into() }],
        }],
        grounding_examples: vec![GroundingExample {
            name: "grounding-1".into(),
            sentence: HOSTILE.into(),
            video: "v1".into(),
            note: "median".into(),
            duration_s: 3.0,
            frames: (0..3)
                .map(|t| Ok(TimedFrame { time_s: t as f64, image: frame(t as u8)? }))
                .collect::<Result<_, ReportError>>()?,
            clip_scores: (0..3).map(|t| ClipScore { span: clip(t), score: t as f64 }).collect(),
            true_span: Span::new(1.0, 3.0),
            predictions: vec![PredictedSpan { span: Span::new(2.0, 3.0), score: 2.0 }],
        }],
        histograms: vec![SimilarityHistogram {
            name: "warp".into(),
            title: "Warp".into(),
            quantity: "cosine".into(),
            series: vec![series("reference")?, series("bias")?],
        }],
        notes: vec![HOSTILE.into()],
        settings_toml: format!("[data]\nname = \"{HOSTILE}\"\n"),
        provenance: Provenance {
            version: "0.1.0".into(),
            commit: "abc".into(),
            date: "2026-01-01".into(),
        },
        ..RunReport::default()
    })
}

fn page_of(report: &RunReport) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let written = write(report, folder.path()).expect("a report");
    std::fs::read_to_string(written.page).expect("a page")
}

fn file_names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn the_folder_holds_the_page_the_numbers_and_every_figure_twice_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let written = write(&report().unwrap(), folder.path()).unwrap();
    let expected = |names: &[&str]| names.iter().map(|n| n.to_string()).collect::<BTreeSet<_>>();
    assert_eq!(file_names(folder.path()), expected(&["figures", "report.html", "report.json"]));
    let figures: Vec<String> = ["actions", "grounding-1", "heat-map-1", "loss", "warp"]
        .iter()
        .flat_map(|name| [format!("{name}.png"), format!("{name}.svg")])
        .collect();
    assert_eq!(file_names(&folder.path().join("figures")), figures.into_iter().collect());
    assert_eq!(written.figures.len(), 10);
}

#[test]
fn a_script_in_a_caption_is_text() {
    let page = page_of(&report().unwrap());
    assert!(!page.contains("<script"));
    assert!(
        page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;ball&quot;")
    );
}

#[test]
fn the_page_names_no_other_place() {
    let page = page_of(&report().unwrap());
    for scheme in ["http://", "https://", "//cdn", "@import", "<link", "<iframe", "<base"] {
        assert!(!page.contains(scheme), "{scheme}");
    }
    for attribute in ["href=\"", "src=\"", "url("] {
        for (at, _) in page.match_indices(attribute) {
            let target = &page[at + attribute.len()..];
            assert!(target.starts_with('#') || target.starts_with("data:"), "{}", &target[..40]);
        }
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn a_saved_svg_names_nothing_but_its_namespace() {
    let folder = tempfile::tempdir().unwrap();
    for path in write(&report().unwrap(), folder.path()).unwrap().figures {
        if path.extension().is_some_and(|e| e == "svg") {
            let svg = std::fs::read_to_string(&path).unwrap();
            assert_eq!(svg.matches("http").count(), 1, "{}", path.display());
            assert!(svg.contains("xmlns=\"http://www.w3.org/2000/svg\""));
            assert!(!svg.contains("<script"));
        }
    }
}

#[test]
fn every_element_of_the_page_is_closed_in_order() {
    let page = page_of(&report().unwrap());
    let body = &page[page.find("<body>").unwrap()..page.find("</html>").unwrap()];
    let mut open: Vec<&str> = Vec::new();
    for tag in body.split('<').skip(1) {
        let inside = tag.split('>').next().unwrap();
        let name = inside.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if inside.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{inside}");
        } else if !inside.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn every_figure_has_words_for_those_who_cannot_see_it() {
    let page = page_of(&report().unwrap());
    let drawn = page.matches("role=\"img\"").count();
    assert!(drawn >= 5);
    assert_eq!(page.matches("role=\"img\" aria-label=\"").count(), drawn);
    assert!(!page.contains("aria-label=\"\""));
}

#[test]
fn a_frame_shown_four_times_is_stored_once() {
    // three different frames, each in two figures, each in two widths
    let page = page_of(&report().unwrap());
    assert_eq!(page.matches("data:image/png").count(), 3);
    assert_eq!(page.matches("<use ").count(), 12);
}

#[test]
fn equal_reports_give_equal_bytes() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let written: Vec<_> =
        folders.iter().map(|f| write(&report().unwrap(), f.path()).unwrap()).collect();
    let bytes = |path: &Path| std::fs::read(path).unwrap();
    assert_eq!(bytes(&written[0].page), bytes(&written[1].page));
    for (a, b) in written[0].figures.iter().zip(&written[1].figures) {
        assert_eq!(bytes(a), bytes(b), "{}", a.display());
    }
}

#[test]
fn the_page_can_be_made_again_from_its_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let first = write(&report().unwrap(), folder.path()).unwrap();
    let page = std::fs::read(&first.page).unwrap();
    let read = RunReport::read(&first.numbers).unwrap();
    let again = tempfile::tempdir().unwrap();
    assert_eq!(std::fs::read(write(&read, again.path()).unwrap().page).unwrap(), page);
}

#[test]
fn an_empty_report_has_no_empty_sections() {
    let page = page_of(&RunReport { title: "Nothing yet".into(), ..RunReport::default() });
    assert!(page.contains("Nothing yet"));
    assert!(!page.contains("<section") && !page.contains("<figure"));
}

#[test]
fn a_figure_without_data_fails_before_any_file_is_written() {
    let mut broken = report().unwrap();
    broken.heat_maps[0].cosine[1][2] = f32::NAN;
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(write(&broken, folder.path()), Err(ReportError::Value { .. })));
    assert!(file_names(folder.path()).is_empty());
}

#[test]
fn figure_names_must_be_file_names_and_used_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut outside = report().unwrap();
    outside.heat_maps[0].name = "../escape".into();
    let problem = write(&outside, folder.path()).unwrap_err();
    assert!(problem.to_string().contains("`../escape` cannot be a file name"), "{problem}");
    let mut twice = report().unwrap();
    twice.heat_maps[0].name = "loss".into();
    assert!(write(&twice, folder.path()).unwrap_err().to_string().contains("is used twice"));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("taken");
    std::fs::write(&file, "x").unwrap();
    let problem = write(&report().unwrap(), &file).unwrap_err();
    assert!(problem.to_string().contains("taken"), "{problem}");
}

#[test]
fn a_damaged_numbers_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    std::fs::write(&path, "{\"title\": 3}").unwrap();
    assert!(matches!(RunReport::read(&path), Err(ReportError::Parse { .. })));
    assert!(matches!(RunReport::read(&folder.path().join("no")), Err(ReportError::Read { .. })));
}
