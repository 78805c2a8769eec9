"""Pillow's side of « cargo tp bench images »: one process a core, which decode and resize into shared memory.

Reads one JSON request a line on stdin, answers one JSON line on stdout. With « scaled », JPEG files are decoded in
draft mode, at a fraction of their size; without it, whole. The filter is the triangle (Image.BILINEAR).
"""

import json
import multiprocessing
import os
import pathlib
import sys
import time

# The answers keep stdout for themselves.
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

import PIL
from PIL import Image

PROCESSES = int(sys.argv[1])
CHUNK = 64
FILES = []
STORE = None


def listed(folder):
    """Visible files, in the order of their paths."""
    root = pathlib.Path(folder)
    files = [path for path in root.rglob("*") if path.is_file()]
    visible = [path for path in files if not any(part.startswith(".") for part in path.relative_to(root).parts)]
    return [str(path) for path in sorted(visible, key=lambda path: path.parts)]


def spread(files, most):
    """At most so many files, at even distances: the library's rule."""
    if most is None or most >= len(files):
        return files
    chosen, error = [], 0
    for file in files:
        error += most
        if error >= len(files):
            error -= len(files)
            chosen.append(file)
    return chosen


def read(task):
    start, end, side, scaled = task
    size = side * side * 3
    for index in range(start, end):
        with Image.open(FILES[index]) as image:
            if scaled:
                image.draft("RGB", (side, side))
            pixels = image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR).tobytes()
        STORE[index * size : (index + 1) * size] = pixels
    return end - start


class Session:
    pool = None
    key = None

    def images(self, request):
        global FILES, STORE
        side = request["side"]
        key = (request["folder"], request["max"], side)
        if key != self.key:
            # The processes are started before the clock: ours have their threads already.
            if self.pool:
                self.pool.terminate()
            FILES = spread(listed(request["folder"]), request["max"])
            STORE = memoryview(multiprocessing.RawArray("B", len(FILES) * side * side * 3)).cast("B")
            self.pool = multiprocessing.get_context("fork").Pool(PROCESSES)
            self.key = key
        start = time.perf_counter()
        tasks = [(at, min(at + CHUNK, len(FILES)), side, request["scaled"]) for at in range(0, len(FILES), CHUNK)]
        count = sum(self.pool.imap_unordered(read, tasks))
        seconds = time.perf_counter() - start
        if request.get("output"):
            size, samples = side * side * 3, min(request["samples"], count)
            with open(request["output"], "wb") as file:
                for sample in range(samples):
                    index = sample * count // samples
                    file.write(STORE[index * size : (index + 1) * size])
        return {"files": count, "unreadable": 0, "seconds": seconds}

    def engine(self, request):
        from PIL import features

        turbo = features.version("libjpeg_turbo")
        return {"engine": f"Pillow {PIL.__version__}" + (f", libjpeg-turbo {turbo}" if turbo else "")}


def main():
    session = Session()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            action = {"images": session.images, "engine": session.engine}[request["op"]]
            answer = {"ok": True, **action(request)}
        except Exception as error:
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


main()
