"""Python peers of sparse decoding: the given frames of one file as RGB, by decord, torchcodec and
PyAV.

    python bench/decode.py VIDEO.mp4 --frames 0,40,80 --threads 1,2
    python bench/decode.py VIDEO.mp4 --count 128              # equally spaced over the whole file
    python bench/decode.py VIDEO.mp4 --start 100 --count 16   # consecutive

    python bench/decode.py VIDEO.mp4 --count 128 --size 224   # as training samples: 8 clips x 16

Every run opens the file anew and decodes to arrays [f, h, w, 3], at the size of the file or, with
--size, scaled to that square in the way each library does it itself. One process a decoder and a
number of threads. Prints one JSON line each: CPU-seconds and wall-seconds
(median over the runs) and the mean of the top left corner of the first frames, so that the
decoders can be seen to agree. A decoder that is not installed, or fails, says so in its line.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time


def with_decord(path: str, frames: list[int], threads: int, size: int | None):
    import decord

    side = size or -1
    reader = decord.VideoReader(path, width=side, height=side, num_threads=threads)
    return reader.get_batch(frames).asnumpy()


def with_torchcodec(path: str, frames: list[int], threads: int, size: int | None):
    from torchcodec.decoders import VideoDecoder
    from torchcodec.transforms import Resize

    decoder = VideoDecoder(
        path,
        num_ffmpeg_threads=threads,
        seek_mode="exact",
        dimension_order="NHWC",
        transforms=[Resize((size, size))] if size else None,
    )
    return decoder.get_frames_at(frames).data.numpy()


def with_pyav(path: str, frames: list[int], threads: int, size: int | None):
    """Packets first, for the times of all frames and of the key frames; then a seek only where it
    skips something.
    """
    import av
    import numpy as np

    with av.open(path) as container:
        stream = container.streams.video[0]
        packets = [(p.pts, p.is_keyframe) for p in container.demux(stream) if p.pts is not None]
    times = sorted(pts for pts, _ in packets)
    keys = sorted(pts for pts, is_key in packets if is_key)
    wanted = sorted({times[frame] for frame in frames})
    found = {}
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = threads
        stream.thread_type = "AUTO" if threads > 1 else "NONE"
        position, decoded = None, iter(())
        for pts in wanted:
            key = max((k for k in keys if k <= pts), default=keys[0])
            if position is None or key > position:
                container.seek(key, stream=stream)
                decoded = container.decode(stream)
            for frame in decoded:
                position = frame.pts
                if position >= pts:
                    found[pts] = frame.to_ndarray(
                        width=size, height=size, format="rgb24", interpolation="BILINEAR"
                    )
                    break
    return np.stack([found[times[frame]] for frame in frames])


DECODERS = {"decord": with_decord, "torchcodec": with_torchcodec, "pyav": with_pyav}


def num_frames(path: str) -> int:
    import av

    with av.open(path) as container:
        return sum(p.pts is not None for p in container.demux(container.streams.video[0]))


def corner(frame):
    """A whole frame's mean hides motion."""
    return frame[: frame.shape[0] // 3, : frame.shape[1] // 3]


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def measure(
    decoder: str, path: str, frames: list[int], threads: int, size: int | None, runs: int
) -> dict:
    line = {"decoder": decoder, "threads": threads, "frames": len(frames), "size": size}
    try:
        # The first run also pays for the import.
        pixels = DECODERS[decoder](path, frames, threads, size)
    except Exception as error:  # noqa: BLE001 - a peer that cannot run is a result
        return {**line, "error": f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"}
    cpu, wall = [], []
    for _ in range(runs):
        cpu_before, wall_before = cpu_s(), time.perf_counter()
        pixels = DECODERS[decoder](path, frames, threads, size)
        cpu.append(cpu_s() - cpu_before)
        wall.append(time.perf_counter() - wall_before)
    return {
        **line,
        "runs": runs,
        "cpu_s": round(statistics.median(cpu), 4),
        "cpu_ms_per_frame": round(1000 * statistics.median(cpu) / len(frames), 3),
        "wall_s": round(statistics.median(wall), 4),
        "shape": list(pixels.shape),
        "corner_means": [
            round(float(corner(pixels[i]).mean()), 2) for i in range(min(4, len(frames)))
        ],
        "peak_rss_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("video")
    parser.add_argument("--frames", help="indices in presentation order, comma-separated")
    parser.add_argument(
        "--count", type=int, default=32, help="how many, where --frames is not given"
    )
    parser.add_argument("--start", type=int, help="with --count: consecutive from here")
    parser.add_argument("--size", type=int, help="scale to this square; default: as stored")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--decoders", default=",".join(DECODERS))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.frames:
        frames = [int(f) for f in arguments.frames.split(",")]
    elif arguments.start is not None:
        frames = list(range(arguments.start, arguments.start + arguments.count))
    else:
        total = num_frames(arguments.video)
        # Centres of equal parts, as the sampling of the evaluation takes them.
        frames = [int((i + 0.5) * total / arguments.count) for i in range(arguments.count)]
    if arguments.here:
        threads = int(arguments.threads)
        print(
            json.dumps(
                measure(
                    arguments.decoders,
                    arguments.video,
                    frames,
                    threads,
                    arguments.size,
                    arguments.runs,
                )
            )
        )
        return
    for decoder in arguments.decoders.split(","):
        for threads in arguments.threads.split(","):
            command = [
                sys.executable,
                __file__,
                arguments.video,
                "--here",
                "--decoders",
                decoder,
                "--threads",
                threads,
            ]
            command += ["--frames", ",".join(map(str, frames)), "--runs", str(arguments.runs)]
            command += ["--size", str(arguments.size)] if arguments.size else []
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            crashed = {
                "decoder": decoder,
                "threads": int(threads),
                "error": f"exit {done.returncode}",
            }
            print(done.stdout.strip() or json.dumps(crashed), flush=True)


if __name__ == "__main__":
    main()
