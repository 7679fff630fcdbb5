"""Small feature files as other people's programs write them, for crates/features/tests/goldens.

    python3 reference/feature_files.py        (h5py, hdf5plugin and numpy; see requirements.txt)

The features of every file are the same: video `a` has three clips, `v_b` two, `c` four, and the number
`i` of clip `t` of video `v` is 100 v + 10 t + i + 0.25, which every float of two bytes and more holds.
"""

import pathlib

import h5py
import hdf5plugin
import numpy as np

PLACE = pathlib.Path(__file__).parent.parent / "crates/features/tests/goldens"
VIDEOS = {"a": 3, "v_b": 2, "c": 4}


def features(video, dtype="f4"):
    number, clips = list(VIDEOS).index(video), VIDEOS[video]
    t, i = np.arange(clips)[:, None], np.arange(5)[None]
    return (100 * number + 10 * t + i + 0.25).astype(dtype)


def hdf5(name, libver=None, one=True, **options):
    with h5py.File(PLACE / name, "w", libver=libver) as file:
        for video in VIDEOS:
            data = features(video)
            group = file.create_group(video)
            options["chunks"] = data.shape if one else (2, 5)
            group.create_dataset("c3d_features", data=data, track_times=False, **options)


# A file for each video: an array of the usual name among others, the only one, and a bare one that lies
# column after column.
folder = PLACE / "numpy"
(folder / "train").mkdir(parents=True, exist_ok=True)
np.savez(folder / "a.npz", features=features("a", "f8"), frames=np.arange(3))
np.savez_compressed(folder / "train/v_b.npz", features("v_b", "f2"))
np.save(folder / "c.npy", np.asfortranarray(features("c", ">f4")))
np.savez(PLACE / "all.npz", **{video: features(video) for video in VIDEOS})

# One chunk a video, in the format of 1.10: the smallest there is.
old = ("v110", "v110")
hdf5("lzf.h5", libver=old, compression="lzf")
hdf5("blosc.h5", libver=old, **hdf5plugin.Blosc())
# HDF5 2.0, which this h5py brings, writes chunks with a filter in a layout that 1.10 does not know.
hdf5("latest.h5", libver="latest", compression="gzip", one=False)
