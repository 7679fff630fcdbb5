//! Words of a command that is told to be typed, so that a shell reads each of them back as one.

/// A word as a shell reads it back: in quotes where it needs some.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-+=:,./@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Words as one command.
pub fn joined(words: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    words.into_iter().map(|word| quoted(word.as_ref())).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        let words =
            ["runs/my run", "it's", "$HOME", "~", "", "corpus.dir=a/b", "a\"b", "*", "x\ny"];
        let script = format!("printf '%s\\0' {}", joined(words));
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        let read = String::from_utf8(output.stdout).unwrap();
        assert_eq!(read.strip_suffix('\0').unwrap().split('\0').collect::<Vec<_>>(), words);
        assert_eq!(quoted("corpus.dir=a/b"), "corpus.dir=a/b", "what needs no quotes gets none");
    }
}
