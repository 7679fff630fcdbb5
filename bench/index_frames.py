"""A CLIP over a video, one frame a second: `locvtp index add` beside the way of a search over pictures, whole processes.

    python bench/index_frames.py write FOLDER [--minutes 5]      # the model, twice, and a video
    python bench/index_frames.py compare FOLDER LOCVTP [--turns 3]
    python bench/index_frames.py peer FOLDER --out F.npy         # what compare runs

The model is CLIP ViT-B/32 at 224 pixels with random weights: a directory in Hugging Face's names, and the same numbers as an
ONNX graph. The video is 1280 x 720 H.264 at 25 frames/s, drawn here: every frame differs. The peer does what rclip 3.3 does
with a picture (Pillow's bicubic scaling, NumPy, ONNX Runtime, batches of 8) to one frame a second, which PyAV decodes. Both
get two threads. `compare` prints a JSON line each: seconds, CPU-seconds, greatest memory, how often real time; ours begins
with an empty index, so it also embeds the sentences of "not here". Needs onnx, onnxruntime, av, pillow, safetensors.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from extract import timed, write_video

SIDE, PATCH, WIDTH, LAYERS, HEADS, INNER, OUT = 224, 32, 768, 12, 12, 3072, 512
MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
DEVIATION = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
VISION = {
    "image_size": SIDE, "patch_size": PATCH, "hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_channels": 3,
    "num_attention_heads": HEADS, "intermediate_size": INNER, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
}
# Small: the sentences of a question are not what is timed.
TEXT = {
    "vocab_size": 531, "max_position_embeddings": 24, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 128, "hidden_act": "quick_gelu", "bos_token_id": 529, "eos_token_id": 530, "pad_token_id": 530,
    "layer_norm_eps": 1e-5,
}


def tower(prefix: str, width: int, inner: int, layers: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the blocks, as Hugging Face has them."""
    shapes = {}
    for layer in range(layers):
        at = f"{prefix}.encoder.layers.{layer}"
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            shapes |= {f"{at}.self_attn.{name}.weight": (width, width), f"{at}.self_attn.{name}.bias": (width,)}
        for norm in ("layer_norm1", "layer_norm2"):
            shapes |= {f"{at}.{norm}.weight": (width,), f"{at}.{norm}.bias": (width,)}
        shapes |= {f"{at}.mlp.fc1.weight": (inner, width), f"{at}.mlp.fc1.bias": (inner,)}
        shapes |= {f"{at}.mlp.fc2.weight": (width, inner), f"{at}.mlp.fc2.bias": (width,)}
    return shapes


