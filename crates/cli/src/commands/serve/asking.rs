//! From what a page asks to what an index is asked, and back.

use locvtp_finder::{
    Alike, Answer, FileFilter, FinderError, Finding, Question, Sentence, find_said,
};
use locvtp_search::Sureness;
use locvtp_search::calibration::{Calibration, standout_over};
use locvtp_search::scan::Background;
use locvtp_search::segment::TrackId;
use locvtp_serve::{Distribution, Query, Scores, Verdict};
use locvtp_transfer::{ClipScore, EmbedError, FileGrounding, TransferError};
use locvtp_video::{CancelToken, MediaLocation, Seconds};

use super::failures::{Failure, not_there, refused};
use super::live_index::Opened;
use super::videos::Videos;
use crate::answer_notes;
use crate::clock::read_day;

/// What is said of a model without the list of its words. Where it is to be made is told on the machine itself: the
/// command names folders.
const WORDS_NOT_KNOWN: &str = "It is not known which words the model has seen, as it has no training_words.json; what it cannot know may get \
     an answer, too. `locvtp search` says how that file is made.";

/// Bars of the picture of all scores, about.
const BARS: usize = 64;

/// What an index answered, and what a person should know besides.
pub(super) struct Asked {
    pub(super) answer: Answer,
    pub(super) distribution: Option<Distribution>,
    pub(super) warnings: Vec<String>,
    /// Whether the model knows a word of it; where not, nothing was looked for in the pictures.
    pub(super) knows_words: bool,
}

/// The question of a query; `picture` is where its picture lies.
pub(super) fn question(
    query: &Query,
    videos: &Videos,
    picture: Option<MediaLocation>,
) -> Result<Question, Failure> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let sentence = match query.text.trim() {
        "" => None,
        text => Some(Sentence::read(text).map_err(|error| refused(error.to_string()))?),
    };
    let alike = match (&query.like, picture) {
        (Some(_), Some(_)) => {
            return Err(refused("give a picture or a moment to look alike, not both"));
        }
        (Some(like), None) => {
            let file = videos.file(&like.media)?;
            let gone = || not_there("the index has no such video any more");
            let media = videos.media(&file.ok_or_else(gone)?);
            let at = media.moment(like.at_s).ok_or_else(|| {
                let length = media.duration_s;
                refused(format!(
                    "`like.at_s` is {}; the video goes from 0 to {length:.3} s",
                    like.at_s
                ))
            })?;
            Some(Alike::Moment { path: media.path, at: Seconds(at) })
        }
        (None, picture) => picture.map(Alike::Picture),
    };
    let mut folders = Vec::new();
    if let Some(shown) = given(&query.in_folder) {
        let folder = videos.folder(&shown)?;
        folders.push(folder.ok_or_else(|| {
            refused(format!(
                "no video of the index lies in a folder {shown:?}; write it as it is shown"
            ))
        })?);
    }
    let day = |key: &str, day: &Option<String>| {
        let read = given(day).map(|day| read_day(&day)).transpose();
        read.map_err(|why| refused(format!("`{key}`: {why}")))
    };
    Ok(Question {
        sentence,
        alike,
        said: given(&query.said),
        files: FileFilter {
            folders,
            pattern: given(&query.file_glob),
            base: videos.base(),
            after_ns: day("after", &query.after)?,
            before_ns: day("before", &query.before)?,
            longer: query.longer_s.map(Seconds),
            shorter: query.shorter_s.map(Seconds),
        },
        top: query.top,
        per_file: query.per_file,
        refine: query.refine,
        show_all: query.all,
        ..Question::default()
    })
}

/// The question, comparing clips as it was asked to, with the model of this index.
pub(super) fn compared(question: &Question, scores: Scores, opened: &Opened) -> Question {
    let score = match scores {
        Scores::Sentence => ClipScore::Sentence,
        Scores::Words => ClipScore::Words { num_matches: opened.num_matches },
    };
    Question { score, ..question.clone() }
}

/// Asks. What the model cannot know is looked for in what is said alone; where nothing is found, the
/// nearest moments are there all the same.
pub(super) fn ask(
    opened: &Opened,
    question: &Question,
    cancel: &CancelToken,
) -> Result<Asked, FinderError> {
    let Opened { finder, trained, .. } = opened;
    let mut warnings = Vec::new();
    if question.sentence.is_some() && trained.unknown().is_some() {
        warnings.push(WORDS_NOT_KNOWN.into());
    }
    let unseen = question.sentence.as_ref().and_then(|it| trained.unseen_of(it));
    warnings.extend(unseen.iter().map(|it| capital(&it.said)).filter(|said| !said.is_empty()));
    let is_sentence_alone = question.alike.is_none();
    let said_alone = || find_said(finder.catalogue(), question);
    let mut knows_words = true;
    let mut answer = match unseen.filter(|it| it.nothing_known && is_sentence_alone) {
        Some(_) => {
            knows_words = false;
            said_alone()?
        }
        None => match finder.find_until(cancel, question) {
            // Signs and letters that are no words for the model may still stand in subtitles.
            Err(FinderError::Transfer(TransferError::Embed(
                error @ (EmbedError::NoWords { .. } | EmbedError::UnknownWords { .. }),
            ))) if is_sentence_alone => {
                warnings.push(capital(&error.to_string()));
                knows_words = false;
                said_alone()?
            }
            answer => answer?,
        },
    };
    let notes = answer_notes::notes(&answer, question, answer.finding(knows_words));
    let unfinished = answer_notes::unfinished(&finder.catalogue().jobs()?);
    if answer.num_files == 0 {
        warnings.push(match question.files.is_empty() {
            true => "The index holds no video; `locvtp index add FOLDER` takes videos in.".into(),
            false => "No video of the index passes the filters.".into(),
        });
    }
    warnings.extend(unfinished.iter().chain(&notes).map(|note| capital(note) + "."));
    if question.refine && answer.shown().len() > question.most_refined {
        let most = question.most_refined;
        warnings.push(format!(
            "The ends of the first {most} moments alone were looked for to the frame."
        ));
    }
    if answer.hits.is_empty() {
        answer.hits = std::mem::take(&mut answer.guesses);
    }
    let calibration = match question.is_plain() {
        true => finder.catalogue().calibration(finder.generation().id)?,
        false => None,
    };
    let calibration = calibration.and_then(|value| serde_json::from_value(value).ok());
    // Where no video passes the filters, none was looked at.
    let background = answer.background.as_ref().filter(|_| answer.num_files > 0);
    let distribution = background.and_then(|it| distribution(it, calibration.as_ref()));
    Ok(Asked { answer, distribution, warnings, knows_words })
}

