//! A matrix of scores, or ranked lists of videos: R@k, MdR and MnR.
//!
//! A matrix has a row a text and a column a video; which video is a text's stands in a file beside
//! it, or follows from its place: text i of a square matrix is of video i, and where there are k
//! texts a video, texts 0 to k - 1 are of video 0. Ranked lists name texts and videos as the
//! annotation file does, and need not hold all videos: what a list leaves out stands behind it.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use locvtp_video::counted::counted_as;

use super::json_lines::{ObjectLine, read_lines};
use super::matrix_file::Matrix;
use super::truth::Truth;
use super::{Faults, ScoreReport};
use crate::error::MeasureError;
use crate::metrics::{ScoreMatrix, Ties, dual_softmax, retrieval, retrieval_chance, two_ways};

/// How ranks are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RetrievalProtocol {
    /// Ties of text-to-video and of video-to-text.
    pub ties: [Ties; 2],
    /// Report the numbers with [`dual_softmax`] of this temperature as well.
    pub dual_softmax: Option<f64>,
}

/// Measures a matrix; `video_of_text` is the column of every row, by place when not given.
///
/// # Errors
/// When a score is NaN, or the right videos cannot be told or do not exist.
pub fn score_matrix(
    matrix: Matrix,
    video_of_text: Option<Vec<usize>>,
    protocol: RetrievalProtocol,
) -> Result<ScoreReport, MeasureError> {
    let (texts, videos) = (matrix.rows, matrix.columns);
    let video_of_text = match video_of_text {
        Some(given) => given,
        None if videos > 0 && texts % videos == 0 => {
            (0..texts).map(|text| text / (texts / videos)).collect()
        }
        None => {
            return Err(MeasureError::Setting {
                key: "truth",
                found: format!(
                    "not given, for {} of {}",
                    counted_as(texts, "text", "texts"),
                    counted_as(videos, "video", "videos")
                ),
                expected: "a file with the column of every text's video, one a line, because the \
                           texts are no multiple of the videos",
            });
        }
    };
    let scores = ScoreMatrix::new(matrix.values, texts, videos)?;
    let mut report = ScoreReport::new("retrieval");
    tell_left_out(&scores, &video_of_text, &mut report);
    let found = two_ways(&scores, &video_of_text, protocol.ties)?;
    report.metrics = found.named("");
    report.references = found.chance_named();
    if let Some(temperature) = protocol.dual_softmax {
        let revised = dual_softmax(&scores, temperature)?;
        let found = two_ways(&revised, &video_of_text, protocol.ties)?;
        let apart = ", dual softmax";
        report.metrics.add_all(&found.named(apart), str::to_owned);
        report.says("dual softmax", temperature);
    }
    report.count("texts", texts);
    report.count("videos", videos);
    says_ties(&mut report, protocol);
    Ok(report)
}

/// The column of every row, one a line.
///
/// # Errors
/// When the file cannot be read, or a line is no number.
pub fn read_columns(path: &Path) -> Result<Vec<usize>, MeasureError> {
    let lines = read_lines(path, |line| {
        let text = String::from_utf8_lossy(line);
        text.parse::<usize>().map_err(|_| format!("expected a column, from 0, found {text}"))
    })?;
    Ok(lines.into_iter().map(|(_, column)| column).collect())
}

