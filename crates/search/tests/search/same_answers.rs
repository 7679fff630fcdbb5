//! A folder and a server give the same answers.

use locvtp_search::catalogue::{Access, Catalogue, GenerationId, PostgresCatalogue, ServerAddress};
use locvtp_search::scan::{Hit, ScanAnswer, ScanRequest, TrackFilter};
use locvtp_search::segment::{QuantisedQuery, TrackId, VectorBatch, VectorKind};
use locvtp_video::TimeSpan;

use crate::home::Home;
use crate::made::{WIDTH, batch, model, vector, video};

/// Videos of which some have a vector in common, and with words in common.
fn fill(catalogue: &dyn Catalogue) -> GenerationId {
    let generation = catalogue.generation(&model(1)).unwrap();
    for number in 0..60 {
        let mut made = video(number);
        let mut clips = batch(number, 20 + number % 7, WIDTH);
        let span = |clip: usize| TimeSpan::new(clip as f64, clip as f64 + 1.0);
        for _ in 0..1 + number % 3 {
            clips.push(&vector(77, WIDTH), span(clips.len())).unwrap();
        }
        made.vectors[0].1 = clips;
        let text = [" A dog barks, a dog's day", " the DÓG sleeps", " no cat; dog, dog, dog"];
        made.cues[0].text += text[number as usize % 3];
        let mut second = made.cues[0].clone();
        second.text = format!("and number{} again don't stop", number % 10);
        second.span = span(number as usize % 4);
        made.cues.push(second);
        catalogue.add_video(generation, &made).unwrap();
    }
    // Files that are gone leave nothing, neither clips nor words that would count.
    let files = catalogue.files().unwrap();
    catalogue.remove_files(&[files[10].id, files[50].id]).unwrap();
    generation
}

fn scan(catalogue: &dyn Catalogue, request: &ScanRequest<'_>) -> ScanAnswer {
    let generation = catalogue.generations().unwrap()[0].id;
    catalogue.scan(generation, VectorKind::Clip, request).unwrap()
}

#[test]
fn a_server_gives_the_answers_of_a_folder() {
    let Some(server) = Home::server() else { return };
    let homes = [Home::folder(), server];
    let [folder, server] = homes.each_ref().map(|home| home.writer());
    let generations = [fill(folder.as_ref()), fill(server.as_ref())];
    assert_eq!(generations[0], generations[1]);
    assert_eq!(server.files().unwrap(), folder.files().unwrap());
    assert_eq!(server.known().unwrap(), folder.known().unwrap());
    assert_eq!(server.generations().unwrap(), folder.generations().unwrap());
    let filter: TrackFilter = (1..60).filter(|track| track % 4 > 0).map(TrackId).collect();
    for filter in [None, Some(&filter)] {
        // Vector 77 stands in every video: equal scores, ordered by track and clip.
        for seed in [77, 3000, 5001, 123_456] {
            let query = vector(seed, WIDTH);
            let request = ScanRequest { num_tracks: 30, filter, ..ScanRequest::new(&query, 40) };
            let [ours, theirs] = [&folder, &server].map(|it| scan(it.as_ref(), &request));
            assert_same(&theirs.hits, &ours.hits);
            assert_same(&theirs.tracks, &ours.tracks);
            // Both count every score; a folder's are rounded to bytes, so some are a bin or two off.
            assert_eq!(theirs.background.num_scores(), ours.background.num_scores());
            for share in [0.05, 0.5, 0.95] {
                let quantiles = [&ours, &theirs].map(|it| it.background.quantile(share).unwrap());
                assert!((quantiles[0] - quantiles[1]).abs() < 5e-3, "{quantiles:?}");
            }
        }
        for text in [
            "dog",
            "a dog",
            "DOG number6",
            "don't stop",
            "t don",
            "cafe owner said",
            "cat",
            "do*",
            "don't* numb*",
            "s* said",
        ] {
            for most in [3, 1000] {
                let [ours, theirs] =
                    [&folder, &server].map(|it| it.find_cues(text, filter, most).unwrap());
                assert!(text == "t don" || !ours.is_empty(), "{text}");
                assert_eq!(theirs.len(), ours.len(), "{text}");
                for (our, their) in ours.iter().zip(&theirs) {
                    assert_eq!(
                        (their.file, their.track, &their.cue),
                        (our.file, our.track, &our.cue)
                    );
                    assert!((their.score - our.score).abs() < 1e-9 * our.score.abs().max(1e-3));
                }
            }
        }
    }
    let track = folder.files().unwrap()[7].track.unwrap();
    for kind in VectorKind::ALL {
        let [ours, theirs] =
            [&folder, &server].map(|it| it.track_vectors(generations[0], kind, track).unwrap());
        let (Some(ours), Some(theirs)) = (ours, theirs) else { panic!("both have the track") };
        assert_eq!(theirs.spans, ours.spans);
        assert_eq!(theirs.numbers.len(), ours.numbers.len());
        let mut pairs = theirs.numbers.iter().zip(&ours.numbers);
        assert!(pairs.all(|(one, other)| (one - other).abs() < 1e-6));
        let query = QuantisedQuery::new(ours.numbers.chunks_exact(WIDTH).next().unwrap()).unwrap();
        for (catalogue, vectors) in [(&folder, &ours), (&server, &theirs)] {
            let scores = catalogue.track_scores(generations[0], kind, track, &query).unwrap();
            assert_eq!(scores, Some(vectors.scores(&query)));
        }
    }
}

