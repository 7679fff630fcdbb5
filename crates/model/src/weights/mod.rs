//! Parameters by name, as PyTorch would hold them.

mod named;
mod parameter_path;
mod safetensors_file;

pub use named::{NamedTensor, fill_parameters, named_parameters};
pub use parameter_path::ParameterPath;
pub use safetensors_file::{read_safetensors, to_safetensors};

use std::fmt;

/// What became of a file's keys and a model's parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Parameters that got their numbers from the file.
    pub filled: Vec<String>,
    /// Parameters the file does not hold.
    pub missing: Vec<String>,
    /// Keys of the file the model has no parameter for.
    pub unused: Vec<String>,
    /// Parameters whose shape in the file is another one, with both shapes.
    pub misshapen: Vec<String>,
}

impl LoadReport {
    /// Whether every parameter was filled and every key used.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.unused.is_empty() && self.misshapen.is_empty()
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} parameters filled", self.filled.len())?;
        for (what, keys) in [
            ("missing in the file", &self.missing),
            ("unknown to the model", &self.unused),
            ("of another shape", &self.misshapen),
        ] {
            if !keys.is_empty() {
                let shown = keys.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
                let more = if keys.len() > 3 { ", …" } else { "" };
                write!(f, "; {} {what} ({shown}{more})", keys.len())?;
            }
        }
        Ok(())
    }
}
