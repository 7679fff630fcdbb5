//! Names and settings of others give the terminal no orders, whatever is printed of them, JSON too.

use std::process::Output;

use crate::tiny::{locvtp, run, str};

/// Colours, a title of the window, a line that is drawn over, C1, and a change of direction.
const ORDERS: &str = "\u{1b}[31m\u{1b}]0;x\u{7}\r\u{9b}2J\u{202e}";

/// Whether the name is there, with its orders written out.
fn gives_no_orders(output: &Output) -> bool {
    let printed = [&output.stdout[..], &output.stderr].concat();
    let text = String::from_utf8(printed).unwrap();
    let is_order = |sign: char| (sign.is_control() && sign != '\n') || sign == '\u{202e}';
    assert!(!text.contains(is_order), "{text:?}");
    text.contains("[31m")
}

#[test]
fn a_name_is_printed_with_its_orders_written_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(format!("{ORDERS}.mp4"));
    std::fs::write(&file, "no video").unwrap();
    let all = [
        &["inspect", str(&file)][..],
        &["corpus", "check", str(&file)],
        &["extract", "--model", str(&file), "--videos", str(&file), "--out", "x.h5"],
        &["ground", "--model", "x", "a.mp4", "a dog", "--more", str(&file), str(&file)],
        &["ground", str(&file)],
        &[str(&file)],
        &["report", str(&file)],
        &["explain", str(&file)],
    ];
    let named = all.iter().filter(|arguments| gives_no_orders(&run(arguments))).count();
    assert!(named >= 5, "{named} of {} name it", all.len());
}

#[test]
fn a_setting_is_printed_with_its_orders_written_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.toml");
    let escaped: String =
        ORDERS.chars().map(|sign| format!("\\U{:08x}", u32::from(sign))).collect();
    std::fs::write(&file, format!("[run]\nname = \"{escaped}\"\n")).unwrap();
    for more in [&[][..], &["--json"]] {
        let mut command = locvtp();
        assert!(gives_no_orders(&command.arg("inspect").arg(&file).args(more).output().unwrap()));
    }
    assert!(gives_no_orders(&locvtp().arg("pretrain").arg(&file).output().unwrap()));
    std::fs::write(&file, format!("[run]\n\"{escaped}\" = 1\n")).unwrap();
    assert!(gives_no_orders(&locvtp().arg("pretrain").arg(&file).output().unwrap()));
}
