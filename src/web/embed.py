#!/usr/bin/env python3
"""Writes C that holds files: embed.py [--at /PATH] [--name NAME] [--header FILE] OUTPUT FILE...

index.html becomes the path itself ("/" without one), any other its own name below it."""
import argparse
from pathlib import Path

TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript",
         ".svg": "image/svg+xml"}

parser = argparse.ArgumentParser()
parser.add_argument("--at", default="")
parser.add_argument("--name", default="page_files")
parser.add_argument("--header", default="page_files.h")
parser.add_argument("output", type=Path)
parser.add_argument("files", type=Path, nargs="+")
args = parser.parse_args()

out = [f'#include "{args.header}"', ""]
rows = []
for number, file in enumerate(args.files):
    content = file.read_bytes()
    lines = [content[i:i + 16] for i in range(0, len(content), 16)]
    out.append(f"static const unsigned char file_{number}[] = {{")
    out += ["    " + "".join(f"{byte}," for byte in line) for line in lines]
    out += ["};", ""]
    path = args.at or "/" if file.name == "index.html" else args.at + "/" + file.name
    rows.append(f'    {{ "{path}", "{TYPES[file.suffix]}; charset=utf-8", file_{number}, '
                f"sizeof file_{number} }},")
out += [f"const struct page_file {args.name}[] = {{"] + rows + ["    { 0 },", "};", ""]
args.output.write_text("\n".join(out), encoding="ascii")
