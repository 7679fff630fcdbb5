//! Files of every kind that people have, each with what must come out of it.
//!
//! Every frame carries its number ([`crate::burned_in_code`]). Each fixture says how it was made, in
//! the words that stand in the table of `docs/media.md`, and when each number is shown.

use std::ffi::OsStr;
use std::fs;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use locvtp_video::{DamagedFrames, ReadLimits, ReaderSettings};

use crate::field_pairs::field_pairs;
use crate::joined::packed_b_frames;
use crate::maker::{
    SOURCE, Source, convert, cut, encode, encode_twice, flipped, png_bomb, turned, written,
};

/// One file and what is known of it.
pub(crate) struct Fixture {
    pub(crate) name: &'static str,
    /// How it was made, as the table says it.
    pub(crate) made: String,
    pub(crate) path: PathBuf,
    /// When the picture with this number is shown, in seconds from the start of the file.
    pub(crate) shown_at: fn(usize) -> f64,
    pub(crate) expected: Expected,
    pub(crate) settings: ReaderSettings,
}

/// What must come out; the test fails where it does not.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expected {
    /// The frames of these numbers, each at its time.
    Frames(Range<usize>),
    /// The frames of these numbers, and the numbers whose time is known to be a gap.
    Without([Range<usize>; 2], Range<usize>),
    /// The frames of these numbers, with a pause between that is no gap.
    Paused([Range<usize>; 2]),
    /// At least this many of the first frames, each at its time.
    Beginning(usize),
    /// All frames are listed; each is right, refused or visibly damaged, and some are refused.
    DamageRefused,
    /// All frames come, some of them damaged.
    DamageUnnoticed,
    /// This `VideoError` when the file is opened.
    NotOpened(&'static str),
    /// This `VideoError` when all frames are read.
    NotRead(&'static str),
}

fn steady(number: usize) -> f64 {
    number as f64 / 25.0
}

/// 40 or 54 ms from frame to frame, and a pause of 0.3 s every 20 frames.
fn uneven(number: usize) -> f64 {
    (40 * number + 14 * (number % 2) + 300 * (number / 20)) as f64 / 1000.0
}

const UNEVEN: &str = "-vf settb=1/1000,setpts=40*N+14*mod(N\\,2)+300*floor(N/20) \
                      -fps_mode passthrough -enc_time_base 1:1000";

pub(crate) struct Fixtures<'a> {
    pub(crate) folder: &'a Path,
    made: Vec<Fixture>,
}

/// Makes all fixtures in `folder`; `take` gets those of a group as soon as they are there.
///
/// # Panics
/// Where FFmpeg or one of its encoders is missing: `scripts/setup` installs them.
pub(crate) fn make_all(folder: &Path, take: &mut dyn FnMut(Fixture)) {
    let mut fixtures = Fixtures { folder, made: Vec::new() };
    for group in [
        Fixtures::usual,
        Fixtures::times,
        Fixtures::codecs_and_containers,
        Fixtures::packets_that_are_no_frames,
        Fixtures::joined,
        Fixtures::missing,
        Fixtures::pictures,
        Fixtures::stills,
        Fixtures::damaged,
        Fixtures::no_videos,
        Fixtures::over_a_limit,
    ] {
        group(&mut fixtures);
        fixtures.made.drain(..).for_each(&mut *take);
    }
}

