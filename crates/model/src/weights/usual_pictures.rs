//! How the programs of a kind of checkpoint make its pictures, where no file says so.

use super::source::SourceKind;
use crate::clip_patches::PixelNormalisation;

/// Whose way with pictures is taken where no file says.
pub(super) fn usual_pictures(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::TimmVit | SourceKind::DistilBert => "as in most of timm's ViTs",
        SourceKind::TimeSformer | SourceKind::HfTimeSformer => "as in TimeSformer's own program",
        SourceKind::Frozen => "as in Frozen-in-Time's own program",
        SourceKind::Clip | SourceKind::HfClip => "as in OpenAI's and most of open_clip's programs",
        SourceKind::C3d => "as in MMAction's",
    }
}

/// What the pixels of a kind's checkpoints are normalised with when no file says so (§A.2 of our
/// specification).
pub(super) fn usual_normalisation(kind: SourceKind) -> PixelNormalisation {
    match kind {
        SourceKind::TimeSformer | SourceKind::HfTimeSformer => {
            PixelNormalisation { mean: [0.45; 3], std: [0.225; 3] }
        }
        // ImageNet's, which Frozen-in-Time's transforms use.
        SourceKind::Frozen => {
            PixelNormalisation { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
        }
        SourceKind::Clip | SourceKind::HfClip => PixelNormalisation {
            mean: [0.481_454_66, 0.457_827_5, 0.408_210_73],
            std: [0.268_629_54, 0.261_302_6, 0.275_777_1],
        },
        // Bytes less the mean of Sports-1M's, as MMAction has it; no division.
        SourceKind::C3d => PixelNormalisation {
            mean: [104.0 / 255.0, 117.0 / 255.0, 128.0 / 255.0],
            std: [1.0 / 255.0; 3],
        },
        SourceKind::TimmVit | SourceKind::DistilBert => {
            PixelNormalisation { mean: [0.5; 3], std: [0.5; 3] }
        }
    }
}
