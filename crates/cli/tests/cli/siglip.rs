//! A SigLIP from the files that the hub has to answers in an index.

use crate::indexed::{json, search, videos};
use crate::siglip_files;
use crate::tiny::{refused, run, says, str, succeeded};

#[test]
fn a_siglip_is_imported_indexes_a_folder_and_answers() {
    for (version, source) in [(1, siglip_files::first()), (2, siglip_files::second())] {
        let folder = videos();
        let model = folder.path().join("model");
        let import = ["weights", "import", "--from", str(source.path()), "--out", str(&model)];
        let said = succeeded(&run(&import));
        let way = if version == 1 { "bicubic" } else { "bilinear" };
        says(
            &said,
            &[
                "siglip, 48 parameters filled",
                "siglip, 38 parameters filled",
                "both sides to 12",
                way,
                "Hugging Face",
            ],
        );
        says(&succeeded(&run(&["inspect", str(&model)])), &["SigLIP ViT", "frame by frame"]);

        let add = ["index", "add", str(folder.path()), "--model", str(&model)];
        says(&succeeded(&run(&add)), &["indexed: 8 videos"]);
        let found = json(&search(folder.path(), &["A red square moves left.", "--all", "--json"]));
        let hits = found["hits"].as_array().unwrap();
        assert!(!hits.is_empty());
        let score = |hit: &serde_json::Value| hit["score"].as_f64().unwrap();
        assert!(hits.iter().all(|hit| score(hit).is_finite() && score(hit).abs() <= 1.0));

        // Asked of one file, the same sentence is scored alike.
        let file = hits[0]["file"].as_str().unwrap();
        let ground = ["ground", "--model", str(&model), file, "A red square moves left.", "--json"];
        let moments = json(&run(&ground))["moments"].as_array().unwrap().clone();
        let start = &hits[0]["start_s"];
        let same = moments.iter().find(|moment| moment["start_s"] == *start).unwrap();
        assert!((score(same) - score(&hits[0])).abs() < 1e-5, "{same} {}", hits[0]);
    }
}

#[test]
fn what_a_siglip_lacks_is_told() {
    let source = siglip_files::second();
    std::fs::remove_file(source.path().join("tokenizer.json")).unwrap();
    let out = source.path().join("model");
    let import = ["weights", "import", "--from", "siglip", str(source.path()), "--out", str(&out)];
    says(&refused(&run(&import)), &["no tokenizer.json", "siglip2-base-patch16-224"]);
    assert!(!out.exists());
    let activation = ["--activation", "gelu"];
    says(&refused(&run(&[&import[..], &activation].concat())), &["--activation changes nothing"]);
}
