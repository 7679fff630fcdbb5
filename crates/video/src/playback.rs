//! What a player must know of a file before it plays it: read from the header, without a packet index.

use std::path::Path;
use std::sync::Arc;

use ffmpeg::{codec, ffi, media};
use ffmpeg_the_third as ffmpeg;

use crate::error::VideoError;
use crate::index_making::file_start_s;
use crate::limits::ReadLimits;
use crate::probe::{self, MediaSource, OpenFile};
use crate::time::Seconds;
use crate::watchdog::{self, Watch};

/// FFmpeg's mark in a profile of H.264 that only the constrained part of it is used.
const CONSTRAINED: i32 = 1 << 9;

/// How a file is played.
#[derive(Clone, Debug, PartialEq)]
pub struct Playback {
    /// What the file's own clock shows at the start of the file: browsers show that clock.
    pub start: Seconds,
    /// Width in pixels as shown.
    pub width: u32,
    /// Height in pixels as shown.
    pub height: u32,
    /// Pictures a second as stated, on average where the rate varies; none where nothing is stated.
    pub frame_rate_hz: Option<f64>,
    /// Codec of the pictures in FFmpeg's words: `h264`, `vp9`, ...
    pub codec: String,
    /// What to ask a browser (RFC 6381), such as `video/mp4; codecs="avc1.64001f, mp4a.40.2"`. Of
    /// Matroska the codecs are asked for in the container that browsers know them in, because what they
    /// say of Matroska itself is no, though most play it.
    pub media_type: String,
    /// How long a Matroska file states that it plays: where it plays longer, recordings are joined in it, and a browser's
    /// clock starts again behind the first. None of others.
    pub stated: Option<Seconds>,
}

impl Playback {
    /// Opens the file and reads its header alone.
    ///
    /// # Errors
    /// As [`VideoReader::open`](crate::VideoReader::open).
    pub fn read(path: &Path) -> Result<Self, VideoError> {
        let (limits, watch) = (ReadLimits::default(), Arc::new(Watch::default()));
        let media = MediaSource { path: path.to_owned(), stretch: None };
        let inside = Arc::clone(&watch);
        let read = watchdog::run(&watch, &limits, move || {
            Ok(Self::of(&probe::open(&media, &limits, &inside)?))
        });
        read.unwrap_or_else(|why| Err(watchdog::error(path, "open it", why, &limits)))
    }

    fn of(file: &OpenFile) -> Self {
        let (width, height) = file.orientation.size(file.stored_width, file.stored_height);
        let video = file.input.stream(file.stream);
        let rates = video.iter().flat_map(|video| [video.avg_frame_rate(), video.rate()]);
        let mut rates = rates.map(|rate| f64::from(rate.0) / f64::from(rate.1));
        let frame_rate_hz = rates.find(|rate| rate.is_finite() && *rate > 0.0);
        let first_s = video.as_ref().map_or(0.0, |video| {
            let tick = video.time_base();
            video.start_time() as f64 * f64::from(tick.0) / f64::from(tick.1)
        });
        let pictures = video.as_ref().map(|video| {
            // SAFETY: the stream belongs to the file, which is open, and so does its description.
            let (profile, level) = unsafe {
                let about = (*video.as_ptr()).codecpar;
                ((*about).profile, (*about).level)
            };
            picture_codec(file.codec_id, &file.codec, profile, level)
        });
        let sound = file.input.streams().best(media::Type::Audio);
        let sound = sound.map(|sound| sound_codec(sound.parameters().id()));
        let codecs: Vec<String> = pictures.into_iter().chain(sound).collect();
        let name = file.input.format().name();
        let stated_s = file.input.duration() as f64 / f64::from(ffi::AV_TIME_BASE);
        let stated = (name.contains("matroska") && stated_s > 0.0).then_some(Seconds(stated_s));
        let container = container(name, &codecs);
        Self {
            start: Seconds(file_start_s(&file.input, first_s)),
            width,
            height,
            frame_rate_hz,
            codec: file.codec.clone(),
            media_type: format!("{container}; codecs=\"{}\"", codecs.join(", ")),
            stated,
        }
    }
}

