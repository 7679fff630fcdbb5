//! How a video stores light that is brighter than ordinary screens show (ITU-R BT.2100).

use ffmpeg::ffi::AVColorTransferCharacteristic;
use ffmpeg_the_third as ffmpeg;
use serde::{Deserialize, Serialize};

/// The transfer functions of high dynamic range (ITU-R BT.2100).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HdrTransfer {
    /// Perceptual quantiser (SMPTE ST 2084): HDR10, Dolby Vision.
    Pq,
    /// Hybrid log-gamma (ARIB STD-B67): broadcasts, phones.
    Hlg,
}

impl HdrTransfer {
    /// What a stream or a frame states; none where it is ordinary video.
    pub(crate) fn of(transfer: AVColorTransferCharacteristic) -> Option<Self> {
        match transfer {
            AVColorTransferCharacteristic::SMPTE2084 => Some(Self::Pq),
            AVColorTransferCharacteristic::ARIB_STD_B67 => Some(Self::Hlg),
            _ => None,
        }
    }

    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pq => "PQ",
            Self::Hlg => "HLG",
        }
    }
}
