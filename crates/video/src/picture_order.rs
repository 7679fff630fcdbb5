//! In which order the pictures of H.264 and HEVC are shown.
//!
//! The header of a picture says its place among the others of its sequence (the *picture order count*, ITU-T H.264 8.2.1,
//! H.265 8.3.1). It is counted on from the pictures before, in ways that depend on the stream's parameters: FFmpeg's own
//! parsers do that.

use ffmpeg::codec::Id;
use ffmpeg::codec::packet::Ref;
use ffmpeg::{Packet, ffi};
use ffmpeg_the_third as ffmpeg;

/// Tells the packets of one stream, in their order: each one picture, with its headers among the pictures.
pub(crate) struct PictureOrder {
    parser: *mut ffi::AVCodecParserContext,
    codec: *mut ffi::AVCodecContext,
}

impl PictureOrder {
    /// None of other codecs.
    pub(crate) fn new(codec: Id) -> Option<Self> {
        if !matches!(codec, Id::H264 | Id::HEVC) {
            return None;
        }
        // SAFETY: both may be null, which is looked at before they are used; they are freed once, on dropping.
        unsafe {
            let id: ffi::AVCodecID = codec.into();
            let parser = ffi::av_parser_init(id.0 as libc::c_int);
            let order = Self { parser, codec: ffi::avcodec_alloc_context3(std::ptr::null()) };
            if order.parser.is_null() || order.codec.is_null() {
                return None;
            }
            (*order.parser).flags |= ffi::PARSER_FLAG_COMPLETE_FRAMES;
            Some(order)
        }
    }

    /// The place of a packet's picture in its sequence; none where the headers do not tell.
    pub(crate) fn tell(&mut self, packet: &Packet) -> Option<i32> {
        const UNTOLD: i32 = i32::MIN;
        let (mut out, mut out_bytes) = (std::ptr::null_mut(), 0);
        // SAFETY: parser and codec are alive, and so are the packet's bytes, which FFmpeg pads. What is given back points
        // into them and is not used.
        unsafe {
            let packet = packet.as_ptr();
            if (*packet).data.is_null() {
                return None;
            }
            (*self.parser).output_picture_number = UNTOLD;
            ffi::av_parser_parse2(
                self.parser,
                self.codec,
                &raw mut out,
                &raw mut out_bytes,
                (*packet).data,
                (*packet).size,
                ffi::AV_NOPTS_VALUE,
                ffi::AV_NOPTS_VALUE,
                -1,
            );
            Some((*self.parser).output_picture_number).filter(|count| *count != UNTOLD)
        }
    }
}

impl Drop for PictureOrder {
    fn drop(&mut self) {
        // SAFETY: both were made by FFmpeg or are null, which it allows.
        unsafe {
            ffi::av_parser_close(self.parser);
            ffi::avcodec_free_context(&raw mut self.codec);
        }
    }
}
