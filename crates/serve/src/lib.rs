//! A web server and one page for finding moments in an index of videos.
//!
//! What is searched comes in as a [`Library`]: the index of somebody's videos, seen through the few
//! questions that the page asks. What goes out is HTTP: an interface under `/api/v1`, described by the
//! document at `/api/v1/openapi.json`, and one page whose parts all lie in the program. Nothing here
//! knows of models or of how an index is stored.
//!
//! - [`Library`]: what an index must answer; [`Query`], [`Answer`], [`Hit`], [`Media`] and the other
//!   words of that talk
//! - [`ServeSettings`]: the address, the [`Token`], and what a request may cost
//! - [`Server`]: listens, answers, and stops when its [`Stopper`] says so; each request is told to an
//!   observer as a [`RequestLog`]
//! - [`openapi`]: the document that describes the interface, made from the list of routes
//!
//! A video is named by its [`MediaId`] alone: no path comes in from outside. Off the loopback address
//! the server starts with a token only.

mod assets;
mod bodies;
mod byte_range;
mod cache_folder;
mod connection;
mod echo;
mod exports;
mod figures;
mod file_cache;
mod file_making;
mod file_response;
mod guard;
mod library;
mod media;
mod media_routes;
mod object;
mod open_file;
mod openapi;
mod pictures;
mod problem;
mod query;
mod read_request;
mod reports;
mod request_log;
mod route;
mod routes;
mod search_routes;
mod server;
mod settings;
mod shown_media;
mod sprites;
mod state;
mod subtitle_track;
mod subtitles;
mod token;
mod web_vtt;
mod workers;

pub use exports::{ExportFormat, ExportHit, ExportedFile, LeftOut};
pub use library::{Cause, Library, LibraryError};
pub use media::{Media, MediaId, MediaPage, PageRequest};
pub use open_file::check_file;
pub use query::{
    Answer, ClipScore, Distribution, Evidence, Hit, Like, Query, Scores, Sureness, Verdict,
};
pub use reports::{BadFile, Job, JobState, LibraryState};
pub use request_log::{Observer, RequestLog};
pub use routes::openapi;
pub use server::{ServeError, Server, Stopper};
pub use settings::{ServeLimits, ServeSettings};
pub use subtitle_track::{SubtitleCue, SubtitleTrack};
pub use token::{Token, TokenError};
