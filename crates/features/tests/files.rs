//! Feature files as they are written, read, interrupted and damaged.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use locvtp_features::{
    ClipBlock, FeatureError, FeatureFile, FeatureStore, Finished, Provenance, VideoSource,
};
use locvtp_video::TimeSpan;

const WIDTH: usize = 3;

fn place(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    (folder, path)
}

fn provenance() -> Provenance {
    let stride = "16 frames".into();
    let preprocessing = r#"{"short_side":36}"#.into();
    let (model, weights) = ("runs/a/model".into(), "77".into());
    Provenance { model, weights, stride, preprocessing, ..Default::default() }
}

fn open(out: &Path) -> FeatureStore {
    FeatureStore::open(out, "c3d_features", provenance(), false).unwrap()
}

fn source(id: &str) -> VideoSource {
    // One of them lost some pictures.
    let damaged =
        if id == "b" { vec![TimeSpan::new(1.5, 2.25), TimeSpan::new(9.0, 9.5)] } else { vec![] };
    let cut_short = (id == "b").then(|| "cut short: the pictures end at 0:12 of 0:30".to_owned());
    let path = format!("videos/{id}.mp4");
    VideoSource { path, bytes: 4321, duration_s: 12.5, damaged, cut_short }
}

/// Clips `first..end` of a video; every number says which video, clip and place it is of.
fn clips(video: usize, first: usize, end: usize) -> ClipBlock {
    let number = |clip: usize, i: usize| (video * 10_000 + clip * 10 + i) as f32 + 0.25;
    ClipBlock {
        spans: (first..end)
            .map(|c| TimeSpan::new(c as f64 * 0.64, (c + 1) as f64 * 0.64))
            .collect(),
        values: (first..end).flat_map(|c| (0..WIDTH).map(move |i| number(c, i))).collect(),
    }
}

fn push(store: &mut FeatureStore, id: &str, block: &ClipBlock) {
    store.push(id, &block.spans, &block.values).unwrap();
}

/// Two videos whose clips come in turn, and one more.
fn write(out: &Path) -> Finished {
    let mut store = open(out);
    push(&mut store, "b", &clips(1, 0, 2));
    push(&mut store, "a/x", &clips(2, 0, 1));
    push(&mut store, "b", &clips(1, 2, 5));
    store.video_done("b", source("b")).unwrap();
    push(&mut store, "a/x", &clips(2, 1, 2));
    store.video_done("a/x", source("a/x")).unwrap();
    push(&mut store, "c", &clips(3, 0, 1));
    store.video_done("c", source("c")).unwrap();
    store.finish().unwrap()
}

#[test]
fn what_was_pushed_is_read_back_from_either_kind_of_file() {
    for name in ["f.h5", "f.hdf5", "f.safetensors"] {
        let (_folder, out) = place(name);
        let finished = write(&out);
        assert_eq!((finished.videos, finished.clips, finished.width), (3, 8, WIDTH), "{name}");
        let mut file = FeatureFile::open(&out, None).unwrap();
        assert_eq!(file.ids(), ["a/x", "b", "c"]);
        assert_eq!(file.provenance(), Some(provenance()));
        let video = file.read("b").unwrap();
        let expected = clips(1, 0, 5);
        assert_eq!((video.num_clips(), video.width), (5, WIDTH));
        assert_eq!(
            (&video.values, video.spans.as_ref()),
            (&expected.values, Some(&expected.spans))
        );
        assert_eq!(video.source, Some(source("b")));
        assert_eq!(video.clip(4), &expected.values[12..]);
        assert!(!FeatureStore::journal_of(&out).exists());
        let error = file.read("d").unwrap_err();
        assert!(matches!(error, FeatureError::NoVideo { num_videos: 3, .. }), "{error}");
    }
}

#[test]
fn the_safetensors_library_reads_what_is_written_without_it() {
    let (_folder, out) = place("f.safetensors");
    write(&out);
    let bytes = std::fs::read(&out).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let features = tensors.tensor("b/features").unwrap();
    assert_eq!((features.dtype(), features.shape()), (safetensors::Dtype::F32, &[5, WIDTH][..]));
    let numbers: Vec<u8> = clips(1, 0, 5).values.iter().flat_map(|x| x.to_le_bytes()).collect();
    assert_eq!(features.data(), numbers);
    assert_eq!(tensors.tensor("c/spans").unwrap().shape(), [1, 2]);
}

