# SPDX-License-Identifier: GPL-3.0-or-later
"""Long lists of the API: pages without gaps or repetitions, and filters."""

import urllib.parse

from api_world import world
from cases import check, check_equal, lab_test


def pages(site, path, key, follow="after", **query):
    """What all pages of three have, each asked for with `next` of the one before."""
    found, query = [], {**query, "limit": 3}
    while True:
        page = site.do("GET", f"{path}?{urllib.parse.urlencode(query)}")
        check(len(page["items"]) <= 3, f"{path}: a page of {len(page['items'])}")
        found += [each[key] for each in page["items"]]
        if "next" not in page:
            return found
        check_equal(len(page["items"]), 3, f"{path}: a page that is not the last")
        query[follow] = page["next"]


def names(site, path, **query):
    return [each["name"] for each in site.items(f"{path}?{urllib.parse.urlencode(query)}")]


def check_pages(site):
    for name in ("nb-02", "NB-10", "nb-01", "zz-1", "ZZ-2"):
        site.device(name=name)
    every = [each["name"] for each in site.items("/devices?limit=1000")]
    check_equal(every, sorted(every, key=str.lower), "computers, by name whatever the case")
    check_equal(pages(site, "/devices", "name"), every, "computers in pages")
    check_equal(pages(site, "/devices", "name", name="*NB*"), ["nb-01", "nb-02", "NB-10"],
                "computers with a name, in pages")
    room = site.collection(rules=["Name like 'nb-*'"], members=["PC-01", "PC-02", "PC-03"])
    inside = ["nb-01", "nb-02", "NB-10", "PC-01", "PC-02", "PC-03"]
    check_equal(pages(site, f"/collections/{room}/members", "name"), inside, "members in pages")
    check_equal(pages(site, "/devices", "name", collection=room), inside, "computers of a room")
    for _ in range(7):
        site.collection()
    every = [each["name"] for each in site.items("/collections?limit=1000")]
    check_equal(pages(site, "/collections", "name"), every, "collections in pages")
    numbers = [site.deployed() for _ in range(7)][::-1] + [site.deployment]
    check_equal(pages(site, "/deployments", "id", "before"), numbers, "deployments in pages")
    every = [each["id"] for each in site.audit()]
    check_equal(every, sorted(every, reverse=True), "the audit, the newest first")
    check_equal(pages(site, "/audit", "id", "before"), every, "the audit in pages")
    lines = [f"line {number}" for number in range(1, 8)]
    check_equal(pages(site, "/devices/PC-01/log", "text"), lines, "lines of a computer in pages")


def check_filters(site):
    check_equal(names(site, "/devices", name="pc-0?"), ["PC-01", "PC-02", "PC-03"], "PC-0?")
    for name in ("z_1", "zz1"):
        site.collection(name=name)
    check_equal(names(site, "/collections", name="z_1"), ["z_1"], "_ stands for itself")
    check_equal(names(site, "/devices", name="z%"), [], "% stands for itself")
    check_equal(names(site, "/devices", approval="pending"), [], "who waits for approval")
    check("PC-01" in names(site, "/devices", approval="approved"), "approved computers")
    site.image_added("Office")
    check_equal(names(site, "/images", name="off*"), ["Office"], "images by name")
    check_equal(names(site, "/images", kind="driver package"), [], "driver packages")
    check("image" in names(site, "/images", kind="operating system image"), "images by kind")
    check_equal(names(site, "/sequences", name="inst*"), ["install"], "sequences by name")
    check_equal(names(site, "/sequences", name="nothing"), [], "sequences by another name")
    stopped, other = site.deployed(), site.collection(members=["PC-03"])
    site.do("POST", f"/deployments/{stopped}/cancel", {})
    elsewhere = site.deployed(collection=other)
    for query, expected in ((f"state=cancelled&collection={site.room}", [stopped]),
                            (f"collection={other}", [elsewhere]), ("state=paused", [])):
        check_equal([each["id"] for each in site.items(f"/deployments?{query}")], expected, query)


def lists(programs, database):
    with world(programs, database) as site:
        check_pages(site)
        check_filters(site)


@lab_test(60)
def lists_come_in_pages_and_can_be_filtered(programs):
    lists(programs, "sqlite")


@lab_test(60)
def lists_come_in_pages_and_can_be_filtered_on_postgresql(programs):
    lists(programs, "postgresql")
