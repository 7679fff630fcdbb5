//! `locvtp search`: when a sentence happens in the videos of an index, if it does.

mod giving_away;

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args as ClapArgs;
use locvtp_finder::{
    Alike, Answer, Evidence, FileFilter, Finder, FinderError, Hit, Question, Sentence, Verdict,
};
use locvtp_search::Sureness;
use locvtp_search::scan::Background;
use locvtp_transfer::{ClipScore, EmbedError, TransferError};
use locvtp_video::Seconds;
use locvtp_video::counted::counted;
use serde_json::{Value, json};

use crate::catalogue_place::{CataloguePlace, live_index, model_of, open_to_read};
use crate::clock::{clock, read_clock, read_day, read_length};
use crate::commands::ground::{Scores, open_embedder};
use crate::numbers::whole;
use crate::table::{Column, Table};
use crate::trained_matches::trained_matches;
use crate::trained_words::{TrainedWords, Unseen};
use crate::{Outcome, command_line, missing, output};

/// Moments that are shown where none stands out enough.
const NEAREST: usize = 3;

/// Characters of what is said that a line of the table shows.
const SAID: usize = 60;

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
    #[arg(long, value_name = "N", default_value = "10", value_parser = whole(1usize, 100_000))]
    pub(crate) top: usize,
    /// Moments of one file, at most
    #[arg(long, value_name = "N", default_value = "3", value_parser = whole(1usize, 100_000))]
    pub(crate) per_file: usize,
    /// Only files in this folder, or below it; may be given several times
    #[arg(long = "in", value_name = "FOLDER")]
    pub(crate) folders: Vec<PathBuf>,
    /// Only files with such a name: "*.mp4" (with a "/" in it: such a path, as it is shown or from the root)
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
    /// Words that are said, by the subtitles beside the videos and inside them; egg* is any word that
    /// begins so. Beside a sentence, either is a hit
    #[arg(long, value_name = "TEXT")]
    pub(crate) said: Option<String>,
    /// What looks like this picture or video
    #[arg(long, value_name = "FILE", conflicts_with = "like")]
    pub(crate) image: Option<PathBuf>,
    /// What looks like a moment of an indexed file: FILE@12.5 or FILE@1:02:03
    #[arg(long, value_name = "FILE@TIME", value_parser = read_moment)]
    pub(crate) like: Option<(PathBuf, f64)>,
    /// Compare the clips of the best files with the whole sentence or with its words
    #[arg(long, value_enum, default_value_t)]
    pub(crate) scores: Scores,
    /// Look for both ends of each moment to the frame, in the files themselves
    #[arg(long)]
    pub(crate) refine: bool,
    /// Show also moments that do not stand out
    #[arg(long)]
    pub(crate) all: bool,
    /// Cut each moment into a file of this folder, copied from the key frame before it
    #[arg(long, value_name = "DIR")]
    pub(crate) cut: Option<PathBuf>,
    /// Cut to the frame, encoded anew
    #[arg(long, requires = "cut")]
    pub(crate) exact: bool,
    /// Write the moments as a list too: .csv, .json, .srt, .vtt, .edl, .otio or .fcpxml
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
    let mut question = question(args)?;
    giving_away::check(args)?;
    let place = args.place.found()?;
    let catalogue = open_to_read(&place)?;
    let index = live_index(catalogue.as_ref())?.ok_or(FinderError::NoIndex)?;
    let dir = model_of(args.model.as_deref(), Some(&index))?;
    let embedder = open_embedder(&dir)?;
    if let Scores::Words = args.scores {
        question.score = ClipScore::Words { num_matches: trained_matches(&dir) };
    }
    let finder = Finder::open(catalogue, embedder, &dir)?;
    let trained = TrainedWords::read(&dir)?;
    let words = |it: &Sentence| [it.text.as_str(), &it.with.join(" ")].join(" ");
    let unseen = question.sentence.as_ref().and_then(|it| trained.unseen(&words(it)));
    let (answer, not_asked) = ask(&finder, &question, unseen.as_ref())?;
    if let Some(unseen) = unseen.as_ref().filter(|unseen| !unseen.said.is_empty()) {
        let about = if not_asked { "nothing can be seen by it" } else { "note" };
        output::note(&format!("{about}: {}", unseen.said));
    }
    if let Some(unknown) = trained.unknown().filter(|_| question.sentence.is_some()) {
        output::notes(&format!("note: {unknown}"));
    }
    tell(&answer, &question, args.all, not_asked);
    if args.json {
        let mut json = as_json(&question, &answer, not_asked);
        json["catalog"] = json!(place.to_string());
        json["unseen_words"] = json!(unseen.and_then(|unseen| unseen.words));
        output::json(&json)?;
    } else if !answer.hits.is_empty() {
        output::text(&text(&answer, &question))?;
    } else if answer.num_held_back > 0 {
        // Many a true sentence stands out no more than others: a person may look.
        let nearest = Question { show_all: true, top: NEAREST, ..question.clone() };
        output::text(&text(&finder.find(&nearest)?, &nearest))?;
    }
    if answer.hits.is_empty() {
        return Ok(Outcome::NothingFound);
    }
    let query = asked(&question).unwrap_or_default();
    let hits: Vec<_> = answer.hits.iter().map(|hit| hit.to_export(&query)).collect();
    if let Some(list) = &args.export {
        giving_away::list(&hits, list, args.overwrite)?;
    }
    if let Some(folder) = &args.cut {
        giving_away::cut(&hits, folder, &place, args)?;
    }
    Ok(Outcome::Done)
}

