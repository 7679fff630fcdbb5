//! What an index answers.

use std::collections::BTreeSet;

use locvtp_finder::{
    Alike, Answer, Denial, Evidence, FileFilter, FinderError, Finding, Hit, IndexSampling, Indexer,
    Question, QuestionError, Sentence, Verdict, find_said,
};
use locvtp_model::TrainingWords;
use locvtp_search::Sureness;
use locvtp_search::catalogue::Catalogue;
use locvtp_transfer::{ClipScore, EmbedError, Grounder, TransferError};
use locvtp_video::{CancelToken, ReadLimits, Seconds};

use crate::made::{Made, video};

const SENTENCE: &str = "a red square moves left";

/// An index keeps vectors so well that a cosine is off by a millionth.
const KEPT: f64 = 2e-6;

#[test]
fn the_moments_of_a_file_are_those_of_ground() {
    let made = Made::of(5);
    made.add();
    let finder = made.finder();
    for score in [ClipScore::Sentence, ClipScore::Words { num_matches: 2 }] {
        let mut decoder = locvtp_measure::MomentDecoder::default();
        decoder.top = 3;
        let grounder = Grounder::open(made.model.path()).unwrap();
        let grounder = grounder.with_score(score).with_decoder(decoder);
        for number in 0..5 {
            let name = format!("{number}.mp4");
            let moments = grounder.find(made.path(&name), SENTENCE).unwrap();
            let files = FileFilter { pattern: Some(name), ..FileFilter::default() };
            let question = Question { files, score, ..Question::of(SENTENCE) };
            let answer = finder.find(&question).unwrap();
            let spans: Vec<_> = answer.hits.iter().map(|hit| hit.span).collect();
            let wanted: Vec<_> = moments.iter().map(|moment| moment.span).collect();
            assert_eq!(spans, wanted);
            for (hit, moment) in answer.hits.iter().zip(&moments) {
                let mean = hit.mean_score.unwrap();
                assert!((mean - moment.score).abs() < KEPT, "{hit:?} {moment:?}");
            }
        }
    }
}

#[test]
fn at_most_so_many_moments_come_and_so_many_of_a_file_the_best_first() {
    let made = Made::new();
    (0..6).for_each(|number| video(&made.path(&format!("{number}.mp4")), number, 120));
    made.add();
    let finder = made.finder();
    let ask = |top, per_file| {
        let question = Question { top, per_file, ..Question::of(SENTENCE) };
        finder.find(&question).unwrap().hits
    };
    let all = ask(1000, 100);
    assert!(all.len() > 6, "{}", all.len());
    assert_eq!(ask(4, 100), all[..4]);
    assert!(all.windows(2).all(|pair| pair[0].score >= pair[1].score));
    let one_each = ask(1000, 1);
    assert_eq!(one_each.len(), 6);
    let best: Vec<_> = one_each.iter().map(|hit| hit.file).collect();
    let mut first: Vec<_> = Vec::new();
    all.iter().for_each(|hit| {
        if !first.contains(&hit.file) {
            first.push(hit.file)
        }
    });
    assert_eq!(best, first);
}

