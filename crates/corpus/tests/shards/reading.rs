//! One corpus by every way that leads to its shards.

use locvtp_corpus::{Fetch, ManifestWriter, PairSampler, PairSettings, VideoOrder, VideoSink};
use std::collections::BTreeSet;
use std::sync::Arc;

use super::server::{Faults, Server};
use super::*;

#[test]
fn the_same_corpus_comes_from_files_folders_patterns_lists_and_servers() {
    let (loose, _) = read(&packed().loose());
    let shards = packed().shards();
    let list = packed().folder.path().join("list.txt");
    std::fs::write(&list, "shards/{00000..00002}.tar\nshards/00003.tar\n").unwrap();
    let server = Server::over(packed().folder.path());
    for path in [
        shards.clone(),
        shards.join("shards.json"),
        shards.join("{00000..00003}.tar"),
        list,
        server.url("shards/"),
        server.url("shards/shards.json"),
        server.url("shards/{00000..00003}.tar"),
    ] {
        let cache = tempfile::tempdir().unwrap();
        let (found, report) = try_read(&path, cache.path()).unwrap();
        assert_eq!(report.faults(), 0, "{}: {report}", path.display());
        assert_same(&found, &loose);
        assert_eq!(found.videos().iter().filter_map(|v| v.shard).max(), Some(3));
    }
    let (one, _) = read(&shards.join("00001.tar"));
    assert_eq!(one.videos().len(), 4);
}

#[test]
fn the_list_of_shards_is_a_manifest_of_the_same_videos() {
    let (loose, _) = read(&packed().loose());
    let server = Server::over(packed().folder.path());
    for shards in [packed().shards(), server.url("shards/")] {
        let folder = tempfile::tempdir().unwrap();
        let (found, _) = try_read(&shards, folder.path()).unwrap();
        let list = folder.path().join("list.jsonl");
        let mut writer = ManifestWriter::create(&list).unwrap();
        found.videos().iter().cloned().for_each(|video| writer.video(video));
        writer.finish().unwrap();
        let (listed, report) = try_read(&list, folder.path()).unwrap();
        assert_eq!(report.faults(), 0, "{report}");
        assert_same(&listed, &loose);
        for (listed, found) in listed.videos().iter().zip(found.videos()) {
            assert_eq!((listed.media_end, listed.shard), (found.media_end, found.shard));
        }
        // One that the shard does not hold, and one in a shard that is not there.
        let text = std::fs::read_to_string(&list).unwrap();
        let missing = text.replace("000000002.mp4", "other.mp4");
        std::fs::write(&list, missing.replace("00003.tar/", "00009.tar/")).unwrap();
        match try_read(&list, folder.path()) {
            Ok((rest, report)) => {
                assert!(rest.videos().len() < found.videos().len());
                assert!(report.to_string().contains("video file missing"), "{report}");
            }
            // On a server a shard that is not to be had is an error.
            Err(error) => assert!(told(&error).contains("00009.tar"), "{error}"),
        }
    }
}

#[test]
fn an_index_spares_reading_the_shard_and_without_it_only_headers_and_texts_are_fetched() {
    let server = Server::over(packed().shards());
    let cache = tempfile::tempdir().unwrap();
    let (found, _) = try_read(&server.url(""), cache.path()).unwrap();
    assert_eq!(found.videos()[0].media_end, read(&packed().shards()).0.videos()[0].media_end);
    let requests = server.requests();
    assert!(requests.iter().all(|r| !r.starts_with("GET") || !r.contains(".tar")), "{requests:?}");

    // Others' shards are walked through once, and then known.
    let bare = packed().copy();
    without_indexes(bare.path());
    let server = Server::over(bare.path());
    let address = server.url("{00000..00003}.tar");
    let first = try_read(&address, cache.path()).unwrap();
    assert!(server.requests().iter().any(|r| r.contains("GET /00000.tar 0-")));
    let second = try_read(&address, cache.path()).unwrap();
    let requests = server.requests();
    assert!(requests.iter().all(|r| !r.starts_with("GET") || !r.contains(".tar")), "{requests:?}");
    assert_same(&first.0, &second.0);
    assert_same(&first.0, &found);
    // Where the server serves no ranges the shards are fetched whole to be walked through.
    server.fail(Faults { no_ranges: true, ..Faults::default() });
    let fresh = tempfile::tempdir().unwrap();
    assert_same(&try_read(&address, fresh.path()).unwrap().0, &found);
    server.fail(Faults::default());
    // A folder that cannot be listed needs the list.
    let error = try_read(&server.url(""), cache.path()).unwrap_err().to_string();
    assert!(error.contains("holds no shards") && error.contains("{00000..00012}"), "{error}");
}