/// The media type of a container in FFmpeg's words.
fn container(name: &str, codecs: &[String]) -> &'static str {
    let is_of_the_web = codecs.iter().all(|codec| {
        ["vp8", "vp09", "av01", "opus", "vorbis"].iter().any(|web| codec.starts_with(web))
    });
    match name {
        "matroska,webm" if is_of_the_web => "video/webm",
        "matroska,webm" | "mov,mp4,m4a,3gp,3g2,mj2" => "video/mp4",
        "ogg" => "video/ogg",
        "mpegts" => "video/mp2t",
        "avi" => "video/x-msvideo",
        "mpeg" => "video/mpeg",
        "flv" => "video/x-flv",
        "asf" => "video/x-ms-asf",
        _ => "application/octet-stream",
    }
}

/// The pictures' codec as RFC 6381 and the codecs' own documents write it; `profile` and `level` as
/// FFmpeg has them, below 0 where they are not known.
fn picture_codec(id: codec::Id, name: &str, profile: i32, level: i32) -> String {
    match id {
        codec::Id::H264 => {
            let is_constrained = profile >= 0 && profile & CONSTRAINED != 0;
            let flags = if is_constrained { 0x40 } else { 0 };
            let (profile, level) = (if profile < 0 { 100 } else { profile & 0xff }, level.max(30));
            format!("avc1.{profile:02x}{flags:02x}{level:02x}")
        }
        codec::Id::HEVC => {
            let profile = profile.max(1);
            // Which profiles can play it, as bits from the lowest: Main is among those of Main 10.
            let able = if profile == 1 { 6 } else { 1 << profile.min(31) };
            format!("hvc1.{profile}.{able:x}.L{}.B0", level.max(93))
        }
        codec::Id::VP8 => "vp8".into(),
        codec::Id::VP9 => {
            let (profile, level) = (profile.max(0), level.max(10));
            let depth = if profile >= 2 { 10 } else { 8 };
            format!("vp09.{profile:02}.{level:02}.{depth:02}")
        }
        codec::Id::AV1 => format!("av01.{}.{:02}M.08", profile.max(0), level.max(0)),
        codec::Id::MPEG4 => "mp4v.20.9".into(),
        codec::Id::THEORA => "theora".into(),
        _ => name.into(),
    }
}

fn sound_codec(id: codec::Id) -> String {
    match id {
        codec::Id::AAC => "mp4a.40.2".into(),
        codec::Id::MP3 => "mp4a.6b".into(),
        codec::Id::AC3 => "ac-3".into(),
        codec::Id::EAC3 => "ec-3".into(),
        other => other.name().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codecs_are_written_as_browsers_are_asked() {
        let written = |id, profile, level| picture_codec(id, "prores", profile, level);
        assert_eq!(written(codec::Id::H264, 100, 31), "avc1.64001f");
        let constrained_baseline = 66 | CONSTRAINED;
        assert_eq!(written(codec::Id::H264, constrained_baseline, 30), "avc1.42401e");
        assert_eq!(written(codec::Id::HEVC, 1, 93), "hvc1.1.6.L93.B0");
        assert_eq!(written(codec::Id::HEVC, 2, 120), "hvc1.2.4.L120.B0");
        assert_eq!(written(codec::Id::VP9, 0, -99), "vp09.00.10.08");
        assert_eq!(written(codec::Id::AV1, 0, 4), "av01.0.04M.08");
        assert_eq!(written(codec::Id::PRORES, 3, -99), "prores");
    }

    #[test]
    fn matroska_is_asked_for_by_its_codecs() {
        let codecs =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(container("matroska,webm", &codecs(&["vp09.00.10.08", "opus"])), "video/webm");
        assert_eq!(container("matroska,webm", &codecs(&["avc1.64001f"])), "video/mp4");
        assert_eq!(container("mpegts", &codecs(&["avc1.64001f"])), "video/mp2t");
    }
}
