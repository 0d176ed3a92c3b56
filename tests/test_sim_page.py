#!/usr/bin/env python3
"""The simulator's control page in headless Chromium.

Usage: test_sim_page.py CORDAGE BOT [FOLDER]

Starts `cordage sim -- BOT` (examples/ping), opens /_sim and does what a user would: sees the
session, breaks its connection, says something as somebody, lets a guild go and come back.
Screenshots stay in FOLDER, if one is given."""
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
from browser import PATIENCE, Browser

ROWS = "document.querySelectorAll('#sessions tr').length"
LIVE = "document.querySelectorAll('#sessions .tag.ready').length"
SHOWN = "!!document.querySelector('#faults button') && !!document.querySelector('#guilds tr')"

passed = failed = 0


def check(name, ok, what=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print(f"[       OK ] {name}" if ok else f"[  FAILED  ] {name}: {what}", flush=True)


class Sim:
    """`cordage sim` with a bot, and what its control routes say."""

    def __init__(self, cordage, bot, home, *options):
        self.log = open(home / "log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [cordage, "sim", "--port", "0", *options, "--", bot],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env=os.environ | {"XDG_STATE_HOME": str(home)})
        self.api = self.find(r"https://127\.0\.0\.1:\d+/api/v10")
        self.token = self.find(r"token\s+(\S+)")
        self.tls = ssl.create_default_context(cafile=self.find(r"CA file\s+(\S+)"))
        self.url = self.api.removesuffix("/api/v10") + "/_sim"

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def find(self, pattern):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            found = re.search(pattern, self.text())
            if found:
                return found[found.lastindex or 0]
            time.sleep(0.05)
        raise SystemExit("sim_page: no simulator\n" + self.text())

    def get(self, url, **headers):
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers),
                                    context=self.tls) as answer:
            return answer.read(), answer.headers

    def report(self):
        return json.loads(self.get(self.url + "/report")[0])

    def status(self, url, **headers):
        try:
            self.get(url, **headers)
            return 200
        except urllib.error.HTTPError as error:
            return error.code

    def said_in(self, channel):
        body, _ = self.get(f"{self.api}/channels/{channel}/messages",
                           Authorization="Bot " + self.token)
        return [m["content"] for m in json.loads(body)]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def text(browser, element):
    return browser.ask(f"document.getElementById('{element}').textContent")


def press(browser, selector):
    browser.ask(f"document.querySelector({json.dumps(selector)}).click()")


def check_door(sim):
    page, headers = sim.get(sim.url)
    policy = headers["Content-Security-Policy"]
    check("only its own files may be used",
          "default-src 'none'" in policy and "script-src 'self'" in policy, policy)
    outside = re.findall(rb'(?:src|href)="(?!/_sim)[^"]*"', page)
    check("the page names no other place", not outside, outside)
    check("a foreign page gets nothing",
          sim.status(sim.url, Origin="https://example.com") == 403 and
          sim.status(sim.url + "/controls", Origin="https://example.com") == 403)
    check("nor does another name of this machine",
          sim.status(sim.url, Host="example.com") == 403)


def check_session(browser, sim):
    check("a session appears by itself", browser.wait(LIVE + " === 1"), sim.text())
    s = sim.report()["session_list"][0]
    cells = browser.ask("[...document.querySelector('#sessions tr').children]"
                        ".map(c => c.textContent)")
    check("with its shard, state and guilds",
          cells[0] == "0/1" and cells[1] == "live" and cells[4] == str(s["guilds"]), cells)
    check("the budget counts its IDENTIFY", browser.wait(
        "document.getElementById('budget').textContent === '999'"), text(browser, "budget"))
    check("the chart is drawn", browser.wait("!!document.querySelector('#chart .line')"))
    check("no rule is broken", "None." in text(browser, "rules"))


def check_faults(browser, sim):
    kinds = browser.ask("[...document.querySelectorAll('.faults button')]"
                        ".map(b => b.dataset.kind)")
    served = json.loads(sim.get(sim.url + "/controls")[0])["faults"]
    check("there is a button for each fault", sorted(kinds) == sorted(f["kind"] for f in served), kinds)
    check("and each parameter has a label", browser.ask(
        "[...document.querySelectorAll('.faults [data-field]')]"
        ".every(i => i.closest('label').textContent.trim() !== '')"))
    press(browser, "[data-kind=reset]")
    check("a reset meets the connection", browser.wait(
        "document.getElementById('fault-said').textContent === "
        "'reset: done, it met 1 connection'"), text(browser, "fault-said"))
    check("the shard resumes, and the page shows it", browser.wait(
        LIVE + " === 1 && /1 resumed/.test("
        "document.getElementById('sessions-note').textContent)"),
        text(browser, "sessions-note"))
    browser.ask("document.querySelector('[data-kind=close]').parentNode"
                ".querySelector('[data-field=code]').value = '1006'")
    press(browser, "[data-kind=close]")
    check("a mistake is shown in the server's words", browser.wait(
        "/must be a close code/.test(document.querySelector('#fault-said.wrong')"
        "?.textContent)"), text(browser, "fault-said"))


def check_user(browser, sim):
    check("channels and users of the guild are to be chosen", browser.wait(
        "document.getElementById('channel').options.length > 0 && "
        "document.getElementById('author').options.length > 0"))
    press(browser, "#say button")
    check("a message is sent", browser.wait(
        "/^Sent: message \\d+$/.test(document.getElementById('user-said').textContent)"),
        text(browser, "user-said"))
    channel = browser.ask("document.getElementById('channel').value")
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and "Pong!" not in sim.said_in(channel):
        time.sleep(0.05)
    said = sim.said_in(channel)
    check("it arrives at the bot, which answers", "Pong!" in said and "!ping" in said, said)
    browser.ask("document.getElementById('command').value = 'nobody-has-this'")
    press(browser, "#run button")
    check("a command that there is not is said to be none", browser.wait(
        "!!document.querySelector('#user-said.wrong')"), text(browser, "user-said"))


