//! How much time and memory one file may cost.
//!
//! Files come from anywhere, so no file is trusted with the machine: what is over a limit is an
//! error that names the limit. The defaults are far above what videos of real data sets need.

use serde::{Deserialize, Serialize};

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
    /// Bytes of RGB that one call may return. Default 4 GiB.
    #[schemars(range(min = 1))]
    pub output_bytes: u64,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            stall_s: 30,
            call_s: 900,
            frame_pixels: 1 << 26,
            frames: 4_000_000,
            output_bytes: 4 << 30,
        }
    }
}
