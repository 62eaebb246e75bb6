#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The page of `postlatch matrix --html` in a browser: on a desk, on a phone, on paper."""
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import pages

CHROMIUM = shutil.which("chromium")
WIDTHS = (360, 768, 1024, 1280, 1600)

# Runs in the outer page, since the page itself allows no script: what it measures ends up in <pre id="found">.
MEASURE = """
<script>
function measure(frame) {
  const doc = frame.contentDocument, root = doc.documentElement, found = [];
  const say = (what, node) => found.push(what + ": " + (node.textContent || node.tagName).slice(0, 80));
  if (root.scrollWidth > root.clientWidth) found.push("the page is " + root.scrollWidth + " wide");
  for (const cell of doc.querySelectorAll(".cell, .matrix th, .title"))
    if (cell.clientWidth > 0 && cell.scrollWidth > cell.clientWidth + 1) say("cut", cell);
  const hidden = doc.querySelectorAll("td > .pop");
  for (const pop of hidden) if (frame.contentWindow.getComputedStyle(pop).display !== "none") say("shown by itself", pop);
  for (const cell of doc.querySelectorAll("td > .cell[tabindex]")) {
    cell.focus();
    const pop = cell.nextElementSibling, box = pop.getBoundingClientRect();
    if (frame.contentWindow.getComputedStyle(pop).display === "none") say("not shown", cell);
    if (box.left < 0 || box.right > root.clientWidth) say("beside the page", pop);
    if (root.scrollWidth > root.clientWidth) { say("widens the page", pop); break; }
    cell.blur();
  }
  const faces = new Set([...doc.querySelectorAll("td > .cell")].map(c => c.querySelector(".flow")?.textContent));
  return {found: found.slice(0, 10), cells: doc.querySelectorAll("td > .cell").length, faces: [...faces]};
}
onload = () => setTimeout(() => {
  const all = {};
  for (const frame of document.querySelectorAll("iframe")) all[frame.name] = measure(frame);
  document.getElementById("found").textContent = JSON.stringify(all);
}, 0);
</script>
"""


def chromium(*argv):
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                               "--no-first-run", f"--user-data-dir={profile}", *map(str, argv)],
                              capture_output=True, check=False, timeout=180)
    return done.stdout.decode()


class Browser(unittest.TestCase):
    def test_nothing_is_cut_or_beside_the_page(self):
        for name, conf in pages.policies().items():
            text = pages.page(conf).read_text(encoding="utf-8")
            frames = "".join(f'<iframe name="{width}" style="border:0;width:{width}px;height:800px" '
                             f'srcdoc="{html.escape(text)}"></iframe>' for width in WIDTHS)
            outer = Path(pages.TEMP.name) / "outer.html"
            outer.write_text(f"<!doctype html><meta charset=utf-8>{MEASURE}{frames}<pre id=found></pre>", encoding="utf-8")
            dom = chromium("--virtual-time-budget=20000", "--window-size=1700,900", "--dump-dom", f"file://{outer}")
            found = json.loads(html.unescape(re.search(r'<pre id="found">(.*?)</pre>', dom, re.S)[1]))
            self.assertEqual(sorted(map(int, found)), sorted(WIDTHS))
            for width, told in found.items():
                with self.subTest(name, width=width):
                    self.assertEqual(told["found"], [])
                    self.assertGreaterEqual(told["cells"], 9)
                    self.assertLessEqual(set(told["faces"]),
                                         {"mail", "relay", "OPEN", "refused", "left", "unknown", "differ"})

    def test_paper(self):
        for name, conf in pages.policies().items():
            with self.subTest(name):
                pdf = Path(pages.TEMP.name) / "page.pdf"
                pdf.unlink(missing_ok=True)
                chromium("--no-pdf-header-footer", f"--print-to-pdf={pdf}", f"file://{pages.page(conf)}")
                sizes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", pdf.read_bytes())
                self.assertTrue(sizes)
                for width, height in sizes:  # A4 landscape, in points
                    self.assertAlmostEqual(float(width), 842, delta=1)
                    self.assertAlmostEqual(float(height), 595, delta=1)
                self.assertLessEqual(len(sizes), {"smallest": 2, "hostile": 3, "firm": 6}.get(name, 30))


if __name__ == "__main__":
    if CHROMIUM is None:
        print("chromium is missing: apt-get install chromium")
        sys.exit(1 if os.environ.get("PL_REQUIRE_ALL") == "1" else 77)
    unittest.main()
