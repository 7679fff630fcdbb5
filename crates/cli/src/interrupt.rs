//! Ctrl-C: once to save and stop, twice to stop at once.
//!
//! Only what can save itself asks for the first; everything else stops at once, as a program does.
//! What keeps each piece as soon as it is finished may stop at once as well, and says how to go on.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use locvtp_video::shown;

use crate::command_line::beside_others;

static PRESSED: AtomicU8 = AtomicU8::new(0);
static SAVING: AtomicBool = AtomicBool::new(false);
static IN_PIECES: AtomicBool = AtomicBool::new(false);
static SERVING: AtomicBool = AtomicBool::new(false);
static KEPT: AtomicBool = AtomicBool::new(false);
/// The command that goes on.
static GO_ON: OnceLock<String> = OnceLock::new();

/// Exit code of a program that was interrupted.
pub(crate) const EXIT_CODE: u8 = 130;

/// Listens until dropped: the first Ctrl-C is for [`pressed`] to see.
pub(crate) struct Listening;

impl Listening {
    /// `go_on` is the command that goes on with what was stopped; a process has one.
    pub(crate) fn begin(go_on: String) -> anyhow::Result<Self> {
        Self::listen(go_on)?;
        SAVING.store(true, Ordering::SeqCst);
        Ok(Self)
    }

    /// The same of what keeps each piece as soon as it is whole: nothing is saved at the end.
    pub(crate) fn keeping(go_on: String) -> anyhow::Result<Self> {
        let listening = Self::begin(go_on)?;
        IN_PIECES.store(true, Ordering::SeqCst);
        Ok(listening)
    }

    /// The first Ctrl-C stops at once and says that what is finished is kept, and how to go on.
    pub(crate) fn telling(go_on: String) -> anyhow::Result<Self> {
        Self::listen(go_on)?;
        KEPT.store(true, Ordering::SeqCst);
        Ok(Self)
    }

    /// The first Ctrl-C is for [`pressed`] to see, and nothing is saved: answers that are being given end.
    pub(crate) fn serving() -> anyhow::Result<Self> {
        Self::listen(String::new())?;
        SERVING.store(true, Ordering::SeqCst);
        Ok(Self)
    }

    fn listen(go_on: String) -> anyhow::Result<()> {
        static HANDLER: OnceLock<Result<(), String>> = std::sync::OnceLock::new();
        let handler = HANDLER
            .get_or_init(|| ctrlc::set_handler(handle).map_err(|error| error.to_string()))
            .clone();
        handler.map_err(|reason| anyhow::anyhow!("cannot listen for Ctrl-C: {reason}"))?;
        GO_ON.get_or_init(|| go_on);
        Ok(())
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        SAVING.store(false, Ordering::SeqCst);
        IN_PIECES.store(false, Ordering::SeqCst);
        KEPT.store(false, Ordering::SeqCst);
        SERVING.store(false, Ordering::SeqCst);
    }
}

fn handle() {
    let first = PRESSED.fetch_add(1, Ordering::SeqCst) == 0;
    if first && SAVING.load(Ordering::SeqCst) {
        let how = match IN_PIECES.load(Ordering::SeqCst) {
            true => "stopping; what is done is kept",
            false => "stopping after this step and saving",
        };
        match beside_others() {
            None => eprintln!("\n{how}; press Ctrl-C again to stop at once"),
            Some(true) => eprintln!(
                "\nasked to stop: {how}, if there is time for it (after Ctrl-C mpirun ends all within seconds)"
            ),
            Some(false) => {}
        }
        return;
    }
    if SERVING.load(Ordering::SeqCst) {
        if first {
            return;
        }
        std::process::exit(EXIT_CODE.into());
    }
    let kept = KEPT.load(Ordering::SeqCst);
    if !first || kept {
        eprintln!(
            "\nstopped; {}",
            if kept { "what is finished is kept" } else { "what was saved before is intact" }
        );
        if let Some(go_on) = GO_ON.get() {
            eprintln!("{}", shown::lines(&format!("go on with: {go_on}")));
        }
    }
    std::process::exit(EXIT_CODE.into());
}

/// Whether it was pressed.
pub(crate) fn pressed() -> bool {
    PRESSED.load(Ordering::SeqCst) > 0
}
