"""`locvtp serve` under load: how long a query takes, and whether many clients do it harm.

    cargo build --release --workspace --bins --example large_index
    python bench/serve.py latency --index FOLDER [--requests 200]
    python bench/serve.py load --model DIR --videos FOLDER [--clients 64] [--requests 20000]
    python bench/serve.py memory --model DIR --videos FOLDER [--clients 64] [--seconds 8]

`latency` asks a warm server over an index of the example `large_index` with 1 and with 16 clients, each
with its own sentences. The scan alone takes what `large_index MODEL FOLDER --scan 30` prints.

`load` copies some videos into a folder, indexes half of them, and lets the clients ask for all that the
page asks for (searches, heat, thumbnails, ranges of files, lists, exports) while the other half is
indexed one by one. It prints how many answers of each status came and the memory of the server, before
and after. Only Python's own library is used.
"""

import argparse
import collections
import http.client
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

WORDS = {
    "colour": ["red", "blue", "green", "yellow", "purple", "orange", "white"],
    "shape": ["square", "triangle", "disc", "star", "ring"],
    "what": ["moves up", "moves down", "moves left", "moves right", "grows", "shrinks", "spins"],
}


def sentence(draw):
    return "a {} {} {}".format(*(draw.choice(words) for words in WORDS.values()))


