//! Ctrl-C: once to save and stop, twice to stop at once.

use std::sync::atomic::{AtomicU8, Ordering};

static PRESSED: AtomicU8 = AtomicU8::new(0);

/// Listens from now on.
pub(crate) fn listen() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        if PRESSED.fetch_add(1, Ordering::SeqCst) == 0 {
            eprintln!("\nstopping after this step and saving; press Ctrl-C again to stop at once");
        } else {
            eprintln!("\nstopped; the last checkpoint is intact, go on with --resume");
            std::process::exit(130);
        }
    })?;
    Ok(())
}

/// Whether it was pressed.
pub(crate) fn pressed() -> bool {
    PRESSED.load(Ordering::SeqCst) > 0
}
