//! FFmpeg reading from a stretch of an open file instead of a file of its own.

use std::ffi::{c_int, c_void};
use std::ptr::NonNull;
use std::sync::Arc;

use ffmpeg_the_third::ffi;

use crate::media_location::FileStretch;
use crate::watchdog::Watch;

/// What FFmpeg asks for at once.
const BUFFER_BYTES: usize = 1 << 15;

/// The bytes that a demuxer reads from; must be dropped after it.
pub(crate) struct StretchInput {
    context: *mut ffi::AVIOContext,
    /// Where `context` points back to: ours, and freed after it. Not a `Box`, for whoever moves a box
    /// says that nothing else points into it, and this struct is moved with FFmpeg's pointer at work.
    state: NonNull<State>,
}

struct State {
    stretch: FileStretch,
    at: u64,
    watch: Arc<Watch>,
}

// SAFETY: the context and its state are used by the thread alone that holds the demuxer, as the
// demuxer itself is; nothing in them is bound to the thread that made them.
unsafe impl Send for StretchInput {}

impl StretchInput {
    /// Over the stretch; none when memory is out.
    pub(crate) fn new(stretch: FileStretch, watch: &Arc<Watch>) -> Option<Self> {
        let state = Box::new(State { stretch, at: 0, watch: Arc::clone(watch) });
        let state = NonNull::from(Box::leak(state));
        let context = context(state.as_ptr().cast());
        if context.is_null() {
            // SAFETY: it was a box a moment ago, and nobody was given the pointer.
            drop(unsafe { Box::from_raw(state.as_ptr()) });
            return None;
        }
        Some(Self { context, state })
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
        // SAFETY: it was a box in `new`, is freed here alone, and the context that pointed to it is
        // gone.
        drop(unsafe { Box::from_raw(self.state.as_ptr()) });
    }
}

/// A context that reads and seeks by the state at `state`, which it does not own; null when memory
/// is out.
fn context(state: *mut c_void) -> *mut ffi::AVIOContext {
    // SAFETY: the buffer is FFmpeg's own memory, as it asks for, and is freed where no context takes
    // it. Nothing is read before the context is used.
    unsafe {
        let buffer = ffi::av_malloc(BUFFER_BYTES).cast::<u8>();
        if buffer.is_null() {
            return std::ptr::null_mut();
        }
        let size = BUFFER_BYTES as c_int;
        let context = ffi::avio_alloc_context(buffer, size, 0, state, Some(read), None, Some(seek));
        if context.is_null() {
            ffi::av_free(buffer.cast());
        }
        context
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn stretch(bytes: &[u8], start: u64, len: u64) -> FileStretch {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        FileStretch { file: Arc::new(file), start, len }
    }

    /// What FFmpeg reads from here on, by at most `most` bytes.
    fn read_on(input: &StretchInput, most: usize) -> Vec<u8> {
        let mut bytes = vec![0; most];
        // SAFETY: the context is alive and the buffer has the stated size.
        let read =
            unsafe { ffi::avio_read(input.context(), bytes.as_mut_ptr(), bytes.len() as c_int) };
        bytes.truncate(usize::try_from(read).unwrap_or(0));
        bytes
    }

    #[test]
    fn an_input_that_was_moved_about_reads_its_stretch_and_frees_what_it_read_by() {
        let watch = Arc::new(Watch::default());
        let stretch = stretch(b"before0123456789behind", 6, 10);
        let file = Arc::downgrade(&stretch.file);
        let input = StretchInput::new(stretch, &watch).unwrap();
        assert_eq!(read_on(&input, 4), b"0123");
        // Into a box, to another thread, into a list and out of it again.
        let boxed = Box::new(input);
        let there = std::thread::spawn(move || {
            let mut list = vec![*boxed];
            // SAFETY: the context is alive.
            let at = unsafe { ffi::avio_seek(list[0].context(), 7, libc::SEEK_SET) };
            assert_eq!((at, read_on(&list[0], 99)), (7, b"789".to_vec()));
            list.pop()
        });
        let input = there.join().unwrap().unwrap();
        // SAFETY: the context is alive.
        assert_eq!(unsafe { ffi::avio_size(input.context()) }, 10);
        assert!(file.upgrade().is_some());
        drop(input);
        assert!(file.upgrade().is_none());
        assert_eq!(Arc::strong_count(&watch), 1);
    }
}
