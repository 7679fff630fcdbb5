// Included by the examples of the documentation, so that they run: a model of random weights in a folder,
// and a video of four seconds.

/// The folder of the model, and the video.
fn small_model_and_video() -> Result<(tempfile::TempDir, std::path::PathBuf), Box<dyn std::error::Error>>
{
    use locvtp_model::encoders::DistilBertConfig;
    use locvtp_model::ProjectionConfig;
    use locvtp_model::encoders::TimeSformerConfig;
    use locvtp_model::SentenceTokenizer;
    use locvtp_model::{Device, LocVtpConfig, ModelDirectory, Preprocessing};
    use locvtp_video::{Encoder, EncoderSettings};

    let video = TimeSformerConfig {
        image_size: 16,
        patch_size: 8,
        num_frames: 2,
        hidden_size: 24,
        num_hidden_layers: 1,
        num_attention_heads: 2,
        intermediate_size: 48,
        ..TimeSformerConfig::default()
    };
    let text = DistilBertConfig {
        vocab_size: 50,
        max_position_embeddings: 16,
        dim: 24,
        n_layers: 1,
        n_heads: 2,
        hidden_dim: 48,
        ..DistilBertConfig::default()
    };
    let config = LocVtpConfig {
        video: video.into(),
        text: text.into(),
        projection: ProjectionConfig { dim: 12, ..ProjectionConfig::default() },
        ..LocVtpConfig::default()
    };
    let preprocessing = Preprocessing {
        num_frames: 2,
        clip_duration_s: 0.5,
        image_size: 16,
        short_side: 16,
        ..Preprocessing::default()
    };
    let words = ["a red square moves left", "a blue disc grows"];
    let tokenizer = Some(SentenceTokenizer::train(words.into_iter(), 50, 16)?);
    let model = config.init(0, &Device::flex());
    let folder = tempfile::tempdir()?;
    ModelDirectory { config, preprocessing, tokenizer, model }.write_files(folder.path())?;

    let path = folder.path().join("kitchen.mp4");
    let mut encoder = Encoder::create(&path, EncoderSettings::new(64, 48, 10))?;
    for grey in 0..40 {
        encoder.push(&vec![grey * 6; 64 * 48 * 3])?;
    }
    encoder.finish()?;
    Ok((folder, path))
}
