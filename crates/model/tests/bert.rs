//! Sentence models against sentence-transformers: what it reads of a directory, and what it makes of
//! sentences.
//!
//! The goldens are directories of its own (`reference/sentence_models.py`): a BERT whose `tokenizer.json`
//! cuts and pads to 8 tokens where 20 and no padding are right, and an XLM-RoBERTa with prompts.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod golden;

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{DType, Device};
use golden::{Arrays, assert_close, numbers};
use locvtp_model::encoders::{Bert, BertConfig, TokenPooling};
use locvtp_model::weights::{
    Import, ImportSettings, NamedTensor, Source, SourceKind, import, read_safetensors,
};
use locvtp_model::{ModelDirectory, SentenceTokenizer, TextEncoderConfig, TokenBatch};
use serde_json::{Value, json};

/// Two blocks in f32 err by a few units in the last place of numbers around 3, a gradient passes every
/// layer twice; in f64 only the golden's own storage in f32 is left.
const TOLERANCES: [(DType, f64, f64); 2] = [(DType::F32, 1e-5, 1e-4), (DType::F64, 2e-7, 2e-7)];

const MODELS: [(&str, SourceKind); 2] =
    [("bert", SourceKind::Bert), ("xlm-roberta", SourceKind::XlmRoberta)];

fn imported(kind: Option<SourceKind>, folder: &Path) -> Result<Import, String> {
    let text = |error: locvtp_model::ModelError| error.to_string();
    let text_source = Source::open(kind, &[folder.to_owned()], false).map_err(text)?;
    // A text encoder alone is no model.
    let video = golden::path("foreign/hf-timesformer");
    let video = Source::open(Some(SourceKind::HfTimeSformer), &[video], false).map_err(text)?;
    let settings = ImportSettings { num_heads: Some(2), ..ImportSettings::default() };
    import(&[video, text_source], None, &settings, &Device::flex()).map_err(text)
}

fn golden_folder(name: &str) -> std::path::PathBuf {
    golden::path("sentence_models").join(name)
}

fn config(import: &Import) -> BertConfig {
    match &import.directory.config.text {
        TextEncoderConfig::Bert(config) => config.clone(),
        other => panic!("{other:?}"),
    }
}

/// The parameters of the text encoder as they lie in the model directory, without their prefix.
fn written(import: &Import) -> BTreeMap<String, NamedTensor> {
    let dir = tempfile::tempdir().unwrap();
    import.write(&dir.path().join("model")).unwrap();
    let weights = read_safetensors(&dir.path().join("model/model.safetensors")).unwrap();
    let own = weights
        .into_iter()
        .filter_map(|(name, tensor)| Some((name.strip_prefix("bert.")?.to_owned(), tensor)));
    own.collect()
}

fn encoder(import: &Import, device: &Device) -> Bert {
    golden::filled(config(import).init(&mut golden::any_weights(device)), written(import))
}

struct Sentences {
    texts: Vec<String>,
    ids: Vec<Vec<u32>>,
    trained: Vec<usize>,
}

impl Sentences {
    fn read(name: &str) -> Self {
        let said = golden::json(&format!("sentence_models/{name}/sentences.json"));
        let from = |key: &str| said[key].clone();
        Self {
            texts: serde_json::from_value(from("sentences")).unwrap(),
            ids: serde_json::from_value(from("ids")).unwrap(),
            trained: serde_json::from_value(from("trained")).unwrap(),
        }
    }
}

fn batch(tokenizer: &SentenceTokenizer, texts: &[String], prompt: &str) -> TokenBatch {
    let encode = |text: &String| tokenizer.encode(&format!("{prompt}{text}")).unwrap();
    tokenizer.batch(&texts.iter().map(encode).collect::<Vec<_>>())
}

/// A folder with the files of a golden, and `files` in the place of theirs or beside them.
fn changed(name: &str, files: &[(&str, Option<Value>)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("1_Pooling")).unwrap();
    for file in [
        "config.json",
        "model.safetensors",
        "modules.json",
        "sentence_bert_config.json",
        "tokenizer.json",
        "1_Pooling/config.json",
    ] {
        std::fs::copy(golden_folder(name).join(file), folder.path().join(file)).unwrap();
    }
    for (file, json) in files {
        let path = folder.path().join(file);
        match json {
            Some(json) => std::fs::write(path, json.to_string()).unwrap(),
            None => std::fs::remove_file(path).unwrap(),
        }
    }
    folder
}

