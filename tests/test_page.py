#!/usr/bin/env python3
"""The dashboard in headless Chromium.

Usage: test_page.py PAGE_SERVER CORDAGE BOT [FOLDER]

Starts PAGE_SERVER (tests/page_server.c: a fleet that never was), opens its page and checks
what a user would see: the numbers of /api/status, no complaint in the console, a shard that
goes away and comes back without a reload, room on a phone, the keyboard, a supervisor that
ends. Then a real fleet against the simulator, of which a worker is killed. Screenshots stay in FOLDER, if one is given. Chromium is driven by its debugging pipe,
so that nothing else is needed."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
from browser import PATIENCE, Browser
from page_rig import Server

SHOWN = "!!document.querySelector('#workers tr')"

passed = failed = 0


def check(name, ok, what=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print(f"[       OK ] {name}" if ok else f"[  FAILED  ] {name}: {what}", flush=True)


def text(browser, element):
    return browser.ask(f"document.getElementById('{element}').textContent")


def check_numbers(browser, server):
    s = server.status()
    ready, n = s["shards_ready"], len(s["shards"])
    check("the sentence counts the shards",
          text(browser, "sentence").startswith(f"{ready:,} of {n:,} shards ready"),
          text(browser, "sentence"))
    check("guilds are the status's", text(browser, "guilds") == f"{s['guilds']['total']:,}",
          text(browser, "guilds"))
    check("the rate is the status's", text(browser, "rate") == f"{s['events_per_s']:,.0f}",
          text(browser, "rate"))
    legend = browser.ask("Object.fromEntries([...document.querySelectorAll('#legend li')]"
                         ".map(li => [li.childNodes[1].textContent, li.lastChild.textContent]))")
    check("the legend sums up to all shards",
          sum(int(v.replace(",", "")) for v in legend.values()) == n, legend)
    check("there is a cell for each shard",
          browser.ask("document.querySelectorAll('#grid .cell').length") == n)
    check("each cell says its state in words", browser.ask(
        "[...document.querySelectorAll('#grid .cell')]"
        ".every(c => /^Shard \\d+, [a-z]+$/.test(c.getAttribute('aria-label')))"))
    rows = browser.ask("[...document.querySelectorAll('#workers tr')]"
                       ".map(r => r.children[2].textContent)")
    check("workers' ranges are the status's",
          rows == [f"{w['shard_first']}–{w['shard_last']}" for w in s["workers"]], rows)
    b = s["budget"]
    check("the budget is the status's", text(browser, "budget-allowed") == f"{b['allowed']:,}"
          and text(browser, "budget-used") == f"{b['total'] - b['allowed'] - b['reserve']:,}")
    decisions = browser.ask("[...document.querySelectorAll('#decisions li span')]"
                            ".map(e => e.textContent)")
    check("decisions are text, whatever is in them",
          decisions == [d["text"] for d in s["decisions"]], decisions)
    check("both charts have their lines", browser.ask(
        "['events', 'latency'].every(n => document.querySelectorAll('#' + n + "
        "'-chart .line').length === 2)"), "two runs, with a gap between them")


def label(shard):
    return f"document.querySelectorAll('#grid .cell')[{shard}].getAttribute('aria-label')"


def check_live(browser, server, shard):
    browser.ask("window.sameDocument = true")
    server.tell(f"lose {shard}")
    check("a shard that goes away is seen",
          browser.wait(f"{label(shard)} === 'Shard {shard}, down'"), browser.ask(label(shard)))
    server.tell(f"find {shard}")
    check("and seen again when it is back",
          browser.wait(f"{label(shard)} === 'Shard {shard}, ready'"), browser.ask(label(shard)))
    server.tell("heal")
    n = browser.ask("document.querySelectorAll('#grid .cell').length")
    check("all are back", browser.wait(
        f"document.getElementById('sentence').textContent === '{n:,} of {n:,} shards ready'"),
        text(browser, "sentence"))
    check("without a reload", browser.ask("window.sameDocument === true"))


def check_keyboard(browser):
    browser.ask("document.querySelector('#grid .cell').focus()")
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        for kind in ("keyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, key=key)
    check("the arrow keys go through the grid",
          text(browser, "detail").startswith("Shard 1 ·"), text(browser, "detail"))
    check("and it is one stop of the Tab key",
          browser.ask("document.querySelectorAll('#grid [tabindex=\"0\"]').length") == 1)


def check_phone(browser, name):
    wide = browser.ask("document.documentElement.scrollWidth")
    check(f"{name}: nothing is wider than the phone", wide <= 360, wide)


def check_away(browser, server, folder, name):
    server.end()
    check("a supervisor that ends is said to be away",
          browser.wait("!document.getElementById('away').hidden"))
    browser.picture(folder, name, 1180)
    # The browser itself writes down that it could not connect.
    other = [c for c in browser.complaints()
             if "ERR_" not in str(c.get("entry", {}).get("text"))]
    check("and that is all that the console says", not other, other)


def look(browser, program, folder, shards):
    server = Server(program, shards)
    for name, width, height, dark, phone in (("light", 1180, 900, False, False),
                                             ("dark", 1180, 900, True, False),
                                             ("phone", 360, 740, False, True),
                                             ("phone-dark", 360, 740, True, True)):
        check(f"{shards} shards, {name}: the page shows the fleet",
              browser.open(server.url, SHOWN, width, height, dark, phone))
        if phone:
            check_phone(browser, name)
        browser.picture(folder, f"{shards}-{name}", width, phone)
    browser.open(server.url, SHOWN, 1180, 900)
    check_numbers(browser, server)
    check_keyboard(browser)
    check_live(browser, server, 40)
    browser.picture(folder, f"{shards}-well", 1180)
    bad = browser.complaints()
    check("the console is empty", not bad, bad)
    check_away(browser, server, folder, f"{shards}-away")


class Fleet:
    """`cordage run` under `cordage sim`: four shards of BOT in two workers."""

    def __init__(self, cordage, bot, folder):
        self.log = open(folder / "log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [cordage, "sim", "--port", "0", "--traffic", "20", "--max-concurrency", "16",
             "--", cordage, "run", "--http", "0", "--state-dir", folder / "state",
             "--shards", "4", "--workers", "2", "--", bot],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env=os.environ | {"XDG_STATE_HOME": str(folder)})
        self.url = self.find_url()

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def find_url(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            url = re.search(r"http://127\.0\.0\.1:\d+/", self.text())
            if url:
                return url[0]
            time.sleep(0.05)
        raise SystemExit("page: no fleet\n" + self.text())

    def status(self):
        with urllib.request.urlopen(self.url + "api/status") as answer:
            return json.load(answer)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


READY = "document.querySelectorAll('#grid .cell.ready').length"


def look_at_real(browser, cordage, bot, folder):
    with tempfile.TemporaryDirectory() as home:
        os.chmod(home, 0o700)
        fleet = Fleet(cordage, bot, Path(home))
        browser.call("Page.navigate", url="about:blank")
        browser.complaints()
        check("a real fleet is shown", browser.open(fleet.url, SHOWN, 1180, 900))
        check("all of its shards become ready", browser.wait(READY + " === 4"))
        browser.ask("window.sameDocument = true")
        os.kill(fleet.status()["workers"][1]["pid"], signal.SIGKILL)
        check("a worker that is killed is seen", browser.wait(READY + " < 4"),
              text(browser, "sentence"))
        browser.picture(folder, "real-killed", 1180)
        check("and its shards come back", browser.wait(READY + " === 4"),
              text(browser, "sentence"))
        check("a decision says so", browser.wait(
            "/worker.1/.test(document.getElementById('decisions').textContent)"))
        check("all without a reload", browser.ask("window.sameDocument === true"))
        browser.picture(folder, "real-well", 1180)
        bad = browser.complaints()
        check("and without a word in the console", not bad, bad)
        status = fleet.end()
        check("the fleet ends well", status == 0, f"{status}\n{fleet.text()}")


def main():
    program = shutil.which("chromium")
    folder = Path(sys.argv[4]) if len(sys.argv) > 4 else None
    if not program:
        print("SKIPPED: chromium is not installed")
        return 77
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        browser = Browser(program, home)
        try:
            for shards in (64, 1024):
                look(browser, sys.argv[1], folder, shards)
            look_at_real(browser, sys.argv[2], sys.argv[3], folder)
        finally:
            browser.end()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
