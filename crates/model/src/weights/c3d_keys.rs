//! C3D as it is handed on in PyTorch: under the layers' own names, as a list of layers (the
//! `c3d-pretrained.pth` of many programs), and under MMAction's names.

use super::key_table::Action::{Drop, To};
use super::key_table::{KeyRule, KeyTable};

const BEHIND_THE_FEATURE: &str = "layers behind fc6, the feature";

pub(super) const TABLE: KeyTable = KeyTable {
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
