//! What is asked of an annotated video: its sentences, each with every window that answers it.
//!
//! Files of moment retrieval say which windows belong to one sentence
//! ([`MomentQuery`](locvtp_corpus::MomentQuery)). In every other layout each caption is a query of its
//! own, as the benchmarks count: TACoS' test part has one sentence with the same times twice, and
//! counts both. But some files write a line for each window of a sentence, and as queries of their own
//! these give other numbers, so [`Repeats`] tells of such sentences, and [`SameSentence`] says what
//! they are.

use std::collections::HashMap;

use locvtp_corpus::NarratedVideo;
use locvtp_video::counted::counted_as;
use locvtp_video::{Seconds, TimeSpan};
use serde::{Deserialize, Serialize};

/// What a sentence is that is annotated several times in one video.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SameSentence {
    /// As many queries, each with its own times.
    #[default]
    Apart,
    /// One query, and its times are windows of which any is an answer.
    Joined,
}

/// A sentence asked of a video, and what answers it.
#[derive(Clone, Debug, PartialEq)]
pub struct AnnotatedQuery {
    /// The number of its caption.
    pub number: u32,
    /// What a file of moment retrieval calls it; several where lines were joined.
    pub qids: Vec<String>,
    /// What is asked.
    pub sentence: String,
    /// In the source's order, one or more.
    pub windows: Vec<TimeSpan>,
    /// As in [`MomentQuery`](locvtp_corpus::MomentQuery).
    pub saliency: Vec<(usize, [f64; 3])>,
    /// The length of the video, as the query's own line says, else as the source says.
    pub duration: Option<Seconds>,
}

/// The queries of a video; captions are in the order of time.
pub fn annotated_queries(video: &NarratedVideo, same: SameSentence) -> Vec<AnnotatedQuery> {
    let mut queries: Vec<AnnotatedQuery> = if video.queries.is_empty() {
        let of_caption = |caption: &locvtp_corpus::Caption| AnnotatedQuery {
            number: caption.id,
            qids: Vec::new(),
            sentence: caption.text.clone(),
            windows: vec![caption.span],
            saliency: Vec::new(),
            duration: video.duration,
        };
        video.captions.iter().map(of_caption).collect()
    } else {
        let of_query = |query: &locvtp_corpus::MomentQuery| AnnotatedQuery {
            number: query.id,
            qids: vec![query.qid.clone()],
            sentence: query.text.clone(),
            windows: query.windows.clone(),
            saliency: query.saliency.clone(),
            duration: query.duration.or(video.duration),
        };
        video.queries.iter().map(of_query).collect()
    };
    if same == SameSentence::Joined {
        let mut first_of: HashMap<String, usize> = HashMap::new();
        let mut joined: Vec<AnnotatedQuery> = Vec::with_capacity(queries.len());
        for query in queries {
            let place = *first_of.entry(plain(&query.sentence)).or_insert(joined.len());
            match joined.get_mut(place) {
                None => joined.push(query),
                Some(known) => {
                    for window in query.windows {
                        if !known.windows.contains(&window) {
                            known.windows.push(window);
                        }
                    }
                    known.qids.extend(query.qids);
                    // Each line says of its own clips what people think; those of the first line stay.
                    let said = |clip| known.saliency.iter().any(|(known, _)| *known == clip);
                    let more: Vec<_> =
                        query.saliency.into_iter().filter(|(clip, _)| !said(*clip)).collect();
                    known.saliency.extend(more);
                }
            }
        }
        queries = joined;
    }
    queries
}

/// A sentence as it is compared: in small letters, one space between words, no full stop at the end.
pub(crate) fn plain(sentence: &str) -> String {
    let words: Vec<&str> = sentence.split_whitespace().collect();
    words.join(" ").trim_end_matches('.').trim_end().to_lowercase()
}

/// Sentences that are queries several times in one video, with other times.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Repeats {
    /// Sentences, once a video.
    pub sentences: usize,
    /// Queries that they are.
    pub queries: usize,
    /// The first: the video and the sentence.
    pub first: Option<(String, String)>,
}

