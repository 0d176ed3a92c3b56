#!/usr/bin/env python3
"""Writes C that holds files: embed.py OUTPUT FILE...

index.html becomes "/", any other its own name."""
import sys
from pathlib import Path

TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript",
         ".svg": "image/svg+xml"}

out = ['#include "page_files.h"', ""]
rows = []
for number, file in enumerate(map(Path, sys.argv[2:])):
    content = file.read_bytes()
    lines = [content[i:i + 16] for i in range(0, len(content), 16)]
    out.append(f"static const unsigned char file_{number}[] = {{")
    out += ["    " + "".join(f"{byte}," for byte in line) for line in lines]
    out += ["};", ""]
    path = "/" if file.name == "index.html" else "/" + file.name
    rows.append(f'    {{ "{path}", "{TYPES[file.suffix]}; charset=utf-8", file_{number}, '
                f"sizeof file_{number} }},")
out += ["const struct page_file page_files[] = {"] + rows + ["    { 0 },", "};", ""]
Path(sys.argv[1]).write_text("\n".join(out), encoding="ascii")
