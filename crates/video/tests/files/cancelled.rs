//! Reading that nobody waits for any more.

use std::path::{Path, PathBuf};

use locvtp_video::{
    CancelToken, CutSettings, Encoder, EncoderSettings, FrameTableCache, FrameTransform, Glimpses,
    Interpolation, Nearness, ReadLimits, Scaling, Seconds, TimeSpan, VideoError, VideoOpener,
    encode_span_until,
};

fn film(folder: &Path) -> PathBuf {
    let path = folder.join("film.mp4");
    let mut encoder = Encoder::create(&path, EncoderSettings::new(64, 48, 10)).unwrap();
    (0..20).for_each(|grey| encoder.push(&vec![grey * 6; 64 * 48 * 3]).unwrap());
    encoder.finish().unwrap();
    path
}

fn is_cancelled<T>(result: Result<T, VideoError>) -> bool {
    matches!(result, Err(VideoError::Cancelled { .. }))
}

#[test]
fn frames_are_read_until_the_reading_is_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let path = film(folder.path());
    let opener = VideoOpener::default();
    let mut reader = opener.open(&path.as_path().into()).unwrap();
    let (interpolation, scaling) = (Interpolation::Bilinear, Scaling::Fast);
    let whole =
        FrameTransform::ShortSideCentreCrop { short_side: 32, size: 32, interpolation, scaling };
    assert!(reader.read_frames(&[3], &whole).is_ok());
    opener.cancel.cancel();
    assert!(is_cancelled(reader.read_frames(&[4], &whole)));
}

#[test]
fn nothing_is_kept_of_a_file_whose_opening_is_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let path = film(folder.path());
    let kept = folder.path().join("kept");
    let frame_tables = Some(FrameTableCache::create(&kept).unwrap());
    let opener = VideoOpener { frame_tables, ..VideoOpener::default() };
    opener.cancel.cancel();
    assert!(is_cancelled(opener.open(&path.as_path().into())));
    assert_eq!(std::fs::read_dir(&kept).unwrap().count(), 0);
}

#[test]
fn nothing_stands_in_the_place_of_a_cut_that_is_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let path = film(folder.path());
    let to = folder.path().join("cut.mp4");
    let cancel = CancelToken::default();
    cancel.cancel();
    let span = TimeSpan::new(0.5, 1.5);
    assert!(is_cancelled(encode_span_until(
        &cancel,
        &path,
        span,
        &to,
        &CutSettings::proxy(),
        None
    )));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(
        encode_span_until(&CancelToken::default(), &path, span, &to, &CutSettings::proxy(), None)
            .is_ok()
    );
}

#[test]
fn no_small_pictures_are_made_once_it_is_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let path = film(folder.path());
    let times = vec![Seconds(0.5), Seconds(1.0)];
    let wanted = Glimpses { times, start: Seconds::ZERO, nearness: Nearness::Frame, fit: (32, 32) };
    let cancel = CancelToken::default();
    assert!(wanted.read_until(&cancel, &path, &ReadLimits::default(), None).is_ok());
    cancel.cancel();
    assert!(is_cancelled(wanted.read_until(&cancel, &path, &ReadLimits::default(), None)));
}
