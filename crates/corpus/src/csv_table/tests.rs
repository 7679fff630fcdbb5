use super::*;

fn table(text: &str) -> CsvTable<'_> {
    let table = CsvTable::of_bytes(Path::new("a.csv"), text.as_bytes()).unwrap();
    table.with_text("text", |row| row.numbers_in(&["start", "end"]))
}

/// Line, text and whether anything was repaired, of every row; and the notes.
fn texts(text: &str) -> (Vec<(usize, String, bool)>, Vec<String>) {
    let mut table = table(text);
    let mut found = Vec::new();
    while let Some(row) = table.next_row().unwrap() {
        let (text, repairs) = row.text("text").unwrap_or_default();
        found.push((row.line, text.into_owned(), !repairs.is_empty()));
    }
    (found, table.notes())
}

#[test]
fn a_mark_of_byte_order_is_no_part_of_a_quoted_header() {
    let bytes = b"\xef\xbb\xbf\"path\",\"text\"\n\"a.mp4\",\"x, y\"\n";
    let table = CsvTable::of_bytes(Path::new("m.csv"), bytes).unwrap();
    assert_eq!(table.header(), ["path", "text"]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    assert_eq!(CsvTable::open(file.path()).unwrap().header(), ["path", "text"]);
}

#[test]
fn fields_come_by_name_whatever_the_order_the_quotes_and_the_line_endings() {
    let bytes =
        b"\xef\xbb\xbftext,end,start\r\n\"add \"\"salt\"\",\r\nthen stir\",2,1\r\nshort\r\n";
    let mut table = CsvTable::of_bytes(Path::new("a.csv"), bytes).unwrap();
    assert_eq!(table.header(), ["text", "end", "start"]);
    let row = table.next_row().unwrap().unwrap();
    assert_eq!(row.get("text").unwrap(), "add \"salt\",\r\nthen stir");
    assert_eq!((row.number("start"), row.number("end"), row.line), (Some(1.0), Some(2.0), 2));
    assert!(row.repairs.is_empty());
    let row = table.next_row().unwrap().unwrap();
    assert_eq!((row.get("text").unwrap().as_ref(), row.get("end"), row.line), ("short", None, 4));
    assert!(table.next_row().unwrap().is_none());
    assert_eq!(table.notes(), ["1 row (line 4): fewer fields than columns"]);
    assert!(table.require(&["text", "start"]).is_ok());
    let error = table.require(&["text", "path"]).unwrap_err().to_string();
    assert!(error.contains("path") && error.contains("text, end, start"), "{error}");
}

#[test]
fn semicolons_and_tabs_part_columns_too() {
    for text in ["path;text\na;b, c\n", "path\ttext\na\tb, c\n", "path,text\ra,\"b, c\"\r"] {
        let mut table = CsvTable::of_bytes(Path::new("a.csv"), text.as_bytes()).unwrap();
        assert_eq!(table.next_row().unwrap().unwrap().get("text").unwrap(), "b, c");
    }
    assert!(CsvTable::of_bytes(Path::new("a.csv"), b"").unwrap().header().is_empty());
}

#[test]
fn a_text_with_separators_is_joined_where_it_is_last_and_the_rest_is_in_place() {
    for delimiter in [",", ";", "\t"] {
        let text = "start,end,text\n0,1,cut, fry , eat\n1,2,\"quoted, right\"\n2,3,10,000 men\n\
                    3,4,so,\n4,5,plain,,\n5,6,\"in quotes\",\n";
        let (found, notes) = texts(&text.replace(',', delimiter));
        let row = |line, text: &str, repaired| (line, text.replace(',', delimiter), repaired);
        let expected = [
            row(2, "cut, fry , eat", true),
            row(3, "quoted, right", false),
            row(4, "10,000 men", true),
            row(5, "so,", true),
            row(6, "plain", false),
            row(7, "in quotes", false),
        ];
        assert_eq!(found, expected, "{delimiter:?}");
        assert!(notes.len() == 1 && notes[0].contains("3 rows (lines 2, 4, 5)"), "{notes:?}");
    }
}

#[test]
fn columns_without_a_name_at_the_end_are_none() {
    for (header, rows) in [
        ("start,end,text,", "0,1,\"cut, quoted\",\n1,2,cut, then fry\n2,3,plain,\n3,4,so,,\n"),
        (
            "start,end,text,,",
            "0,1,\"cut, quoted\",,\n1,2,cut, then fry,,\n2,3,plain,,\n3,4,so,,,\n",
        ),
        (
            "start,end,text, ,\"\"",
            "0,1,\"cut, quoted\"\n1,2,cut, then fry,\n2,3,plain\n3,4,so,,,\n",
        ),
    ] {
        let text = format!("{header}\n{rows}");
        assert_eq!(table(&text).header(), ["start", "end", "text"]);
        let (found, notes) = texts(&text);
        let row = |line, text: &str, repaired| (line, text.to_owned(), repaired);
        let expected = [
            row(2, "cut, quoted", false),
            row(3, "cut, then fry", true),
            row(4, "plain", false),
            row(5, "so,", true),
        ];
        assert_eq!(found, expected, "{text}");
        assert!(notes.len() == 1 && notes[0].contains("2 rows (lines 3, 5)"), "{notes:?}");
    }
    // An empty text has no comma of its own.
    assert_eq!(texts("start,end,text\n1,2,,\n").0, [(2, String::new(), false)]);
    assert!(table(",,,\n1,2,,\n").header().is_empty());
}

#[test]
fn an_empty_field_at_the_end_hides_no_text_that_was_cut() {
    for row in ["0,1,cut, then fry,", "0,1,cut, then fry,,"] {
        let text = format!("start,end,text,notes\n{row}\n");
        let mut table = table(&text);
        assert!(table.next_row().unwrap().is_none(), "{text}");
        assert_eq!(table.too_long().len(), 1);
        assert!(table.notes()[0].contains("double quotes"), "{:?}", table.notes());
    }
    // Here nothing can have been cut, or what follows is in its place.
    for text in [
        "start,end,text,notes\n0,1,\"cut\",mine,\n",
        "start,end,text,notes\n0,1,cut,,\n",
        "start,end,text,notes,\n0,1,cut,mine,\n",
        "text,start,end\ncut,0,1,\n",
    ] {
        let (found, notes) = texts(text);
        assert_eq!(found, [(2, "cut".to_owned(), false)], "{text}");
        assert!(notes.is_empty(), "{notes:?}");
    }
}

#[test]
fn a_decimal_comma_is_told_as_the_cause_also_where_the_text_holds_the_separator() {
    for text in [
        "start;end;text\n0,5;1,5;cut; then fry\n",
        "start,end,text\n\"0,5\",2,cut, then fry\n",
        "start;end;text;notes\n0,5;1,5;cut; then fry;mine\n",
    ] {
        let mut table = table(text).with_numbers(&["start", "end"]);
        while table.next_row().unwrap().is_some() {}
        let notes = table.notes().join("\n");
        assert!(notes.contains("`0,5` in the column `start` has a decimal comma"), "{notes}");
    }
}

#[test]
fn a_row_that_cannot_be_told_is_dropped_and_its_line_named() {
    let rows = [
        "start,end,text\n0,5,1,5,decimal commas\n",
        "start,end,text\nwhat, now,1,2,x\n",
        "text,start,end\ncut, then fry,0,1\n",
    ];
    for text in rows {
        let mut table = table(text);
        assert!(table.next_row().unwrap().is_none(), "{text}");
        assert_eq!(table.too_long().len(), 1);
        let notes = table.notes();
        assert!(notes[0].contains("(line 2)") && notes[0].contains("double quotes"), "{notes:?}");
        let error = table.refuse_long_rows().unwrap_err().to_string();
        assert!(error.contains("a.csv") && error.contains("line 2"), "{error}");
    }
}

#[test]
fn quotes_that_are_not_doubled_lose_no_text_and_swallow_no_row() {
    let text = "start,end,text\n\
                0,1,\"he says \\\"hi\\\", then goes\"\n\
                1,2, \"first, then\"\n\
                2,3,\"quick\" brown, fox\n\
                3,4,\"never ends\n\
                4,5,third\n\
                5,6,\"closes rows with it\n\
                6,7,all of them\"\n\
                7,8,\"two\nlines, 3, 4\"\n\
                8,9,no\\, no\n";
    let (found, notes) = texts(text);
    let expected = [
        (2, "he says \"hi\", then goes", true),
        (3, "first, then", true),
        (4, "\"quick\" brown, fox", true),
        (5, "\"never ends", true),
        (6, "third", false),
        (7, "closes rows with it\n6,7,all of them", false),
        (9, "two\nlines, 3, 4", false),
        (11, "no, no", true),
    ];
    assert!(notes.iter().any(|note| note.contains("(line 7): one field in quotes")), "{notes:?}");
    assert_eq!(found, expected.map(|(line, text, told)| (line, text.to_owned(), told)));
}

#[test]
fn utf_16_is_read_as_spreadsheets_save_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.tsv");
    let text = "\u{feff}path\ttext\na\tCrème, brûlée\n";
    std::fs::write(&path, text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())
        .unwrap();
    let mut table = CsvTable::open(&path).unwrap();
    assert_eq!(table.next_row().unwrap().unwrap().get("text").unwrap(), "Crème, brûlée");
}
