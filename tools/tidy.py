#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The house rules that a machine can check: tidy.py [ROOT], exits 1 when a rule is broken.

Layers are read from #include lines, so that a violation names the line; the link dependencies in
CMake say the same a second time. Lengths keep one idea per file. Every finding is one line,
`file:line: what, what to do`. The C++ reader is a tokenizer, not a parser: comments and literals
are blanked out, then braces are matched.
"""

import ast
import os
import re
import sys

MAX_FUNCTION_LINES = 70
MAX_LINE_COLUMNS = 100
MAX_FILE_LINES = 800
MAX_MAIN_LINES = 150

L0 = {"base"}
L1 = {"crypto", "fec", "content", "mcast", "site", "sequence"}
L2 = {"text", "net", "store", "disk", "windows", "netboot"}
L3 = {"server", "agent", "cli"}
BELOW_L2 = L0 | L1

# What a folder of src may include besides itself.
MAY_INCLUDE = {
    "base": set(),
    "crypto": L0,
    "fec": L0,
    "content": L0 | {"crypto"},
    "mcast": L0 | {"fec", "content", "crypto"},
    "site": L0,
    "sequence": L0 | {"site"},
    **{folder: BELOW_L2 for folder in L2},
    "session": BELOW_L2 | L2,
    "server": BELOW_L2 | L2 | {"session"},
    "agent": BELOW_L2 | L2 | {"session"},
    "cli": BELOW_L2 | L2 | {"session", "server", "agent"},
    "sim": BELOW_L2,
}

# Tests of a folder may use their whole layer: a volume needs a disk to lie on.
TEST_FILE = re.compile(r"_test(_util)?\.(cc|h)$")
IN_TESTS = {folder: layer | below for layer, below in ((L1, L0), (L2, L0 | L1)) for folder in layer}
IN_TESTS["sequence"] = L0 | L1 | {"text"}  # sequences are written in YAML

# A library belongs to the folders that adapt it.
LIBRARIES = [
    (r"boost/", {"net"}),
    (r"openssl/", {"crypto", "net"}),
    (r"(isa-l|erasure_code)", {"fec"}),
    (r"(soci/|sqlite3|libpq)", {"store"}),
    (r"wimlib", {"windows", "disk"}),
    (r"ntfs-3g/", {"windows", "disk"}),
    (r"(hivex|pugixml)", {"windows"}),
    (r"(libfdisk/|blkid/)", {"disk"}),
    (r"(yaml-cpp/|nlohmann/)", {"text"}),
    (r"(CLI/|spdlog/)", L3),
]

# The pure folders, L0 and L1, take datagrams, bytes and time as parameters.
IMPURE_HEADERS = re.compile(
    r"(thread|mutex|shared_mutex|condition_variable|future|random|fstream|iostream|filesystem|"
    r"cstdio|stdio\.h|ctime|time\.h|unistd\.h|fcntl\.h|poll\.h|netdb\.h|ifaddrs\.h|pthread\.h|"
    r"(sys|net|netinet|arpa|linux)/.*)")
IMPURE_CALLS = re.compile(
    r"(?<![\w.>])(?:std::|::)?(?P<call>time|rand|srand|random|f?printf|puts|fputs|getenv|"
    r"clock_gettime|gettimeofday)\s*\(|(?P<clock>\w*clock)::now\s*\(")
PRINTS_BY_DESIGN = {"src/base/check.cc", "src/base/result.cc"}  # the last words of a CHECK

BANNED_CALLS = {
    "strcpy": "use std::string", "strcat": "use std::string", "sprintf": "use std::string",
    "vsprintf": "use vsnprintf", "gets": "use std::getline", "atoi": "use std::from_chars",
    "atol": "use std::from_chars", "atof": "use std::from_chars", "strtok": "split a string_view",
    "system": "start the program with an argument list",
    "popen": "start the program with an argument list", "mktemp": "use mkstemp",
    "tmpnam": "use mkstemp", "alloca": "use std::vector",
}
BANNED = re.compile(r"(?<![\w.>:])(?:std::|::)?(" + "|".join(BANNED_CALLS) + r")\s*\(")
THROW = re.compile(r"\bthrow\b")
SLEEP = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|clock_nanosleep|time\.sleep)\s*\("
                   r"|(?<![\w.])(sleep)\s*\(")
OPEN_END = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")

SOURCE = re.compile(r"(\.(cc|h|py|sh|cmake|ts)|/CMakeLists\.txt|/dev|/\.ci/run)$")
SCANNED = ("CMakeLists.txt", "dev", ".ci", "apps", "bench", "cmake", "packaging", "src", "tests",
           "tools")


class Findings(list):
    def add(self, path, line, what, remedy):
        self.append((path, line, f"{path}:{line}: {what}, {remedy}"))


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


CPP_TOKENS = re.compile(
    r"//[^\n]*|/\*.*?\*/|\bR\"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)\"|"
    r"\"(?:[^\"\\\n]|\\.)*\"|(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)+'", re.S)


def without_comments_and_literals(text):
    """Same length and lines; an include line keeps its quotes because it is read separately."""
    return CPP_TOKENS.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


# ---- layers -------------------------------------------------------------------------------------

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def folder_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def check_own_include(path, line, folder, header, findings):
    target = header.split("/")[0]
    if "/" not in header or target not in MAY_INCLUDE:
        findings.add(path, line, f'"{header}" names no folder of src',
                     'write it as "folder/file.h"')
        return
    may_include = MAY_INCLUDE[folder]
    if TEST_FILE.search(path):
        may_include = may_include | IN_TESTS.get(folder, set())
    if target != folder and target not in may_include:
        allowed = ", ".join(sorted(may_include)) or "no other folder"
        findings.add(path, line, f"{folder} must not include {header}",
                     f"it may know {allowed}; move the code up or pass the value in")


def check_library_include(path, line, folder, header, findings):
    for pattern, owners in LIBRARIES:
        if re.match(pattern, header) and folder not in owners:
            findings.add(path, line, f"<{header}> outside its adapter",
                         f"use what {' or '.join(sorted(owners))} offers")
    if folder in L0 | L1 and IMPURE_HEADERS.fullmatch(header) and path not in PRINTS_BY_DESIGN:
        findings.add(path, line, f"<{header}> in {folder}, which does no I/O",
                     "take time, randomness and bytes as parameters")


def check_layers(path, text, findings):
    folder = folder_of(path)
    if folder is None:
        return
    if folder not in MAY_INCLUDE:
        findings.add(path, 1, f"src/{folder} is in no layer", "add it to MAY_INCLUDE in tidy.py")
        return
    test = TEST_FILE.search(path)
    for match in INCLUDE.finditer(text):
        line, header = line_of(text, match.start()), match[2]
        if match[1] == '"':
            check_own_include(path, line, folder, header, findings)
        elif not test:
            check_library_include(path, line, folder, header, findings)
            if header.startswith("gtest/"):
                findings.add(path, line, f"<{header}> in product code",
                             "move it to a *_test.cc or *_test_util.h")


# ---- lengths ------------------------------------------------------------------------------------

SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b[^()=]*$")
BODY = re.compile(r"(\)|\b(const|noexcept|override|final|mutable|try)|->[^;{}()]*|[\]})])$")
CONSTRUCTOR_LIST = re.compile(r"\)\s*(noexcept(\([^()]*\))?\s*)?:(?!:)")


def matching_brace(code, start):
    depth = 0
    for match in re.compile(r"[{}]").finditer(code, start):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.start()
    return len(code) - 1


def functions(code):
    """(first line, last line) of every outermost function body; code has no comments."""
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m[0]), code,
                  flags=re.M)
    head = 0  # where the current declaration starts
    position = 0
    while (match := re.compile(r"[{};]|\b(?:public|private|protected)\s*:").search(
            code, position)) is not None:
        position = match.end()
        if match[0] != "{":
            head = position
            continue
        declaration = code[head:match.start()].rstrip()
        member = CONSTRUCTOR_LIST.search(declaration) and re.search(r"[\w>]$", declaration)
        if SCOPE.search(declaration) or not declaration.strip():
            head = position
        elif ")" in declaration and BODY.search(declaration) and not member:
            end = matching_brace(code, match.start())
            begin = head + len(code[head:]) - len(code[head:].lstrip())
            yield line_of(code, begin), line_of(code, end)
            head = position = end + 1
        else:  # an initializer: part of the declaration
            position = matching_brace(code, match.start()) + 1


def check_function_length(path, first, last, findings):
    if last - first + 1 > MAX_FUNCTION_LINES:
        findings.add(path, first, f"function of {last - first + 1} lines",
                     f"split it, {MAX_FUNCTION_LINES} are enough for one idea")


def check_python(path, text, findings):
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        findings.add(path, error.lineno or 1, f"not Python: {error.msg}", "correct it")
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            check_function_length(path, node.lineno, node.end_lineno, findings)


def check_lines(path, text, findings):
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE_COLUMNS:
            findings.add(path, number, f"{len(line)} columns",
                         f"break the line, {MAX_LINE_COLUMNS} is the limit")
        if line != line.rstrip():
            findings.add(path, number, "blanks at the end of the line", "remove them")
        if match := OPEN_END.search(line):
            findings.add(path, number, f"{match[1]} left behind", "finish it or open an issue")
    limit = MAX_MAIN_LINES if path.startswith("apps/") else MAX_FILE_LINES
    if len(lines) - 1 > limit:
        findings.add(path, limit, f"file of {len(lines) - 1} lines",
                     f"split it by idea, {limit} is the limit")
    if not any("SPDX-License-Identifier: GPL-3.0-or-later" in line for line in lines[:2]):
        findings.add(path, 1, "no licence line",
                     "begin with the comment SPDX-License-Identifier: GPL-3.0-or-later")


# ---- calls --------------------------------------------------------------------------------------


def check_calls(path, code, findings):
    product = path.startswith(("src/", "apps/")) and not TEST_FILE.search(path)
    for match in BANNED.finditer(code):
        findings.add(path, line_of(code, match.start()), f"{match[1]}()", BANNED_CALLS[match[1]])
    if product:
        for match in THROW.finditer(code):
            findings.add(path, line_of(code, match.start()), "throw", "return an Error")
    if product and folder_of(path) in L0 | L1 and path not in PRINTS_BY_DESIGN:
        for match in IMPURE_CALLS.finditer(code):
            name = match["call"] or f"{match['clock']}::now"
            findings.add(path, line_of(code, match.start()), f"{name}() in a folder without I/O",
                         "take it as a parameter, or return an event")


def check_sleep(path, code, findings):
    if TEST_FILE.search(path) or path.startswith("tests/"):
        for match in SLEEP.finditer(code):
            findings.add(path, line_of(code, match.start()), f"{match[1] or match[2]}() in a test",
                         "wait for the event itself")


def check_text(path, text):
    """All findings of one file; path is relative to the root, with slashes."""
    findings = Findings()
    check_lines(path, text, findings)
    if path.endswith((".cc", ".h")):
        code = without_comments_and_literals(text)
        check_layers(path, text, findings)
        check_calls(path, code, findings)
        check_sleep(path, code, findings)
        for first, last in functions(code):
            check_function_length(path, first, last, findings)
    elif path.endswith(".py"):
        check_python(path, text, findings)
        check_sleep(path, re.sub(r"\"[^\"\n]*\"|'[^'\n]*'|#[^\n]*", "", text), findings)
    return findings


def sources(root):
    for start in SCANNED:
        if os.path.isfile(os.path.join(root, start)):
            yield start
        for folder, _, names in os.walk(os.path.join(root, start)):
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")
                if SOURCE.search("/" + path):
                    yield path


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..")
    findings, count = [], 0
    for path in sources(root):
        count += 1
        with open(os.path.join(root, path), encoding="utf-8") as file:
            findings += check_text(path, file.read())
    for _, _, message in sorted(findings):
        print(message)
    print(f"tidy: {count} files, {len(findings)} findings")
    return 1 if findings or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
