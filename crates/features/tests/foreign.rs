//! Feature files of other people: NumPy's, and HDF5 that the library here cannot read. The goldens are
//! made by `reference/feature_files.py`.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

use std::path::{Path, PathBuf};

use locvtp_features::{FeatureFile, FeatureStore, FeatureSummary, Provenance};

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
    // One array is no set of videos, and half an archive no archive.
    let error = refused(&golden("numpy/c.npy"), None);
    assert!(error.contains("one array") && error.contains("folder"), "{error}");
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
