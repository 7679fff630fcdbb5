//! `locvtp weights`: tiny checkpoints in, a model directory out; a hub of our own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::hub::hub;
use crate::not_run::{not_run, shared_case};
use crate::tiny::{locvtp, refused, run, says, stderr, stdout, str, succeeded};

/// Checkpoints as other programs write them; `reference/foreign_weights.py` made them.
pub(crate) fn foreign(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/goldens/foreign").join(name)
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&succeeded(output)).unwrap()
}

#[test]
fn two_checkpoints_make_a_model_directory_in_one_command_or_two() {
    let folder = tempfile::tempdir().unwrap();
    let (video, text) = (foreign("hf-timesformer"), foreign("distilbert"));
    let one = folder.path().join("one");
    let both = ["--from", "hf-timesformer", str(&video), "--from", "distilbert", str(&text)];
    let arguments = [&["weights", "import"], &both[..], &["--out", str(&one)]].concat();
    let said = succeeded(&run(&arguments));
    says(
        &said,
        &[
            "hf-timesformer, 47 parameters filled",
            "distilbert, 36 parameters filled",
            "not needed: 2 keys (classifier.bias, …); the classifier of actions",
            "2 frames of 8 x 8 pixels, short side to 8, bilinear, scaled as Hugging Face",
            "video_projection, text_projection, context_warp (seed 0)",
        ],
    );

    let two = folder.path().join("two");
    let import = |from: &[&str]| {
        run(&[&["weights", "import", "--from"], from, &["--out", str(&two), "--json"]].concat())
    };
    let first = json(&import(&["hf-timesformer", str(&video)]));
    assert_eq!(first["origins"]["text"], Value::Null);
    assert_eq!(first["config"]["text"]["kind"], "none");
    // What is not the model's is not lost when the folder is written anew.
    let notes = two.join("notes.txt");
    std::fs::write(&notes, "mine").unwrap();
    says(&refused(&import(&["distilbert", str(&text)])), &["notes.txt", "move it away"]);
    assert_eq!(std::fs::read_to_string(&notes).unwrap(), "mine");
    std::fs::remove_file(&notes).unwrap();
    let second = json(&import(&["distilbert", str(&text)]));
    assert_eq!(second["origins"]["video"]["from"], "hf-timesformer");
    assert_eq!(second["origins"]["text"]["filled"].as_array().unwrap().len(), 36);
    assert_eq!(second["config"]["text"]["dim"], 8);

    let said = succeeded(&run(&["inspect", str(&two)]));
    says(
        &said,
        &["model directory", "hf-timesformer", "distilbert", "bilinear, scaled as Hugging Face"],
    );
}

/// open_clip's tiny model, as `reference/open_clip_model.py` wrote it.
fn open_clip(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/goldens").join(name)
}

#[test]
fn a_clip_of_open_clips_is_asked_for_what_it_does_not_say_and_what_is_guessed_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("open_clip_model.safetensors");
    std::fs::copy(open_clip("open_clip/open_clip_model.safetensors"), &weights).unwrap();
    let (out, words) = (folder.path().join("model"), open_clip("clip_tokenizer/vocab.json"));
    let import = |more: &[&str]| {
        let usual = ["weights", "import", "--from", "clip", str(&weights), "--tokenizer"];
        run(&[&usual[..], &[str(&words), "--out", str(&out)], more].concat())
    };
    let said = refused(&import(&[]));
    says(&said, &["open_clip_model.safetensors", "--activation gelu|quick_gelu", "--heads N"]);
    assert!(!out.exists());
    let typed = ["--activation", "gelu", "--heads", "4", "--text-heads", "4"];
    let said = succeeded(&import(&typed));
    says(
        &said,
        &[
            "guessed: mean of the pixels [0.48145467,0.4578275,0.40821072], as in OpenAI's",
            "--mean sets it",
            "guessed: feature of a picture the class token's",
            "nothing else is built here",
        ],
    );
    says(&succeeded(&run(&["inspect", str(&out)])), &["guessed: interpolation bicubic"]);

    let config = open_clip("open_clip/open_clip_config.json");
    std::fs::copy(config, folder.path().join("open_clip_config.json")).unwrap();
    let more = ["--mean", "0.5,0.5,0.5", "--json"];
    says(&refused(&import(&more)), &["--mean says [0.5,0.5,0.5]", "open_clip_config.json says"]);
    let found = json(&import(&["--json"]));
    assert_eq!(found["config"]["video"]["num_attention_heads"], 4);
    assert_eq!(found["config"]["text"]["hidden_act"], "gelu");
    assert_eq!(found["origins"]["video"]["guessed"][0]["flag"], "--clip-seconds");
    says(&refused(&import(&["--mean", "0.5"])), &["three numbers"]);
    says(&refused(&import(&["--activation", "relu"])), &["gelu or quick_gelu"]);
}