#[test]
fn a_moment_finds_others_like_it_and_a_picture_the_file_that_it_is_of() {
    let made = Made::of(6);
    // The same pictures in a file of another length.
    video(&made.path("longer.mp4"), 3, 60);
    made.add();
    let finder = made.finder();
    let like = |path, at| Question {
        alike: Some(Alike::Moment { path, at: Seconds(at) }),
        ..Question::default()
    };
    let answer = finder.find(&like(made.path("3.mp4"), 1.3)).unwrap();
    assert_eq!(answer.hits[0].path, made.path("longer.mp4"));
    assert!(answer.hits[0].span.contains(Seconds(1.3)), "{}", answer.hits[0].span);
    assert!(answer.hits[0].score > 0.99, "{}", answer.hits[0].score);
    assert_eq!(answer.verdict, Verdict::Unknown);
    let nowhere = finder.find(&like(made.path("3.mp4"), 99.0)).unwrap_err();
    assert!(matches!(nowhere, FinderError::NoSuchMoment { .. }), "{nowhere}");
    let gone = finder.find(&like(made.path("gone.mp4"), 1.0)).unwrap_err();
    assert!(matches!(gone, FinderError::NotInIndex { .. }), "{gone}");
    // A name, or the end of a path, is enough where one file alone has it.
    let by_name = finder.find(&like("3.mp4".into(), 1.3)).unwrap();
    assert_eq!(by_name.hits, answer.hits);
    let folder = made.videos.path().file_name().unwrap();
    let by_end = finder.find(&like(std::path::Path::new(folder).join("3.mp4"), 1.3)).unwrap();
    assert_eq!(by_end.hits, answer.hits);

    // In its own file what is most alike of the rest, neither the moment itself nor what lies beside it.
    let files = FileFilter { pattern: Some("longer.mp4".into()), ..FileFilter::default() };
    let own = Question { files, show_all: true, ..like(made.path("longer.mp4"), 1.3) };
    let answer = finder.find(&own).unwrap();
    assert!(!answer.hits.is_empty());
    for hit in &answer.hits {
        assert_eq!(hit.path, made.path("longer.mp4"));
        assert!(hit.span.start > Seconds(2.3) || hit.span.end < Seconds(0.3), "{}", hit.span);
    }

    let note = made.model.path().join("note.png");
    std::fs::write(&note, "a note").unwrap();
    let alike = Some(Alike::Picture(note.into()));
    let none = finder.find(&Question { alike, ..Question::default() }).unwrap_err();
    assert!(matches!(none, FinderError::NoPicture { .. }), "{none}");
    let large = made.model.path().join("large.png");
    std::fs::write(&large, LARGE_PNG).unwrap();
    let alike = Some(Alike::Picture(large.into()));
    let error = finder.find(&Question { alike, ..Question::default() }).unwrap_err();
    assert!(matches!(error, FinderError::LargePicture { width: 10_000, .. }), "{error}");
    assert!(error.to_string().contains("67108864"), "{error}");
    let narrow = made.model.path().join("narrow.png");
    std::fs::write(&narrow, NARROW_PNG).unwrap();
    let alike = Some(Alike::Picture(narrow.into()));
    let error = finder.find(&Question { alike, ..Question::default() }).unwrap_err();
    assert!(matches!(error, FinderError::NarrowPicture { width: 300_000, .. }), "{error}");
    let picture = made.model.path().join("one.mp4");
    video(&picture, 5, 10);
    let alike = Some(Alike::Picture(picture.into()));
    let answer = finder.find(&Question { alike, ..Question::default() }).unwrap();
    assert_eq!(answer.hits[0].path, made.path("5.mp4"));
}

#[test]
fn a_question_that_nobody_waits_for_ends() {
    let made = Made::of(4);
    made.add();
    let finder = made.finder();
    let cancel = CancelToken::default();
    let question = Question { refine: true, show_all: true, ..Question::of(SENTENCE) };
    assert!(finder.find_until(&cancel, &question).is_ok());
    cancel.cancel();
    let ended = finder.find_until(&cancel, &question).unwrap_err();
    assert!(matches!(ended, FinderError::Cancelled), "{ended}");
    let alike = Some(Alike::Picture(made.path("3.mp4").into()));
    let question = Question { alike, ..Question::default() };
    let ended = finder.find_until(&cancel, &question).unwrap_err();
    assert!(matches!(ended, FinderError::Cancelled), "{ended}");
}

#[test]
fn no_more_moments_are_refined_than_the_question_says() {
    let made = Made::of(4);
    made.add();
    let question = Question { refine: true, show_all: true, ..Question::of(SENTENCE) };
    let num_refined = |most_refined| {
        let answer = made.finder().find(&Question { most_refined, ..question.clone() }).unwrap();
        assert!(answer.hits.len() > 1);
        answer.hits.iter().filter(|hit| hit.is_refined).count()
    };
    assert_eq!(num_refined(1), 1);
    assert!(num_refined(usize::MAX) > 1);
}

