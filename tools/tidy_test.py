#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Feeds tidy.py bad files and good ones: every rule must bite, and none may bite the innocent."""

import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import tidy  # noqa: E402

LICENCE = "// SPDX-License-Identifier: GPL-3.0-or-later\n"
SCRIPT = "# SPDX-License-Identifier: GPL-3.0-or-later\n"


def messages(path, text, licence=LICENCE):
    return [message for _, _, message in tidy.check_text(path, licence + text)]


class TidyTest(unittest.TestCase):
    def assert_bites(self, path, text, part, line=2, licence=LICENCE):
        found = messages(path, text, licence)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{path}:{line}: "), found[0])
        self.assertIn(part, found[0])

    def assert_quiet(self, path, text, licence=LICENCE):
        self.assertEqual(messages(path, text, licence), [])

    def test_layers_may_only_look_down(self):
        for path, header in (("src/base/x.h", "fec/code.h"), ("src/fec/x.cc", "crypto/hash.h"),
                             ("src/content/x.cc", "mcast/packet.h"),
                             ("src/mcast/x.cc", "net/socket.h"), ("src/net/x.cc", "store/db.h"),
                             ("src/disk/x.cc", "session/engine.h"),
                             ("src/agent/x.cc", "server/api.h"),
                             ("src/server/x.cc", "agent/agent.h"),
                             ("src/server/x.cc", "sim/world.h"), ("src/sim/x.cc", "net/socket.h"),
                             ("src/mcast/x_test.cc", "sim/world.h")):
            self.assert_bites(path, f'#include "{header}"\n', f"must not include {header}")

    def test_layers_that_are_allowed_are_quiet(self):
        for path, header in (("src/fec/x.cc", "base/bytes.h"), ("src/mcast/x.cc", "fec/code.h"),
                             ("src/mcast/x.cc", "mcast/packet.h"),
                             ("src/sequence/x.cc", "site/device.h"),
                             ("src/windows/x.cc", "content/manifest.h"),
                             ("src/session/x.cc", "net/socket.h"),
                             ("src/agent/x.cc", "session/receive.h"),
                             ("src/cli/x.cc", "server/api.h"), ("src/sim/x.cc", "mcast/sender.h")):
            self.assert_quiet(path, f'#include "{header}"\n')

    def test_tests_may_use_their_own_layer_but_not_a_higher_one(self):
        for path, header in (("src/windows/x_test.cc", "disk/partition.h"),
                             ("src/windows/x_test_util.h", "disk/partition.h"),
                             ("src/fec/x_test.cc", "crypto/hash.h")):
            self.assert_quiet(path, f'#include "{header}"\n')
            product = path.replace("_test", "").replace("_util", "")
            self.assert_bites(product, f'#include "{header}"\n', "must not include")
        for path, header in (("src/fec/x_test.cc", "net/udp.h"), ("src/net/x_test.cc", "cli/a.h")):
            self.assert_bites(path, f'#include "{header}"\n', "must not include")

    def test_an_include_names_its_folder(self):
        self.assert_bites("src/fec/x.cc", '#include "code.h"\n', "names no folder")
        self.assert_bites("src/new/x.cc", "\n", "in no layer", line=1)

    def test_libraries_stay_in_their_adapters(self):
        for header, wrong, right in (("boost/asio.hpp", "server", "net"),
                                     ("openssl/evp.h", "content", "crypto"),
                                     ("openssl/ssl.h", "store", "net"),
                                     ("isa-l/erasure_code.h", "mcast", "fec"),
                                     ("soci/soci.h", "server", "store"),
                                     ("sqlite3.h", "server", "store"),
                                     ("libpq-fe.h", "server", "store"),
                                     ("wimlib.h", "agent", "windows"),
                                     ("ntfs-3g/volume.h", "agent", "disk"),
                                     ("libfdisk/libfdisk.h", "agent", "disk"),
                                     ("blkid/blkid.h", "windows", "disk"),
                                     ("yaml-cpp/yaml.h", "sequence", "text"),
                                     ("nlohmann/json.hpp", "server", "text"),
                                     ("CLI/CLI.hpp", "session", "cli"),
                                     ("spdlog/spdlog.h", "net", "server")):
            self.assert_bites(f"src/{wrong}/x.cc", f"#include <{header}>\n", "outside its adapter")
            self.assert_quiet(f"src/{right}/x.cc", f"#include <{header}>\n")
        self.assert_bites("src/net/x.cc", "#include <gtest/gtest.h>\n", "in product code")
        self.assert_quiet("src/net/x_test.cc", "#include <gtest/gtest.h>\n")

    def test_pure_folders_have_no_clock_thread_file_or_chance(self):
        for header in ("thread", "mutex", "random", "fstream", "iostream", "sys/socket.h",
                       "netinet/in.h", "unistd.h"):
            self.assert_bites("src/mcast/x.cc", f"#include <{header}>\n", "does no I/O")
            self.assert_quiet("src/net/x.cc", f"#include <{header}>\n")
        for call in ("std::chrono::steady_clock::now()", "time(nullptr)", "std::rand()",
                     'printf("x")', 'std::getenv("x")'):
            self.assert_bites("src/fec/x.cc", f"int a = f({call});\n", "without I/O")
            self.assert_quiet("src/net/x.cc", f"int a = f({call});\n")
        for innocent in ("int a = packet.time(now);", "int a = start_time(now);",
                         "// time(x)", 'const char* a = "rand()";', "int a = b->rand(1);"):
            self.assert_quiet("src/fec/x.cc", innocent + "\n")

    def test_banned_calls_and_throws(self):
        for call in ("strcpy(a, b)", "std::sprintf(a, b)", "system(a)", "::popen(a, b)", "gets(a)",
                     "std::atoi(a)"):
            self.assert_bites("src/net/x.cc", f"int a = {call};\n", "()")
        self.assert_bites("src/net/x.cc", "void f() { throw 1; }\n", "return an Error")
        self.assert_quiet("src/net/x.cc", "// no throw, no system(x)\nint a = file_system(1);\n")
        self.assert_quiet("src/net/x_test.cc", "int a = rig.system(1);\n")

    def test_tests_wait_for_events(self):
        for call in ("std::this_thread::sleep_for(1s)", "usleep(5)", "::sleep(1)"):
            self.assert_bites("src/net/x_test.cc", f"int a = ({call}, 1);\n", "in a test")
        self.assert_bites("tests/lab/x_test.py", "time.sleep(1)\n", "in a test", licence=SCRIPT)
        self.assert_quiet("tests/lab/x_test.py", 'run(["sleep", "1"])  # sleep(1)\n', SCRIPT)

    def test_lengths(self):
        self.assert_bites("src/net/x.cc", "//" + "x" * 99 + "\n", "101 columns")
        self.assert_bites("src/net/x.cc", "int a; \n", "blanks at the end")
        self.assert_bites("src/net/x.cc", "\n" * 800, "file of 801 lines", line=800)
        self.assert_bites("apps/muster/main.cc", "\n" * 150, "file of 151 lines", line=150)
        self.assert_bites("tools/x.py", "def f():\n" + "    g()\n" * 70, "function of 71",
                          licence=SCRIPT)
        self.assert_bites("tools/x.py", "def f(:\n", "not Python", licence=SCRIPT)

    def test_every_file_has_a_licence_and_no_loose_end(self):
        self.assert_bites("src/net/x.cc", "int a;\n", "no licence", line=1, licence="")
        self.assert_quiet("tools/x.py", "a = 1\n", licence="#!/usr/bin/python3\n" + SCRIPT)
        self.assert_bites("src/net/x.cc", "// TO" + "DO later\n", "left behind")

    def long_function(self, opening, closing="}\n"):
        return opening + "    call();\n" * 69 + closing

    def test_long_functions_are_found_in_every_shape(self):
        for opening in ("void f() {\n", "Result<int> A::f(int a) const noexcept {\n",
                        "A::A(int a) : a_(a), b_{a} {\n", "A::A() : a_{1} {\n",
                        "template <class T>\nauto f(T t) -> int {\n", "TEST(A, b_c) {\n",
                        "static int f(const char* a = \"{\") {\n"):
            shape = "namespace a {\n" + self.long_function(opening) + "}\n"
            found = messages("src/net/x.cc", shape)
            self.assertEqual(len(found), 1, (opening, found))
            self.assertIn("src/net/x.cc:3: function of 7", found[0])
        member = "class A {\npublic:\n" + self.long_function("    int f() {\n", "    }\n") + "};\n"
        self.assert_bites("src/net/x.h", member, "function of 71 lines", line=4)

    def test_functions_are_told_from_tables_and_classes(self):
        entries = "    {f(1), g(2)},\n" * 90
        self.assert_quiet("src/net/x.cc", "const A kTable[] = {\n" + entries + "};\n")
        self.assert_quiet("src/net/x.cc", "const std::map<int, int> kTable{\n" + entries + "};\n")
        members = "    int f() { return 1; }\n" * 90
        self.assert_quiet("src/net/x.cc", "struct A : B<C> {\n" + members + "};\n")
        self.assert_quiet("src/net/x.cc", "enum class A : int {\n" + "    a,\n" * 90 + "};\n")

    def test_two_functions_are_counted_apart(self):
        half = "void f() {\n" + "    call();\n" * 50 + "}\n\n"
        self.assert_quiet("src/net/x.cc", half + half)
        found = messages("src/net/x.cc", half + self.long_function("A::A() : a_{1} {\n") + half)
        self.assertEqual([message.split(": ")[0] for message in found], ["src/net/x.cc:55"])


if __name__ == "__main__":
    unittest.main()
