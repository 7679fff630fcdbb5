//! `locvtp search`: when a sentence happens in the videos of an index, if it does.

mod as_json;
mod asked;
mod files;
mod giving_away;
mod more;
mod table;
mod telling;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use clap::Args as ClapArgs;
use locvtp_finder::{Alike, FileFilter, Finder, FinderError, Question, Sentence, find_said};
use locvtp_search::catalogue::Catalogue;
use locvtp_transfer::{ClipScore, EmbedError, TransferError};
use locvtp_video::Seconds;
use locvtp_video::counted::counted;
use serde_json::json;

use self::as_json::as_json;
use self::asked::{Asked, asked_for};
use self::more::MOST;
use self::table::{here, text};
use self::telling::tell;
use crate::catalogue_place::{CataloguePlace, has_own_index, live_index, model_of, open_to_read};
use crate::clock::{read_clock, read_day, read_length};
use crate::commands::ground::{Scores, open_embedder};
use crate::numbers::whole;
use crate::trained_matches::trained_matches;
use crate::trained_words::TrainedWords;
use crate::{Outcome, answer_notes, command_line, missing, output};

/// `locvtp search`
#[derive(Debug, ClapArgs)]
pub(crate) struct Search {
    /// What should happen, in quotes: "a dog runs +beach -night" ("+" and "-" before terms that should be
    /// there, too, and that should not)
    // As many words as come, so that one without quotes is told so.
    #[arg(value_name = "SENTENCE", required_unless_present_any = ["said", "image", "like"])]
    pub(crate) sentence: Vec<String>,
    #[command(flatten)]
    pub(crate) place: CataloguePlace,
    /// Model directory [default: where it lay when the index was made]
    #[arg(long, value_name = "DIR")]
    pub(crate) model: Option<PathBuf>,
    /// Moments to show, at most
    #[arg(long, value_name = "N", default_value = "10", value_parser = whole(1usize, MOST))]
    pub(crate) top: usize,
    /// Moments of one file, at most
    #[arg(long, value_name = "N", default_value = "3", value_parser = whole(1usize, 100_000))]
    pub(crate) per_file: usize,
    /// Only files in this folder, or below it; may be given several times
    #[arg(long = "in", value_name = "FOLDER")]
    pub(crate) folders: Vec<PathBuf>,
    /// Only files with such a name: "*.mp4" (with a "/" in it: such a path, as it is shown, from the root, or the end of it);
    /// capitals count
    #[arg(long = "file", value_name = "GLOB")]
    pub(crate) pattern: Option<String>,
    /// Only files last written to on this day or later, as 2026-07-31 (UTC)
    #[arg(long, value_name = "DATE", value_parser = read_day)]
    pub(crate) after: Option<i64>,
    /// Only files last written to before this day (UTC)
    #[arg(long, value_name = "DATE", value_parser = read_day)]
    pub(crate) before: Option<i64>,
    /// Only files that play for so long at least: seconds, or as 1:02:03
    #[arg(long, value_name = "TIME", value_parser = read_length)]
    pub(crate) longer: Option<f64>,
    /// Only files that play for so long at most
    #[arg(long, value_name = "TIME", value_parser = read_length)]
    pub(crate) shorter: Option<f64>,
    /// Words that are said, all in one line of the subtitles beside the videos or inside them; egg* is any word that
    /// begins so. Beside a sentence, either is a hit
    #[arg(long, value_name = "TEXT")]
    pub(crate) said: Option<String>,
    /// What looks like this picture or video
    #[arg(long, value_name = "FILE", conflicts_with = "like")]
    pub(crate) image: Option<PathBuf>,
    /// What looks like a moment of an indexed file, which a path or its name alone tells: FILE@12.5 or FILE@1:02:03
    #[arg(long, value_name = "FILE@TIME", value_parser = read_moment)]
    pub(crate) like: Option<(PathBuf, f64)>,
    /// Compare the clips of the best files with the whole sentence or with its words
    #[arg(long, value_enum, default_value_t)]
    pub(crate) scores: Scores,
    /// Look for both ends of each moment to the frame, in the files themselves
    #[arg(long)]
    pub(crate) refine: bool,
    /// Take moments that do not stand out for hits, too: they are shown, cut and written, and the exit code is 0
    #[arg(long)]
    pub(crate) all: bool,
    /// Cut each moment into a file of this folder, copied from the key frame before it
    #[arg(long, value_name = "DIR")]
    pub(crate) cut: Option<PathBuf>,
    /// Cut to the frame, encoded anew
    #[arg(long, requires = "cut")]
    pub(crate) exact: bool,
    /// Write the moments as a list too: .csv, .json, .srt, .vtt, .edl, .otio or .fcpxml. Subtitles of several
    /// videos are a file each: hits.srt becomes hits.VIDEO.srt
    #[arg(long, value_name = "FILE")]
    pub(crate) export: Option<PathBuf>,
    /// Let --cut and --export write over files that are there
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(args: &Search) -> anyhow::Result<Outcome> {
    let question = question(args)?;
    giving_away::check(args)?;
    let place = args.place.found()?;
    let catalogue = open_to_read(&place)?;
    let mut asked = ask(args, question, &catalogue)?;
    let finding = asked.answer.finding(asked.knows_words);
    asked.notes.extend(answer_notes::unfinished(&catalogue.jobs()?));
    asked.notes.extend(answer_notes::notes(&asked.answer, &asked.question, finding));
    let Asked { question, answer, unseen_words, .. } = &asked;
    tell(&asked);
    files::tell(&asked, catalogue.as_ref(), &place)?;
    if args.json {
        let mut json = as_json(&asked);
        json["catalog"] = json!(place.to_string());
        json["unseen_words"] = json!(unseen_words);
        output::json(&json)?;
    } else if !answer.shown().is_empty() {
        output::text(&text(answer, question))?;
    }
    if answer.hits.is_empty() {
        giving_away::tell_of_none(answer, args);
        return Ok(Outcome::NothingFound);
    }
    let query = asked_for(question).join(", ");
    giving_away::write(&answer.hits, &query, &place, args)?;
    Ok(Outcome::Done)
}

/// Asks, and tells what the model does not know of the sentence. What it knows no word of is looked for in what is
/// said alone, for which no model is needed.
fn ask(
    args: &Search,
    mut question: Question,
    catalogue: &Arc<dyn Catalogue>,
) -> anyhow::Result<Asked> {
    let said_alone = |question: Question, knows_words: bool, unseen_words, word_notes| {
        let (answer, notes) = (find_said(catalogue.as_ref(), &question)?, Vec::new());
        anyhow::Ok(Asked { question, answer, knows_words, unseen_words, notes, word_notes })
    };
    if question.sentence.is_none() && question.alike.is_none() {
        return said_alone(question, true, None, Vec::new());
    }
    let index = live_index(catalogue.as_ref())?.ok_or(FinderError::NoIndex)?;
    let dir = model_of(args.model.as_deref(), Some(&index))?;
    let embedder = open_embedder(&dir)?;
    if let Scores::Words = args.scores {
        question.score = ClipScore::Words { num_matches: trained_matches(&dir) };
    }
    let finder = Finder::open(catalogue.clone(), embedder, &dir)?;
    let trained = TrainedWords::read(&dir)?;
    let unseen = question.sentence.as_ref().and_then(|it| trained.unseen_of(it));
    let is_sentence_alone = question.alike.is_none();
    let nothing_known = is_sentence_alone && unseen.as_ref().is_some_and(|it| it.nothing_known);
    let mut word_notes = Vec::new();
    if let Some(unseen) = unseen.as_ref().filter(|unseen| !unseen.said.is_empty()) {
        word_notes.push(unseen.said.clone());
        let about = if nothing_known { "nothing can be seen by it" } else { "note" };
        output::note(&format!("{about}: {}", unseen.said));
    }
    if let Some(unknown) = trained.unknown().filter(|_| question.sentence.is_some()) {
        output::notes(&format!("note: {unknown}"));
        word_notes.push(unknown);
    }
    let unseen_words = unseen.and_then(|unseen| unseen.words);
    if nothing_known {
        return said_alone(question, false, unseen_words, word_notes);
    }
    match finder.find(&question) {
        Ok(answer) => {
            let (knows_words, notes) = (true, Vec::new());
            Ok(Asked { question, answer, knows_words, unseen_words, notes, word_notes })
        }
        // Signs and letters that are no words for the model may still stand in subtitles.
        Err(FinderError::Transfer(TransferError::Embed(
            error @ (EmbedError::NoWords { .. } | EmbedError::UnknownWords { .. }),
        ))) if is_sentence_alone => {
            output::note(&format!("nothing can be seen by it: {error}"));
            word_notes.push(error.to_string());
            said_alone(question, false, unseen_words, word_notes)
        }
        Err(error) => Err(error.into()),
    }
}

fn question(args: &Search) -> anyhow::Result<Question> {
    let catalog =
        args.place.catalog.as_ref().and_then(|it| it.as_ref().ok()).map(ToString::to_string);
    let catalog = catalog.iter().flat_map(|place| ["--catalog", place.as_str()]);
    if let Some(folder) = folder_among(&args.sentence, args) {
        bail!(folder);
    }
    let sentence = match args.sentence.as_slice() {
        [] => None,
        [typed] => Some(Sentence::read(typed)?),
        sentences if sentences.iter().any(|one| one.contains(char::is_whitespace)) => bail!(
            "{} were given, and one is asked at a time; ask each with a command of its own",
            counted(sentences.len(), "sentence")
        ),
        words => bail!(
            "the sentence is {} to the shell; put it in quotes:\n  {}",
            counted(words.len(), "word"),
            command_line::command(
                ["search"].into_iter().chain(catalog).chain([words.join(" ").as_str()])
            )
        ),
    };
    let alike = match (&args.image, &args.like) {
        (Some(image), _) if !image.exists() => {
            bail!(missing::does_not_exist(image, "check the path"))
        }
        (Some(image), _) => Some(Alike::Picture(image.clone().into())),
        (None, Some((path, at))) => Some(Alike::Moment { path: path.clone(), at: Seconds(*at) }),
        (None, None) => None,
    };
    Ok(Question {
        sentence,
        alike,
        said: args.said.clone(),
        files: FileFilter {
            folders: args.folders.clone(),
            pattern: args.pattern.clone(),
            base: here(),
            after_ns: args.after,
            before_ns: args.before,
            longer: args.longer.map(Seconds),
            shorter: args.shorter.map(Seconds),
        },
        top: args.top,
        per_file: args.per_file,
        refine: args.refine,
        show_all: args.all,
        reads_files: args.cut.is_some() || giving_away::counts_frames(args),
        ..Question::default()
    })
}

/// What is said where a folder stands beside the sentence, as `serve` and `index list` take one; none where none does. A word
/// of a sentence without quotes that is the name of a folder without an index is a word.
fn folder_among(typed: &[String], args: &Search) -> Option<String> {
    if typed.len() < 2 {
        return None;
    }
    let is_in_quotes = typed.iter().any(|one| one.contains(char::is_whitespace));
    let is_meant = |one: &&String| match is_in_quotes {
        true => Path::new(one).is_dir(),
        false => has_own_index(Path::new(one)),
    };
    let folder = typed.iter().find(is_meant)?;
    let others = typed.iter().filter(|one| *one != folder);
    let sentence = others.map(String::as_str).collect::<Vec<_>>().join(" ");
    let mut words = vec!["search", "--catalog", folder];
    let given =
        args.place.catalog.as_ref().and_then(|it| it.as_ref().ok()).map(ToString::to_string);
    if let Some(given) = &given {
        words = vec!["search", "--catalog", given, "--in", folder];
    } else if !has_own_index(Path::new(folder)) {
        words.extend(["--in", folder]);
    }
    words.push(&sentence);
    Some(format!(
        "{folder}: is a folder, and what is typed here is the sentence; write\n  {}",
        command_line::command(words)
    ))
}

/// Reads `FILE@12.5`.
fn read_moment(text: &str) -> Result<(PathBuf, f64), String> {
    let parts = text.rsplit_once('@').filter(|(file, _)| !file.is_empty());
    let moment = parts.and_then(|(file, at)| Some((PathBuf::from(file), read_clock(at)?)));
    moment.ok_or_else(|| "expected a file and a time in it, as talk.mp4@12.5".to_owned())
}
