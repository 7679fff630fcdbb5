//! Refusing settings of an encoder that cannot be used, by name.

use crate::ModelError;

/// # Errors
/// When a size is 0.
pub(crate) fn sizes(section: &str, sizes: &[(&str, usize)]) -> Result<(), ModelError> {
    match sizes.iter().find(|(_, size)| *size == 0) {
        Some((key, _)) => setting(section, key, "0".into(), "1 or more"),
        None => Ok(()),
    }
}

/// # Errors
/// When a number is negative, infinite or none.
pub(crate) fn not_negative(section: &str, numbers: &[(&str, f64)]) -> Result<(), ModelError> {
    match numbers.iter().find(|(_, value)| !(*value >= 0.0 && value.is_finite())) {
        Some((key, value)) => setting(section, key, value.to_string(), "a number, 0 or more"),
        None => Ok(()),
    }
}

/// # Errors
/// When frames are not of red, green and blue.
pub(crate) fn rgb(section: &str, num_channels: usize) -> Result<(), ModelError> {
    if num_channels == 3 {
        return Ok(());
    }
    setting(section, "num_channels", num_channels.to_string(), "3: videos are decoded to RGB")
}

/// # Errors
/// When a sentence has no room for a word between its first and its last token.
pub(crate) fn room_for_a_word(section: &str, positions: usize) -> Result<(), ModelError> {
    if positions >= 3 {
        return Ok(());
    }
    let expected = "3 or more: a first token, a word and a last token";
    setting(section, "max_position_embeddings", positions.to_string(), expected)
}

/// # Errors
/// When frames cannot be cut into whole patches.
pub(crate) fn whole_patches(
    section: &str,
    image_size: usize,
    patch_size: usize,
) -> Result<(), ModelError> {
    if image_size > 0 && image_size.is_multiple_of(patch_size) {
        return Ok(());
    }
    Err(ModelError::Contradiction {
        first: format!("{section}.image_size"),
        second: format!("{section}.patch_size"),
        reason: format!(
            "frames of {image_size} x {image_size} pixels cannot be cut into patches of \
             {patch_size} x {patch_size}; choose an image_size that is a multiple of patch_size"
        ),
    })
}

/// # Errors
/// When the heads cannot share the width evenly.
pub(crate) fn even_heads(
    section: &str,
    (width_key, width): (&str, usize),
    (heads_key, heads): (&str, usize),
) -> Result<(), ModelError> {
    if heads > 0 && width.is_multiple_of(heads) {
        return Ok(());
    }
    Err(ModelError::Contradiction {
        first: format!("{section}.{width_key}"),
        second: format!("{section}.{heads_key}"),
        reason: format!("a width of {width} cannot be shared by {heads} heads; choose a multiple"),
    })
}

/// # Errors
/// When it is infinite or none.
pub(crate) fn finite(section: &str, (key, value): (&str, f64)) -> Result<(), ModelError> {
    if value.is_finite() {
        return Ok(());
    }
    setting(section, key, value.to_string(), "a number")
}

fn setting(
    section: &str,
    key: &str,
    found: String,
    expected: &'static str,
) -> Result<(), ModelError> {
    Err(ModelError::Setting { key: format!("{section}.{key}"), found, expected })
}
