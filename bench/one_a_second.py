"""CPU-seconds of decoding one frame a second with PyAV, beside `cargo bench -p locvtp-video --bench one_a_second -- FILE..`.

    python bench/one_a_second.py FILE.. [--runs 3]

Every frame is decoded, by one thread, and one a second scaled as CLIP wants it, by swscale (`to_ndarray`; short side 224,
bicubic): the same library and the same work as ours. A JSON line a file, the best of the runs. Needs av.
"""

import argparse
import json
import resource

import av


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def read(path: str, scaled: bool) -> tuple[int, int]:
    """Frames that were decoded, and scaled."""
    num_frames, num_wanted, due = 0, 0, None
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "SLICE", 1
        for frame in container.decode(stream):
            num_frames += 1
            due = frame.time if due is None else due
            if not scaled or frame.time + 1e-6 < due:
                continue
            due += 1
            num_wanted += 1
            width = 224 * frame.width // frame.height
            frame.reformat(width=width, height=224, format="rgb24", interpolation="BICUBIC").to_ndarray()
    return num_frames, num_wanted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    for path in arguments.files:
        best, counts = float("inf"), (0, 0)
        for _ in range(arguments.runs):
            began = cpu_s()
            counts = read(path, True)
            best = min(best, cpu_s() - began)
        print(json.dumps({"file": path, "decoded": counts[0], "wanted": counts[1], "cpu_s": round(best, 3)}), flush=True)


if __name__ == "__main__":
    main()
