# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/api.yaml as a test reads it: its operations, and whether a document fits a schema.

Judged by code of the test's own and more strictly than by JSON Schema: a member that `properties`
does not name is a fault unless additionalProperties says what it may be.
"""

import dataclasses
import os
import re
import urllib.parse

DESCRIPTION = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/api.yaml")
TYPES = {"null": lambda v: v is None, "boolean": lambda v: isinstance(v, bool),
         "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
         "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
         "string": lambda v: isinstance(v, str), "array": lambda v: isinstance(v, list),
         "object": lambda v: isinstance(v, dict)}
KEYWORDS = {"type", "enum", "minimum", "maximum", "minLength", "maxLength", "format", "items",
            "minItems", "maxItems", "uniqueItems", "properties", "required",
            "additionalProperties", "default", "description"}


@dataclasses.dataclass
class Operation:
    name: str
    method: str
    pattern: str
    body: dict        # schema, or None
    parameters: dict  # {name: (where, schema)}
    responses: dict   # {status: {content type: schema}}

    @property
    def writes(self):
        return self.method != "GET"

    def path(self, values):
        return re.sub(r"\{(\w+)\}",
                      lambda match: urllib.parse.quote(str(values[match[1]]), safe=""),
                      self.pattern)


class Description:
    def __init__(self):
        import yaml  # where the tests are only listed it need not be installed
        with open(DESCRIPTION, encoding="utf-8") as file:
            self.text = file.read()
        self.root = yaml.safe_load(self.text)
        self.operations = {}
        for pattern, path in self.root["paths"].items():
            for method in path:
                if method != "parameters":
                    self._read(pattern, method.upper(), path)

    def _read(self, pattern, method, path):
        described = path[method.lower()]
        parameters = [self.resolved(each)
                      for each in path.get("parameters", []) + described.get("parameters", [])]
        content = self.resolved(described.get("requestBody", {})).get("content", {})
        responses = {
            int(status): {kind: self.resolved(each["schema"])
                          for kind, each in self.resolved(response)["content"].items()}
            for status, response in described["responses"].items()}
        name = described["operationId"]
        assert name not in self.operations, f"two operations named {name}"
        self.operations[name] = Operation(
            name, method, pattern,
            self.resolved(content["application/json"]["schema"]) if content else None,
            {each["name"]: (each["in"], self.resolved(each["schema"])) for each in parameters},
            responses)

    def methods_at(self, path):
        """What may be done there, by whatever pattern."""
        return {each.method for each in self.operations.values()
                if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", each.pattern), path)}

    def schema(self, name):
        return self.root["components"]["schemas"][name]

    def resolved(self, node):
        while "$ref" in node:
            target = self.root
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[key]
            node = target
        return node

    def faults(self, document, schema, place=""):
        """What is wrong, one line each; none: it fits."""
        schema = self.resolved(schema)
        unknown = set(schema) - KEYWORDS
        assert not unknown, f"{place}: the test does not know {unknown} of {schema}"
        types = schema.get("type", list(TYPES))
        types = [types] if isinstance(types, str) else types
        if not any(TYPES[each](document) for each in types):
            return [f"{place}: {document!r} is not of {types}"]
        if document is None:
            return []
        found = []
        if document not in schema.get("enum", [document]):
            found.append(f"{place}: {document!r} is not one of {schema['enum']}")
        for key, fits in (("minimum", lambda limit: document >= limit),
                          ("maximum", lambda limit: document <= limit),
                          ("minLength", lambda limit: len(document) >= limit),
                          ("maxLength", lambda limit: len(document) <= limit),
                          ("minItems", lambda limit: len(document) >= limit),
                          ("maxItems", lambda limit: len(document) <= limit)):
            if key in schema and not fits(schema[key]):
                found.append(f"{place}: {document!r} breaks {key} {schema[key]}")
        if isinstance(document, list):
            for number, item in enumerate(document):
                found += self.faults(item, schema.get("items", {}), f"{place}/{number}")
        if isinstance(document, dict):
            found += self._faults_of_members(document, schema, place)
        return found

    def _faults_of_members(self, document, schema, place):
        found = [f"{place}/{key}: missing" for key in schema.get("required", [])
                 if key not in document]
        others = schema.get("additionalProperties", False)
        for key, value in document.items():
            known = schema.get("properties", {}).get(key)
            if known is None and isinstance(others, dict):
                known = others
            if known is not None:
                found += self.faults(value, known, f"{place}/{key}")
            elif others is not True:
                found.append(f"{place}/{key}: is not in the description")
        return found
