//! Which Python names a pickle mentions: what it would import, and might call, when Python loads
//! it.
//!
//! A pickle is a program for a small stack machine. We run no such program: tensors are rebuilt by
//! a reader that knows a handful of PyTorch's functions and skips every other call. Skipping in
//! silence would hide that a file is an attack (or that a part of it was lost), so the instructions
//! are walked once more here and every name is collected, also one whose result is thrown away.
//!
//! The walk comes before anything else looks at the file, so it holds little: of a text no more than a name
//! is long, and of all instructions and texts no more than weights have.

use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead, Read};
use std::rc::Rc;

/// Longest text that is kept, in bytes; module and name are shorter.
const LONGEST_TEXT: u64 = 512;
/// Bytes of all texts that are kept.
const MOST_TEXT: usize = 64 << 20;
/// Instructions of one pickle. Weights have some thirty a tensor; each may cost its reader 100 bytes.
const MOST_INSTRUCTIONS: usize = 4_000_000;
/// Different names of one pickle. Weights have some ten.
const MOST_NAMES: usize = 10_000;

/// The names, as `module.name`, of one pickle; `input` stands behind its last instruction then.
///
/// # Errors
/// When the stream ends early, holds an instruction that no pickle has, or more than any weights have; the
/// reason as text.
pub(super) fn names(input: &mut impl BufRead) -> Result<BTreeSet<String>, String> {
    let mut walk = Walk {
        input,
        pushed: Vec::new(),
        memo: HashMap::new(),
        kept_bytes: 0,
        found: BTreeSet::new(),
    };
    for _ in 0..MOST_INSTRUCTIONS {
        if !walk.instruction()? {
            return Ok(walk.found);
        }
    }
    Err(format!("its pickle has more than {MOST_INSTRUCTIONS} instructions, which no weights have"))
}

/// Whether a name only makes data in PyTorch, NumPy or Python itself.
///
/// Nothing that opens files, imports or runs code may ever be listed here.
pub(super) fn is_harmless(name: &str) -> bool {
    let Some((module, name)) = name.rsplit_once('.') else { return false };
    let is_type = |known: &[&str]| known.contains(&name);
    match module {
        "torch" => {
            name.ends_with("Storage")
                || is_type(&["Tensor", "Size", "device", "dtype", "Generator"])
                || NUMBER_TYPES.contains(&name)
                || is_type(&["per_tensor_affine", "per_channel_affine"])
                || is_type(&["per_channel_affine_float_qparams"])
        }
        "torch._utils" => name.starts_with("_rebuild_"),
        "torch._tensor" => name == "_rebuild_from_type_v2",
        "torch.storage" => is_type(&["UntypedStorage", "TypedStorage"]),
        "torch.nn.parameter" => is_type(&["Parameter", "Buffer"]),
        "torch.serialization" => name == "_get_layout",
        "collections" => is_type(&["OrderedDict", "defaultdict", "Counter", "deque"]),
        "numpy" => is_type(&["dtype", "ndarray", "bool_", "float32", "float64", "int32", "int64"]),
        "numpy.core.multiarray" | "numpy._core.multiarray" => is_type(&["scalar", "_reconstruct"]),
        "_codecs" => name == "encode",
        "copyreg" | "copy_reg" => name == "_reconstructor",
        "builtins" | "__builtin__" => {
            is_type(&["set", "frozenset", "dict", "list", "tuple", "object", "slice", "range"])
                || is_type(&["int", "float", "complex", "bool", "str", "bytes", "bytearray"])
                || is_type(&["long", "unicode"])
        }
        "argparse" => name == "Namespace",
        "pathlib" | "pathlib._local" => {
            is_type(&["Path", "PosixPath", "PurePath", "PurePosixPath"])
                || is_type(&["WindowsPath", "PureWindowsPath"])
        }
        "datetime" => is_type(&["date", "datetime", "timedelta"]),
        _ => module.starts_with("torch.nn.modules."),
    }
}

