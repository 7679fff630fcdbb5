//! The journal of a feature file: records whose check sums are right and whose words are not.

use std::path::Path;

use locvtp_features::{FeatureStore, Provenance};
use serde_json::{Value, json};

use crate::choices::Choices;
use crate::mutation;
use crate::targets::feature_files;

/// Makes a journal, and opens, fills and finishes the file it belongs to.
pub(crate) fn run(choices: &mut Choices, folder: &Path) {
    let provenance = Provenance {
        model: "m".into(),
        weights: "w".into(),
        space: "backbone".into(),
        clip: "16 frames".into(),
        stride: "16 frames".into(),
        preprocessing: "{}".into(),
        precision: "f32".into(),
    };
    let out = folder.join(choices.pick(&["out.h5", "out.safetensors"]));
    let mut journal = b"LOCVTPJ1".to_vec();
    journal.extend(format!("{:<24}", 1).as_bytes());
    let settings = json!({"settings": {"provenance": provenance, "dataset": "c3d_features"}});
    record(choices, &mut journal, &settings, &[]);
    for number in 0..choices.below(6) {
        let (head, body) = one(choices, number);
        let head = if choices.once_in(3) { mutation::json(choices, &head) } else { head };
        record(choices, &mut journal, &head, &body);
    }
    if choices.once_in(6) {
        journal = mutation::bytes(choices, journal);
    }
    std::fs::write(FeatureStore::journal_of(&out), journal).unwrap();
    let Ok(store) = FeatureStore::open(&out, "c3d_features", provenance, false) else { return };
    let _ = store.holds("video0", 10);
    if store.finish().is_ok() && out.exists() {
        feature_files::read(&out);
    }
}

/// Clips of a video, or that it is done.
fn one(choices: &mut Choices, number: usize) -> (Value, Vec<u8>) {
    let id = format!("video{}", number / 2);
    if choices.once_in(3) {
        let source = json!({"path": "a.mp4", "bytes": 10, "duration_s": choices.float()});
        return (json!({"done": {"id": id, "source": source}}), Vec::new());
    }
    let (count, width) = (choices.below(4), choices.below(4));
    let mut body = Vec::new();
    for clip in 0..count {
        body.extend((clip as f64).to_le_bytes());
        body.extend((clip as f64 + choices.float()).to_le_bytes());
    }
    body.extend(vec![0; count * width * 4]);
    (json!({"clips": {"id": id, "first": choices.below(3), "count": count, "width": width}}), body)
}

fn record(choices: &mut Choices, journal: &mut Vec<u8>, head: &Value, body: &[u8]) {
    let head = head.to_string();
    let lengths = [head.len() as u32, body.len() as u32].map(u32::to_le_bytes).concat();
    let sum = crc32fast::hash(&[&lengths, head.as_bytes(), body].concat());
    let sum = if choices.once_in(20) { choices.number() as u32 } else { sum };
    journal.extend(lengths);
    journal.extend(sum.to_le_bytes());
    journal.extend(head.as_bytes());
    journal.extend(body);
}
