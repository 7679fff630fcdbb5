//! Recordings in several pieces: joined byte for byte, with clocks that start again or jump, or with a
//! piece lost.

use crate::fixtures::{Expected, Fixtures};
use crate::joined::{flv_with_two_clocks, fragments_with_two_clocks, joined};
use crate::maker::{SOURCE, Source, encode};

const H264: &str = "-c:v libx264 -g 25 -bf 3";
const SOUND: &str = "-f lavfi -i sine=d=4 -c:a aac";
const PS: &str = "-c:v mpeg2video -b:v 3M -g 15 -bf 2";
const THEORA: &str = "-c:v libtheora -q:v 8 -g 30";

impl Fixtures<'_> {
    pub(crate) fn joined(&mut self) {
        self.joined_transport_streams();
        self.segments();
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

    fn segments(&mut self) {
        let arguments = "-c:v libx264 -g 25 -bf 2 -f segment -segment_time 1";
        encode(self.folder, SOURCE, "piece%d.ts", arguments);
        let pieces = ["piece0.ts", "piece1.ts", "piece2.ts", "piece3.ts"];
        let path = joined(self.folder, "pieces.ts", &pieces);
        let made = format!("`{arguments}`");
        self.add("segments of HLS, joined", made.clone(), path, Expected::Frames(0..100));
        let path = joined(self.folder, "lost.ts", &[pieces[0], pieces[2], pieces[3]]);
        let made = format!("{made} without the second");
        self.add("segments of HLS, one lost", made, path, Expected::Without(25..50));
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

fn refused() -> Expected {
    Expected::NotOpened("Joined")
}