#[test]
fn the_shared_case_of_a_vit_h_has_heads_of_80_and_gelu() {
    let Some(script) = shared_case("07-open-clip-activation/make_h.py") else { return };
    let folder = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("python3").arg(&script).current_dir(&folder).output();
    if !made.is_ok_and(|made| made.status.success()) {
        let script = script.display();
        return not_run(format_args!("{script} cannot be run; it needs Python with numpy"));
    }
    let (h, out) = (folder.path().join("h"), folder.path().join("m"));
    let arguments = ["weights", "import", "--from", "clip", str(&h), "--out", str(&out), "--json"];
    let found = json(&run(&arguments));
    assert_eq!(found["config"]["video"]["num_attention_heads"], 4);
    assert_eq!(found["config"]["video"]["hidden_act"], "gelu");
    assert_eq!(found["config"]["text"]["num_attention_heads"], 2);
}

#[test]
fn numbers_that_are_not_read_are_shown_or_named() {
    let said = succeeded(&run(&["weights", "inspect", str(&foreign("holds_uint16.pt"))]));
    says(&said, &["1 U16", "weight"]);
    let said = refused(&run(&["weights", "inspect", str(&foreign("holds_float8_e4m3fn.pt"))]));
    says(&said, &["numbers of type float8_e4m3fn", "not quantised"]);
    assert!(!said.contains("may run code"), "{said}");
}

#[test]
fn a_file_is_inspected_with_its_layers_on_one_line() {
    let file = foreign("timesformer.pyth");
    let said = succeeded(&run(&["weights", "inspect", str(&file)]));
    says(
        &said,
        &[
            "timesformer: import it with --from timesformer",
            "model_state.model",
            "1 tensor of training's state",
            "model_state.model.blocks.{0..1}.attn.qkv.weight",
            "[24, 8]",
            "f32",
        ],
    );
    let all = succeeded(&run(&["weights", "inspect", str(&file), "--all"]));
    says(&all, &["model_state.model.blocks.1.attn.qkv.weight"]);
    let json = json(&run(&["weights", "inspect", str(&file), "--json"]));
    assert_eq!(json["kind_of_checkpoint"], "timesformer");
    let key = "model_state.model.cls_token";
    assert_eq!(json["tensors"][key]["shape"], serde_json::json!([1, 1, 8]));
    let half = succeeded(&run(&["inspect", str(&foreign("f16.safetensors"))]));
    says(&half, &["file of weights", "hf-timesformer", "49 f16"]);
}

#[test]
fn what_cannot_be_imported_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("model");
    for (from, said) in [
        (vec!["hf-timesformer"], vec!["--from hf-timesformer FILE"]),
        (vec!["hf-timesfomer", "a.bin"], vec!["hf-timesfomer", "known are timm-vit"]),
        (vec!["timm-vit", "/no/file.pth"], vec!["/no/file.pth"]),
        (vec!["timm-vit", str(&foreign("runs_code.pt"))], vec!["posix.system", "--skip-calls"]),
        (vec!["timm-vit", str(&foreign("torchscript.pt"))], vec!["TorchScript", "openai/clip"]),
        (vec!["timm-vit", str(&foreign("distilbert"))], vec!["say --from distilbert"]),
        (
            vec!["hf-timesformer", str(&foreign("nan.safetensors"))],
            vec!["temporal_dense.bias", "NaN"],
        ),
    ] {
        let from: Vec<&str> = from.iter().map(|word| &word[..]).collect();
        let more = ["--heads", "2", "--out", str(&out)];
        let arguments = [&["weights", "import", "--from"], &from[..], &more];
        says(&refused(&run(&arguments.concat())), &said);
        assert!(!out.exists(), "{from:?}");
    }
    // What is no import of ours is left as it is.
    std::fs::create_dir(&out).unwrap();
    std::fs::write(out.join("config.json"), "{}").unwrap();
    let video = foreign("hf-timesformer");
    let arguments = ["weights", "import", "--from", str(&video), "--out", str(&out)];
    says(&refused(&run(&arguments)), &[str(&out), "import.json", "another --out"]);
    assert_eq!(std::fs::read_to_string(out.join("config.json")).unwrap(), "{}");
}

