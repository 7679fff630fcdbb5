//! Tables whose texts hold what parts their columns, written by programs that do not quote: nothing
//! is cut, swallowed or lost without a word, whichever reader takes the table.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

use std::path::Path;

use locvtp_corpus::layouts::Taxonomy;
use locvtp_corpus::layouts::read_video_list;
use locvtp_corpus::{
    CorpusReader, DropReason, FileLookup, IdList, Layout, NarratedVideo, ReadReport, ReadSettings,
    Repair,
};

/// Reads the only source at `path`.
fn read(path: &Path, layout: Option<Layout>) -> (ReadReport, Vec<NarratedVideo>) {
    let settings = ReadSettings { layout, ..ReadSettings::default() };
    let reader = CorpusReader::new(path, &settings, FileLookup::WhereThereIsAFolder).unwrap();
    let [source] = reader.sources() else { panic!("one source: {:?}", reader.sources()) };
    let mut videos = Vec::new();
    let report = reader.read(source, &mut videos).unwrap();
    (report, videos)
}

/// Reads a file of this name and text.
fn table(name: &str, text: &str) -> (ReadReport, Vec<NarratedVideo>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    read(&path, None)
}

fn texts(videos: &[NarratedVideo]) -> Vec<&str> {
    let captions = videos.iter().flat_map(|video| &video.captions);
    captions.map(|caption| caption.text.as_str()).collect()
}

#[test]
fn a_manifest_that_nobody_quoted_keeps_its_sentences_whole() {
    let text = "path,start,end,text\na.mp4,0,1,cut the onion, then fry it\n\
                b.mp4,0,1,add salt, pepper, and oil\nc.mp4,0,1,plain words\n";
    for (name, delimiter) in [("a.csv", ","), ("a.csv", ";"), ("a.tsv", "\t"), ("a.csv", "\t")] {
        let (report, videos) = table(name, &text.replace(',', delimiter));
        let expected = ["cut the onion, then fry it", "add salt, pepper, and oil", "plain words"];
        assert_eq!(texts(&videos), expected.map(|text| text.replace(',', delimiter)));
        assert_eq!(report.repaired[&Repair::SeparatorJoined], 2);
        assert_eq!((report.repaired_captions, report.faults()), (2, 0));
        assert!(report.notes[0].contains("2 rows (lines 2, 3)"), "{:?}", report.notes);
    }
    // Line ends of every system, and a text column without times.
    let old = "path,text\ra.mp4,cut, then fry\rmy, clip.mp4,stir\r";
    let (report, videos) = table("old.csv", old);
    assert_eq!(texts(&videos), ["cut, then fry"]);
    assert_eq!(report.dropped[&DropReason::RowTooLong], 1, "the comma is in the path: {report}");
}

#[test]
fn a_comma_at_the_end_of_the_header_or_of_a_row_cuts_no_sentence() {
    for (text, expected) in [
        (
            "path,start,end,text,\na.mp4,0,1,\"cut, quoted\",\nb.mp4,0,1,cut the onion, then fry it\n",
            &["cut, quoted", "cut the onion, then fry it"][..],
        ),
        (
            "path,start,end,text,,\nc.mp4,0,1,cut the onion, then fry it,,\n",
            &["cut the onion, then fry it"],
        ),
        (
            "path,start,end,text,,\nc.mp4,0,1,cut the onion, then fry it\n",
            &["cut the onion, then fry it"],
        ),
    ] {
        let (report, videos) = table("a.csv", text);
        assert_eq!(texts(&videos), expected);
        assert_eq!(report.repaired[&Repair::SeparatorJoined], 1, "{text}");
        assert_eq!(report.faults(), 0);
    }
    let text = "path,start,end,text,notes\na.mp4,0,1,cut, then fry it,\nb.mp4,0,1,fine,mine\n";
    let (report, videos) = table("a.csv", text);
    assert_eq!(texts(&videos), ["fine"]);
    assert_eq!(report.dropped[&DropReason::RowTooLong], 1);
    assert!(report.notes[0].contains("(line 2)"), "{:?}", report.notes);
    // A row without text has no comma of its own.
    let (report, videos) = table("a.csv", "path,start,end,text\na.mp4,0,1,x\nc.mp4,1,2,,\n");
    assert_eq!(texts(&videos), ["x"]);
    assert_eq!(report.dropped[&DropReason::NotUnderstood], 1);
}

