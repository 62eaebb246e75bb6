# SPDX-License-Identifier: BSD-2-Clause
"""The first hour of a new user: runs tests/packages/first-hour.story in a Root and makes docs/first-hour.md of it.

A story is the page without what the commands print. A line that begins with a prompt is a command; lines after it that begin
with "> " belong to it:

    mx#         root, on the mail server
    office$     somebody on a host of the own network, 192.0.2.7
    scanner$    the same on another one, 192.0.2.130
    outside$    somebody on a host elsewhere, 203.0.113.9

A line that begins with "%wait " is not shown: it waits until the mail log has a line that holds the rest of it.
"""
import re
from pathlib import Path

from rig_root import SRC, Root, deb, wait_until

HERE = Path(__file__).resolve().parent
STORY = HERE / "first-hour.story"
PAGE = SRC / "docs/first-hour.md"
PROMPT = re.compile(r"(mx#|office\$|scanner\$|outside\$) (.*)")
COLUMNS = {"COLUMNS": "100"}  # Long lines are broken, as at a terminal.
SHELL = ("bash", "--norc", "-c")
# Hosts beside the server: in which network, and the address that the server sees.
HOSTS = {"office$": ("office", "192.0.2.7"), "scanner$": ("office", "192.0.2.130"), "outside$": ("outside", "203.0.113.9")}
# What differs from run to run, and what the page says in its place.
FIXED = (
    (r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d\b", "Mar  1 10:00:00"),
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d", "2027-03-01 10:00:00"),
    (r"(?<=[a-z])\[\d+\](?=:)", "[1234]"),
    (r"\bus=\d+", "us=9"),
    (r"\b(instance(?:=| +\"))[0-9a-f.]+", r"\g<1>1a2.65e1b0c0.1a2b3.0"),
    (r"(?<=queued as )[0-9A-F]+$", "4A5B6C7D8E"),
    (r"process \d+, runs for \d+ s, \d+ workers?", "process 1234, runs for 1 s, 2 workers"),
    (r"\bPostfix 3\.7\.\d+", "Postfix 3.7.11"),
    # How many lines Postfix had logged by then.
    (r"(?<=^    line      )\d+$", "57"),
    (r"(?<=^/var/log/mail.log: )\d+(?= lines)", "63"),
    (r"(?<=^    of others    )\d+(?= lines)", "57"),
    # What apt and dpkg say of the machine, not of the package.
    (r"^(N: |\(Reading database |Processing triggers |Not building database).*\n", ""),
    (r"^\n(?=Created|Creating|\Z)", ""),
    (r"(?<=[UG]ID )\d+", "995"),
)


def fixed(text):
    """The text with fixed words for what differs from run to run."""
    for pattern, word in FIXED:
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    return text


def make_world(root):
    """Debian's Postfix as it is for an "Internet Site" named mx.example.org, between a network and the world."""
    root.run("sh", "-ec", "echo nameserver 127.0.0.1 > /etc/resolv.conf")
    root.fresh_postfix()
    root.write("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n198.51.100.25 mx.example.org mx\n")
    # One router joins all: the server has its gateway, and sees the hosts' own addresses.
    root.run("sh", "-ec", """
        mkdir -p /run/netns
        for host in router office outside; do ip netns add $host; ip -n $host link set lo up; done
        join() {  # NAMESPACE ADDRESS/LEN GATEWAY/LEN
            ip -n router link add to-$1 type veth peer name eth0 netns $1
            ip -n router address add $3 dev to-$1
            ip -n router link set to-$1 up
            ip -n $1 address add $2 dev eth0
            ip -n $1 link set eth0 addrgenmode none up
            ip -n $1 route add default via ${3%/*}
        }
        join office 192.0.2.7/24 192.0.2.1/24
        ip -n office address add 192.0.2.130/24 dev eth0
        join outside 203.0.113.9/24 203.0.113.1/24
        ip -n router link add to-mx type veth peer name eth0 netns $$
        ip -n router address add 198.51.100.1/24 dev to-mx
        ip -n router link set to-mx up
        ip address add 198.51.100.25/24 dev eth0
        ip link set eth0 addrgenmode none up
        ip route add default via 198.51.100.1
        ip netns exec router sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
        """)
    root.put(HERE / "send-mail", "/usr/bin/send-mail")
    # There is no systemd: what the unit says of starting and reloading is done by a stand-in.
    root.run("mv", "/usr/bin/systemctl", "/usr/bin/systemctl.real")
    root.put(HERE / "systemctl", "/usr/bin/systemctl")
    root.run("mkdir", "-p", "/run/systemd/system")


def perform(root, prompt, command):
    """What a command prints; a status other than 0 stands at its end in brackets."""
    if prompt == "mx#":
        done = root.run(*SHELL, command, check=False, cwd="/root", env=COLUMNS)
    else:
        network, address = HOSTS[prompt]
        done = root.run("ip", "netns", "exec", network, "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *SHELL,
                        command, check=False, env={**COLUMNS, "OWN_ADDRESS": address})
    said = done.stdout
    if said and not said.endswith("\n"):
        said += "\n"
    return said + (f"[{done.returncode}]\n" if done.returncode else "")


def wait_logged(root, text):
    wait_until(lambda: text in root.read("/var/log/mail.log"), what=f'"{text}" in the mail log')


def commands(lines):
    """The story in pieces: ("text", line), ("wait", what), (prompt, command)."""
    pieces = []
    for line in lines:
        if found := PROMPT.fullmatch(line):
            pieces.append((found[1], found[2]))
        elif line.startswith("> ") and pieces[-1][0] not in ("text", "wait"):
            pieces[-1] = (pieces[-1][0], f"{pieces[-1][1]}\n{line[2:]}")
        elif line.startswith("%wait "):
            pieces.append(("wait", line.removeprefix("%wait ")))
        else:
            pieces.append(("text", line))
    return pieces


def tell(root, story, show=lambda text: None):
    """Runs the story; returns the page."""
    page, inside = [], False

    def add(text):
        page.append(text)
        show(text)

    for kind, text in commands(story.splitlines()):
        if kind == "wait":
            wait_logged(root, text)
            continue
        if inside != (kind != "text"):
            add("```\n" if inside else "```console\n")
            inside = not inside
        if kind == "text":
            add(text + "\n")
        else:
            add(f"{kind} " + text.replace("\n", "\n> ") + "\n" + fixed(perform(root, kind, text)))
    if inside:
        add("```\n")
    return "".join(page)


def make_page(show=lambda text: None, package=None):
    """The whole page, from a new root."""
    with Root() as root:
        make_world(root)
        package = package or deb()
        root.put(package, f"/root/{package.name}")
        return tell(root, STORY.read_text(), show)
