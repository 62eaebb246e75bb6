# SPDX-License-Identifier: BSD-2-Clause
"""A small reader of Containerfiles: the instructions that ours use, each checked for its form. Anything else is an error."""
import json
import re
import shlex

# Instruction: may its words be a JSON array ("exec form")? None: only an array is wanted here.
KNOWN = {"FROM": False, "RUN": True, "COPY": False, "WORKDIR": False, "USER": False, "EXPOSE": False, "HEALTHCHECK": True,
         "ENTRYPOINT": None}


class Bad(Exception):
    """line: what is wrong."""


class Stage:
    """image, name (or None), and steps: (line, instruction, flags, words). The words of RUN are one shell command."""

    def __init__(self, image, name):
        self.image, self.name, self.steps = image, name, []

    def all(self, instruction):
        return [step for step in self.steps if step[1] == instruction]

    def last(self, instruction):
        found = self.all(instruction)
        return found[-1][3] if found else None


def logical_lines(text):
    """(number of the first line, the text with continued lines joined); comments may stand between continued lines."""
    joined, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or (line.strip() == "" and not joined):
            continue
        if line.strip() == "":
            raise Bad(f"{number}: empty line within an instruction")
        first = first or number
        if line.endswith("\\"):
            joined += line[:-1] + " "
            continue
        yield first, (joined + line).strip()
        joined, first = "", 0
    if joined:
        raise Bad(f"{first}: ends with a line that is continued")


def words_of(number, instruction, rest):
    if instruction == "HEALTHCHECK":
        if not rest.startswith("CMD ["):
            raise Bad(f"{number}: HEALTHCHECK: expected options, then CMD and an array")
        rest = rest[4:]
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except ValueError as wrong:
            raise Bad(f"{number}: {instruction}: {wrong}") from wrong
        if KNOWN[instruction] is False or not words or not all(isinstance(w, str) for w in words):
            raise Bad(f"{number}: {instruction}: expected words")
        return words
    if KNOWN[instruction] is None:
        raise Bad(f"{number}: {instruction}: expected an array; a shell would stand between the engine's signals and the program")
    return rest if instruction == "RUN" else shlex.split(rest)


def read(text):
    """The stages. Raises Bad."""
    stages = []
    for number, line in logical_lines(text):
        instruction, _, rest = line.partition(" ")
        if instruction not in KNOWN:
            raise Bad(f"{number}: unknown instruction {instruction!r}")
        flags = {}
        while match := re.match(r"\s*--([a-z-]+)=(\S+)\s+", rest):
            flags[match[1]] = match[2]
            rest = rest[match.end():]
        rest = rest.strip()
        if rest == "":
            raise Bad(f"{number}: {instruction}: nothing follows")
        words = words_of(number, instruction, rest)
        if instruction == "FROM":
            if len(words) not in (1, 3) or (len(words) == 3 and words[1] != "AS"):
                raise Bad(f"{number}: FROM: expected IMAGE or IMAGE AS NAME")
            stages.append(Stage(words[0], words[2] if len(words) == 3 else None))
            continue
        if not stages:
            raise Bad(f"{number}: {instruction} before FROM")
        if instruction == "COPY":
            if set(flags) - {"from"} or len(words) < 2:
                raise Bad(f"{number}: COPY: expected [--from=STAGE] SOURCE… TARGET")
            if "from" in flags and flags["from"] not in [s.name for s in stages[:-1]]:
                raise Bad(f"{number}: COPY: no stage {flags['from']!r} before this one")
            if len(words) > 2 and not words[-1].endswith("/"):
                raise Bad(f"{number}: COPY: several sources want a folder, with a slash at its end")
        stages[-1].steps.append((number, instruction, flags, words))
    if not stages:
        raise Bad("no FROM")
    return stages