#[track_caller]
fn assert_says(message: &str, pieces: &[&str]) {
    for piece in pieces {
        assert!(message.contains(piece), "{piece:?} is missing in: {message}");
    }
}

#[test]
fn the_rules_of_a_sentence_model_are_read_from_the_files_beside_it() {
    // What it is called is told by its keys.
    let bert = config(&imported(None, &golden_folder("bert")).unwrap());
    assert_eq!((bert.first_position, bert.max_tokens, bert.type_vocab_size), (0, 20, 2));
    assert_eq!((bert.pooling, bert.normalize), (TokenPooling::Mean, true));
    assert_eq!((bert.num_attention_heads, bert.layer_norm_eps), (2, 1e-12));
    let xlm = config(&imported(None, &golden_folder("xlm-roberta")).unwrap());
    assert_eq!((xlm.first_position, xlm.max_tokens, xlm.type_vocab_size), (2, 18, 1));
    assert_eq!((xlm.pooling, xlm.normalize), (TokenPooling::Class, false));
    assert_eq!((&*xlm.query_prompt, &*xlm.document_prompt), ("query: ", "passage: "));
    assert_eq!(xlm.layer_norm_eps, 1e-5);
}

#[test]
fn tokens_of_sentences_are_those_of_sentence_transformers() {
    for (name, kind) in MODELS {
        let import = imported(Some(kind), &golden_folder(name)).unwrap();
        let sentences = Sentences::read(name);
        assert_eq!(sentences.texts.len(), 40);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tokenizer.json");
        std::fs::write(&path, import.directory.words().unwrap().to_json().unwrap()).unwrap();
        let written = SentenceTokenizer::read(&path, config(&import).max_tokens).unwrap();
        for tokenizer in [import.directory.words().unwrap(), &written] {
            for (text, ids) in sentences.texts.iter().zip(&sentences.ids) {
                let found = tokenizer.encode(text).unwrap();
                assert_eq!(&found.ids, ids, "{name}, {text:?}: {:?}", found.tokens);
                // Words stand between a first and a last token.
                assert_eq!(found.num_words(), ids.len() - 2);
            }
        }
    }
}

#[test]
fn vectors_of_sentences_are_those_of_sentence_transformers() {
    for (name, kind) in MODELS {
        let import = imported(Some(kind), &golden_folder(name)).unwrap();
        let sentences = Sentences::read(name);
        let expected = Arrays::read(&format!("sentence_models/{name}/expected.safetensors"));
        let (tokenizer, config) = (import.directory.words().unwrap(), config(&import));
        let mut prompts = vec![("sentences", "")];
        if !config.query_prompt.is_empty() {
            prompts.push(("queries", &config.query_prompt));
            prompts.push(("documents", &config.document_prompt));
        }
        for (array, prompt) in prompts {
            let [num_texts, _] = expected.shape(array) else { panic!() };
            let all = &sentences.texts[..*num_texts];
            // In batches, where padding must change nothing, and each alone.
            for at_once in [all.len(), 9, 1] {
                let mut found = Vec::new();
                for texts in all.chunks(at_once) {
                    let tokens = batch(tokenizer, texts, prompt);
                    let own = import.directory.model.backbone_sentences(&tokens).unwrap();
                    found.extend(numbers(own));
                }
                let what = format!("{name}, {array}, {at_once} at once");
                assert_close(&what, &found, expected.values(array), TOLERANCES[0].1);
            }
        }
    }
}