#[test]
fn a_video_is_fetched_once_whole_shards_too_and_the_cache_keeps_its_bound() {
    let server = Server::over(packed().shards());
    let (loose, _) = read(&packed().loose());
    for (fetch, no_ranges) in [(Fetch::Sample, false), (Fetch::Shard, false), (Fetch::Sample, true)]
    {
        server.fail(Faults { no_ranges, ..Faults::default() });
        let cache = tempfile::tempdir().unwrap();
        let mut settings = fetching(cache.path());
        settings.shards.fetch = fetch;
        let (found, _) = AnnotatedCorpus::open(&server.url(""), &settings).unwrap();
        server.requests();
        assert_same(&found, &loose);
        let requests = server.requests();
        let whole = requests.iter().filter(|r| r.starts_with("GET") && r.ends_with(".tar")).count();
        let ranges = requests.iter().filter(|r| r.contains(".tar ")).count();
        let expected = match (fetch, no_ranges) {
            (Fetch::Sample, false) => (0, VIDEOS),
            (Fetch::Shard, _) => (4, 0),
            // Each video is asked for, in vain, before its shard is fetched.
            (Fetch::Sample, true) => (4, VIDEOS),
        };
        assert_eq!((whole, ranges), expected, "{requests:?}");
        assert_same(&found, &loose);
        let again = server.requests();
        assert!(no_ranges || again.is_empty(), "{again:?}");
    }
    let cache = tempfile::tempdir().unwrap();
    let mut settings = fetching(cache.path());
    settings.shards.cache_mib = 1;
    let kept = || {
        std::fs::read_dir(cache.path().join("shards"))
            .unwrap()
            .map(|entry| entry.unwrap().metadata().unwrap().len())
            .sum::<u64>()
    };
    server.fail(Faults::default());
    let (found, _) = AnnotatedCorpus::open(&server.url(""), &settings).unwrap();
    assert_same(&found, &loose);
    assert!(kept() > 0 && kept() <= 1 << 20, "{}", kept());
}

#[test]
fn by_shards_an_epoch_needs_each_shard_in_one_stretch() {
    let (shards, _) = read(&packed().shards());
    let shard_of: Vec<_> = shards.videos().iter().map(|video| video.shard.unwrap()).collect();
    let settings = PairSettings {
        order: VideoOrder::Shards { buffer: 4 },
        long_batch: 2,
        short_batch: 2,
        ..PairSettings::default()
    };
    let sampler = PairSampler::new(Arc::new(shards), settings.clone(), 1).unwrap();
    let epoch: Vec<usize> = (0..7)
        .flat_map(|nth| sampler.batch_of(locvtp_corpus::SpanKind::Long, nth))
        .map(|pair| pair.video)
        .collect();
    assert_eq!(epoch.iter().collect::<BTreeSet<_>>().len(), VIDEOS);
    for window in epoch.chunks(4) {
        let shards: BTreeSet<_> = window.iter().map(|video| shard_of[*video]).collect();
        assert!(shards.len() <= 2, "{shards:?}");
    }
    let (loose, _) = read(&packed().loose());
    let refused = PairSampler::new(Arc::new(loose), settings, 1).unwrap_err().to_string();
    assert!(refused.contains("pairs.order") && refused.contains("corpus pack"), "{refused}");
}
