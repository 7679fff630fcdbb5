//! JSON as Python writes it, made JSON: bare `NaN`, `Infinity` and `-Infinity` become `null` on the
//! way.
//!
//! Bytes inside strings are left alone. A word that only begins like one of the three passes
//! unchanged, so that the parser behind names it.

use std::io::{BufRead, Read};

/// A reader that replaces the three words while streaming; wrap it in a buffer.
#[derive(Debug)]
struct NanAsNull<R> {
    inner: R,
    place: Place,
    /// Bytes ready to be handed out, from `given` on.
    ready: Vec<u8>,
    given: usize,
}

/// The same for a text in memory.
pub(crate) fn as_null(json: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(json.len());
    // A slice in memory can always be read.
    let _ = NanAsNull::new(json).read_to_end(&mut plain);
    plain
}

/// Where in the text the last byte stood.
#[derive(Debug, Clone, Copy)]
enum Place {
    Outside,
    InString,
    AfterBackslash,
    /// So many bytes of the word have been held back.
    InWord(&'static [u8], usize),
}

const NAN: &[u8] = b"NaN";
const INFINITY: &[u8] = b"Infinity";
const MINUS_INFINITY: &[u8] = b"-Infinity";

impl<R: BufRead> NanAsNull<R> {
    fn new(inner: R) -> Self {
        Self { inner, place: Place::Outside, ready: Vec::new(), given: 0 }
    }

    /// Takes one chunk of the source through the machine.
    fn refill(&mut self) -> std::io::Result<()> {
        self.ready.clear();
        self.given = 0;
        while self.ready.is_empty() {
            let chunk = self.inner.fill_buf()?;
            let len = chunk.len();
            if len == 0 {
                if let Place::InWord(word, held) = self.place {
                    self.ready.extend_from_slice(&word[..held]);
                    self.place = Place::Outside;
                }
                return Ok(());
            }
            for &byte in chunk {
                self.place = advance(self.place, byte, &mut self.ready);
            }
            self.inner.consume(len);
        }
        Ok(())
    }
}

fn advance(place: Place, byte: u8, out: &mut Vec<u8>) -> Place {
    match place {
        Place::InString => {
            out.push(byte);
            match byte {
                b'"' => Place::Outside,
                b'\\' => Place::AfterBackslash,
                _ => Place::InString,
            }
        }
        Place::AfterBackslash => {
            out.push(byte);
            Place::InString
        }
        Place::InWord(word, held) if word[held] == byte => {
            if held + 1 == word.len() {
                out.extend_from_slice(b"null");
                return Place::Outside;
            }
            Place::InWord(word, held + 1)
        }
        Place::InWord(word, held) => {
            out.extend_from_slice(&word[..held]);
            advance(Place::Outside, byte, out)
        }
        Place::Outside => match byte {
            b'N' => Place::InWord(NAN, 1),
            b'I' => Place::InWord(INFINITY, 1),
            b'-' => Place::InWord(MINUS_INFINITY, 1),
            _ => {
                out.push(byte);
                if byte == b'"' { Place::InString } else { Place::Outside }
            }
        },
    }
}

impl<R: BufRead> Read for NanAsNull<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.given == self.ready.len() {
            self.refill()?;
        }
        let count = buffer.len().min(self.ready.len() - self.given);
        buffer[..count].copy_from_slice(&self.ready[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Through a source that gives `chunk` bytes at a time.
    fn through(text: &str, chunk: usize) -> String {
        let source = std::io::BufReader::with_capacity(chunk, text.as_bytes());
        let mut out = String::new();
        NanAsNull::new(source).read_to_string(&mut out).unwrap();
        out
    }

    #[test]
    fn the_three_words_become_null_wherever_the_chunks_break() {
        let text =
            r#"{"NaN \" NaN\\": [NaN, -Infinity,Infinity, -1.5, "Infinity", null], "N": -2}"#;
        let plain = r#"{"NaN \" NaN\\": [null, null,null, -1.5, "Infinity", null], "N": -2}"#;
        for chunk in 1..20 {
            assert_eq!(through(text, chunk), plain, "chunks of {chunk}");
        }
    }

    #[test]
    fn a_word_that_only_begins_like_one_passes_unchanged() {
        for text in ["[Nan]", "[-Inf", "[NNaN, I", "-"] {
            let expected = text.replace("NaN", "null");
            assert_eq!(through(text, 2), expected);
        }
    }
}
