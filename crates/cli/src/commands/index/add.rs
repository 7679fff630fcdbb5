//! `locvtp index add`: a folder's index, made or brought up to date.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args as ClapArgs;
use locvtp_cluster::{Communicator, Course, agree};
use locvtp_finder::{
    IndexObserver, IndexSampling, IndexSummary, Indexer, help_to_index, model_record,
};
use locvtp_search::catalogue::{Catalogue, CatalogueLocation};
use locvtp_search::identity::{FolderWalk, walk};
use locvtp_transfer::{Embedder, locate_model};
use locvtp_video::VideoOpener;
use locvtp_video::counted::counted;

use super::change;
use super::progress::Progress;
use super::summary::{folders_left_out, links_not_followed, text};
use crate::catalogue_place::{CataloguePlace, live_index, may_be_there, model_of, open_to_write};
use crate::command_line::typed_again;
use crate::commands::ground::open_embedder;
use crate::file_reading::FileReading;
use crate::null_captions::null_captions;
use crate::numbers::number;
use crate::ranks::{self, is_first};
use crate::{Outcome, interrupt, missing, output};

/// What is said of a model by which nothing is measured.
const NOT_MEASURED: &str = "note: how sure an answer is cannot be told with this model, as it has few everyday words in its vocabulary \
                            and no training_words.json; searches show the nearest moments, also where nothing is there";

/// `locvtp index add`
#[derive(Debug, ClapArgs)]
pub(crate) struct Add {
    /// Folders with videos, and video files
    #[arg(required = true, value_name = "FOLDER")]
    pub(crate) folders: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) making: Making,
    /// A bad video is an error (exit 2), though the others are indexed all the same
    #[arg(long)]
    pub(crate) strict: bool,
    /// Print what was done as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// How an index is made, for all commands that do.
#[derive(Debug, ClapArgs)]
pub(crate) struct Making {
    #[command(flatten)]
    pub(crate) place: CataloguePlace,
    /// Model directory, or a run or demo folder that holds one [default: the one that the index was made
    /// with]
    #[arg(long, value_name = "DIR")]
    pub(crate) model: Option<PathBuf>,
    /// Seconds from the start of a clip to the start of the next [default: as the index has it; in a new
    /// one a clip, or a second for models that see single frames]
    #[arg(long, value_name = "S", value_parser = number(0.01, 86_400.0))]
    pub(crate) stride: Option<f64>,
    #[command(flatten)]
    pub(crate) reading: FileReading,
}

/// A model that is ready to index.
pub(crate) struct Prepared {
    pub(crate) dir: PathBuf,
    pub(crate) embedder: Embedder,
    pub(crate) sampling: IndexSampling,
    opener: VideoOpener,
    null_sentences: Vec<String>,
}

pub(crate) fn run(args: &Add) -> anyhow::Result<Outcome> {
    match ranks::together(
        |ranks| if is_first(ranks) { added(args, ranks) } else { helped(args, ranks) },
    )? {
        Added::Summary(summary, place) => {
            if args.json {
                output::json(&summary)?;
            } else {
                output::text(&text(&summary, Some(&place)))?;
            }
            outcome(&summary, args.strict)
        }
        Added::Nothing(walked) => {
            let passed_over =
                [links_not_followed(&walked.links), folders_left_out(&walked.left_out)];
            passed_over.iter().flatten().for_each(|it| output::note(it));
            Ok(nothing_there())
        }
        Added::Elsewhere => Ok(Outcome::Done),
    }
}

/// What one process is left with.
enum Added {
    Summary(Box<IndexSummary>, CatalogueLocation),
    /// There are no videos where this walk went.
    Nothing(FolderWalk),
    /// Rank 0 has all of it.
    Elsewhere,
}

fn added(args: &Add, ranks: &dyn Communicator) -> anyhow::Result<Added> {
    check_folders(&args.folders)?;
    let place = args.making.place.of_videos(&args.folders)?;
    if args.making.model.is_none() && !may_be_there(&place) {
        // Says which model is missing before a catalogue is made.
        model_of(None, None)?;
    }
    if let Some(model) = &args.making.model {
        // A catalogue is not made for a model that is not there.
        check_model(model)?;
    }
    let walked = walk(&args.folders);
    if !may_be_there(&place) && walked.files.is_empty() && walked.closed.is_empty() {
        // Nor is one made for nothing.
        agree(ranks, Ok(Course::Stop), &mut [])?;
        return Ok(Added::Nothing(walked));
    }
    let catalogue = open_to_write(&place)?;
    let prepared = args.making.prepared(catalogue.as_ref())?;
    agree(ranks, Ok(Course::GoOn), &mut [])?;
    ranks.gather_bytes(&prepared.for_helpers())?;
    let _listening = interrupt::Listening::keeping(typed_again(None, None))?;
    let mut progress = Progress::new();
    let indexer = prepared.indexer(catalogue.as_ref())?.with_ranks(ranks);
    let summary = indexer.add(&args.folders, &mut progress)?;
    Ok(Added::Summary(Box::new(summary), place))
}