#[test]
fn a_json_list_with_paths_is_a_manifest() {
    let text = r#"[{"path": "a.mp4", "start": 0, "end": 1, "text": "one"}, {"start": NaN},
        {"path": "b.mp4", "start": 0, "end": 1, "text": "two"}]"#;
    let (report, videos) = table("a.json", text);
    assert_eq!(texts(&videos), ["one", "two"]);
    assert_eq!(report.dropped[&DropReason::NotUnderstood], 1);
    assert!(report.notes[0].starts_with("list entry 2 is not understood"), "{:?}", report.notes);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.json");
    std::fs::write(&path, "[{\"path\": \"a.mp4\", \"text\": \"one\"}, {\"path\": \"b").unwrap();
    let reader = CorpusReader::new(&path, &ReadSettings::default(), FileLookup::Never).unwrap();
    let error = reader.read(&reader.sources()[0], &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("list of spans"), "{error}");
}

#[test]
fn what_is_quoted_as_it_should_be_is_read_as_it_stands() {
    let text = "path,start,end,text\r\na.mp4,0,1,\"cut, \"\"then\"\" fry\"\r\n\
                b.mp4,0,1,\"two\r\nlines, 3, of them\"\r\n\"my, clip.mp4\",0,1,6\" pan\r\n";
    let (report, videos) = table("a.csv", text);
    assert_eq!(texts(&videos), ["cut, \"then\" fry", "two lines, 3, of them", "6\" pan"]);
    assert_eq!(videos[2].id, "my, clip.mp4");
    assert!(report.notes.is_empty() && report.faults() == 0, "{report:?}");
    assert_eq!(report.repaired.keys().collect::<Vec<_>>(), [&Repair::TextTrimmed], "line breaks");
}

#[test]
fn backslashes_before_quotes_and_quotes_that_stray_lose_no_word_and_no_row() {
    let (report, videos) = table(
        "a.csv",
        "path,start,end,text\na.mp4,0,1,\"he says \\\"hi\\\", then goes\"\nb.mp4,0,1,next\n",
    );
    assert_eq!(texts(&videos), ["he says \"hi\", then goes", "next"]);
    assert_eq!(report.repaired[&Repair::QuotesMended], 1);

    let (report, videos) = table(
        "a.csv",
        "path,start,end,text\na.mp4,0,1,\"quick\" brown fox\nb.mp4,0,1,\"it never ends\n\
         c.mp4,0,1,third row\nd.mp4,0,1,fourth \"row\"\na.mp4,1,2,fifth row\n",
    );
    let expected =
        ["\"quick\" brown fox", "fifth row", "\"it never ends", "third row", "fourth \"row\""];
    assert_eq!(texts(&videos), expected);
    assert_eq!((report.repaired[&Repair::QuotesMended], report.faults()), (2, 0));
    assert!(report.notes[0].contains("2 rows (lines 2, 3)"), "{:?}", report.notes);
}

#[test]
fn what_csv_allows_is_read_as_it_says_and_told_where_lines_inside_look_like_rows() {
    // The quote that closes stands alone in its line.
    let (report, videos) = table(
        "a.csv",
        "path,start,end,text\na.mp4,0,1,\"multi\nb.mp4,0,1,row inside\n\"\nc.mp4,0,1,next\n",
    );
    assert_eq!(texts(&videos), ["multi b.mp4,0,1,row inside", "next"]);
    assert_eq!(report.repaired.keys().collect::<Vec<_>>(), [&Repair::TextTrimmed]);
    assert!(
        report.notes[0].starts_with("1 row (line 2): one field in quotes"),
        "{:?}",
        report.notes
    );
    assert!(report.notes[0].contains("look like rows"), "{:?}", report.notes);

    // Who meant three rows is told where.
    let rows = "a.mp4,0,1,\"opened\nb.mp4,0,1,between\nc.mp4,0,1,closed\"\n";
    for (name, delimiter) in [("a.csv", ","), ("a.csv", ";"), ("a.tsv", "\t")] {
        let text = format!("path,start,end,text\n{rows}").replace(',', delimiter);
        let (report, videos) = table(name, &text);
        assert_eq!(videos.len(), 1);
        assert!(report.notes[0].starts_with("1 row (line 2): one field"), "{:?}", report.notes);
    }

    // With another number of fields than columns, or closed before other text, it is no CSV.
    for text in [
        "a.mp4,0,1,\"opened\nb.mp4,0,1,closed\",by chance\n",
        "a.mp4,0,1,\"opened\nb.mp4,0,1,closed\" by chance\n",
    ] {
        let (report, videos) = table("a.csv", &format!("path,start,end,text\n{text}"));
        assert_eq!(texts(&videos)[0], "\"opened");
        assert_eq!((videos.len(), report.repaired[&Repair::QuotesMended]), (2, 1));
        assert!(!report.notes.iter().any(|note| note.contains("look like rows")));
    }
    let (_, videos) = table(
        "results_2M_val.csv",
        "videoid,contentUrl,duration,page_dir,name\n\
         1,http://x/1.mp4,PT00H00M04S,p,\"two\n2,http://x/2.mp4,PT00H00M04S,p,lines\"\n",
    );
    assert_eq!(texts(&videos), ["two 2,http://x/2.mp4,PT00H00M04S,p,lines"]);
}

