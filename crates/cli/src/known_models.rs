//! The models that can be fetched by a short name: `models.toml`, data and no code.

use std::sync::LazyLock;

use locvtp_model::weights::SourceKind;
use serde::{Deserialize, Serialize};

const TABLE: &str = include_str!("../models.toml");

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KnownModel {
    /// What one types.
    pub(crate) name: String,
    /// `OWNER/NAME` on the Hugging Face hub.
    pub(crate) hub: String,
    /// As in `weights import --from KIND`.
    pub(crate) kind: String,
    pub(crate) sees: Sees,
    /// Pixels of a side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) side: Option<u32>,
    /// Numbers of a vector.
    pub(crate) width: u32,
    /// Millions of parameters.
    pub(crate) millions: f64,
    /// What one picture costs, in thousand million operations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gflop: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) languages: Option<String>,
    pub(crate) licence: String,
    /// In words, where the licence forbids some uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) restriction: Option<String>,
    pub(crate) good_for: String,
}

/// What a model turns into vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum Sees {
    #[serde(rename = "pictures and words")]
    PicturesAndWords,
    #[serde(rename = "pictures")]
    Pictures,
    #[serde(rename = "clips")]
    Clips,
    #[serde(rename = "words")]
    Words,
}

impl Sees {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PicturesAndWords => "pictures and words",
            Self::Pictures => "pictures",
            Self::Clips => "clips",
            Self::Words => "words",
        }
    }
}

impl KnownModel {
    /// Bytes of its numbers in f32, about what lies on the disk and in memory.
    pub(crate) fn bytes(&self) -> u64 {
        (self.millions * 4e6) as u64
    }

    /// Its page.
    pub(crate) fn page(&self) -> String {
        format!("https://huggingface.co/{}", self.hub)
    }

    pub(crate) fn source_kind(&self) -> SourceKind {
        SourceKind::named(&self.kind).expect("a test looks at all rows")
    }
}

/// All rows, in the order in which they are shown.
pub(crate) fn all() -> &'static [KnownModel] {
    #[derive(Deserialize)]
    struct Table {
        model: Vec<KnownModel>,
    }
    static ALL: LazyLock<Vec<KnownModel>> =
        LazyLock::new(|| toml::from_str::<Table>(TABLE).expect("a test reads it").model);
    &ALL
}

/// The row of this name, or of this name on the hub.
pub(crate) fn named(name: &str) -> Option<&'static KnownModel> {
    all().iter().find(|model| model.name == name || model.hub.eq_ignore_ascii_case(name))
}

/// Bytes as people say them: `605 MB`, `1.5 GB`.
pub(crate) fn size(bytes: u64) -> String {
    match bytes as f64 {
        bytes if bytes < 9.995e8 => format!("{:.0} MB", bytes / 1e6),
        bytes => format!("{:.1} GB", bytes / 1e9),
    }
}

/// Three to choose from, for somebody who has none.
pub(crate) fn three() -> String {
    let rows = ["clip-b32", "laion-b32", "siglip2-b16"].map(|name| {
        let model = named(name).expect("a test looks for them");
        format!(
            "  locvtp model get {:13} {:>7}, {}: {}",
            model.name,
            size(model.bytes()),
            model.licence,
            model.good_for
        )
    });
    rows.join("\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_has_a_name_of_its_own_and_a_kind_that_can_be_imported() {
        let names: BTreeSet<&str> = all().iter().map(|model| model.name.as_str()).collect();
        let hubs: BTreeSet<&str> = all().iter().map(|model| model.hub.as_str()).collect();
        assert_eq!((names.len(), hubs.len()), (all().len(), all().len()));
        for model in all() {
            assert!(SourceKind::named(&model.kind).is_some(), "{}: {}", model.name, model.kind);
            assert_eq!(model.hub.split('/').count(), 2, "{}", model.hub);
            let is_free = matches!(model.licence.as_str(), "MIT" | "Apache-2.0");
            assert_eq!(is_free, model.restriction.is_none(), "{}: {}", model.name, model.licence);
            let sees_pictures = model.sees != Sees::Words;
            assert_eq!(model.side.is_some(), sees_pictures, "{}", model.name);
        }
    }

    #[test]
    fn a_model_is_known_by_both_of_its_names() {
        let model = named("clip-b32").unwrap();
        assert_eq!(named("OpenAI/clip-vit-base-patch32"), Some(model));
        assert_eq!(named("openai/clip"), None);
        assert_eq!(size(model.bytes()), "605 MB");
        assert_eq!(size(999_600_000), "1.0 GB");
        assert_eq!(three().lines().count(), 3);
    }
}
