#!/bin/sh
# One would guess: a file that FFmpeg writes has the times of its pictures when FFmpeg reads it again, and so has each
# picture that is decoded; what is read can be copied into another container.
# Seen: not H.264 and HEVC in an MPEG program stream (.mpg, .vob), where nothing warns on writing. A pack says the time of the
# first picture that begins in it alone, and a pack of 2 KiB holds dozens that hardly change. FFmpeg counts on from it
# for MPEG-2 and not for these two: packets and decoded frames have no time at all, and copying them to Matroska
# fails. MPEG-2 in the same container has all of its times.
# Seen 2026-11-30: PyAV 18.1.0 (libavformat 62.12.102); so it was with FFmpeg 5.1.9 of Debian 12.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet av==18.1.0 numpy==2.4.6
cat > "$folder/times.py" <<'PY'
import io

import av
import numpy


def program_stream(codec):
    """100 pictures, a white line that moves, 25 a second."""
    written = io.BytesIO()
    with av.open(written, "w", format="mpeg") as file:
        stream = file.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 128, 96, "yuv420p", 200_000
        if codec == "libx265":
            stream.options = {"x265-params": "log-level=none"}
        for number in range(100):
            picture = numpy.full((96, 128, 3), 40, numpy.uint8)
            picture[:, number] = 255
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return written.getvalue()


def can_be_copied(bytes_):
    try:
        with av.open(io.BytesIO(bytes_)) as source, av.open(io.BytesIO(), "w", format="matroska") as target:
            stream = target.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.size:
                    packet.stream = stream
                    target.mux(packet)
    except av.FFmpegError:
        return False
    return True


print("PyAV", av.__version__, "libavformat", av.library_versions["libavformat"])
for codec, has_times in [("mpeg2video", True), ("libx264", False), ("libx265", False)]:
    bytes_ = program_stream(codec)
    with av.open(io.BytesIO(bytes_)) as file:
        packets = [packet for packet in file.demux(video=0) if packet.size]
    with av.open(io.BytesIO(bytes_)) as file:
        frames = list(file.decode(video=0))
    timed_packets = sum(packet.pts is not None or packet.dts is not None for packet in packets)
    timed_frames = sum(frame.pts is not None for frame in frames)
    copied = can_be_copied(bytes_)
    print(f"  {codec:10} {timed_packets} of {len(packets)} packets and {timed_frames} of {len(frames)} frames have a time; copied: {copied}")
    assert len(frames) == 100, "this has changed"
    assert (timed_packets == 100 and timed_frames == 100 and copied) == has_times, "this has changed"
    assert has_times or (timed_frames < 50 and not copied), "this has changed"
PY
"$folder/venv/bin/python" "$folder/times.py"