#[test]
fn what_a_picture_may_cost_is_bounded_by_whoever_opens_the_index() {
    let made = Made::of(2);
    made.add();
    let picture = made.model.path().join("one.mp4");
    video(&picture, 1, 10);
    let alike = Some(Alike::Picture(picture.into()));
    let question = Question { alike, ..Question::default() };
    assert!(made.finder().find(&question).is_ok());
    let limits = ReadLimits { frame_pixels: 100, ..ReadLimits::default() };
    let error = made.finder().with_picture_limits(limits).find(&question).unwrap_err();
    assert!(matches!(error, FinderError::LargePicture { most: 100, .. }), "{error}");
}

#[test]
fn terms_turn_a_sentence_towards_them_and_away() {
    let made = Made::of(4);
    made.add();
    let finder = made.finder();
    let track = made.writer().files().unwrap()[0].track.unwrap();
    let scores = |typed: &str| {
        let sentence = Some(Sentence::read(typed).unwrap());
        let question = Question { sentence, ..Question::default() };
        finder.scores(&question, track).unwrap().unwrap().scores
    };
    // A sum of two vectors, brought to unit length: every score is the sum by one factor.
    let (plain, grows) = (scores("a red square"), scores("grows"));
    for (typed, sign) in [("a red square +grows", 1.0), ("a red square -grows", -1.0)] {
        let found = scores(typed);
        let sum = |clip: usize| plain[clip] + sign * grows[clip];
        let factor = found[0] / sum(0);
        assert!(factor > 0.5 && factor.is_finite(), "{typed}: {factor}");
        for clip in 1..found.len() {
            assert!((found[clip] - factor * sum(clip)).abs() < 1e-5, "{typed}: {found:?}");
        }
    }
    let sentence = Some(Sentence::read("a red square -\"a red square\"").unwrap());
    let question = Question { sentence, ..Question::default() };
    for error in [finder.find(&question).unwrap_err(), finder.scores(&question, track).unwrap_err()]
    {
        let is_told = matches!(error, FinderError::Question(QuestionError::Cancelled { .. }));
        assert!(is_told, "{error}");
    }
    let neither = finder.find(&Question::default()).unwrap_err();
    assert!(neither.to_string().contains("nothing is asked for"), "{neither}");
}

#[test]
fn what_is_said_beside_a_video_is_found_by_its_words_and_neighbours_are_one_hit() {
    let made = Made::of(3);
    let srt = "1\n00:00:00,500 --> 00:00:01,000\nCrack the café eggs\n\n\
               2\n00:00:01,200 --> 00:00:02,000\ninto eggs of crack\n\n\
               3\n00:00:03,500 --> 00:00:03,900\nnothing else\n";
    std::fs::write(made.path("1.en.srt"), srt).unwrap();
    std::fs::write(made.path("2.srt"), "no subtitles at all").unwrap();
    let summary = made.add();
    assert_eq!((summary.num_cues, summary.num_added), (3, 3));
    let finder = made.finder();
    let said = |text: &str| {
        let question = Question { said: Some(text.to_owned()), ..Question::default() };
        finder.find(&question).unwrap()
    };
    let answer = said("eggs crack");
    assert_eq!(answer.hits.len(), 1);
    let hit = &answer.hits[0];
    assert_eq!(
        (hit.path.clone(), hit.span.to_string()),
        (made.path("1.mp4"), "0.50-2.00 s".into())
    );
    let Evidence::Said { text, language, source } = &hit.evidence else { panic!("{hit:?}") };
    assert_eq!(text, "Crack the café eggs into eggs of crack");
    assert_eq!((language.as_deref(), source.as_str()), (Some("en"), "1.en.srt"));
    assert_eq!((said("cafe").hits.len(), said("bacon").hits.len()), (1, 0));
    assert_eq!((answer.sure(true), hit.sure()), (Some(Sureness::Found), Sureness::Found));
    assert_eq!(said("bacon").sure(true), Some(Sureness::Guess));
    assert_eq!(said("bacon").sure(false), None);
    // A sentence is looked for in both, in turn.
    let answer = finder.find(&Question::of("nothing else")).unwrap();
    let by: Vec<&str> = answer.hits.iter().map(|hit| hit.evidence.word()).collect();
    assert_eq!(by[..3], ["seen", "said", "seen"]);
}

