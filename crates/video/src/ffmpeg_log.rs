//! FFmpeg's log, kept for error messages instead of printed.
//!
//! FFmpeg writes to stderr whatever it dislikes about a file. A library must not, so the first use
//! of this crate takes the process-wide log over: each thread remembers the last line of level
//! "error", and nothing is printed.
//!
//! One thing FFmpeg says nowhere else: that its HEVC decoder lacks a picture that others are made
//! from and puts grey in its place.

use std::cell::{Cell, RefCell};
use std::sync::Once;

use ffmpeg_the_third::ffi;

use crate::error::FfmpegSaid;

thread_local! {
    static LAST_ERROR: RefCell<String> = const { RefCell::new(String::new()) };
    static REFERENCE_MISSED: Cell<bool> = const { Cell::new(false) };
}

/// The words of the HEVC decoder when it makes a grey picture up.
const MISSED: &str = "Could not find ref with POC";

/// Takes the log over (once a process) and forgets what this thread remembered.
pub(crate) fn listen() {
    static TAKE_OVER: Once = Once::new();
    TAKE_OVER.call_once(take_over);
    LAST_ERROR.with_borrow_mut(String::clear);
}

/// The last error line on this thread since [`listen`]; empty when there was none.
pub(crate) fn said() -> FfmpegSaid {
    FfmpegSaid(LAST_ERROR.with_borrow(|line| line.trim().to_owned()))
}

/// Whether a decoder on this thread made a reference up since the last call.
pub(crate) fn reference_missed() -> bool {
    REFERENCE_MISSED.take()
}

// The variable argument list is one type per platform; elsewhere the log is only silenced and
// messages carry the error code alone.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn take_over() {
    // SAFETY: the callback has FFmpeg's signature, never unwinds and stays valid for the life of
    // the process.
    unsafe { ffi::av_log_set_callback(Some(remember)) }
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
fn take_over() {
    ffmpeg_the_third::log::set_level(ffmpeg_the_third::log::Level::Quiet);
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
unsafe extern "C" fn remember(
    source: *mut std::ffi::c_void,
    level: std::ffi::c_int,
    format: *const std::ffi::c_char,
    arguments: *mut ffi::__va_list_tag,
) {
    // The low byte is the level, the others a terminal colour.
    if level & 0xff > ffi::AV_LOG_ERROR {
        return;
    }
    let mut line: [std::ffi::c_char; 512] = [0; 512];
    // Zero: without the prefix, which names the object by its address and would differ from run to
    // run.
    let mut print_prefix = 0;
    // SAFETY: all pointers come from FFmpeg or are locals of the stated size; the result ends in a
    // zero byte.
    let text = unsafe {
        let (size, prefix) = (line.len() as std::ffi::c_int, &raw mut print_prefix);
        ffi::av_log_format_line2(source, level, format, arguments, line.as_mut_ptr(), size, prefix);
        std::ffi::CStr::from_ptr(line.as_ptr()).to_string_lossy()
    };
    let text = text.trim();
    if !text.is_empty() {
        if text.starts_with(MISSED) {
            let _ = REFERENCE_MISSED.try_with(|missed| missed.set(true));
        }
        // A thread that is just ending has no storage left: then there is nobody to read the line
        // either.
        let _ = LAST_ERROR.try_with(|last| {
            if let Ok(mut last) = last.try_borrow_mut() {
                text.clone_into(&mut last);
            }
        });
    }
}
