//! Headers that a codec keeps among its pictures: a decoder that begins behind them cannot begin.
//!
//! In MPEG-TS, MPEG-PS and raw streams the parameters of H.264, HEVC, MPEG-2 and others stand before some key
//! frames, or before the first one alone. FFmpeg's own filter takes them out of a packet.

use ffmpeg::codec::packet::{Mut, Ref};
use ffmpeg::{Packet, Stream, ffi};
use ffmpeg_the_third as ffmpeg;

/// The headers in a packet of this stream; none where it holds none, or its codec has none of this kind.
pub(crate) fn of_packet(stream: &Stream<'_>, packet: &Packet) -> Option<Vec<u8>> {
    let mut taken = packet.clone();
    let mut given = Packet::empty();
    // SAFETY: the filter's name ends in a zero byte, and filters are FFmpeg's own static ones. The context is
    // freed once, and what it gives is copied before. The stream is alive.
    unsafe {
        let filter = ffi::av_bsf_get_by_name(c"extract_extradata".as_ptr());
        let mut context = std::ptr::null_mut();
        if filter.is_null() || ffi::av_bsf_alloc(filter, &raw mut context) < 0 {
            return None;
        }
        (*context).time_base_in = stream.time_base().into();
        let is_ready = ffi::avcodec_parameters_copy((*context).par_in, (*stream.as_ptr()).codecpar)
            >= 0
            && ffi::av_bsf_init(context) >= 0
            && ffi::av_bsf_send_packet(context, taken.as_mut_ptr()) >= 0
            && ffi::av_bsf_receive_packet(context, given.as_mut_ptr()) >= 0;
        let headers = if is_ready { new_headers(&given) } else { None };
        ffi::av_bsf_free(&raw mut context);
        headers
    }
}

fn new_headers(packet: &Packet) -> Option<Vec<u8>> {
    let kind = ffi::AVPacketSideDataType::NEW_EXTRADATA;
    let mut size = 0;
    // SAFETY: the packet is alive, and FFmpeg gives null or `size` bytes that live as long as it.
    unsafe {
        let data = ffi::av_packet_get_side_data(packet.as_ptr(), kind, &raw mut size);
        (!data.is_null() && size > 0).then(|| std::slice::from_raw_parts(data, size).to_vec())
    }
}

/// The headers that the demuxer found at the start of the file, as they stand among the pictures; none of
/// containers that keep them elsewhere.
pub(crate) fn of_start(stream: &Stream<'_>) -> Option<Vec<u8>> {
    // SAFETY: the stream is alive, and so are its parameters; the bytes are as many as they say.
    let header = unsafe {
        let parameters = (*stream.as_ptr()).codecpar;
        let (data, size) = ((*parameters).extradata, (*parameters).extradata_size);
        if data.is_null() || size <= 0 {
            return None;
        }
        std::slice::from_raw_parts(data, size as usize)
    };
    let is_among_pictures = header.starts_with(&[0, 0, 1]) || header.starts_with(&[0, 0, 0, 1]);
    is_among_pictures.then(|| header.to_vec())
}

/// Puts headers before what a packet holds.
pub(crate) fn put_before(packet: &mut Packet, headers: &[u8]) {
    let mut whole = Packet::copy(&[headers, packet.data().unwrap_or_default()].concat());
    // SAFETY: both packets are alive.
    if unsafe { ffi::av_packet_copy_props(whole.as_mut_ptr(), packet.as_ptr()) } >= 0 {
        *packet = whole;
    }
}