/// Indexes all videos and measures the index with sixty sentences, which come back.
fn measured(made: &Made) -> Vec<String> {
    let nulls: Vec<String> = (0..60)
        .map(|number| {
            let words = ["a red", "square", "moves left", "a blue", "disc", "grows"];
            let word = |place: usize| words[(number / 6usize.pow(place as u32)) % 6];
            format!("{} {} {}", word(0), word(1), word(2))
        })
        .collect();
    let (catalogue, embedder) = (made.writer(), made.embedder());
    let sampling = IndexSampling::default();
    let indexer = Indexer::new(&catalogue, &embedder, made.model.path(), sampling).unwrap();
    let indexer = indexer.with_null_sentences(nulls.clone());
    let summary = indexer.add(&[made.videos.path().to_owned()], &mut ()).unwrap();
    assert!(summary.is_calibrated);
    let kept = catalogue.calibration(catalogue.generations().unwrap()[0].id).unwrap();
    assert!(kept.is_some());
    nulls
}

#[test]
fn what_stands_out_no_more_than_null_sentences_is_not_found() {
    let made = Made::of(8);
    let nulls = measured(&made);
    let finder = made.finder();
    let mut counts = [0; 3];
    for null in &nulls {
        let answer = finder.find(&Question::of(null)).unwrap();
        let Verdict::Judged { sure, false_alarms } = answer.verdict else { panic!("{answer:?}") };
        assert!((0.0..=1.0).contains(&false_alarms));
        counts[sure as usize] += 1;
        assert_eq!(answer.hits.is_empty(), sure == Sureness::Guess, "{answer:?}");
        assert_eq!(answer.sure(true), Some(sure));
        // Files that have no hit are counted, and so many moments as there can be show all.
        let of_all = |show_all| {
            finder.find(&Question { show_all, top: 1000, ..Question::of(null) }).unwrap()
        };
        let (some, all) = (of_all(false), of_all(true));
        let files = |hits: &[Hit]| hits.iter().map(|hit| hit.file).collect::<BTreeSet<_>>();
        if sure != Sureness::Guess {
            let others = files(&all.hits).difference(&files(&some.hits)).count();
            assert_eq!(some.num_other_files, others);
            assert_eq!(some.has_more, all.hits.len() > some.hits.len());
            // Fewer that are asked for leave more, and never another number of files.
            let one = finder.find(&Question { top: 1, ..Question::of(null) }).unwrap();
            assert_eq!((one.num_other_files, one.has_more), (7, true));
        }
        assert_eq!((all.num_other_files, all.has_more), (0, false));
        if sure == Sureness::Guess {
            assert!(answer.has_more);
            assert_eq!(answer.num_other_files, 8 - files(&answer.guesses).len());
            let all = Question { show_all: true, ..Question::of(null) };
            let all = finder.find(&all).unwrap();
            // The guesses are the first of all moments, and as many as are asked for.
            assert_eq!(answer.guesses, all.hits[..3]);
            assert!(answer.guesses.iter().all(|guess| guess.sure() == Sureness::Guess));
            let one = finder.find(&Question { top: 1, ..Question::of(null) }).unwrap();
            assert_eq!((one.guesses.as_slice(), one.verdict), (&all.hits[..1], answer.verdict));
            let denied = answer.is_denied();
            let finding =
                if denied { Finding::NotInTheseVideos } else { Finding::NothingStandsOut };
            assert_eq!(answer.finding(true), finding);
        }
    }
    // Of sixty at most 5 % are found and at most half more than guesses.
    assert!(counts[Sureness::Found as usize] <= 3, "{counts:?}");
    assert!(counts[Sureness::Guess as usize] >= 30, "{counts:?}");
    assert!(counts[Sureness::Guess as usize] < 60, "{counts:?}");
}

