//! Files joined in ways that no demuxer takes apart: they are refused, with how to join them anew.
//!
//! A transport stream that was joined byte for byte is one stream whose clock jumps
//! ([`crate::timeline`]). Other containers end, and what comes behind their end is not read; or the
//! pictures go on in another stream or another codec. Then half of the recording would be taken for
//! the whole.

use std::path::Path;

use ffmpeg_the_third::{ffi, media};

use crate::error::VideoError;
use crate::probe::OpenFile;
use crate::seen_packet::{Seen, num_pictures};
use crate::stream_headers::OtherCodec;
use crate::transport_packets::{self, TransportPackets};

/// How far behind the last picture another file may begin: what a container puts at its end lies
/// between.
const MOST_TRAILER: usize = 1 << 20;
/// Header bytes that are looked through between two parts.
const MOST_HEADER: usize = 1 << 22;

const EBML: &[u8] = b"\x1a\x45\xdf\xa3";

/// How files of these containers begin, of which the demuxer reads the first one alone.
const BEGINNINGS: [(&str, &[u8]); 13] = [
    ("flv", b"FLV\x01"),
    ("asf", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"),
    ("gif", b"GIF8"),
    ("ivf", b"DKIF"),
    ("avi", b"AVI LIST"),
    ("matroska", EBML),
    // A page that begins a stream.
    ("ogg", b"OggS\0\x02"),
    ("nut", b"nut/multimedia container\0"),
    ("rm", b".RMF\0\0\0\x12"),
    ("wtv", b"\xb7\xd8\x00\x20\x37\x49\xda\x11\xa6\x4e\x00\x07\xe9\x5e\xad\x8d"),
    ("swf", b"FWS"),
    ("apng", b"\x89PNG\r\n\x1a\n"),
    // The partition that begins a file.
    ("mxf", b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02"),
];

/// Of these the demuxer reads a little of the second file, too, as if it were of the first.
const READ_ON: [&str; 3] = ["nut", "rm", "mxf"];

const JOIN: &str = "join them with `ffmpeg -f concat -safe 0 -i list.txt -c copy joined.mkv`, where \
                    list.txt has a line `file 'NAME'` for each";

const ONE_CODEC: &str = "convert each part to one codec (`ffmpeg -i PART -c:v libx264 PART.mkv`)";

/// What stands at the top of an MP4.
pub(crate) struct Boxes {
    /// Whether its pictures stand in fragments.
    pub(crate) is_fragmented: bool,
    /// Where a second movie header begins.
    second_movie: Option<i64>,
}

/// Looks behind the end of what the demuxer read. `end` is where the last whole packet ends.
pub(crate) fn check_end(
    file: &mut OpenFile,
    path: &Path,
    boxes: Option<&Boxes>,
    end: Option<i64>,
) -> Result<(), VideoError> {
    let container = file.input.format().name().to_owned();
    let second = match boxes {
        Some(boxes) => boxes.second_movie,
        None => {
            let named = |(name, _): &&(&str, _)| container.split(',').any(|known| known == *name);
            BEGINNINGS.iter().find(named).and_then(|(name, beginning)| {
                if READ_ON.contains(name) {
                    let first = place_in_file(file, 0, None, beginning)?;
                    return place_in_file(file, first + 1, None, beginning);
                }
                place_in_file(file, end?, Some(MOST_TRAILER), beginning)
            })
        }
    };
    let Some(at) = second else { return Ok(()) };
    let found =
        "is several files joined byte for byte, of which a reader sees the first alone".to_owned();
    let apart = format!("the second begins near byte {at}; take the files as they were before");
    Err(refused(path, found, format!("{apart} and {JOIN}")))
}

/// Where these bytes stand first from `at` on, in the first `most` bytes there or to the end of the file.
fn place_in_file(
    file: &mut OpenFile,
    mut at: i64,
    most: Option<usize>,
    wanted: &[u8],
) -> Option<i64> {
    const AT_ONCE: usize = MOST_TRAILER;
    loop {
        let len = most.unwrap_or(AT_ONCE);
        let bytes = file.bytes_at(at, len);
        file.watch.step();
        if let Some(place) = place_of(&bytes, wanted) {
            return Some(at + place as i64);
        }
        if most.is_some() || bytes.len() < len || file.watch.is_given_up() {
            return None;
        }
        at += (len - wanted.len()) as i64;
    }
}

/// The boxes at the top of an MP4 or a file of its family; none in other containers.
pub(crate) fn boxes(file: &mut OpenFile) -> Option<Boxes> {
    if !file.input.format().name().split(',').any(|name| name == "mp4") {
        return None;
    }
    let mut boxes = Boxes { is_fragmented: false, second_movie: None };
    let (mut at, mut num_movies) = (0i64, 0);
    loop {
        let head = file.bytes_at(at, 16);
        let Some((size, rest)) = head.split_first_chunk::<4>() else { break };
        let Some((kind, rest)) = rest.split_first_chunk::<4>() else { break };
        let size = match (u32::from_be_bytes(*size), rest.first_chunk::<8>()) {
            (1, Some(long)) => i64::try_from(u64::from_be_bytes(*long)).unwrap_or(0),
            (size, _) => i64::from(size),
        };
        boxes.is_fragmented |= kind == b"moof";
        if kind == b"moov" {
            num_movies += 1;
            if num_movies == 2 {
                boxes.second_movie = Some(at);
            }
        }
        if size < 8 {
            break;
        }
        at = at.saturating_add(size);
    }
    Some(boxes)
}

/// Where a part of a Matroska file begins with a header of its own, it must be decoded as the first
/// part is. `parts` are the first packets of those behind the first, by order.
pub(crate) fn check_headers(
    file: &mut OpenFile,
    path: &Path,
    seen: &[Seen],
    parts: &[usize],
) -> Result<(), VideoError> {
    if parts.is_empty() || !file.input.format().name().contains("matroska") {
        return Ok(());
    }
    let first = file.bytes_at(0, MOST_HEADER);
    let codec = matroska_codec(&first);
    let private = file.header().to_vec();
    for part in parts {
        let (from, to) = (seen[part - 1].at_byte, seen[*part].at_byte);
        let len = usize::try_from(to.saturating_sub(from)).unwrap_or(0).min(MOST_HEADER);
        let between = file.bytes_at(from, len);
        let Some(begin) = place_of(&between, EBML) else { continue };
        let is_same = matroska_codec(&between[begin..]) == codec
            && (private.is_empty() || place_of(&between, &private).is_some());
        if !is_same {
            return Err(other_encodings(path));
        }
    }
    Ok(())
}

/// A second AVI behind the first is read on as if it were of the same codec, so it must be.
pub(crate) fn check_avi(file: &mut OpenFile, path: &Path) -> Result<(), VideoError> {
    /// A chunk's head: its name, its length, and of a list what it holds.
    const HEAD: usize = 12;
    const MOST_AVI_HEADER: usize = 1 << 16;
    if file.input.format().name() != "avi" {
        return Ok(());
    }
    let (mut at, mut codec) = (0i64, None);
    loop {
        let head = file.bytes_at(at, HEAD);
        let Some((name, rest)) = head.split_first_chunk::<4>() else { return Ok(()) };
        let Some((length, kind)) = rest.split_first_chunk::<4>() else { return Ok(()) };
        if name != b"RIFF" {
            return Ok(());
        }
        if kind == b"AVI " {
            let own = avi_codec(&file.bytes_at(at, MOST_AVI_HEADER));
            if at > 0 && own != codec {
                return Err(other_encodings(path));
            }
            codec = own;
        }
        let length = i64::from(u32::from_le_bytes(*length));
        at += 8 + length + length % 2;
    }
}

/// Four letters for the codec of the first video stream of an AVI: of the stream's format, behind
/// its size, width, height, planes and depth.
fn avi_codec(header: &[u8]) -> Option<[u8; 4]> {
    const FORMAT_TO_CODEC: usize = 8 + 16;
    let stream = &header[place_of(header, b"vids")?..];
    let format = &stream[place_of(stream, b"strf")?..];
    format.get(FORMAT_TO_CODEC..)?.first_chunk().copied()
}

fn other_encodings(path: &Path) -> VideoError {
    let found = "is several files of different encodings joined byte for byte".to_owned();
    refused(path, found, format!("take the files as they were before and {JOIN}"))
}

/// The name of the first video codec in a Matroska header: an element of its own, behind its length.
fn matroska_codec(header: &[u8]) -> Option<&[u8]> {
    const CODEC: u8 = 0x86;
    const VIDEO: &[u8] = b"V_";
    let at = header
        .windows(4)
        .position(|bytes| bytes[0] == CODEC && bytes[1] & 0x80 != 0 && bytes[2..] == *VIDEO)?;
    header.get(at + 2..at + 2 + usize::from(header[at + 1] & 0x7f))
}

fn place_of(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// Pictures that go on in another stream: each program of a transport stream may have its own.
#[derive(Default)]
pub(crate) struct StreamChanges {
    others: Vec<Other>,
}

struct Other {
    stream: usize,
    num_packets: usize,
    /// Packets of the video before its first and its last.
    before_first: usize,
    before_last: usize,
    /// Where its first stands in the file.
    at_byte: i64,
}

impl StreamChanges {
    /// A packet of another stream, after so many of the video, and where it stands in the file.
    pub(crate) fn note_other(&mut self, stream: usize, num_seen: usize, at_byte: i64) {
        if let Some(other) = self.others.iter_mut().find(|other| other.stream == stream) {
            other.num_packets += 1;
            other.before_last = num_seen;
            return;
        }
        let (before_first, before_last) = (num_seen, num_seen);
        self.others.push(Other { stream, num_packets: 1, before_first, before_last, at_byte });
    }

    /// Whether all pictures were in one stream and one codec. Programs that play side by side are
    /// no change.
    pub(crate) fn check(
        &self,
        file: &mut OpenFile,
        path: &Path,
        seen: &[Seen],
    ) -> Result<(), VideoError> {
        /// Packets that demuxers hold back until a stream's next one comes, or its end.
        const HELD_BACK: usize = 2;
        let takes_over = |other: &&Other| {
            let stream = file.input.stream(other.stream);
            let is_video = stream.is_some_and(|s| s.parameters().medium() == media::Type::Video);
            is_video
                && other.num_packets > 2 * HELD_BACK
                && other.before_last - other.before_first <= HELD_BACK
        };
        if let Some(other) = self.others.iter().find(takes_over) {
            // The last ones came when the demuxer was at the end.
            let last = seen.len().min(other.before_last + HELD_BACK);
            let found = match num_pictures(&seen[..last]) {
                _ if other.before_last == 0 => "its video begins in another stream".to_owned(),
                pictures => {
                    format!("its video goes on in another stream after {pictures} pictures")
                }
            };
            // The one that was taken may be the later one.
            let at_byte = match seen.first() {
                Some(first) if other.before_last == 0 => first.at_byte,
                _ => other.at_byte,
            };
            let apart = match beginning_before(file, at_byte) {
                Some(at) => cut_at(path, at),
                None => {
                    "take the streams apart with `ffmpeg -i FILE -map 0:v:0 -c copy 1.mkv -map \
                         0:v:1 -c copy 2.mkv`"
                        .to_owned()
                }
            };
            return Err(refused(path, found, format!("{apart} and {JOIN}")));
        }
        let stream = file.input.stream(file.stream);
        match stream.map(|stream| stream.parameters().id()) {
            Some(now) if now != file.codec_id => {
                let found =
                    format!("its video changes from {} to {} midway", file.codec, now.name());
                Err(refused(path, found, format!("cut it there, {ONE_CODEC} and {JOIN}")))
            }
            _ => Ok(()),
        }
    }
}

/// The error of a stream whose pictures are of another codec from somewhere in the packet at
/// `at_byte` on, after so many pictures.
pub(crate) fn other_codec(
    file: &mut OpenFile,
    path: &Path,
    pictures: usize,
    at_byte: i64,
    other: &OtherCodec,
) -> VideoError {
    let (before, after) = (file.codec.clone(), other.codec.name());
    let found = format!("its video changes from {before} to {after} after {pictures} pictures");
    let bytes = file.bytes_at(at_byte, MOST_TRAILER);
    let cut = match place_of(&bytes, &other.header) {
        Some(at) => {
            let at = at_byte.max(0) + at as i64;
            cut_at(path, beginning_before(file, at).unwrap_or(at))
        }
        None => "cut it there".to_owned(),
    };
    refused(path, found, format!("{cut} and use the parts, or {ONE_CODEC} and {JOIN}"))
}

fn cut_at(path: &Path, at: i64) -> String {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let next = at + 1;
    format!("cut it there (`head -c {at} FILE > 1.{ending}; tail -c +{next} FILE > 2.{ending}`)")
}

/// Where what a reader wants first begins, of the recording whose pictures begin at this byte: the
/// lists of programs of MPEG-TS, a pack of MPEG-PS. None in other containers.
fn beginning_before(file: &mut OpenFile, at: i64) -> Option<i64> {
    /// So many bytes before the picture they stand at most.
    const MOST_BEFORE: i64 = 1 << 17;
    const PACK: &[u8] = b"\0\0\x01\xba";
    let from = (at - MOST_BEFORE).max(0);
    let bytes = file.bytes_at(from, usize::try_from(at - from).ok()?);
    let place = match file.input.format().name() {
        "mpegts" => program_lists(&bytes)?,
        "mpeg" => bytes.windows(PACK.len()).rposition(|window| window == PACK)?,
        _ => return None,
    };
    Some(from + place as i64)
}

/// The last place of a transport stream at which its programs and services are listed.
fn program_lists(bytes: &[u8]) -> Option<usize> {
    /// Numbers of the packets that list programs and services.
    const LISTS: [u16; 2] = [0x00, 0x11];
    let stream = TransportPackets::among(bytes)?;
    let packets: Vec<&[u8]> = stream.packets().filter(|packet| packet.len() > 2).collect();
    let is_list = |packet: &&[u8]| LISTS.contains(&transport_packets::stream(packet));
    let last = packets.iter().rposition(&is_list)?;
    let before = packets[..last].iter().rev().take_while(|packet| is_list(packet)).count();
    Some(stream.place(last - before))
}

/// Whether the pictures at these two bytes of a transport stream were written by one muxer, and nothing
/// is missing between.
pub(crate) fn are_of_one_piece(file: &mut OpenFile, before: i64, behind: i64) -> bool {
    /// So far before and behind the packets of other streams are looked at.
    const AROUND: i64 = 1 << 18;
    /// Bytes between the two at most.
    const MOST_BETWEEN: i64 = 1 << 24;
    if !(0..=MOST_BETWEEN).contains(&(behind - before)) {
        return false;
    }
    let from = (before - AROUND).max(0);
    let bytes = file.bytes_at(from, (behind - from + AROUND) as usize);
    TransportPackets::among(&bytes).is_some_and(|packets| packets.are_of_one_piece())
}

fn refused(path: &Path, found: String, way_out: String) -> VideoError {
    VideoError::Joined { path: path.to_owned(), found, way_out }
}

impl OpenFile {
    /// What the container's header says for the codec.
    pub(crate) fn header(&self) -> &[u8] {
        let Some(stream) = self.input.stream(self.stream) else { return &[] };
        // SAFETY: the parameters belong to the stream and are alive as long as `self`; the bytes are
        // FFmpeg's own, as many as it says.
        unsafe {
            let parameters = (*stream.as_ptr()).codecpar;
            let (data, size) = ((*parameters).extradata, (*parameters).extradata_size);
            if data.is_null() || size <= 0 {
                return &[];
            }
            std::slice::from_raw_parts(data, size as usize)
        }
    }

    /// The file's bytes from `at` on, `most` of them or less at its end. The demuxer's own place is
    /// kept.
    fn bytes_at(&mut self, at: i64, most: usize) -> Vec<u8> {
        let mut bytes = vec![0; most];
        let mut num_read = 0;
        // SAFETY: the context of the bytes belongs to the open input; the buffer has the stated size.
        unsafe {
            let bytes_of = (*self.input.as_mut_ptr()).pb;
            if bytes_of.is_null() {
                return Vec::new();
            }
            let place = ffi::avio_seek(bytes_of, 0, libc::SEEK_CUR);
            if ffi::avio_seek(bytes_of, at.max(0), libc::SEEK_SET) >= 0 {
                let most = i32::try_from(most).unwrap_or(i32::MAX);
                num_read = ffi::avio_read(bytes_of, bytes.as_mut_ptr(), most).max(0);
            }
            ffi::avio_seek(bytes_of, place, libc::SEEK_SET);
        }
        bytes.truncate(num_read as usize);
        bytes
    }
}
