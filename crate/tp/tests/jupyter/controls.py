"""Live controls in the real JupyterLab in a headless Chromium: mouse, keyboard, number field, a cell that trains, themes,
accessibility, files of the reader's own, a restart, many moves.

Needs `playwright` (PyPI) beside JupyterLab, and a Chromium; `axe-core-python` (PyPI) for the accessibility rules. Usage:

    python controls.py SCREENSHOTS [--chromium PATH] [--moves N] [--only PART]

Times are printed; a median of three times what a calm machine gives is a failure.
"""

import argparse
import base64
import importlib.util
import json
import os
import pathlib
import shutil
import signal
import statistics
import struct
import sys
import tempfile
import time
import urllib.request
import zlib

from playwright.sync_api import sync_playwright

from lab import Lab, Server

# Milliseconds from a move to the new picture, three times the median aimed at: alone, and while a cell trains.
ALONE, TRAINING = 3 * 120, 3 * 400
# Bytes of memory that many moves may add, to the page and to the kernel.
GROWTH = 24 << 20
WORDS = b"ceci-est-la-photo-de-personne"

CELLS = [
    "use visages::prelude::*;\nuse visages::image::{Rgb, RgbImage};",
    """let controls = Controls::new()
    .slider("Teinte", 0.0..=255.0, 100.0)
    .step(1.0)
    .row(|row| row.int_slider("Bandes", 1..=16, 4).checkbox("Négatif", false))
    .row(|row| row.choice("Couleur", &["rouge", "verte"]).button("Autre tirage"));
interact(controls, |values| {
    let shade = values.number("Teinte") as u8;
    let bands = values.integer("Bandes") as u32;
    let (negative, green) = (values.checked("Négatif"), values.choice("Couleur") == "verte");
    let image = RgbImage::from_fn(256, 256, |x, y| {
        let light = ((x * y % 251) / bands * bands) as u8;
        let light = if negative { 255 - light } else { light };
        if green { Rgb([light, shade, x as u8]) } else { Rgb([shade, x as u8, light]) }
    });
    Figure::from_image(&image, format!("teinte {shade}, {bands} bandes, tirage {}", values.clicks("Autre tirage")))
})?;""",
    """let device = Device::flex();
for step in 0..100_000 {
    if stop_requested() { break; }
    let a = Tensor::<2>::random([512, 512], Distribution::Default, &device);
    let sum: f32 = a.clone().matmul(a).sum().into_scalar();
    if step == 0 { println!("entraîne : {}", sum > 0.0); }
}""",
    """interact(Controls::new().upload("Votre photo"), |values| match values.file("Votre photo") {
    None => "pas encore de photo".into_view(),
    Some(file) => {
        let image = file.image()?;
        Figure::from_image(image, format!("photo de {} × {} pixels", image.width(), image.height())).into_view()
    }
})?;""",
]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("screenshots")
    arguments.add_argument("--chromium", default=shutil.which("chromium"))
    arguments.add_argument("--moves", type=int, default=1000)
    arguments.add_argument("--only", default="")
    arguments.add_argument("--kernel", default="tp-rust")
    asked = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("✘ stopped"))
    folder = pathlib.Path(asked.screenshots)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        notebooks = pathlib.Path(scratch) / "notebooks"
        notebooks.mkdir()
        path = notebooks / "curseurs.ipynb"
        path.write_text(json.dumps(notebook(asked.kernel)), encoding="utf-8")
        # The themes that are tried are nobody's choice.
        for variable in ["JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"]:
            os.environ[variable] = str(pathlib.Path(scratch) / variable.lower())
        server = Server(notebooks)
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=asked.chromium, args=["--no-sandbox", "--disable-gpu"]
                )
                page = browser.new_page(viewport={"width": 1000, "height": 1000})
                page.goto(f"{server.url}/lab/tree/{path.name}?token={server.token}&reset")
                controls = Controls(page, folder, server)
                controls.notebook, controls.moves = path, asked.moves
                controls.play(asked.only)
                browser.close()
        finally:
            server.end()


