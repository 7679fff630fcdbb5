//! Which kind of file a TOML is, from its keys: one that is given to another command is told so.

use toml::Table;

use crate::shell_words::joined;

/// The kinds of TOML files that people write for the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// `locvtp pretrain`
    Run,
    /// `locvtp transfer`
    Task,
    /// `locvtp synthesize --config`
    Corpus,
}

impl FileKind {
    /// What `table` is, where its keys tell.
    #[must_use]
    pub fn of(table: &Table) -> Option<Self> {
        let has = |keys: &[&str]| keys.iter().any(|key| table.contains_key(*key));
        if table.get("task").is_some_and(toml::Value::is_str) {
            return Some(Self::Task);
        }
        if has(&["corpus", "start", "pairs", "sampling", "objective", "optimizer", "loader"]) {
            return Some(Self::Run);
        }
        has(&["train_videos", "seen_videos", "new_videos", "num_colours", "num_shapes"])
            .then_some(Self::Corpus)
    }

    /// With its article.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Run => "a run file",
            Self::Task => "a task file",
            Self::Corpus => "a file of settings of a synthetic corpus",
        }
    }

    /// What is typed to use the file.
    #[must_use]
    pub fn command(self, file: &str) -> String {
        match self {
            Self::Run => joined(["locvtp", "pretrain", file]),
            Self::Task => joined(["locvtp", "transfer", file]),
            Self::Corpus => joined(["locvtp", "synthesize", "--config", file, "--out", "FOLDER"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_pasted_whatever_the_file_is_called() {
        assert_eq!(FileKind::Task.command("my task.toml"), "locvtp transfer 'my task.toml'");
    }

    #[test]
    fn the_files_that_come_with_the_program_are_told_apart() {
        let kind = |text: &str| FileKind::of(&text.parse().unwrap());
        assert_eq!(kind(include_str!("../../../configs/demo.toml")), Some(FileKind::Run));
        assert_eq!(kind(include_str!("../../../configs/tiny.toml")), Some(FileKind::Run));
        let task = include_str!("../../../configs/tasks/steps_tiny.toml");
        assert_eq!(kind(task), Some(FileKind::Task));
        assert_eq!(kind("train_videos = 3\nseed = 1\n"), Some(FileKind::Corpus));
        assert_eq!(kind("[run]\nseed = 1\n"), None);
    }
}