/// PyTorch's number types. Those that are read here are told apart later.
const NUMBER_TYPES: [&str; 54] = [
    "float",
    "float16",
    "float32",
    "float64",
    "double",
    "half",
    "bfloat16",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e5m2",
    "float8_e5m2fnuz",
    "float8_e8m0fnu",
    "float4_e2m1fn_x2",
    "bool",
    "long",
    "int",
    "short",
    "int1",
    "int2",
    "int3",
    "int4",
    "int5",
    "int6",
    "int7",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint1",
    "uint2",
    "uint3",
    "uint4",
    "uint5",
    "uint6",
    "uint7",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "complex32",
    "complex64",
    "complex128",
    "chalf",
    "cfloat",
    "cdouble",
    "qint8",
    "qint32",
    "quint8",
    "quint4x2",
    "quint2x4",
    "bits1x8",
    "bits2x4",
    "bits4x2",
    "bits8",
];

struct Walk<'a, R> {
    input: &'a mut R,
    /// The short texts among the values pushed last; `None` for every other value.
    pushed: Vec<Option<Rc<str>>>,
    memo: HashMap<u64, Option<Rc<str>>>,
    /// Bytes of all texts that were kept.
    kept_bytes: usize,
    found: BTreeSet<String>,
}

impl<R: BufRead> Walk<'_, R> {
    /// Walks over one instruction; false behind the last one.
    fn instruction(&mut self) -> Result<bool, String> {
        let [code] = self.bytes()?;
        match code {
            b'.' => return Ok(false),
            // Names: in the instruction itself, or the two texts pushed last.
            b'c' | b'i' => {
                let (module, name) = (self.line()?, self.line()?);
                self.note(module, name)?;
            }
            0x93 => {
                let name = self.pushed.pop().flatten();
                let module = self.pushed.pop().flatten();
                self.note(module, name)?;
            }
            // Texts.
            b'X' | b'T' => self.text(4)?,
            b'U' | 0x8c => self.text(1)?,
            0x8d => self.text(8)?,
            b'V' | b'S' => {
                let line = self.line()?;
                self.pushed.push(line.map(|line| line.trim_matches(['\'', '"']).into()));
            }
            // The memo.
            0x94 => self.remember(self.memo.len() as u64),
            b'q' => {
                let at = self.number(1)?;
                self.remember(at);
            }
            b'r' => {
                let at = self.number(4)?;
                self.remember(at);
            }
            b'p' => {
                let at = self.memo_index()?;
                self.remember(at);
            }
            b'h' => {
                let at = self.number(1)?;
                self.recall(at);
            }
            b'j' => {
                let at = self.number(4)?;
                self.recall(at);
            }
            b'g' => {
                let at = self.memo_index()?;
                self.recall(at);
            }
            // Everything else moves no text: skip its argument.
            0x80 => self.skip(1)?,
            0x95 => self.skip(8)?,
            b'K' | 0x82 => self.skip_and_push(1)?,
            b'M' | 0x83 => self.skip_and_push(2)?,
            b'J' | 0x84 => self.skip_and_push(4)?,
            b'G' => self.skip_and_push(8)?,
            b'I' | b'L' | b'F' | b'P' => {
                self.line()?;
                self.pushed.push(None);
            }
            b'C' | 0x8a => self.skip_counted(1)?,
            b'B' | 0x8b => self.skip_counted(4)?,
            0x8e | 0x96 => self.skip_counted(8)?,
            b'('
            | b'0'
            | b'1'
            | b'2'
            | b'N'
            | b'R'
            | b'Q'
            | b'b'
            | b'}'
            | b'd'
            | b'e'
            | b')'
            | b']'
            | b'l'
            | b's'
            | b'a'
            | b't'
            | b'u'
            | b'o'
            | 0x81
            | 0x85..=0x89
            | 0x8f..=0x92
            | 0x97
            | 0x98 => self.pushed.push(None),
            other => return Err(format!("byte {other:#04x} is no instruction of a pickle")),
        }
        // Only the last two matter, and values are many.
        if self.pushed.len() > 64 {
            self.pushed.drain(..32);
        }
        Ok(true)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes).map_err(|_| "the pickle ends early".to_owned())?;
        Ok(bytes)
    }

    fn number(&mut self, size: usize) -> Result<u64, String> {
        let mut bytes = [0; 8];
        let read = self.input.read_exact(&mut bytes[..size]);
        read.map_err(|_| "the pickle ends early".to_owned())?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Notes a name; one that is too long or made of other values is told as such.
    fn note(&mut self, module: Option<Rc<str>>, name: Option<Rc<str>>) -> Result<(), String> {
        self.found.insert(match (module, name) {
            (Some(module), Some(name)) => format!("{module}.{name}"),
            _ => "a name that is computed while loading".into(),
        });
        if self.found.len() > MOST_NAMES {
            return Err(format!("its pickle mentions more than {MOST_NAMES} names"));
        }
        self.pushed.push(None);
        Ok(())
    }

    /// A line without its end; none for one that is longer than any name.
    fn line(&mut self) -> Result<Option<Rc<str>>, String> {
        let mut line = Vec::new();
        let read = self.input.take(LONGEST_TEXT + 1).read_until(b'\n', &mut line);
        read.map_err(|error| error.to_string())?;
        if line.pop_if(|last| *last == b'\n').is_some() {
            return self.kept(&line).map(Some);
        }
        self.input.skip_until(b'\n').map_err(|error| error.to_string())?;
        // Whatever comes behind a line is an instruction, at least the last one.
        match self.input.fill_buf() {
            Ok([_, ..]) => Ok(None),
            _ => Err("the pickle ends early".into()),
        }
    }

    fn memo_index(&mut self) -> Result<u64, String> {
        let line = self.line()?.and_then(|line| line.parse().ok());
        line.ok_or_else(|| "a memo index is no number".to_owned())
    }

    fn text(&mut self, size: usize) -> Result<(), String> {
        let length = self.number(size)?;
        if length > LONGEST_TEXT {
            return self.skip_and_push(length);
        }
        let mut text = Vec::new();
        let read = self.input.take(length).read_to_end(&mut text);
        if read.map_err(|error| error.to_string())? as u64 != length {
            return Err("the pickle ends early".into());
        }
        let text = self.kept(&text)?;
        self.pushed.push(Some(text));
        Ok(())
    }

    fn kept(&mut self, text: &[u8]) -> Result<Rc<str>, String> {
        self.kept_bytes += text.len();
        if self.kept_bytes > MOST_TEXT {
            return Err(format!("its pickle has more than {MOST_TEXT} bytes of texts"));
        }
        Ok(String::from_utf8_lossy(text).into())
    }

    fn skip(&mut self, length: u64) -> Result<(), String> {
        let skipped = std::io::copy(&mut self.input.take(length), &mut std::io::sink());
        if skipped.map_err(|error| error.to_string())? == length {
            Ok(())
        } else {
            Err("the pickle ends early".into())
        }
    }

    fn skip_and_push(&mut self, length: u64) -> Result<(), String> {
        self.pushed.push(None);
        self.skip(length)
    }

    fn skip_counted(&mut self, size: usize) -> Result<(), String> {
        let length = self.number(size)?;
        self.skip_and_push(length)
    }

    fn remember(&mut self, at: u64) {
        let value = self.pushed.last().cloned().flatten();
        self.memo.insert(at, value);
    }

    fn recall(&mut self, at: u64) {
        let value = self.memo.get(&at).cloned().flatten();
        self.pushed.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pickle: &[u8]) -> Vec<String> {
        names(&mut std::io::Cursor::new(pickle)).unwrap().into_iter().collect()
    }

    #[test]
    fn a_call_is_found_in_every_protocol_even_when_its_result_is_thrown_away() {
        // pickle.dumps of an object whose __reduce__ gives (os.system, ("id",)), protocols 0, 2, 4.
        assert_eq!(found(b"cposix\nsystem\np0\n(Vid\np1\ntp2\nRp3\n."), ["posix.system"]);
        let second = b"\x80\x02cposix\nsystem\nq\x00X\x02\x00\x00\x00idq\x01\x85q\x02Rq\x03.";
        assert_eq!(found(second), ["posix.system"]);
        let fourth =
            b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\
                       \x93\x94\x8c\x02id\x94\x85\x94R\x94.";
        assert_eq!(found(fourth), ["posix.system"]);
        // The result is popped, and what is left is an empty dictionary.
        assert_eq!(found(b"cposix\nsystem\n(Vid\ntR0}."), ["posix.system"]);
        // The two texts come out of the memo.
        let recalled = b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x9400h\x00h\x01\x93.";
        assert_eq!(found(recalled), ["posix.system"]);
    }

    #[test]
    fn what_makes_data_is_harmless_and_what_runs_code_is_not() {
        for name in [
            "collections.OrderedDict",
            "torch._utils._rebuild_tensor_v2",
            "torch.FloatStorage",
            "torch.nn.modules.linear.Linear",
            "numpy.core.multiarray.scalar",
            "torch.float8_e4m3fn",
            "torch.float8_e4m3fnuz",
            "torch.float8_e5m2",
            "torch.float8_e5m2fnuz",
            "torch.float8_e8m0fnu",
            "torch.float4_e2m1fn_x2",
            "torch.uint16",
            "torch.uint64",
            "torch.int4",
            "torch.complex64",
            "torch.qint8",
            "torch.quint4x2",
            "torch.bits1x8",
            "torch.per_channel_affine",
        ] {
            assert!(is_harmless(name), "{name}");
        }
        for name in [
            "posix.system",
            "builtins.eval",
            "builtins.getattr",
            "torch.load",
            "torch.hub.load",
            "torch.float8_exec",
            "torch.from_file",
            "torch.int_repr",
            "torch.compile",
            "subprocess.Popen",
            "parse_config.ConfigParser",
            "a name that is computed while loading",
        ] {
            assert!(!is_harmless(name), "{name}");
        }
    }

    #[test]
    fn long_texts_are_not_kept_and_hide_no_name() {
        let long = [b"\x80\x02X\xd0\x07\x00\x00".as_slice(), &[b'a'; 2000], b"0"].concat();
        let then_a_call = [long.as_slice(), b"cposix\nsystem\n."].concat();
        assert_eq!(found(&then_a_call), ["posix.system"]);
        let line = [b"V".as_slice(), &[b'a'; 2000], b"\n0cposix\nsystem\n."].concat();
        assert_eq!(found(&line), ["posix.system"]);
        // A name of a text that is too long is none of ours.
        let name = [long.strip_suffix(b"0").unwrap(), b"\x8c\x01b\x93."].concat();
        assert_eq!(found(&name), ["a name that is computed while loading"]);
        let name = [b"c".as_slice(), &[b'a'; 2000], b"\nb\n."].concat();
        assert_eq!(found(&name), ["a name that is computed while loading"]);
        // The longest that is kept.
        let name = [b"c".as_slice(), &[b'a'; 512], b"\nb\n."].concat();
        assert_eq!(found(&name), [format!("{}.b", "a".repeat(512))]);
        for early in [&line[..100], &line[..1500], &line[..2001]] {
            assert!(names(&mut std::io::Cursor::new(early)).is_err(), "{}", early.len());
        }
    }

    #[test]
    fn what_no_weights_have_is_refused() {
        let refused = |pickle: &[u8]| names(&mut std::io::Cursor::new(pickle)).unwrap_err();
        // One text, remembered over and over.
        let mut memo = b"\x8c\x05posix".to_vec();
        memo.resize(MOST_INSTRUCTIONS + 100, 0x94);
        assert!(refused(&memo).contains("4000000 instructions"));
        let many: String = (0..=MOST_NAMES).map(|name| format!("ca\nb{name}\n")).collect();
        assert!(refused(many.as_bytes()).contains("10000 names"));
        let text = [b"X\x00\x02\x00\x00".as_slice(), &[b'a'; 512]].concat();
        assert!(refused(&text.repeat(MOST_TEXT / 512 + 1)).contains("bytes of texts"));
    }

    #[test]
    fn a_stream_that_ends_early_or_is_no_pickle_is_an_error() {
        assert!(names(&mut std::io::Cursor::new(b"\x80\x02X\x05\x00\x00\x00ab")).is_err());
        assert!(names(&mut std::io::Cursor::new(b"\xff\xff")).unwrap_err().contains("0xff"));
    }
}
