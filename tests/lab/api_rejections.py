# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that the schemas of docs/api.yaml forbid, made from these schemas.

Each is what is wrong in it, the document, a JSON pointer, and words its refusal must have: the
field, and what would be allowed.
"""

import dataclasses

from api_schema import TYPES

SAMPLES = {"null": None, "boolean": True, "integer": 7, "number": 1.5, "string": "text",
           "array": [], "object": {}}
TYPE_WORDS = {"null": "null", "boolean": "true or false", "integer": "a whole number",
              "number": "a number", "string": "a string", "array": "a list", "object": "a map"}
# A good one, bad ones, and words that say what is allowed.
FORMATS = {
    "device-name": ("PC-99", ["a b", "a/b", "-x", ""], "name"),
    "name": ("some name", ["a/b", " x", "", "line\nline"], "name"),
    "line": ("some words", ["two\nlines", "a\tb"], "line"),
    "mac": ("02:00:00:00:00:09", ["02:00:00:00:00", "x", "02:00:00:00:00:0g"], "MAC address"),
    "smbios-uuid": ("4c4c4544-0034-3510-8052-b4c04f4a3199", ["x", "4c4c4544"], "UUID"),
    "smbios-uuid-or-none": ("", ["x", "4c4c4544"], "UUID"),
    "group-range": ("auto", ["239.1.2.3", "239.1.0.9-239.1.0.1", "224.0.0.1-224.0.0.9",
                             "239.0.0.1-232.0.0.9", "x"], "239.1.0.0-239.1.0.255"),
    "rate-limit": ("mon-fri 08:00-17:00 100M",
                   ["x", "mon-fri 08:00-17:00", "foo 08:00-17:00 1M", "mon 25:00-26:00 1M"],
                   "column"),
    "maintenance-window": ("sat 22:00 for 6h", ["x", "sat 22:00", "sat 22:00 for 60h"], "column"),
    "time-zone": ("Europe/Berlin", ["Mars/Olympus", "../passwd", ""], "time zone"),
    "time": ("2030-01-01T00:00:00Z", ["tomorrow", "2030-13-01T00:00:00Z", "2030-01-01"],
             "expected"),
    "variable-name": ("Seat", ["a b", "_SMSTSx"], "variable"),
    "absolute-path": ("/tmp/x", ["x", "../x", ""], "absolute"),
}


@dataclasses.dataclass
class Wrong:
    what: str
    value: object
    pointer: str
    words: list


class Rejections:
    def __init__(self, description):
        self._description = description

    def good(self, schema):
        """A value that fits."""
        schema = self._description.resolved(schema)
        if "enum" in schema:
            return schema["enum"][0]
        if "format" in schema:
            return FORMATS[schema["format"]][0]
        kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
        if kind == "integer":
            return schema.get("minimum", schema.get("maximum", 0))
        if kind == "array":
            return [self.good(schema["items"])] * schema.get("minItems", 0)
        if kind == "object":
            return {key: self.good(schema["properties"][key])
                    for key in schema.get("required", [])}
        return SAMPLES[kind]

    def of(self, schema, name, pointer=""):
        """Every way in which a value can be wrong. name: of the field, as people read it."""
        schema = self._description.resolved(schema)
        allowed = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        for kind, sample in SAMPLES.items():
            if any(TYPES[each](sample) for each in allowed):
                continue
            yield Wrong(f"{kind} for {name}", sample, pointer, [name, TYPE_WORDS[allowed[0]]])
        if "enum" in schema:
            other = False if allowed == ["boolean"] else "no such word"
            yield Wrong(f"{name} not of its words", other, pointer,
                        [name, *(str(each).lower() if each is True else each
                                 for each in schema["enum"])])
        for kind in allowed:
            yield from getattr(self, f"_{kind}", self._nothing)(schema, name, pointer)

    @staticmethod
    def _nothing(*_):
        return ()

    @staticmethod
    def _integer(schema, name, pointer):
        for key, step in (("minimum", -1), ("maximum", 1)):
            if key in schema:
                yield Wrong(f"{name} beyond its {key}", schema[key] + step, pointer,
                            [name, str(schema[key])])

    @staticmethod
    def _string(schema, name, pointer):
        if "maxLength" in schema:
            most = schema["maxLength"]
            yield Wrong(f"{name} too long", "x" * (most + 1), pointer, [name, str(most)])
        if schema.get("minLength"):
            yield Wrong(f"{name} empty", "", pointer, [name, "empty"])
        if "format" in schema:
            _, bad, words = FORMATS[schema["format"]]
            for text in bad:
                yield Wrong(f"{name} {text!r}", text, pointer, [name, words])

    def _array(self, schema, name, pointer):
        good = self.good(schema["items"])
        if schema.get("minItems"):
            yield Wrong(f"{name} empty", [], pointer, [name, f"at least {schema['minItems']}"])
        if "maxItems" in schema:
            many = [good] * (schema["maxItems"] + 1)
            yield Wrong(f"{name} with too many", many, pointer, [name, str(schema["maxItems"])])
        if schema.get("uniqueItems"):
            yield Wrong(f"{name} twice", [good, good], f"{pointer}/1", [f"{name}[1]", "twice"])
        for wrong in self.of(schema["items"], f"{name}[0]", f"{pointer}/0"):
            yield dataclasses.replace(wrong, value=[wrong.value])

    def _object(self, schema, name, pointer):
        for wrong in self.members(schema, {}, f"{name}.", pointer):
            yield wrong

    def members(self, schema, given, prefix="", pointer=""):
        """Documents with one wrong member. given: one that fits."""
        schema = self._description.resolved(schema)
        for key, inner in schema["properties"].items():
            for wrong in self.of(inner, prefix + key, f"{pointer}/{key}"):
                yield dataclasses.replace(wrong, value={**given, key: wrong.value})
        for key in schema.get("required", []):
            yield Wrong(f"no {prefix}{key}", {k: v for k, v in given.items() if k != key},
                        f"{pointer}/{key}", [prefix + key, "missing"])
        yield Wrong(f"{prefix}no_such_field", {**given, "no_such_field": 1},
                    f"{pointer}/no_such_field",
                    [f"{prefix}no_such_field", "no such field", *schema["properties"]])