/// Measures ranked lists, text-to-video.
///
/// # Errors
/// When a line is broken or has a score that is not finite, or no text is annotated.
pub fn score_rankings(
    predictions: &Path,
    truth: &Truth,
    protocol: RetrievalProtocol,
) -> Result<ScoreReport, MeasureError> {
    let lines = read_lines(predictions, Ranking::parse)?;
    let texts = Texts::of(truth);
    let mut scores: Vec<Option<Vec<f32>>> = vec![None; texts.video_of_text.len()];
    let [mut unknown, mut repeated, mut strangers, mut twice] = [const { Faults::NONE }; 4];
    for (line, ranking) in lines {
        let Some(text) = texts.find(&ranking, truth) else {
            unknown.note(|| format!("line {line}, {:?}", ranking.sentence.unwrap_or_default()));
            continue;
        };
        if scores[text].is_some() {
            repeated.note(|| format!("line {line}"));
            continue;
        }
        let right = texts.video_of_text[text];
        let (mut places, mut seen) = (Vec::new(), HashSet::new());
        for (video, score) in &ranking.ranked {
            match truth.find(video) {
                None => strangers.note(|| format!("line {line}, {video:?}")),
                Some(place) if !seen.insert(place) => {
                    twice.note(|| format!("line {line}, {video:?}"));
                }
                Some(place) => places.push((place, *score)),
            }
        }
        scores[text] = Some(row(&places, right, truth.videos.len()));
    }
    truth.check_matched(scores.iter().flatten().count(), &[&unknown])?;
    let mut missing = Faults::default();
    let (mut partial, mut values) = (0, Vec::new());
    for (text, scores) in scores.into_iter().enumerate() {
        let right = texts.video_of_text[text];
        let row = scores.unwrap_or_else(|| {
            missing.note(|| format!("{:?}", texts.sentences[text]));
            row(&[], right, truth.videos.len())
        });
        partial += usize::from(row[right] == f32::NEG_INFINITY);
        values.extend(row);
    }
    let count = texts.video_of_text.len();
    let matrix = ScoreMatrix::new(values, count, truth.videos.len())?;
    let right: Vec<Vec<usize>> = texts.video_of_text.iter().map(|&video| vec![video]).collect();
    let mut report = ScoreReport::new("retrieval");
    let found = retrieval(&matrix, &right, protocol.ties[0])?;
    report.metrics.add_all(&found.named(), |name| format!("text-to-video {name}"));
    let chance = retrieval_chance(truth.videos.len(), &right)?;
    report.references.add_all(&chance.named(), |name| format!("chance, text-to-video {name}"));
    report.count("texts", count);
    report.count("videos", truth.videos.len());
    report.count("texts whose video is not in their list", partial);
    if partial > 0 {
        let told = counted_as(
            partial,
            "text, whose video is not in its list, counts as last",
            "texts, whose videos are not in their lists, count as last",
        );
        report.notes.push(format!("{told}; MdR and MnR are upper bounds then"));
    }
    report.fault(
        "texts without a line",
        &missing,
        "text without a line counts as last",
        "texts without a line count as last",
    );
    report.fault(
        "lines of unknown texts",
        &unknown,
        "line of an unknown text is left out",
        "lines of unknown texts are left out",
    );
    report.fault(
        "lines of answered texts",
        &repeated,
        "line of an answered text is left out; the first counts",
        "lines of answered texts are left out; the first counts",
    );
    report.fault(
        "unknown videos in lists",
        &strangers,
        "unknown video in a list is left out",
        "unknown videos in lists are left out",
    );
    report.fault(
        "videos twice in a list",
        &twice,
        "video is twice in a list; the first place counts",
        "videos are twice in a list; the first place counts",
    );
    says_ties(&mut report, protocol);
    report.truth = truth.sources.clone();
    Ok(report)
}

/// Says which pairs have no score.
fn tell_left_out(scores: &ScoreMatrix, video_of_text: &[usize], report: &mut ScoreReport) {
    let is_left_out = |score: &f32| *score == f32::NEG_INFINITY;
    let rows = || (0..scores.num_queries()).map(|text| scores.row(text));
    let count = rows().flatten().filter(|score| is_left_out(score)).count();
    if count == 0 {
        return;
    }
    let right = rows().zip(video_of_text).filter_map(|(row, video)| row.get(*video));
    let right = right.filter(|score| is_left_out(score)).count();
    report.notes.push(format!(
        "{} behind all others; {right} of them of a text and its own video",
        counted_as(
            count,
            "score is -inf, so this pair stands",
            "scores are -inf, so these pairs stand"
        ),
    ));
    report.count("scores of -inf", count);
}

fn says_ties(report: &mut ScoreReport, protocol: RetrievalProtocol) {
    report.says("ties", serde_json::to_value(protocol.ties).expect("words"));
}

