//! All packets of a video's stream, read once without decoding.

use std::path::Path;

use ffmpeg_the_third::codec::packet;
use ffmpeg_the_third::{Packet, Rational, Stream, ffi};

use crate::content::Content;
use crate::error::VideoError;
use crate::joined_files;
use crate::packet_content::ContentTeller;
use crate::picture_order::PictureOrder;
use crate::probe::OpenFile;
use crate::seen_packet::{Seen, num_pictures};
use crate::shown_after;
use crate::stream_headers::{HeaderChange, StreamHeaders};

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

/// Reads all packets of the video stream, and asks `order_counts`, if any, where each is shown. The input stands at its end
/// afterwards.
pub(crate) fn read(
    file: &mut OpenFile,
    path: &Path,
    most: usize,
    mut order_counts: Option<PictureOrder>,
) -> Result<PacketList, VideoError> {
    let mut teller = ContentTeller::new(file.codec_id, file.header());
    let mut headers = StreamHeaders::new(file.codec_id, file.header());
    let mut changes = joined_files::StreamChanges::default();
    let flag_may_lie = flag_may_lie(file);
    let seen = Vec::with_capacity(num_expected(file).min(most));
    let mut list = PacketList { seen, ..PacketList::default() };
    loop {
        // A fresh packet each time: reading into a full one would leak what it holds.
        let mut packet = Packet::empty();
        // Any error ends the file: what was read up to a cut is served.
        if file.watch.is_given_up() || file.next_packet(&mut packet).is_err() {
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
            pts: packet.pts().map(in_bounds),
            dts: packet.dts().map(in_bounds),
            duration: in_bounds(packet.duration()),
            content: teller.tell(data),
            is_key: packet.is_key() && !is_corrupt,
            is_flagged: is_corrupt && !flag_may_lie,
            is_beside_loss: is_corrupt && flag_may_lie,
            is_outside: packet_flags(&packet) & ffi::AV_PKT_FLAG_DISCARD != 0,
            is_misplaced: false,
            at_byte,
            is_b: shown_after::is_b_picture(file.codec_id, data),
            order_count: order_counts.as_mut().and_then(|counts| counts.tell(&packet)),
        });
        let place = Some(at_byte).filter(|at| *at >= 0 && !is_corrupt);
        list.end = place.map(|at| at + data.len() as i64).or(list.end);
    }
    if !file.watch.is_given_up() {
        changes.check(file, path, &list.seen)?;
    }
    Ok(list)
}

/// How many packets the video stream has, as far as the file says; a list that grows is copied again and again, and of a
/// long file each copy that it left is memory. What is announced and does not come is never touched, so it costs
/// nothing.
fn num_expected(file: &OpenFile) -> usize {
    /// Of 10 hours at 29 frames a second.
    const MOST: i64 = 1 << 20;
    let Some(stream) = file.input.stream(file.stream) else { return 0 };
    let stated = stream.frames();
    let counted = if stated > 0 { stated } else { by_time(file, &stream) };
    usize::try_from(counted.min(MOST)).unwrap_or(0)
}

/// Packets by the time that the file plays and its rate, and some more.
fn by_time(file: &OpenFile, stream: &Stream<'_>) -> i64 {
    let Rational(frames, seconds) = stream.avg_frame_rate();
    let time = file.input.duration().max(0) as f64 / f64::from(ffi::AV_TIME_BASE);
    // What is no number is none.
    (time * f64::from(frames) / f64::from(seconds) * 1.01) as i64
}

/// A time or a length of time so small that sums of some are numbers, too. No true one is larger: nanoseconds
/// since 1970 are smaller.
fn in_bounds(ticks: i64) -> i64 {
    const MOST: i64 = 1 << 61;
    ticks.clamp(-MOST, MOST)
}

/// In which containers the mark of damage may stand on a whole packet: MPEG-TS puts it beside every
/// loss.
pub(crate) fn flag_may_lie(file: &OpenFile) -> bool {
    file.input.format().name() == "mpegts"
}

/// The raw flags: the wrapper's type drops those it has no name for.
fn packet_flags(packet: &Packet) -> i32 {
    // SAFETY: the pointer is to the packet's own struct.
    unsafe { (*packet::Ref::as_ptr(packet)).flags }
}