#[test]
fn words_and_gradients_equal_hugging_faces() {
    let device = Device::flex().autodiff();
    for (name, kind) in MODELS {
        let import = imported(Some(kind), &golden_folder(name)).unwrap();
        let sentences = Sentences::read(name);
        let texts: Vec<String> =
            sentences.trained.iter().map(|at| sentences.texts[*at].clone()).collect();
        let tokens = batch(import.directory.words().unwrap(), &texts, "");
        let expected = Arrays::read(&format!("sentence_models/{name}/expected.safetensors"));
        for (dtype, forward, backward) in TOLERANCES {
            let encoder = golden::cast(encoder(&import, &device), dtype);
            let [b, n, d] = expected.shape("words") else { panic!() };
            let found = numbers(encoder.forward(&tokens));
            assert_eq!(found.len(), b * n * d);
            // Rows of padding have no meaning.
            for (row, length) in tokens.lengths.iter().enumerate() {
                let of = |all: &[f64]| all[row * n * d..][..length * d].to_vec();
                let (found, expected) = (of(&found), of(expected.values("words")));
                assert_close(&format!("{name}, words of {row}"), &found, &expected, forward);
            }
            let loss_weights = expected.tensor("loss_weights", &device, dtype);
            let gradients = (encoder.sentences(&tokens) * loss_weights).sum().backward();
            let found = golden::named_gradients(&encoder, gradients);
            let mut compared = 0;
            for (name, expected) in expected.gradients() {
                assert_close(name, &found[name], expected, backward);
                compared += 1;
            }
            assert!(compared > if name == "bert" { 19 } else { 0 }, "{compared} compared");
        }
    }
}

#[test]
fn names_in_our_file_are_hugging_faces() {
    for (name, kind) in MODELS {
        let import = imported(Some(kind), &golden_folder(name)).unwrap();
        let theirs = golden::weights(&format!("sentence_models/{name}/model.safetensors"));
        assert_eq!(written(&import), theirs);
        // With the prefix of a model with heads, and with TensorFlow's names of the norms.
        let prefix = if name == "bert" { "bert." } else { "roberta." };
        let mut renamed: BTreeMap<String, NamedTensor> = theirs
            .iter()
            .map(|(key, tensor)| {
                let key = key.replace("LayerNorm.weight", "LayerNorm.gamma");
                (
                    prefix.to_owned() + &key.replace("LayerNorm.bias", "LayerNorm.beta"),
                    tensor.clone(),
                )
            })
            .collect();
        let head = NamedTensor { shape: vec![1], values: vec![0.0] };
        let heads = [format!("{prefix}pooler.dense.bias"), "lm_head.bias".to_owned()];
        renamed.extend(heads.map(|name| (name, head.clone())));
        let folder = changed(name, &[]);
        let bytes = locvtp_model::weights::to_safetensors(&renamed);
        std::fs::write(folder.path().join("model.safetensors"), bytes).unwrap();
        let import = imported(None, folder.path()).unwrap();
        assert_eq!(written(&import), theirs);
        assert_eq!(import.origins.text.unwrap().from, kind.name());
    }
}

