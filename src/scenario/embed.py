#!/usr/bin/env python3
"""Writes C that holds the scenarios that come with the program: embed.py OUTPUT FILE..."""
import sys
from pathlib import Path

out = ['#include "scenario.h"', ""]
names = []
for number, file in enumerate(sorted(map(Path, sys.argv[2:]))):
    content = file.read_bytes()
    out.append(f"static const char file_{number}[] = {{")
    out += ["    " + "".join(f"{byte - 256 if byte > 127 else byte}," for byte in content[i:i + 16])
            for i in range(0, len(content), 16)]
    out += ["};", ""]
    names.append((number, file.stem))
out.append("static const struct {\n    const char *name;\n    struct str text;\n} shipped[] = {")
out += [f'    {{ "{name}", {{ file_{number}, sizeof file_{number} }} }},' for number, name in names]
out += ["};", "",
        "enum { N_SHIPPED = sizeof shipped / sizeof *shipped };", "",
        "struct str scenario_shipped(const char *name)", "{",
        "    for (size_t i = 0; i < N_SHIPPED; i++)",
        "        if (strcmp(shipped[i].name, name) == 0)",
        "            return shipped[i].text;",
        "    return (struct str){ NULL, 0 };", "}", "",
        "const char *scenario_shipped_name(size_t i)", "{",
        "    return i < N_SHIPPED ? shipped[i].name : NULL;", "}", ""]
Path(sys.argv[1]).write_text("\n".join(out), encoding="ascii")
