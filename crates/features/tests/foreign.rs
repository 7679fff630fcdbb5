//! Feature files of other people: NumPy's, and HDF5 that the library here cannot read. The goldens are
//! made by `reference/feature_files.py`.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod npy;

use std::path::{Path, PathBuf};

use locvtp_features::{
    FeatureFile, FeatureStore, FeatureSummary, OtherFiles, Provenance, npy_bytes,
};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens").join(name)
}

/// What stands in every golden: number `i` of clip `t` of video `v` is 100 v + 10 t + i + 1/4.
fn expected(video: usize, clips: usize) -> Vec<f32> {
    let number = |t: usize, i: usize| (100 * video + 10 * t + i) as f32 + 0.25;
    (0..clips).flat_map(|t| (0..5).map(move |i| number(t, i))).collect()
}

fn refused(path: &Path, dataset: Option<&str>) -> String {
    FeatureFile::open(path, dataset).err().unwrap().to_string()
}

#[test]
fn a_folder_of_npz_and_npy_and_an_npz_with_all_hold_the_same_features() {
    // In the folder: f8 among other arrays, f2 alone and compressed, big-endian column after column.
    for (name, ids) in [("numpy", ["a", "c", "train/v_b"]), ("all.npz", ["a", "c", "v_b"])] {
        let mut file = FeatureFile::open(&golden(name), None).unwrap();
        assert_eq!(file.ids(), ids);
        for (id, video, clips) in [(ids[0], 0, 3), (ids[1], 2, 4), (ids[2], 1, 2)] {
            assert_eq!(file.shape(id).unwrap(), [clips, 5], "{name} {id}");
            let features = file.read(id).unwrap();
            assert_eq!(features.values, expected(video, clips), "{name} {id}");
            assert_eq!((features.spans, features.source), (None, None));
        }
        assert!(file.provenance().is_none() && file.spans("a").unwrap().is_none());
        let error = file.read("none").unwrap_err().to_string();
        assert!(error.contains("no video \"none\" among its 3"), "{error}");
        let summary = FeatureSummary::of(&mut file);
        assert_eq!((summary.videos, summary.clips, summary.unusable), (3, 9, 0));
        assert_eq!(summary.widths.into_iter().collect::<Vec<_>>(), [(5, 3)]);
    }
}

#[test]
fn which_array_of_an_npz_is_meant_is_asked_and_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(golden("all.npz"), folder.path().join("video.npz")).unwrap();
    let file = FeatureFile::open(folder.path(), None).unwrap();
    let error = file.shape("video").unwrap_err().to_string();
    for piece in ["video.npz", "\"features\"", "a, v_b, c", "features.dataset = \"a\""] {
        assert!(error.contains(piece), "{piece}: {error}");
    }
    let mut file = FeatureFile::open(folder.path(), Some("c")).unwrap();
    assert_eq!(file.read("video").unwrap().values, expected(2, 4));
}

#[test]
fn a_folder_without_files_of_numpy_says_what_to_type() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    assert!(refused(folder.path(), None).contains("no .npz and no .npy"));
    std::fs::write(at("a.h5"), "").unwrap();
    let error = refused(folder.path(), None);
    assert!(error.contains("python3 -c") && error.contains("all.h5"), "{error}");
    std::fs::write(at("a.pt"), "").unwrap();
    let error = refused(folder.path(), None);
    assert!(error.contains("torch.load") && error.contains("/*.pt"), "{error}");
    // Two files of one video.
    std::fs::copy(golden("numpy/c.npy"), at("c.npy")).unwrap();
    std::fs::copy(golden("numpy/a.npz"), at("c.npz")).unwrap();
    let error = refused(folder.path(), None);
    assert!(error.contains("c.npy") && error.contains("c.npz"), "{error}");
    // Half an archive is no archive.
    let bytes = std::fs::read(golden("all.npz")).unwrap();
    std::fs::write(at("cut.npz"), &bytes[..500]).unwrap();
    assert!(refused(&at("cut.npz"), None).contains("no whole .npz"));
}

