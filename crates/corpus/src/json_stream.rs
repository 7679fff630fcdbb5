//! JSON files larger than memory, member by member.
//!
//! [`JsonStream`] walks an object or list and hands out one value at a time, as the bytes that
//! stand there, for serde to read. So memory holds one value, a value that is not understood costs
//! only itself, and values can be read side by side. Only what is needed to find the end of a value
//! is looked at here: strings, escapes and brackets. A byte order mark is passed over, UTF-16 is
//! decoded, and Python's bare `NaN` and `Infinity` become `null`.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use crate::bare_nan;
use crate::error::{BrokenJson, CorpusError};
use crate::text_file;

/// No value that is read at once is longer, in bytes: all that is said of one video is shorter.
const LONGEST_VALUE: usize = 64 << 20;

/// A JSON text being walked.
pub(crate) struct JsonStream<R> {
    path: PathBuf,
    expected: &'static str,
    source: R,
    /// Bytes behind.
    at: u64,
    /// Whether the object or list just entered has given nothing yet.
    fresh: bool,
}

impl JsonStream<Box<dyn BufRead>> {
    /// Opens a file; `expected` says in errors what should stand there.
    pub(crate) fn open(path: &Path, expected: &'static str) -> Result<Self, CorpusError> {
        let source = text_file::open(path)?;
        Ok(Self { path: path.to_owned(), expected, source, at: 0, fresh: true })
    }
}

impl<R: BufRead> JsonStream<R> {
    /// Enters the object that comes.
    pub(crate) fn enter_object(&mut self) -> Result<(), CorpusError> {
        self.expect(b'{', "an object was expected")?;
        self.fresh = true;
        Ok(())
    }

    /// Enters the list that comes.
    pub(crate) fn enter_list(&mut self) -> Result<(), CorpusError> {
        self.expect(b'[', "a list was expected")?;
        self.fresh = true;
        Ok(())
    }

    /// The next key of the object; its value comes next. None at the end of the object.
    pub(crate) fn next_key(&mut self) -> Result<Option<String>, CorpusError> {
        if !self.comes_another(b'}')? {
            return Ok(None);
        }
        if self.peek()? != Some(b'"') {
            return Err(self.broken("a key in quotes was expected"));
        }
        let mut quoted = Vec::new();
        self.copy_value(Some(&mut quoted))?;
        let key = serde_json::from_slice(&quoted).map_err(|_| self.broken("a key is no text"))?;
        self.expect(b':', "a colon was expected after the key")?;
        Ok(Some(key))
    }

    /// Whether the list goes on; its next value comes next.
    pub(crate) fn next_element(&mut self) -> Result<bool, CorpusError> {
        self.comes_another(b']')
    }

    /// The bytes of the value that comes, with `null` for Python's words.
    pub(crate) fn value(&mut self) -> Result<Vec<u8>, CorpusError> {
        let mut value = Vec::new();
        if !self.copy_value(Some(&mut value))? {
            return Ok(value);
        }
        Ok(bare_nan::as_null(&value))
    }

    /// Passes over the value that comes.
    pub(crate) fn skip_value(&mut self) -> Result<(), CorpusError> {
        self.copy_value(None).map(drop)
    }

    /// Fails unless nothing more stands in the file.
    pub(crate) fn finish(&mut self) -> Result<(), CorpusError> {
        match self.peek()? {
            None => Ok(()),
            Some(_) => Err(self.broken("the file goes on after its end")),
        }
    }

    fn comes_another(&mut self, close: u8) -> Result<bool, CorpusError> {
        let next = self.peek()?;
        if next == Some(close) {
            self.skip(1);
            self.fresh = false;
            return Ok(false);
        }
        if !std::mem::take(&mut self.fresh) {
            self.expect(b',', "a comma was expected")?;
        }
        match self.peek()? {
            None => Err(self.broken("the file ends in the middle; download it again")),
            Some(_) => Ok(true),
        }
    }

    /// Passes over a value and copies it; whether it holds a bare `N` or `I`.
    fn copy_value(&mut self, mut out: Option<&mut Vec<u8>>) -> Result<bool, CorpusError> {
        let Some(first) = self.peek()? else {
            return Err(self.broken("the file ends in the middle; download it again"));
        };
        if matches!(first, b',' | b':' | b'}' | b']') {
            return Err(self.broken("a value was expected"));
        }
        let mut scan = Scan::default();
        loop {
            let block = self.source.fill_buf();
            let block =
                block.map_err(|source| CorpusError::Read { path: self.path.clone(), source })?;
            if block.is_empty() {
                // A number may be all there is; anything else is unfinished.
                let whole = scan.depth == 0 && !scan.in_string;
                return if whole {
                    Ok(scan.python_words)
                } else {
                    Err(self.broken("the file ends in the middle; download it again"))
                };
            }
            let (taken, ended) = scan.advance(block);
            let mut is_too_long = false;
            if let Some(out) = &mut out {
                out.extend_from_slice(&block[..taken]);
                is_too_long = out.len() > LONGEST_VALUE;
            }
            self.source.consume(taken);
            self.at += taken as u64;
            if is_too_long {
                return Err(self.broken("a value is longer than 64 MiB"));
            }
            if ended {
                return Ok(scan.python_words);
            }
        }
    }

