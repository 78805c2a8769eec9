"""The real JupyterLab in a headless Chromium: live curve and bar, gentle interrupt, « Tout exécuter » that stops, restart,
death of the kernel.

Needs `playwright` (PyPI) beside JupyterLab, and a Chromium. Usage:

    python lab.py NOTEBOOK SCREENSHOTS [--chromium PATH]

NOTEBOOK is a copy of tp5 with its solutions; it is copied, and a server of its own is started on the copy.
"""

import argparse
import hashlib
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from playwright.sync_api import sync_playwright

# Longest wait for something that the notebook does.
PATIENCE = 300
# Where the lab trains its first network, and how long: the curve must have the time to move.
TRAINING = "attempt(|| train_cnn("
EPOCHS = ("&loader, 2, session.seed()", "&loader, 12, session.seed()")
# The first cell that uses what it trained: a table.
AFTER = "let cnn_seen"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("notebook")
    arguments.add_argument("screenshots")
    arguments.add_argument("--chromium", default=shutil.which("chromium"))
    asked = arguments.parse_args()
    # Stopped from outside, the server is stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("✘ stopped"))
    folder = pathlib.Path(asked.screenshots)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        notebooks = pathlib.Path(scratch) / "notebooks"
        notebooks.mkdir()
        copy = notebooks / "tp5.ipynb"
        text = pathlib.Path(asked.notebook).read_text(encoding="utf-8")
        assert EPOCHS[0] in text, f"{EPOCHS[0]} is no longer in {asked.notebook}"
        copy.write_text(text.replace(EPOCHS[0], EPOCHS[1], 1), encoding="utf-8")
        server = Server(notebooks)
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=asked.chromium, args=["--no-sandbox", "--disable-gpu"]
                )
                page = browser.new_page(viewport={"width": 1300, "height": 1000})
                page.goto(f"{server.url}/lab/tree/{copy.name}?token={server.token}&reset")
                Lab(page, folder, server).play()
                browser.close()
        finally:
            server.end()


class Server:
    """JupyterLab on a folder, on the drawn faces of the quick preset."""

    def __init__(self, root):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url, self.token = f"http://127.0.0.1:{port}", secrets.token_hex(16)
        settings = {"TP_DONNEES": "synthetique", "TP_PRESET": "rapide", "TP_GRAINE": "42"}
        self.log = root.parent / "serveur.log"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.root_dir={root}"]
            + [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}"]
            # The page's own objects are looked at.
            + ["--LabApp.expose_app_in_browser=True"],
            env=os.environ | settings,
            stdout=subprocess.DEVNULL,
            stderr=self.log.open("wb"),
        )
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{self.url}/api/status?token={self.token}", timeout=5).close()
                return
            except OSError:
                time.sleep(0.1)
        self.end()
        sys.exit(f"✘ JupyterLab does not answer:\n{self.log.read_text(errors='replace')}")

    def descendants(self, name):
        """Process numbers, below the server, of the programs with this name."""
        parents, names = {}, {}
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                command, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
            except OSError:
                continue
            parents[int(folder.name)], names[int(folder.name)] = int(rest.split()[1]), command
        found, pending = [], [self.process.pid]
        while pending:
            parent = pending.pop()
            below = [pid for pid, its in parents.items() if its == parent]
            pending += below
            # The system keeps fifteen letters of a name.
            found += [pid for pid in below if names[pid] == name[:15]]
        return sorted(found)

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()