/// What is kept of the null sentences, changed.
fn change_calibration(made: &Made, change: impl FnOnce(&mut serde_json::Value)) {
    let catalogue = made.writer();
    let generation = catalogue.generations().unwrap()[0].id;
    let mut kept = catalogue.calibration(generation).unwrap().unwrap();
    assert!(kept["by_length"].is_array(), "{kept}");
    change(&mut kept);
    catalogue.set_calibration(generation, &kept).unwrap();
}

/// What is answered to null sentences, that which stands out least last.
fn by_standout(made: &Made, nulls: &[String]) -> Vec<(String, Answer)> {
    let finder = made.finder();
    let ask = |null: &String| (null.clone(), finder.find(&Question::of(null)).unwrap());
    let mut answers: Vec<(String, Answer)> = nulls.iter().map(ask).collect();
    let rate = |answer: &Answer| answer.verdict.false_alarms().unwrap();
    answers.sort_by(|one, other| rate(&one.1).total_cmp(&rate(&other.1)));
    answers
}

#[test]
fn a_sentence_is_said_not_to_be_there_only_where_short_ones_stand_out_more_too() {
    let made = Made::of(8);
    let nulls = measured(&made);
    let (sentence, answer) = by_standout(&made, &nulls).pop().unwrap();
    // Among all that were measured, others with words left out may stand out less.
    change_calibration(&made, |kept| {
        let long = (0..60).map(|_| serde_json::json!([3, 9.0]));
        kept["by_length"] = long.collect();
    });
    let ask = |made: &Made| made.finder().find(&Question::of(&sentence)).unwrap();
    let denied = ask(&made);
    assert_eq!(denied.verdict, answer.verdict);
    assert_eq!((denied.finding(true), denied.not_denied()), (Finding::NotInTheseVideos, None));
    // Ten of seventy that are as short stand out less.
    change_calibration(&made, |kept| {
        let short = (0..10).map(|_| serde_json::json!([1, -9.0]));
        kept["by_length"].as_array_mut().unwrap().extend(short);
    });
    let not_denied = ask(&made);
    assert_eq!(not_denied.verdict, answer.verdict);
    assert_eq!(not_denied.finding(true), Finding::NothingStandsOut);
    assert_eq!(not_denied.not_denied(), Some(Denial::TooShort));
    assert!(!not_denied.guesses.is_empty());
    // Longer ones are no measure of it.
    change_calibration(&made, |kept| {
        let long = (0..70).map(|_| serde_json::json!([99, 9.0]));
        kept["by_length"] = long.collect();
    });
    assert_eq!(ask(&made).not_denied(), Some(Denial::TooShort));
}

#[test]
fn words_that_the_model_does_not_know_make_no_sentence_longer() {
    let made = Made::of(8);
    let nulls = measured(&made);
    let (sentence, _) = by_standout(&made, &nulls).pop().unwrap();
    change_calibration(&made, |kept| {
        let long = (0..60).map(|_| serde_json::json!([3, 9.0]));
        kept["by_length"] = long.collect();
    });
    let denial = || made.finder().find(&Question::of(&sentence)).unwrap().not_denied();
    assert_eq!(denial(), None);
    // Its training showed none of these words.
    TrainingWords::of(["elephant"].into_iter()).write(made.model.path()).unwrap();
    assert_eq!(denial(), Some(Denial::TooShort));
}