#[test]
fn nothing_is_added_to_files_of_numpy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.h5");
    std::fs::copy(golden("all.npz"), &path).unwrap();
    let provenance = Provenance { preprocessing: "{}".into(), ..Provenance::default() };
    assert!(FeatureStore::open(&path, "c3d_features", provenance, false).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(golden("all.npz")).unwrap());
}

#[test]
fn a_filter_that_is_not_there_is_named_with_the_way_out() {
    for (name, pieces) in [
        ("lzf.h5", ["/a/c3d_features", "LZF", "32000", "import h5py;", "lzf.plain.h5"]),
        ("blosc.h5", ["/a/c3d_features", "Blosc", "32001", "hdf5plugin", "HDF5_PLUGIN_PATH"]),
    ] {
        let Err(error) = FeatureFile::open(&golden(name), None) else {
            // A library that has the filter reads the file.
            continue;
        };
        let error = error.to_string();
        pieces.iter().for_each(|piece| assert!(error.contains(piece), "{piece}: {error}"));
    }
}

#[test]
fn a_newer_format_is_named_with_the_way_out() {
    match FeatureFile::open(&golden("latest.h5"), None) {
        // HDF5 2.0 reads what it writes.
        Ok(mut file) => assert_eq!(file.read("c").unwrap().values, expected(2, 4)),
        Err(error) => {
            let error = error.to_string();
            for piece in ["newer HDF5 format", "import h5py;", "latest.plain.h5"] {
                assert!(error.contains(piece), "{piece}: {error}");
            }
        }
    }
}