/// The same clips in the same order. A folder keeps numbers to a part in ten million, a server all of them.
fn assert_same(theirs: &[Hit], ours: &[Hit]) {
    let place = |hit: &Hit| (hit.track, hit.clip, hit.span);
    assert!(theirs.iter().map(place).eq(ours.iter().map(place)), "{theirs:?} {ours:?}");
    for (their, our) in theirs.iter().zip(ours) {
        assert!((their.score - our.score).abs() < 1e-6, "{their:?} {our:?}");
    }
}

#[test]
fn an_index_gives_as_many_as_are_asked_for_and_nearly_the_same() {
    let Some(home) = Home::server() else { return };
    let address: ServerAddress = home.location.to_string().parse().unwrap();
    let catalogue = PostgresCatalogue::open(&address, Access::WRITE).unwrap().with_exact_most(500);
    let generation = catalogue.generation(&model(1)).unwrap();
    for number in 0..40 {
        let mut made = video(number);
        made.vectors = vec![(VectorKind::Clip, batch(number, 100, WIDTH))];
        catalogue.add_video(generation, &made).unwrap();
    }
    assert!(has_index(&address), "a generation that became large has an index");
    let exact = home.reader();
    let (mut num_found, mut num_all) = (0, 0);
    for seed in 0..20 {
        let query = vector(700_000 + seed, WIDTH);
        // More than the 40 that an index gives unless it is told otherwise, and more than 1,000.
        for (num_hits, num_tracks) in [(100, 10), (1500, 40), (0, 40)] {
            let request = ScanRequest { num_hits, num_tracks, query: &query, filter: None };
            let by_index = catalogue.scan(generation, VectorKind::Clip, &request).unwrap();
            let expected = exact.scan(generation, VectorKind::Clip, &request).unwrap();
            assert_eq!(by_index.hits.len(), num_hits);
            assert_eq!(by_index.tracks.len(), num_tracks);
            // Every score is counted, by index or not.
            assert!(by_index.background == expected.background);
            num_all += num_hits;
            num_found += by_index.hits.iter().filter(|hit| expected.hits.contains(hit)).count();
            assert!(by_index.hits.is_sorted_by(|one, other| one.score >= other.score));
        }
        // With a filter the answer is exact.
        let filter: TrackFilter = (1..40).step_by(5).map(TrackId).collect();
        let filter = Some(&filter);
        let request = ScanRequest { num_tracks: 8, filter, ..ScanRequest::new(&query, 50) };
        let answers = [&catalogue as &dyn Catalogue, exact.as_ref()].map(|it| scan(it, &request));
        assert_eq!(answers[0], answers[1]);
    }
    assert!(num_found as f64 >= 0.98 * f64::from(num_all as u32), "{num_found} of {num_all}");
}

fn has_index(address: &ServerAddress) -> bool {
    let mut client = postgres::Client::connect(&address.to_string(), postgres::NoTls).unwrap();
    let count = "SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%hnsw%halfvec_ip_ops%'";
    client.query_one(count, &[]).unwrap().get::<_, i64>(0) == 1
}

#[test]
fn an_empty_catalogue_answers_with_nothing() {
    let Some(home) = Home::server() else { return };
    let catalogue = home.writer();
    let generation = catalogue.generation(&model(1)).unwrap();
    let mut none = video(1);
    none.vectors = vec![(VectorKind::Clip, VectorBatch::new(WIDTH))];
    none.cues.clear();
    catalogue.add_video(generation, &none).unwrap();
    let query = vector(1, WIDTH);
    let request = ScanRequest { num_tracks: 5, ..ScanRequest::new(&query, 5) };
    let answer = catalogue.scan(generation, VectorKind::Clip, &request).unwrap();
    assert!(answer.hits.is_empty() && answer.tracks.is_empty());
    assert_eq!(answer.background.mean(), None);
    assert_eq!(catalogue.find_cues("word", None, 5).unwrap(), []);
}
