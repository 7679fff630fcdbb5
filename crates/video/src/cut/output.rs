//! Where a cut is written: a file that is whole or not there, or memory.

use std::ffi::{CStr, CString};
use std::path::{Path, PathBuf};

use ffmpeg::format::context::Output;
use ffmpeg::{Dictionary, Packet, Rational, ffi};
use ffmpeg_the_third as ffmpeg;

use crate::decode::VideoReader;
use crate::error::VideoError;
use crate::ffmpeg_log;
use crate::probe;
use crate::time::TimeSpan;
use crate::transform::FrameTransform;
use crate::whole_file::{PartName, WholeFile};

/// A muxer and what it writes to.
pub(super) struct CutOutput {
    pub(super) muxer: Output,
    /// The file, or the source where it goes to memory: for messages.
    place: PathBuf,
    whole: Option<WholeFile>,
}

impl CutOutput {
    /// A file of the kind that its name says.
    pub(super) fn file(to: &Path) -> Result<Self, VideoError> {
        let refused = |reason: &str| {
            let reason = reason.to_owned();
            VideoError::EncoderSettings { path: to.to_owned(), reason }
        };
        let name = CString::new(to.as_os_str().as_encoded_bytes());
        let name = name.map_err(|_| VideoError::ZeroByteInPath { path: to.to_owned() })?;
        let none = std::ptr::null();
        // SAFETY: the name ends in a zero byte; formats and their names are FFmpeg's own static ones.
        let format = unsafe {
            let format = ffi::av_guess_format(none, name.as_ptr(), none).as_ref();
            format.and_then(|format| CStr::from_ptr(format.name).to_str().ok())
        };
        let format = format.ok_or_else(|| {
            refused("its ending names no kind of video file; use .mp4, .mov, .mkv, .ts or .avi")
        })?;
        let whole = WholeFile::beside(to, PartName::Own);
        let io = |source| VideoError::Io {
            path: to.to_owned(),
            action: "create the file in its folder".into(),
            source,
        };
        whole.create().map_err(io)?;
        let url = probe::file_url(whole.part())?;
        let opened = ffmpeg::format::output_as(url, format);
        let place = to.to_owned();
        let muxer = opened.map_err(|source| failed(&place, "create the file", source))?;
        Ok(Self { muxer, place, whole: Some(whole) })
    }

    /// An MP4 in memory, cut out of `source`.
    pub(super) fn memory(source: &Path) -> Result<Self, VideoError> {
        let out_of_memory = || {
            let errno = ffmpeg::Error::Other { errno: libc::ENOMEM };
            failed(source, "write to memory", errno)
        };
        let (mut context, none) = (std::ptr::null_mut(), std::ptr::null());
        // SAFETY: `wrap` takes the context over; a muxer without a place to write to is dropped as one.
        let mut muxer = unsafe {
            let name = c"mp4".as_ptr();
            ffi::avformat_alloc_output_context2(&raw mut context, none, name, none.cast());
            if context.is_null() {
                return Err(out_of_memory());
            }
            Output::wrap(context)
        };
        // SAFETY: the context is alive, and `CutOutput` closes the buffer before it drops the muxer.
        if unsafe { ffi::avio_open_dyn_buf(&raw mut (*muxer.as_mut_ptr()).pb) } < 0 {
            return Err(out_of_memory());
        }
        Ok(Self { muxer, place: source.to_owned(), whole: None })
    }

    pub(super) fn needs_global_header(&self) -> bool {
        self.muxer.format().flags().contains(ffmpeg::format::Flags::GLOBAL_HEADER)
    }

    /// Whether the kind of file has no other place for the headers of its codec.
    pub(super) fn keeps_headers_among_pictures(&self) -> bool {
        const KINDS: [&str; 6] = ["mpegts", "mpeg", "vob", "dvd", "svcd", "vcd"];
        KINDS.contains(&self.muxer.format().name())
    }

    /// Writes the header; streams are added before.
    pub(super) fn begin(&mut self, fragmented: bool) -> Result<(), VideoError> {
        let mut options = Dictionary::new();
        if matches!(self.muxer.format().name(), "mp4" | "mov" | "ipod") {
            // The index is written behind the first pictures and not before them: only then is there
            // an edit list that leaves out what AAC puts before its first sample.
            let in_fragments = "frag_keyframe+delay_moov+default_base_moof";
            options.set("movflags", if fragmented { in_fragments } else { "faststart" });
        }
        options.set("fflags", "+bitexact");
        let written = self.muxer.write_header_with(options);
        written.map(drop).map_err(|source| failed(&self.place, "write the header", source))
    }