/// Writes an `.npz` of arrays.
fn npz(path: &Path, arrays: &[(&str, Vec<u8>)]) {
    use std::io::Write;
    let mut archive = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in arrays {
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file(format!("{name}.npy"), options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap();
}

#[test]
fn the_file_of_one_video_is_one_video_called_as_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let features = npy_bytes(3, 2, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let times = npy_bytes(3, 2, [0.0, 1.0, 1.0, 2.0, 2.0, 3.0]);
    let times_alone = npy::npy("<f8", false, "(3,)", &[0; 24]);
    let path = folder.path().join("kitchen.npz");
    let read = |path: &Path, dataset: Option<&str>| {
        let mut file = FeatureFile::open(path, dataset).unwrap();
        assert_eq!(file.ids(), ["kitchen"]);
        file.read("kitchen").map(|features| features.values)
    };
    let expected = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    for arrays in [
        vec![("features", features.clone()), ("times", times.clone())],
        vec![("features", features.clone()), ("timestamps", times_alone.clone())],
        vec![("arr_0", features.clone())],
    ] {
        npz(&path, &arrays);
        assert_eq!(read(&path, None).unwrap(), expected, "{:?}", arrays[0].0);
    }
    npz(&path, &[("clips", features.clone()), ("times", times)]);
    let error = read(&path, None).unwrap_err().to_string();
    assert!(error.contains("features.dataset = \"clips\""), "{error}");
    assert_eq!(read(&path, Some("clips")).unwrap(), expected);
    let path = folder.path().join("kitchen.npy");
    std::fs::write(&path, features).unwrap();
    assert_eq!(read(&path, None).unwrap(), expected);
}

#[test]
fn a_summary_counts_what_can_be_used_and_says_why_the_rest_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    let whole = npy_bytes(2, 2, [1.0, 2.0, 3.0, 4.0]);
    write("z.npy", &whole);
    let summary = || FeatureSummary::of(&mut FeatureFile::open(folder.path(), None).unwrap());
    for (name, bytes, pieces) in [
        ("cut.npy", whole[..whole.len() - 4].to_vec(), vec!["cut.npy", "cut off", "12 bytes"]),
        ("empty.npy", npy_bytes(0, 2, []), vec!["empty has no clips", "[0, 2]"]),
        (
            "nan.npy",
            npy_bytes(2, 2, [1.0, 2.0, f32::NAN, 4.0]),
            vec![
                "nan.npy",
                "clip 1",
                "\"nan\"",
                "NaN",
                "1 number of this video is not finite",
                "fp16",
                "f32",
            ],
        ),
        ("inf.npy", npy_bytes(1, 2, [f32::INFINITY; 2]), vec!["inf.npy", "clip 0", "2 numbers"]),
        (
            "flat.npy",
            npy::npy("<f4", false, "(2,)", &[0; 8]),
            vec!["flat", "[2]", "[num_clips, d]"],
        ),
        ("whole.npy", npy::npy("<i8", false, "(1, 2)", &[0; 16]), vec!["whole.npy", "<i8"]),
    ] {
        write(name, &bytes);
        let found = summary();
        assert_eq!((found.videos, found.unusable, found.clips), (1, 1, 2), "{name}");
        assert_eq!((found.first_ids, found.fewest_clips), (vec!["z".to_owned()], 2), "{name}");
        let reason = found.first_unusable.unwrap();
        pieces.iter().for_each(|piece| assert!(reason.contains(piece), "{piece}: {reason}"));
        std::fs::remove_file(folder.path().join(name)).unwrap();
    }
    // One array of an archive that was cut off within.
    npz(&folder.path().join("cut.npz"), &[("features", whole[..whole.len() - 4].to_vec())]);
    let reason = summary().first_unusable.unwrap();
    assert!(reason.contains("cut.npz") && reason.contains("cut off"), "{reason}");
}

/// An HDF5 file of one whole video, `whole`, and what `more` adds.
fn hdf5_with(folder: &Path, more: impl FnOnce(&hdf5::File)) -> PathBuf {
    let path = folder.join("some.h5");
    let file = hdf5::File::create(&path).unwrap();
    let group = file.create_group("whole").unwrap();
    group.new_dataset::<f32>().shape([2, 2]).create("c3d_features").unwrap();
    more(&file);
    path
}

#[test]
fn an_hdf5_file_whose_other_half_is_missing_names_it_and_keeps_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let check = |path: &Path, id: &str, pieces: &[&str]| {
        let mut file = FeatureFile::open_with(path, None, OtherFiles::Followed).unwrap();
        assert_eq!(file.read("whole").unwrap().num_clips(), 2);
        for error in [file.shape(id).unwrap_err(), file.read(id).unwrap_err()] {
            let error = error.to_string();
            pieces.iter().for_each(|piece| assert!(error.contains(piece), "{piece}: {error}"));
        }
        let summary = FeatureSummary::of(&mut file);
        assert_eq!((summary.videos, summary.unusable), (1, 1));
    };
    let missing = ["some.h5", "gone.h5", "not there", "h5py"];
    let path = hdf5_with(folder.path(), |file| {
        file.link_external("gone.h5", "/b", "b").unwrap();
    });
    check(&path, "b", &missing);
    let path = hdf5_with(folder.path(), |file| {
        file.create_group("b").unwrap().link_external("gone.h5", "/b", "c3d_features").unwrap();
    });
    check(&path, "b", &missing);
    let path = hdf5_with(folder.path(), |file| file.link_soft("/none", "b").unwrap());
    check(&path, "b", &["some.h5", "/b is a link", "not in the file", "del file"]);
    // The library reads zeros for these.
    let path = hdf5_with(folder.path(), |file| {
        let whole = hdf5::Extents::from((2, 2));
        let dataset = file
            .new_dataset::<f32>()
            .shape([2, 2])
            .with_dcpl(|properties| properties.virtual_map("gone.h5", "x", &whole, .., &whole, ..));
        dataset.create("b").unwrap();
    });
    check(&path, "b", &missing);
    let path = hdf5_with(folder.path(), |file| {
        let of_text = file.new_dataset::<hdf5::types::FixedAscii<4>>().shape([2, 2]);
        of_text.create("b").unwrap();
    });
    check(&path, "b", &["/b", "no numbers"]);
}

