"""Clip features of a whole video: `locvtp extract` beside the Python pipeline one would write, whole
processes, start to finish.

    python bench/encoder_forward.py write FOLDER       # the weights, once
    python bench/extract.py write FOLDER [--minutes 5] # a video, and a model directory of the weights
    python bench/extract.py compare FOLDER LOCVTP [--stride-frames 300] [--turns 2]
    python bench/extract.py peer FOLDER --decoder decord --out F.npy    # what compare runs

The video is 640 x 360 H.264 at 25 frames/s, drawn here. The clips are 16 neighbouring frames, one
beginning every `--stride-frames`: shorter side to 256, the centre 224 x 224. Peers decode with
decord or torchcodec and run transformers' TimesformerModel in inference mode; all sides get two
threads. `compare` runs them in turn and prints a JSON line each: seconds, CPU-seconds, greatest
memory, and the greatest difference of the features to ours beside their standard deviation (ours
and decord scale with the same library; torchcodec's frames are scaled by PyTorch).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FRAMES, SIDE, SHORT_SIDE = 16, 224, 256
FRAME_RATE = 25


def write_video(path: Path, minutes: float, width: int = 640, height: int = 360, crf: int = 26) -> None:
    """Blurred noise that drifts, with a grain that changes in every frame."""
    import av
    import numpy as np

    random = np.random.default_rng(3)
    small = random.integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    scene = small.repeat(8, 0).repeat(8, 1)
    grain = random.integers(0, 24, (8, height, width, 1), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FRAME_RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": str(crf), "threads": "2"}
        for i in range(round(minutes * 60 * FRAME_RATE)):
            y, x = (2 * i) % height, (3 * i) % width
            picture = scene[y : y + height, x : x + width] // 2 + grain[i % 8]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def write(folder: Path, minutes: float) -> None:
    from safetensors.torch import load_file, save_file

    model = folder / "model"
    model.mkdir(exist_ok=True)
    weights = load_file(folder / "weights.safetensors")
    renamed = {f"timesformer.{name}": value for name, value in weights.items()}
    save_file(renamed, model / "model.safetensors", metadata={"format": "pt"})
    sizes = json.loads((folder / "config.json").read_text())
    config = {"model_type": "locvtp", "video": {"kind": "timesformer", **sizes}}
    config["text"] = {"kind": "none"}
    (model / "config.json").write_text(json.dumps(config))
    preprocessing = {"num_frames": FRAMES, "image_size": SIDE, "short_side": SHORT_SIDE}
    (model / "preprocessor_config.json").write_text(json.dumps(preprocessing))
    write_video(folder / "video.mp4", minutes)


def peer(arguments: argparse.Namespace) -> None:
    import numpy as np
    import torch

    from encoder_forward import transformers_model
    from safetensors.torch import load_file

    torch.set_num_threads(2)
    folder, path = arguments.folder, str(arguments.folder / "video.mp4")
    model = transformers_model(json.loads((folder / "config.json").read_text()))
    model.load_state_dict(load_file(folder / "weights.safetensors"))
    width = 640 * SHORT_SIDE // 360
    if arguments.decoder == "decord":
        import decord

        reader = decord.VideoReader(path, width=width, height=SHORT_SIDE, num_threads=2)

        def frames_of(indices: list[int]) -> torch.Tensor:
            return torch.from_numpy(reader.get_batch(indices).asnumpy()).permute(0, 3, 1, 2)
    else:
        from torchcodec.decoders import VideoDecoder

        reader = VideoDecoder(path, num_ffmpeg_threads=2, seek_mode="exact")

        def frames_of(indices: list[int]) -> torch.Tensor:
            frames = reader.get_frames_at(indices).data.float()
            size = (SHORT_SIDE, width)
            return torch.nn.functional.interpolate(
                frames, size=size, mode="bilinear", antialias=True
            )

    top, left = (SHORT_SIDE - SIDE) // 2, (width - SIDE) // 2
    features, decoding = [], 0.0
    with torch.inference_mode():
        for first in range(0, len(reader) - FRAMES + 1, arguments.stride_frames):
            began = time.perf_counter()
            frames = frames_of(list(range(first, first + FRAMES)))
            pixels = frames[:, :, top : top + SIDE, left : left + SIDE].float() / 255
            pixels = (pixels - 0.5) / 0.5
            decoding += time.perf_counter() - began
            features.append(model(pixels[None]).last_hidden_state[0, 0])
    np.save(arguments.out, torch.stack(features).numpy())
    print(f"decoding and scaling: {decoding:.2f} s", file=sys.stderr)


def timed(command: list[str], environment: dict) -> dict:
    """Runs a command to its end; what it cost is its own and not this process's."""
    began = time.perf_counter()
    child = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{command} ended with {child.returncode}")
    return {
        "seconds": round(time.perf_counter() - began, 2),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_rss_mib": usage.ru_maxrss // 1024,
    }


def compare(arguments: argparse.Namespace) -> None:
    import numpy as np
    from safetensors.numpy import load_file

    folder, stride = arguments.folder, str(arguments.stride_frames)
    with tempfile.TemporaryDirectory() as out:
        for _ in range(arguments.turns):
            ours = f"{out}/ours.safetensors"
            command = [str(arguments.locvtp.resolve()), "extract", "--model", str(folder / "model")]
            command += ["--videos", str(folder / "video.mp4"), "--out", ours, "--fresh"]
            command += ["--space", "backbone", "--consecutive", "--stride-frames", stride]
            command += ["--decode-threads", "1"]
            cost = timed(command, {"RAYON_NUM_THREADS": "2"})
            arrays = load_file(ours)
            expected = next(a for a in arrays.values() if a.ndim == 2 and a.shape[1] > 2)
            print(json.dumps({"who": "locvtp extract", "clips": len(expected), **cost}), flush=True)
            for decoder in arguments.decoders.split(","):
                theirs = f"{out}/{decoder}.npy"
                command = [sys.executable, __file__, "peer", str(folder), "--decoder", decoder]
                cost = timed([*command, "--out", theirs, "--stride-frames", stride], {})
                found = np.load(theirs)
                assert found.shape[1] == expected.shape[1]
                common = min(len(found), len(expected))
                difference = float(np.abs(found[:common] - expected[:common]).max())
                line = {"who": f"{decoder} + transformers", "clips": len(found), **cost}
                line["difference"] = float(f"{difference:.1e}")
                line["feature_std"] = round(float(expected.std()), 3)
                print(json.dumps(line), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=("write", "compare", "peer"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("locvtp", type=Path, nargs="?", default=Path("target/release/locvtp"))
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--stride-frames", type=int, default=300)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--decoders", default="decord,torchcodec")
    parser.add_argument("--decoder", choices=("decord", "torchcodec"), default="decord")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    if arguments.action == "write":
        write(arguments.folder, arguments.minutes)
    elif arguments.action == "peer":
        peer(arguments)
    else:
        compare(arguments)


if __name__ == "__main__":
    main()