/// `weights import --from FROM --out model` with a hub and a home of its own.
fn import_from_hub(home: &Path, endpoint: &str, offline: bool, from: &[&str]) -> Output {
    let mut command = locvtp();
    command.env("HF_ENDPOINT", endpoint).env("HF_HOME", home).env("NO_PROXY", "127.0.0.1");
    command.env_remove("HF_HUB_OFFLINE");
    if offline {
        command.env("HF_HUB_OFFLINE", "1");
    }
    command.args(["weights", "import", "--from"]).args(from);
    command.arg("--out").arg(home.join("model")).arg("--json").output().unwrap()
}

#[test]
fn a_checkpoint_of_the_hub_is_downloaded_once() {
    let home = tempfile::tempdir().unwrap();
    let hub = hub();
    for (name, offline) in [
        ("hub:tiny/timesformer", false),
        ("hub:tiny/timesformer", true),
        ("hub:tiny/sharded", false),
    ] {
        let found = json(&import_from_hub(home.path(), &hub, offline, &[name]));
        assert_eq!(found["origins"]["video"]["filled"].as_array().unwrap().len(), 47, "{name}");
        assert_eq!(found["config"]["video"]["num_attention_heads"], 2, "from its config.json");
    }
    let kept = home.path().join("hub/models--tiny--timesformer/snapshots");
    assert!(kept.is_dir(), "{}", kept.display());
}

#[test]
fn a_sentence_model_of_the_hub_comes_with_its_rules() {
    let home = tempfile::tempdir().unwrap();
    let hub = hub();
    let video = foreign("hf-timesformer");
    for offline in [false, true] {
        let from = ["hf-timesformer", str(&video), "--from", "bert", "hub:tiny/sentences"];
        let found = json(&import_from_hub(home.path(), &hub, offline, &from));
        let text = &found["config"]["text"];
        // What no file but 1_Pooling/config.json, sentence_bert_config.json and modules.json says.
        assert_eq!(text["pooling"], "mean");
        assert_eq!((&text["max_tokens"], &text["normalize"]), (&20.into(), &true.into()), "{text}");
        std::fs::remove_dir_all(home.path().join("model")).unwrap();
    }
    let kept = home.path().join("hub/models--tiny--sentences/snapshots/0123456789abcdef");
    assert!(kept.join("1_Pooling/config.json").is_file());
}

#[test]
fn without_a_network_it_says_what_to_download_by_hand() {
    let home = tempfile::tempdir().unwrap();
    let by_hand = ["by hand", "model.safetensors", "config.json", "--from KIND"];
    // Nobody listens on a port that was just given back.
    let closed =
        format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let message = refused(&import_from_hub(home.path(), &closed, false, &["hub:tiny/timesformer"]));
    says(&message, &by_hand);
    says(&message, &["hub:tiny/timesformer", &format!("{closed}/tiny/timesformer/tree/main")]);

    let message = refused(&import_from_hub(home.path(), &closed, true, &["hub:tiny/timesformer"]));
    says(&message, &by_hand);
    says(&message, &["HF_HUB_OFFLINE", str(home.path())]);

    let hub = hub();
    let message = refused(&import_from_hub(home.path(), &hub, false, &["hub:tiny/nothing"]));
    says(&message, &["no weights", "pytorch_model.bin", "by hand"]);
    let message = refused(&import_from_hub(home.path(), &hub, false, &["hub:gated/model"]));
    says(&message, &["no such model", "licence"]);
    let message = refused(&import_from_hub(home.path(), &hub, false, &["hub:a/b/c"]));
    says(&message, &["hub:OWNER/NAME"]);
}

#[test]
fn weights_without_a_command_shows_what_there_is() {
    let output = run(&["weights"]);
    assert_eq!(output.status.code(), Some(2));
    says(&format!("{}{}", stdout(&output), stderr(&output)), &["import", "inspect"]);
    says(&succeeded(&run(&["weights", "import", "--help"])), &["hf-timesformer", "hub:OWNER/NAME"]);
}
