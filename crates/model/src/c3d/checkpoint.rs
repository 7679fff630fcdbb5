//! C3D as it is handed on in PyTorch: under the layers' own names, as a list of layers (the
//! `c3d-pretrained.pth` of many programs), and under MMAction's names.

use locvtp_video::{Interpolation, Scaling};

use super::C3dConfig;
use crate::Fit;
use crate::ModelError;
use crate::clip_patches::PixelNormalisation;
use crate::weights::ImportSettings;
use crate::weights::key_table::Action::{Drop, To};
use crate::weights::key_table::{KeyRule, KeyTable};
use crate::weights::source::{EncoderRow, OpenClipFiles, Shapes, SourceRow, VideoRow};
use crate::weights::usual_pictures::UsualPictures;

/// The row of its kind.
pub(crate) static ROW: SourceRow = SourceRow {
    name: "c3d",
    video: Some(VideoRow {
        encoder: EncoderRow {
            table: &TABLE,
            config: |shapes, settings, _| Ok(c3d_config(shapes, settings)?.into()),
        },
        pictures: UsualPictures {
            whose: "as in MMAction's",
            // Bytes less the mean of Sports-1M's, as MMAction has it; no division.
            normalisation: PixelNormalisation {
                mean: [104.0 / 255.0, 117.0 / 255.0, 128.0 / 255.0],
                std: [1.0 / 255.0; 3],
            },
            // 112 out of 128.
            short_side: |side| side * 8 / 7,
            fit: Fit::ShortSide,
            interpolation: Interpolation::Bilinear,
            scaling: Scaling::Fast,
            clip_seconds: Some(0.0),
        },
    }),
    text: None,
    flags: &[],
    open_clip: OpenClipFiles::Unasked,
};

const BEHIND_THE_FEATURE: &str = "layers behind fc6, the feature";

const TABLE: KeyTable = KeyTable {
    prefix: Some("backbone."),
    rules: &[
        KeyRule("conv1.{}", To("conv1.{}")),
        KeyRule("conv2.{}", To("conv2.{}")),
        KeyRule("conv3a.{}", To("conv3a.{}")),
        KeyRule("conv3b.{}", To("conv3b.{}")),
        KeyRule("conv4a.{}", To("conv4a.{}")),
        KeyRule("conv4b.{}", To("conv4b.{}")),
        KeyRule("conv5a.{}", To("conv5a.{}")),
        KeyRule("conv5b.{}", To("conv5b.{}")),
        KeyRule("fc6.{}", To("fc6.{}")),
        KeyRule("fc7.{}", Drop(BEHIND_THE_FEATURE)),
        KeyRule("fc8.{}", Drop(BEHIND_THE_FEATURE)),
        // Counted, with ReLU and pooling in between.
        KeyRule("features.0.{}", To("conv1.{}")),
        KeyRule("features.3.{}", To("conv2.{}")),
        KeyRule("features.6.{}", To("conv3a.{}")),
        KeyRule("features.8.{}", To("conv3b.{}")),
        KeyRule("features.11.{}", To("conv4a.{}")),
        KeyRule("features.13.{}", To("conv4b.{}")),
        KeyRule("features.16.{}", To("conv5a.{}")),
        KeyRule("features.18.{}", To("conv5b.{}")),
        KeyRule("classifier.0.{}", To("fc6.{}")),
        KeyRule("classifier.{}.{}", Drop(BEHIND_THE_FEATURE)),
        // MMAction's.
        KeyRule("conv1a.conv.{}", To("conv1.{}")),
        KeyRule("conv2a.conv.{}", To("conv2.{}")),
        KeyRule("conv3a.conv.{}", To("conv3a.{}")),
        KeyRule("conv3b.conv.{}", To("conv3b.{}")),
        KeyRule("conv4a.conv.{}", To("conv4a.{}")),
        KeyRule("conv4b.conv.{}", To("conv4b.{}")),
        KeyRule("conv5a.conv.{}", To("conv5a.{}")),
        KeyRule("conv5b.conv.{}", To("conv5b.{}")),
        KeyRule("cls_head.**", Drop("the classifier of actions")),
    ],
    constants: &[],
};

/// The sizes of a C3D. How many numbers its `fc6` takes tells the side of the frames.
///
/// # Errors
/// When a shape is missing, or no side gives `fc6` that many numbers.
fn c3d_config(shapes: &Shapes<'_>, settings: &ImportSettings) -> Result<C3dConfig, ModelError> {
    let usual = C3dConfig::default();
    let inputs = shapes.axis("fc6.weight", 1)?;
    let of_side = |image_size| C3dConfig {
        image_size,
        num_frames: settings.num_frames.unwrap_or(usual.num_frames),
        base_width: shapes.axis("conv1.weight", 0).unwrap_or(usual.base_width),
        feature_width: shapes.axis("fc6.weight", 0).unwrap_or(usual.feature_width),
        ..usual.clone()
    };
    // Two neighbouring sides give the same; the larger, as 112 is, leaves no pixel out.
    let sides: Vec<usize> = match settings.image_size {
        Some(side) => vec![side],
        None => (1..=64).rev().map(|i| 16 * i).collect(),
    };
    let found =
        sides.iter().map(|side| of_side(*side)).find(|config| config.fc6_inputs() == inputs);
    found.ok_or_else(|| {
        let config = of_side(sides[0]);
        let side = settings.image_size.map_or("any side".into(), |side| format!("{side} pixels"));
        shapes.refused(format!(
            "its fc6 takes {inputs} numbers, and clips of {} frames of {side} do not give as many",
            config.num_frames
        ))
    })
}
