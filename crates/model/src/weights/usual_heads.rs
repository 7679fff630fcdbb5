//! Attention heads, which no tensor shows: as somebody says, or those of the usual models of a width.

use serde_json::Value;

use super::known_values::{StatedValue, Values, stated_by};
use super::source::Shapes;
use super::stated_sizes::even_heads;
use crate::ModelError;

/// Widths of the ViTs of timm with the heads of each; up to 1024 heads are 64 numbers wide.
const VIT_HEADS: [(usize, usize); 14] = [
    (192, 3),
    (256, 4),
    (320, 5),
    (384, 6),
    (512, 8),
    (640, 10),
    (768, 12),
    (832, 13),
    (896, 14),
    (1024, 16),
    (1152, 16),
    (1280, 16),
    (1408, 16),
    (1664, 16),
];

/// The attention heads: as somebody says, or those of the ViTs and BERTs of that width. `typed` stands
/// behind `flag`.
///
/// # Errors
/// When two say different ones, they cannot share the width evenly, or nobody says them and no usual
/// model has that width.
pub(crate) fn heads(
    shapes: &Shapes<'_>,
    values: &mut Values<'_>,
    width: usize,
    (flag, typed): (&str, Option<usize>),
    said: Option<StatedValue<usize>>,
) -> Result<usize, ModelError> {
    let typed = stated_by(flag, typed);
    let who = said.as_ref().or(typed.as_ref()).map(|stated| stated.who.clone());
    if let Some(found) = values.agreed("attention heads", [typed, said])? {
        even_heads(shapes.source, found, width, &who.unwrap_or_default())?;
        return Ok(found);
    }
    let Some((_, usual)) = VIT_HEADS.iter().find(|(known, _)| *known == width) else {
        return Err(ModelError::ForeignWeights {
            path: shapes.source.path().into(),
            reason: format!(
                "nothing says how many attention heads share its width of {width}, and no usual \
                 model has that width"
            ),
            way_out: format!("put its config.json beside it, or say {flag}"),
        });
    };
    let reason = format!("as in the usual models of width {width}");
    Ok(values.or_guess(None, "attention heads", flag, *usual, &reason))
}

/// The heads of a ViT that timm's `config.json` names, for example `vit_huge_patch14_224`.
pub(crate) fn heads_of_architecture(json: &Value, width: usize) -> Option<StatedValue<usize>> {
    const SIZES: [(&str, usize); 8] = [
        ("tiny", 192),
        ("small", 384),
        ("medium", 512),
        ("base", 768),
        ("large", 1024),
        ("huge", 1280),
        ("giant", 1408),
        ("gigantic", 1664),
    ];
    let name = json["architecture"].as_str()?;
    let size = name.strip_prefix("vit_").or_else(|| name.strip_prefix("deit_"))?;
    let (size, _) = size.split_once("_patch")?;
    let named = SIZES.iter().find(|(known, _)| *known == size)?.1;
    let heads = VIT_HEADS.iter().find(|(known, _)| *known == named && named == width)?.1;
    stated_by(&format!("config.json ({name})"), Some(heads))
}
