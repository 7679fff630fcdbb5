"""Reads exported hits back with readers that are not ours, and prints what they found as JSON.

    read_hits.py csv FILE
    read_hits.py edl FILE RATE      (RATE: 25, 30000/1001)
    read_hits.py otio FILE
    read_hits.py fcpxml FILE

Needs opentimelineio and, for EDL and FCPXML, its adapters (requirements.txt); csv needs Python alone.
"""

import csv
import json
import sys
from fractions import Fraction


def clips(timeline):
    import opentimelineio as otio

    found = []
    for track in timeline.tracks:
        for clip in track.find_clips():
            media = clip.media_reference
            rate = clip.source_range.start_time.rate
            placed = clip.range_in_parent()
            url = media.target_url if isinstance(media, otio.schema.ExternalReference) else None
            found.append(
                {
                    "name": clip.name,
                    "reel": clip.metadata.get("cmx_3600", {}).get("reel"),
                    "url": url,
                    "rate": rate,
                    "start": clip.source_range.start_time.value,
                    "duration": clip.source_range.duration.value,
                    "at": placed.start_time.value,
                    "whole": [media.available_range.start_time.value, media.available_range.duration.value]
                    if media and media.available_range
                    else None,
                    "timecode": clip.source_range.start_time.to_timecode() if rate < 1000 else None,
                    "metadata": dict(clip.metadata.get("locvtp", {})),
                }
            )
    return found


def read(kind, path, rate=None):
    if kind == "csv":
        with open(path, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file, strict=True))
    import opentimelineio as otio

    if kind == "edl":
        return clips(otio.adapters.read_from_file(path, adapter_name="cmx_3600", rate=float(Fraction(rate))))
    if kind == "otio":
        return clips(otio.adapters.read_from_file(path))
    read = otio.adapters.read_from_file(path, adapter_name="fcpx_xml")
    timelines = [read] if isinstance(read, otio.schema.Timeline) else read.find_children(otio.schema.Timeline)
    return [clip for timeline in timelines for clip in clips(timeline)]


if __name__ == "__main__":
    json.dump(read(*sys.argv[1:]), sys.stdout)