    /// The next byte that is no white space, which stays.
    fn peek(&mut self) -> Result<Option<u8>, CorpusError> {
        loop {
            let block = self.source.fill_buf();
            let block =
                block.map_err(|source| CorpusError::Read { path: self.path.clone(), source })?;
            if block.is_empty() {
                return Ok(None);
            }
            let space = block.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let next = block.get(space).copied();
            self.skip(space);
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), CorpusError> {
        if self.peek()? != Some(byte) {
            return Err(self.broken(what));
        }
        self.skip(1);
        Ok(())
    }

    fn skip(&mut self, bytes: usize) {
        self.source.consume(bytes);
        self.at += bytes as u64;
    }

    fn broken(&self, what: &'static str) -> CorpusError {
        CorpusError::Layout {
            path: self.path.clone(),
            expected: self.expected,
            source: BrokenJson { at_byte: self.at, what: what.to_owned() },
        }
    }
}

/// How far inside a value the scan is.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
    begun: bool,
    python_words: bool,
}

impl Scan {
    /// How many bytes of the block belong to the value, and whether it ends there.
    fn advance(&mut self, block: &[u8]) -> (usize, bool) {
        let mut at = 0;
        while at < block.len() {
            if self.in_string {
                if self.escaped {
                    self.escaped = false;
                    at += 1;
                    continue;
                }
                let Some(next) = memchr::memchr2(b'"', b'\\', &block[at..]) else {
                    return (block.len(), false);
                };
                at += next + 1;
                if block[at - 1] == b'\\' {
                    self.escaped = true;
                    continue;
                }
                self.in_string = false;
                if self.depth == 0 {
                    return (at, true);
                }
                continue;
            }
            match block[at] {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth <= 1 => {
                    // A bracket that closes what is around ends a bare word and is not its part.
                    let own = usize::from(self.depth == 1);
                    return (at + own, true);
                }
                b'}' | b']' => self.depth -= 1,
                b',' if self.depth == 0 => return (at, true),
                b'N' | b'I' => self.python_words = true,
                byte if self.depth == 0 && self.begun && byte.is_ascii_whitespace() => {
                    return (at, true);
                }
                _ => {}
            }
            self.begun = true;
            at += 1;
        }
        (at, false)
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn stream(text: &str, block: usize) -> JsonStream<BufReader<&[u8]>> {
        let source = BufReader::with_capacity(block, text.as_bytes());
        JsonStream { path: "a.json".into(), expected: "a test", source, at: 0, fresh: true }
    }

    fn members(text: &str, block: usize) -> Result<Vec<(String, String)>, CorpusError> {
        let mut stream = stream(text, block);
        stream.enter_object()?;
        let mut found = Vec::new();
        while let Some(key) = stream.next_key()? {
            found.push((key, String::from_utf8(stream.value()?).unwrap()));
        }
        stream.finish()?;
        Ok(found)
    }

    #[test]
    fn members_come_one_by_one_wherever_the_blocks_break() {
        let text =
            r#" { "a\"b" : {"x": [1, "}]\\"], "y": NaN} , "c":-1.5e3,"d" : "N\"" ,"e":[ ] } "#;
        for block in 1..40 {
            let found = members(text, block).unwrap();
            let expected = [
                ("a\"b", r#"{"x": [1, "}]\\"], "y": null}"#),
                ("c", "-1.5e3"),
                ("d", r#""N\"""#),
                ("e", "[ ]"),
            ];
            let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
            assert_eq!(found, expected, "blocks of {block}");
        }
        assert!(members("{}", 3).unwrap().is_empty());
    }

    #[test]
    fn lists_come_one_by_one_too_and_members_can_be_passed_over() {
        let mut stream = stream(r#"{"info": {"a": [1, 2]}, "list": [{"b": 1}, 2, [3]]}"#, 7);
        stream.enter_object().unwrap();
        assert_eq!(stream.next_key().unwrap().unwrap(), "info");
        stream.skip_value().unwrap();
        assert_eq!(stream.next_key().unwrap().unwrap(), "list");
        stream.enter_list().unwrap();
        let mut found = Vec::new();
        while stream.next_element().unwrap() {
            found.push(String::from_utf8(stream.value().unwrap()).unwrap());
        }
        assert_eq!(found, [r#"{"b": 1}"#, "2", "[3]"]);
        assert!(stream.next_key().unwrap().is_none());
        stream.finish().unwrap();
    }

    #[test]
    fn what_is_broken_is_told_with_its_place() {
        for (text, what) in [
            ("", "an object was expected"),
            ("[1]", "an object was expected"),
            (r#"{"a": [1, 2"#, "ends in the middle"),
            (r#"{"a": 1"#, "a comma was expected"),
            (r#"{"a": 1,"#, "ends in the middle"),
            (r#"{"a" 1}"#, "a colon was expected"),
            (r#"{a: 1}"#, "a key in quotes"),
            (r#"{"a": }"#, "a value was expected"),
            (r#"{"a": 1 "b": 2}"#, "a comma was expected"),
            (r#"{"a": 1} x"#, "goes on after its end"),
        ] {
            let error = members(text, 4).unwrap_err();
            let told = std::error::Error::source(&error).unwrap().to_string();
            assert!(told.contains(what), "{text}: {told}");
            assert!(error.to_string().contains("a.json"), "{error}");
        }
    }

    #[test]
    fn a_value_that_does_not_end_is_not_taken_into_memory() {
        let text = format!("{{\"a\": \"{}", "a".repeat(LONGEST_VALUE + 9));
        let error = members(&text, 1 << 16).unwrap_err();
        let told = std::error::Error::source(&error).unwrap().to_string();
        assert!(told.contains("longer than 64 MiB"), "{told}");
        // What is passed over is not taken.
        let whole = format!("{text}\"}}");
        let mut stream = stream(&whole, 1 << 16);
        stream.enter_object().unwrap();
        stream.next_key().unwrap();
        stream.skip_value().unwrap();
        assert!(stream.next_key().unwrap().is_none());
    }

    #[test]
    fn nesting_takes_no_stack() {
        let text = format!("{{\"a\": {}{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(members(&text, 4096).unwrap()[0].1.len(), 2_000_000);
    }
}
