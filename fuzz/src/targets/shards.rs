//! Shards: tars of headers that lie about sizes, names and kinds, and indexes that lie about tars.

use std::io::Read;
use std::path::Path;

use serde_json::{Value, json};

use crate::choices::Choices;
use crate::mutation;
use crate::targets::corpora;

/// Most bytes that are read of a video that a shard says to hold.
const LOOKED_AT: u64 = 1 << 20;

/// Makes a shard, with an index or without, and reads its corpus and its videos.
pub(crate) fn run(choices: &mut Choices, folder: &Path) {
    let mut shard = tar(choices);
    if choices.once_in(4) {
        shard = mutation::bytes(choices, shard);
    }
    let path = folder.join("00000.tar");
    if choices.once_in(2) {
        let index = index(choices, shard.len());
        std::fs::write(folder.join("00000.index.jsonl"), index).unwrap();
    }
    if choices.once_in(6) {
        let list = json!({"locvtp_shards": 1, "complete": true, "plan": "", "videos": 1,
            "shards": [{"name": "00000.tar", "bytes": 1, "videos": 1}]});
        let list = mutation::json(choices, &list).to_string();
        std::fs::write(folder.join("shards.json"), list).unwrap();
    }
    std::fs::write(&path, shard).unwrap();
    let place = if choices.once_in(2) { folder.to_owned() } else { path };
    for video in corpora::read(&place, corpora::settings(None, folder)) {
        if let Ok(stretch) = video.media.open() {
            let _ = stretch.reader().take(LOOKED_AT).read_to_end(&mut Vec::new());
        }
    }
}

fn tar(choices: &mut Choices) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in 0..choices.below(8) {
        let content = match choices.below(5) {
            0 => choices.bytes(700),
            1 => b"she bakes".to_vec(),
            _ => record(choices).to_string().into_bytes(),
        };
        let key = if choices.once_in(5) { choices.name() } else { format!("{:09}", number / 2) };
        let ending =
            *choices.pick(&["mp4", "json", "txt", "mp4.json", "info.json", "en.srt", "jpg", ""]);
        header(choices, &mut bytes, &format!("{key}.{ending}"), content.len() as u64);
        bytes.extend(&content);
        bytes.resize(bytes.len().div_ceil(512) * 512, 0);
    }
    bytes.resize(bytes.len() + 512 * choices.below(3), 0);
    bytes
}

fn record(choices: &mut Choices) -> Value {
    let record = json!({
        "caption": "a fox", "key": "000000000", "duration": 9.5, "clips": [[0.0, 4.5]],
        "clip_subtitles": [{"start": "00:00:01.000", "end": "00:00:02.000", "lines": {"en": ["fox"]}}],
        "locvtp": {"version": 1, "captions": [[0.0, 1.5, "a fox"]], "media_end": 9.5}
    });
    mutation::json(choices, &record)
}

/// A header whose size, kind and prefix may lie, with a right check sum.
fn header(choices: &mut Choices, tar: &mut Vec<u8>, name: &str, size: u64) {
    let mut header = tar::Header::new_gnu();
    let kind = if choices.once_in(3) { *choices.pick(b"0126LxgSKV57\0") } else { b'0' };
    header.set_entry_type(tar::EntryType::new(kind));
    let size = if choices.once_in(6) { choices.number() } else { size };
    header.set_size(size);
    header.set_mode(0o644);
    let bytes = name.as_bytes();
    let field = &mut header.as_old_mut().name;
    let length = bytes.len().min(field.len());
    field[..length].copy_from_slice(&bytes[..length]);
    if choices.once_in(8) {
        // Numbers are not only written as octal digits.
        let field = &mut header.as_gnu_mut().expect("it is GNU's").size;
        *field = *choices.pick(&[[0xff; 12], [b'7'; 12], [b' '; 12], [0x80; 12]]);
    }
    header.set_cksum();
    tar.extend(header.as_bytes());
}

fn index(choices: &mut Choices, bytes: usize) -> String {
    let head = json!({"locvtp_shard_index": 1, "bytes": bytes, "samples": 2});
    let line = |number: usize| {
        json!({"key": format!("{number:09}"),
            "media": {"name": format!("{number:09}.mp4"), "offset": 512, "len": 100, "crc32": 7},
            "record": {"caption": "a fox"}})
    };
    let lines = [head, line(0), line(1)];
    let lines = lines.iter().map(|line| match choices.once_in(2) {
        true => mutation::json(choices, line).to_string(),
        false => line.to_string(),
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}