impl Repeats {
    /// Looks at the queries of one video.
    pub fn look_at(&mut self, video: &str, queries: &[AnnotatedQuery]) {
        let mut same: HashMap<String, Vec<&AnnotatedQuery>> = HashMap::new();
        let mut order: Vec<String> = Vec::new();
        for query in queries {
            let key = plain(&query.sentence);
            let known = same.entry(key.clone()).or_default();
            if known.is_empty() {
                order.push(key);
            }
            known.push(query);
        }
        for key in order {
            let same = &same[&key];
            if same.iter().any(|query| query.windows != same[0].windows) {
                self.sentences += 1;
                self.queries += same.len();
                if self.first.is_none() {
                    self.first = Some((video.to_owned(), same[0].sentence.clone()));
                }
            }
        }
    }

    /// What a person should know, with the way to say that they are windows; none where there is none.
    pub fn told(&self, way_out: &str) -> Option<String> {
        let (video, sentence) = self.first.as_ref()?;
        Some(format!(
            "{} annotated several times in one video with other times (the first: {sentence:?} in \
             {video:?}), which makes {} queries, each with its own times. If the times are windows of one \
             query, any of which is an answer, say {way_out}",
            counted_as(self.sentences, "sentence is", "sentences are"),
            self.queries
        ))
    }
}

#[cfg(test)]
mod tests {
    use locvtp_corpus::{Caption, MomentQuery};

    use super::*;

    fn caption(id: u32, start: f64, end: f64, text: &str) -> Caption {
        Caption { id, ..Caption::new(TimeSpan::new(start, end), text) }
    }

    fn video() -> NarratedVideo {
        let captions = vec![
            caption(2, 0.0, 4.0, "A girl cooks."),
            caption(0, 5.0, 6.0, "She eats"),
            caption(1, 8.0, 9.0, "a girl  cooks"),
            caption(3, 8.0, 9.0, "she eats"),
            caption(4, 5.0, 6.0, "A dog"),
            caption(5, 5.0, 6.0, "A dog"),
        ];
        NarratedVideo::new("v", "", captions)
    }

    #[test]
    fn a_sentence_annotated_twice_is_two_queries_and_told_or_one_of_two_windows() {
        let apart = annotated_queries(&video(), SameSentence::Apart);
        assert_eq!(apart.len(), 6);
        let mut repeats = Repeats::default();
        repeats.look_at("v", &apart);
        // "A dog" has the same times twice, and is no window.
        assert_eq!((repeats.sentences, repeats.queries), (2, 4));
        let told = repeats.told("--same-sentence joined").unwrap();
        assert!(told.contains("A girl cooks.") && told.contains("4 queries"), "{told}");
        let joined = annotated_queries(&video(), SameSentence::Joined);
        let windows: Vec<usize> = joined.iter().map(|query| query.windows.len()).collect();
        assert_eq!((joined[0].number, windows), (2, vec![2, 2, 1]));
        let mut repeats = Repeats::default();
        repeats.look_at("v", &joined);
        assert_eq!(repeats.told(""), None);
    }

    #[test]
    fn a_file_of_moment_retrieval_says_itself_what_belongs_together() {
        let query = |qid: &str, id, windows: &[(f64, f64)], clip| MomentQuery {
            qid: qid.to_owned(),
            id,
            text: "it moves".to_owned(),
            windows: windows.iter().map(|(start, end)| TimeSpan::new(*start, *end)).collect(),
            duration: Some(Seconds(10.0)),
            saliency: vec![(clip, [1.0; 3])],
        };
        let mut video = video();
        video.queries = vec![
            query("a", 7, &[(6.0, 12.0), (0.0, 2.0)], 0),
            query("b", 8, &[(0.0, 2.0), (3.0, 4.0)], 1),
        ];
        let apart = annotated_queries(&video, SameSentence::Apart);
        assert_eq!((apart.len(), apart[0].windows.len(), apart[0].number), (2, 2, 7));
        let [joined] = &annotated_queries(&video, SameSentence::Joined)[..] else { panic!("one") };
        assert_eq!(joined.qids, ["a", "b"]);
        assert_eq!((joined.windows.len(), joined.saliency.len()), (3, 2));
    }
}