#[test]
fn signs_that_the_model_does_not_know_change_no_answer() {
    let made = Made::of(8);
    let nulls = measured(&made);
    let (denied, _) = by_standout(&made, &nulls).pop().unwrap();
    let length = denied.split(' ').count();
    // Of those that have more words it could be said.
    change_calibration(&made, |kept| {
        let longer = (0..60).map(|_| serde_json::json!([length + 1, 9.0]));
        kept["by_length"] = longer.collect();
    });
    let finder = made.finder();
    let track = finder.catalogue().files().unwrap()[0].track.unwrap();
    let ask = |sentence: &str| {
        let question = Question { show_all: true, ..Question::of(sentence) };
        let scores = finder.scores(&question, track).unwrap().unwrap().scores;
        (finder.find(&question).unwrap(), scores)
    };
    for sentence in ["a red square", &denied] {
        let plain = ask(sentence);
        for signs in [".", "!", " ?!", "\u{2026}", " \u{1f7e5}", " , -"] {
            let asked = format!("{}{signs}", sentence.to_uppercase());
            assert_eq!(ask(&asked), plain, "{asked}");
        }
        let between = sentence.replace(' ', ", ");
        assert_eq!(ask(&between), plain, "{between}");
    }
    assert_eq!(ask(&denied).0.not_denied(), Some(Denial::TooShort));
}

#[test]
fn of_a_single_word_and_of_two_it_is_never_said_that_they_are_not_there() {
    let made = Made::of(8);
    measured(&made);
    let ask = |sentence: &str| match made.finder().find(&Question::of(sentence)) {
        // What is not in the vocabulary is not looked for at all.
        Err(FinderError::Transfer(TransferError::Embed(EmbedError::UnknownWords { .. }))) => None,
        answer => Some(answer.unwrap()),
    };
    let mut num_far_below = 0;
    for word in ["a", "red", "square", "moves", "left", "blue", "disc", "grows", "ring", "up"] {
        for many in [1, 2] {
            let Some(answer) = ask(&vec![word; many].join(" ")) else { continue };
            if answer.verdict.false_alarms().is_some_and(|share| share > 0.95) {
                num_far_below += 1;
                assert_eq!(answer.finding(true), Finding::NothingStandsOut);
                assert_eq!(answer.not_denied(), Some(Denial::TooShort));
            }
        }
    }
    assert!(num_far_below > 0);
    assert!(ask("zyxw wxyz").is_none() && ask("a zyxw").is_some());
}

#[test]
fn an_index_that_an_earlier_version_measured_denies_nothing_until_it_is_measured_anew() {
    let made = Made::of(8);
    let nulls = measured(&made);
    change_calibration(&made, |kept| {
        kept.as_object_mut().unwrap().remove("by_length");
        kept["fewest_words"] = 1.into();
    });
    let answer = by_standout(&made, &nulls).pop().unwrap().1;
    assert_eq!(answer.finding(true), Finding::NothingStandsOut);
    assert_eq!(answer.not_denied(), Some(Denial::LengthsNotMeasured));
    measured(&made);
    let answer = by_standout(&made, &nulls).pop().unwrap().1;
    assert_ne!(answer.not_denied(), Some(Denial::LengthsNotMeasured));
    change_calibration(&made, |_| {});
}

#[test]
fn nothing_stands_out_is_said_of_pictures_alone() {
    let made = Made::of(8);
    let srt = "1\n00:00:00,500 --> 00:00:01,000\na red square moves left\n";
    std::fs::write(made.path("1.srt"), srt).unwrap();
    let nulls = measured(&made);
    let finder = made.finder();
    let said = |words: &str, files: FileFilter| {
        let said = Some(words.to_owned());
        finder.find(&Question { said, files, ..Question::default() }).unwrap()
    };
    assert_eq!(said("bacon", FileFilter::default()).finding(true), Finding::NothingFound);
    let longer = Some(Seconds(60.0));
    let none = FileFilter { longer, ..FileFilter::default() };
    assert_eq!(said("red", none.clone()).finding(true), Finding::NothingFound);
    let unseen = finder.find(&Question { files: none, ..Question::of(SENTENCE) }).unwrap();
    assert_eq!(unseen.finding(true), Finding::NothingFound);
    // What is said is found, also beside pictures in which nothing stands out; the rate is of these alone.
    let guessed = nulls.iter().find(|null| {
        let answer = finder.find(&Question::of(null)).unwrap();
        answer.verdict.is_not_found()
    });
    for show_all in [false, true] {
        let said = Some("red square".to_owned());
        let question = Question { said, show_all, ..Question::of(guessed.unwrap()) };
        let answer = finder.find(&question).unwrap();
        assert_eq!((answer.finding(true), answer.false_alarms()), (Finding::Found, None));
        assert!(answer.of_pictures().is_some_and(|it| it != Finding::Found));
        // The file whose words are shown is none of the others.
        if !show_all {
            assert_eq!((answer.hits.len(), answer.num_other_files), (1, 7));
        }
    }
}