#[test]
fn a_backslash_before_a_quote_is_no_part_of_the_text() {
    let webvid = "videoid,contentUrl,duration,page_dir,name\n\
                  1,http://x/1.mp4,PT4S,p,a sign says \\\"open\\\"\n\
                  2,http://x/2.mp4,PT4S,p,he says \\\"hi\\\", then goes\n\
                  3,http://x/3.mp4,PT4S,p,C:\\new\n";
    let (report, videos) = table("results_2M_val.csv", webvid);
    let expected = ["a sign says \"open\"", "he says \"hi\", then goes", "C:\\new"];
    assert_eq!(texts(&videos), expected);
    assert_eq!(report.repaired[&Repair::QuotesMended], 2);
    assert_eq!(report.repaired[&Repair::SeparatorJoined], 1);
    let (_, videos) = table("a.tsv", "path\ttext\na.mp4\tsay \\\"hi\\\"\n");
    assert_eq!(texts(&videos), ["say \"hi\""]);
}

#[test]
fn a_time_that_is_no_number_of_seconds_is_named_with_what_to_write() {
    let (report, videos) = table(
        "a.csv",
        "path;start;end;text\na.mp4;0,5;1,5;cut\nb.mp4;00:00:01;2;stir\nc.mp4;0;1;fine\n",
    );
    assert_eq!(texts(&videos), ["fine"]);
    assert_eq!(report.dropped[&DropReason::TimeIsNoNumber], 2);
    let notes = report.notes.join("\n");
    assert!(
        notes.contains("1 row (line 2): `0,5` in the column `start` has a decimal comma"),
        "{notes}"
    );
    assert!(
        notes.contains("1 row (line 3): `00:00:01` in the column `start` is a clock"),
        "{notes}"
    );

    let (report, _) = table("a.csv", "path;start;end;text\na.mp4;0,5;1,5;cut; then fry\n");
    assert_eq!(report.dropped[&DropReason::TimeIsNoNumber], 1);
    assert!(report.notes.join("\n").contains("`0,5` in the column `start` has a decimal comma"));

    let (report, _) = table("a.csv", "path,start,end,text\na.mp4,0,5,1,5,cut\nb.mp4,0,1,fine\n");
    assert!(report.notes[0].contains("decimal comma"), "{:?}", report.notes);
    let lines = "{\"path\": \"a.mp4\", \"start\": \"0,5\", \"end\": 1, \"text\": \"x\"}\n\
                 {\"path\": \"b.mp4\", \"start\": 0, \"end\": NaN, \"text\": \"y\"}\n\
                 {\"video_path\": \"a.mp4\", \"caption\": \"z\"}\n";
    let (report, videos) = table("a.jsonl", lines);
    assert_eq!(texts(&videos), ["y"], "NaN is nothing: the whole video");
    assert!(report.notes[0].contains("(line 1): `0,5`"), "{:?}", report.notes);
    assert!(
        report.notes[1].contains("line 3 is not understood: it has no text"),
        "{:?}",
        report.notes
    );
}

