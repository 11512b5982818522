"""Whether an opened payload is a Data Package, for readers of v2 and of v1.

    check_package.py FOLDER

The rules of the public profiles that matter here, written as a JSON Schema of
our own; then what no schema can say: bytes, hashes, header lines, keys.
Exit 0, or 1 with a line for each fault; 77 without python3-jsonschema.
"""
import csv
import hashlib
import json
import pathlib
import re
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed")
    sys.exit(77)

NAME = {"type": "string", "pattern": r"^([-a-z0-9._/])+$"}
TEXT = {"type": "string", "minLength": 1}
CONSTRAINTS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "required": {"type": "boolean"},
        "enum": {"type": "array", "minItems": 1, "uniqueItems": True},
        "pattern": {"type": "string", "format": "regex"},
        "minimum": {"type": "number"},
        "maximum": {"type": "number"},
    },
}
FIELD = {
    "type": "object",
    "required": ["name", "type", "constraints"],
    "properties": {
        "name": TEXT,
        "type": {"enum": ["string", "integer", "number", "date", "boolean"]},
        "title": TEXT,
        "title_en": TEXT,
        "description": TEXT,
        "constraints": CONSTRAINTS,
        "categories": {
            "type": "array", "minItems": 1, "uniqueItems": True,
            "items": {
                "type": "object", "required": ["value"],
                "additionalProperties": False,
                "properties": {"value": {"type": ["string", "integer"]},
                               "label": TEXT, "label_en": TEXT},
            },
        },
        "azukari": {
            "type": "object",
            "required": ["field", "generalisation", "level"],
            "additionalProperties": False,
            "properties": {
                "field": TEXT,
                "generalisation": {"pattern": "^(as-is|ladder:[a-z0-9-]+)$"},
                "level": {"type": "integer", "minimum": 0},
            },
        },
    },
    "additionalProperties": False,
    # v2 has categories for these two types only
    "if": {"required": ["categories"]},
    "then": {"properties": {"type": {"enum": ["string", "integer"]}}},
}
RESOURCE = {
    "type": "object",
    "required": ["name", "path", "type", "format", "mediatype", "encoding",
                 "bytes", "hash", "schema"],
    "properties": {
        "name": NAME,
        # relative, no parent, not hidden, no URL
        "path": {"type": "string",
                 "pattern": r"^(?!.*\.\.)(?!\.)(?![a-z]+:)[^/][^:]*$"},
        "type": {"const": "table"},
        "profile": {"const": "tabular-data-resource"},
        "format": {"const": "csv"},
        "mediatype": {"const": "text/csv"},
        "encoding": {"const": "utf-8"},
        "bytes": {"type": "integer", "minimum": 0},
        "rows": {"type": "integer", "minimum": 0},
        "hash": {"pattern": "^sha256:[0-9a-f]{64}$"},
        "dialect": {"type": "object"},
        "schema": {
            "type": "object",
            "required": ["fields", "missingValues", "primaryKey"],
            "properties": {
                "fields": {"type": "array", "minItems": 1, "items": FIELD},
                "missingValues": {"const": [""]},
                "primaryKey": {"type": "array", "items": TEXT},
                "foreignKeys": {"type": "array"},
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
PACKAGE = {
    "type": "object",
    "required": ["$schema", "name", "title", "created", "resources"],
    "properties": {
        "$schema": {"const":
                    "https://datapackage.org/profiles/2.0/datapackage.json"},
        "name": NAME,
        "created": {"pattern":
                    r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
        "contributors": {
            "type": "array", "minItems": 1,
            "items": {"type": "object", "required": ["title"],
                      "properties": {"roles": {"type": "array",
                                               "items": TEXT}}},
        },
        "resources": {"type": "array", "minItems": 2, "maxItems": 2,
                      "items": RESOURCE},
    },
}


def schema_faults(package):
    validator = jsonschema.Draft7Validator(PACKAGE)
    for error in validator.iter_errors(package):
        where = "/".join(str(p) for p in error.absolute_path)
        yield f"{where}: {error.message}"


def category_faults(field):
    values = [c["value"] for c in field.get("categories", [])]
    if "categories" in field and values != field["constraints"].get("enum"):
        yield f"{field['name']}: categories and enum differ"
    kind = int if field["type"] == "integer" else str
    if any(not isinstance(v, kind) for v in values):
        yield f"{field['name']}: categories are not of the field's type"


def cell_fits(field, cell):
    """Whether a cell is what its field says."""
    if cell == "":
        return not field["constraints"].get("required", False)
    value, rules = cell, field["constraints"]
    try:
        if field["type"] == "integer":
            value = int(cell)
        elif field["type"] == "number":
            value = float(cell)
    except ValueError:
        return False
    if field["type"] == "date" and not re.fullmatch(r"\d{4}-\d\d-\d\d", cell):
        return False
    if field["type"] == "boolean" and cell not in ("true", "false"):
        return False
    return (value in rules.get("enum", [value]) and
            rules.get("minimum", value) <= value <= rules.get("maximum", value)
            and re.search(rules.get("pattern", ""), cell) is not None)


def table_faults(resource, raw):
    fields = resource["schema"]["fields"]
    names = [f["name"] for f in fields]
    rows = list(csv.reader(raw.decode("utf-8").splitlines(True)))
    if rows[0] != names:
        yield f"{resource['name']}: header and fields differ"
    if len(rows) - 1 != resource["rows"]:
        yield f"{resource['name']}: another number of rows"
    keys = [[r[names.index(k)] for k in resource["schema"]["primaryKey"]]
            for r in rows[1:]]
    if len({tuple(k) for k in keys}) != len(keys):
        yield f"{resource['name']}: the primary key is not unique"
    for number, row in enumerate(rows[1:], 2):
        for field, cell in zip(fields, row):
            if not cell_fits(field, cell):
                yield f"{resource['name']}:{number}: {field['name']}"


def all_faults(folder):
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    yield from schema_faults(package)
    for resource in package["resources"]:
        raw = (folder / resource["path"]).read_bytes()
        if len(raw) != resource["bytes"]:
            yield f"{resource['name']}: bytes"
        if "sha256:" + hashlib.sha256(raw).hexdigest() != resource["hash"]:
            yield f"{resource['name']}: hash"
        for field in resource["schema"]["fields"]:
            yield from category_faults(field)
        yield from table_faults(resource, raw)


def main():
    faults = list(all_faults(pathlib.Path(sys.argv[1]) / "data"))
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