#[test]
fn only_files_that_are_meant_are_searched() {
    let made = Made::of(4);
    std::fs::create_dir(made.path("in")).unwrap();
    std::fs::rename(made.path("2.mp4"), made.path("in/2.mp4")).unwrap();
    made.add();
    let finder = made.finder();
    let find = |files: FileFilter| {
        let answer = finder.find(&Question { files, ..Question::of(SENTENCE) }).unwrap();
        let mut paths: Vec<_> = answer.hits.into_iter().map(|hit| hit.path).collect();
        paths.sort();
        paths.dedup();
        (answer.num_files, paths)
    };
    let folders = vec![made.path("in")];
    let (num_files, paths) = find(FileFilter { folders, ..FileFilter::default() });
    assert_eq!((num_files, paths), (1, vec![made.path("in/2.mp4")]));
    let longer = Some(Seconds(60.0));
    assert_eq!(find(FileFilter { longer, ..FileFilter::default() }), (0, vec![]));
    let gone = FileFilter { folders: vec![made.path("gone")], ..FileFilter::default() };
    let error = finder.find(&Question { files: gone, ..Question::of(SENTENCE) }).unwrap_err();
    assert!(error.to_string().contains("no such folder"), "{error}");
}

#[test]
fn a_copy_is_shown_where_the_filter_finds_it_and_a_link_after_the_file() {
    let made = Made::of(1);
    std::fs::create_dir(made.path("other")).unwrap();
    std::fs::rename(made.path("0.mp4"), made.path("z.mp4")).unwrap();
    std::fs::copy(made.path("z.mp4"), made.path("other/copy.mp4")).unwrap();
    std::os::unix::fs::symlink(made.path("z.mp4"), made.path("a link.mp4")).unwrap();
    made.add();
    let finder = made.finder();
    let shown = |files: FileFilter| {
        let answer = finder.find(&Question { files, ..Question::of(SENTENCE) }).unwrap();
        assert!(!answer.hits.is_empty());
        answer.hits[0].path.clone()
    };
    let none = FileFilter::default;
    assert_eq!(shown(none()), made.path("other/copy.mp4"));
    let pattern = Some("z*".to_owned());
    assert_eq!(shown(FileFilter { pattern, ..none() }), made.path("z.mp4"));
    let pattern = Some("a *".to_owned());
    assert_eq!(shown(FileFilter { pattern, ..none() }), made.path("a link.mp4"));
    // The moment that is asked from is no answer, by whichever of its names it was given.
    for name in ["z.mp4", "other/copy.mp4", "a link.mp4"] {
        let alike = Some(Alike::Moment { path: made.path(name), at: Seconds(1.2) });
        let question = Question { alike, sentence: None, per_file: 9, ..Question::default() };
        let hits = finder.find(&question).unwrap().hits;
        let holds = |hit: &locvtp_finder::Hit| hit.span.start.0 <= 1.2 && 1.2 < hit.span.end.0;
        assert!(!hits.iter().any(holds), "{name}: {hits:?}");
    }
}

