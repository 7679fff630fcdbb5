//! The worker's side: one file open at a time, and an answer to each request.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use super::channel::{Channel, Message, Most};
use super::messages::{Answer, Place, Request, WantedFrames};
use super::{IS_WORKER, end_without_memory, layers};
use crate::cancel::CancelToken;
use crate::decoded_here::DecodedHere;
use crate::error::VideoError;
use crate::index_bytes::{index_of, put_index};
use crate::open_video::{OpenVideo, Wanted};
use crate::probe::MediaSource;
use crate::reader_settings::ReaderSettings;
use crate::text_tracks;
use crate::transform::FrameTransform;

/// The asker is believed.
const MOST: Most = Most { head: u64::MAX, beside: u64::MAX };

/// A file that is open here.
struct OpenFile {
    video: DecodedHere,
    /// The list that is read part by part.
    list: Arc<Vec<usize>>,
}

/// Works as a worker until nobody asks any more: for a program that was started with
/// [`WORKER_COMMAND`](super::WORKER_COMMAND), before it does anything else.
pub fn serve() -> ExitCode {
    match channel().and_then(|mut channel| answer_all(&mut channel)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// What the asker put in the place of standard input. Nothing else is kept open.
fn channel() -> io::Result<Channel> {
    layers::forget_descriptors();
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    Ok(Channel::new(UnixStream::from(socket)))
}

fn answer_all(channel: &mut Channel) -> io::Result<()> {
    let mut open = None;
    while let Some(Message { head: request, beside, file }) = channel.receive(MOST)? {
        let (answer, beside) = match request {
            Request::Begin { asker, memory } => (begin(asker, memory), Vec::new()),
            Request::Open { place, settings } => {
                // What was open before makes room.
                open = None;
                match opened(&place, settings, file, beside) {
                    Ok((file, answer, index)) => {
                        open = Some(file);
                        (answer, index)
                    }
                    Err(error) => (failed(error), Vec::new()),
                }
            }
            Request::Read { wanted, transform } => {
                let Some(open) = &mut open else { return Err(io::ErrorKind::NotFound.into()) };
                read(open, wanted, &transform).unwrap_or_else(|error| (failed(error), Vec::new()))
            }
            Request::TextTracks { place, limits } => {
                let tracks =
                    source(&place, file).and_then(|media| text_tracks::read(media, limits));
                (tracks.map_or_else(failed, Answer::Tracks), Vec::new())
            }
            Request::Close => {
                open = None;
                continue;
            }
        };
        channel.send(&answer, &beside, None)?;
    }
    Ok(())
}

fn begin(asker: u32, memory: u64) -> Answer {
    IS_WORKER.store(true, Ordering::Relaxed);
    layers::lock(asker, memory).map_or_else(Answer::Refused, Answer::Ready)
}

fn opened(
    place: &Place,
    settings: ReaderSettings,
    file: Option<File>,
    index: Vec<u8>,
) -> Result<(OpenFile, Answer, Vec<u8>), VideoError> {
    let found = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&found);
    let (video, seen, _) = DecodedHere::open(
        &CancelToken::default(),
        source(place, file)?,
        settings,
        move || index_of(&index),
        move |index| put_index(&mut keep.lock().unwrap_or_else(PoisonError::into_inner), index),
    )?;
    let index = std::mem::take(&mut *found.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((OpenFile { video, list: Arc::default() }, Answer::Opened(seen), index))
}

fn read(
    open: &mut OpenFile,
    wanted: WantedFrames,
    transform: &FrameTransform,
) -> Result<(Answer, Vec<u8>), VideoError> {
    let wanted = match wanted {
        WantedFrames::Frames(frames) => Wanted::Frames(frames),
        WantedFrames::All => Wanted::All,
        WantedFrames::Part { list, from, to, skip_damaged } => {
            if let Some(list) = list {
                open.list = Arc::new(list);
            }
            Wanted::Part { list: Arc::clone(&open.list), range: from..to, skip_damaged }
        }
    };
    let (pixels, missing) = open.video.read(wanted, transform)?;
    let num_decoded = open.video.num_decoded();
    Ok((Answer::Frames { missing, num_decoded }, pixels.data))
}

/// The file that came with a request.
fn source(place: &Place, file: Option<File>) -> Result<MediaSource, VideoError> {
    let path = place.path();
    match file {
        Some(file) => Ok(MediaSource { path, stretch: Some(place.stretch(file)) }),
        None => {
            let source = io::Error::other("no file came along");
            Err(VideoError::Io { path, action: "open it".into(), source })
        }
    }
}

/// What the asker is told. An error for want of memory is the worker's end.
fn failed(error: VideoError) -> Answer {
    if error.is_out_of_memory() {
        end_without_memory();
    }
    Answer::Failed(error)
}