/// Waits until the clock shows another second, the unit of the times that HDF5 can write into a file.
fn until_another_second() {
    let second = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let now = second();
    while second() == now {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_file_has_the_same_bytes_however_often_it_was_interrupted() {
    for name in ["f.h5", "f.safetensors"] {
        let (_folder, out) = place(name);
        write(&out);
        let whole = std::fs::read(&out).unwrap();
        std::fs::remove_file(&out).unwrap();

        // Killed in the middle of b; then after b; then finished, in another order.
        let mut store = open(&out);
        push(&mut store, "b", &clips(1, 0, 2));
        drop(store);
        let mut store = open(&out);
        assert!(!store.holds("b", 4321).unwrap());
        push(&mut store, "c", &clips(3, 0, 1));
        store.video_done("c", source("c")).unwrap();
        push(&mut store, "b", &clips(1, 0, 5));
        store.video_done("b", source("b")).unwrap();
        drop(store);
        // An output with some of it, to which the rest is added.
        let store = open(&out);
        assert!(store.holds("b", 4321).unwrap());
        assert!(!store.holds("b", 4322).unwrap(), "the video file has changed");
        store.finish().unwrap();
        until_another_second();
        let mut store = open(&out);
        assert!(store.holds("c", 4321).unwrap() && !store.holds("a/x", 4321).unwrap());
        push(&mut store, "a/x", &clips(2, 0, 2));
        store.video_done("a/x", source("a/x")).unwrap();
        store.finish().unwrap();
        assert_eq!(std::fs::read(&out).unwrap(), whole, "{name}");
    }
}

#[test]
fn a_journal_cut_anywhere_keeps_every_whole_record() {
    let (folder, out) = place("f.h5");
    let mut store = open(&out);
    push(&mut store, "b", &clips(1, 0, 2));
    store.video_done("b", source("b")).unwrap();
    let journal = FeatureStore::journal_of(&out);
    let first_done = std::fs::metadata(&journal).unwrap().len() as usize;
    push(&mut store, "c", &clips(3, 0, 4));
    store.video_done("c", source("c")).unwrap();
    drop(store);
    let bytes = std::fs::read(&journal).unwrap();
    for length in (0..bytes.len()).step_by(7) {
        let out = folder.path().join(format!("{length}.h5"));
        std::fs::write(FeatureStore::journal_of(&out), &bytes[..length]).unwrap();
        let store = open(&out);
        assert_eq!(store.holds("b", 4321).unwrap(), length >= first_done, "{length}");
        assert!(!store.holds("c", 4321).unwrap(), "{length}");
    }
    // A byte that turned over in the last record costs that record.
    let mut turned = bytes.clone();
    turned[first_done + 60] ^= 4;
    std::fs::write(&journal, turned).unwrap();
    let store = open(&out);
    assert!(store.holds("b", 4321).unwrap() && !store.holds("c", 4321).unwrap());
}

#[test]
fn a_second_run_at_the_same_time_is_sent_away_and_names_the_first() {
    let (_folder, out) = place("f.h5");
    let first = open(&out);
    let again = FeatureStore::open(&out, "c3d_features", provenance(), true);
    let message = again.err().unwrap().to_string();
    let process = format!("process {}", std::process::id());
    assert!(message.contains(&process) && message.contains("another --out"), "{message}");
    drop(first);
    open(&out);
}

#[test]
fn features_of_another_kind_are_not_mixed() {
    for name in ["f.h5", "f.safetensors"] {
        let (_folder, out) = place(name);
        let other = Provenance { stride: "1 s".into(), ..provenance() };
        // With the journal of a killed run, and with a finished file.
        let mut store = open(&out);
        push(&mut store, "b", &clips(1, 0, 2));
        store.video_done("b", source("b")).unwrap();
        drop(store);
        let refuse = |dataset: &str, other: Provenance| {
            FeatureStore::open(&out, dataset, other, false).err().unwrap().to_string()
        };
        let message = refuse("c3d_features", other.clone());
        assert!(message.contains("\"16 frames\"") && message.contains("\"1 s\""), "{message}");
        assert!(refuse("vgg", provenance()).contains("`dataset` \"c3d_features\""));
        open(&out).finish().unwrap();
        let message = refuse("c3d_features", other.clone());
        assert!(message.contains("--fresh"), "{message}");
        // The model may have moved.
        let moved = Provenance { model: "elsewhere".into(), ..provenance() };
        drop(FeatureStore::open(&out, "c3d_features", moved, false).unwrap());
        let mut store = FeatureStore::open(&out, "c3d_features", other.clone(), true).unwrap();
        push(&mut store, "c", &clips(3, 0, 1));
        store.video_done("c", source("c")).unwrap();
        store.finish().unwrap();
        let file = FeatureFile::open(&out, None).unwrap();
        assert_eq!((file.ids(), file.provenance()), (&["c".to_owned()][..], Some(other)));
    }
}

/// Files as other people write them.
fn foreign(path: &Path) {
    let file = hdf5::File::create(path).unwrap();
    let table: Vec<f64> = (0..8).map(f64::from).collect();
    let table = ndarray::Array2::from_shape_vec((4, 2), table).unwrap();
    // 2D-TAN's ActivityNet: a group with a compressed dataset, here of f64.
    let group = file.create_group("v_one").unwrap();
    group
        .new_dataset::<f64>()
        .chunk((2, 2))
        .deflate(4)
        .shape((4, 2))
        .create("c3d_features")
        .unwrap()
        .write(&table)
        .unwrap();
    // Charades-STA: the dataset itself.
    file.new_dataset_builder().with_data(&table).create("AO8RW").unwrap();
}

#[test]
fn files_of_other_people_are_read_and_not_added_to() {
    let (_folder, path) = place("vgg_rgb_features.hdf5");
    foreign(&path);
    let mut file = FeatureFile::open(&path, None).unwrap();
    assert_eq!(file.ids(), ["AO8RW", "v_one"]);
    for id in ["AO8RW", "v_one"] {
        let video = file.read(id).unwrap();
        assert_eq!((video.num_clips(), video.width, video.spans), (4, 2, None));
        assert_eq!(video.values, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    }
    drop(file);
    let error = FeatureStore::open(&path, "c3d_features", provenance(), false).err().unwrap();
    assert!(matches!(error, FeatureError::Foreign { .. }), "{error}");
}

#[test]
fn a_dataset_of_another_name_or_shape_is_named() {
    let (_folder, path) = place("f.h5");
    let file = hdf5::File::create(&path).unwrap();
    let group = file.create_group("v").unwrap();
    group.new_dataset_builder().with_data(&[1.0f32, 2.0]).create("i3d").unwrap();
    file.close().unwrap();
    drop(group);
    let message = FeatureFile::open(&path, None).err().unwrap().to_string();
    assert!(message.contains("c3d_features") && message.contains("v/i3d"), "{message}");
    let message = FeatureFile::open(&path, Some("i3d")).unwrap().read("v").unwrap_err().to_string();
    assert!(message.contains("/v/i3d") && message.contains("[2]"), "{message}");
}

#[test]
fn a_file_that_another_program_writes_is_left_alone() {
    let (_folder, path) = place("f.h5");
    foreign(&path);
    // The lock that the HDF5 library takes for writing.
    let other = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    other.lock().unwrap();
    let message = FeatureFile::open(&path, None).err().unwrap().to_string();
    assert!(message.contains("another program") && message.contains("close it"), "{message}");
    other.unlock().unwrap();
    FeatureFile::open(&path, None).unwrap();
}

#[test]
fn damaged_files_are_errors_that_name_the_file() {
    for name in ["f.h5", "f.safetensors"] {
        let (folder, out) = place(name);
        write(&out);
        let bytes = std::fs::read(&out).unwrap();
        let cut = folder.path().join(format!("cut_{name}"));
        for length in [0, 5, 20, bytes.len() / 2, bytes.len() - 3] {
            std::fs::write(&cut, &bytes[..length]).unwrap();
            let message = FeatureFile::open(&cut, None).err().map(|error| error.to_string());
            let message = message.unwrap_or_else(|| panic!("{length} of {} bytes", bytes.len()));
            assert!(message.contains("cut_f") && message.contains("extract it again"), "{message}");
        }
        std::fs::write(&cut, "a text that is no feature file at all").unwrap();
        let message = FeatureFile::open(&cut, None).err().unwrap().to_string();
        assert!(message.contains("not a whole feature file"), "{message}");
    }
    let missing = FeatureFile::open(Path::new("/no/such/file.h5"), None).err().unwrap();
    assert!(missing.to_string().contains("/no/such/file.h5"), "{missing}");
}

#[test]
fn a_journal_that_somebody_changed_is_refused_and_never_believed() {
    let (_folder, out) = place("f.h5");
    let mut store = open(&out);
    push(&mut store, "b", &clips(1, 0, 2));
    store.video_done("b", source("b")).unwrap();
    drop(store);
    let journal = FeatureStore::journal_of(&out);
    let whole = std::fs::read(&journal).unwrap();
    // A record with the checksum that it must have.
    let record = |head: &str, body: &[u8]| {
        let lengths = [head.len() as u32, body.len() as u32].map(u32::to_le_bytes).concat();
        let sum = crc32fast::hash(&[&lengths, head.as_bytes(), body].concat());
        [&lengths, &sum.to_le_bytes()[..], head.as_bytes(), body].concat()
    };
    let clip = [0u8; 16 + 4 * WIDTH];
    let clips = |id: &str, first: u64, count: u64, width: u64| {
        format!(r#"{{"clips":{{"id":"{id}","first":{first},"count":{count},"width":{width}}}}}"#)
    };
    let done = r#"{"done":{"id":"../c","source":{"path":"c","bytes":1,"duration_s":1.0}}}"#;
    for (head, body, fault) in [
        // More clips and wider ones than are stored, also as many as wrap to what is stored.
        (clips("c", 0, 9_000_000_000, 3), &clip[..], "not what is stored"),
        (clips("c", 0, 1, 9_000_000_000), &clip, "not what is stored"),
        (clips("c", 0, 1, (1 << 62) + 3), &clip, "not what is stored"),
        (clips("c", 0, 1 << 60, 0), &[], "not what is stored"),
        // Of which clips before are not there, or are wider.
        (clips("c", 7, 1, 3), &clip, "not what is stored"),
        (clips("b", 1, 1, 3), &clip, "not what is stored"),
        (clips("b", 2, 1, 2), &clip[4..], "not what is stored"),
        (clips("../c", 0, 1, 3), &clip, "no name of a video"),
        (done.to_owned(), &[], "no name of a video"),
    ] {
        std::fs::write(&journal, [&whole[..], &record(&head, body)].concat()).unwrap();
        let error = FeatureStore::open(&out, "c3d_features", provenance(), false).err();
        let error = error.unwrap_or_else(|| panic!("{head}")).to_string();
        for piece in ["f.h5.journal", fault, "--fresh"] {
            assert!(error.contains(piece), "{head}: {error}");
        }
    }
    // What goes on where the others ended is taken.
    std::fs::write(&journal, [&whole[..], &record(&clips("b", 2, 1, 3), &clip)].concat()).unwrap();
    open(&out);
}

#[test]
fn a_header_of_safetensors_is_what_the_format_says_or_damage() {
    let (_folder, out) = place("f.safetensors");
    let written = |header: &str, data: usize| {
        let length = (header.len() as u64).to_le_bytes();
        let bytes = [&length[..], header.as_bytes(), &vec![0; data]].concat();
        std::fs::write(&out, bytes).unwrap();
        FeatureFile::open(&out, None)
    };
    let tensor = |name: &str, shape: &str, begin: u64, end: u64| {
        format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[{begin},{end}]}}"#)
    };
    for (tensors, fault) in [
        // Over each other, apart from each other, turned, and more than there is.
        (
            [tensor("a/features", "[1,2]", 0, 8), tensor("b/features", "[1,2]", 4, 12)],
            "contradicts",
        ),
        (
            [tensor("a/features", "[1,1]", 0, 4), tensor("b/features", "[1,1]", 8, 12)],
            "contradicts",
        ),
        (
            [tensor("a/features", "[1,2]", 8, 0), tensor("b/features", "[1,1]", 8, 12)],
            "contradicts",
        ),
        ([tensor("a/features", "[1,2]", 0, 8), tensor("b/features", "[1,1]", 8, 16)], "outside"),
        ([tensor("a/features", "[1,1]", 0, 4), tensor("b/features", "[1,1]", 4, 8)], "nobody's"),
    ] {
        let error = written(&format!("{{{}}}", tensors.join(",")), 12).err();
        let error = error.unwrap_or_else(|| panic!("{tensors:?}")).to_string();
        assert!(error.contains("f.safetensors") && error.contains(fault), "{tensors:?}: {error}");
    }
    // A table of no width has any number of rows.
    let none = tensor("a/features", "[18446744073709551615,0]", 0, 0);
    let mut file = written(&format!("{{{none}}}"), 0).unwrap();
    for error in [file.shape("a").unwrap_err(), file.read("a").unwrap_err()] {
        assert!(error.to_string().contains("does not hold so many numbers"), "{error}");
    }
}

#[test]
fn a_header_whose_shape_is_more_than_can_be_counted_is_damage() {
    let (_folder, out) = place("f.safetensors");
    // (2^62 + 1) numbers of 4 bytes are 2^64 + 4: counted in 64 bits that is the 4 bytes there are.
    for shape in ["[4611686018427387905,1]", "[4294967296,4294967296]", "[18446744073709551615,2]"]
    {
        let place = format!(r#"{{"dtype":"F32","shape":{shape},"data_offsets":[0,4]}}"#);
        let header = format!(r#"{{"a/features":{place}}}"#);
        let length = (header.len() as u64).to_le_bytes();
        std::fs::write(&out, [&length[..], header.as_bytes(), &[0; 4]].concat()).unwrap();
        let message = FeatureFile::open(&out, None).err().map(|error| error.to_string());
        let message = message.unwrap_or_else(|| panic!("{shape} was believed"));
        assert!(message.contains("contradicts itself"), "{message}");
    }
}

#[test]
fn names_that_cannot_be_written_are_refused() {
    let (_folder, out) = place("features.npz");
    let open = |out: &Path, dataset| FeatureStore::open(out, dataset, provenance(), false);
    let message = open(&out, "c3d_features").err().unwrap().to_string();
    assert!(message.contains(".h5") && message.contains(".safetensors"), "{message}");
    let out = out.with_extension("h5");
    for dataset in ["", "spans", "a/b"] {
        assert!(matches!(open(&out, dataset), Err(FeatureError::Id { .. })), "{dataset:?}");
    }
    let mut store = open(&out, "c3d_features").unwrap();
    let block = clips(1, 0, 1);
    for id in ["", ".", "a//b", "../a", "a\0b"] {
        let error = store.push(id, &block.spans, &block.values).unwrap_err();
        assert!(matches!(error, FeatureError::Id { .. }), "{id:?}: {error}");
    }
}

/// A file as versions wrote it that did not note how pictures were prepared.
fn of_before(path: &Path) {
    let file = hdf5::File::create(path).unwrap();
    let write = |place: &hdf5::Location, name: &str, value: &str| {
        let value: hdf5::types::VarLenUnicode = value.parse().unwrap();
        place.new_attr::<hdf5::types::VarLenUnicode>().create(name).unwrap().write_scalar(&value)
    };
    for name in ["model", "weights", "space", "clip", "stride"] {
        write(&file, name, name).unwrap();
    }
    let group = file.create_group("v").unwrap();
    let table = ndarray::Array2::<f32>::zeros((2, WIDTH));
    group.new_dataset_builder().with_data(&table).create("c3d_features").unwrap();
}

#[test]
fn to_files_of_before_nothing_is_added_and_they_are_read() {
    let (_folder, out) = place("f.h5");
    of_before(&out);
    let there = FeatureFile::open(&out, None).unwrap().provenance().unwrap();
    assert!(there.is_of_before() && there.weights == "weights");
    let settings = Provenance { preprocessing: "{}".into(), ..there };
    let error = FeatureStore::open(&out, "c3d_features", settings, false).err().unwrap();
    let message = error.to_string();
    assert!(message.contains("earlier version") && message.contains("--fresh"), "{message}");
    assert!(!FeatureStore::journal_of(&out).exists(), "a run that cannot be leaves nothing behind");
}

#[test]
fn a_link_in_the_place_of_the_journal_is_not_followed() {
    let (folder, out) = place("f.h5");
    let kept = folder.path().join("kept");
    std::fs::write(&kept, "kept").unwrap();
    std::os::unix::fs::symlink(&kept, FeatureStore::journal_of(&out)).unwrap();
    for fresh in [true, false] {
        let refused = FeatureStore::open(&out, "c3d_features", provenance(), fresh);
        let message = refused.err().unwrap().to_string();
        assert!(message.contains("journal") && message.contains("remove it"), "{message}");
        assert_eq!(std::fs::read(&kept).unwrap(), b"kept");
    }
    std::fs::remove_file(FeatureStore::journal_of(&out)).unwrap();
    std::os::unix::fs::symlink(folder.path().join("nowhere"), FeatureStore::journal_of(&out))
        .unwrap();
    FeatureStore::open(&out, "c3d_features", provenance(), true).err().unwrap();
    assert!(!folder.path().join("nowhere").exists());
}
