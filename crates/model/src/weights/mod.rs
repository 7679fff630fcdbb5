//! Parameters by name, as PyTorch would hold them: our own files, and those of others.
//!
//! | module | one idea |
//! |---|---|
//! | `named` | a module's parameters by name |
//! | `stored_tensor`, `state_dict` | tensors of a file, read when they are asked for |
//! | `safetensors_file`, `pytorch_file`, `pickle_names` | the files they come in |
//! | `key_table` | what becomes of the keys of a foreign checkpoint |
//! | `source` | a checkpoint, and the row of a kind: key tables, sizes, pictures |
//! | `sources` | the kinds; the row of each is in the folder of its encoder |
//! | `frozen_checkpoint` | the kind that fills two encoders of other programs |
//! | `stated_sizes`, `usual_heads` | what a file says of sizes, against the tensors; heads that no file says |
//! | `source_preprocessing`, `source_picture`, `usual_pictures` | how a checkpoint's programs make its pictures |
//! | `source_tokenizer` | the tokenizer beside a checkpoint |
//! | `open_clip_config` | what open_clip says of a model, and its presets |
//! | `known_values` | values that are typed, said by a file, or guessed |
//! | `import`, `filling` | from checkpoints to a model directory |
//! | `import_settings`, `import_report` | what is said to an import, and what it tells |
//! | `resize` | embeddings of places and times for another number of them |

mod filling;
mod frozen_checkpoint;
mod import;
mod import_report;
mod import_settings;
pub(crate) mod key_table;
pub(crate) mod known_values;
mod named;
pub(crate) mod open_clip_config;
mod parameter_path;
mod pickle_names;
mod pytorch_file;
mod resize;
mod safetensors_file;
pub(crate) mod source;
pub(crate) mod source_picture;
mod source_preprocessing;
mod source_tokenizer;
mod sources;
mod state_dict;
pub(crate) mod stated_sizes;
mod stored_tensor;
pub(crate) mod usual_heads;
pub(crate) mod usual_pictures;

pub use import::{Import, import};
pub use import_report::{Explained, IMPORT_FILE, Origins, PartReport, Resized};
pub use import_settings::ImportSettings;
pub use known_values::Guess;
pub use named::{
    NamedTensor, Parameter, fill_each, fill_from_file, fill_parameters, named_parameters,
};
pub use parameter_path::ParameterPath;
pub use safetensors_file::{open_safetensors, read_safetensors, to_safetensors};
pub(crate) use safetensors_file::{write_parameters, write_safetensors};
pub use source::{OPEN_CLIP_FILES, Part, Source};
pub use sources::SourceKind;
pub use state_dict::StateDict;
pub use stored_tensor::{NumberType, StoredTensor};

use std::fmt;

/// What became of a file's keys and a model's parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
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

    /// What was found for a parameter, if it fits; notes what became of the parameter.
    pub(crate) fn fitting<T>(
        &mut self,
        name: &str,
        found: Option<T>,
        shape: impl Fn(&T) -> &Vec<usize>,
        expected: &[usize],
    ) -> Option<T> {
        let Some(found) = found else {
            self.missing.push(name.to_owned());
            return None;
        };
        let shape = shape(&found);
        if shape != expected {
            self.misshapen.push(format!("{name}: {shape:?} instead of {expected:?}"));
            return None;
        }
        self.filled.push(name.to_owned());
        Some(found)
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
