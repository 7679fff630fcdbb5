//! All packets of a video's stream, read once without decoding.

use std::path::Path;

use ffmpeg_the_third::codec::packet;
use ffmpeg_the_third::{Packet, ffi};

use crate::error::VideoError;
use crate::joined_files;
use crate::packet_content::{Content, ContentTeller};
use crate::probe::OpenFile;
use crate::stream_headers::{HeaderChange, StreamHeaders};

/// What is known of a packet while the file is read; times in ticks of the stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) pts: Option<i64>,
    pub(crate) dts: Option<i64>,
    pub(crate) duration: i64,
    pub(crate) content: Content,
    pub(crate) is_key: bool,
    /// Cut short, as the container says.
    pub(crate) is_flagged: bool,
    /// Bytes were lost in it or behind it.
    pub(crate) is_beside_loss: bool,
    /// Outside the edit list.
    pub(crate) is_outside: bool,
    /// Its time contradicts those around it ([`crate::plausible_times`]).
    pub(crate) is_misplaced: bool,
    /// Where it stands in the file; below zero where that is not known.
    pub(crate) at_byte: i64,
}

impl Seen {
    /// Whether its picture belongs to the video and is there whole, or may be.
    pub(crate) fn is_usable(&self) -> bool {
        !self.is_outside && !self.is_flagged
    }

    /// Whether decoding can start from it.
    pub(crate) fn is_start(&self) -> bool {
        self.is_key && self.content != Content::SecondField
    }

    /// When it is decoded; when it is shown, where only that is known.
    pub(crate) fn decoded_at(&self) -> Option<i64> {
        self.dts.or(self.pts)
    }
}

/// What reading the packets told.
#[derive(Default)]
pub(crate) struct PacketList {
    /// In file order.
    pub(crate) seen: Vec<Seen>,
    /// The byte at which the last whole one ends, where that is known.
    pub(crate) end: Option<i64>,
    /// From which on pictures have another size, by order, where the decoder must be emptied first.
    pub(crate) resized: Vec<usize>,
}

/// Reads all packets of the video stream. The input stands at its end afterwards.
pub(crate) fn read(
    file: &mut OpenFile,
    path: &Path,
    most: usize,
) -> Result<PacketList, VideoError> {
    let mut teller = ContentTeller::new(file.codec_id, file.header());
    let mut headers = StreamHeaders::new(file.codec_id, file.header());
    let mut changes = joined_files::StreamChanges::default();
    let flag_may_lie = flag_may_lie(file);
    let mut list = PacketList::default();
    loop {
        // A fresh packet each time: reading into a full one would leak what it holds.
        let mut packet = Packet::empty();
        // Any error ends the file: what was read up to a cut is served.
        if file.watch.is_given_up() || packet.read(&mut file.input).is_err() {
            break;
        }
        file.watch.step();
        let order = list.seen.len();
        let at_byte = packet.position() as i64;
        if packet.stream() != file.stream {
            changes.note_other(packet.stream(), order, at_byte);
            continue;
        }
        if order == most {
            return Err(VideoError::TooManyFrames { path: path.to_owned(), most });
        }
        let (data, is_corrupt) = (packet.data().unwrap_or_default(), packet.is_corrupt());
        match headers.look(data) {
            Some(HeaderChange::Codec(change)) => {
                // A start code may have another zero in front.
                let before = &data[..change.at];
                let before = teller.tell(before.strip_suffix(&[0]).unwrap_or(before));
                let pictures = num_pictures(&list.seen) + usize::from(before == Content::Picture);
                return Err(joined_files::other_codec(file, path, pictures, at_byte, &change));
            }
            Some(HeaderChange::Size) => list.resized.push(order),
            None => {}
        }
        list.seen.push(Seen {
            pts: packet.pts(),
            dts: packet.dts(),
            duration: packet.duration(),
            content: teller.tell(data),
            is_key: packet.is_key() && !is_corrupt,
            is_flagged: is_corrupt && !flag_may_lie,
            is_beside_loss: is_corrupt && flag_may_lie,
            is_outside: packet_flags(&packet) & ffi::AV_PKT_FLAG_DISCARD != 0,
            is_misplaced: false,
            at_byte,
        });
        let place = Some(at_byte).filter(|at| *at >= 0 && !is_corrupt);
        list.end = place.map(|at| at + data.len() as i64).or(list.end);
    }
    if !file.watch.is_given_up() {
        changes.check(file, path, &list.seen)?;
    }
    Ok(list)
}

/// In which containers the mark of damage may stand on a whole packet: MPEG-TS puts it beside every
/// loss.
pub(crate) fn flag_may_lie(file: &OpenFile) -> bool {
    file.input.format().name() == "mpegts"
}

/// Pictures that these packets show.
pub(crate) fn num_pictures(seen: &[Seen]) -> usize {
    seen.iter().filter(|packet| packet.content == Content::Picture).count()
}

/// How long a picture is usually shown: the middle one of the steps from picture to picture.
pub(crate) fn usual_step(seen: &[Seen]) -> i64 {
    let times = seen.iter().filter(|packet| packet.content == Content::Picture);
    let times: Vec<i64> = times.filter_map(Seen::decoded_at).collect();
    let mut steps: Vec<i64> =
        times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).filter(|s| *s > 0).collect();
    if steps.is_empty() {
        return seen.first().map_or(1, |packet| packet.duration.max(1));
    }
    let middle = steps.len() / 2;
    *steps.select_nth_unstable(middle).1
}

/// Whether the packets' durations are those of their pictures. Where all are alike and far above the
/// usual step, they are those of another rate, that of the first of several recordings.
pub(crate) fn durations_hold(seen: &[Seen]) -> bool {
    let Some(first) = seen.first() else { return true };
    let are_alike = seen.iter().all(|packet| packet.duration == first.duration);
    !are_alike || 2 * first.duration <= 3 * usual_step(seen)
}

/// The raw flags: the wrapper's type drops those it has no name for.
fn packet_flags(packet: &Packet) -> i32 {
    // SAFETY: the pointer is to the packet's own struct.
    unsafe { (*packet::Ref::as_ptr(packet)).flags }
}
