//! What a task file may leave out, made of the types that it is read into.

use serde::Serialize;
use toml::{Table, Value};

/// Keys and sections with their values; what the file says stands over them, key by key.
#[derive(Default)]
pub(crate) struct Defaults(Table);

impl Defaults {
    /// With a value for a key, or for a whole section; `path` is as `training.epochs`.
    pub(crate) fn with(mut self, path: &str, value: impl Serialize) -> Self {
        let value = Value::try_from(value).expect("settings are plain data");
        let mut sections: Vec<&str> = path.split('.').collect();
        let key = sections.pop().unwrap_or_default();
        let mut place = &mut self.0;
        for section in sections {
            let inner = place.entry(section).or_insert_with(|| Value::Table(Table::new()));
            place = inner.as_table_mut().expect("a section before the dot");
        }
        place.insert(key.to_owned(), value);
        self
    }

    pub(crate) fn into_table(self) -> Table {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_key_in_its_sections_and_keys_of_one_section_stand_together() {
        let defaults = Defaults::default()
            .with("num_clips", 8)
            .with("tune.jitter", true)
            .with("tune.loss.symmetric_coarse", true);
        let wanted = "num_clips = 8\n[tune]\njitter = true\n[tune.loss]\nsymmetric_coarse = true\n";
        assert_eq!(defaults.into_table(), toml::from_str::<Table>(wanted).unwrap());
    }
}
