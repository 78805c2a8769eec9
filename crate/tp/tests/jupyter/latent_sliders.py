"""The sliders that a student writes in lab 7, in the real JupyterLab in a headless Chromium: the face follows each of them,
alone and while the network goes on learning.

Needs what `controls.py` needs. The code is that of the solution notebook, with the quick preset. Usage:

    python latent_sliders.py SOLUTION SCREENSHOTS [--chromium PATH]

Times are printed; a median of three times what a calm machine gives is a failure.
"""

import argparse
import json
import pathlib
import shutil
import signal
import sys
import time

from controls import ALONE, TRAINING, Controls, notebook, opened

SLIDERS = "vae.then(|vae| sliders(vae, &every, 5.0, &device))?;"
MORE = """attempt(|| train_vae(untrained.clone(), &faces.train, &faces.test, &batches, 10_000, 1.0, &device))?;"""
# Seconds for the cells before, the quick training included.
PREPARING = 600


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("solution")
    arguments.add_argument("screenshots")
    arguments.add_argument("--chromium", default=shutil.which("chromium"))
    arguments.add_argument("--kernel", default="tp-rust")
    asked = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("✘ stopped"))
    folder = pathlib.Path(asked.screenshots)
    folder.mkdir(parents=True, exist_ok=True)
    sources = cells(json.loads(pathlib.Path(asked.solution).read_text(encoding="utf-8")))
    with opened("tp7", notebook(sources, asked.kernel), asked.chromium) as (page, server, _):
        LatentSliders(page, folder, server).play()


def cells(solution):
    """What the sliders need of the lab, in one cell (the page keeps the cells on the screen only), then the sliders, then
    a training beside them."""
    needed = []
    for cell in solution["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            continue
        if SLIDERS in source:
            break
        # Checks and figures are not needed: a figure is what a cell ends with.
        if not cell["id"].endswith("-verification") and source.rstrip()[-1] in ";}*":
            needed.append(source)
    else:
        sys.exit(f"✘ the solution no longer holds « {SLIDERS} »")
    every = "let every: Vec<usize> = (0..latent_size).collect();"
    return [needed[0], "\n".join(needed[1:] + [every]), SLIDERS, MORE]


class LatentSliders(Controls):
    # An image without a text is a mark of the page's own.
    timed, picture = 2, "img[alt]:not([alt=''])"

    def play(self):
        self.open()
        self.run(0)
        self.run(1)
        self.wait("the network", lambda: self.ended(1), PREPARING)
        self.run(2)
        handles = self.at(2).locator(".noUi-handle")
        handles.first.wait_for(timeout=180_000)
        self.at(2).locator(self.picture).first.wait_for(timeout=20_000)
        time.sleep(1)
        assert handles.count() == 4, handles.count()
        self.each_redraws(handles)
        self.watch()
        median, worst = self.time_moves(31)
        print(f"move to new face, alone: median {median:.0f} ms, p95 {worst:.0f} ms", flush=True)
        assert median <= ALONE, median
        self.shot("tp7-curseurs")
        self.run(3)
        self.wait("a training", lambda: "/10" in self.at(3).inner_text(), 120)
        self.watch()
        median, worst = self.time_moves(31)
        print(f"move to new face, while the network learns: median {median:.0f} ms, p95 {worst:.0f} ms", flush=True)
        assert median <= TRAINING, median
        assert "[*]" in self.at(3).inner_text(), "the training is over"
        self.shot("tp7-curseurs-entrainement")
        self.command("notebook:interrupt-kernel")
        self.wait("its end", lambda: "[*]" not in self.at(3).inner_text(), 30)
        assert handles.count() == 4
        print("✔ the sliders of lab 7", flush=True)

    def ended(self, index):
        text = self.at(index).locator(".jp-InputPrompt").first.inner_text()
        return text.startswith("[") and text not in ("[*]:", "[ ]:")

    def each_redraws(self, handles):
        """Every slider changes the picture, by the keyboard."""
        picture = self.at(2).locator(self.picture).first
        for place in range(handles.count()):
            before = picture.get_attribute("src")
            handles.nth(place).focus()
            self.page.keyboard.press("End")
            self.wait(f"the face of slider {place}", lambda: picture.get_attribute("src") != before, 10)
            # The end of the seed's range.
            assert float(handles.nth(place).get_attribute("aria-valuenow")) == 5
            self.page.keyboard.press("Home")


if __name__ == "__main__":
    main()
