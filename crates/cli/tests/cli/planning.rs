//! A run that is planned and not begun.

use crate::tiny::{says, succeeded, tiny};

#[test]
fn a_plan_says_sizes_memory_and_time_and_writes_nothing() {
    let tiny = tiny();
    let never = tiny.path("planned");
    let told = succeeded(&tiny.pretrain(&never, &["--plan"]));
    says(
        &told,
        &[
            "corpus",
            "12 videos",
            "300 of the run",
            "million parameters: video",
            "long batch",
            "3 pairs x 4 clips x 2 frames of 16 x 16",
            "Adam's moments",
            "memory at the peak",
            "it fits",
            "processes",
            "measured:",
            "left out:",
            "decoding:",
        ],
    );
    assert!(!never.exists(), "a plan made a run folder");
}

#[test]
fn a_plan_in_json_has_the_numbers_by_name_and_its_parts_add_up() {
    let tiny = tiny();
    let never = tiny.path("planned-json");
    let told = succeeded(&tiny.pretrain(&never, &["--plan", "--json"]));
    let plan: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((plan["videos"].as_u64(), plan["steps"].as_u64()), (Some(12), Some(300)), "{plan}");
    let parts = plan["memory_bytes"].as_object().unwrap();
    let sum: f64 = parts.values().map(|bytes| bytes.as_f64().unwrap()).sum();
    let peak = plan["peak_bytes"].as_f64().unwrap();
    assert!((sum - peak).abs() < 1.0, "{plan}");
    for key in ["weights", "gradients", "moments", "block_inputs", "graph", "losses", "loader"] {
        assert!(parts.contains_key(key), "{key} is missing: {plan}");
    }
    let parameters = &plan["parameters"];
    let count = |part: &str| parameters[part].as_u64().unwrap();
    assert_eq!(
        4 * (count("video") + count("text") + count("heads")),
        parts["weights"].as_f64().unwrap() as u64
    );
    let processes = plan["times"]["processes"].as_array().unwrap();
    assert_eq!(processes[0]["processes"], 1);
    assert!(processes[0]["step_s"].as_f64().unwrap() > 0.0, "{plan}");
    for key in ["measured", "update_s", "decoding"] {
        assert!(!plan["times"][key].is_null(), "{key} is missing: {plan}");
    }
    assert!(!never.exists(), "a plan made a run folder");
}