def check_guilds(browser):
    state = "document.querySelector('#guilds .tag').textContent"
    for fate, shown in (("outage", "outage"), ("back", "available"), ("kicked", "not in it"),
                        ("added", "available")):
        press(browser, f"#guilds [data-fate={fate}]")
        check(f"a guild: {fate}", browser.wait(f"{state} === '{shown}'"), browser.ask(state))
    name = browser.ask("document.querySelector('#guilds td').textContent")
    check("guilds have names", re.search("[a-zA-Z]", name), name)


def check_world(browser, sim):
    before = sim.report()["messages_created"]
    browser.ask("(() => { const n = document.getElementById('traffic-number');"
                "n.value = 200; n.dispatchEvent(new Event('change')); })()")
    check("the slider follows its number", browser.ask(
        "Number(document.getElementById('traffic-slider').value)") > 50)
    check("people begin to talk", browser.wait(
        "parseInt(document.getElementById('rate').textContent) > 20"), text(browser, "rate"))
    check("and the report says so", sim.report()["messages_created"] > before)


def check_rules(browser, sim):
    sim.status(sim.api + "/users/@me", Authorization="Bot <b>wrong</b>")
    check("a broken rule appears, newest first", browser.wait(
        "/wrong token/.test(document.querySelector('#rules li')?.textContent)"),
        text(browser, "rules"))
    check("and the headline counts it", "1 rule broken" in text(browser, "sentence"))
    check("what came from outside is text", browser.ask(
        "document.querySelectorAll('#rules b, #sessions b').length") == 0)


def check_labels(browser):
    nameless = browser.ask(
        "[...document.querySelectorAll('button, input, select')].filter(e => "
        "!(e.getAttribute('aria-label') || e.labels?.length || e.textContent.trim()))"
        ".map(e => e.outerHTML)")
    check("every control has a name", not nameless, nameless)
    browser.ask("document.querySelector('#fault-shard').focus()")
    for kind in ("keyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key="Tab", windowsVirtualKeyCode=9)
    check("the Tab key goes to the first fault", browser.ask(
        "document.activeElement.dataset.kind") == browser.ask(
        "document.querySelector('#faults button').dataset.kind"),
        browser.ask("document.activeElement.outerHTML"))


def check_away(browser, sim):
    sim.end()
    check("a simulator that ends is said to be away",
          browser.wait("!document.getElementById('away').hidden"))


def look(browser, cordage, bot, folder):
    with tempfile.TemporaryDirectory() as home:
        os.chmod(home, 0o700)
        sim = Sim(cordage, bot, Path(home), "--guilds", "12", "--traffic", "3")
        check_door(sim)
        check("the page opens", browser.open(sim.url, SHOWN, 1180, 900))
        browser.ask("window.sameDocument = true")
        check_session(browser, sim)
        check_faults(browser, sim)
        check_user(browser, sim)
        check_guilds(browser)
        check_world(browser, sim)
        bad = [c for c in browser.complaints()
               if " 400 " not in str(c.get("entry", {}).get("text"))]
        check("the console is empty", not bad, bad)
        check_rules(browser, sim)
        check_labels(browser)
        check("all without a reload", browser.ask("window.sameDocument === true"))
        for name, width, dark, phone in (("light", 1180, False, False),
                                         ("dark", 1180, True, False),
                                         ("phone", 360, False, True),
                                         ("phone-dark", 360, True, True)):
            browser.open(sim.url, SHOWN, width, 900, dark, phone)
            browser.wait("document.querySelectorAll('#chart .line').length === 1")
            if phone:
                wide = browser.ask("document.documentElement.scrollWidth")
                check(f"{name}: nothing is wider than the phone", wide <= 360, wide)
            browser.picture(folder, f"sim-{name}", width, phone)
        check_away(browser, sim)
        browser.picture(folder, "sim-away", 1180)
        check("the bot broke no rule", "1 rule was broken" in sim.text(), sim.text())


def look_at_many(browser, cordage, bot, folder):
    with tempfile.TemporaryDirectory() as home:
        os.chmod(home, 0o700)
        sim = Sim(cordage, bot, Path(home), "--guilds", "300", "--traffic", "400",
                  "--recommended-shards", "64", "--max-concurrency", "64")
        browser.call("Page.navigate", url="about:blank")
        browser.complaints()
        check("the page opens", browser.open(sim.url, SHOWN, 1180, 900))
        check("64 sessions are shown", browser.wait(LIVE + " === 64"), browser.ask(ROWS))
        check("in the order of their shards", browser.ask(
            "[...document.querySelectorAll('#sessions tr')]"
            ".every((r, i) => r.children[0].textContent === i + '/64')"))
        browser.ask("document.getElementById('fault-shard').value = '7/64'")
        press(browser, "[data-kind=reconnect]")
        check("a fault meets the one that is chosen", browser.wait(
            "/it met 1 connection$/.test(document.getElementById('fault-said').textContent)"),
            text(browser, "fault-said"))
        check("and it resumes", browser.wait(LIVE + " === 64"), browser.ask(LIVE))
        browser.picture(folder, "sim-64", 1180)
        bad = browser.complaints()
        check("the console is empty", not bad, bad)
        sim.end()


def main():
    program = shutil.which("chromium")
    folder = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    if not program:
        print("SKIPPED: chromium is not installed")
        return 77
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        browser = Browser(program, home)
        try:
            look(browser, sys.argv[1], sys.argv[2], folder)
            look_at_many(browser, sys.argv[1], sys.argv[2], folder)
        finally:
            browser.end()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
