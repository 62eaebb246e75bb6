#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The matrix says what the policy does; its page is well-formed, needs nothing else and escapes every text."""
import ipaddress
import itertools
import json
import re
import unittest
from html.parser import HTMLParser
from pathlib import Path

import pages

POLICIES = pages.policies()
EXAMPLES = sorted((pages.SRC / "docs/examples").glob("*.conf"))
VOID = {"meta", "br", "wbr"}
SVG_EMPTY = {"rect", "path"}


class Page(HTMLParser):
    """Strict where browsers are lenient: each tag is closed, in order, by itself."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.text, self.ids, self.described, self.tags = [], [], [], [], set()
        self.attributes = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}>: an attribute twice: {attrs}"
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id"]
        self.described += [value for name, value in attrs if name == "aria-describedby"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in SVG_EMPTY, f"<{tag}/>"
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}, line {self.getpos()}"
        self.open.pop()

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.text.append(data)


def parse(html):
    parser = Page()
    parser.feed(html)
    parser.close()
    assert parser.open == [], parser.open
    return parser


def luminance(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


class Html(unittest.TestCase):
    def test_well_formed_and_alone(self):
        for name, conf in POLICIES.items():
            with self.subTest(name):
                html = pages.page(conf).read_text(encoding="utf-8")
                parsed = parse(html)
                self.assertTrue(html.startswith("<!doctype html>\n<html lang=\"en\">"))
                self.assertEqual(len(parsed.ids), len(set(parsed.ids)))
                self.assertEqual(parsed.described, parsed.ids)
                self.assertEqual(parsed.tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "a"},
                                 set())
                self.assertEqual([a for a in parsed.attributes if a[0].startswith("on") or a[0] in ("href", "src", "style")],
                                 [])
                style = html[html.index("<style>"):html.index("</style>")]
                self.assertNotRegex(style, r"url\(|@import|https?:|expression|src\s*:")
                self.assertEqual(html.count("<style>"), 1)

    def test_texts_are_escaped(self):
        html = pages.page(POLICIES["hostile"]).read_text(encoding="utf-8")
        text = "".join(parse(html).text)
        for shown in ["</style><script>alert('x')</script>", "&lt;b&gt; &amp; &#60;script&#62;", "' onmouseover='alert(1)",
                      "REJECT <b>bold</b> & \"quotes\"", "x<img src=x onerror=alert(1)>", "\\u{202e}evil\\u{2066}"]:
            self.assertIn(shown, text)
        self.assertNotRegex(html, "[\u202a-\u202e\u2066-\u2069\u200b-\u200f]")
        self.assertNotRegex(html, "[\x00-\x09\x0b-\x1f\x7f-\x9f]")

    def test_texts_on_a_terminal_are_escaped(self):
        for argv in (["matrix"], ["who", "x@example.org"], ["where", "\u202eevil"], ["who", "\x1b[2J@example.org"]):
            out = pages.postlatch(*argv, "-c", POLICIES["hostile"])
            self.assertNotRegex(out, "[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b-\x1f\x7f-\x9f]")

    def test_the_page_says_what_the_table_says(self):
        for name, conf in POLICIES.items():
            with self.subTest(name):
                text = "".join(parse(pages.page(conf).read_text(encoding="utf-8")).text)
                verdict = pages.matrix_json(conf)["verdict"]
                self.assertIn(f"Verdict: {verdict}", text)
                self.assertIn(str(conf), text)
                self.assertIn("2025-11-25 12:00 UTC", text)

    def test_the_same_each_time(self):
        conf = POLICIES["firm"]
        self.assertEqual(pages.page(conf).read_bytes(), pages.page(conf).read_bytes())

    def test_a_file_that_cannot_be_written(self):
        path = Path(pages.TEMP.name) / "no/such/folder.html"
        self.assertEqual(pages.postlatch("matrix", "-c", POLICIES["smallest"], "--html", path, status=2), "")
        self.assertEqual(list(Path(pages.TEMP.name).glob("*.html.*")), [])

    def test_colours_are_legible(self):
        """WCAG AA for text, in both palettes: 4.5 to 1."""
        css = (pages.SRC / "src/report/matrix.css").read_text()
        palettes = re.findall(r":root \{(.*?)\}", css, re.S)
        self.assertEqual(len(palettes), 2)
        for palette in palettes:
            colour = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", palette))
            pairs = [("ink", "paper"), ("soft", "paper"), ("ink", "tint"), ("soft", "tint"), ("ink", "safe-bg")]
            pairs += [(f"{flow}-ink", f"{flow}-bg") for flow in ("mail", "relay", "refused", "open", "left", "unknown")]
            pairs += [("refused-ink", "hatch")]
            for text, ground in pairs:
                with self.subTest(text=text, ground=ground, dark="#16181b" in palette):
                    self.assertGreaterEqual(contrast(colour[text], colour[ground]), 4.5)


def addresses(row):
    """The first and last address of some networks of a row."""
    for cidr in row["networks"][:6] + row["networks"][-2:]:
        network = ipaddress.ip_network(cidr)
        yield network[0]
        yield network[-1]


class Truth(unittest.TestCase):
    """Each cell names every rule that decides there, as explain's code has it, and gives an example of each."""

    def ask(self, conf, requests):
        """The rule that decides each request: a scenario that must fail tells what came instead."""
        path = Path(pages.TEMP.name) / "scenarios"
        quote = [" ".join(f'{name}="' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for name, value in r.items())
                 for r in requests]
        path.write_text("".join(f'{line} -> REJECT no such answer rule="no such rule"\n' for line in quote))
        answer = json.loads(pages.postlatch("test", "-c", conf, "--json", path, status=1))
        self.assertEqual(answer["failed"], len(requests))
        return [(failure["action"], failure["rule"]) for failure in answer["failures"]]

    def examples(self, conf, matrix):
        expected, requests = [], []
        for line in matrix["cells"]:
            for cell in line:
                for told in cell["outcomes"]:
                    expected.append(told["rule"])
                    requests.append(told["example"])
        for request, rule, (_, got) in zip(requests, expected, self.ask(conf, requests)):
            self.assertEqual(got, rule, request)

    def between(self, conf, matrix):
        """Requests that the matrix did not choose: other addresses of a row, other senders and names."""
        where, requests = [], []
        recipients = [next((c["outcomes"][0]["example"]["recipient"] for line in matrix["cells"]
                            if (c := line[i])["outcomes"]), None) for i in range(len(matrix["columns"]))]
        for r, row in enumerate(matrix["rows"]):
            if row["kind"] != "network":
                continue
            for client, (c, recipient) in itertools.product(addresses(row), enumerate(recipients)):
                for sender, helo in itertools.product(("", "a@example.org", "b@nowhere.example"), ("h.example", "x.evil.example")):
                    where.append((r, c))
                    requests.append({"client_address": str(client), "recipient": recipient, "sender": sender,
                                     "helo_name": helo, "encryption_protocol": "TLSv1.3"})
        for (r, c), request, (_, rule) in zip(where, requests, self.ask(conf, requests)):
            self.assertIn(rule, [told["rule"] for told in matrix["cells"][r][c]["outcomes"]], request)

    def test_cells(self):
        for conf in list(POLICIES.values()) + EXAMPLES:
            with self.subTest(conf.name):
                matrix = pages.matrix_json(conf)
                self.assertIsNone(matrix["gave_up"])
                if conf.stem != "crowded":
                    self.examples(conf, matrix)
                    if any(row["networks"] for row in matrix["rows"] if row["kind"] == "network"):
                        self.between(conf, matrix)

    def test_rows_hold_every_address_once(self):
        for conf in list(POLICIES.values()) + EXAMPLES:
            with self.subTest(conf.name):
                networks = [ipaddress.ip_network(n) for row in pages.matrix_json(conf)["rows"] if row["kind"] == "network"
                            for n in row["networks"]]
                if not networks:
                    continue  # no rule asks for the address: one row, for everybody
                for version, bits in ((4, 32), (6, 128)):
                    family = sorted(n for n in networks if n.version == version)
                    self.assertEqual(sum(n.num_addresses for n in family), 2 ** bits)
                    for one, other in itertools.pairwise(family):
                        self.assertFalse(one.overlaps(other), (one, other))

    def test_open_is_what_the_verdict_says(self):
        for conf in list(POLICIES.values()) + EXAMPLES:
            with self.subTest(conf.name):
                matrix = pages.matrix_json(conf)
                flows = {told["flow"] for line in matrix["cells"] for cell in line for told in cell["outcomes"]}
                if matrix["verdict"] == "safe":
                    self.assertNotIn("OPEN", flows)
                if matrix["verdict"] == "open":
                    self.assertIn("OPEN", flows)

    def test_who_and_where_agree_with_the_matrix(self):
        conf = POLICIES["firm"]
        matrix = pages.matrix_json(conf)
        for r, row in enumerate(matrix["rows"]):
            if row["kind"] not in ("network", "login") or not matrix["cells"][r][0]["outcomes"]:
                continue
            example = matrix["cells"][r][0]["outcomes"][0]["example"]
            name = example["client_address"] if row["kind"] == "network" else example["sasl_username"]
            where = json.loads(pages.postlatch("where", "-c", conf, "--json", name))["where"]
            told = {tuple(o["rule"] for o in column["decisions"]["outcomes"]) for column in where}
            self.assertEqual(told, {tuple(o["rule"] for o in cell["outcomes"]) for cell in matrix["cells"][r]})
        for c, column in enumerate(matrix["columns"]):
            recipient = matrix["cells"][0][c]["outcomes"][0]["example"]["recipient"]
            who = json.loads(pages.postlatch("who", "-c", conf, "--json", recipient))["who"]
            told = {(o["rule"], o["flow"]) for row in who for o in row["decisions"]["outcomes"]}
            self.assertEqual(told, {(o["rule"], o["flow"]) for line in matrix["cells"] for o in line[c]["outcomes"]}, column)

    def test_room(self):
        """A page has room for 40 rows and 12 columns; what finds none is counted, and JSON has all of it."""
        conf = POLICIES["crowded"]
        matrix, text = pages.matrix_json(conf), pages.postlatch("matrix", "-c", conf)
        self.assertGreater(len(matrix["rows"]), 40)
        self.assertGreater(len(matrix["columns"]), 12)
        merged = [int(n) for n in re.findall(r"^ *\w+  … and (\d+) more classes", text.split("\n\n")[1], re.M)]
        shown = re.findall(r"^ *(\d+)  ", text.split("\n\n")[1], re.M)
        self.assertLessEqual(len(shown), 40)
        self.assertEqual(len(shown) - len(merged) + sum(merged), len(matrix["rows"]))
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)


if __name__ == "__main__":
    unittest.main()
