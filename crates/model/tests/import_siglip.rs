//! A SigLIP of Hugging Face's becomes our model: sizes, words, pictures, joint space, and what is refused.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod golden;
mod siglip_files;

use std::path::Path;

use burn::tensor::{DType, Device, Tensor, TensorData};
use golden::{assert_close, numbers};
use locvtp_model::encoders::{ClipTime, SiglipTextConfig, SiglipVisionConfig};
use locvtp_model::weights::{Import, ImportSettings, NamedTensor, Source, SourceKind, import};
use locvtp_model::{
    ClipPatches, Fit, ModelDirectory, ProjectionKind, SentenceFeature, TextEncoderConfig,
    VideoEncoderConfig,
};
use locvtp_video::{Interpolation, Scaling, VideoReader};
use serde_json::{Value, json};
use siglip_files::{
    FIRST, SECOND, config, expected, first, folder, path, preprocessor, second, tensors, units,
};

fn imported_as(
    kind: Option<SourceKind>,
    folder: &Path,
    settings: &ImportSettings,
) -> Result<Import, String> {
    let source = Source::open(kind, &[folder.to_owned()], false).map_err(|it| it.to_string())?;
    import(&[source], None, settings, &Device::flex()).map_err(|error| error.to_string())
}

fn imported(folder: &Path) -> Result<Import, String> {
    imported_as(Some(SourceKind::Siglip), folder, &ImportSettings::default())
}

