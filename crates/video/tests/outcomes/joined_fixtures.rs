//! Recordings in several pieces, joined byte for byte: clocks that start again, jump or run over, other
//! rates, sizes and codecs.

use crate::fixtures::{Expected, Fixtures};
use crate::joined::{flv_with_two_clocks, fragments_with_two_clocks, joined};
use crate::maker::{SOURCE, Source, encode};

pub(crate) const H264: &str = "-c:v libx264 -g 25 -bf 3";
const SOUND: &str = "-f lavfi -i sine=d=4 -c:a aac";
const VP8: &str = "-c:v libvpx -deadline realtime -cpu-used 8";
const VP9: &str = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8";
pub(crate) const PS: &str = "-c:v mpeg2video -b:v 3M -g 15 -bf 2";
const THEORA: &str = "-c:v libtheora -q:v 8 -g 30";

impl Fixtures<'_> {
    pub(crate) fn joined(&mut self) {
        self.joined_transport_streams();
        self.other_transport_streams();
        self.other_codecs();
        self.joined_containers();
    }

    /// Numbers 0 to 99, and 100 to 199, in two files.
    fn pieces(&self, names: [&str; 2], arguments: [&str; 2]) {
        let second = Source { first: 100, ..SOURCE };
        encode(self.folder, SOURCE, names[0], arguments[0]);
        encode(self.folder, second, names[1], arguments[1]);
    }

    fn joined_transport_streams(&mut self) {
        let both = || Expected::Frames(0..200);
        for (name, file, before, after, expected) in [
            ("joined MPEG-TS, clock starts again", "again.ts", "", "", both()),
            ("joined MPEG-TS, clock jumps ahead", "ahead.ts", "", "-output_ts_offset 5000", both()),
            ("joined MPEG-TS, clock jumps back", "back.ts", "-output_ts_offset 50000", "", both()),
            (
                "joined MPEG-TS, clock wraps in the first",
                "wraps.ts",
                "-output_ts_offset 95440",
                "",
                both(),
            ),
            (
                "joined MPEG-TS, change announced",
                "announced.ts",
                "",
                "-mpegts_flags +initial_discontinuity",
                both(),
            ),
            ("joined MPEG-TS, other program", "program.ts", "", "-mpegts_service_id 7", both()),
            (
                "joined MPEG-TS, other stream",
                "stream.ts",
                "",
                "-mpegts_start_pid 0x200",
                Expected::NotOpened("Joined"),
            ),
            ("joined MPEG-TS, with sound", "sound.ts", SOUND, SOUND, both()),
        ] {
            let names = ["first.ts", "second.ts"];
            let [first, second] = [before, after].map(|more| format!("{more} {H264}"));
            self.pieces(names, [&first, &second]);
            let path = joined(self.folder, file, &names);
            let made = |arguments: &str| arguments.trim().to_owned();
            let made = format!("`{}`, then `{}`", made(&first), made(&second));
            self.add(name, made, path, expected);
        }
    }

    /// A clock that runs over between others, and parts of other rates, sizes and codecs.
    fn other_transport_streams(&mut self) {
        let encoded = |first, file: &str, arguments: &str| {
            encode(self.folder, Source { first, ..SOURCE }, file, arguments);
        };
        let wraps = format!("-output_ts_offset 95441 {H264}");
        encoded(0, "first.ts", H264);
        encoded(100, "second.ts", &wraps);
        encoded(200, "third.ts", H264);
        let path = joined(self.folder, "between.ts", &["first.ts", "second.ts", "third.ts"]);
        let name = "joined MPEG-TS, clock wraps in the second of three";
        let made = format!("`{H264}`, then `{wraps}`, then `{H264}`");
        self.add(name, made, path, Expected::Frames(0..300));

        let fast = format!("-filter:v setpts=PTS/2 -r 50 {H264}");
        encode(self.folder, Source { first: 100, ..SOURCE }, "second.ts", &fast);
        let path = joined(self.folder, "rates.ts", &["first.ts", "second.ts"]);
        let made = format!("`{H264}`, then `{fast}`");
        let name = "joined MPEG-TS, other frame rate";
        self.add(name, made, path, Expected::Frames(0..200)).shown_at = faster;

        let large = Source { first: 100, width: 192, height: 128, ..SOURCE };
        for (name, file, arguments) in [
            ("joined MPEG-TS, other size", "sizes.ts", H264),
            ("joined MPEG-TS, other size, MPEG-2", "sizes2.ts", PS),
        ] {
            encode(self.folder, SOURCE, "first.ts", arguments);
            encode(self.folder, large, "second.ts", arguments);
            let path = joined(self.folder, file, &["first.ts", "second.ts"]);
            let made = format!("`{arguments}`, then `{arguments}` of 192x128");
            self.add(name, made, path, Expected::Frames(0..200));
        }
    }

    fn other_codecs(&mut self) {
        for (name, file, ending, parts) in [
            ("joined MPEG-TS, other codec", "codecs.ts", "ts", [H264, PS]),
            ("joined MPEG-TS, other codec first", "codecs2.ts", "ts", [PS, H264]),
            ("joined MPEG-PS, other codec", "codecs.vob", "vob", [PS, H264]),
            ("joined raw video, other codec", "codecs.264", "264", [H264, PS]),
            ("joined WebM, other codec", "codecs.webm", "webm", [VP8, VP9]),
            ("joined Ogg, other codec", "codecs.ogv", "ogv", [THEORA, VP8]),
            ("joined AVI, other codec", "codecs.avi", "avi", ["-c:v mpeg4 -q:v 3", "-c:v huffyuv"]),
        ] {
            let form = if ending == "264" { ["-f h264", "-f mpeg2video"] } else { ["", ""] };
            let names = [format!("first.{ending}"), format!("second.{ending}")];
            let names = [names[0].as_str(), names[1].as_str()];
            let parts = [0, 1].map(|at| format!("{} {}", parts[at], form[at]).trim().to_owned());
            self.pieces(names, [&parts[0], &parts[1]]);
            let path = joined(self.folder, file, &names);
            let made = format!("`{}`, then `{}`", parts[0], parts[1]);
            self.add(name, made, path, refused());
        }
    }

    fn joined_containers(&mut self) {
        let both = || Expected::Frames(0..200);
        let live = format!("{H264} -f matroska -live 1");
        let other = "-c:v libx264 -g 25 -bf 1 -x264-params cabac=0";
        let fragments = format!("{H264} -movflags frag_keyframe+empty_moov+default_base_moof");
        for (name, file, first, second, expected) in [
            ("joined MPEG-PS", "both.mpg", PS, PS, both()),
            ("joined Theora in Ogg", "both.ogv", THEORA, THEORA, both()),
            (
                "joined MPEG-4 in AVI",
                "both.avi",
                "-c:v mpeg4 -q:v 3 -bf 2",
                "-c:v mpeg4 -q:v 3 -bf 2",
                both(),
            ),
            ("joined Matroska", "both.mkv", H264, H264, both()),
            ("joined Matroska, live", "both_live.mkv", &live, &live, both()),
            ("joined Matroska, encoded otherwise", "other.mkv", H264, other, refused()),
            ("joined mp4", "both.mp4", H264, H264, refused()),
            ("joined fragmented mp4", "both_fragments.mp4", &fragments, &fragments, refused()),
            ("joined FLV", "both.flv", H264, H264, refused()),
            ("joined WMV", "both.wmv", "-c:v wmv2 -q:v 3", "-c:v wmv2 -q:v 3", refused()),
            ("joined GIF", "both.gif", "-c:v gif", "-c:v gif", refused()),
            ("joined APNG", "both.apng", "-c:v apng", "-c:v apng", refused()),
            (
                "joined MPEG-2 in MXF",
                "both.mxf",
                "-c:v mpeg2video -q:v 2",
                "-c:v mpeg2video -q:v 2",
                refused(),
            ),
            ("joined NUT", "both.nut", H264, H264, refused()),
            (
                "joined MPEG-2 in WTV",
                "both.wtv",
                "-c:v mpeg2video -q:v 2",
                "-c:v mpeg2video -q:v 2",
                refused(),
            ),
            (
                "joined RealVideo",
                "both.rm",
                "-c:v rv20 -q:v 3 -s 176x144",
                "-c:v rv20 -q:v 3 -s 176x144",
                refused(),
            ),
            (
                "joined Flash",
                "both.swf",
                "-c:v flv1 -q:v 3 -r 25",
                "-c:v flv1 -q:v 3 -r 25",
                refused(),
            ),
        ] {
            let names = [format!("first_{file}"), format!("second_{file}")];
            let names = [names[0].as_str(), names[1].as_str()];
            self.pieces(names, [first, second]);
            let path = joined(self.folder, file, &names);
            let made = if first == second {
                format!("`{first}`, twice")
            } else {
                format!("`{first}`, then `{second}`")
            };
            self.add(name, made, path, expected);
        }
        let large = Source { first: 100, width: 192, height: 128, ..SOURCE };
        encode(self.folder, large, "large.flv", H264);
        let path = flv_with_two_clocks(self.folder, "sizes.flv", ["first_both.flv", "large.flv"]);
        let made = format!("`{H264}`, then `{H264}` of 192x128 under one header");
        self.add("FLV, clock starts again at another size", made, path, both());
        let parts = ["first_both.flv", "second_both.flv"];
        let path = flv_with_two_clocks(self.folder, "again.flv", parts);
        let made = format!("`{H264}`, twice under one header");
        self.add("FLV, clock starts again", made, path, both());
        let parts = ["first_both_fragments.mp4", "second_both_fragments.mp4"];
        let path = fragments_with_two_clocks(self.folder, "again.mp4", parts);
        let made = format!("`{fragments}`, twice under one header");
        self.add("fragmented mp4, clock starts again", made, path, both());
    }
}

/// 25 a second, from the hundredth on 50.
fn faster(number: usize) -> f64 {
    number as f64 / 25.0 - number.saturating_sub(100) as f64 / 50.0
}

fn refused() -> Expected {
    Expected::NotOpened("Joined")
}