class Lab:
    def __init__(self, page, folder, server):
        self.page = page
        self.folder = folder
        self.server = server

    def shot(self, name):
        self.page.screenshot(path=str(self.folder / f"{name}.png"))

    def command(self, name):
        self.page.evaluate(
            # Not awaited: « run all » ends with the last cell.
            "name => { (window.jupyterapp || window.jupyterlab).commands.execute(name); }",
            name,
        )

    def wait(self, what, ready, patience=PATIENCE):
        start = time.time()
        while time.time() - start < patience:
            found = ready()
            if found:
                return found
            time.sleep(0.1)
        self.shot("echec")
        sys.exit(f"✘ {what}: not within {patience} s")

    def outputs(self):
        """What the notebook's model holds, whether or not it is on the screen: a list of outputs a code cell."""
        return self.page.evaluate(
            """() => {
                const app = window.jupyterapp || window.jupyterlab;
                const panel = app.shell.currentWidget;
                const cells = panel.content.model.cells;
                const found = [];
                for (let i = 0; i < cells.length; i++) {
                    const cell = cells.get(i);
                    if (cell.type === 'code') {
                        found.push({
                            source: cell.sharedModel.getSource(),
                            count: cell.executionCount,
                            state: cell.executionState,
                            outputs: cell.outputs.toJSON(),
                        });
                    }
                }
                return found;
            }"""
        )

    def cell(self, text):
        return next(cell for cell in self.outputs() if text in cell["source"])

    def of(self, text, media):
        """The last output of this type in the cell whose source holds the text."""
        found = [output for output in self.cell(text)["outputs"] if media in output.get("data", {})]
        return "".join(found[-1]["data"][media]) if found else None

    def play(self):
        page = self.page
        page.wait_for_selector(".jp-Notebook", timeout=120_000)
        self.wait(
            "the application",
            lambda: page.evaluate("() => !!(window.jupyterapp || window.jupyterlab)"),
        )
        self.wait("the notebook's cells", lambda: page.query_selector(".jp-CodeCell"))
        self.wait(
            "the kernel",
            lambda: page.evaluate(
                """() => {
                    const session = (window.jupyterapp || window.jupyterlab).shell.currentWidget.sessionContext;
                    return !!(session && session.session && session.session.kernel);
                }"""
            ),
        )
        self.shot("1-ouvert")
        # The messages name the menus as they are here, and no question of JupyterLab's stands in the way.
        menus = page.locator(".lm-MenuBar-itemLabel").all_inner_texts()
        assert "Noyau" in menus, menus
        assert page.locator(".Toastify__toast").count() == 0, "JupyterLab opens with a notification"
        self.run_all()
        self.interrupt()
        self.restart()
        self.death()

    def run_all(self):
        training = TRAINING
        self.command("runmenu:run-all")
        self.wait("the training's bar", lambda: self.of(training, "text/html"))
        curves, bars, middle = set(), [], False
        start = time.time()
        while time.time() - start < PATIENCE:
            curve, bar = self.of(training, "image/png"), self.of(training, "text/plain")
            html = self.of(training, "text/html") or ""
            if curve:
                curves.add(hashlib.sha256(curve.encode()).hexdigest())
            value = html.partition('aria-valuenow="')[2].partition('"')[0]
            if value and (not bars or bars[-1] != int(value)):
                bars.append(int(value))
            if len(curves) == 3 and not middle:
                middle = True
                self.show(training)
                self.shot("2-entrainement")
            if "terminé" in html:
                break
            time.sleep(0.05)
        self.show(training)
        self.shot("3-termine")
        print(f"curve: {len(curves)} images; bar: {len(bars)} positions, {bars[:3]}…{bars[-3:]}")
        assert len(curves) >= 5, curves
        assert len(bars) >= 5 and bars == sorted(bars), bars

    def show(self, text):
        """Scrolls the notebook to the outputs of a cell."""
        self.page.evaluate(
            """async text => {
                const app = window.jupyterapp || window.jupyterlab;
                const content = app.shell.currentWidget.content;
                const at = content.widgets.findIndex(
                    cell => cell.model.type === 'code' && cell.model.sharedModel.getSource().includes(text));
                await content.scrollToItem(at, 'center');
                content.widgets[at].node.scrollIntoView({block: 'center'});
            }""",
            text,
        )
        time.sleep(1)

    def select(self, text, source=None):
        """Makes a cell the active one; `source` = (old, new) changes its code first."""
        self.page.evaluate(
            """([text, source]) => {
                const app = window.jupyterapp || window.jupyterlab;
                const content = app.shell.currentWidget.content;
                const at = content.widgets.findIndex(
                    cell => cell.model.type === 'code' && cell.model.sharedModel.getSource().includes(text));
                content.activeCellIndex = at;
                if (source) {
                    const model = content.widgets[at].model.sharedModel;
                    model.setSource(model.getSource().replace(source[0], source[1]));
                }
            }""",
            [text, source],
        )

    def idle(self):
        return self.page.evaluate(
            """() => (window.jupyterapp || window.jupyterlab)
                .shell.currentWidget.sessionContext.session.kernel.status === 'idle'"""
        )

    def at_rest(self):
        """Idle for a while: it is so for a moment between two cells too."""
        for _ in range(15):
            if not self.idle():
                return False
            time.sleep(0.1)
        return True

    def stop(self):
        """Presses ■, and waits until the server has passed it on."""
        self.page.evaluate(
            """async () => { await (window.jupyterapp || window.jupyterlab)
                .shell.currentWidget.sessionContext.session.kernel.interrupt(); }"""
        )

    def interrupt(self):
        """In the middle of a long training: the model stays, what was to follow does not run."""
        training, after = TRAINING, AFTER
        # What is left of « run all » is given up, whatever it is doing.
        self.stop()
        self.wait("the kernel at rest", self.at_rest, 60)
        self.select(training, [EPOCHS[1], "&loader, 60, session.seed()"])
        self.command("notebook:run-all-below")
        self.wait(
            "the training",
            # The bar: the curve has no HTML.
            lambda: "/60" in (self.of(training, "text/html") or "")
            and "perte" in (self.of(training, "text/html") or ""),
        )
        time.sleep(3)
        begin = time.time()
        self.stop()
        told = self.wait(
            "the end of the training",
            lambda: [
                output
                for output in self.cell(training)["outputs"]
                if "arrêté à votre demande" in "".join(output.get("text", ""))
            ],
            10,
        )
        seconds = time.time() - begin
        print(f"interrupt: {seconds:.1f} s; {''.join(told[0]['text']).strip()}")
        self.wait("the kernel at rest", self.at_rest, 30)
        self.show(training)
        self.shot("4-interrompu")
        self.run(after)
        self.wait("its table", lambda: self.of(after, "text/html"), 60)
        kept = self.of(after, "text/plain")
        self.show(after)
        self.shot("5-suite")
        print("next cell:", kept)
        # The gentle interrupt, plus the pace of this script's own look.
        assert seconds < 3, seconds

    def run(self, text):
        """Runs one cell and waits for its end; gives its outputs."""
        self.select(text)
        self.page.evaluate(
            "async () => { await (window.jupyterapp || window.jupyterlab).commands.execute('notebook:run-cell'); }"
        )
        self.wait(f"the rest after « {text} »", self.at_rest, 60)
        return self.cell(text)["outputs"]

    def restart(self):
        """A restarted kernel counts from 1, has forgotten the variables and has left no process behind."""
        first, after = "use visages::prelude::*;", AFTER
        before = self.server.descendants("evcxr_jupyter")
        assert before, "no evcxr under the server"
        self.page.evaluate(
            """() => (window.jupyterapp || window.jupyterlab)
                .shell.currentWidget.sessionContext.session.kernel.restart()"""
        )
        self.wait("the restarted kernel", self.at_rest, 60)
        self.run(first)
        assert self.cell(first)["count"] == 1, self.cell(first)["count"]
        left = set(before) & set(self.server.descendants("evcxr_jupyter"))
        assert not left, f"{left} outlived the restart"
        errors = [output for output in self.run(after) if output["output_type"] == "error"]
        assert errors and errors[0]["ename"] == "ErreurDeCompilation", errors
        self.show(after)
        self.shot("6-redemarre")
        print("restart: count", self.cell(first)["count"], "·", errors[0]["evalue"])

    def death(self):
        """evcxr is killed in the middle of a training: the cell says so, Jupyter starts another kernel."""
        training, first = TRAINING, "use visages::prelude::*;"
        self.command("runmenu:run-all")
        self.wait("the training", lambda: "perte" in (self.of(training, "text/html") or ""))
        before = self.server.descendants("evcxr_jupyter")
        os.kill(before[0], signal.SIGKILL)
        told = self.wait(
            "the news of the kernel's end",
            lambda: [
                output for output in self.cell(training)["outputs"] if output.get("ename") == "NoyauTermine"
            ],
            30,
        )
        self.show(training)
        self.shot("7-mort")
        self.wait("another kernel", lambda: set(self.server.descendants("evcxr_jupyter")) - set(before), 60)
        # Jupyter tells the reader too; the dialogue is closed to go on.
        dialogue = self.page.query_selector(".jp-Dialog")
        if dialogue:
            print("dialogue:", " · ".join(dialogue.inner_text().split("\n")))
            self.page.keyboard.press("Escape")
        self.wait("the new kernel at rest", self.at_rest, 60)
        self.run(first)
        assert self.cell(first)["count"] == 1, self.cell(first)["count"]
        left = set(before) & set(self.server.descendants("evcxr_jupyter"))
        assert not left, f"{left} outlived the death"
        print("death:", told[0]["evalue"])


if __name__ == "__main__":
    main()