#[test]
fn words_without_a_letter_ask_for_nothing_and_a_star_lets_a_word_go_on() {
    let made = Made::of(1);
    let srt = "1\n00:00:00,500 --> 00:00:01,000\ncrack the eggs\n";
    std::fs::write(made.path("0.srt"), srt).unwrap();
    made.add();
    let finder = made.finder();
    let said =
        |text: &str| finder.find(&Question { said: Some(text.to_owned()), ..Question::default() });
    for nothing in ["", " ", "\"", "+-", "*"] {
        let error = said(nothing).unwrap_err();
        assert!(matches!(error, FinderError::Question(QuestionError::NoWords { .. })), "{error}");
    }
    assert_eq!(said("egg").unwrap().hits.len(), 0);
    assert_eq!(said("egg* crack").unwrap().hits.len(), 1);
    for (term, is_told) in [("crack -the", "-the"), ("+eggs", "+eggs"), ("\"the eggs\"", "quotes")]
    {
        let error = said(term).unwrap_err();
        assert!(matches!(error, FinderError::Question(_)), "{error}");
        assert!(error.to_string().contains(is_told), "{error}");
    }
    assert_eq!(said("- the eggs").unwrap().hits.len(), 1);
    let long = said(&"egg ".repeat(501)).unwrap_err();
    assert!(matches!(long, FinderError::Question(QuestionError::TooLong { .. })), "{long}");
    // The catalogue alone answers the same.
    let question = Question { said: Some("egg* crack".to_owned()), ..Question::default() };
    let without_model = find_said(finder.catalogue(), &question).unwrap();
    assert_eq!(without_model, finder.find(&question).unwrap());
    assert_eq!((without_model.num_files, without_model.num_gone), (1, 0));
    // What is quoted in a sentence is no order.
    let none = find_said(finder.catalogue(), &Question::of("\"the eggs\" -- crack")).unwrap();
    assert_eq!(none.hits.len(), 1);
}

#[test]
fn a_filter_does_not_change_how_sure_a_moment_is_and_terms_are_not_judged() {
    let made = Made::of(8);
    measured(&made);
    let finder = made.finder();
    let plain = Question { show_all: true, top: 100, per_file: 100, ..Question::of(SENTENCE) };
    let all = finder.find(&plain).unwrap();
    assert!(all.verdict.false_alarms().is_some(), "the index is large enough to be measured");
    // No moment is surer than the whole answer, and the best file alone gets the answer of all.
    assert!(all.hits.iter().all(|hit| hit.verdict.false_alarms() >= all.verdict.false_alarms()));
    for hit in &all.hits {
        let name = hit.path.file_name().unwrap().to_str().unwrap().to_owned();
        let files = FileFilter { pattern: Some(name), ..FileFilter::default() };
        let one = finder.find(&Question { files, ..plain.clone() }).unwrap();
        let again = one.hits.iter().find(|one| one.span == hit.span).unwrap();
        assert!(again.verdict.false_alarms() >= hit.verdict.false_alarms());
        assert_eq!(one.background, all.background);
    }
    for typed in ["a red square moves left -ring", "a red square moves left +blue"] {
        let question = Question { sentence: Some(Sentence::read(typed).unwrap()), ..plain.clone() };
        let answer = finder.find(&question).unwrap();
        assert_eq!(answer.verdict, Verdict::Unknown);
        assert!(answer.hits.iter().all(|hit| hit.sure() == Sureness::Maybe), "{typed}");
    }
}

/// How a PNG of 10,000 x 10,000 begins, and one line of it.
const LARGE_PNG: &[u8] = b"\x89PNG\x0d\x0a\x1a\x0a\x00\x00\x00\x0dIHDR\x00\x00'\x10\
    \x00\x00'\x10\x08\x00\x00\x00\x00\x9f%=\xfb\x00\x00\x00\x0bIDA\
    Tx\x9cc`\x80\x01\x00\x00\x0a\x00\x01\x7f\x80t^\x00\x00\x00\x00\
    IEND\xaeB`\x82";

/// The head of a grey picture of 300000 x 1 pixels; no pixel of it is read.
const NARROW_PNG: &[u8] =
    b"\x89PNG\x0d\x0a\x1a\x0a\x00\x00\x00\x0dIHDR\x00\x04\x93\xe0\x00\x00\x00\x01\x08\x00\x00\
    \x00\x00\xa1\xadQ0\x00\x00\x00\x0bIDATx\xdac`\x80\x03\x00\x00\x0b\x00\x01\xa0.\xc8\x85\
    \x00\x00\x00\x00IEND\xaeB`\x82";
