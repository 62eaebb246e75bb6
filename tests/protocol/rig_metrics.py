# SPDX-License-Identifier: BSD-2-Clause
"""A strict reader of Prometheus's text format 0.0.4 and of OpenMetrics 1.0, for tests. It refuses what a scraper might let pass."""
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
VALUE = re.compile(r"[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)")
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "unknown": ("",), "info": ("_info",), "histogram": ("_bucket", "_sum", "_count")}


class Malformed(Exception):
    pass


def labels_of(text, line):
    """{name: value} of what stands between braces; all of it must be labels."""
    found, at = {}, 0
    while at < len(text):
        label = LABEL.match(text, at)
        if not label or label.group(1) in found:
            raise Malformed(f"labels: {line!r}")
        found[label.group(1)] = re.sub(r"\\(.)", lambda m: "\n" if m.group(1) == "n" else m.group(1), label.group(2))
        at = label.end()
        if at < len(text):
            if text[at] != "," or at + 1 == len(text):
                raise Malformed(f"labels: {line!r}")
            at += 1
    return found


def check_histogram(name, samples):
    buckets = [(labels, value) for sample, labels, value in samples if sample == name + "_bucket"]
    bounds = [float(labels["le"].replace("+Inf", "inf")) for labels, _ in buckets]
    counts = [value for _, value in buckets]
    values = {sample: value for sample, _, value in samples}
    if bounds != sorted(set(bounds)) or bounds[-1:] != [float("inf")]:
        raise Malformed(f"{name}: bounds {bounds}")
    if counts != sorted(counts) or counts[-1] != values[name + "_count"] or name + "_sum" not in values:
        raise Malformed(f"{name}: {samples}")


def read(text, openmetrics=False):
    """{family: (type, [(sample, {label: value}, number)])}; the family's name is that of its TYPE line."""
    families, current, seen = {}, None, set()
    if not text.endswith("\n"):
        raise Malformed("no line end at the end")
    lines = text.split("\n")[:-1]
    if openmetrics and lines.pop() != "# EOF":
        raise Malformed("no # EOF at the end")
    lines = iter(lines)
    for line in lines:
        help_line = re.fullmatch(rf"# HELP ({NAME}) (\S.*)", line)
        if help_line:
            current = help_line.group(1)
            kind = re.fullmatch(rf"# TYPE {current} (counter|gauge|histogram|info|unknown)", next(lines, ""))
            if not kind or current in families or (not openmetrics and kind.group(1) in ("info", "unknown")):
                raise Malformed(f"no TYPE behind {line!r}, or a second one")
            families[current] = (kind.group(1), [])
            continue
        sample = re.fullmatch(rf"({NAME})(?:\{{(.*)\}})? (\S+)", line)
        if not sample or current is None or not VALUE.fullmatch(sample.group(3)):
            raise Malformed(f"no sample: {line!r}")
        name, labels, value = sample.group(1), labels_of(sample.group(2) or "", line), float(sample.group(3))
        kind = families[current][0]
        suffixes = ("",) if kind == "counter" and not openmetrics else SUFFIXES[kind]
        if name not in [current + suffix for suffix in suffixes] or (kind == "counter" and not name.endswith("_total")):
            raise Malformed(f"a sample of another family than {current}: {line!r}")
        key = (name, tuple(sorted(labels.items())))
        if key in seen:
            raise Malformed(f"twice: {line!r}")
        seen.add(key)
        families[current][1].append((name, labels, value))
    for name, (kind, samples) in families.items():
        if not samples:
            raise Malformed(f"{name} has no sample")
        if kind == "histogram":
            check_histogram(name, samples)
    return families


def value(families, sample, **labels):
    """The one sample of this name and these labels."""
    found = [number for _, samples in families.values() for name, have, number in samples
             if name == sample and all(have.get(k) == v for k, v in labels.items())]
    if len(found) != 1:
        raise Malformed(f"{sample} {labels}: {found}")
    return found[0]


def samples(families, name):
    """{labels as a tuple: number} of all samples of this name."""
    return {tuple(sorted(labels.items())): number for _, all_of in families.values() for sample, labels, number in all_of
            if sample == name}
