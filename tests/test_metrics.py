#!/usr/bin/env python3
"""What Prometheus reads, and what contrib/ says about it.

Usage: test_metrics.py PAGE_SERVER SOURCE_FOLDER

The metrics of a fleet that never was: their form, their names, their numbers against
/api/status; and the alert rules and the dashboard name only what there is. With promtool,
where it is installed, it has its say on all of them."""
import json
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
from page_rig import Server

program, root = sys.argv[1], Path(sys.argv[2])
rules = root / "contrib/prometheus/cordage.rules.yml"
rule_tests = root / "contrib/prometheus/cordage.test.yml"
dashboard = root / "contrib/grafana/cordage.json"
failed = 0


def check(name, ok, what=""):
    global failed
    failed += not ok
    print(f"[       OK ] {name}" if ok else f"[  FAILED  ] {name}\n{what}")


class Family:
    def __init__(self, kind):
        self.kind, self.samples = kind, {}


def parse(text):
    """{name: Family}; raises on what the format forbids."""
    families, name, helped = {}, None, None
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            helped, words = re.fullmatch(r"# HELP (\w+) (\S.*)", line).groups()
            assert words.endswith("."), line
            assert helped not in families, f"{helped} comes twice"
            continue
        kind = re.fullmatch(r"# TYPE (\w+) (gauge|counter)", line)
        if kind:
            name = kind[1]
            assert name == helped, line
            families[name] = Family(kind[2])
            continue
        sample = re.fullmatch(r'([a-z_]+)(?:\{((?:[a-z]+="[^"\\\n]*",?)*)\})? (\S+)', line)
        assert sample and sample[1] == name, line
        labels = tuple(re.findall(r'([a-z]+)="([^"]*)"', sample[2] or ""))
        assert labels not in families[name].samples, f"{line}: comes twice"
        families[name].samples[labels] = float(sample[3])
    return families


def get(url):
    with urllib.request.urlopen(url) as answer:
        return answer.read().decode()


def check_names(families):
    bad = [n for n, f in families.items()
           if not n.startswith("cordage_") or (f.kind == "counter") != n.endswith("_total")
           or re.search(r"_(ms|millis\w*|mib|kb|percent|count)(_|$)", n)]
    check("names_and_units_are_by_convention", not bad, bad)
    labels = {key for f in families.values() for sample in f.samples for key, _ in sample}
    check("labels_are_few", labels == {"shard", "worker", "state", "version"}, labels)


def check_numbers(families, s):
    def value(name, **labels):
        return families["cordage_" + name].samples.get(tuple(labels.items()))

    check("a_series_for_each_shard", all(
        len(families["cordage_shard_" + n].samples) == len(s["shards"])
        for n in ("up", "events_total", "queued_events", "stalls_total", "dark_seconds")))
    wrong = [shard for shard in s["shards"] for n, want in (
        ("shard_up", shard["state"] == "ready"),
        ("shard_events_total", shard["events"]),
        ("shard_queued_events", shard["queued"]),
        ("shard_stalls_total", shard["stalls"]),
        ("shard_guilds", shard["guilds"] if shard["reported"] else None),
        ("shard_latency_seconds", shard["latency_ms"] and shard["latency_ms"] / 1000))
        if value(n, shard=str(shard["shard"])) != want]
    check("shards_are_the_status", not wrong, wrong)
    wrong = [shard for shard in s["shards"] for state in
             ("waiting", "connecting", "identifying", "resuming", "ready", "stopped")
             if value("shard_state", shard=str(shard["shard"]), state=state)
             != (state == shard["state"])]
    check("one_state_is_1", not wrong, wrong)
    check("states_sum_up", sum(families["cordage_shards"].samples.values()) == len(s["shards"]))
    indices = {w["worker"] for w in s["workers"]}
    wrong = [i for i in indices for n, want in (
        ("worker_resident_memory_bytes",
         sum(w["rss_bytes"] for w in s["workers"] if w["worker"] == i)),
        ("worker_restarts_total",
         max(w["restarts"] for w in s["workers"] if w["worker"] == i)),
        ("worker_up", any(w["state"] in ("running", "leaving")
                          for w in s["workers"] if w["worker"] == i)))
        if value(n, worker=str(i)) != want]
    check("workers_have_one_line_over_their_generations", not wrong, wrong)
    check("totals_are_the_status", all(
        value(name) == want for name, want in (
            ("events_total", s["totals"]["events"]), ("guilds", s["guilds"]["total"]),
            ("identify_allowed", s["budget"]["allowed"]), ("bot_shards", s["shard_count"]),
            ("identify_reset_timestamp_seconds", s["budget"]["reset_at_ms"] / 1000),
            ("supervisor_cpu_seconds_total", s["supervisor"]["cpu_ms"] / 1000),
            ("handovers_total", s["totals"]["handovers"]),
            ("fleet_ready", s["shards_ready"] == len(s["shards"])))))


def expressions():
    """Of the dashboard, with its variables filled in."""
    panels = json.loads(dashboard.read_text(encoding="utf-8"))["panels"]
    for panel in panels:
        for target in panel["targets"]:
            yield re.sub(r"\$(job|instance)\b", ".*",
                         target["expr"].replace("$__rate_interval", "1m"))


def check_contrib(families):
    for file in (rules, rule_tests, dashboard):
        named = set(re.findall(r"cordage_[a-z_]+", file.read_text(encoding="utf-8")))
        check(f"{file.stem}_names_what_there_is", named and named <= set(families),
              named - set(families))
    ids = [p["id"] for p in json.loads(dashboard.read_text(encoding="utf-8"))["panels"]]
    check("panels_have_their_own_ids", len(ids) == len(set(ids)))


def promtool(name, *words, text=None):
    got = subprocess.run(["promtool", *map(str, words)], input=text, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    check(name, got.returncode == 0, got.stdout)


def check_by_promtool(text):
    if not shutil.which("promtool"):
        print("SKIPPED: promtool (Debian's prometheus) is not installed")
        return
    promtool("promtool_checks_metrics", "check", "metrics", text=text)
    promtool("promtool_checks_rules", "check", "rules", rules)
    promtool("promtool_tests_rules", "test", "rules", rule_tests)
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump({"groups": [{"name": "dashboard", "rules": [
            {"record": f"dashboard:{i}", "expr": e} for i, e in enumerate(expressions())]}]},
            file)
        file.flush()
        promtool("promtool_checks_the_dashboard", "check", "rules", file.name)


for shards in (64, 1024):
    server = Server(program, shards)
    text = get(server.url + "metrics")
    families = parse(text)
    check_names(families)
    check_numbers(families, server.status())
    if shards == 64:
        check_contrib(families)
        check_by_promtool(text)
    check("a_thousand_shards_fit_into_2_MiB", len(text) < 2 << 20, len(text))
    server.tell("heal")
    healed = parse(get(server.url + "metrics"))
    check("a_healed_fleet_is_ready", healed["cordage_fleet_ready"].samples[()] == 1)
    server.end()
sys.exit(1 if failed else 0)
