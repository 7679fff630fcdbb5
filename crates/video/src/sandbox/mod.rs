//! Decoding in processes that may do nothing else: a second line of defence, should a decoder have a fault.
//!
//! FFmpeg's decoders are large programs in C that read files of strangers. After [`enter`] this process opens no video
//! itself, by whatever door: it opens the file, hands it over to a *worker*, and has pictures back. A worker is this
//! program again, under a name of its own ([`WORKER_COMMAND`]), which gives up all rights before it sees the first byte
//! (`layers`). It gets an open file and no name that it could open. What it answers is a claim, compared with what was
//! asked for before memory is taken for it (`worker_file`).
//!
//! A worker that ends, or answers nonsense, makes that one video bad ([`VideoError::DecoderEnded`](crate::VideoError)); the
//! next one gets another worker.
//!
//! - `workers`: starting them, lending them, and seeing them off
//! - `channel`, `messages`: how both sides talk
//! - `serve`: the worker's side

#[cfg(target_os = "linux")]
mod attempts;
mod channel;
mod layers;
mod messages;
mod serve;
mod worker;
pub(crate) mod worker_file;
mod workers;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use ffmpeg_the_third as ffmpeg;

pub use layers::Layers;
pub use serve::serve;
pub use workers::{SandboxError, Workers};

/// The first argument by which a program is asked to be a worker: it shall call [`serve`] and do nothing else.
pub const WORKER_COMMAND: &str = "decode-worker";

static ENTERED: OnceLock<Workers> = OnceLock::new();
static IS_WORKER: AtomicBool = AtomicBool::new(false);

/// How a worker ends for want of memory: the number of that error.
const OUT_OF_MEMORY: i32 = libc::ENOMEM;

/// From now on this process opens no video itself, but by workers that may take `memory` bytes each for their data. This
/// program has to call [`serve`](fn@serve) where [`WORKER_COMMAND`] is its first argument. A second call changes nothing.
///
/// # Errors
/// When the system cannot lock a worker up. Then nothing is changed.
pub fn enter(memory: u64) -> Result<&'static Layers, SandboxError> {
    match ENTERED.get() {
        Some(workers) => Ok(workers.layers()),
        None => {
            let started = Workers::start(memory)?;
            Ok(ENTERED.get_or_init(|| started).layers())
        }
    }
}

/// The layers that hold the workers, where the sandbox was entered.
pub fn layers() -> Option<&'static Layers> {
    ENTERED.get().map(Workers::layers)
}

/// The workers of this process, if it opens no video itself.
pub(crate) fn entered() -> Option<&'static Workers> {
    ENTERED.get()
}

/// Whether this process is a worker.
pub(crate) fn is_worker() -> bool {
    IS_WORKER.load(Ordering::Relaxed)
}

/// In a worker, memory ends where its limit is, and with it the worker: what FFmpeg cannot get memory for it may else take
/// for damage of the file. Elsewhere this does nothing.
pub(crate) fn end_without_memory() {
    if is_worker() {
        // SAFETY: ends this process at once, also from a thread of FFmpeg's.
        unsafe { libc::_exit(OUT_OF_MEMORY) };
    }
}

/// The same where an error of FFmpeg says that memory is out.
pub(crate) fn end_where_memory_is_out(error: ffmpeg::Error) {
    if matches!(error, ffmpeg::Error::Other { errno: libc::ENOMEM }) {
        end_without_memory();
    }
}