/// Scores in the order of a list: what it leaves out is behind it, and the right video, if it is
/// left out, last.
fn row(places: &[(usize, Option<f64>)], right: usize, videos: usize) -> Vec<f32> {
    let mut row = vec![f32::MIN; videos];
    row[right] = f32::NEG_INFINITY;
    let mut ordered = places.to_vec();
    ordered.sort_by(|a, b| b.1.unwrap_or(0.0).total_cmp(&a.1.unwrap_or(0.0)));
    let (mut rank, mut before) = (0.0, None);
    for (video, score) in ordered {
        // Equal scores stay equal; without scores each place is one behind the last.
        if score.is_none() || before != Some(score) {
            rank -= 1.0;
        }
        before = Some(score);
        row[video] = rank;
    }
    row
}

/// What a line says.
struct Ranking {
    video: Option<String>,
    sentence: Option<String>,
    number: Option<u32>,
    ranked: Vec<(String, Option<f64>)>,
}

impl Ranking {
    fn parse(line: &[u8]) -> Result<Self, String> {
        let mut object = ObjectLine::new(line)?;
        let (mut video, mut sentence, mut number, mut ranked) = (None, None, None, None);
        while let Some(key) = object.next_key()? {
            match &*key {
                "video" | "vid" | "video_id" => video = Some(object.name()?.into_owned()),
                "sentence" => sentence = Some(object.name()?.into_owned()),
                "query" if object.is_text() => sentence = Some(object.name()?.into_owned()),
                "query" => number = Some(object.value::<u32>()?),
                "ranked" => ranked = Some(object.ranking()?),
                _ => object.skip()?,
            }
        }
        let ranked = ranked.ok_or("the line has no \"ranked\"")?;
        let scored = ranked.iter().filter(|(_, score)| score.is_some()).count();
        if scored != 0 && scored != ranked.len() {
            return Err("some videos have a score and some have none".to_owned());
        }
        if sentence.is_none() && number.is_none() {
            return Err("the line has no \"sentence\" and no \"query\"".to_owned());
        }
        Ok(Self { video, sentence, number, ranked })
    }
}

/// The texts of all videos.
struct Texts {
    video_of_text: Vec<usize>,
    sentences: Vec<String>,
    /// Texts by sentence; several videos may have it.
    by_sentence: HashMap<String, Vec<usize>>,
    by_number: HashMap<(usize, u32), usize>,
    /// Texts by number where no two videos share one (1k-A counts through all videos).
    by_number_alone: HashMap<u32, Option<usize>>,
}

impl Texts {
    fn of(truth: &Truth) -> Self {
        let mut texts = Self {
            video_of_text: Vec::new(),
            sentences: Vec::new(),
            by_sentence: HashMap::new(),
            by_number: HashMap::new(),
            by_number_alone: HashMap::new(),
        };
        for (place, video) in truth.videos.iter().enumerate() {
            for caption in &video.captions {
                let text = texts.video_of_text.len();
                texts.video_of_text.push(place);
                texts.by_sentence.entry(caption.text.trim().to_owned()).or_default().push(text);
                texts.by_number.entry((place, caption.id)).or_insert(text);
                texts
                    .by_number_alone
                    .entry(caption.id)
                    .and_modify(|known| *known = None)
                    .or_insert(Some(text));
                texts.sentences.push(caption.text.clone());
            }
        }
        texts
    }