def notebook(kernel):
    cells = [
        {"cell_type": "code", "id": f"c{index}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for index, source in enumerate(CELLS)
    ]
    spec = {"name": kernel, "display_name": "Rust", "language": "rust"}
    return {"cells": cells, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}


class Controls(Lab):
    def play(self, only):
        page = self.page
        page.wait_for_selector(".jp-CodeCell", timeout=120_000)
        self.wait("the application", lambda: page.evaluate("() => !!(window.jupyterapp || window.jupyterlab)"))
        self.wait(
            "the kernel",
            lambda: page.evaluate(
                """() => {
                    const session = (window.jupyterapp || window.jupyterlab).shell.currentWidget.sessionContext;
                    return !!(session && session.session && session.session.kernel);
                }"""
            ),
        )
        self.run(0)
        self.show_set()
        for part in [self.moves_by_hand, self.while_training, self.accessible, self.files, self.many_moves, self.restart]:
            if only in part.__name__:
                part()
                print(f"✔ {part.__name__}", flush=True)

    # What a reader does

    def at(self, index):
        return self.page.locator(".jp-CodeCell").nth(index)

    def run(self, index):
        self.at(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def show_set(self):
        self.run(1)
        self.at(1).locator(".noUi-handle").first.wait_for(timeout=180_000)
        self.at(1).locator("img[alt^=teinte]").wait_for(timeout=20_000)
        time.sleep(1)

    def shown(self):
        return self.at(1).locator("img[alt^=teinte]").get_attribute("alt")

    def until_shown(self, words, patience=10):
        self.wait(f"a picture of « {words} »", lambda: words in self.shown(), patience)

    def watch(self):
        """Notes in the page when a new picture is painted."""
        self.page.evaluate(
            """() => {
                window.painted = [];
                const cell = document.querySelectorAll('.jp-CodeCell')[1];
                let last = '';
                new MutationObserver(() => {
                    const image = cell.querySelector('img[alt^=teinte]');
                    if (image && image.src !== last) {
                        last = image.src;
                        requestAnimationFrame(() => window.painted.push(performance.now()));
                    }
                }).observe(cell, {subtree: true, childList: true, attributes: true});
            }"""
        )

    def time_moves(self, count):
        """Milliseconds from a key to the picture it makes."""
        handle = self.at(1).locator(".noUi-handle").first
        times = []
        for step in range(count):
            handle.focus()
            self.page.evaluate(
                """() => {
                    window.painted.length = 0;
                    document.activeElement.addEventListener('keydown', () => { window.from = performance.now(); }, {once: true, capture: true});
                }"""
            )
            self.page.keyboard.press("ArrowLeft" if step % 2 else "ArrowRight")
            self.wait("a new picture", lambda: self.page.evaluate("() => window.painted.length > 0"), 10)
            times.append(self.page.evaluate("() => window.painted[0] - window.from"))
            time.sleep(0.05)
        times.sort()
        return statistics.median(times), times[int(len(times) * 0.95) - 1]

    # What is expected

    def moves_by_hand(self):
        page, cell = self.page, self.at(1)
        self.watch()
        handle = cell.locator(".noUi-handle").first
        box = handle.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(40):
            page.mouse.move(x + 2 * step, y)
            time.sleep(0.03)
        page.mouse.up()
        time.sleep(0.5)
        drawn = page.evaluate("() => window.painted.length")
        assert drawn >= 5, f"{drawn} pictures in a drag"
        # The number field, the slider and the picture agree, in what is announced too.
        field = cell.locator("input[type=number]").first
        field.fill("42")
        field.press("Enter")
        self.until_shown("teinte 42,")
        assert float(handle.get_attribute("aria-valuenow")) == 42, handle.get_attribute("aria-valuenow")
        assert handle.get_attribute("aria-valuetext").startswith("42"), handle.get_attribute("aria-valuetext")
        handle.focus()
        page.keyboard.press("ArrowRight")
        self.until_shown("teinte 43,")
        page.keyboard.press("End")
        self.until_shown("teinte 255,")
        page.keyboard.press("Home")
        self.until_shown("teinte 0,")
        # All of the set is reached by the keyboard alone, in the order in which it stands.
        cell.locator("input[type=number]").first.focus()
        order = []
        for _ in range(8):
            order.append(page.evaluate("() => (document.activeElement.getAttribute('role') || document.activeElement.tagName)"))
            page.keyboard.press("Tab")
        assert order[:7] == ["INPUT", "slider", "INPUT", "slider", "INPUT", "SELECT", "BUTTON"], order
        cell.locator("select").select_option("verte")
        cell.locator("input[type=checkbox]").check()
        cell.get_by_role("button", name="Autre tirage").click()
        self.until_shown("tirage 1")
        median, worst = self.time_moves(31)
        print(f"move to new picture, alone: median {median:.0f} ms, p95 {worst:.0f} ms; {drawn} pictures in a drag")
        assert median <= ALONE, median

    def while_training(self):
        self.watch()
        self.run(2)
        self.wait("a training", lambda: "entraîne" in self.at(2).inner_text(), 120)
        median, worst = self.time_moves(31)
        print(f"move to new picture, while a cell trains: median {median:.0f} ms, p95 {worst:.0f} ms")
        assert median <= TRAINING, median
        assert "[*]" in self.at(2).inner_text(), "the cell is over"
        self.command("notebook:interrupt-kernel")
        self.wait("its end", lambda: "[*]" not in self.at(2).inner_text(), 30)
        assert self.at(1).locator(".noUi-handle").count() == 2

    def accessible(self):
        page = self.page
        for theme, name in [("JupyterLab Light", "clair"), ("JupyterLab Dark", "sombre")]:
            page.evaluate(
                "name => (window.jupyterapp || window.jupyterlab).commands.execute('apputils:change-theme', {theme: name})",
                theme,
            )
            time.sleep(2)
            self.at(1).scroll_into_view_if_needed()
            self.shot(f"curseurs-{name}")
            output = self.at(1).locator(".jp-OutputArea-output").first
            wide = output.evaluate("element => element.scrollWidth - element.clientWidth")
            assert wide <= 1, f"{wide} pixels too wide for the page"
            self.contrasts(name, 1)
            self.rules(name)

    def contrasts(self, theme, index):
        """The least contrast of a text with what is behind it: axe gives up where boxes overlap, as in these widgets."""
        texts = self.page.evaluate(
            """index => {
                const channels = color => color.match(/[\\d.]+/g).map(Number);
                const light = color => {
                    const [r, g, b] = channels(color).map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
                    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
                };
                const behind = element => {
                    for (let one = element; one; one = one.parentElement) {
                        const color = getComputedStyle(one).backgroundColor;
                        if (channels(color)[3] !== 0) return color;
                    }
                    return 'rgb(255, 255, 255)';
                };
                const output = document.querySelectorAll('.jp-CodeCell')[index].querySelector('.jp-OutputArea');
                const shown = [...output.querySelectorAll('label, button, input, select, pre, [role=alert], [role=status]')];
                return shown.filter(one => one.offsetParent && !one.disabled).map(one => {
                    const pair = [light(getComputedStyle(one).color), light(behind(one))].sort((a, b) => b - a);
                    return [(one.innerText || one.tagName).slice(0, 40), (pair[0] + 0.05) / (pair[1] + 0.05)];
                });
            }""",
            index,
        )
        assert texts
        worst = min(texts, key=lambda one: one[1])
        print(f"  contrast, {theme}: {worst[1]:.1f} at least, of {len(texts)} texts (« {worst[0]} »)")
        assert worst[1] >= 4.5, texts

    def rules(self, theme):
        found = importlib.util.find_spec("axe_core_python")
        if found is None:
            print("– axe is not there: « pip install axe-core-python » has it")
            return
        script = pathlib.Path(found.origin).parent / "axe.min.js"
        self.page.evaluate(script.read_text(encoding="utf-8"))
        for index in [1, 3]:
            report = self.page.evaluate(
                """async index => {
                    const output = document.querySelectorAll('.jp-CodeCell')[index].querySelector('.jp-OutputArea');
                    if (!output || !output.innerText) return {violations: [], passes: [], open: []};
                    const report = await axe.run(output);
                    const short = list => list.map(one => ({id: one.id, impact: one.impact, nodes: one.nodes.map(node => node.html.slice(0, 200))}));
                    return {violations: short(report.violations), passes: report.passes.map(one => one.id), open: short(report.incomplete)};
                }""",
                index,
            )
            for violation in report["violations"]:
                print("  axe:", theme, violation["impact"], violation["id"], violation["nodes"][:3])
            for one in report["open"]:
                print("  axe cannot tell:", theme, one["id"], [node[:120] for node in one["nodes"][:3]])
            grave = [one["id"] for one in report["violations"] if one["impact"] in ("serious", "critical")]
            assert not grave, grave
            if index == 1:
                print(f"  axe, {theme}: {len(report['passes'])} rules hold: {', '.join(report['passes'])}")

    def give(self, name, content):
        with self.page.expect_file_chooser() as chooser:
            self.at(3).get_by_role("button", name="Votre photo").click()
        chooser.value.set_files({"name": name, "mimeType": "image/png", "buffer": content})

    def files(self):
        page, cell = self.page, self.at(3)
        self.run(3)
        self.wait("the upload", lambda: "pas encore de photo" in cell.inner_text(), 120)
        answer = lambda: cell.locator(".jp-OutputArea").inner_text()
        self.give("photo.png", png(40, 30, WORDS))
        cell.locator("img[alt='photo de 40 × 30 pixels']").wait_for(timeout=20_000)
        self.shot("curseurs-photo")
        # A telephone held upright: the camera's rows are the picture's columns.
        self.give("tournee.jpg", turned(self.jpeg(40, 30)))
        cell.locator("img[alt='photo de 30 × 40 pixels']").wait_for(timeout=20_000)
        for name, content, words in [
            ("lettre.png", b"Bonjour", "ni du JPEG ni du PNG"),
            ("grande.png", huge(), "pixels"),
            ("coupee.png", png(40, 30, WORDS)[:60], "coupee.png"),
        ]:
            self.give(name, content)
            self.wait(f"an answer to {name}", lambda: name in answer() and words in answer(), 20)
            line = next(line for line in answer().splitlines() if name in line)
            print("  ", line)
        self.contrasts("clair", 3)
        self.rules("clair")
        self.give("photo.png", png(40, 30, WORDS))
        cell.locator("img[alt='photo de 40 × 30 pixels']").wait_for(timeout=20_000)
        # Saved twice: the first one is the second one's checkpoint.
        for _ in range(2):
            page.evaluate("() => (window.jupyterapp || window.jupyterlab).commands.execute('docmanager:save')")
            time.sleep(2)
        kept = [path for path in self.notebook.parent.rglob("*") if path.is_file()]
        assert any(".ipynb_checkpoints" in str(path) for path in kept), kept
        image = png(40, 30, WORDS)
        traces = [WORDS, base64.b64encode(image)[:48], image[41:61], b"photo de 40"]
        for path in kept:
            text = path.read_bytes()
            assert not any(trace in text for trace in traces), f"{path} holds the photograph"
            assert "widgets" not in json.loads(text)["metadata"], path
        held = page.evaluate(
            """async () => {
                const output = document.querySelectorAll('.jp-CodeCell')[3];
                return [...output.querySelectorAll('input[type=file]')].map(one => one.files.length);
            }"""
        )
        assert sum(held) == 0, held
        # Larger than the server lets through: nobody hears of it, but that the page comes back.
        self.give("enorme.png", png(40, 30, b"0" * (12 << 20)))
        self.wait("a word on a file that is too large", lambda: "9 Mo" in answer() and "reconnectée" in answer(), 60)
        self.shot("curseurs-trop-grande")
        self.give("photo.png", png(20, 10, WORDS))
        cell.locator("img[alt='photo de 20 × 10 pixels']").wait_for(timeout=30_000)
        assert "reconnectée" not in answer(), answer()

    def jpeg(self, width, height):
        """A picture that the browser encodes."""
        url = self.page.evaluate(
            """([width, height]) => {
                const canvas = document.createElement('canvas');
                canvas.width = width; canvas.height = height;
                const context = canvas.getContext('2d');
                context.fillStyle = '#3070b0'; context.fillRect(0, 0, width, height / 2);
                return canvas.toDataURL('image/jpeg', 0.9);
            }""",
            [width, height],
        )
        return base64.b64decode(url.split(",")[1])

    def many_moves(self):
        """Memory of the page and of the kernel, before and after."""
        page = self.page
        session = page.context.new_cdp_session(page)

        def measure():
            for _ in range(3):
                session.send("HeapProfiler.collectGarbage")
            heap = session.send("Runtime.getHeapUsage")["usedSize"]
            # The adapter, evcxr and the process of the cells are one program's children.
            processes = self.server.descendants("tp") + self.server.descendants("evcxr_jupyter")
            resident = {}
            for pid in processes + self.cells():
                try:
                    pages = pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]
                except OSError:
                    continue
                resident[pid] = int(pages) * 4096
            return heap, resident

        self.watch()
        self.move_often(200)
        heap, resident = measure()
        start = time.time()
        drawn = self.move_often(self.moves)
        seconds = time.time() - start
        heap_after, resident_after = measure()
        print(
            f"{self.moves} moves in {seconds:.0f} s, {drawn} pictures: JS heap {heap / 2**20:.1f} → {heap_after / 2**20:.1f} MiB; "
            + ", ".join(
                f"{self.name(pid)} {resident[pid] / 2**20:.1f} → {resident_after.get(pid, 0) / 2**20:.1f} MiB"
                for pid in sorted(resident)
            )
        )
        assert heap_after - heap < GROWTH, "the page grows"
        for pid, before in resident.items():
            assert resident_after.get(pid, 0) - before < GROWTH, f"{self.name(pid)} grows"

    def name(self, pid):
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()

    def cells(self):
        """Processes below evcxr."""
        parents = {}
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                rest = (folder / "stat").read_text().rpartition(")")[2]
            except OSError:
                continue
            parents[int(folder.name)] = int(rest.split()[1])
        above = self.server.descendants("evcxr_jupyter")
        return sorted(pid for pid, parent in parents.items() if parent in above and pid not in above)

    def move_often(self, count):
        """Moves the first slider at each frame; how many pictures came."""
        return self.page.evaluate(
            """async count => {
                const handle = document.querySelectorAll('.jp-CodeCell')[1].querySelector('.noUi-handle');
                window.painted.length = 0;
                for (let step = 0; step < count; step++) {
                    const key = Math.floor(step / 200) % 2 ? 'ArrowLeft' : 'ArrowRight';
                    handle.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
                    await new Promise(done => setTimeout(done, 15));
                }
                await new Promise(done => setTimeout(done, 1000));
                return window.painted.length;
            }""",
            count,
        )

    def restart(self):
        """Asked for outside the page: it hears it all the same."""
        url = f"{self.server.url}/api/kernels"
        with urllib.request.urlopen(f"{url}?token={self.server.token}") as answer:
            kernel = json.load(answer)[0]["id"]
        urllib.request.urlopen(
            urllib.request.Request(f"{url}/{kernel}/restart?token={self.server.token}", data=b"{}", method="POST")
        ).close()
        self.wait("a word on the session that is over", lambda: "séance fermée" in self.at(1).inner_text(), 60)
        assert self.at(1).locator("select").is_disabled()
        self.run(0)
        self.show_set()
        assert "séance fermée" not in self.at(1).inner_text()
        # Asked for in the page.
        self.command("kernelmenu:restart")
        self.page.locator(".jp-Dialog .jp-mod-accept").last.click()
        self.wait("the same word", lambda: "séance fermée" in self.at(1).inner_text(), 60)
        assert self.at(1).locator("select").is_disabled()


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, words, stated=None):
    """A grey picture that carries these words."""
    rows = (b"\0" + bytes(range(width))) * height
    header = struct.pack(">IIBBBBB", *(stated or (width, height)), 8, 0, 0, 0, 0)
    text = chunk(b"tEXt", b"Comment\0" + words)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + text + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def huge():
    """A header of a hundred million pixels."""
    return png(40, 30, b"", stated=(10_000, 10_000))


def turned(jpeg):
    """The same picture, marked as held by its right side."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    body = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


if __name__ == "__main__":
    main()
