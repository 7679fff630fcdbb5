//! A setting whose value cannot be used.

/// One setting has a value that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` is {found}; expected {expected}")]
pub struct SettingError {
    /// The setting.
    pub key: &'static str,
    /// Its value.
    pub found: String,
    /// What values can be used.
    pub expected: &'static str,
}