#[test]
fn what_lies_in_another_file_is_read_only_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.h5");
    let table = ndarray::arr2(&[[1.0f32, 2.0], [3.0, 4.0]]);
    let file = hdf5::File::create(&other).unwrap();
    file.new_dataset_builder().with_data(&table).create("x").unwrap();
    drop(file);
    let raw = folder.path().join("raw");
    std::fs::write(&raw, [0u8; 16]).unwrap();
    let check = |path: &Path, id: &str, values: &[f32]| {
        let mut file = FeatureFile::open(path, None).unwrap();
        assert_eq!(file.read("whole").unwrap().num_clips(), 2);
        for error in [file.shape(id).unwrap_err(), file.read(id).unwrap_err()] {
            let error = error.to_string();
            for piece in ["some.h5", "to another file", "features.other_files = true"] {
                assert!(error.contains(piece), "{piece}: {error}");
            }
        }
        let summary = FeatureSummary::of(&mut file);
        assert_eq!((summary.videos, summary.unusable), (1, 1));
        let mut file = FeatureFile::open_with(path, None, OtherFiles::Followed).unwrap();
        assert_eq!(file.read(id).unwrap().values, values);
    };
    let values = [1.0, 2.0, 3.0, 4.0];
    let path = hdf5_with(folder.path(), |file| {
        file.link_external("other.h5", "/x", "b").unwrap();
    });
    check(&path, "b", &values);
    let path = hdf5_with(folder.path(), |file| {
        file.create_group("b").unwrap().link_external("other.h5", "/x", "c3d_features").unwrap();
    });
    check(&path, "b", &values);
    // By way of a link in the file itself.
    let path = hdf5_with(folder.path(), |file| {
        file.create_group("b").unwrap().link_soft("/whole/far/x", "c3d_features").unwrap();
        file.group("whole").unwrap().link_external("other.h5", "/", "far").unwrap();
    });
    check(&path, "b", &values);
    let path = hdf5_with(folder.path(), |file| {
        let stored = file.new_dataset::<f32>().shape([2, 2]);
        let stored =
            stored.with_dcpl(|properties| properties.external(raw.to_str().unwrap(), 0, 16));
        stored.create("b").unwrap();
    });
    check(&path, "b", &[0.0; 4]);
    // A link within the file is one of its own names.
    let path = hdf5_with(folder.path(), |file| file.link_soft("/whole", "b").unwrap());
    assert_eq!(FeatureFile::open(&path, None).unwrap().read("b").unwrap().num_clips(), 2);
}

#[test]
fn groups_that_hold_each_other_are_looked_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = hdf5_with(folder.path(), |file| {
        let inner = file.create_group("split/inner").unwrap();
        inner.link_hard("/split", "again").unwrap();
        inner.link_hard("/", "root").unwrap();
        file.link_soft("/split", "by_name").unwrap();
    });
    let mut file = FeatureFile::open(&path, None).unwrap();
    assert_eq!(file.ids(), ["whole"]);
    assert_eq!(FeatureSummary::of(&mut file).videos, 1);
    drop(file);
    let path = hdf5_with(folder.path(), |file| {
        file.create_group(&["g"; 40].join("/")).unwrap();
    });
    let error = refused(&path, None);
    assert!(error.contains("some.h5") && error.contains("groups in groups"), "{error}");
}

