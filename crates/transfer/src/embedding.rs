//! Features of whole videos and of sentences, by a model from disk.
//!
//! Every task of this crate begins here, with the preprocessing that the model directory holds. Vectors are kept as
//! plain numbers: a task compares thousands of small ones.

use std::path::Path;

use burn::tensor::Tensor;
use locvtp_model::{ClipPatches, Device, ModelDirectory, SentenceFeature, TokenBatch};
use locvtp_video::{ClipPixels, ClipStream, ClipStride, TimeSpan, VideoError, VideoReader};

use crate::embed_error::EmbedError;
use crate::error::TransferError;
use crate::extraction::FeatureSpace;
use crate::model_location::locate_model;
use crate::setting_error::SettingError;

/// Tokens and numbers of the clips that go through the encoder together, about; bounds memory.
const TOKENS_AT_ONCE: usize = 32_768;
const NUMBERS_AT_ONCE: usize = 16 << 20;

/// Rows of every projection.
const ROWS_OF_A_PROJECTION: usize = 64;

/// Sentences that go through the encoder together.
const SENTENCES_AT_ONCE: usize = 128;

/// What stands for a word of which no piece is in the vocabulary: of BERT, of XLM-RoBERTa.
const UNKNOWN: [&str; 2] = ["[UNK]", "<unk>"];

/// A vector in the joint space, as the projection gives it.
pub type JointVector = Vec<f32>;

/// What a text is for, which some sentence models are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextRole {
    /// It asks.
    Query,
    /// It is searched in.
    Document,
}

/// A whole video in the joint space.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoEmbedding {
    /// When each clip is, seconds from the start of the file.
    pub spans: Vec<TimeSpan>,
    /// A unit vector per clip.
    pub clips: Vec<JointVector>,
    /// The unit vector of the whole: the mean of the raw clips (§A.6, open point 8).
    pub video: JointVector,
    /// The clips as the projection gives them.
    pub raw_clips: Vec<JointVector>,
}

impl VideoEmbedding {
    /// Of clips as the projection gives them.
    pub(crate) fn new(spans: Vec<TimeSpan>, raw_clips: Vec<JointVector>) -> Self {
        let clips = raw_clips.iter().map(|clip| unit(clip)).collect();
        Self { spans, clips, video: mean_unit(&raw_clips), raw_clips }
    }
}

/// Clips of one video, encoded.
pub(crate) struct EncodedClips {
    /// When each clip is.
    pub(crate) spans: Vec<TimeSpan>,
    /// The feature of each.
    pub(crate) features: Vec<Vec<f32>>,
}

/// A sentence in the joint space.
#[derive(Clone, Debug, PartialEq)]
pub struct SentenceEmbedding {
    /// The words' texts.
    pub tokens: Vec<String>,
    /// A unit vector per word.
    pub words: Vec<JointVector>,
    /// The unit vector of the whole: the mean of the raw words, or the model's own.
    pub sentence: JointVector,
    /// The words as the projection gives them.
    pub raw_words: Vec<JointVector>,
}

impl SentenceEmbedding {
    /// Of words as the projection gives them.
    pub(crate) fn new(tokens: Vec<String>, raw_words: Vec<JointVector>) -> Self {
        let words = raw_words.iter().map(|word| unit(word)).collect();
        Self { tokens, words, sentence: mean_unit(&raw_words), raw_words }
    }

    /// Whether a word of it, or a piece of one, is in the model's vocabulary.
    pub fn has_known_words(&self) -> bool {
        self.tokens.iter().any(|token| !UNKNOWN.contains(&token.as_str()))
    }

    /// Of any vector that is to be looked for as a sentence is: that of a picture, or a sum of sentences.
    pub fn of_vector(vector: &[f32]) -> Self {
        let sentence = unit(vector);
        let words = vec![sentence.clone()];
        Self { tokens: Vec::new(), raw_words: words.clone(), words, sentence }
    }
}

/// A model on a device, ready to embed.
pub struct Embedder {
    directory: ModelDirectory,
    device: Device,
}

