#!/usr/bin/env python3
"""Runs the `cordage` commands of docs/fleet.md and docs/sharding.md as they stand there,
one after another, against the simulator.

Usage: test_fleet_docs.py SOURCE_FOLDER BUILD_FOLDER

A reader's ./bot is examples/ping, ~/.token is the simulator's token. Left out is what needs
another machine or node, and is tested elsewhere: --foreign (test_supervisor), certificates
for the page (test_web)."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

root, build = Path(sys.argv[1]), Path(sys.argv[2])
PATIENCE_S = 60
SKIPPED = ("--foreign", "--http 0.0.0.0")
done = 0


def commands(document):
    for block in re.findall(r"^```sh\n(.*?)^```", (root / document).read_text(), re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            line = line.split("  #")[0].strip()
            if re.search(r"(^|[ /])cordage ", line) and not any(s in line for s in SKIPPED):
                yield line


def fail(what, text=""):
    print(text)
    sys.exit(f"test_fleet_docs: {what}")


class World:
    """A simulator, a reader's home, and a fleet in it."""

    def __init__(self):
        self.home = Path(tempfile.mkdtemp(prefix="cordage-docs-"))
        self.sim = subprocess.Popen(
            [build / "cordage", "sim", "--json", "--port", "0", "--max-concurrency", "16"],
            stdout=subprocess.PIPE, text=True)
        facts = json.loads(self.sim.stdout.readline())
        token = self.home / ".token"
        token.touch(mode=0o600)
        token.write_text(facts["token"])
        (self.home / "bot").symlink_to(build / "examples/ping")
        (self.home / "build").symlink_to(build)
        self.env = {"HOME": str(self.home), "PATH": f"{build}:{os.environ['PATH']}",
                    "CORDAGE_API": facts["api"], "CORDAGE_CA_FILE": facts["ca_file"]}
        self.fleet = None

    def start(self, line):
        """A command that runs until it is stopped."""
        self.log = open(self.home / "log", "w+")
        line = re.sub(r"^((?:\w+=\S+ )*)", r"\1exec ", line)
        self.fleet = subprocess.Popen(["sh", "-c", line], cwd=self.home, env=self.env,
                                      stdout=self.log, stderr=self.log)

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def wait_until(self, words, times=1):
        until = time.monotonic() + PATIENCE_S
        while self.said().count(words) < times:
            if time.monotonic() > until or self.fleet.poll() is not None:
                fail(f"it never said: {words}", self.said())
            time.sleep(0.05)

    def end(self, signalled=True):
        if signalled:
            self.fleet.send_signal(signal.SIGTERM)
        status = self.fleet.wait(PATIENCE_S)
        if status != 0:
            fail(f"it ended with status {status}", self.said())
        self.fleet = None

    def run(self, line, seconds=PATIENCE_S):
        return subprocess.run(["sh", "-c", line], cwd=self.home, env=self.env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=seconds)

    def close(self):
        if self.fleet:
            self.fleet.kill()
        self.sim.terminate()
        self.sim.wait()
        shutil.rmtree(self.home)


def watch(world, line):
    """Ends by itself never: its second document is enough."""
    watching = subprocess.Popen(["sh", "-c", f"exec {line}"], cwd=world.home, env=world.env,
                                stdout=subprocess.PIPE, text=True)
    heads = 0
    for row in watching.stdout:
        heads += row.startswith("Shards")
        if heads == 2:
            break
    watching.send_signal(signal.SIGINT)
    if heads < 2 or watching.wait(PATIENCE_S) not in (0, -signal.SIGINT):
        fail(f"{line}: {heads} documents, status {watching.returncode}")


def try_command(world, line):
    """Where the fleet of the documents runs: what asks it, or ends it."""
    if "--watch" in line:
        watch(world, line)
        return
    answer = world.run(line)
    if answer.returncode != 0:
        fail(f"{line}: status {answer.returncode}", answer.stdout)
    if "--self" in line: # the next supervisor is there a moment later
        world.wait_until("4 shards ready in ", times=2)
    if "--json" in line:
        document = json.loads(answer.stdout)
        if len(document["shards"]) != 4 or len(document["workers"]) != 4:
            fail(f"{line}: another fleet", answer.stdout)


def is_run(line):
    return re.search(r"cordage run (?!--print-config)", line)


def try_start(world, line):
    """Commands that start a fleet, each by itself."""
    line = re.sub(r"(cordage sim)", r"\1 --port 0", line)
    line = re.sub(r"(cordage run)(?! --print)", r"\1 --http off", line)
    world.start(line)
    if "sharding" in line and "run" not in line:
        world.wait_until("ready")
    else:
        world.wait_until(" shards ready in " if "--shards" in line else " ready in ")
    world.end()


world = World()
try:
    for document in ("docs/fleet.md", "docs/sharding.md"):
        for line in commands(document):
            print(line, flush=True)
            done += 1
            if is_run(line):
                try_start(world, line)
                continue
            if re.search(r"cordage (status|restart|stop)", line) and not world.fleet:
                world.start("DISCORD_TOKEN_FILE=~/.token cordage run --http off "
                            "--shards 4 --workers 4 -- ./bot")
                world.wait_until("4 shards ready in ")
            try_command(world, line)
            if "cordage stop" in line:
                world.end(signalled=False)
    if done < 12:
        fail(f"only {done} commands found: the documents look different")
finally:
    world.close()
print(f"{done} commands")