#[test]
fn every_program_s_way_of_saving_a_table_is_read() {
    let text = "path,start,end,text\na.mp4,0,1,cut; then fry\nb.mp4,0,1,Crème\n";
    let utf_16: fn(&str) -> Vec<u8> =
        |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let saved = [
        ("Excel's first line", format!("sep=,\r\n{}", text.replace('\n', "\r\n")).into_bytes()),
        ("the same in quotes", format!("\"sep=|\"\n{}", text.replace(',', "|")).into_bytes()),
        ("an old Macintosh", text.replace('\n', "\r").into_bytes()),
        ("UTF-16 without a mark", utf_16(text)),
        ("UTF-16 of an old Macintosh", utf_16(&text.replace('\n', "\r"))),
        (
            "names in capitals",
            text.replace("path,start,end,text", "Path,Start,END,Text").into_bytes(),
        ),
    ];
    let dir = tempfile::tempdir().unwrap();
    for (what, bytes) in saved {
        let path = dir.path().join("a.csv");
        std::fs::write(&path, bytes).unwrap();
        let (report, videos) = read(&path, None);
        assert_eq!(texts(&videos), ["cut; then fry", "Crème"], "{what}");
        assert!(report.notes.is_empty() && report.faults() == 0, "{what}: {report}");
    }
    // The same of the other readers.
    let lines =
        "{\"path\": \"a.mp4\", \"text\": \"Crème\"}\r{\"path\": \"b.mp4\", \"text\": \"x\"}\r";
    let moments =
        "{\"qid\": 1, \"query\": \"Crème\", \"vid\": \"a\", \"relevant_windows\": [[0, 1]]}\n";
    let json = "{\"v_a\": {\"duration\": 9, \"timestamps\": [[0, 1]], \"sentences\": [\"Crème\"]}}";
    let files = [
        ("m.jsonl", lines),
        ("q.jsonl", moments),
        ("val_1.json", json),
        ("charades_sta_test.txt", "3MSZA 24.3 30.4##Crème\n"),
        ("Train_GCC-training.tsv", "Crème\thttp://x.org/a.jpg\n"),
    ];
    for (name, text) in files {
        std::fs::write(dir.path().join(name), utf_16(text)).unwrap();
        let (report, videos) = read(&dir.path().join(name), None);
        assert_eq!(texts(&videos)[0], "Crème", "{name}: {report:?}");
    }
}

#[test]
fn a_table_whose_columns_cannot_be_told_is_refused_with_the_reason() {
    let refused = |name: &str, text: &str| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        let reader =
            CorpusReader::new(&path, &ReadSettings::default(), FileLookup::WhereThereIsAFolder);
        let error = reader.and_then(|reader| reader.read(&reader.sources()[0], &mut Vec::new()));
        error.unwrap_err().to_string()
    };
    for (name, text, told) in [
        ("a.csv", "a.mp4,0,1,cut\nb.mp4,0,1,stir\n", "does not name the columns"),
        ("a.tsv", "video7\t0.5\t1.5\tcut\n", "does not name the columns"),
        ("a.csv", "file,begin,sentence\na.mp4,0,cut\n", "by its columns: file, begin, sentence"),
        ("a.csv", "path|text\na.mp4|cut\n", "commas, semicolons or tabs"),
        ("a.csv", "path,text,start,text\na.mp4,cut,0,stir\n", "more than one column text"),
        ("a.csv", "path,start,Start,end,text\na.mp4,0,1,2,x\n", "more than one column start"),
        ("r.csv", "videoid,name,name\n1,x,y\n", "more than one column name"),
    ] {
        let error = refused(name, text);
        assert!(error.contains(name) && error.contains(told), "{text}: {error}");
    }
    // What nobody reads may be there twice.
    let (_, videos) = table("a.csv", "path,note,note,text\na.mp4,1,2,cut\n");
    assert_eq!(texts(&videos), ["cut"]);
}

#[test]
fn a_row_of_which_it_cannot_be_told_what_belongs_together_is_dropped_with_its_line() {
    for (name, text) in [
        ("middle.csv", "path,text,start,end\na.mp4,cut, then fry,0,1\nb.mp4,fine,0,1\n"),
        ("decimals.csv", "path,start,end,text\na.mp4,0,5,1,5,cut\nb.mp4,0,1,fine\n"),
        (
            "validation_youcook.csv",
            "end,start,task,text,video_id\n9,1,101,cut, fry,a\n9,1,1,fine,b\n",
        ),
        ("cc3m.csv", "caption,url\na bus, a car,http://x.org/a.jpg\nfine,http://x.org/b.jpg\n"),
    ] {
        let (report, videos) = table(name, text);
        assert_eq!(texts(&videos), ["fine"], "{name}");
        assert_eq!(report.dropped[&DropReason::RowTooLong], 1, "{name}");
        assert_eq!(report.examples[0].line, Some(2), "{name}");
        assert!(report.notes[0].contains("(line 2)"), "{name}: {:?}", report.notes);
        assert!(report.notes[0].contains("double quotes"), "{name}: {:?}", report.notes);
    }
}

#[test]
fn a_row_with_fewer_fields_is_named_by_its_line() {
    let (report, videos) = table(
        "a.csv",
        "path,start,end,text,subset\na.mp4,0,1,whole,train\nb.mp4,0,1,no part\nand a line break\n",
    );
    assert_eq!(texts(&videos), ["whole", "no part"]);
    assert_eq!(report.dropped[&DropReason::NotUnderstood], 1);
    assert_eq!(report.examples[0].line, Some(4));
    assert!(report.notes[0].starts_with("2 rows (lines 3, 4): fewer"), "{:?}", report.notes);
}