    /// The text a line is about: by its video and number or sentence, or by either alone where that
    /// names one text.
    fn find(&self, ranking: &Ranking, truth: &Truth) -> Option<usize> {
        let video = match &ranking.video {
            Some(video) => Some(truth.find(video)?),
            None => None,
        };
        if let Some(number) = ranking.number {
            return match video {
                Some(video) => self.by_number.get(&(video, number)).copied(),
                None => self.by_number_alone.get(&number).copied().flatten(),
            };
        }
        let same = self.by_sentence.get(ranking.sentence.as_deref()?.trim())?;
        match video {
            Some(video) => same.iter().copied().find(|text| self.video_of_text[*text] == video),
            None if same.len() == 1 => Some(same[0]),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use locvtp_corpus::{Caption, NarratedVideo, VideoSink};
    use locvtp_video::TimeSpan;

    use super::*;

    fn matrix<const C: usize>(rows: &[[f32; C]]) -> Matrix {
        Matrix { values: rows.concat(), rows: rows.len(), columns: C }
    }

    #[test]
    fn the_right_video_follows_from_the_place_where_no_file_says_it() {
        // Four texts of two videos: 0, 0, 1, 1. Text 1 prefers video 1.
        let rows = [[0.9, 0.1], [0.2, 0.3], [0.1, 0.6], [0.4, 0.5]];
        let report = score_matrix(matrix(&rows), None, RetrievalProtocol::default()).unwrap();
        assert_eq!(report.metrics.get("text-to-video R@1"), Some(75.0));
        assert_eq!(report.metrics.get("video-to-text R@1"), Some(100.0));
        assert_eq!(report.references.get("chance, text-to-video R@1"), Some(50.0));
        let given = Some(vec![0, 1, 1, 1]);
        let report = score_matrix(matrix(&rows), given, RetrievalProtocol::default()).unwrap();
        assert_eq!(report.metrics.get("text-to-video R@1"), Some(100.0));
        let odd = score_matrix(matrix(&rows[..3]), None, RetrievalProtocol::default());
        assert!(odd.unwrap_err().to_string().contains("3 texts of 2 videos"));
        let nan = matrix(&[[f32::NAN, 0.1], [0.2, 0.3]]);
        assert!(score_matrix(nan, None, RetrievalProtocol::default()).is_err());
    }

    #[test]
    fn dual_softmax_stands_beside_the_plain_numbers() {
        let rows = [[0.9, 0.1], [0.8, 0.7]];
        let protocol =
            RetrievalProtocol { dual_softmax: Some(10.0), ..RetrievalProtocol::default() };
        let report = score_matrix(matrix(&rows), None, protocol).unwrap();
        assert_eq!(report.metrics.get("text-to-video R@1"), Some(50.0));
        assert_eq!(report.metrics.get("text-to-video R@1, dual softmax"), Some(100.0));
    }

    fn rankings(lines: &str) -> Result<ScoreReport, MeasureError> {
        let mut truth = Truth::default();
        for (id, texts) in [("a", vec!["red", "same"]), ("b", vec!["same"]), ("c", vec!["blue"])] {
            let caption = |(id, text): (usize, &&str)| Caption {
                id: id as u32,
                ..Caption::new(TimeSpan::new(0.0, f64::INFINITY), *text)
            };
            let captions = texts.iter().enumerate().map(caption).collect();
            truth.video(NarratedVideo::new(id, "", captions));
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), lines).unwrap();
        score_rankings(file.path(), &truth, RetrievalProtocol::default())
    }

    #[test]
    fn a_video_that_a_list_leaves_out_stands_behind_it() {
        let lines = "\
{\"sentence\": \"red\", \"ranked\": [[\"b\", 0.2], [\"a\", 0.9]]}
{\"sentence\": \"same\", \"video\": \"b\", \"ranked\": [\"c\", \"c\", \"z\", \"b\"]}
{\"sentence\": \"blue\", \"ranked\": [\"a\"]}
";
        let report = rankings(lines).unwrap();
        // Ranks: red 1; same of a has no line, 3; same of b 2; blue left out, 3.
        assert_eq!(report.metrics.get("text-to-video R@1"), Some(25.0));
        assert_eq!(report.metrics.get("text-to-video MnR"), Some(2.25));
        let counts = |name: &str| report.counts[name].as_u64().unwrap();
        assert_eq!(counts("texts whose video is not in their list"), 2);
        assert_eq!(counts("texts without a line"), 1);
        assert_eq!(counts("unknown videos in lists"), 1);
        assert_eq!(counts("videos twice in a list"), 1);
    }

    #[test]
    fn a_text_of_two_videos_is_named_with_its_video() {
        // Unclear without the video, so no text.
        let lines = "{\"sentence\": \"same\", \"ranked\": [\"a\"]}\n\
                     {\"query\": 1, \"ranked\": [\"a\"]}\n\
                     {\"query\": 1, \"ranked\": [\"a\"]}\n";
        let report = rankings(lines).unwrap();
        assert_eq!(report.counts["lines of unknown texts"], 1);
        assert_eq!(report.counts["lines of answered texts"], 1);
        assert_eq!(report.metrics.get("text-to-video R@1"), Some(25.0));
        let error = rankings("{\"query\": 1, \"ranked\": [[\"a\", NaN]]}").unwrap_err();
        assert!(error.to_string().contains("NaN"), "{error}");
    }
}