/// The answer, and whether nothing was looked for in the pictures because the model knows no word of the
/// sentence.
fn ask(
    finder: &Finder,
    question: &Question,
    unseen: Option<&Unseen>,
) -> anyhow::Result<(Answer, bool)> {
    let said_alone = |sentence: &Sentence| Question {
        said: question.said.clone().or_else(|| Some(sentence.text.clone())),
        sentence: None,
        ..question.clone()
    };
    if let Some(sentence) = &question.sentence
        && question.alike.is_none()
        && unseen.is_some_and(|unseen| unseen.nothing_known)
    {
        return Ok((finder.find(&said_alone(sentence))?, true));
    }
    match (finder.find(question), &question.sentence) {
        (Ok(answer), _) => Ok((answer, false)),
        // Signs and letters that are no words for the model may still stand in subtitles.
        (
            Err(FinderError::Transfer(TransferError::Embed(error @ EmbedError::NoWords { .. }))),
            Some(sentence),
        ) if question.alike.is_none() => {
            output::note(&format!("nothing can be seen by it: {error}"));
            Ok((finder.find(&said_alone(sentence))?, true))
        }
        (Err(error), _) => Err(error.into()),
    }
}

fn question(args: &Search) -> anyhow::Result<Question> {
    let sentence = match args.sentence.as_slice() {
        [] => None,
        [typed] => Some(Sentence::read(typed)?),
        words => bail!(
            "the sentence is {} to the shell; put it in quotes:\n  {}",
            counted(words.len(), "word"),
            command_line::command(["search", &words.join(" ")])
        ),
    };
    let alike = match (&args.image, &args.like) {
        (Some(image), _) if !image.exists() => {
            bail!(missing::does_not_exist(image, "check the path"))
        }
        (Some(image), _) => Some(Alike::Picture(image.clone())),
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
        ..Question::default()
    })
}

/// Reads `FILE@12.5`.
fn read_moment(text: &str) -> Result<(PathBuf, f64), String> {
    let parts = text.rsplit_once('@').filter(|(file, _)| !file.is_empty());
    let moment = parts.and_then(|(file, at)| Some((PathBuf::from(file), read_clock(at)?)));
    moment.ok_or_else(|| "expected a file and a time in it, as talk.mp4@12.5".to_owned())
}

