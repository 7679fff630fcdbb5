//! What a format cannot say is refused, with the way out, and nothing is written.

use locvtp_search::export::{ExportError, ExportFormat, SourceClock, SourceClocks, export_file};

use crate::{KITCHEN, OTHER, at_25, clock, hit};

#[test]
fn an_edl_refuses_variable_and_mixed_rates_and_says_what_takes_them() {
    let (hits, mut clocks) = at_25();
    let variable = SourceClock { is_variable: true, ..clock((30_000, 1001), 0, false) };
    clocks.insert(OTHER.into(), variable);
    let error = ExportFormat::Edl.write("", &hits, &clocks).unwrap_err().to_string();
    for piece in [OTHER, "varies", ".otio", "fps=30000/1001"] {
        assert!(error.contains(piece), "{piece}: {error}");
    }
    assert!(ExportFormat::Otio.write("", &hits, &clocks).is_ok());
    assert!(ExportFormat::Fcpxml.write("", &hits, &clocks).is_ok());
    clocks.insert(OTHER.into(), clock((30, 1), 0, false));
    let error = ExportFormat::Edl.write("", &hits, &clocks).unwrap_err().to_string();
    for piece in [KITCHEN, "25", OTHER, "30", "--file"] {
        assert!(error.contains(piece), "{piece}: {error}");
    }
}

#[test]
fn an_edl_numbers_999_events_and_no_more() {
    let clocks: SourceClocks = [(KITCHEN.into(), clock((25, 1), 0, false))].into();
    let hits = vec![hit(KITCHEN, 1.0, 2.0, ""); 1000];
    let error = ExportFormat::Edl.write("", &hits, &clocks).unwrap_err();
    assert!(matches!(error, ExportError::TooMany { found: 1000, most: 999 }));
    assert!(ExportFormat::Edl.write("", &hits[1..], &clocks).unwrap().contains("\n999  "));
}

#[test]
fn a_timeline_of_nothing_and_an_unknown_ending_are_refused_and_no_file_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let none = export_file(&folder.path().join("hits.edl"), &[], false).unwrap_err();
    assert!(matches!(none, ExportError::NoHit));
    let unknown = export_file(&folder.path().join("hits.xml"), &at_25().0, false).unwrap_err();
    assert!(unknown.to_string().contains(".fcpxml"), "{unknown}");
    // The sources are not there.
    let gone = export_file(&folder.path().join("hits.otio"), &at_25().0, false).unwrap_err();
    assert!(matches!(gone, ExportError::Gone { .. }), "{gone}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn subtitles_of_several_videos_are_a_file_a_video() {
    let folder = tempfile::tempdir().unwrap();
    let written = export_file(&folder.path().join("hits.srt"), &at_25().0, false).unwrap().files;
    let names: Vec<_> =
        written.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["hits.küche 100%.mov.srt", "hits.küche 100%.mov-2.srt"]);
    let cues = |path| std::fs::read_to_string(path).unwrap().matches("-->").count();
    assert_eq!((cues(&written[0]), cues(&written[1])), (2, 1));
    let all = export_file(&folder.path().join("hits.csv"), &at_25().0, false).unwrap().files;
    assert_eq!(all, [folder.path().join("hits.csv")]);
}

#[test]
fn what_is_there_is_not_written_over_unless_it_may_and_no_folder_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let hits = at_25().0;
    // Subtitles of two videos: the second's place is taken, so neither is written.
    let taken = folder.path().join("hits.küche 100%.mov-2.srt");
    for (name, taken) in [("hits.csv", folder.path().join("hits.csv")), ("hits.srt", taken)] {
        std::fs::write(&taken, "mine").unwrap();
        let to = folder.path().join(name);
        let num_files = std::fs::read_dir(&folder).unwrap().count();
        let error = export_file(&to, &hits, false).unwrap_err();
        assert!(matches!(error, ExportError::Exists { .. }), "{error}");
        assert!(error.to_string().contains(taken.to_str().unwrap()), "{error}");
        assert_eq!(std::fs::read(&taken).unwrap(), b"mine");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), num_files);
        export_file(&to, &hits, true).unwrap();
        assert_ne!(std::fs::read(&taken).unwrap(), b"mine");
    }
    // What is no file is nobody's to write over, and a link stays one.
    std::fs::create_dir(folder.path().join("is.csv")).unwrap();
    let error = export_file(&folder.path().join("is.csv"), &hits, true).unwrap_err();
    assert!(matches!(error, ExportError::NoFile { .. }), "{error}");
    let (link, kept) = (folder.path().join("link.csv"), folder.path().join("kept.csv"));
    std::os::unix::fs::symlink(&kept, &link).unwrap();
    std::fs::write(&kept, "mine").unwrap();
    export_file(&link, &hits, true).unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_ne!(std::fs::read(&kept).unwrap(), b"mine");
    let error = export_file(&folder.path().join("no/such/hits.csv"), &hits, true).unwrap_err();
    assert!(matches!(error, ExportError::NoFolder { .. }), "{error}");
    assert!(!folder.path().join("no").exists());
}

#[test]
fn long_names_of_videos_are_shortened() {
    let folder = tempfile::tempdir().unwrap();
    let long = format!("/videos/{}.mp4", "ü".repeat(120));
    let hits = [hit(KITCHEN, 1.0, 2.0, ""), hit(&long, 1.0, 2.0, "")];
    let written = export_file(&folder.path().join("hits.srt"), &hits, false).unwrap();
    assert_eq!((written.files.len(), written.failed.len()), (2, 0));
    assert!(written.files.iter().all(|it| it.is_file() && it.file_name().unwrap().len() <= 200));
    // With a title that leaves no room the names themselves are too long, and nothing is written.
    let title = "t".repeat(251);
    let error = export_file(&folder.path().join(format!("{title}.srt")), &hits, false).unwrap_err();
    assert!(matches!(error, ExportError::Write { .. }), "{error}");
}

#[test]
fn cells_of_a_table_are_no_formulas() {
    let mut formula = hit(KITCHEN, 1.0, 2.0, "=1+1");
    formula.query = "-HYPERLINK(\"x\")\u{1b}[31m".to_owned();
    formula.path = "=cmd.mp4".into();
    formula.score = Some(-0.5);
    let table = ExportFormat::Csv.write("", &[formula], &SourceClocks::new()).unwrap();
    let row = table.lines().nth(1).unwrap();
    assert_eq!(row, "./=cmd.mp4,1.000,2.000,-0.5,found,seen,\"'-HYPERLINK(\"\"x\"\") [31m\",'=1+1");
}