impl Embedder {
    /// The model in `dir`, a model directory, or a run or demo folder that holds one; on the CPU.
    ///
    /// # Errors
    /// When there is no model, or its files cannot be read.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, TransferError> {
        let device = Device::flex();
        let directory = ModelDirectory::read(&locate_model(dir.as_ref()), &device)?;
        Ok(Self::new(directory, device))
    }

    /// A model that was read onto `device`.
    pub fn new(directory: ModelDirectory, device: Device) -> Self {
        Self { directory, device }
    }

    /// Where the model computes.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The model and its settings.
    pub fn directory(&self) -> &ModelDirectory {
        &self.directory
    }

    /// Decodes the clips of a whole video as the model wants them.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn decode(&self, path: &Path) -> Result<ClipPixels, VideoError> {
        let mut reader = VideoReader::open(path)?;
        let plan = self.directory.preprocessing.whole_file(&reader, ClipStride::Clip)?;
        reader.read_clips(&plan, &self.directory.preprocessing.centre())
    }

    /// Clips that should go through the encoder together: as many as keep its memory small, 64 at
    /// most. It changes no result.
    pub fn clips_at_once(&self) -> usize {
        let preprocessing = &self.directory.preprocessing;
        let side = preprocessing.image_size / self.directory.model.patch_size().max(1);
        let tokens = side * side * preprocessing.num_frames;
        let numbers = 3 * preprocessing.image_size.pow(2) * preprocessing.num_frames;
        let clips = (TOKENS_AT_ONCE / tokens.max(1)).min(NUMBERS_AT_ONCE / numbers.max(1));
        clips.clamp(1, 64)
    }

    /// Features of decoded clips, of any videos: `[num_clips][d]`, or `[e]` where projected.
    pub fn encode(&self, pixels: &ClipPixels, space: FeatureSpace) -> Vec<Vec<f32>> {
        let preprocessing = &self.directory.preprocessing;
        let patch = self.directory.model.patch_size();
        let mut features = Vec::with_capacity(pixels.num_clips);
        let size = preprocessing.image_size;
        let clip_bytes = pixels.data.len() / pixels.num_clips.max(1);
        if space == FeatureSpace::MeanColour {
            return pixels.data.chunks(clip_bytes.max(1)).map(mean_colour).collect();
        }
        for rgb in pixels.data.chunks(clip_bytes.max(1) * self.clips_at_once()) {
            let numbers = preprocessing.cut_rgb(rgb, patch);
            let shape = [rgb.len() / clip_bytes, preprocessing.num_frames, size, size];
            let clips = ClipPatches::from_cut(numbers, shape, patch, &self.device);
            let backbone = self.directory.model.backbone_clips(clips);
            features.extend(rows(match space {
                FeatureSpace::Projected => self.project(backbone),
                _ => backbone,
            }));
        }
        features
    }

    /// The features in the joint space. Always so many rows at once, the last of them empty: a product
    /// of another number of rows may be computed in another order, and what a clip's feature is to the
    /// last bit would depend on the clips beside it.
    fn project(&self, backbone: Tensor<2>) -> Tensor<2> {
        let [r, d] = backbone.dims();
        let padding = r.next_multiple_of(ROWS_OF_A_PROJECTION) - r;
        let padding = Tensor::zeros([padding, d], &self.device);
        let padded = Tensor::cat(vec![backbone, padding], 0);
        let chunks = padded.split(ROWS_OF_A_PROJECTION, 0).into_iter();
        let projected = chunks.map(|rows| self.directory.model.project_clips(rows)).collect();
        Tensor::cat(projected, 0).narrow(0, 0, r)
    }

    /// Embeds decoded clips of one video.
    pub fn embed_clips(&self, pixels: &ClipPixels) -> VideoEmbedding {
        let raw_clips = self.encode(pixels, FeatureSpace::Projected);
        VideoEmbedding::new(pixels.spans.clone(), raw_clips)
    }

    /// Decodes and embeds one video, some clips at a time.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn embed_video(&self, path: &Path) -> Result<VideoEmbedding, VideoError> {
        self.embed_opened(&mut VideoReader::open(path)?, &mut |_, _| {})
    }

    /// The same of a video that was opened with settings; who opened it may end it. `progress` is told how many clips of how
    /// many are done, at the start and after each pass through the encoder.
    ///
    /// # Errors
    /// When it cannot be read, or was ended.
    pub fn embed_opened(
        &self,
        reader: &mut VideoReader,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<VideoEmbedding, VideoError> {
        let preprocessing = &self.directory.preprocessing;
        let plan = preprocessing.whole_file(reader, ClipStride::Clip)?;
        let (num_clips, at_once) = (plan.clips.len(), self.clips_at_once());
        let mut clips = reader.clip_stream(plan, &preprocessing.centre());
        let space = FeatureSpace::Projected;
        let encoded = self.encode_stream(&mut clips, num_clips, at_once, space, progress)?;
        Ok(VideoEmbedding::new(encoded.spans, encoded.features))
    }

    /// Features of the clips of one video as they are decoded, `at_once` of them at a time.
    pub(crate) fn encode_stream(
        &self,
        clips: &mut ClipStream<'_>,
        num_clips: usize,
        at_once: usize,
        space: FeatureSpace,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<EncodedClips, VideoError> {
        let mut encoded =
            EncodedClips { spans: Vec::new(), features: Vec::with_capacity(num_clips) };
        progress(0, num_clips);
        while let Some(mut pixels) = clips.next_clip()? {
            while pixels.num_clips < at_once
                && let Some(clip) = clips.next_clip()?
            {
                pixels.append(clip);
            }
            encoded.features.extend(self.encode(&pixels, space));
            encoded.spans.extend(pixels.spans);
            progress(encoded.spans.len(), num_clips);
        }
        Ok(encoded)
    }

    /// Whether a word is one of the model's vocabulary, and not put together from pieces.
    ///
    /// # Errors
    /// When the model has no text encoder.
    pub fn has_word(&self, word: &str) -> Result<bool, TransferError> {
        let tokens = self.directory.words()?.encode_without_unknown_signs(word)?;
        Ok(matches!(tokens.words(), [token] if !UNKNOWN.contains(&token.as_str())))
    }

    /// Features of the words of sentences, as the text encoder or the projection gives them: every
    /// sentence's `[n][d]`.
    ///
    /// # Errors
    /// When a sentence has no words, or the model has no text encoder.
    pub fn word_features(
        &self,
        sentences: &[&str],
        space: FeatureSpace,
    ) -> Result<Vec<Vec<Vec<f32>>>, TransferError> {
        let mut features = Vec::with_capacity(sentences.len());
        self.words_of(sentences, space, &mut |_, words| features.push(words))?;
        Ok(features)
    }

    /// Embeds sentences.
    ///
    /// # Errors
    /// When a sentence has no words, or the model has no text encoder.
    pub fn embed_sentences(
        &self,
        sentences: &[&str],
    ) -> Result<Vec<SentenceEmbedding>, TransferError> {
        let model = &self.directory.model;
        let has_own = self.directory.config.sentence_feature == SentenceFeature::LastToken;
        let mut embeddings = Vec::with_capacity(sentences.len());
        let mut whole = Vec::new();
        let encode = |batch: &TokenBatch| match has_own {
            false => model.embed_words(batch),
            true => {
                let (words, last) = model.embed_words_and_last_tokens(batch);
                whole.extend(rows(last));
                words
            }
        };
        self.words_by(sentences, encode, &mut |tokens, raw_words| {
            embeddings.push(SentenceEmbedding::new(tokens, raw_words));
        })?;
        for (embedding, whole) in embeddings.iter_mut().zip(&whole) {
            embedding.sentence = unit(whole);
        }
        Ok(embeddings)
    }

    /// The text encoder's own vectors of whole texts, as its makers compare texts with texts: of a sentence
    /// model with what it puts before them; [`None`] where the encoder has none of its own. They lie in the
    /// encoder's width, in no joint space with videos but of CLIP.
    ///
    /// # Errors
    /// When the model has no text encoder.
    pub fn own_sentences(
        &self,
        texts: &[&str],
        role: TextRole,
    ) -> Result<Option<Vec<Vec<f32>>>, TransferError> {
        let tokenizer = self.directory.words()?;
        let text_config = &self.directory.config.text;
        let prompt = match role {
            TextRole::Query => text_config.query_prompt(),
            TextRole::Document => text_config.document_prompt(),
        };
        let mut vectors = Vec::with_capacity(texts.len());
        for chunk in texts.chunks(SENTENCES_AT_ONCE) {
            let encode = |text: &&str| tokenizer.encode(&format!("{prompt}{text}"));
            let tokens = chunk.iter().map(encode).collect::<Result<Vec<_>, _>>()?;
            let batch = tokenizer.batch(&tokens);
            let Some(own) = self.directory.model.backbone_sentences(&batch) else {
                return Ok(None);
            };
            vectors.extend(rows(own));
        }
        Ok(Some(vectors))
    }

    /// Hands the texts and the features of every sentence's words to `each`, in order.
    fn words_of(
        &self,
        sentences: &[&str],
        space: FeatureSpace,
        each: &mut dyn FnMut(Vec<String>, Vec<JointVector>),
    ) -> Result<(), TransferError> {
        let model = &self.directory.model;
        match space {
            FeatureSpace::Backbone => {
                self.words_by(sentences, |batch| model.backbone_words(batch), each)
            }
            FeatureSpace::Projected => {
                self.words_by(sentences, |batch| model.embed_words(batch), each)
            }
            FeatureSpace::MeanColour => Err(SettingError {
                key: "words.space",
                found: space.name().into(),
                expected: "backbone or projected: words have no colour",
            }
            .into()),
        }
    }

    /// The same by `encode`, which gives `[b, n, d]` for each batch.
    fn words_by(
        &self,
        sentences: &[&str],
        mut encode: impl FnMut(&TokenBatch) -> Tensor<3>,
        each: &mut dyn FnMut(Vec<String>, Vec<JointVector>),
    ) -> Result<(), TransferError> {
        let tokenizer = self.directory.words()?;
        for chunk in sentences.chunks(SENTENCES_AT_ONCE) {
            let mut tokens = Vec::with_capacity(chunk.len());
            for sentence in chunk {
                let encoded = tokenizer.encode_without_unknown_signs(sentence)?;
                if encoded.num_words() == 0 {
                    return Err(EmbedError::NoWords { sentence: (*sentence).to_owned() }.into());
                }
                tokens.push(encoded);
            }
            let words = encode(&tokenizer.batch(&tokens));
            let [b, n, d] = words.dims();
            let all = rows(words.reshape([b * n, d]));
            for (i, tokens) in tokens.iter().enumerate() {
                each(tokens.words().to_vec(), all[i * n..i * n + tokens.num_words()].to_vec());
            }
        }
        Ok(())
    }
}

/// Red, green and blue of a clip, each from 0 to 1.
fn mean_colour(rgb: &[u8]) -> Vec<f32> {
    let mut sums = [0u64; 3];
    for pixel in rgb.chunks_exact(3) {
        for (sum, value) in sums.iter_mut().zip(pixel) {
            *sum += u64::from(*value);
        }
    }
    sums.iter().map(|sum| (*sum as f64 / (rgb.len() as f64 / 3.0) / 255.0) as f32).collect()
}

fn rows(tensor: Tensor<2>) -> Vec<JointVector> {
    let [_, e] = tensor.dims();
    let values: Vec<f32> = tensor.into_data().try_to_vec().expect("embeddings are f32");
    values.chunks_exact(e).map(<[f32]>::to_vec).collect()
}

/// A vector scaled to unit length; one shorter than 1e-12 is divided by that.
pub fn unit(vector: &[f32]) -> JointVector {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-12);
    vector.iter().map(|x| x / length).collect()
}

/// The mean of vectors, scaled to unit length.
///
/// # Panics
/// Without vectors.
pub fn mean_unit(vectors: &[JointVector]) -> JointVector {
    let mut mean = vec![0.0; vectors[0].len()];
    for vector in vectors {
        for (sum, x) in mean.iter_mut().zip(vector) {
            *sum += x / vectors.len() as f32;
        }
    }
    unit(&mean)
}

/// The dot product: the cosine of unit vectors.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The dot product of every vector of `a` with every one of `b`: `[a][b]`.
pub fn cosines(a: &[JointVector], b: &[JointVector]) -> Vec<Vec<f32>> {
    a.iter().map(|a| b.iter().map(|b| dot(a, b)).collect()).collect()
}
