"""The real JupyterLab in a headless Chromium: live curve and bar, gentle interrupt, « Tout exécuter » that stops.

Needs `playwright` (PyPI) and a Chromium. Usage:

    python lab.py URL NOTEBOOK SCREENSHOTS [--chromium PATH]

URL is the server's with its token; NOTEBOOK a path that the server knows, an executed or fresh copy of tp5.
"""

import argparse
import hashlib
import pathlib
import sys
import time

from playwright.sync_api import sync_playwright

# Longest wait for something that the notebook does.
PATIENCE = 300


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("url")
    arguments.add_argument("notebook")
    arguments.add_argument("screenshots")
    arguments.add_argument("--chromium", default="/usr/bin/chromium")
    asked = arguments.parse_args()
    folder = pathlib.Path(asked.screenshots)
    folder.mkdir(parents=True, exist_ok=True)
    base, _, token = asked.url.partition("?token=")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=asked.chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1300, "height": 1000})
        page.goto(f"{base.rstrip('/')}/lab/tree/{asked.notebook}?token={token}&reset")
        Lab(page, folder).play()
        browser.close()


class Lab:
    def __init__(self, page, folder):
        self.page = page
        self.folder = folder

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
        self.run_all()
        self.interrupt()

    def run_all(self):
        training = "fit(untrained.clone()"
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

    def interrupt(self):
        """In the middle of a long training: the model stays, what was to follow does not run."""
        training, after = "fit(untrained.clone()", "loss_curve(&fitted.history)"
        # What is left of « run all » is given up, whatever it is doing.
        self.command("notebook:interrupt-kernel")
        self.wait("the kernel at rest", self.idle, 60)
        self.select(training, ["with_epochs(2)", "with_epochs(60)"])
        self.command("notebook:run-all-below")
        self.wait(
            "the training",
            lambda: "/60" in (self.of(training, "text/plain") or "")
            and "perte" in (self.of(training, "text/plain") or ""),
        )
        time.sleep(3)
        begin = time.time()
        self.command("notebook:interrupt-kernel")
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
        self.wait("the kernel at rest", self.idle, 30)
        self.show(training)
        self.shot("4-interrompu")
        before = self.cell(after)["count"]
        self.select(after)
        self.command("notebook:run-cell")
        self.wait("the curve of what was kept", lambda: self.cell(after)["count"] not in (before, None), 60)
        self.wait("its picture", lambda: self.of(after, "image/png"), 60)
        kept = self.of(after, "text/plain")
        self.show(after)
        self.shot("5-suite")
        print("next cell:", kept)
        # The gentle interrupt, plus the pace of this script's own look.
        assert seconds < 3, seconds


if __name__ == "__main__":
    main()