    /// Writes a packet with times in `ticks`, or in those that the muxer chose for the stream.
    pub(super) fn write(
        &mut self,
        mut packet: Packet,
        stream: usize,
        ticks: Rational,
    ) -> Result<(), VideoError> {
        let chosen = self.muxer.stream(stream).map_or(ticks, |stream| stream.time_base());
        packet.rescale_ts(ticks, chosen);
        packet.set_stream(stream);
        packet.set_position(-1);
        let written = packet.write_interleaved(&mut self.muxer);
        written.map_err(|source| failed(&self.place, "write to it", source))
    }

    /// Writes the end and gives the file its name; the bytes of one in memory.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, VideoError> {
        let Some(whole) = self.end()? else { return Ok(self.take_memory()) };
        self.give_name(whole)?;
        Ok(Vec::new())
    }

    /// The same of a file that was copied from `span` of `source`, whose first picture must come out of a decoder
    /// whole.
    pub(super) fn finish_decodable(
        mut self,
        source: &Path,
        span: TimeSpan,
    ) -> Result<(), VideoError> {
        let Some(whole) = self.end()? else { return Ok(()) };
        if let Err(why) = first_picture(whole.part()) {
            let (path, why) = (source.to_owned(), Box::new(why));
            return Err(VideoError::CopyUndecodable { path, span, why });
        }
        self.give_name(whole)
    }

    /// Writes the end and closes the file; none of one in memory.
    fn end(&mut self) -> Result<Option<WholeFile>, VideoError> {
        // SAFETY: the header is written. A fragmented MP4 answers with the size of its index and not, as
        // the documentation says, with zero.
        let ended = unsafe { ffi::av_write_trailer(self.muxer.as_mut_ptr()) };
        if ended < 0 {
            return Err(failed(&self.place, "write the end of the video", ended.into()));
        }
        let Some(whole) = self.whole.take() else { return Ok(None) };
        // SAFETY: the context is alive; only closing here tells of a last write that failed.
        let closed = unsafe { ffi::avio_closep(&raw mut (*self.muxer.as_mut_ptr()).pb) };
        if closed < 0 {
            return Err(failed(&self.place, "write the end of the file", closed.into()));
        }
        Ok(Some(whole))
    }

    fn give_name(&self, whole: WholeFile) -> Result<(), VideoError> {
        let io = |source| VideoError::Io {
            path: self.place.clone(),
            action: "rename the finished file".into(),
            source,
        };
        whole.finish_unsynced().map_err(io)
    }

    fn take_memory(&mut self) -> Vec<u8> {
        let mut bytes = std::ptr::null_mut();
        // SAFETY: the buffer was opened in `memory`, is closed once, and what it gives is copied before
        // it is freed. Without it the muxer has nothing to close.
        unsafe {
            let context = self.muxer.as_mut_ptr();
            if (*context).pb.is_null() {
                return Vec::new();
            }
            let len = ffi::avio_close_dyn_buf((*context).pb, &raw mut bytes);
            (*context).pb = std::ptr::null_mut();
            let copied = match usize::try_from(len) {
                Ok(len) if !bytes.is_null() => std::slice::from_raw_parts(bytes, len).to_vec(),
                _ => Vec::new(),
            };
            ffi::av_free(bytes.cast());
            copied
        }
    }

    /// The error of a step that failed.
    pub(super) fn failed(&self, action: &'static str, source: ffmpeg::Error) -> VideoError {
        failed(&self.place, action, source)
    }
}

impl Drop for CutOutput {
    fn drop(&mut self) {
        // A finished file has no place to write to any more.
        if self.whole.is_none() {
            self.take_memory();
        }
    }
}

/// Decodes the first picture of a file. One that begins with pictures that cannot be shown fails as well.
fn first_picture(file: &Path) -> Result<(), VideoError> {
    let mut video = VideoReader::open(file)?;
    let first = video.frame_table().times()[0];
    if video.frame_table().gaps().iter().any(|gap| gap.start < first) {
        return Err(VideoError::NoFrames { path: file.to_owned(), said: ffmpeg_log::said() });
    }
    video.read_frames(&[0], &FrameTransform::AsDecoded).map(drop)
}

fn failed(place: &Path, action: &'static str, source: ffmpeg::Error) -> VideoError {
    VideoError::Encode { path: place.to_owned(), action, said: ffmpeg_log::said(), source }
}
