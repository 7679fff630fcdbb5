//! Weights of PyTorch: pickles of opcodes in order and out of it, alone and in an archive.

use std::io::Write;
use std::path::Path;

use locvtp_model::weights::{SourceKind, StateDict};
use zip::write::SimpleFileOptions;

use crate::choices::Choices;
use crate::mutation;

/// Makes a file and reads it as weights.
pub(crate) fn run(choices: &mut Choices, folder: &Path) {
    let mut pickle = if choices.once_in(3) { opcodes(choices) } else { state_dict(choices) };
    if choices.once_in(4) {
        pickle = mutation::bytes(choices, pickle);
    }
    let path = folder.join(choices.pick(&["model.pt", "pytorch_model.bin", "model.pth.tar"]));
    let bytes = if choices.once_in(3) { alone(choices, pickle) } else { archive(choices, &pickle) };
    std::fs::write(&path, bytes).unwrap();
    if let Ok(state) = StateDict::open(&path, choices.once_in(2)) {
        let _ = (state.num_elements(), state.number_types(), SourceKind::guess(&state));
    }
}

/// What `torch.save` writes of a dictionary of tensors, with sizes that may lie.
fn state_dict(choices: &mut Choices) -> Vec<u8> {
    let mut ops = Ops(b"\x80\x02".to_vec());
    ops.global("collections", "OrderedDict").raw(b")R");
    ops.raw(b"(");
    for number in 0..=choices.below(4) {
        let name =
            if choices.once_in(4) { choices.name() } else { format!("layer.{number}.weight") };
        ops.text(&name);
        ops.global("torch._utils", "_rebuild_tensor_v2").raw(b"((");
        ops.text("storage");
        let storages = ["FloatStorage", "HalfStorage", "LongStorage", "Odd"];
        ops.global("torch", storages[choices.below(storages.len())]);
        ops.text(&number.to_string()).text("cpu").number(choices).raw(b"tQ").number(choices);
        for _ in 0..2 {
            ops.raw(b"(");
            for _ in 0..choices.below(5) {
                ops.number(choices);
            }
            ops.raw(b"t");
        }
        ops.raw(b"\x89").global("collections", "OrderedDict").raw(b")RtR");
    }
    ops.raw(b"u.");
    ops.0
}

/// Opcodes in any order.
fn opcodes(choices: &mut Choices) -> Vec<u8> {
    const PLAIN: &[u8] = b"(.012NRQ}]lds)tuabeo\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x93\x94I";
    let mut ops = Ops(vec![0x80, choices.below(6) as u8]);
    for _ in 0..choices.below(80) {
        match choices.below(10) {
            0 => drop(ops.text(&choices.name())),
            1 => drop(ops.number(choices)),
            2 => drop(ops.global("torch", "FloatStorage")),
            3 => {
                // A length, and other bytes than so many.
                let (code, width) = *choices.pick(&[
                    (b'X', 4),
                    (b'T', 4),
                    (b'B', 4),
                    (b'\x8b', 4),
                    (b'\x8d', 8),
                    (b'\x8e', 8),
                    (b'\x95', 8),
                    (b'\x96', 8),
                    (b'\x8c', 1),
                ]);
                ops.0.push(code);
                ops.raw(&choices.number().to_le_bytes()[..width]);
                ops.raw(&choices.bytes(12));
            }
            4 => {
                let (code, width) =
                    *choices.pick(&[(b'q', 1), (b'r', 4), (b'h', 1), (b'j', 4), (b'\x82', 1)]);
                ops.0.push(code);
                ops.raw(&choices.number().to_le_bytes()[..width]);
            }
            // What is there once more, and in a list with itself.
            5 => drop(ops.raw(b"2\x86q\x00h\x00\x86")),
            _ => ops.0.push(*choices.pick(PLAIN)),
        }
    }
    ops.raw(b".");
    ops.0
}

struct Ops(Vec<u8>);

impl Ops {
    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.raw(b"X").raw(&(text.len() as u32).to_le_bytes()).raw(text.as_bytes())
    }

    fn global(&mut self, module: &str, name: &str) -> &mut Self {
        self.raw(format!("c{module}\n{name}\n").as_bytes())
    }

    fn number(&mut self, choices: &mut Choices) -> &mut Self {
        let number = choices.number();
        match choices.below(4) {
            0 => self.raw(b"K").raw(&[number as u8]),
            1 => self.raw(b"J").raw(&(number as u32).to_le_bytes()),
            2 => self.raw(b"\x8a\x08").raw(&number.to_le_bytes()),
            _ => self.raw(format!("L{number}L\n").as_bytes()),
        }
    }
}

/// The pickles of a file of before PyTorch 1.6, one after the other.
fn alone(choices: &mut Choices, pickle: Vec<u8>) -> Vec<u8> {
    if choices.once_in(3) {
        return pickle;
    }
    let mut bytes =
        b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.".to_vec();
    bytes.extend(pickle);
    bytes.extend(b"\x80\x02]X\x01\x00\x00\x000a.");
    bytes.extend(choices.number().to_le_bytes());
    bytes.extend(choices.bytes(64));
    bytes
}

fn archive(choices: &mut Choices, pickle: &[u8]) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    let mut zip = zip::ZipWriter::new(&mut file);
    let method = *choices.pick(&[zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated]);
    let options = SimpleFileOptions::default().compression_method(method);
    let mut member = |name: &str, bytes: &[u8]| {
        // A name that cannot be written is left out.
        if zip.start_file(name, options).is_ok() {
            zip.write_all(bytes).unwrap();
        }
    };
    member("archive/data.pkl", pickle);
    if choices.once_in(6) {
        member("other/data.pkl", pickle);
    }
    for number in 0..choices.below(4) {
        member(&format!("archive/data/{number}"), &choices.bytes(64));
    }
    member("archive/version", b"3\n");
    member(&choices.name(), b"x");
    zip.finish().unwrap();
    let bytes = file.into_inner();
    if choices.once_in(4) { mutation::bytes(choices, bytes) } else { bytes }
}