/// The same of another process than rank 0, which encodes its share with the model that rank 0 found.
fn helped(args: &Add, ranks: &dyn Communicator) -> anyhow::Result<Added> {
    ranks.progress().rest();
    if agree(ranks, Ok(Course::GoOn), &mut [])? == Course::Stop {
        return Ok(Added::Elsewhere);
    }
    let told = ranks.gather_bytes(&[])?;
    let (dir, sampling) = of_first(&told[0])?;
    let (embedder, opener) = (open_embedder(&dir)?, args.making.reading.opener()?);
    let _listening = interrupt::Listening::keeping(typed_again(None, None))?;
    help_to_index(ranks, &embedder, &dir, sampling, opener, &interrupt::pressed)?;
    Ok(Added::Elsewhere)
}

/// The model and the clips that rank 0 told of.
fn of_first(told: &[u8]) -> anyhow::Result<(PathBuf, IndexSampling)> {
    let (dir, sampling): (Vec<u8>, IndexSampling) = serde_json::from_slice(told)?;
    Ok((OsString::from_vec(dir).into(), sampling))
}

/// How the command ends.
pub(crate) fn outcome(summary: &IndexSummary, is_strict: bool) -> anyhow::Result<Outcome> {
    let num_bad = summary.bad.len() + summary.num_still_bad;
    if summary.is_stopped {
        output::note(&format!(
            "stopped; what is done is kept. Go on with: {}",
            typed_again(None, None)
        ));
        return Ok(Outcome::Interrupted);
    }
    if summary.num_left > 0 {
        return Ok(Outcome::Unfinished);
    }
    let reasons = match summary.num_still_bad {
        0 => "the reasons stand above",
        _ => "`locvtp index list` has the reasons",
    };
    if is_strict && num_bad > 0 {
        bail!("left out: {}; {reasons}", counted(num_bad, "file"));
    }
    let has_any = summary.num_added + summary.num_moved + summary.num_unchanged > 0;
    if !has_any && num_bad > 0 {
        bail!("{} given, and none can be read; {reasons}", counted(num_bad, "file"));
    }
    if !has_any && summary.waiting.is_empty() {
        return Ok(nothing_there());
    }
    Ok(Outcome::Done)
}

fn nothing_there() -> Outcome {
    output::note("nothing found: no video files there; name files, or a folder that has some");
    Outcome::NothingFound
}

pub(crate) fn check_folders(folders: &[PathBuf]) -> anyhow::Result<()> {
    match folders.iter().find(|folder| !folder.exists()) {
        Some(folder) => bail!(missing::does_not_exist(folder, "check the path")),
        None => Ok(()),
    }
}

fn check_model(dir: &Path) -> anyhow::Result<()> {
    if !locate_model(dir).join("config.json").is_file() {
        bail!(missing::no_model(dir));
    }
    Ok(())
}

impl Making {
    /// The model that is given, or that of the index, with the index's clips. What it changes of the index is told.
    pub(crate) fn prepared(&self, catalogue: &dyn Catalogue) -> anyhow::Result<Prepared> {
        let index = live_index(catalogue)?;
        let index = index.as_ref();
        let dir = model_of(self.model.as_deref(), index)?;
        let embedder = open_embedder(&dir)?;
        let sampling = match (self.stride, index) {
            (Some(stride), _) => IndexSampling { stride_s: Some(stride) },
            (None, Some(index)) => IndexSampling::of_json(&index.model.sampling),
            (None, None) => IndexSampling::default(),
        };
        let null_sentences = null_captions(&dir, &embedder)?;
        if null_sentences.is_empty() {
            output::note(NOT_MEASURED);
        }
        let opener = self.reading.opener()?;
        let prepared = Prepared { dir, embedder, sampling, opener, null_sentences };
        let model = model_record(&prepared.embedder, &prepared.dir, sampling)?;
        change::tell(&model, catalogue, index)?;
        let preprocessing = &prepared.embedder.directory().preprocessing;
        change::gaps(self.stride, preprocessing).iter().for_each(|gaps| output::note(gaps));
        Ok(prepared)
    }
}

impl Prepared {
    /// What other processes must know, to index with this model as well.
    fn for_helpers(&self) -> Vec<u8> {
        let told = (self.dir.as_os_str().as_bytes(), self.sampling);
        serde_json::to_vec(&told).expect("plain data")
    }

    pub(crate) fn indexer<'a>(
        &'a self,
        catalogue: &'a dyn Catalogue,
    ) -> anyhow::Result<Indexer<'a>> {
        let indexer = Indexer::new(catalogue, &self.embedder, &self.dir, self.sampling)?;
        let indexer = indexer.with_opener(self.opener.clone());
        Ok(indexer.with_null_sentences(self.null_sentences.clone()))
    }

    pub(crate) fn add(
        &self,
        catalogue: &dyn Catalogue,
        folders: &[PathBuf],
        observer: &mut dyn IndexObserver,
    ) -> anyhow::Result<IndexSummary> {
        Ok(self.indexer(catalogue)?.add(folders, observer)?)
    }
}