#[test]
fn a_model_directory_keeps_the_rules_and_the_vectors() {
    for (name, kind) in MODELS {
        let import = imported(Some(kind), &golden_folder(name)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("model");
        import.write(&place).unwrap();
        let read = ModelDirectory::read(&place, &Device::flex()).unwrap();
        assert_eq!(read.config, import.directory.config);
        let texts = &Sentences::read(name).texts[..9];
        let of = |directory: &ModelDirectory| {
            let tokens = batch(directory.words().unwrap(), texts, "");
            numbers(directory.model.backbone_sentences(&tokens).unwrap())
        };
        assert_eq!(of(&read), of(&import.directory));
    }
}

#[test]
fn both_forms_of_the_pooling_are_read_and_without_modules_it_is_the_mean() {
    for (said, expected) in [
        (
            json!({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}),
            TokenPooling::Class,
        ),
        (json!({"pooling_mode": "mean"}), TokenPooling::Mean),
        (json!({"pooling_mode": ["cls"]}), TokenPooling::Class),
        (json!({}), TokenPooling::Mean),
    ] {
        let folder = changed("bert", &[("1_Pooling/config.json", Some(said.clone()))]);
        assert_eq!(config(&imported(None, folder.path()).unwrap()).pooling, expected, "{said}");
    }
    let folder = changed("bert", &[("modules.json", None)]);
    let import = imported(None, folder.path()).unwrap();
    let plain = config(&import);
    // As long as there are places.
    assert_eq!((plain.pooling, plain.normalize, plain.max_tokens), (TokenPooling::Mean, false, 24));
    let guessed = import.origins.text.unwrap().guessed;
    assert!(guessed.iter().any(|guess| guess.setting == "vector of a sentence"), "{guessed:?}");
    // More tokens than places are as many as the places.
    let long = json!({"max_seq_length": 8192});
    let folder = changed("bert", &[("sentence_bert_config.json", Some(long))]);
    assert_eq!(config(&imported(None, folder.path()).unwrap()).max_tokens, 24);
}

#[test]
fn texts_become_lower_case_where_sentence_transformers_is_told_to() {
    let ids = |lower: bool| {
        let said = json!({"max_seq_length": 20, "do_lower_case": lower});
        let folder = changed("bert", &[("sentence_bert_config.json", Some(said))]);
        let path = folder.path().join("tokenizer.json");
        let mut cased: Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        cased["normalizer"]["lowercase"] = false.into();
        std::fs::write(&path, cased.to_string()).unwrap();
        let import = imported(None, folder.path()).unwrap();
        import.directory.words().unwrap().encode("The RED square").unwrap().ids
    };
    let sentences = Sentences::read("bert");
    assert_eq!(ids(true), sentences.ids[0]);
    assert_ne!(ids(false), sentences.ids[0]);
}

#[test]
fn what_is_not_built_here_is_refused_with_file_and_way_out() {
    let modules = |kind: &str| {
        json!([
            {"path": "", "type": "sentence_transformers.models.Transformer"},
            {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"path": "2_Dense", "type": format!("sentence_transformers.models.{kind}")},
        ])
    };
    let elsewhere = json!([{"path": "../..", "type": "sentence_transformers.models.Pooling"}]);
    for (file, said, pieces) in [
        (
            "modules.json",
            Some(modules("Dense")),
            &["modules.json", "models.Dense", "without modules.json"][..],
        ),
        ("modules.json", Some(elsewhere), &["modules.json", "no plain file name"]),
        ("modules.json", Some(json!([])), &["modules.json", "pools no tokens"]),
        (
            "1_Pooling/config.json",
            Some(json!({"pooling_mode": "max"})),
            &["1_Pooling/config.json", "by max"],
        ),
        (
            "1_Pooling/config.json",
            Some(json!({"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": true})),
            &["1_Pooling/config.json", "by cls_token and mean_tokens"],
        ),
        ("1_Pooling/config.json", None, &["1_Pooling/config.json", "is not there", "fetch it"]),
        ("tokenizer.json", None, &["no tokenizer.json", "--tokenizer FILE", "save_pretrained"]),
        (
            "config.json",
            Some(json!({"model_type": "mpnet"})),
            &["config.json", "\"mpnet\"", "xlm-roberta"],
        ),
        (
            "config.json",
            Some(json!({"model_type": "bert", "hidden_act": "gelu_new"})),
            &["config.json", "hidden_act", "gelu_new"],
        ),
        (
            "config.json",
            Some(json!({"model_type": "bert", "position_embedding_type": "relative_key"})),
            &["config.json", "position_embedding_type"],
        ),
        (
            "config.json",
            Some(json!({"model_type": "bert", "num_hidden_layers": 3})),
            &["num_hidden_layers", "3"],
        ),
    ] {
        let folder = changed("bert", &[(file, said)]);
        assert_says(&imported(Some(SourceKind::Bert), folder.path()).unwrap_err(), pieces);
    }
    let prompts = json!({"prompts": {"query": "q: "}});
    let pooling = json!({"pooling_mode": "mean", "include_prompt": false});
    let folder = changed(
        "bert",
        &[
            ("config_sentence_transformers.json", Some(prompts)),
            ("1_Pooling/config.json", Some(pooling)),
        ],
    );
    let message = imported(None, folder.path()).unwrap_err();
    assert_says(&message, &["1_Pooling/config.json", "include_prompt"]);
}

#[test]
fn unknown_signs_of_every_language_are_left_out_of_what_is_asked() {
    let import = imported(None, &golden_folder("xlm-roberta")).unwrap();
    let tokenizer = import.directory.words().unwrap();
    let plain = tokenizer.encode_without_unknown_signs("the red square").unwrap();
    for text in ["the red\u{1f436} square", "the red \u{2603}\u{fe0f} square"] {
        let asked = tokenizer.encode_without_unknown_signs(text).unwrap();
        assert!(!asked.tokens.iter().any(|token| token == "<unk>"), "{text}: {asked:?}");
        assert!(asked.ids.len() <= plain.ids.len() + 2, "{text}: {asked:?}");
    }
}
