//! Ctrl-C: once to save and stop, twice to stop at once.
//!
//! Only what can save itself asks for the first; everything else stops at once, as a program does.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

static PRESSED: AtomicU8 = AtomicU8::new(0);
static SAVING: AtomicBool = AtomicBool::new(false);

/// Exit code of a program that was interrupted.
pub(crate) const EXIT_CODE: u8 = 130;

/// Listens until dropped: the first Ctrl-C is for [`pressed`] to see.
pub(crate) struct Listening;

impl Listening {
    pub(crate) fn begin() -> anyhow::Result<Self> {
        static HANDLER: std::sync::OnceLock<Result<(), String>> = std::sync::OnceLock::new();
        let handler = HANDLER
            .get_or_init(|| ctrlc::set_handler(handle).map_err(|error| error.to_string()))
            .clone();
        handler.map_err(|reason| anyhow::anyhow!("cannot listen for Ctrl-C: {reason}"))?;
        SAVING.store(true, Ordering::SeqCst);
        Ok(Self)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        SAVING.store(false, Ordering::SeqCst);
    }
}

fn handle() {
    let first = PRESSED.fetch_add(1, Ordering::SeqCst) == 0;
    if first && SAVING.load(Ordering::SeqCst) {
        eprintln!("\nstopping after this step and saving; press Ctrl-C again to stop at once");
        return;
    }
    if !first {
        eprintln!("\nstopped; the last checkpoint is intact, go on with --resume");
    }
    std::process::exit(EXIT_CODE.into());
}

/// Whether it was pressed.
pub(crate) fn pressed() -> bool {
    PRESSED.load(Ordering::SeqCst) > 0
}
