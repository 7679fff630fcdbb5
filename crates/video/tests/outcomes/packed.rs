//! A file that is a member of an archive: the same comes out as when it stands alone.

use std::error::Error;
use std::fs::File;
use std::sync::Arc;

use locvtp_video::{
    FileStretch, FrameTableCache, FrameTransform, MediaLocation, MediaPart, VideoError, VideoReader,
};

use crate::fixtures::Fixture;

/// The fixture between bytes that are not its own.
#[derive(Debug)]
struct Member(FileStretch);

impl MediaPart for Member {
    fn num_bytes(&self) -> u64 {
        self.0.len
    }

    fn version(&self) -> Option<u64> {
        Some(7)
    }

    fn open(&self) -> Result<FileStretch, Box<dyn Error + Send + Sync>> {
        Ok(self.0.clone())
    }
}

/// Opens, and reads some frames, backwards.
fn read(
    fixture: &Fixture,
    media: &MediaLocation,
    cache: Option<&FrameTableCache>,
) -> Result<(Vec<f64>, Vec<u8>), VideoError> {
    let mut video = VideoReader::open_media(media, fixture.settings, cache)?;
    assert_eq!(video.info().path, media.path());
    let times = video.frame_table().times().iter().map(|time| time.0).collect();
    let frames: Vec<usize> = (0..video.info().num_frames).rev().step_by(3).collect();
    let transform = FrameTransform::Resize { height: 32, width: 32 };
    Ok((times, video.read_frames(&frames, &transform)?.data))
}

pub(crate) fn check_as_a_member(fixture: &Fixture) {
    if !fixture.path.is_file() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (archive, own) = (folder.path().join("archive"), std::fs::read(&fixture.path).unwrap());
    let name = fixture.path.file_name().unwrap();
    // What surrounds it is the file itself, so that reading too far or from the wrong place shows.
    std::fs::write(&archive, [&own[..], &own, &own].concat()).unwrap();
    let file = Arc::new(File::open(&archive).unwrap());
    let len = own.len() as u64;
    let member = Member(FileStretch { file, start: len, len });
    let member = MediaLocation::part(archive.join(name), Arc::new(member));
    let alone = read(fixture, &fixture.path.as_path().into(), None);
    let cache = FrameTableCache::create(folder.path().join("frame-tables")).unwrap();
    for cache in [None, Some(&cache), Some(&cache)] {
        match (read(fixture, &member, cache), &alone) {
            (Ok(found), Ok(expected)) => assert!(found == *expected, "{}", fixture.name),
            (Err(found), Err(expected)) => {
                let kind = std::mem::discriminant::<VideoError>;
                assert_eq!(kind(&found), kind(expected), "{}: {found}", fixture.name);
            }
            (found, _) => panic!("{}: packed {found:?}, alone {alone:?}", fixture.name),
        }
    }
    let known = cache.known_end(&member);
    assert_eq!(known.is_some(), VideoReader::open_with(&fixture.path, fixture.settings).is_ok());
}