/// What a person should know of an answer besides its hits.
fn tell(answer: &Answer, question: &Question, shows_all: bool, not_asked: bool) {
    if answer.num_files == 0 {
        output::note(&format!("nothing found: {}", no_files(&question.files)));
        return;
    }
    let files = counted(answer.num_files, "file");
    if answer.hits.is_empty() {
        let said = none(answer, question, not_asked);
        let but = match answer.num_held_back {
            0 => "",
            _ if answer.verdict.is_denied() => "; --all shows all moments",
            _ => "; the nearest may be right all the same, and --all shows all",
        };
        output::note(&format!("{said} ({files}){}{but}", measured(answer.verdict)));
        return;
    }
    let has_seen = answer.hits.iter().any(|hit| hit.evidence == Evidence::Seen);
    match answer.verdict {
        Verdict::Unknown if has_seen && !question.is_plain() => output::note(
            "note: how alike is enough was not measured; the nearest are shown, also where nothing is alike",
        ),
        Verdict::Unknown if has_seen => output::note(
            "note: how sure this is cannot be told, as the index is too small to measure it; the nearest are \
             shown, also where nothing is there",
        ),
        Verdict::Judged { .. } if answer.verdict.is_not_found() && shows_all => {
            let said = none(answer, question, not_asked);
            output::note(&format!("note: {said}{}", measured(answer.verdict)));
        }
        _ => {}
    }
}

/// What no hit means.
fn none(answer: &Answer, question: &Question, not_asked: bool) -> &'static str {
    match answer.verdict {
        Verdict::Judged { .. } if answer.verdict.is_denied() => "not in these videos",
        Verdict::Judged { .. } => "nothing stands out",
        Verdict::Unknown if not_asked => {
            "cannot be told: the model knows no word of it, so nothing was looked for in the pictures, and \
             no subtitle says it"
        }
        Verdict::Unknown if question.sentence.is_none() && question.alike.is_none() => {
            "no subtitle says it"
        }
        Verdict::Unknown => "nothing found",
    }
}

fn measured(verdict: Verdict) -> String {
    match verdict {
        Verdict::Judged { false_alarms, .. } => {
            format!(": {} of sentences about other things stand out as much", share(false_alarms))
        }
        Verdict::Unknown => String::new(),
    }
}

/// Why no file is searched.
fn no_files(filter: &FileFilter) -> String {
    let given = [
        ("--in", !filter.folders.is_empty()),
        ("--file", filter.pattern.is_some()),
        ("--after", filter.after_ns.is_some()),
        ("--before", filter.before_ns.is_some()),
        ("--longer", filter.longer.is_some()),
        ("--shorter", filter.shorter.is_some()),
    ];
    let given: Vec<&str> = given.iter().filter(|(_, is)| *is).map(|(flag, _)| *flag).collect();
    match given.as_slice() {
        [] => "the index holds no videos".to_owned(),
        [one] => format!("no file of the index is meant by {one}"),
        several => format!("no file of the index is meant by {} together", several.join(", ")),
    }
}

fn share(share: f64) -> String {
    match share * 100.0 {
        percent if percent < 1.0 => "less than 1 %".to_owned(),
        percent => format!("{percent:.0} %"),
    }
}

/// How sure a hit is, and why.
fn how_sure(hit: &Hit) -> String {
    let why = match (&hit.evidence, hit.verdict) {
        (Evidence::Said { text, .. }, _) => {
            let mut shown: String = text.chars().take(SAID).collect();
            if shown.len() < text.len() {
                shown.push('…');
            }
            format!(", said: {shown}")
        }
        (Evidence::Seen, Verdict::Judged { false_alarms, .. }) => {
            format!(" (false alarms: {})", share(false_alarms))
        }
        (Evidence::Seen, Verdict::Unknown) => " (not measured)".to_owned(),
    };
    format!("{}{why}", hit.sure())
}

