"""Whether every crate comes from the registry, under a licence that deny.toml allows: reads `cargo metadata`."""

import json
import re
import sys
import tomllib

allowed = set(tomllib.load(open(sys.argv[1], "rb"))["licenses"]["allow"])


def allows(expression):
    """An expression of SPDX, or a list with slashes as older crates have it."""
    words = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))
    text = " ".join({"AND": "and", "OR": "or", "(": "(", ")": ")"}.get(word.upper(), str(word in allowed)) for word in words if word != "WITH")
    return eval(text, {})  # made of True, False, and, or, parentheses


wrong = []
packages = json.load(sys.stdin)["packages"]
for package in packages:
    name = f"{package['name']} {package['version']}"
    if package["source"] is not None and not package["source"].startswith("registry+"):
        wrong.append(f"{name} comes from {package['source']}")
    expression = re.sub(r"WITH \S+", "", package["license"] or "")
    if not expression or not allows(expression):
        wrong.append(f"{name} is under {package['license']}")
print(f"{len(packages)} crates, {len(wrong)} not allowed", *wrong, sep="\n  ")
sys.exit(bool(wrong))
