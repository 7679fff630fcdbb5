//! The front doors, [`Grounder`] and [`Extractor`], give what the steps below them give.

use locvtp_features::{DEFAULT_DATASET, FeatureFile};
use locvtp_measure::MomentDecoder;
use locvtp_transfer::extraction::{
    ExtractSettings, Extractor, FeatureSpace, IdRule, extract, list_videos,
};
use locvtp_transfer::{ClipScore, Grounder};

include!("../../../tests/support/small_model.rs");

const SENTENCE: &str = "a red square moves left";

#[test]
fn a_moment_is_what_the_scores_of_the_clips_decode_to_and_progress_counts_them() {
    let (folder, video) = small_model_and_video().unwrap();
    let embedder = || {
        let device = locvtp_model::Device::flex();
        let model = locvtp_model::ModelDirectory::read(folder.path(), &device).unwrap();
        locvtp_transfer::Embedder::new(model, device)
    };
    let embedding = embedder().embed_video(&video).unwrap();
    let sentence = &embedder().embed_sentences(&[SENTENCE]).unwrap()[0];
    let mut decoder = MomentDecoder::default();
    decoder.top = 2;
    for score in [ClipScore::Sentence, ClipScore::Words { num_matches: 2 }] {
        let scores = score.scores(&embedding, sentence);
        let moments = decoder.decode(&embedding.spans, &scores).unwrap();
        let grounder = Grounder::open(folder.path()).unwrap();
        let grounder = grounder.with_score(score).with_decoder(decoder);
        assert_eq!(grounder.find(&video, SENTENCE).unwrap(), moments);
        let mut told = Vec::new();
        let mut progress = |done, total| told.push((done, total));
        let found = grounder.find_watched(&video, SENTENCE, &mut progress).unwrap();
        assert_eq!((found.clips, found.scores), (embedding.spans.clone(), scores));
        assert_eq!((told.first(), told.last()), (Some(&(0, 8)), Some(&(8, 8))));
    }
    assert!(Grounder::open(folder.path().join("nothing")).is_err());
}

#[test]
fn an_extractor_gives_what_stands_in_the_file_of_an_extraction() {
    let (folder, video) = small_model_and_video().unwrap();
    let file = folder.path().join("features.h5");
    let list = list_videos(std::slice::from_ref(&video), IdRule::Stem).unwrap();
    let device = locvtp_model::Device::flex();
    let model = locvtp_model::ModelDirectory::read(folder.path(), &device).unwrap();
    let embedder = locvtp_transfer::Embedder::new(model, device);
    let settings =
        ExtractSettings { space: Some(FeatureSpace::Backbone), ..ExtractSettings::default() };
    extract(&embedder, folder.path(), &list.videos, &file, &settings, &mut ()).unwrap();
    let mut written = FeatureFile::open(&file, Some(DEFAULT_DATASET)).unwrap();
    let written = written.read("kitchen").unwrap();
    let extractor = Extractor::open(folder.path()).unwrap().with_settings(settings);
    assert_eq!(extractor.features(&video).unwrap(), written);
    assert_eq!((written.num_clips(), written.width), (8, 24));
}
