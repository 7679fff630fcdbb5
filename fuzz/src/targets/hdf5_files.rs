//! HDF5: a zoo of shapes, types, filters and links, as programs of others make them.
//!
//! Bytes of a file are not changed here: what the library itself does with those is not ours to promise
//! (`docs/security.md`).

use std::path::Path;

use hdf5::{File, Group};

use crate::choices::Choices;
use crate::targets::feature_files;

/// Makes a file and reads it as features.
pub(crate) fn run(choices: &mut Choices, folder: &Path) {
    let path = folder.join("features.h5");
    let file = File::create(&path).unwrap();
    fill(choices, &file, 0);
    // The library says no where two things have one name; then there is one of them.
    for _ in 0..choices.below(4) {
        let target =
            (*choices.pick(&["/", "/a", "/video", "/missing", "/video/c3d_features"])).to_owned();
        let name = choices.name();
        let _ = match choices.below(3) {
            0 => file.link_soft(&target, &name),
            1 => file.link_hard(&target, &name),
            _ => file.link_external("features.h5", &target, &name),
        };
    }
    drop(file);
    feature_files::read(&path);
}

fn fill(choices: &mut Choices, group: &Group, depth: usize) {
    for _ in 0..=choices.below(4) {
        let name = match choices.below(4) {
            0 => "c3d_features".to_owned(),
            1 => (*choices.pick(&["spans", "features", "timestamps", "video"])).to_owned(),
            _ => choices.name(),
        };
        if depth < 4 && choices.once_in(3) {
            if let Ok(inside) = group.create_group(&name) {
                fill(choices, &inside, depth + 1);
                if choices.once_in(8) {
                    // A folder that holds itself.
                    let _ = group.link_hard(&name, &format!("{name}/again"));
                }
            }
            continue;
        }
        dataset(choices, group, &name);
    }
    let text = choices.name().replace('\0', "");
    let value: Result<hdf5::types::VarLenUnicode, _> = text.parse();
    if let (true, Ok(value)) = (choices.once_in(3), value) {
        let made = group.new_attr::<hdf5::types::VarLenUnicode>().create("locvtp");
        let _ = made.and_then(|made| made.write_scalar(&value));
    }
}

/// A dataset that says how large it is and may hold nothing.
fn dataset(choices: &mut Choices, group: &Group, name: &str) {
    let mut side = || match choices.below(8) {
        0 => 1 << 20,
        1 => 1 << 40,
        2 => 0,
        _ => choices.below(6),
    };
    let shape = [side(), side(), side()];
    let shape = shape[..choices.below(4)].to_vec();
    let is_chunked = !shape.is_empty() && choices.once_in(2);
    let chunk: Vec<usize> = shape.iter().map(|side| (*side).clamp(1, 64)).collect();
    macro_rules! made {
        ($number:ty) => {{
            let builder = group.new_dataset::<$number>();
            let builder = if is_chunked { builder.chunk(chunk) } else { builder };
            let builder =
                if is_chunked && choices.once_in(2) { builder.deflate(4) } else { builder };
            builder.shape(shape).create(name).map(|_| ())
        }};
    }
    // Contiguous data of terabytes is never written, and takes no disk; the library refuses some.
    let _ = match choices.below(6) {
        0 => made!(f64),
        1 => made!(i64),
        2 => made!(u8),
        3 => made!(hdf5::types::VarLenUnicode),
        _ => made!(f32),
    };
}