impl Fixtures<'_> {
    fn usual(&mut self) {
        for (name, file, arguments) in [
            ("constant frame rate, GOP 30, B-frames", "gop30.mp4", "-c:v libx264 -g 30 -bf 3"),
            ("GOP 250", "gop250.mp4", "-c:v libx264 -g 250 -bf 3"),
            ("open GOP", "open.mp4", "-c:v libx264 -g 20 -bf 3 -x264-params open-gop=1"),
            ("no B-frames", "plain.mp4", "-c:v libx264 -g 30 -bf 0"),
            ("with sound", "sound.mp4", "-f lavfi -i sine=d=4 -c:v libx264 -c:a aac"),
            (
                "fragmented mp4",
                "fragments.mp4",
                "-c:v libx264 -g 25 -movflags frag_keyframe+empty_moov",
            ),
        ] {
            self.encoded(name, SOURCE, file, arguments);
        }
    }

    fn times(&mut self) {
        for (name, file) in [
            ("variable frame rate", "vfr.mp4"),
            ("variable frame rate, Matroska", "vfr.mkv"),
            ("variable frame rate, MPEG-TS", "vfr.ts"),
        ] {
            let arguments = format!("{UNEVEN} -c:v libx264 -g 30 -bf 3");
            self.encoded(name, SOURCE, file, &arguments).shown_at = uneven;
        }
        // A cut without encoding starts at the key frame before and notes in an edit list where.
        let edit = "-ss 1.8 -i gop30.mp4 -c copy";
        let path = convert(self.folder, "edit.mp4", edit);
        let fixture = self.add("edit list", format!("`{edit}`"), path, Expected::Frames(45..100));
        fixture.shown_at = |number| steady(number) - 1.8;
        let late = "-f lavfi -i sine=d=5 -filter:v setpts=PTS+1/TB -c:v libx264 -bf 3 -c:a aac";
        self.encoded("picture begins 1 s after the sound", SOURCE, "late.mp4", late).shown_at =
            |number| steady(number) + 1.0;
        for (name, file, arguments) in [
            (
                "start pts not zero, Matroska",
                "start.mkv",
                "-c:v libx264 -bf 3 -output_ts_offset 7.5",
            ),
            (
                "start pts not zero, MPEG-TS",
                "start.ts",
                "-c:v libx264 -g 30 -bf 3 -output_ts_offset 3600",
            ),
            (
                "no duration, no index (live Matroska)",
                "live.mkv",
                "-c:v libx264 -g 30 -bf 3 -f matroska -live 1",
            ),
            ("no times at all (raw H.264)", "raw.h264", "-c:v libx264 -g 30 -bf 3 -f h264"),
        ] {
            self.encoded(name, SOURCE, file, arguments);
        }
    }

    fn codecs_and_containers(&mut self) {
        for (name, file, arguments) in [
            ("VP9 in WebM", "vp9.webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 30"),
            ("VP8 in WebM", "vp8.webm", "-c:v libvpx -deadline realtime -cpu-used 8 -g 30 -b:v 2M"),
            ("AV1 in mp4", "av1.mp4", "-c:v libsvtav1 -preset 12 -g 30"),
            (
                "HEVC",
                "hevc.mp4",
                "-c:v libx265 -preset ultrafast -g 30 \
                 -x265-params pools=none:frame-threads=1:log-level=0",
            ),
            (
                "HEVC, open GOP, 10 bits",
                "hevc10.mkv",
                "-c:v libx265 -g 20 -pix_fmt yuv420p10le \
                 -x265-params open-gop=1:bframes=3:log-level=0",
            ),
            ("H.264, 10 bits", "deep.mp4", "-c:v libx264 -pix_fmt yuv420p10le -g 30"),
            ("H.264 in MPEG-TS", "h264.ts", "-c:v libx264 -g 12 -bf 3"),
            ("H.264 in FLV", "h264.flv", "-c:v libx264 -g 30 -bf 3"),
            ("MPEG-2 in MPEG-PS", "mpeg2.mpg", "-c:v mpeg2video -b:v 3M -g 15 -bf 2"),
            (
                "interlaced MPEG-2 in MPEG-TS",
                "interlaced.ts",
                "-c:v mpeg2video -q:v 2 -g 15 -flags +ildct+ilme",
            ),
            ("MPEG-4 in AVI", "mpeg4.avi", "-c:v mpeg4 -q:v 3 -g 30"),
            ("MPEG-4 in AVI, B-frames", "mpeg4b.avi", "-c:v mpeg4 -q:v 3 -g 30 -bf 2"),
            ("WMV", "wmv2.wmv", "-c:v wmv2 -q:v 3 -g 30"),
            ("Theora in Ogg", "theora.ogv", "-c:v libtheora -q:v 8 -g 30"),
            ("Motion JPEG in AVI", "mjpeg.avi", "-c:v mjpeg -q:v 3 -pix_fmt yuvj420p"),
            ("GIF", "colours.gif", "-c:v gif"),
        ] {
            self.encoded(name, SOURCE, file, arguments);
        }
        let gif = format!("{UNEVEN} -c:v gif");
        self.encoded("GIF of uneven delays", SOURCE, "uneven.gif", &gif).shown_at = uneven;
    }

    fn packets_that_are_no_frames(&mut self) {
        let folder = self.folder;
        let frames = || Expected::Frames(0..100);
        let path = field_pairs(folder, "fields.ts");
        let made = "fields coded apart, one time a frame ([maker](../crates/video/tests/outcomes/\
                    field_pairs.rs))";
        self.add("field pairs in MPEG-TS", made.into(), path, frames());
        for (name, file) in [
            ("field pairs in mp4", "fields.mp4"),
            ("field pairs in Matroska", "fields.mkv"),
            ("field pairs in AVI, no times", "fields.avi"),
            ("field pairs alone, no times", "fields.264"),
        ] {
            let path = convert(folder, file, "-i fields.ts -c copy");
            self.add(name, "`-i fields.ts -c copy`".into(), path, frames());
        }
        for (name, file, encoder) in [
            ("VP8 with hidden pictures", "hidden.webm", "libvpx"),
            ("VP9 with hidden pictures", "hidden9.webm", "libvpx-vp9"),
        ] {
            let arguments = format!(
                "-c:v {encoder} -auto-alt-ref 1 -lag-in-frames 25 -b:v 200k -g 100 -deadline good \
                 -cpu-used 4"
            );
            let path = encode_twice(folder, SOURCE, file, &arguments);
            self.add(name, format!("`{arguments}`, two passes"), path, frames());
        }
        let layers = "-c:v libsvtav1 -preset 10 -g 60";
        encode(folder, SOURCE, "layers.mkv", layers);
        for (name, file, from, filter) in [
            ("VP9, every picture a packet", "split9.webm", "hidden9.webm", "vp9_superframe_split"),
            ("AV1, every picture a packet", "split.mkv", "layers.mkv", "av1_frame_split"),
        ] {
            let arguments = format!("-i {from} -c copy -bsf:v {filter}");
            let path = convert(folder, file, &arguments);
            self.add(name, format!("`{arguments}`"), path, frames());
        }
        let arguments = "-c:v mpeg4 -q:v 3 -g 30 -bf 1";
        encode(folder, SOURCE, "one_b.avi", arguments);
        let television = Source { width: 720, height: 576, ..SOURCE };
        self.encoded(
            "MPEG-2 in GXF, times of fields",
            television,
            "a.gxf",
            "-c:v mpeg2video -q:v 2",
        );
        let path = packed_b_frames(folder, "packed.avi", "one_b.avi");
        let made = format!("`{arguments}`, B-frames packed as DivX does");
        self.add("MPEG-4 in AVI, packed B-frames", made, path, frames());
    }

    fn pictures(&mut self) {
        let odd = Source { width: 97, height: 67, ..SOURCE };
        let vp9 = "-c:v libvpx-vp9 -cpu-used 8 -deadline realtime";
        self.encoded("odd size, 4:2:0", odd, "odd.webm", vp9);
        let full = "-c:v libx264 -pix_fmt yuv444p";
        self.encoded("odd size, 4:4:4", odd, "odd.mp4", full);
        let one = Source { count: 1, ..SOURCE };
        self.encoded("one frame only", one, "one.mp4", "-c:v libx264");
        let huge = Source { first: 0, count: 1, width: 7680, height: 4320 };
        self.encoded("an 8K frame", huge, "8k.mp4", "-c:v libx264 -preset ultrafast");
        let path = turned(self.folder, "turned.mp4");
        let made = "`Encoder` with `rotation_degrees` 90";
        self.add("rotation 90 with display matrix", made.into(), path, Expected::Frames(0..100));
        let wide = "-c:v libx264 -vf setsar=4/3";
        self.encoded("pixels that are not square: taken as they are", SOURCE, "wide.mp4", wide);
        let hdr = "-color_primaries bt2020 -colorspace bt2020nc -color_trc";
        let pq = format!("-c:v libx264 -pix_fmt yuv420p10le {hdr} smpte2084");
        self.encoded("HDR, PQ", SOURCE, "pq.mp4", &pq);
        let hlg = format!("-c:v libx264 -pix_fmt yuv420p10le {hdr} arib-std-b67");
        self.encoded("HDR, HLG", SOURCE, "hlg.mkv", &hlg);
        let two = "-map 0 -map 0 -c:v libx264 -g 12 -filter:v:1 scale=48:32";
        self.encoded("two video streams, neither the default", SOURCE, "two.ts", two);
    }

    fn stills(&mut self) {
        let one = Source { count: 1, ..SOURCE };
        for (name, file, arguments) in [
            ("JPEG", "still.jpg", "-c:v mjpeg -q:v 2 -pix_fmt yuvj444p"),
            ("grey JPEG", "grey.jpg", "-c:v mjpeg -q:v 2 -pix_fmt gray -strict unofficial"),
            ("JPEG named mp4", "jpeg.mp4", "-c:v mjpeg -q:v 2 -pix_fmt yuvj420p"),
            ("PNG", "still.png", "-c:v png"),
            ("PNG, 16 bits, with alpha", "alpha.png", "-c:v png -pix_fmt rgba64be"),
            ("PNG with a palette", "palette.png", "-vf format=pal8 -c:v png"),
            ("WebP", "still.webp", "-c:v libwebp -lossless 1"),
        ] {
            self.encoded(name, one, file, &format!("{arguments} -f image2 -update 1"));
        }
        let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens");
        for (name, file) in [
            ("CMYK JPEG", "cmyk.jpg"),
            ("JPEG with a turn in its EXIF: not made", "exif_turned.jpg"),
        ] {
            let made = "`reference/still_pictures.py`".to_owned();
            self.add(name, made, goldens.join(file), Expected::Frames(0..1));
        }
    }

    fn damaged(&mut self) {
        let folder = self.folder;
        convert(folder, "front.mp4", "-i gop30.mp4 -c copy -movflags +faststart");
        for (name, file, from, expected) in [
            ("truncated mp4, index in front", "cut.mp4", "front.mp4", Expected::Beginning(30)),
            ("truncated Matroska", "cut.mkv", "live.mkv", Expected::Beginning(30)),
            ("truncated MPEG-TS", "cut.ts", "h264.ts", Expected::Beginning(30)),
            (
                "missing moov (truncated mp4, index at the end)",
                "no_moov.mp4",
                "gop30.mp4",
                Expected::NotOpened("NotAVideo"),
            ),
        ] {
            let made = format!("the first 60 % of `{from}`");
            self.add(name, made, cut(folder, file, from, 60), expected);
        }
        for (name, file, from, every, expected) in [
            ("bit-flipped H.264", "flipped.mp4", "front.mp4", 1009, Expected::DamageRefused),
            ("bit-flipped H.264, heavily", "ruined.mp4", "front.mp4", 97, Expected::DamageRefused),
            ("bit-flipped MPEG-TS", "flipped.ts", "h264.ts", 1009, Expected::DamageRefused),
            ("bit-flipped MPEG-4", "flipped.avi", "mpeg4b.avi", 1009, Expected::DamageRefused),
            ("bit-flipped HEVC", "flipped_hevc.mp4", "hevc.mp4", 1009, Expected::DamageRefused),
            ("bit-flipped VP9", "flipped.webm", "vp9.webm", 1009, Expected::DamageUnnoticed),
            ("bit-flipped GIF", "flipped.gif", "colours.gif", 5003, Expected::DamageUnnoticed),
        ] {
            let made = format!("one bit in {every} bytes of the pictures of `{from}`");
            self.add(name, made, flipped(folder, file, from, every), expected);
        }
        let made = "`flipped.avi` with `damaged_frames` `show`".to_owned();
        let path = folder.join("flipped.avi");
        self.add("bit-flipped MPEG-4, damage shown", made, path, Expected::DamageUnnoticed)
            .settings
            .damaged_frames = DamagedFrames::Show;
    }

    fn no_videos(&mut self) {
        let folder = self.folder;
        let mut refused = |name, made: &str, path, error| {
            self.add(name, made.to_owned(), path, Expected::NotOpened(error));
        };
        let audio = "-f lavfi -i sine=d=1 -c:a aac";
        let path = convert(folder, "audio.mp4", audio);
        refused("audio only", &format!("`{audio}`"), path, "NoVideoStream");
        let path = written(folder, "empty.mp4", b"");
        refused("zero bytes", "an empty file", path, "Empty");
        let text = "Add the flour, then stir.\n".repeat(200);
        let path = written(folder, "text.mp4", text.as_bytes());
        refused("a text file named mp4", "5200 bytes of English", path, "NotAVideo");
        let list = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://localhost:9/a.ts\n";
        let path = written(folder, "list.mp4", list);
        refused("a playlist named mp4", "HLS that names a server", path, "NotAVideo");
        let path = folder.join("folder.mp4");
        fs::create_dir(&path).unwrap();
        refused("a directory", "`mkdir folder.mp4`", path, "NotAFile");
        let path = folder.join("pipe.mp4");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        refused("a pipe that nobody writes to", "`mkfifo pipe.mp4`", path, "NotAFile");
        refused("no such file", "nothing", folder.join("missing.mp4"), "Io");
        let path = folder.join(OsStr::from_bytes(b"caf\xe9: one.mp4"));
        fs::copy(folder.join("gop30.mp4"), &path).unwrap();
        let made = "`gop30.mp4` named `caf\\xe9: one.mp4`".to_owned();
        self.add("a path that is not UTF-8", made, path, Expected::Frames(0..100));
    }

    fn over_a_limit(&mut self) {
        let folder = self.folder;
        let bomb = png_bomb(folder, "bomb.png", "still.png");
        let made = "`still.png` with another header".to_owned();
        let name = "a PNG that says it has 65535x65535 pixels";
        self.add(name, made, bomb, Expected::NotOpened("NoFrames"));
        let limits = ReadLimits::default();
        for (name, setting, file, limits, expected) in [
            (
                "pictures over the limit of pixels",
                "`frame_pixels` 2^20",
                "8k.mp4",
                ReadLimits { frame_pixels: 1 << 20, ..limits },
                Expected::NotOpened("TooManyPixels"),
            ),
            (
                "frames over the limit",
                "`frames` 99",
                "gop30.mp4",
                ReadLimits { frames: 99, ..limits },
                Expected::NotOpened("TooManyFrames"),
            ),
            (
                "more bytes asked for than the limit",
                "`output_bytes` 2^20",
                "gop30.mp4",
                ReadLimits { output_bytes: 1 << 20, ..limits },
                Expected::NotRead("TooLarge"),
            ),
        ] {
            let made = format!("`{file}` with {setting}");
            self.add(name, made, folder.join(file), expected).settings.limits = limits;
        }
    }

    pub(crate) fn encoded(
        &mut self,
        name: &'static str,
        source: Source,
        file: &str,
        arguments: &str,
    ) -> &mut Fixture {
        let path = encode(self.folder, source, file, arguments);
        let words: Vec<&str> = arguments.split_whitespace().collect();
        let made = format!("`{}`", words.join(" "));
        self.add(name, made, path, Expected::Frames(0..source.count))
    }

    pub(crate) fn add(
        &mut self,
        name: &'static str,
        made: String,
        path: PathBuf,
        expected: Expected,
    ) -> &mut Fixture {
        // Shorter than the defaults, so that a file that hangs fails the test soon.
        let limits = ReadLimits { stall_s: 30, call_s: 60, ..Default::default() };
        let settings = ReaderSettings { limits, ..Default::default() };
        self.made.push(Fixture { name, made, path, shown_at: steady, expected, settings });
        let last = self.made.len() - 1;
        &mut self.made[last]
    }
}
