//! Every format, to the byte. `LOCVTP_WRITE_GOLDENS=1` writes them anew.

use std::path::Path;

use locvtp_search::export::{ExportFormat, Hit, SourceClocks};

use crate::{at_25, at_29_97};

fn check(name: &str, text: &str) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens").join(name);
    if std::env::var_os("LOCVTP_WRITE_GOLDENS").is_some() {
        std::fs::write(&golden, text).unwrap();
    }
    let expected = std::fs::read_to_string(&golden).unwrap();
    assert_eq!(text, expected, "{name}");
}

#[test]
fn every_format_is_written_to_the_byte() {
    let (hits, clocks) = at_25();
    for format in ExportFormat::ALL {
        let clocks = if format.needs_clocks() { &clocks } else { &SourceClocks::new() };
        let text = format.write("kitchen hits", &hits, clocks).unwrap();
        check(&format!("at_25.{}", format.ending()), &text);
    }
    let (hits, clocks) = at_29_97();
    for format in [ExportFormat::Edl, ExportFormat::Otio, ExportFormat::Fcpxml] {
        let text = format.write("drop frame", &hits, &clocks).unwrap();
        check(&format!("at_29_97.{}", format.ending()), &text);
    }
}

#[test]
fn what_nobody_measured_is_left_out() {
    let (mut hits, clocks) = at_25();
    hits.truncate(1);
    let (score, sure, evidence) = (None, None, None);
    hits[0] = Hit { score, sure, evidence, query: "mine".into(), ..hits[0].clone() };
    let write = |format: ExportFormat| format.write("hits", &hits, &clocks).unwrap();
    assert!(write(ExportFormat::Csv).contains(",1.160,3.504,,,,mine,"));
    assert!(write(ExportFormat::Edl).contains("* COMMENT: mine\n"));
    assert!(write(ExportFormat::Fcpxml).contains("<note>mine</note>"));
    for format in [ExportFormat::Json, ExportFormat::Otio] {
        let text = write(format);
        assert!(
            ["score", "sure", "evidence"]
                .iter()
                .all(|key| text.contains(&format!("\"{key}\": null")))
        );
    }
}
