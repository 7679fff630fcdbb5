//! How much time and memory one file may cost.
//!
//! Files come from anywhere, so no file is trusted with the machine: what is over a limit is an
//! error that names the limit ([`LimitReached`]), by which it is told later whether a file is worth another try. The
//! defaults are far above what videos of real data sets need.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// No video is longer than this, in seconds (eleven days): what starts or ends later is no time, and a file
/// that says so is damaged.
pub const LONGEST_VIDEO_S: f64 = 1e6;

/// The bounds of one [`VideoReader`](crate::VideoReader).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReadLimits {
    /// Seconds without a packet read or a frame decoded, after which the file counts as hanging; 0
    /// for no limit. Default 30.
    pub stall_s: u32,
    /// Seconds for one call (opening, or reading frames), however steadily it goes on; 0 for no
    /// limit. Default 900.
    pub call_s: u32,
    /// Pixels of one stored picture. Default 2^26 (8192 x 8192; an 8K frame has half of that). A
    /// decoder holds up to 17 pictures of 1.5 to 8 bytes a pixel.
    #[schemars(range(min = 1))]
    pub frame_pixels: u64,
    /// Pictures of one file. Default 4 000 000, 37 hours at 30 a second; a picture costs 70 bytes
    /// while the file is opened and 16 afterwards.
    #[schemars(range(min = 1))]
    pub frames: usize,
    /// Clips that one file may be cut into; of more than 16 frames a clip counts as several. Default
    /// 1 000 000, eleven days of a clip a second; a clip costs up to 400 bytes while the file is read.
    #[schemars(range(min = 1))]
    pub clips: usize,
    /// Bytes of RGB that one call may return. Default 4 GiB.
    #[schemars(range(min = 1))]
    pub output_bytes: u64,
    /// Bytes that a process may take for its data which decodes in a sandbox (`--sandbox`). Default 2 GiB: the pictures of
    /// 8K video take half of it.
    #[schemars(range(min = 1))]
    pub worker_bytes: u64,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            stall_s: 30,
            call_s: 900,
            frame_pixels: 1 << 26,
            frames: 4_000_000,
            clips: 1_000_000,
            output_bytes: 4 << 30,
            worker_bytes: 2 << 30,
        }
    }
}

/// A limit that a file is over. As text it says how it is raised, and [`LimitReached::in_text`] reads it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitReached {
    /// The key in the section `limits`.
    pub key: &'static str,
    /// What it was then.
    pub was: u64,
}

/// The keys of the limits.
const KEYS: [&str; 7] =
    ["stall_s", "call_s", "frame_pixels", "frames", "clips", "output_bytes", "worker_bytes"];

impl Serialize for LimitReached {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (self.key, self.was).serialize(to)
    }
}

impl<'de> Deserialize<'de> for LimitReached {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (name, was) = <(String, u64)>::deserialize(from)?;
        let key = KEYS.into_iter().find(|key| *key == name);
        Ok(Self { key: key.ok_or_else(|| D::Error::custom("no limit has this name"))?, was })
    }
}

impl LimitReached {
    /// The limit that a message names; 0 stands for a value that it does not tell, as those of earlier versions.
    pub fn in_text(text: &str) -> Option<Self> {
        let (_, named) = text.rsplit_once("raise `limits.")?;
        let (name, behind) = named.split_once('`')?;
        let key = *KEYS.iter().find(|key| **key == name)?;
        let value = behind.strip_prefix(" (now ");
        let digits = value.and_then(|value| value.split(|c: char| !c.is_ascii_digit()).next());
        Some(Self { key, was: digits.and_then(|digits| digits.parse().ok()).unwrap_or_default() })
    }
}

impl fmt::Display for LimitReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, was } = self;
        write!(f, "`limits.{key}` (now {was}; as a flag: `--limit {key}=..`)")
    }
}

impl ReadLimits {
    /// Whether a file that was over `reached` may be within these.
    pub fn are_wider_than(&self, reached: LimitReached) -> bool {
        let now = self.value(reached.key);
        now > reached.was || now == 0 && reached.was > 0
    }

    pub(crate) fn value(&self, key: &str) -> u64 {
        match key {
            "stall_s" => self.stall_s.into(),
            "call_s" => self.call_s.into(),
            "frame_pixels" => self.frame_pixels,
            "frames" => self.frames as u64,
            "clips" => self.clips as u64,
            "output_bytes" => self.output_bytes,
            "worker_bytes" => self.worker_bytes,
            _ => unreachable!("{key} is no limit"),
        }
    }

    /// The limit with this key of the section `limits`.
    ///
    /// # Panics
    /// When there is none.
    pub fn reached(&self, key: &'static str) -> LimitReached {
        LimitReached { key, was: self.value(key) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_read_out_of_its_message_and_wider_ones_are_told() {
        let limits = ReadLimits { frames: 3, call_s: 0, ..ReadLimits::default() };
        for key in KEYS {
            let reached = limits.reached(key);
            let text = format!("check the `disk`, leave it out, or raise {reached} if it is large");
            assert_eq!(LimitReached::in_text(&text), Some(reached), "{text}");
            assert!(text.contains(&format!("--limit {key}=")), "{text}");
            assert!(!limits.are_wider_than(reached), "{text}");
        }
        let frames = limits.reached("frames");
        assert!(ReadLimits::default().are_wider_than(frames));
        assert!(!ReadLimits { frames: 2, ..limits }.are_wider_than(frames));
        // 0 seconds are no limit.
        let stalled = limits.reached("stall_s");
        assert!(ReadLimits { stall_s: 0, ..limits }.are_wider_than(stalled));
        assert!(!ReadLimits { stall_s: 29, ..limits }.are_wider_than(stalled));
        let earlier = LimitReached::in_text("cut it into shorter files or raise `limits.frames`");
        assert_eq!(earlier, Some(LimitReached { key: "frames", was: 0 }));
        assert!(limits.are_wider_than(earlier.unwrap()));
        for text in ["it is no video", "raise `limits.speed` (now 3)", "raise `limits.frames"] {
            assert_eq!(LimitReached::in_text(text), None, "{text}");
        }
    }
}
