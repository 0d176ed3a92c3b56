"""Headless Chromium, driven by its debugging pipe: no more is needed than Python."""
import base64
import fcntl
import json
import os
import signal
import subprocess
import time

PATIENCE = 60


class Browser:
    """Chromium, spoken to by JSON with a NUL behind each message."""

    def __init__(self, program, home):
        here, theirs = os.pipe(), os.pipe()
        ends = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (here[0], theirs[1])]

        def take_places():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
             # The simulator's authority is one that no browser knows.
             "--ignore-certificate-errors",
             f"--user-data-dir={home}", "--remote-debugging-pipe", "about:blank"],
            pass_fds=(3, 4), preexec_fn=take_places, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for fd in [here[0], theirs[1]] + ends:
            os.close(fd)
        self.out, self.inn = os.fdopen(here[1], "wb", 0), os.fdopen(theirs[0], "rb", 0)
        self.bytes, self.id, self.events = b"", 0, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = None
        self.session = self.call("Target.attachToTarget", targetId=target,
                                 flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(domain + ".enable")

    def message(self):
        while b"\0" not in self.bytes:
            piece = os.read(self.inn.fileno(), 1 << 20)
            if not piece:
                raise SystemExit("page: the browser has ended")
            self.bytes += piece
        message, self.bytes = self.bytes.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.id += 1
        wish = {"id": self.id, "method": method, "params": params}
        if getattr(self, "session", None):
            wish["sessionId"] = self.session
        self.out.write(json.dumps(wish).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.id:
                assert "error" not in message, message
                return message["result"]
            self.events.append(message)

    def ask(self, expression):
        """The value of an expression on the page."""
        got = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                        awaitPromise=True)
        assert "exceptionDetails" not in got, got
        return got["result"].get("value")

    def wait(self, expression):
        """Until it is true: whether it became so."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.ask(expression):
                return True
            time.sleep(0.05)
        return False

    def size(self, width, height, phone):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=phone)

    def open(self, url, shown, width, height, dark=False, phone=False):
        """Whether `shown`, an expression, became true on the page."""
        self.size(width, height, phone)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"}])
        self.call("Page.navigate", url=url)
        return self.wait(shown)

    def picture(self, folder, name, width, phone=False):
        if folder:
            self.size(width, self.ask("document.documentElement.scrollHeight"), phone)
            got = self.call("Page.captureScreenshot")
            (folder / f"{name}.png").write_bytes(base64.b64decode(got["data"]))

    def complaints(self):
        """What the console shows, taken out."""
        bad = [e["params"] for e in self.events
               if e.get("method") == "Runtime.exceptionThrown"
               or e.get("method") == "Log.entryAdded"
               or e.get("method") == "Runtime.consoleAPICalled"]
        self.events.clear()
        return bad

    def end(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
