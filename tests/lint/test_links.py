#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Links in documents: files, headings, and the tests that docs/answers.md names, exist."""
import os
import re
import unittest
from pathlib import Path

SRC = Path(os.environ.get("PL_SRC", Path(__file__).resolve().parents[2])).resolve()
LINK = re.compile(r"\[([^\]\[]*(?:\[[^\]]*\][^\]\[]*)*)\]\(([^()\s]+)\)")
FOLDERS = ("docs", "tests", "contrib", "etc")


def pages():
    return [*SRC.glob("*.md")] + sorted(p for folder in FOLDERS for p in (SRC / folder).rglob("*.md"))


def prose(path):
    """The text of a page without its examples."""
    return re.sub(r"(?ms)^```.*?^```$", "", path.read_text())


def anchors(path):
    """The names of a page's headings, as GitHub makes them."""
    seen, found = {}, set()
    for title in re.findall(r"(?m)^#+ +(.*?) *$", prose(path)):
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
        name = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        count = seen.get(name, 0)
        seen[name] = count + 1
        found.add(name if count == 0 else f"{name}-{count}")
    return found


class Links(unittest.TestCase):
    def test_no_link_is_dead(self):
        links = 0
        for page in pages():
            for text, target in LINK.findall(prose(page)):
                if re.match(r"[a-z]+:", target):
                    continue
                links += 1
                with self.subTest(page=str(page.relative_to(SRC)), link=target):
                    name, _, anchor = target.partition("#")
                    to = (page.parent / name).resolve() if name else page
                    self.assertTrue(to.exists(), "no such file")
                    self.assertTrue(to.is_relative_to(SRC), "leads out of the tree")
                    if anchor:
                        self.assertIn(anchor, anchors(to))
        self.assertGreater(links, 100)

    def test_named_tests_exist(self):
        """`file: words`, with a link to that file, says that these words stand in it; for a test, that it is defined."""
        named = 0
        for page in pages():
            for text, target in LINK.findall(prose(page)):
                found = re.fullmatch(r"`([\w.-]+): (.*)`", text)
                if not found:
                    continue
                named += 1
                with self.subTest(page=str(page.relative_to(SRC)), test=text):
                    to = page.parent / target
                    self.assertEqual(to.name, found[1])
                    words = f"def {found[2]}(" if found[2].startswith("test_") else found[2]
                    self.assertIn(words, to.read_text())
        self.assertGreater(named, 30)

    def test_each_complaint_has_an_answer(self):
        rows = re.findall(r"(?m)^\| (\d+) \| (.*) \| (.*) \| (.*) \|$", (SRC / "docs/answers.md").read_text())
        self.assertEqual([int(row[0]) for row in rows], list(range(1, 60)))
        linked = False
        for number, complaint, answer, shown in rows:
            with self.subTest(number=number):
                self.assertTrue(complaint and answer)
                linked = bool(LINK.search(shown)) or (linked and shown == "the same")
                self.assertTrue(linked, "no link shows it")


if __name__ == "__main__":
    unittest.main()
