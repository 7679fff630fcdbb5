//! Recordings of which pictures are missing, as broadcast streams mark it or as copies of them show it,
//! and pauses that look alike and are none.

use crate::fixtures::{Expected, Fixtures};
use crate::joined::{beheaded, joined, without_a_fragment};
use crate::joined_fixtures::H264;
use crate::maker::{SOURCE, Source, convert, encode};

/// Pictures without B-frames, so that they stand in the file in the order of time.
const PLAIN: &str = "-c:v libx264 -g 25 -bf 0 -sc_threshold 0";
const SOUND: &str = "-f lavfi -i sine=d=4 -c:a aac";

impl Fixtures<'_> {
    pub(crate) fn missing(&mut self) {
        self.segments();
        self.heads();
        self.late_pictures();
        self.pauses();
        self.long_pauses();
        self.pauses_and_sound();
    }

    fn segments(&mut self) {
        let folder = self.folder;
        let lost = || Expected::Without([0..25, 50..100], 25..50);
        let arguments = "-c:v libx264 -g 25 -bf 2 -f segment -segment_time 1";
        encode(folder, SOURCE, "piece%d.ts", arguments);
        let pieces = ["piece0.ts", "piece1.ts", "piece2.ts", "piece3.ts"];
        let path = joined(folder, "pieces.ts", &pieces);
        let made = format!("`{arguments}`");
        self.add("segments of HLS, joined", made.clone(), path, Expected::Frames(0..100));
        let path = joined(folder, "lost.ts", &[pieces[0], pieces[2], pieces[3]]);
        let made = format!("{made} without the second");
        self.add("segments of HLS, one lost", made, path, lost());
        for (name, file) in [
            ("segments of HLS, one lost, as mp4", "lost.mp4"),
            ("segments of HLS, one lost, as Matroska", "lost.mkv"),
            ("segments of HLS, one lost, as FLV", "lost.flv"),
        ] {
            let copy = "-i lost.ts -c copy";
            self.add(name, format!("`{copy}`"), convert(folder, file, copy), lost());
        }
        let heard = format!("{SOUND} {arguments}");
        encode(folder, SOURCE, "heard%d.ts", &heard);
        joined(folder, "lost_heard.ts", &["heard0.ts", "heard2.ts", "heard3.ts"]);
        let path = convert(folder, "lost_heard.mp4", "-i lost_heard.ts -c copy");
        let made = format!("`{heard}` without the second, `-c copy`");
        self.add("segments of HLS with sound, one lost, as mp4", made, path, lost());
        let fragments = format!("{H264} -movflags frag_keyframe+empty_moov+default_base_moof");
        encode(folder, SOURCE, "fragments_all.mp4", &fragments);
        let path = without_a_fragment(folder, "fragments_lost.mp4", "fragments_all.mp4");
        let made = format!("`{fragments}` without the second fragment");
        self.add("fragmented mp4, one fragment lost", made, path, lost());
    }

    /// Recordings that begin between key frames.
    fn heads(&mut self) {
        let folder = self.folder;
        encode(folder, SOURCE, "plain.ts", PLAIN);
        let path = beheaded(folder, "headless.ts", "plain.ts", 5);
        let made = format!("`{PLAIN}` without the first 5 pictures");
        // Those up to the next key frame are there and cannot be shown.
        let expected = Expected::Without([25..25, 25..100], 5..25);
        self.add("MPEG-TS begins between key frames", made, path, expected).shown_at =
            |number| (number as f64 - 5.0) / 25.0;
        encode(folder, Source { first: 100, ..SOURCE }, "plain2.ts", PLAIN);
        beheaded(folder, "headless2.ts", "plain2.ts", 5);
        let path = joined(folder, "second_headless.ts", &["plain.ts", "headless2.ts"]);
        let made = format!("`{PLAIN}`, then `{PLAIN}` without the first 5 pictures");
        let expected = Expected::Without([0..100, 125..200], 105..125);
        let name = "joined MPEG-TS, the second begins between key frames";
        self.add(name, made, path, expected).shown_at = |number| match number {
            0..100 => number as f64 / 25.0,
            _ => 4.0 + (number as f64 - 105.0) / 25.0,
        };
    }

    /// Pictures whose size is known late.
    fn late_pictures(&mut self) {
        let folder = self.folder;
        let arguments = "-c:v libx264 -g 250 -bf 0 -sc_threshold 0";
        encode(folder, Source { count: 300, ..SOURCE }, "rare.ts", arguments);
        let path = beheaded(folder, "late_key.ts", "rare.ts", 5);
        let made = format!("`{arguments}` without the first 5 pictures");
        let expected = Expected::Without([250..250, 250..300], 5..250);
        self.add("MPEG-TS, first key frame after 10 s", made, path, expected).shown_at =
            |number| (number as f64 - 5.0) / 25.0;
        for (name, file, codec) in [
            ("pictures begin 12 s after the sound, MPEG-TS", "late.ts", "libx264 -bf 3 -c:a aac"),
            ("pictures begin 12 s after the sound, FLV", "late.flv", "libx264 -bf 3 -c:a aac"),
            ("pictures begin 12 s after the sound, Matroska", "late.mkv", "libx264 -bf 3 -c:a aac"),
        ] {
            let arguments =
                format!("-f lavfi -i sine=d=16 -filter:v setpts=PTS+12/TB -c:v {codec}");
            self.encoded(name, SOURCE, file, &arguments).shown_at =
                |number| 12.0 + number as f64 / 25.0;
        }
        let slides = "-filter:v setpts=N*12/TB -fps_mode passthrough -enc_time_base 1:25";
        let arguments = format!("-f lavfi -i sine=d=60 {slides} -c:v libx264 -bf 0 -c:a aac");
        let five = Source { count: 5, ..SOURCE };
        self.encoded("a picture every 12 s, with sound, MPEG-TS", five, "slides.ts", &arguments)
            .shown_at = |number| 12.0 * number as f64;
    }

    /// Nothing is stored while nothing changes.
    fn pauses(&mut self) {
        let unchanged = "-fps_mode passthrough -enc_time_base 1:25 -c:v libx264 -bf 2";
        for (name, file, from, more) in [
            ("screen recording with a pause", "pause.mp4", 30, "-g 250"),
            ("screen recording with a pause, Matroska", "pause.mkv", 30, "-g 250"),
            (
                "screen recording with a pause, key frame behind it, sound goes on",
                "pause_heard.mp4",
                25,
                "-g 25 -f lavfi -i sine=d=4 -c:a aac",
            ),
        ] {
            // Inputs stand before what is made of them.
            let (more, sound) = more
                .split_once(" -f ")
                .map_or((more, String::new()), |parts| (parts.0, format!("-f {} ", parts.1)));
            let select = format!("-filter:v select='not(between(n,{from},{}))'", from + 24);
            let arguments = format!("{sound}{select} {unchanged} {more}");
            let expected = Expected::Paused([0..from, from + 25..100]);
            self.encoded(name, SOURCE, file, &arguments).expected = expected;
        }
    }

    /// Longer than what is a jump of the clock elsewhere.
    fn long_pauses(&mut self) {
        let pause = "-filter:v select='not(between(n,50,349))' -fps_mode passthrough \
                     -enc_time_base 1:25";
        let sound = "-f lavfi -i sine=d=20";
        let source = Source { count: 500, ..SOURCE };
        for (name, file, sound, codec) in [
            ("a pause of 12 s, MPEG-TS", "still.ts", "", "libx264 -bf 2 -g 250"),
            (
                "a pause of 12 s, sound goes on, MPEG-TS",
                "still_heard.ts",
                sound,
                "libx264 -bf 2 -g 250 -c:a aac",
            ),
            (
                "a pause of 12 s, key frame behind it, sound goes on, MPEG-TS",
                "still_key.ts",
                sound,
                "libx264 -bf 2 -g 50 -sc_threshold 0 -c:a aac",
            ),
        ] {
            let arguments = format!("{sound} {pause} -c:v {codec}").trim().to_owned();
            let expected = Expected::Paused([0..50, 350..500]);
            self.encoded(name, source, file, &arguments).expected = expected;
        }
    }

    /// Tracks of sound of which not all play in the pause.
    fn pauses_and_sound(&mut self) {
        let pause = "-filter:v select='not(between(n,25,49))' -fps_mode passthrough \
                     -enc_time_base 1:25 -c:v libx264 -bf 2 -g 25";
        for (name, file, sound) in [
            (
                "pause, the second of two tracks goes on",
                "second_track.mp4",
                "-f lavfi -i sine=d=0.5 -f lavfi -i sine=d=4 -map 0:v -map 1:a -map 2:a -c:a aac",
            ),
            ("pause, the sound ends before", "short_sound.mp4", "-f lavfi -i sine=d=0.5 -c:a aac"),
            (
                "pause, the sound begins behind, Matroska",
                "late_sound.mkv",
                "-itsoffset 3 -f lavfi -i sine=d=1 -c:a aac",
            ),
        ] {
            let expected = Expected::Paused([0..25, 50..100]);
            self.encoded(name, SOURCE, file, &format!("{sound} {pause}")).expected = expected;
        }
    }
}