class Server:
    """`locvtp serve` on a free port."""

    def __init__(self, binary, folder):
        command = [binary, "serve", str(folder), "--address", "127.0.0.1:0"]
        # A file takes all that it says; a pipe that nobody reads would hold it up.
        said = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True)
        line = self.process.stdout.readline()
        if "http://" not in line:
            said.seek(0)
            sys.exit(line + said.read())
        self.address = line.split("http://")[1].split("/")[0]

    def status(self, name):
        """A number of what Linux tells of the process."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in text.splitlines() if line.startswith(name + ":")).split()[1])

    def memory_mib(self):
        """Memory that belongs to the process alone: mapped segments do not count."""
        return self.status("RssAnon") / 1024

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=30)


class Client:
    """One connection that is kept."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address, timeout=120)

    def ask(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if body is not None:
            body, headers["content-type"] = json.dumps(body), "application/json"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()


def quantile(times, share):
    times = sorted(times)
    return times[min(len(times) - 1, int(share * len(times)))]


def latency(arguments):
    server = Server(arguments.binary, arguments.index)
    try:
        state = json.loads(Client(server.address).ask("GET", "/api/v1/state")[1])
        print(f"{state['num_media']} videos, {state['num_clips']} clips", flush=True)

        def searches(seed, count, times, stated):
            client, draw = Client(server.address), random.Random(seed)
            for _ in range(count):
                began = time.perf_counter()
                status, body = client.ask("POST", "/api/v1/search", {"text": sentence(draw), "top": arguments.top})
                times.append(time.perf_counter() - began)
                assert status == 200, body
                stated.append(json.loads(body)["answer"]["took_ms"])

        searches(0, 10, [], [])
        for clients in (1, 16):
            times, stated = [], []
            each = max(1, arguments.requests // clients)
            threads = [threading.Thread(target=searches, args=(1 + n, each, times, stated)) for n in range(clients)]
            began = time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            took = time.perf_counter() - began
            print(
                f"{clients:3} clients, {len(times)} queries: p50 {1e3 * statistics.median(times):.1f} ms, "
                f"p99 {1e3 * quantile(times, 0.99):.1f} ms, {len(times) / took:.1f} a second; "
                f"in the index p50 {statistics.median(stated):.1f} ms",
                flush=True,
            )
        print(f"memory besides the mapped segments: {server.memory_mib():.0f} MiB")
    finally:
        server.stop()


def requests_of(draw, media):
    """Something that the page asks for."""
    one = draw.choice(media)
    at = draw.uniform(0, one["duration_s"])
    kind = draw.random()
    if kind < 0.45:
        return "POST", "/api/v1/search", {"text": sentence(draw)}, {}
    if kind < 0.6:
        return "POST", f"/api/v1/media/{one['id']}/heat", {"text": sentence(draw)}, {}
    if kind < 0.75:
        return "GET", f"/api/v1/media/{one['id']}/thumbnail?at={at:.1f}", None, {}
    if kind < 0.9:
        first = draw.randrange(2000)
        return "GET", f"/api/v1/media/{one['id']}/file", None, {"range": f"bytes={first}-{first + 5000}"}
    if kind < 0.95:
        return "GET", "/api/v1/media?limit=50", None, {}
    if kind < 0.98:
        return "GET", "/api/v1/state", None, {}
    hit = {"media": one["id"], "span": {"start": 0.0, "end": 1.0}, "query": "a"}
    return "POST", "/api/v1/export", {"format": draw.choice(["csv", "json", "vtt"]), "hits": [hit]}, {}


def load(arguments):
    videos = sorted(Path(arguments.videos).rglob("*.mp4"))[: arguments.num_videos]
    if len(videos) < 2:
        sys.exit(f"{arguments.videos}: holds fewer than two videos (.mp4)")
    folder = Path(tempfile.mkdtemp())
    add = [arguments.binary, "index", "add", str(folder), "--model", str(arguments.model)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    first, later = videos[: len(videos) // 2], videos[len(videos) // 2 :]
    try:
        for video in first:
            shutil.copy(video, folder / video.name)
        subprocess.run(add, check=True, **quiet)
        server = Server(arguments.binary, folder)
        media = json.loads(Client(server.address).ask("GET", "/api/v1/media?limit=500")[1])["media"]
        statuses, lock, memory = collections.Counter(), threading.Lock(), []
        left, done = [arguments.requests], threading.Event()

        def asking(seed):
            client, draw = Client(server.address), random.Random(seed)
            while True:
                with lock:
                    if left[0] == 0:
                        return
                    left[0] -= 1
                method, path, body, headers = requests_of(draw, media)
                try:
                    status, said = client.ask(method, path, body, headers)
                except OSError as error:
                    status, said, client = type(error).__name__, str(error).encode(), Client(server.address)
                with lock:
                    statuses[status] += 1
                if status not in (200, 206):
                    print(status, method, path, said[:200], flush=True)

        def indexing():
            num = 0
            while not done.is_set():
                if later:
                    video = later.pop()
                    shutil.copy(video, folder / video.name)
                subprocess.run(add, check=True, **quiet)
                num += 1
                done.wait(2)
            print(f"indexed {num} times meanwhile")

        def watching():
            while not done.is_set():
                memory.append((arguments.requests - left[0], server.memory_mib()))
                done.wait(1)

        began = time.perf_counter()
        aside = [threading.Thread(target=indexing), threading.Thread(target=watching)]
        clients = [threading.Thread(target=asking, args=(n,)) for n in range(arguments.clients)]
        for thread in aside + clients:
            thread.start()
        for thread in clients:
            thread.join()
        took = time.perf_counter() - began
        done.set()
        for thread in aside:
            thread.join()
        print(f"{arguments.requests} requests of {arguments.clients} clients in {took:.0f} s: {dict(statuses)}")
        for share in (0.1, 0.25, 0.5, 0.75, 1.0):
            at, mib = min(memory, key=lambda it: abs(it[0] - share * arguments.requests))
            print(f"memory after {at:6} requests: {mib:.0f} MiB")
        print(f"ended with {server.stop()}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def request_of_kind(kind, draw, media):
    one = draw.choice(media)
    place, at = f"/api/v1/media/{one['id']}", draw.uniform(0, one["duration_s"] - 2)
    if kind == "file":
        return "GET", place + "/file", None, {}
    if kind == "search":
        return "POST", "/api/v1/search", {"text": sentence(draw)}, {}
    if kind == "heat":
        return "POST", place + "/heat", {"text": sentence(draw)}, {}
    if kind == "thumbnail":
        return "GET", f"{place}/thumbnail?at={at:.2f}", None, {}
    if kind == "proxy":
        return "GET", f"{place}/proxy?start={at:.1f}&end={at + 2:.1f}", None, {}
    return request_of_kind(draw.choice(["file", "search", "heat", "thumbnail", "proxy"]), draw, media)


def memory(arguments):
    videos = sorted(Path(arguments.videos).rglob("*.mp4"))[: arguments.num_videos]
    folder = Path(tempfile.mkdtemp())
    try:
        for video in videos:
            shutil.copy(video, folder / video.name)
        add = [arguments.binary, "index", "add", str(folder), "--model", str(arguments.model)]
        subprocess.run(add, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        server = Server(arguments.binary, folder)
        media = json.loads(Client(server.address).ask("GET", "/api/v1/media?limit=500")[1])["media"]

        def said(kind, counted):
            print(
                f"{kind:<10} {server.memory_mib():6.0f} MiB, {server.status('Threads'):4} threads, "
                f"highest {server.status('VmHWM') / 1024:5.0f} MiB  {counted}",
                flush=True,
            )

        said("start", "")
        for kind in ["file", "search", "heat", "thumbnail", "proxy", "mixed"] * 2:
            statuses, lock = collections.Counter(), threading.Lock()
            until = time.monotonic() + arguments.seconds

            def asking(seed):
                client, draw = Client(server.address), random.Random(seed)
                while time.monotonic() < until:
                    try:
                        status = client.ask(*request_of_kind(kind, draw, media))[0]
                    except OSError as error:
                        status, client = type(error).__name__, Client(server.address)
                    with lock:
                        statuses[status] += 1

            clients = [threading.Thread(target=asking, args=(n,)) for n in range(arguments.clients)]
            for thread in clients:
                thread.start()
            for thread in clients:
                thread.join()
            said(kind, dict(statuses))
        time.sleep(arguments.idle)
        said("idle", f"for {arguments.idle:g} s")
        began = time.monotonic()
        code = server.stop()
        print(f"ended with {code} in {time.monotonic() - began:.2f} s")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/release/locvtp")
    ways = parser.add_subparsers(required=True)
    way = ways.add_parser("latency")
    way.add_argument("--index", required=True)
    way.add_argument("--requests", type=int, default=200)
    way.add_argument("--top", type=int, default=20)
    way.set_defaults(run=latency)
    way = ways.add_parser("load")
    way.add_argument("--model", required=True)
    way.add_argument("--videos", required=True)
    way.add_argument("--num-videos", type=int, default=24)
    way.add_argument("--clients", type=int, default=64)
    way.add_argument("--requests", type=int, default=20_000)
    way.set_defaults(run=load)
    way = ways.add_parser("memory")
    way.add_argument("--model", required=True)
    way.add_argument("--videos", required=True)
    way.add_argument("--num-videos", type=int, default=24)
    way.add_argument("--clients", type=int, default=64)
    way.add_argument("--seconds", type=float, default=8)
    way.add_argument("--idle", type=float, default=15)
    way.set_defaults(run=memory)
    arguments = parser.parse_args()
    arguments.binary = os.path.abspath(arguments.binary)
    arguments.run(arguments)


if __name__ == "__main__":
    main()
