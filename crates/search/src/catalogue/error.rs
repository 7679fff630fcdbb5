//! What can go wrong with a catalogue.

use std::io;
use std::path::PathBuf;

use super::server_trouble::ServerTrouble;
use crate::scan::ScanError;
use crate::segment::SegmentError;

/// Why a catalogue does not do what is asked.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// No catalogue is there.
    #[error("{place}: no index is here; make one with `locvtp index add`")]
    Missing {
        /// The folder or address.
        place: String,
    },
    /// An empty text in place of a folder or an address.
    #[error(
        "the place of the index is empty, as of a variable of the shell that is not set; give a folder, `.` for the one \
         that you are in, or postgres://USER@HOST/DATABASE"
    )]
    NoPlace,
    /// Its folder or lock cannot be used.
    #[error("{path}: cannot use the index's folder")]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another program writes.
    #[error(
        "{place}: another program ({writer}) is writing to this index; wait until it is done, or \
         stop it"
    )]
    Busy {
        /// The folder or address.
        place: String,
        /// Who it is, as `process 12`.
        writer: String,
    },
    /// It was opened for reading.
    #[error("{place}: the index was opened for reading only")]
    ReadOnly {
        /// The folder or address.
        place: String,
    },
    /// Written by a later version of the program.
    #[error(
        "{place}: the index has version {found} and this program knows {known}; use the newer \
         program"
    )]
    Newer {
        /// The folder or address.
        place: String,
        /// The catalogue's version.
        found: i64,
        /// The version that is written today.
        known: i64,
    },
    /// The disk has no room for what the database writes.
    #[error(
        "{place}: the disk is full, so the index's database failed while {doing}; make room and give the command again"
    )]
    Full {
        /// The folder.
        place: String,
        /// As `adding a video`.
        doing: &'static str,
    },
    /// A question that stands in the way of all others.
    #[error(
        "{place}: {doing} took longer than {most_s} s and was given up; ask for fewer words, or for words that are said \
         less often"
    )]
    TooSlow {
        /// The folder.
        place: String,
        /// As `searching cues`.
        doing: &'static str,
        /// Seconds that it may take.
        most_s: u64,
    },
    /// The database refuses.
    #[error("{place}: the index's database failed while {doing}")]
    Database {
        /// The folder or address.
        place: String,
        /// As `adding a video`.
        doing: &'static str,
        /// What the database said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What stands in the database cannot be.
    #[error("{place}: the index is damaged: {what}")]
    Damaged {
        /// The folder or address.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// A server that answers and is not fit, or an address that is none.
    #[error("{place}: {what}")]
    Server {
        /// The address, without a password.
        place: String,
        /// What it lacks, and the way out.
        what: String,
    },
    /// A server that cannot be asked.
    #[error("{place}: {trouble} ({said})")]
    Unreachable {
        /// The address, without a password.
        place: String,
        /// Why, and the way out.
        trouble: ServerTrouble,
        /// What the server or the system said. As a text: a broken line is no broken pipe of the command's own, and a
        /// socket that is not there no file that somebody named.
        said: String,
    },
    /// A segment.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// A query that cannot be answered.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// A generation is not whole.
    #[error(
        "the index of model {model} is not whole: {left} of {all} files are not in it yet, {gone} of them \
         gone; go on with `locvtp index add`"
    )]
    NotWhole {
        /// The model's name.
        model: String,
        /// Files without vectors.
        left: u64,
        /// Of these, files that are gone and in the live index.
        gone: u64,
        /// Files that are present or in the live index.
        all: u64,
    },
    /// The record of an index's model is damaged, and another model is given.
    #[error(
        "which model made this index is damaged, and its vectors were not made by {given} with clips of \
         {sampling}; say with --model DIR which model it was, and with --stride S how its clips followed one \
         another. Nothing was removed; if that model is lost, delete the folder of the index and run `locvtp \
         index add` again"
    )]
    ModelUnknown {
        /// The model that is given.
        given: String,
        /// Its clips, as JSON.
        sampling: String,
    },
    /// What a number or name stands for is not there.
    #[error("the index has no {what}")]
    Unknown {
        /// As `file 7`.
        what: String,
    },
    /// The vectors of a video have another width than its index.
    #[error(
        "the index was made with vectors of {expected} numbers and the model makes {found}; build an \
         index of its own for this model"
    )]
    Width {
        /// Numbers of the index's vectors.
        expected: usize,
        /// Numbers of the vectors.
        found: usize,
    },
}