#[test]
fn a_shape_is_believed_as_far_as_the_file_can_hold_it() {
    let folder = tempfile::tempdir().unwrap();
    for shape in [[1 << 20, 1 << 12], [1 << 31, 1 << 31], [1 << 33, 1 << 33]] {
        for dataset in ["b", "b/c3d_features"] {
            let path = hdf5_with(folder.path(), |file| {
                if dataset != "b" {
                    file.create_group("b").unwrap();
                }
                // Nothing is written, so the file holds nothing of it.
                let stored = file.new_dataset::<f32>().chunk([16, 16]).shape(shape);
                stored.create(dataset).unwrap();
            });
            let mut file = FeatureFile::open(&path, None).unwrap();
            assert_eq!(file.read("whole").unwrap().num_clips(), 2);
            for error in [file.shape("b").unwrap_err(), file.read("b").unwrap_err()] {
                let error = error.to_string();
                assert!(error.contains("does not hold so many numbers"), "{shape:?}: {error}");
            }
        }
    }
    // Rows of nothing may be any number.
    let path = hdf5_with(folder.path(), |file| {
        file.new_dataset::<f32>().shape((1 << 40, 0)).create("b").unwrap();
    });
    let error = FeatureFile::open(&path, None).unwrap().shape("b").unwrap_err().to_string();
    assert!(error.contains("does not hold so many numbers"), "{error}");
}

#[test]
fn an_hdf5_file_of_one_video_is_told_from_one_of_many() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kitchen.h5");
    let file = hdf5::File::create(&path).unwrap();
    file.new_dataset::<f32>().shape([2, 2]).create("features").unwrap();
    file.new_dataset::<f32>().shape([2]).create("times").unwrap();
    drop(file);
    let error = refused(&path, None);
    for piece in ["kitchen.h5", "one video", "features, times", "python3 -c", "\"kitchen\""] {
        assert!(error.contains(piece), "{piece}: {error}");
    }
}

#[test]
fn a_file_that_does_not_exist_is_said_to_be_so_in_one_way() {
    for name in ["none.h5", "none.safetensors", "none.npz", "none"] {
        let error = refused(Path::new(name), None);
        assert_eq!(error, format!("{name}: does not exist; check the path"));
    }
}

/// An HDF5 file of tables of two columns, by their paths and numbers of rows, and of empty groups.
fn hdf5_of(folder: &Path, tables: &[(&str, usize)], empty: &[&str]) -> PathBuf {
    let path = folder.join("some.h5");
    let file = hdf5::File::create(&path).unwrap();
    for (name, rows) in tables {
        if let Some((group, _)) = name.rsplit_once('/')
            && !file.link_exists(group)
        {
            file.create_group(group).unwrap();
        }
        let table = ndarray::Array2::from_elem((*rows, 2), 0.5f32);
        file.new_dataset_builder().with_data(&table).create(*name).unwrap();
    }
    empty.iter().for_each(|name| drop(file.create_group(name).unwrap()));
    path
}

#[test]
fn datasets_in_groups_of_splits_are_videos_called_by_their_paths() {
    let folder = tempfile::tempdir().unwrap();
    let splits = [("train/v0", 3), ("test/v1", 4)];
    let shared = [("a/v0", 1), ("a/v1", 2), ("a/v2", 3), ("b/v1", 4), ("b/v3", 5)];
    let one_group = [("all/v0", 3), ("all/v1", 4)];
    let deeper = [("sets/train/v0", 3), ("sets/test/v1", 4)];
    for tables in [&splits[..], &shared, &one_group, &deeper] {
        let path = hdf5_of(folder.path(), tables, &[]);
        let mut file = FeatureFile::open(&path, None).unwrap();
        assert!(!file.has_named_datasets());
        let mut ids: Vec<&str> = tables.iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        assert_eq!(file.ids(), ids);
        for (id, rows) in tables {
            assert_eq!(file.read(id).unwrap().num_clips(), *rows, "{id}");
        }
        let summary = FeatureSummary::of(&mut file);
        assert_eq!((summary.videos, summary.unusable), (tables.len(), 0));
        assert_eq!(summary.dataset, None);
    }
    // Whoever names a dataset says that they are no videos.
    let path = hdf5_of(folder.path(), &splits, &[]);
    let error = refused(&path, Some("c3d_features"));
    for piece in ["\"c3d_features\"", "test/v1", "train/v0", "leave features.dataset out"] {
        assert!(error.contains(piece), "{piece}: {error}");
    }
    assert!(!error.contains("features.dataset ="), "{error}");
    // One video for the program, and the rest is not hidden.
    let summary = FeatureSummary::of(&mut FeatureFile::open(&path, Some("v0")).unwrap());
    assert_eq!((summary.videos, summary.unusable), (1, 1));
    assert!(summary.first_unusable.unwrap().contains("/test has no dataset \"v0\"; it has v1"));
}

