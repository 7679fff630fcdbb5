//! Features in safetensors and in NumPy's files: headers that say more than there is.

use std::io::Write;
use std::path::Path;

use locvtp_features::{FeatureFile, FeatureSummary, NumpyArray};
use locvtp_model::weights::open_safetensors;
use serde_json::{Map, Value, json};

use crate::choices::Choices;
use crate::mutation;

/// Reads all that a file says, as `inspect` and the tasks do.
pub(crate) fn read(path: &Path) {
    let Ok(mut file) = FeatureFile::open(path, None) else { return };
    let _ = FeatureSummary::of(&mut file);
    for id in file.ids().to_vec().iter().take(8) {
        let _ = (file.shape(id), file.spans(id), file.unread_times(id), file.source(id));
        if let Ok(features) = file.read(id) {
            assert!(features.num_clips() == 0 || !features.clip(0).is_empty());
        }
    }
}

/// A safetensors file, of features or of weights.
pub(crate) fn safetensors(choices: &mut Choices, folder: &Path) {
    let mut header = Map::new();
    let mut end = 0;
    for number in 0..=choices.below(4) {
        let (rows, columns) = (choices.below(5), choices.below(5));
        let name = match choices.below(4) {
            0 => format!("{}/features", choices.name()),
            1 => format!("video{number}/spans"),
            _ => format!("video{number}/features"),
        };
        let dtype = *choices.pick(&["F32", "F64", "F16", "BF16", "I64", "U8", "F8", ""]);
        let width = match dtype {
            "F64" | "I64" => 8,
            "F32" => 4,
            "U8" | "F8" => 1,
            _ => 2,
        };
        let begin = end;
        end += rows * columns * width;
        let place = json!({"dtype": dtype, "shape": [rows, columns], "data_offsets": [begin, end]});
        let lies = choices.once_in(3);
        header.insert(name, if lies { mutation::json(choices, &place) } else { place });
    }
    let said = json!({"locvtp": "{\"provenance\":{},\"videos\":{}}"});
    header.insert("__metadata__".into(), mutation::json(choices, &said));
    let header = Value::Object(header);
    let header = if choices.once_in(4) { mutation::json(choices, &header) } else { header };
    let header = header.to_string().into_bytes();
    let length = if choices.once_in(8) { choices.number() } else { header.len() as u64 };
    let data = vec![0; end.saturating_sub(choices.below(2))];
    let bytes = [&length.to_le_bytes()[..], &header, &data].concat();
    let path = folder.join("features.safetensors");
    std::fs::write(&path, bytes).unwrap();
    read(&path);
    if let Ok(tensors) = open_safetensors(&path) {
        for (key, tensor) in tensors.iter().take(8) {
            let _ = (tensor.num_elements(), tensor.read(key).map(|read| read.shape));
        }
    }
}

/// An array of NumPy, alone, in a folder or in an archive.
pub(crate) fn numpy(choices: &mut Choices, folder: &Path) {
    let array = array(choices);
    let _ = NumpyArray::read(&array);
    let path = if choices.once_in(2) {
        let path = folder.join("video.npy");
        std::fs::write(&path, &array).unwrap();
        if choices.once_in(2) { folder.to_owned() } else { path }
    } else {
        let path = folder.join("videos.npz");
        let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
        for _ in 0..=choices.below(2) {
            let options = zip::write::SimpleFileOptions::default();
            if zip.start_file(format!("{}.npy", choices.name()), options).is_ok() {
                zip.write_all(&array).unwrap();
            }
        }
        zip.finish().unwrap();
        path
    };
    read(&path);
}

fn array(choices: &mut Choices) -> Vec<u8> {
    let (rows, columns) = (choices.below(6), choices.below(6));
    let mut shape = vec![rows as u64, columns as u64];
    if choices.once_in(2) {
        let at = choices.below(2);
        shape[at] = choices.number();
    }
    if choices.once_in(4) {
        shape.insert(choices.below(3), choices.number());
    }
    let shape: Vec<String> = shape.iter().map(u64::to_string).collect();
    let order = *choices.pick(&["True", "False", "True ", "1"]);
    let kind =
        *choices.pick(&["<f4", "<f8", "<f2", ">f4", "|u1", "<i8", "|O", "<U9", "<f99999999999"]);
    let mut header = format!(
        "{{'descr': '{kind}', 'fortran_order': {order}, 'shape': ({},), }}",
        shape.join(", ")
    );
    if choices.once_in(6) {
        header = mutation::table(choices, &header);
    }
    let version = *choices.pick(&[1u8, 2, 3, 9]);
    let length = if choices.once_in(6) { choices.number() } else { header.len() as u64 };
    let mut bytes = vec![0x93, b'N', b'U', b'M', b'P', b'Y', version, 0];
    bytes.extend(&length.to_le_bytes()[..if version == 1 { 2 } else { 4 }]);
    bytes.extend(header.as_bytes());
    bytes.extend(vec![0; rows * columns * 4]);
    bytes
}