def weights() -> dict[str, np.ndarray]:
    vision, text = "vision_model", "text_model"
    shapes = {
        f"{vision}.embeddings.class_embedding": (WIDTH,),
        f"{vision}.embeddings.patch_embedding.weight": (WIDTH, 3, PATCH, PATCH),
        f"{vision}.embeddings.position_embedding.weight": ((SIDE // PATCH) ** 2 + 1, WIDTH),
        "visual_projection.weight": (OUT, WIDTH),
        f"{text}.embeddings.token_embedding.weight": (TEXT["vocab_size"], TEXT["hidden_size"]),
        f"{text}.embeddings.position_embedding.weight": (TEXT["max_position_embeddings"], TEXT["hidden_size"]),
        "text_projection.weight": (OUT, TEXT["hidden_size"]),
    }
    for norm in (f"{vision}.pre_layrnorm", f"{vision}.post_layernorm"):
        shapes |= {f"{norm}.weight": (WIDTH,), f"{norm}.bias": (WIDTH,)}
    for end in ("weight", "bias"):
        shapes[f"{text}.final_layer_norm.{end}"] = (TEXT["hidden_size"],)
    shapes |= tower(vision, WIDTH, INNER, LAYERS)
    shapes |= tower(text, TEXT["hidden_size"], TEXT["intermediate_size"], TEXT["num_hidden_layers"])
    random, found = np.random.default_rng(5), {}
    for name, shape in shapes.items():
        drawn = random.standard_normal(shape, np.float32)
        if len(shape) > 1:
            drawn /= np.float32(np.sqrt(np.prod(shape[1:])))
        elif "norm" in name and name.endswith("weight"):
            drawn = 1 + drawn * np.float32(0.1)
        else:
            drawn *= np.float32(0.1)
        found[name] = drawn.astype(np.float32)
    found["logit_scale"] = np.array(4.6, np.float32)
    return found


def graph(values: dict[str, np.ndarray]):
    """The image tower as ONNX: `[n, 3, 224, 224]` to `[n, 512]`."""
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants, count = [], {}, [0]

    def constant(value) -> str:
        name = f"c{len(constants)}"
        constants[name] = numpy_helper.from_array(np.array(value, order="C"), name)
        return name

    def step(kind: str, *inputs: str, **settings) -> str:
        count[0] += 1
        nodes.append(helper.make_node(kind, list(inputs), [f"t{count[0]}"], **settings))
        return f"t{count[0]}"

    def norm(x: str, at: str) -> str:
        scale, shift = constant(values[f"{at}.weight"]), constant(values[f"{at}.bias"])
        return step("LayerNormalization", x, scale, shift, axis=-1, epsilon=1e-5)

    def linear(x: str, at: str) -> str:
        product = step("MatMul", x, constant(values[f"{at}.weight"].T))
        return step("Add", product, constant(values[f"{at}.bias"])) if f"{at}.bias" in values else product

    split = constant(np.array([0, -1, HEADS, WIDTH // HEADS], np.int64))
    joined = constant(np.array([0, -1, WIDTH], np.int64))
    embeddings = "vision_model.embeddings"
    filters = constant(values[f"{embeddings}.patch_embedding.weight"])
    patches = step("Conv", "input", filters, strides=[PATCH, PATCH])
    patches = step("Reshape", patches, constant(np.array([0, WIDTH, -1], np.int64)))
    patches = step("Transpose", patches, perm=[0, 2, 1])
    first = step("Slice", patches, *(constant(np.array([n], np.int64)) for n in (0, 1, 1)))
    nothing = step("Mul", first, constant(np.float32(0)))
    first = step("Add", nothing, constant(values[f"{embeddings}.class_embedding"]))
    x = step("Concat", first, patches, axis=1)
    x = step("Add", x, constant(values[f"{embeddings}.position_embedding.weight"]))
    x = norm(x, "vision_model.pre_layrnorm")
    for layer in range(LAYERS):
        at = f"vision_model.encoder.layers.{layer}"
        y = norm(x, f"{at}.layer_norm1")
        heads = {}
        for name, order in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])):
            part = step("Reshape", linear(y, f"{at}.self_attn.{name}_proj"), split)
            heads[name] = step("Transpose", part, perm=order)
        query = step("Mul", heads["q"], constant(np.float32((WIDTH // HEADS) ** -0.5)))
        shares = step("Softmax", step("MatMul", query, heads["k"]), axis=-1)
        mixed = step("Transpose", step("MatMul", shares, heads["v"]), perm=[0, 2, 1, 3])
        x = step("Add", x, linear(step("Reshape", mixed, joined), f"{at}.self_attn.out_proj"))
        y = linear(norm(x, f"{at}.layer_norm2"), f"{at}.mlp.fc1")
        gate = step("Sigmoid", step("Mul", y, constant(np.float32(1.702))))
        x = step("Add", x, linear(step("Mul", y, gate), f"{at}.mlp.fc2"))
    token = step("Gather", x, constant(np.array(0, np.int64)), axis=1)
    token = norm(token, "vision_model.post_layernorm")
    last = linear(token, "visual_projection")
    made = helper.make_graph(
        nodes, "tower",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, ["n", OUT])],
        list(constants.values()),
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def write(folder: Path, locvtp: Path, minutes: float) -> None:
    import onnx
    from safetensors.numpy import save_file

    theirs, videos = folder / "clip", folder / "videos"
    for made in (theirs, videos):
        made.mkdir(parents=True, exist_ok=True)
    values = weights()
    save_file(values, theirs / "model.safetensors", metadata={"format": "pt"})
    config = {"model_type": "clip", "projection_dim": OUT, "vision_config": VISION, "text_config": TEXT}
    (theirs / "config.json").write_text(json.dumps(config))
    pictures = {
        "size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}, "resample": 3,
        "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
    }
    (theirs / "preprocessor_config.json").write_text(json.dumps(pictures))
    goldens = Path(__file__).parent.parent / "crates/model/tests/goldens/clip_tokenizer"
    for name in ("vocab.json", "merges.txt"):
        (theirs / name).write_bytes((goldens / name).read_bytes())
    onnx.save(graph(values), str(folder / "tower.onnx"))
    command = [str(locvtp), "weights", "import", "--from", "hf-clip", str(theirs), "--out", str(folder / "model")]
    subprocess.run(command, check=True)
    write_video(videos / "video.mp4", minutes, 1280, 720, crf=28)


def peer(folder: Path, out: str) -> None:
    import av
    import onnxruntime
    from PIL import Image

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(str(folder / "tower.onnx"), settings, providers=["CPUExecutionProvider"])

    def pixels(image: Image.Image) -> np.ndarray:
        width = int(SIDE * image.width / image.height)
        image = image.resize((width, SIDE), Image.Resampling.BICUBIC)
        left = round((width - SIDE) / 2)
        values = np.array(image.crop((left, 0, left + SIDE, SIDE)), np.float32) / 255
        return ((values - MEAN) / DEVIATION).transpose(2, 0, 1)

    features, batch, due = [], [], None

    def encode() -> None:
        found = session.run(None, {"input": np.stack(batch)})[0]
        features.append(found / np.linalg.norm(found, axis=-1, keepdims=True))
        batch.clear()

    with av.open(str(folder / "videos/video.mp4")) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "AUTO", 2
        for frame in container.decode(stream):
            due = frame.time if due is None else due
            if frame.time + 1e-6 < due:
                continue
            due += 1
            batch.append(pixels(frame.to_image()))
            if len(batch) == 8:
                encode()
    if batch:
        encode()
    np.save(out, np.concatenate(features))


def compare(folder: Path, locvtp: Path, turns: int) -> None:
    import av

    with av.open(str(folder / "videos/video.mp4")) as container:
        length = container.duration / 1e6
    with tempfile.TemporaryDirectory() as out:
        for turn in range(turns):
            catalog = f"{out}/index-{turn}"
            command = [str(locvtp.resolve()), "index", "add", str(folder / "videos"), "--model", str(folder / "model")]
            ours = timed([*command, "--catalog", catalog], {"RAYON_NUM_THREADS": "2"})
            theirs = timed([sys.executable, __file__, "peer", str(folder), "--out", f"{out}/peer.npy"], {})
            for who, cost in (("locvtp index add", ours), ("PyAV + Pillow + ONNX Runtime", theirs)):
                print(json.dumps({"who": who, **cost, "times_real_time": round(length / cost["seconds"], 1)}), flush=True)
        check(folder, locvtp, np.load(f"{out}/peer.npy"))


def check(folder: Path, locvtp: Path, theirs: np.ndarray) -> None:
    """Both sides see the same frames: their features, as `extract` writes them, are alike."""
    from safetensors.numpy import load_file

    with tempfile.TemporaryDirectory() as out:
        command = [str(locvtp.resolve()), "extract", "--model", str(folder / "model"), "--videos", str(folder / "videos")]
        subprocess.run([*command, "--out", f"{out}/ours.safetensors"], check=True, capture_output=True)
        arrays = load_file(f"{out}/ours.safetensors").values()
    ours = next(array for array in arrays if array.ndim == 2 and array.shape[1] == OUT)
    # Whether the last second begins within the video may be a matter of rounding.
    ours = ours[: len(theirs)]
    cosines = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1)
    print(json.dumps({"frames": len(theirs), "least_cosine": round(float(cosines.min()), 6)}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("write", "compare", "peer"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("locvtp", type=Path, nargs="?", default=Path("target/release/locvtp"))
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--out")
    arguments = parser.parse_args()
    if arguments.action == "write":
        write(arguments.folder, arguments.locvtp, arguments.minutes)
    elif arguments.action == "peer":
        peer(arguments.folder, arguments.out)
    else:
        compare(arguments.folder, arguments.locvtp, arguments.turns)


if __name__ == "__main__":
    main()