#[test]
fn every_data_sets_table_keeps_its_sentences_whole() {
    let (report, videos) = table(
        "results_2M_val.csv",
        "videoid,contentUrl,duration,page_dir,name\n\
         1,http://x/1.mp4,PT00H00M04S,000001,a man walks, then runs\n\
         2,http://x/2,3.mp4,PT00H00M04S,000001,an address with a comma\n",
    );
    assert_eq!(texts(&videos), ["a man walks, then runs"]);
    assert_eq!(report.repaired[&Repair::SeparatorJoined], 1);
    assert_eq!(report.dropped[&DropReason::RowTooLong], 1);

    let (_, videos) = table(
        "MSRVTT_JSFUSION_test.csv",
        "key,vid_key,video_id,sentence\nret0,msr9770,video9770,a person connects, then leaves\n",
    );
    assert_eq!(texts(&videos), ["a person connects, then leaves"]);

    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("nVbIUDjzWY4.csv"),
        "start,end,text\n0,1,hey, guys\n1,2,\"opened\n2,3,next\n3,4,paint\"\n1,5,2,5,decimals\n",
    )
    .unwrap();
    let (report, videos) = read(dir.path(), None);
    assert_eq!(texts(&videos), ["hey, guys", "opened 2,3,next 3,4,paint"]);
    assert_eq!(report.repaired[&Repair::SeparatorJoined], 1);
    assert_eq!(report.dropped[&DropReason::RowTooLong], 1);
    let notes = report.notes.join("\n");
    assert!(notes.contains("nVbIUDjzWY4: 1 row (line 3): one field in quotes"), "{notes}");
    assert!(notes.contains("nVbIUDjzWY4: 1 row (line 6): more fields"), "{notes}");
}

#[test]
fn lists_and_lengths_beside_the_captions_are_not_shifted_by_a_comma() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let list = at(
        "HowTo100M_v1.csv",
        "video_id,category_1,category_2,rank,task_id\na,Home, Garden,x,1,2\n",
    );
    let error = read_video_list(&list).unwrap_err().to_string();
    assert!(error.contains("line 2 has 6 fields"), "{error}");
    assert!(IdList::read(&list).unwrap().contains("a"), "the first column is in its place");
    let error = IdList::read(&at("l.csv", "name,video_id\nx, y,a\n")).unwrap_err().to_string();
    assert!(error.contains("line 2 has 3 fields"), "{error}");

    let header = "Target Id,Target Label,Action Id,Action Label\n";
    let steps = at("taxonomy.csv", &format!("{header}0,MakeTea,1,boil water, wait\n"));
    assert_eq!(Taxonomy::read(&steps).unwrap().steps[&1].label, "boil water, wait");
    let shifted = at("shifted.csv", &format!("{header}0,Make, Tea,1,boil\n"));
    let error = Taxonomy::read(&shifted).unwrap_err().to_string();
    assert!(error.contains("shifted.csv") && error.contains("line 2"), "{error}");
}

#[test]
fn charades_sta_keeps_its_lines_whatever_ends_them_and_tells_lengths_it_cannot_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("charades_sta_test.txt");
    std::fs::write(&path, "3MSZA 24.3 30.4##a ## b, c\r3MSZA 1 2##second\r").unwrap();
    let lengths = "id,script,length\n3MSZA,at a desk, then,30.96\nAO8RW,fine,x\n";
    std::fs::write(dir.path().join("Charades_v1_test.csv"), lengths).unwrap();
    let (report, videos) = read(&path, None);
    assert_eq!(texts(&videos), ["second", "a ## b, c"]);
    let notes = report.notes.join("\n");
    assert!(notes.contains("Charades_v1_test.csv: 1 row (line 2)"), "{notes}");
    assert!(notes.contains("1 row without a length"), "{notes}");
}

#[test]
fn intervals_of_crosstask_with_commas_for_points_are_not_taken_for_others() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("annotations")).unwrap();
    for (name, text) in [
        (
            "tasks_primary.txt",
            "1\nTea\nhttps://x.org\n2\nboil,pour\n\n2\nX\nhttps://x.org\n1\nstir, then wait\n",
        ),
        ("videos.csv", "1,abc,https://x.org/watch?v=a,b\n"),
        ("annotations/1_abc.csv", "1,2,5,3,5\n2,4,5,\n"),
    ] {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let (report, videos) = read(dir.path(), None);
    assert_eq!(texts(&videos), ["pour"]);
    assert_eq!(report.dropped[&DropReason::NotUnderstood], 2);
    let task = report.examples.iter().find(|example| example.line.is_some()).unwrap();
    assert_eq!(
        (task.video.as_str(), task.line),
        ("a record of a task in tasks_primary.txt", Some(7))
    );
}
