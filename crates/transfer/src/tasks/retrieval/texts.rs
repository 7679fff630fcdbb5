//! From annotation files to candidates, each with the texts that ask for it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use locvtp_corpus::{AnnotatedCorpus, Corpus, Layout, NarratedVideo, ReadSettings, Subset, Truth};
use locvtp_model::ModelDirectory;
use locvtp_video::{MediaLocation, TimeSpan};
use serde::{Deserialize, Serialize};

use crate::error::TransferError;
use crate::observer::TaskObserver;
use locvtp_measure::MeasureError;

/// `[test]`, `[validation]` or `[train]` of a retrieval task: a corpus, and what of it is a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TextSection {
    /// A folder or file of any layout that `locvtp corpus check` knows.
    pub corpus: PathBuf,
    /// What a candidate is, and what asks for it.
    #[serde(default)]
    pub texts: CandidateTexts,
    /// How the files are laid out; found out when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
    /// The folder with the video files; `videos/` beside the captions when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub videos: Option<PathBuf>,
    /// A list of the ids to take; all when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<PathBuf>,
    /// `train`, `validation` or `test`; all when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subset: Option<Subset>,
}

/// What a candidate is, and what asks for it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CandidateTexts {
    /// A whole video; each of its captions asks for it. MSR-VTT.
    #[default]
    Captions,
    /// A whole video; its captions in order, as one text. ActivityNet Captions' paragraphs.
    Paragraphs,
    /// The span of a caption; the caption asks for it. YouCook2.
    Clips,
    /// A whole video of the synthetic corpus; the true sentences of its events, as one text.
    TrueEvents,
}

/// Something that is looked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate {
    /// The video file.
    pub media: MediaLocation,
    /// The stretch of it; cut to the video.
    pub span: TimeSpan,
    /// What asks for it, at least one.
    pub texts: Vec<String>,
}

/// All that is looked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct CandidateSet {
    /// By video, then by time.
    pub candidates: Vec<Candidate>,
    /// Texts of which the tokenizer makes no word.
    pub num_wordless: usize,
}

/// A whole video, however long.
const WHOLE: TimeSpan =
    TimeSpan { start: locvtp_video::Seconds(0.0), end: locvtp_video::Seconds(f64::INFINITY) };

impl CandidateSet {
    /// Reads the annotations of a section; texts without a word in them are left out.
    ///
    /// # Errors
    /// When they cannot be read, or no candidate with a text is left.
    pub(super) fn read(
        section: &TextSection,
        model: &ModelDirectory,
        observer: &mut dyn TaskObserver,
    ) -> Result<Self, TransferError> {
        let mut candidates = if section.texts == CandidateTexts::TrueEvents {
            true_events(section)?
        } else {
            annotated(section, observer)?
        };
        let tokenizer = model.words()?;
        let mut num_wordless = 0;
        for candidate in &mut candidates {
            let mut kept = Vec::with_capacity(candidate.texts.len());
            for text in candidate.texts.drain(..) {
                if tokenizer.encode_without_unknown_signs(&text)?.num_words() > 0 {
                    kept.push(text);
                } else {
                    num_wordless += 1;
                }
            }
            candidate.texts = kept;
        }
        candidates.retain(|candidate| !candidate.texts.is_empty());
        if candidates.is_empty() {
            return Err(
                MeasureError::Nothing { what: "videos with a text to look for them by" }.into()
            );
        }
        Ok(Self { candidates, num_wordless })
    }

    /// The number of each candidate's file: several candidates may be clips of one video.
    pub(super) fn file_numbers(&self) -> Vec<usize> {
        let mut files: BTreeMap<&Path, usize> = BTreeMap::new();
        let mut numbers = Vec::with_capacity(self.candidates.len());
        for candidate in &self.candidates {
            let next = files.len();
            numbers.push(*files.entry(candidate.media.path()).or_insert(next));
        }
        numbers
    }

    /// Texts of all candidates.
    pub(super) fn num_texts(&self) -> usize {
        self.candidates.iter().map(|candidate| candidate.texts.len()).sum()
    }
}

fn true_events(section: &TextSection) -> Result<Vec<Candidate>, TransferError> {
    let truth = Truth::read(&section.corpus)?;
    let videos = section.videos.clone().unwrap_or_else(|| section.corpus.join("videos"));
    let candidate = |video: locvtp_corpus::synthetic::TrueVideo| Candidate {
        media: videos.join(format!("{}.mp4", video.id)).into(),
        span: WHOLE,
        texts: vec![video.caption],
    };
    Ok(truth.videos.into_iter().map(candidate).collect())
}

fn annotated(
    section: &TextSection,
    observer: &mut dyn TaskObserver,
) -> Result<Vec<Candidate>, TransferError> {
    let settings = ReadSettings {
        layout: section.layout,
        videos: section.videos.clone(),
        list: section.list.clone(),
        subset: section.subset,
        ..ReadSettings::default()
    };
    let (corpus, report) = AnnotatedCorpus::open(&section.corpus, &settings)?;
    for (reason, count) in &report.dropped {
        observer.warning(&format!("{count} left out of {}: {reason}", section.corpus.display()));
    }
    Ok(corpus.videos().iter().flat_map(|video| candidates_of(video, section.texts)).collect())
}

fn candidates_of(video: &NarratedVideo, texts: CandidateTexts) -> Vec<Candidate> {
    let whole = |texts| vec![Candidate { media: video.media.clone(), span: WHOLE, texts }];
    let captions = video.captions.iter().map(|caption| caption.text.clone());
    match texts {
        CandidateTexts::Paragraphs => whole(vec![captions.collect::<Vec<_>>().join(" ")]),
        CandidateTexts::Clips => video
            .captions
            .iter()
            .map(|caption| Candidate {
                media: video.media.clone(),
                span: caption.span,
                texts: vec![caption.text.clone()],
            })
            .collect(),
        CandidateTexts::Captions | CandidateTexts::TrueEvents => whole(captions.collect()),
    }
}

#[cfg(test)]
mod tests {
    use locvtp_corpus::Caption;

    use super::*;

    #[test]
    fn a_video_is_one_candidate_or_as_many_as_it_has_captions() {
        let captions = vec![
            Caption::new(TimeSpan::new(0.0, 2.0), "stir"),
            Caption::new(TimeSpan::new(5.0, 7.0), "pour"),
        ];
        let video = NarratedVideo::new("v", "v.mp4", captions);
        let texts = |how| -> Vec<Vec<String>> {
            candidates_of(&video, how).into_iter().map(|candidate| candidate.texts).collect()
        };
        assert_eq!(texts(CandidateTexts::Captions), [["stir", "pour"]]);
        assert_eq!(texts(CandidateTexts::Paragraphs), [["stir pour"]]);
        assert_eq!(texts(CandidateTexts::Clips), [["stir"], ["pour"]]);
        let spans: Vec<TimeSpan> = candidates_of(&video, CandidateTexts::Clips)
            .into_iter()
            .map(|candidate| candidate.span)
            .collect();
        assert_eq!(spans, [TimeSpan::new(0.0, 2.0), TimeSpan::new(5.0, 7.0)]);
    }
}
