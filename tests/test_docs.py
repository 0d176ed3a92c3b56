#!/usr/bin/env python3
"""Every program in the documents is one that is built and run.

Usage: test_docs.py SOURCE_FOLDER

A block of C in docs/*.md or README.md names its file behind the fence, ```c
examples/ping.c, and its lines stand in that file, together and letter by letter, or it is
written by scripts/reference. Each example is in examples/meson.build, is run by
tests/test_examples.c, and is shown or named in a document. Commands call programs that
there are, with subcommands and options that stand in their sources."""
import re
import sys
from pathlib import Path

root = Path(sys.argv[1])
documents = sorted(root.glob("docs/*.md")) + [root / "README.md"]
faults = []


def blocks(document):
    """(line number, words behind the fence, the text) of each fenced block."""
    fence = re.compile(r"^```(.*)\n((?:(?!```).*\n)*)```$", re.MULTILINE)
    text = document.read_text(encoding="utf-8")
    for block in fence.finditer(text):
        yield text.count("\n", 0, block.start()) + 1, block[1].split(), block[2]


def check_c(place, words, code):
    name = words[1] if len(words) > 1 else "examples/ping.c" if "README" in place else None
    if not name:
        faults.append(f"{place}: say which file it is from: ```c examples/NAME.c")
    elif not (root / name).is_file():
        faults.append(f"{place}: there is no {name}")
    elif "\n" + code not in "\n" + (root / name).read_text(encoding="utf-8"):
        faults.append(f"{place}: {name} has no such lines")


def check_command(place, line):
    call = re.search(r"(?:^|\s)(?:build/)?cordage (sim|info|doctor|\w+)(.*)", line)
    if call:
        sources = "".join(p.read_text(encoding="utf-8") for p in root.glob("src/cmd/*.c"))
        own = call[2].split(" -- ")[0]
        for word in [call[1]] + re.findall(r"--([a-z][a-z-]*)", own):
            if f'"{word}"' not in sources:
                faults.append(f"{place}: `cordage` knows no {word}")
    bot = re.search(r"build/examples/([\w-]+)(.*)", line)
    if bot:
        source = root / "examples" / (bot[1].replace("-cc", ".cc") if "-cc" in bot[1]
                                      else bot[1] + ".c")
        text = source.read_text(encoding="utf-8") if source.is_file() else ""
        for word in re.findall(r"--[a-z][a-z-]*", bot[2]):
            if word not in text:
                faults.append(f"{place}: {bot[1]} knows no {word}")
        if not text:
            faults.append(f"{place}: there is no {source.relative_to(root)}")


shown = "".join(d.read_text(encoding="utf-8") for d in documents)
for document in documents:
    for at, words, text in blocks(document):
        place = f"{document.relative_to(root)}:{at}"
        if words[:1] == ["c"] and document.name != "reference.md":
            check_c(place, words, text)
        elif words[:1] == ["sh"]:
            for line in text.splitlines():
                check_command(place, line)
tests = (root / "tests/test_examples.c").read_text(encoding="utf-8")
built = (root / "examples/meson.build").read_text(encoding="utf-8")
for example in sorted(root.glob("examples/*.c*")):
    program = example.name.replace(".cc", "-cc").replace(".c", "")
    if f"'{example.name}'" not in built:
        faults.append(f"examples/meson.build does not build {example.name}")
    if f'"{program}"' not in tests:
        faults.append(f"tests/test_examples.c does not run {program}")
    if example.name not in shown:
        faults.append(f"no document shows or names examples/{example.name}")
for fault in faults:
    print("test_docs:", fault, file=sys.stderr)
print(f"docs: {len(documents)} documents, their code is code that runs" if not faults else "")
sys.exit(1 if faults else 0)
