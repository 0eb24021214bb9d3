"""Lists what is public in a crate, a line each, from rustdoc's JSON: kind, path, and a digest of its types."""

import hashlib
import json
import sys

document = json.load(open(sys.argv[1]))
index, paths = document["index"], document["paths"]


def shape(value):
    """A type or signature without what changes with every build: ids become paths, spans and texts go."""
    if isinstance(value, dict):
        if "id" in value and "path" in value:
            known = paths.get(str(value["id"]))
            name = "::".join(known["path"]) if known else value["path"]
            return [name, shape(value.get("args"))]
        return {key: shape(part) for key, part in sorted(value.items()) if key not in ("span", "docs", "id", "links")}
    return [shape(part) for part in value] if isinstance(value, list) else value


def digest(value):
    return hashlib.sha256(json.dumps(shape(value), sort_keys=True).encode()).hexdigest()[:8]


def walk(item_id, path, seen, lines):
    item = index.get(str(item_id))
    if item is None or item_id in seen:
        return
    (kind, inner), = item["inner"].items()
    name = item.get("name")
    if kind == "use":
        target = inner.get("id")
        if inner["is_glob"] or target is None:
            return
        if str(target) in index:
            aimed = index[str(target)]
            (aimed_kind, _), = aimed["inner"].items()
            lines.add(f"use {path}::{inner['name']}")
            if aimed_kind != "module" and "::".join(paths[str(target)]["path"][:-1]) != path:
                walk(target, path, seen | {item_id}, lines)
        return
    here = f"{path}::{name}" if name else path
    deeper = seen | {item_id}
    if kind == "module":
        lines.add(f"mod {here}")
        for child in inner["items"]:
            if public(child):
                walk(child, here, deeper, lines)
    elif kind in ("struct", "enum", "trait"):
        lines.add(f"{kind} {here} {digest(inner.get('generics'))}")
        members = inner.get("variants", []) + (inner.get("items", []) if kind == "trait" else [])
        if kind == "struct" and "plain" in inner["kind"]:
            members = inner["kind"]["plain"]["fields"]
        for child in members:
            walk(child, here, deeper, lines)
        for block in inner.get("impls", []):
            block = index.get(str(block))
            if block and block["inner"]["impl"]["trait"] is None:
                for child in block["inner"]["impl"]["items"]:
                    if public(child):
                        walk(child, here, deeper, lines)
    elif kind == "variant":
        lines.add(f"variant {here} {digest([kind_of(inner)])}")
    elif kind == "struct_field":
        if item["visibility"] == "public":
            lines.add(f"field {here} {digest(inner)}")
    else:
        lines.add(f"{kind} {here} {digest(inner)}")


def kind_of(variant):
    """A variant's fields as their names and types."""
    (form, fields), = variant["kind"].items() if isinstance(variant["kind"], dict) else [("plain", {})]
    listed = fields["fields"] if isinstance(fields, dict) and "fields" in fields else fields or []
    found = [index.get(str(field)) for field in listed]
    return [form, [[field["name"], field["inner"]] for field in found if field]]


def public(item_id):
    item = index.get(str(item_id))
    return item is not None and item["visibility"] in ("public", "default")


lines = set()
walk(document["root"], "", frozenset(), lines)
print("\n".join(sorted(line.replace(" ::", " ") for line in lines)))