/// How well each clip of a file fits, as its moments are found; none where nothing can be seen by it.
pub(super) fn scores(
    opened: &Opened,
    question: &Question,
    track: TrackId,
    cancel: &CancelToken,
) -> Result<Option<FileGrounding>, FinderError> {
    let is_sentence_alone = question.alike.is_none();
    let unseen = question.sentence.as_ref().and_then(|it| opened.trained.unseen_of(it));
    if is_sentence_alone && unseen.is_some_and(|unseen| unseen.nothing_known) {
        return Ok(None);
    }
    match opened.finder.scores_until(cancel, question, track) {
        Err(FinderError::Transfer(TransferError::Embed(
            EmbedError::NoWords { .. } | EmbedError::UnknownWords { .. },
        ))) => Ok(None),
        scores => scores,
    }
}

/// Whether it is there, and the measured rate of false alarms; none of what is said.
pub(super) fn verdict(asked: &Asked) -> (Verdict, Option<f64>) {
    let Asked { answer, knows_words, .. } = asked;
    let verdict = match answer.finding(*knows_words) {
        Finding::Found => Verdict::Found,
        Finding::Maybe => Verdict::Maybe,
        Finding::NotInTheseVideos => Verdict::NotInTheseVideos,
        Finding::NothingStandsOut => Verdict::NothingStandsOut,
        Finding::NothingFound => Verdict::NothingFound,
        Finding::CannotBeTold => Verdict::CannotBeTold,
    };
    (verdict, answer.false_alarms())
}

pub(super) fn of_sureness(sure: Sureness) -> locvtp_serve::Sureness {
    match sure {
        Sureness::Found => locvtp_serve::Sureness::Found,
        Sureness::Maybe => locvtp_serve::Sureness::Maybe,
        Sureness::Guess => locvtp_serve::Sureness::Guess,
    }
}

/// The counts of all scores in some sixty bars, and the score that a run of clips must reach to be found.
/// None without clips.
fn distribution(scores: &Background, calibration: Option<&Calibration>) -> Option<Distribution> {
    let counts = scores.counts();
    let first = counts.iter().position(|count| *count > 0)?;
    let last = counts.iter().rposition(|count| *count > 0)?;
    let a_bar = (last + 1 - first).div_ceil(BARS);
    let bars = counts[first..=last].chunks(a_bar).map(|bins| bins.iter().sum());
    let edge = |bin: usize| 2.0 * bin as f32 / counts.len() as f32 - 1.0;
    let num_bars = (last + 1 - first).div_ceil(a_bar);
    // How far something stands out is its score, less what the background takes off.
    let taken_off = standout_over(0.0, scores)?;
    let cut = calibration.map(|it| (it.cut(Sureness::Found) - taken_off) as f32);
    Some(Distribution {
        bin_edges: (0..=num_bars).map(|bar| edge(first + bar * a_bar)).collect(),
        counts: bars.collect(),
        cut: cut.filter(|cut| cut.is_finite()),
    })
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bars_hold_all_scores_and_the_cut_is_a_score() {
        let mut scores = Background::default();
        (0..1000).for_each(|clip| scores.count(clip as f32 / 2000.0));
        let nulls: Vec<f64> = (0..100).map(|null| f64::from(null) / 200.0).collect();
        let calibration = Calibration::fit(&nulls, 1000).unwrap();
        let drawn = distribution(&scores, Some(&calibration)).unwrap();
        assert_eq!(drawn.counts.iter().sum::<u64>(), 1000);
        assert_eq!(drawn.bin_edges.len(), drawn.counts.len() + 1);
        assert!(drawn.counts.len() <= BARS && drawn.bin_edges[0] <= 0.0);
        assert!(*drawn.bin_edges.last().unwrap() >= 0.4995);
        // A run of clips with this score is judged to be found, and one a little below is not.
        let judged =
            |score: f32| calibration.judge(standout_over(f64::from(score), &scores).unwrap()).sure;
        let cut = drawn.cut.unwrap();
        assert_eq!((judged(cut + 1e-3), judged(cut - 1e-3)), (Sureness::Found, Sureness::Maybe));
        assert_eq!(distribution(&Background::default(), None), None);
    }
}
