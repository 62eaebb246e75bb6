# SPDX-License-Identifier: BSD-2-Clause
"""The examples in the pages of docs/: which there are, and what each is.

A fenced block begins with its kind and a name:

    ```conf office             a policy, office.conf; it must be safe. "conf office open" expects another verdict
    ```file partners.cidr      a file that a policy or a command of the page names
    ```scenarios office        expectations, run by postlatch test -c office.conf
    ```console                 commands behind "$ ", and all that they print
    ```main.cf relay           lines of main.cf, taken by a real Postfix as the listener "relay"
    ```master.cf submission    lines of master.cf, taken likewise; the services get free ports
    ```smtp relay office       "CLIENT [login=NAME] RECIPIENT -> REPLY": sessions with that listener, postlatchd serves office.conf
    ```same old new office     "CLIENT … RECIPIENT -> taken": two listeners have the same outcome, the second with office.conf
    ```postfwd rules           rules of postfwd
    ```sql rules               rows of cbpolicyd's tables
    ```both rules office       "ATTRIBUTE=VALUE … -> ACTION": postfwd, or a model of cbpolicyd, by these rules and office.conf
                               give the same answer
    ```maillog down            lines of the mail log, which test_troubleshooting.py provokes
    ```text                    shows, and is not run

A page is a story: its blocks are taken in their order, and share a folder.
"""
import os
import re
from pathlib import Path

SRC = Path(os.environ.get("PL_SRC", Path(__file__).parents[2])).resolve()
BIN = Path(os.environ.get("PL_BIN", SRC / "build/release")).resolve()
PAGES = tuple(p for p in ("integration", "migration", "troubleshooting", "faq") if (SRC / f"docs/{p}.md").exists())
KINDS = {"conf", "file", "scenarios", "console", "main.cf", "master.cf", "smtp", "same", "postfwd", "sql", "both", "maillog", "text"}


class Block:
    def __init__(self, page, line, info, text):
        self.page, self.line, self.text = page, line, text
        self.kind, *self.words = info.split()

    @property
    def name(self):
        return self.words[0] if self.words else ""

    def __str__(self):
        return f"docs/{self.page}.md:{self.line}: {self.kind} {' '.join(self.words)}"


def blocks(page, *kinds):
    """The blocks of a page, all or some kinds of them."""
    text = (SRC / f"docs/{page}.md").read_text()
    found = [Block(page, text.count("\n", 0, m.start()) + 1, m[1] or "nothing", m[2])
             for m in re.finditer(r"(?ms)^```([^\n]*)\n(.*?)^```$", text)]
    return [b for b in found if not kinds or b.kind in kinds]


def block(page, kind, name):
    """The one block of this kind and name."""
    found = [b for b in blocks(page, kind) if b.name == name]
    assert len(found) == 1, f"docs/{page}.md has {len(found)} blocks \"{kind} {name}\""
    return found[0]


def parameters(text):
    """[(name, value)] of lines of main.cf."""
    lines = []
    for line in text.splitlines():
        line = line.rstrip()
        if not line or line.lstrip().startswith("#"):
            continue
        if line[0].isspace():
            lines[-1] += " " + line.strip()
        else:
            lines.append(line)
    return [tuple(part.strip() for part in line.split("=", 1)) for line in lines]