fn towers(directory: &ModelDirectory) -> (&SiglipVisionConfig, &SiglipTextConfig) {
    match (&directory.config.video, &directory.config.text) {
        (VideoEncoderConfig::Siglip(video), TextEncoderConfig::Siglip(text)) => (video, text),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_says(message: &str, pieces: &[&str]) {
    for piece in pieces {
        assert!(message.contains(piece), "{piece:?} is missing in: {message}");
    }
}

fn unit(vector: &[f64]) -> Vec<f64> {
    let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
    vector.iter().map(|x| x / length).collect()
}

#[test]
fn both_versions_are_found_out_from_their_files_and_keep_what_they_say() {
    for (source, vocab_size, interpolation) in
        [(first(), FIRST, Interpolation::Bicubic), (second(), SECOND, Interpolation::Bilinear)]
    {
        let opened = Source::open(None, &[source.path().to_owned()], false).unwrap();
        assert_eq!(opened.kind(), SourceKind::Siglip);
        let import = imported(source.path()).unwrap();
        let directory = &import.directory;
        let (video, text) = towers(directory);
        assert_eq!((video.num_frames, video.time), (1, ClipTime::Mean));
        assert_eq!((video.num_attention_heads, text.num_attention_heads), (2, 2));
        assert_eq!((video.image_size, video.patch_size), (12, 4));
        assert_eq!((text.vocab_size, text.max_position_embeddings), (vocab_size, 64));
        assert_eq!((video.layer_norm_eps, text.layer_norm_eps), (1e-6, 1e-6));
        let projection = &directory.config.projection;
        assert_eq!((projection.kind, projection.dim), (ProjectionKind::Identity, 16));
        assert_eq!(directory.config.sentence_feature, SentenceFeature::LastToken);
        let pictures = &directory.preprocessing;
        assert_eq!((pictures.fit, pictures.short_side, pictures.image_size), (Fit::Squash, 12, 12));
        assert_eq!(
            (pictures.interpolation, pictures.scaling),
            (interpolation, Scaling::HuggingFace)
        );
        assert_eq!((pictures.normalisation.mean, pictures.normalisation.std), ([0.5; 3], [0.5; 3]));
        assert_eq!(directory.words().unwrap().vocab_size(), vocab_size);
        let drawn = import.drawn.iter().filter(|name| !name.starts_with("context_warp"));
        assert_eq!(drawn.count(), 0);
    }
}

#[test]
fn the_probability_of_a_pair_equals_hugging_faces_also_after_being_written_and_read() {
    let (source, expected, device) = (second(), expected(), Device::flex());
    let place = tempfile::tempdir().unwrap();
    let place = place.path().join("model");
    imported(source.path()).unwrap().write(&place).unwrap();
    let directory = ModelDirectory::read(&place, &device).unwrap();
    let (model, words) = (&directory.model, directory.words().unwrap());
    let values: Vec<f64> = units(7).take(3 * 3 * 12 * 12).collect();
    let pixels: Tensor<5> =
        Tensor::from_data(TensorData::new(values, [3, 1, 3, 12, 12]), (&device, DType::F32));
    let pictures = numbers(model.embed_clips(ClipPatches::from_pixels(pixels, 4)));
    let asked = expected["asked"].as_array().unwrap().iter();
    let tokens: Vec<_> = asked.map(|it| words.encode(it.as_str().unwrap()).unwrap()).collect();
    let batch = words.batch(&tokens);
    let sentences = numbers(model.embed_last_tokens(&batch));
    let (_, text) = towers(&directory);
    let mut found = Vec::new();
    for picture in pictures.chunks(16) {
        for sentence in sentences.chunks(16) {
            let products = unit(picture).into_iter().zip(unit(sentence)).map(|(x, y)| x * y);
            found.push(text.pair_probability(products.sum()));
        }
    }
    let wanted: Vec<Vec<f64>> = serde_json::from_value(expected["probabilities"].clone()).unwrap();
    assert_close("probabilities", &found, &wanted.concat(), 1e-5);

    let embedded = model.embed_words(&batch);
    assert_eq!(embedded.dims(), [3, 63, 16]);
    let wanted: Vec<Vec<f64>> = serde_json::from_value(expected["words"][0].clone()).unwrap();
    let found = embedded.narrow(0, 0, 1).narrow(1, 0, tokens[0].num_words());
    assert_close("words", &numbers(found), &wanted.concat(), 1e-5);
}

#[test]
fn a_config_that_says_hardly_anything_is_filled_with_what_is_usual() {
    // A SigLIP 2's own: what is left out is as in a base model, and so are these heads and this activation.
    let mut said = config(SECOND);
    for (section, key) in [("vision_config", "num_attention_heads"), ("text_config", "model_type")]
    {
        said[section].as_object_mut().unwrap().remove(key);
    }
    let source = folder(&tensors(SECOND), &[("config.json", &said)], Some("tokenizer.json"));
    // 12 heads are usual, and 16 numbers are not shared by 12.
    let message = imported(source.path()).unwrap_err();
    assert_says(&message, &["config.json", "12 attention heads", "width of 16"]);

    let bare = json!({ "model_type": "siglip", "text_config": { "vocab_size": 400 },
                       "vision_config": {} });
    let source = folder(&tensors(SECOND), &[("config.json", &bare)], Some("tokenizer.json"));
    let message = imported(source.path()).unwrap_err();
    assert_says(&message, &["`hidden_size` 16", "config.json", "says 768"]);

    // Without any file everything that no tensor shows is typed or guessed.
    let source = folder(&tensors(SECOND), &[], Some("tokenizer.json"));
    let typed =
        ImportSettings { num_heads: Some(2), num_text_heads: Some(2), ..ImportSettings::default() };
    let import = imported_as(None, source.path(), &typed).unwrap();
    let pictures = &import.directory.preprocessing;
    assert_eq!((pictures.fit, pictures.interpolation), (Fit::Squash, Interpolation::Bicubic));
    assert_eq!(pictures.normalisation.mean, [0.5; 3]);
    let guessed = &import.origins.video.as_ref().unwrap().guessed;
    assert!(guessed.iter().any(|it| it.setting == "epsilon of the layer norms"), "{guessed:?}");
}

#[test]
fn with_frames_it_gets_attention_over_time_that_adds_nothing_at_first() {
    let (source, device) = (second(), Device::flex());
    let settings = ImportSettings { num_frames: Some(3), ..ImportSettings::default() };
    let values: Vec<f64> = units(7).take(2 * 3 * 3 * 12 * 12).collect();
    let pixels: Tensor<5> =
        Tensor::from_data(TensorData::new(values, [2, 3, 3, 12, 12]), (&device, DType::F32));
    let of = |settings: &ImportSettings| {
        let import = imported_as(None, source.path(), settings).unwrap();
        let time = towers(&import.directory).0.time;
        let clips = ClipPatches::from_pixels(pixels.clone(), 4);
        (time, numbers(import.directory.model.embed_clips(clips)))
    };
    let (time, over_time) = of(&settings);
    assert_eq!(time, ClipTime::Divided);
    let (time, frames) = of(&ImportSettings { per_frame: true, ..settings });
    assert_eq!(time, ClipTime::Mean);
    assert_close("clips", &over_time, &frames, 1e-5);
}

#[test]
fn another_picture_size_resizes_the_places() {
    let source = second();
    let settings = ImportSettings { image_size: Some(16), ..ImportSettings::default() };
    let import = imported_as(None, source.path(), &settings).unwrap();
    assert_eq!(import.directory.preprocessing.image_size, 16);
    let resized = &import.origins.video.unwrap().resized;
    assert_eq!(resized.len(), 1);
    assert_eq!((&resized[0].from, &resized[0].to), (&vec![9, 16], &vec![16, 16]));
}

#[test]
fn pictures_are_squashed_as_hugging_faces_processor_does_it() {
    let expected = expected();
    for (resample, name) in [(3, "bicubic"), (2, "bilinear")] {
        let (config, pictures) = (config(SECOND), preprocessor(resample));
        let files = [("config.json", &config), ("preprocessor_config.json", &pictures)];
        let source = folder(&tensors(SECOND), &files, Some("tokenizer.json"));
        let import = imported(source.path()).unwrap();
        let centre = import.directory.preprocessing.centre();
        let found = VideoReader::open(&path("picture.png")).unwrap().read_all(&centre).unwrap();
        assert_eq!((found.num_frames, found.height, found.width), (1, 12, 12));
        let hex = expected["pictures"][name].as_str().unwrap();
        let wanted: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect();
        assert_eq!(found.data.len(), wanted.len());
        let differences = found.data.iter().zip(&wanted).map(|(x, y)| x.abs_diff(*y));
        assert!(differences.clone().all(|it| it <= 1), "{name}: {:?}", differences.max());
        let mean = differences.map(f64::from).sum::<f64>() / wanted.len() as f64;
        assert!(mean < 0.1, "{name}: {mean}");
    }
}

/// What an import says to a SigLIP 2 that was changed.
fn refusal(
    change: impl FnOnce(&mut Value, &mut std::collections::BTreeMap<String, NamedTensor>),
) -> String {
    let (mut config, mut tensors) = (config(SECOND), tensors(SECOND));
    change(&mut config, &mut tensors);
    let source = folder(&tensors, &[("config.json", &config)], Some("tokenizer.json"));
    imported(source.path()).unwrap_err()
}

#[test]
fn a_naflex_checkpoint_is_refused_with_the_way_out() {
    let key = "vision_model.embeddings.patch_embedding.weight";
    let linear = |tensors: &mut std::collections::BTreeMap<String, NamedTensor>| {
        tensors.get_mut(key).unwrap().shape = vec![16, 48];
    };
    let by_shape = refusal(|_, tensors| linear(tensors));
    let by_name = refusal(|config, _| config["model_type"] = "siglip2".into());
    for message in [by_shape, by_name] {
        assert_says(&message, &["model.safetensors", "NaFlex", "google/siglip2-base-patch16-224"]);
    }
}

#[test]
fn what_is_missing_or_contradicts_is_named() {
    let message = refusal(|_, tensors| {
        tensors.retain(|name, _| !name.starts_with("text_model.head"));
    });
    assert_says(&message, &["model.safetensors", "text_model.head.weight"]);
    let message = refusal(|_, tensors| {
        tensors.retain(|name, _| name != "vision_model.head.probe");
    });
    assert_says(&message, &["1 parameters that no key fills", "vision_model.head.probe"]);
    let message = refusal(|_, tensors| _ = tensors.remove("logit_bias"));
    assert_says(&message, &["no key logit_bias"]);
    for (section, key, value, pieces) in [
        ("vision_config", "image_size", json!(224), ["`image_size` 12", "says 224"]),
        ("vision_config", "num_hidden_layers", json!(3), ["`num_hidden_layers` 2", "says 3"]),
        ("text_config", "vocab_size", json!(32_000), ["`vocab_size` 400", "says 32000"]),
        ("text_config", "projection_size", json!(8), ["`projection_size` 16", "says 8"]),
        ("vision_config", "num_attention_heads", json!(3), ["3 attention heads", "width of 16"]),
        (
            "text_config",
            "hidden_act",
            json!("gelu"),
            ["`text_config.hidden_act`", "gelu_pytorch_tanh"],
        ),
        ("vision_config", "vision_use_head", json!(false), ["vision_use_head", "not pooled"]),
    ] {
        let message = refusal(|config, _| config[section][key] = value);
        assert_says(&message, &pieces);
        assert_says(&message, &["config.json"]);
    }
    let message = refusal(|_, tensors| {
        tensors.get_mut("vision_model.embeddings.position_embedding.weight").unwrap().shape =
            vec![8, 18];
    });
    assert_says(&message, &["8 places of patches are no square"]);
}

#[test]
fn the_words_of_another_model_are_refused() {
    let config_of = config(FIRST);
    // Of version 2 beside a table of version 1, and the other way round.
    let source = folder(&tensors(FIRST), &[("config.json", &config_of)], Some("tokenizer.json"));
    let message = imported(source.path()).unwrap_err();
    assert_says(&message, &["tokenizer.json", "400 tokens", "embedding of 98", "--tokenizer"]);
    let config_of = config(SECOND);
    let source = folder(&tensors(SECOND), &[("config.json", &config_of)], Some("spiece.model"));
    let message = imported(source.path()).unwrap_err();
    assert_says(
        &message,
        &["spiece.model", "98 tokens", "400", "another version's", "--tokenizer"],
    );
    // None at all.
    let source = folder(&tensors(SECOND), &[("config.json", &config_of)], None);
    let message = imported(source.path()).unwrap_err();
    assert_says(&message, &["no tokenizer.json and no spiece.model", "siglip2-base-patch16-224"]);
    // CLIP's.
    let clip = golden::path("clip_tokenizer/vocab.json");
    let settings = ImportSettings { tokenizer: Some(clip), ..ImportSettings::default() };
    let message = imported_as(None, source.path(), &settings).unwrap_err();
    assert_says(&message, &["vocab.json", "not SigLIP's own", "--tokenizer"]);
}

#[test]
fn a_sentencepiece_model_of_byte_pairs_is_refused_with_the_way_out() {
    let config = config(SECOND);
    let source = folder(&tensors(SECOND), &[("config.json", &config)], None);
    // Field 2, `trainer_spec`, says 2, byte pairs, in its field 3; a piece "a" before it.
    let bytes = [0x0a, 0x03, 0x0a, 0x01, b'a', 0x12, 0x02, 0x18, 0x02];
    std::fs::write(source.path().join("tokenizer.model"), bytes).unwrap();
    let message = imported(source.path()).unwrap_err();
    assert_says(&message, &["tokenizer.model", "byte pairs", "AutoTokenizer", "save_pretrained"]);
}