fn text(answer: &Answer, question: &Question) -> String {
    let files = counted(answer.num_files, "file");
    let mut lines = vec![match asked(question) {
        Some(asked) => format!("\"{}\" in {files}", output::one_line(&asked)),
        None => files,
    }];
    let mut table = Table::new([
        Column::numbers(2),
        Column::words(4),
        Column::numbers(9),
        Column::numbers(9),
        Column::numbers(9),
        Column::words(0),
    ]);
    table.row(["", "file", "start", "end", "best clip", "how sure"]);
    for (rank, hit) in answer.hits.iter().enumerate() {
        let is_gone = if hit.is_missing { " (gone)" } else { "" };
        let score = match hit.evidence {
            Evidence::Seen => format!("{:.3}", hit.rank_score),
            // On another scale.
            Evidence::Said { .. } => String::new(),
        };
        table.row([
            (rank + 1).to_string(),
            format!("{}{is_gone}", shown(&hit.path)),
            clock(hit.span.start.0),
            clock(hit.span.end.0),
            score,
            how_sure(hit),
        ]);
    }
    lines.extend(table.lines("  "));
    if answer.num_held_back > 0 {
        lines.push(format!(
            "held back: {}, not standing out (--all shows all)",
            counted(answer.num_held_back, "moment")
        ));
    }
    lines.join("\n")
}

/// A path from here, where it lies below.
fn shown(path: &Path) -> String {
    let below = here().and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    below.as_deref().unwrap_or(path).display().to_string()
}

fn here() -> Option<PathBuf> {
    std::env::current_dir().and_then(|here| here.canonicalize()).ok()
}

fn asked(question: &Question) -> Option<String> {
    let sentence = question.sentence.as_ref().map(|sentence| {
        let with = sentence.with.iter().map(|term| format!("+{term}"));
        let without = sentence.without.iter().map(|term| format!("-{term}"));
        let text = Some(sentence.text.clone()).filter(|text| !text.is_empty());
        text.into_iter().chain(with).chain(without).collect::<Vec<_>>().join(" ")
    });
    sentence.or_else(|| question.said.clone())
}

fn as_json(question: &Question, answer: &Answer, not_asked: bool) -> Value {
    let seconds = |hit: &Hit| (hit.span.start, hit.span.end);
    let sure = answer.sure(!not_asked);
    json!({
        "question": {
            "sentence": question.sentence.as_ref().map(|it| &it.text),
            "with": question.sentence.as_ref().map(|it| &it.with),
            "without": question.sentence.as_ref().map(|it| &it.without),
            "said": question.said,
            "scores": question.score.name(),
        },
        "num_files": answer.num_files,
        "verdict": {
            "sure": sure.map_or(json!("unknown"), |sure| json!(sure)),
            "false_alarms": answer.verdict.false_alarms(),
            "says": match sure {
                Some(Sureness::Found | Sureness::Maybe) => sure.map_or("", Sureness::words),
                _ => none(answer, question, not_asked),
            },
        },
        "hits": answer.hits.iter().map(|hit| {
            let (start, end) = seconds(hit);
            let mut value = json!({
                "file": hit.path.to_string_lossy(),
                "start_s": start,
                "end_s": end,
                "score": hit.score,
                "rank_score": hit.rank_score,
                "by": hit.evidence.word(),
                "is_refined": hit.is_refined,
                "is_missing": hit.is_missing,
                "verdict": { "sure": hit.sure(), "false_alarms": hit.verdict.false_alarms() },
            });
            if let Evidence::Said { text, language, source } = &hit.evidence {
                value["text"] = json!(text);
                value["language"] = json!(language);
                value["source"] = json!(source);
            }
            value
        }).collect::<Vec<_>>(),
        "num_held_back": answer.num_held_back,
        "background": answer.background.as_ref().map(background),
    })
}

fn background(background: &Background) -> Value {
    let quantiles = [0.05, 0.5, 0.95].map(|share| background.quantile(share));
    json!({
        "num_clips": background.num_scores(),
        "mean": background.mean(),
        "deviation": background.deviation(),
        "quantiles": quantiles,
    })
}
