//! The command `locvtp`: one match on the command, one file a command.

mod answer_notes;
mod args;
mod catalogue_place;
mod clock;
mod command_line;
mod commands;
mod embedding_file;
mod file_reading;
mod grouped_counts;
mod help;
mod hub;
mod hub_cache;
mod hub_server;
mod interrupt;
mod known_models;
mod missing;
mod moved_folder;
mod null_captions;
mod numbers;
mod output;
mod pace;
mod page;
mod progress;
mod ranks;
mod run_corpus;
mod sandboxed;
mod score_bars;
mod table;
mod time_left;
mod trained_matches;
mod trained_words;
mod wrong_command;

use std::process::ExitCode;

use clap::FromArgMatches;
use locvtp_video::sandbox;

use crate::args::{Args, Command};
use crate::commands::corpus::command::CorpusCommand;
use crate::commands::index::command::Index;
use crate::commands::model::Model;
use crate::commands::weights::Weights;

/// Burn allocates and frees a tensor's memory at every operation. An allocator that keeps its pages
/// spares every step the page faults that come with giving them back to the system, as glibc's does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How a command ended, as an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Exit 0.
    Done,
    /// Exit 1: the command ran and found nothing.
    NothingFound,
    /// Exit 130: the user stopped it, and what was done is saved.
    Interrupted,
    /// Exit 130, too: it could not be brought to its end yet, and what was done is saved.
    Unfinished,
}

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|word| word == sandbox::WORKER_COMMAND) {
        return sandbox::serve();
    }
    give_pages_back(NEVER);
    have_long_files_told();
    let args = match typed() {
        Ok(args) => args,
        Err(code) => return code,
    };
    let result = run(args.command);
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::NothingFound) => ExitCode::from(1),
        Ok(Outcome::Interrupted | Outcome::Unfinished) => ExitCode::from(interrupt::EXIT_CODE),
        // A reader that has seen enough (`| head`) is no failure.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            ranks::let_the_first_speak();
            output::error(&error);
            ExitCode::from(2)
        }
    }
}

/// Whether several processes do the work of one.
fn shares_its_work(command: &Command) -> bool {
    matches!(
        command,
        Command::Pretrain(_) | Command::Extract(_) | Command::Index { command: Index::Add(_) }
    )
}

/// Does what was typed.
fn run(command: Command) -> anyhow::Result<Outcome> {
    if !shares_its_work(&command) {
        ranks::one_alone()?;
    }
    match command {
        Command::Demo(args) => commands::demo::run(&args),
        Command::Synthesize(args) => commands::synthesize::run(&args),
        Command::Corpus { command: CorpusCommand::Check(args) } => {
            commands::corpus::check::run(&args)
        }
        Command::Corpus { command: CorpusCommand::Pack(args) } => {
            commands::corpus::pack::run(&args)
        }
        Command::Pretrain(args) => commands::pretrain::run(&args),
        Command::Evaluate(args) => commands::evaluate::run(&args),
        Command::Transfer(args) => commands::transfer::run(&args),
        Command::Results(args) => commands::results::run(&args),
        Command::Score(args) => commands::score::run(&args),
        Command::Extract(args) => commands::extract::run(&args),
        Command::Embed(args) => commands::embed::run(&args),
        Command::Ground(args) => commands::ground::run(&args),
        Command::Index { command } => {
            take_small_pages();
            commands::index::command::run(&command)
        }
        Command::Search(args) => commands::search::run(&args),
        Command::Serve(args) => {
            give_pages_back(SOON_MS);
            commands::serve::run(&args)
        }
        Command::Weights(Weights::Import(args)) => commands::weights::import::run(&args),
        Command::Weights(Weights::Inspect(args)) => commands::weights::inspect::run(&args),
        Command::Weights(Weights::Random(args)) => commands::weights::random::run(&args),
        Command::Model(Model::List(args)) => commands::model::list::run(&args),
        Command::Model(Model::Info(args)) => commands::model::info::run(&args),
        Command::Model(Model::Get(args)) => commands::model::get::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Report(args) => commands::report::run(&args),
    }
}

/// What was typed; the exit code where that was no command, or asked for help.
fn typed() -> Result<Args, ExitCode> {
    let matches = help::command_line().try_get_matches();
    matches.and_then(|matches| Args::from_arg_matches(&matches)).map_err(|error| {
        ranks::let_the_first_speak();
        if let Some(said) = wrong_command::said_otherwise(&error)
            .or_else(|| wrong_command::said_of_value(&error, &words()))
            .or_else(|| wrong_command::said_of_path(&error, &words()))
            .or_else(|| wrong_command::said_of_option(&error, &words()))
            .or_else(|| wrong_command::said_of_nothing(&error))
            .or_else(|| wrong_command::said_of_term(&error))
        {
            output::error(&anyhow::anyhow!(said));
        } else {
            output::usage(&error);
        }
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
    })
}

/// The words of the command.
fn words() -> Vec<String> {
    std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// Never: memory that was freed is kept, which is fastest where all of it is needed again.
const NEVER: i32 = -1;

/// Of a server: what a burst of visitors needed is given back a tenth of a second later. Of an index that would cost a tenth
/// of the work.
const SOON_MS: i32 = 100;

/// Says when freed memory is given back to the system, unless the environment says otherwise.
///
/// mimalloc reads its environment before `main`, so a variable set here would come too late.
fn give_pages_back(after_ms: i32) {
    /// `mi_option_purge_delay` of mimalloc.h, which the Rust binding leaves out.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    if std::env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
        // SAFETY: sets a number in mimalloc's table of options, which is made for that.
        unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, after_ms.into()) };
    }
}

/// Has the system give memory in pages of 4 KiB and not of 2 MiB, of which indexing leaves most of each unused: a quarter
/// less is taken so.
fn take_small_pages() {
    // SAFETY: changes a setting of this process alone. Where the system does not know it, nothing changes.
    unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0) };
}

/// Has a write beyond what `ulimit -f` allows fail, with a reason. Else the system ends the process without a word.
fn have_long_files_told() {
    // SAFETY: changes what one signal does, before there are threads.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
