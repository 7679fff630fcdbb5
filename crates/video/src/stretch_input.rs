//! FFmpeg reading from a stretch of an open file instead of a file of its own.

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use ffmpeg_the_third::ffi;

use crate::media_location::FileStretch;
use crate::watchdog::Watch;

/// What FFmpeg asks for at once.
const BUFFER_BYTES: usize = 1 << 15;

/// The bytes that a demuxer reads from; must be dropped after it.
pub(crate) struct StretchInput {
    context: *mut ffi::AVIOContext,
    /// Where `context` points back to.
    _state: Box<State>,
}

struct State {
    stretch: FileStretch,
    at: u64,
    watch: Arc<Watch>,
}

// SAFETY: the context is used by the thread alone that holds the demuxer, as the demuxer itself is;
// nothing in it is bound to the thread that made it.
unsafe impl Send for StretchInput {}

impl StretchInput {
    /// Over the stretch; none when memory is out.
    pub(crate) fn new(stretch: FileStretch, watch: &Arc<Watch>) -> Option<Self> {
        let mut state = Box::new(State { stretch, at: 0, watch: Arc::clone(watch) });
        // SAFETY: the buffer is FFmpeg's own memory, as it asks for; the state is boxed, so its
        // place does not change, and lives as long as the context.
        let context = unsafe {
            let buffer = ffi::av_malloc(BUFFER_BYTES).cast::<u8>();
            if buffer.is_null() {
                return None;
            }
            let opaque = (&raw mut *state).cast::<c_void>();
            let size = BUFFER_BYTES as c_int;
            let context =
                ffi::avio_alloc_context(buffer, size, 0, opaque, Some(read), None, Some(seek));
            if context.is_null() {
                ffi::av_free(buffer.cast());
                return None;
            }
            context
        };
        Some(Self { context, _state: state })
    }

    /// For the demuxer's `pb`.
    pub(crate) fn context(&self) -> *mut ffi::AVIOContext {
        self.context
    }
}

impl Drop for StretchInput {
    fn drop(&mut self) {
        // SAFETY: no demuxer uses the context any more. FFmpeg may have exchanged the buffer for
        // another of its own, so the one that is there now is freed.
        unsafe {
            ffi::av_freep((&raw mut (*self.context).buffer).cast());
            ffi::avio_context_free(&raw mut self.context);
        }
    }
}

unsafe extern "C" fn read(state: *mut c_void, buffer: *mut u8, size: c_int) -> c_int {
    // SAFETY: FFmpeg hands back the state it was given and a buffer of `size` bytes.
    let (state, buffer) = unsafe {
        let size = usize::try_from(size).unwrap_or(0);
        (&mut *state.cast::<State>(), std::slice::from_raw_parts_mut(buffer, size))
    };
    if state.watch.is_given_up() {
        return ffi::AVERROR_EXIT;
    }
    match state.stretch.read_at(buffer, state.at) {
        Ok(0) => ffi::AVERROR_EOF,
        Ok(read) => {
            state.at += read as u64;
            read as c_int
        }
        Err(error) => -error.raw_os_error().unwrap_or(libc::EIO),
    }
}

unsafe extern "C" fn seek(state: *mut c_void, offset: i64, whence: c_int) -> i64 {
    // SAFETY: as in `read`.
    let state = unsafe { &mut *state.cast::<State>() };
    let len = state.stretch.len as i64;
    let target = match whence & !ffi::AVSEEK_FORCE {
        ffi::AVSEEK_SIZE => return len,
        libc::SEEK_SET => Some(offset),
        libc::SEEK_CUR => offset.checked_add(state.at as i64),
        libc::SEEK_END => offset.checked_add(len),
        _ => None,
    };
    match target.filter(|target| *target >= 0) {
        Some(target) => {
            state.at = target as u64;
            target
        }
        None => i64::from(-libc::EINVAL),
    }
}