#[test]
fn a_name_that_comes_again_in_most_groups_is_what_features_are_called() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&[(&str, usize)], &str); 6] = [
        (&[("v0/feat", 3), ("v1/feat", 3)], "feat"),
        (&[("v0/feat", 3), ("v0/times", 3), ("v1/feat", 3), ("v1/times", 3)], "feat"),
        (&[("v0/slow", 3), ("v0/times", 3), ("v1/slow", 3)], "slow"),
        (&[("v0/feat", 3), ("v1/feat", 3), ("v2/other", 3)], "feat"),
        (&[("v0/feat", 3)], "feat"),
        (&[("v0/i3d", 3), ("v0/timestamps", 3)], "i3d"),
    ];
    for (tables, name) in cases {
        let path = hdf5_of(folder.path(), tables, &[]);
        let error = refused(&path, None);
        let advice = format!("features.dataset = {name:?}");
        assert!(error.contains(&advice) && error.contains(tables[0].0), "{error}");
        assert!(FeatureFile::open(&path, Some(name)).unwrap().has_named_datasets());
    }
}

#[test]
fn groups_without_features_are_counted_and_the_first_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let tables = [("v0/c3d_features", 3), ("v1/c3d_features", 3), ("v2/other", 3), ("flat", 2)];
    let path = hdf5_of(folder.path(), &tables, &["v4"]);
    let mut file = FeatureFile::open(&path, None).unwrap();
    assert_eq!(file.ids(), ["flat", "v0", "v1"]);
    let summary = FeatureSummary::of(&mut file);
    assert_eq!((summary.videos, summary.unusable), (3, 2));
    let reason = summary.first_unusable.unwrap();
    for piece in ["some.h5", "/v2", "\"c3d_features\"", "other"] {
        assert!(reason.contains(piece), "{piece}: {reason}");
    }
}

#[test]
fn times_that_are_there_and_not_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let table = npy_bytes(1, 2, [1.0, 2.0]);
    let unread = |path: &Path, dataset: Option<&str>| {
        let mut file = FeatureFile::open(path, dataset).unwrap();
        let summary = FeatureSummary::of(&mut file);
        assert_eq!((summary.videos, summary.has_spans), (1, false));
        summary.unread_times
    };
    let path = folder.path().join("a.npz");
    for name in ["times", "timestamps", "spans"] {
        npz(&path, &[("features", table.clone()), (name, table.clone())]);
        assert_eq!(unread(&path, None).unwrap(), name);
        assert_eq!(unread(folder.path(), None).unwrap(), name);
    }
    npz(&path, &[("features", table)]);
    assert_eq!(unread(&path, None), None);
    let path = hdf5_of(folder.path(), &[("v/feat", 3), ("v/times", 3)], &[]);
    assert_eq!(unread(&path, Some("feat")).unwrap(), "times");
}

#[test]
fn what_a_name_of_a_dataset_chooses_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let table = npy_bytes(1, 2, [1.0, 2.0]);
    std::fs::write(folder.path().join("a.npy"), &table).unwrap();
    let chooses = |path: &Path| FeatureFile::open(path, None).unwrap().has_named_datasets();
    assert!(!chooses(folder.path()) && !chooses(&folder.path().join("a.npy")));
    npz(&folder.path().join("b.npz"), &[("features", table)]);
    assert!(chooses(folder.path()) && chooses(&folder.path().join("b.npz")));
    assert!(!chooses(&golden("all.npz")));
    assert!(!chooses(&hdf5_of(folder.path(), &[("v", 3)], &[])));
    assert!(chooses(&hdf5_of(folder.path(), &[("v/c3d_features", 3)], &[])));
}
