# SPDX-License-Identifier: BSD-2-Clause
"""An SMTP client that sends exactly the bytes it is told to."""
import base64
import collections
import socket
import ssl

TIMEOUT_S = 30


class Reply(collections.namedtuple("Reply", "code text")):
    """code is a number; text is the rest of the lines, without the code, joined by newlines."""

    def __str__(self):
        return "%d %s" % (self.code, self.text)


def xtext(value):
    """XCLIENT's encoding of a value."""
    data = value if isinstance(value, bytes) else value.encode()
    return "".join(chr(b) if 33 <= b <= 126 and b not in b"+=" else "+%02X" % b for b in data)


class SmtpClient:
    """One SMTP session. xclient: what to pretend to be, {"ADDR": "203.0.113.9", "NAME": None, ...}; None means
    [UNAVAILABLE]. Closes with the with-block."""

    def __init__(self, address, xclient=None, helo="client.example.net", tls=None, login=None):
        self.sock = socket.create_connection(address, TIMEOUT_S)
        self.file = self.sock.makefile("rb")
        self.helo = helo
        self.transcript = []
        self.greeting = self.reply()
        if self.greeting.code == 220 and helo is not None:
            self.ehlo()
            if tls is not None:
                self.starttls(tls)
                self.ehlo()
            if xclient is not None:
                self.xclient(xclient)
                self.ehlo()
            if login is not None:
                self.expect(235, self.auth_plain(*login))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.file.close()
        self.sock.close()

    def reply(self):
        lines, code = [], 0
        while True:
            line = self.file.readline(1 << 20)
            if not line:
                raise ConnectionError("the server has closed the connection\n" + self.dump())
            self.transcript.append("S: " + ascii(line.decode("utf-8", "backslashreplace"))[1:-1])
            text = line.decode("utf-8", "backslashreplace").rstrip("\r\n")
            code = int(text[:3])
            lines.append(text[4:])
            if text[3:4] != "-":
                return Reply(code, "\n".join(lines))

    def raw(self, data):
        """Send bytes as they are."""
        data = data if isinstance(data, bytes) else data.encode()
        self.transcript.append("C: " + ascii(data.decode("utf-8", "backslashreplace"))[1:-1])
        self.sock.sendall(data)

    def cmd(self, line):
        """Send a line, CRLF is added; the reply."""
        self.raw((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return self.reply()

    def expect(self, code, reply):
        if reply.code != code:
            raise AssertionError("expected %d, got %s\n%s" % (code, reply, self.dump()))
        return reply

    def dump(self):
        return "\n".join(self.transcript)

    def ehlo(self):
        return self.expect(250, self.cmd("EHLO " + self.helo))

    def xclient(self, values):
        words = ["%s=%s" % (k, "[UNAVAILABLE]" if v is None else xtext(v)) for k, v in values.items()]
        return self.expect(220, self.cmd("XCLIENT " + " ".join(words)))

    def auth_plain(self, user, password):
        token = base64.b64encode(b"\0" + user.encode() + b"\0" + password.encode()).decode()
        return self.cmd("AUTH PLAIN " + token)

    def starttls(self, context):
        self.expect(220, self.cmd("STARTTLS"))
        self.file.close()
        self.sock = context.wrap_socket(self.sock)
        self.file = self.sock.makefile("rb")

    def mail(self, sender="spam@sender.example.net", options=""):
        line = b"MAIL FROM:<" + (sender if isinstance(sender, bytes) else sender.encode()) + b">"
        return self.cmd(line + (b" " + options.encode() if options else b""))

    def rcpt(self, recipient):
        """RCPT TO with a recipient in angle brackets."""
        return self.cmd(b"RCPT TO:<" + (recipient if isinstance(recipient, bytes) else recipient.encode()) + b">")

    def data(self, body="Subject: test\r\n\r\ntest\r\n"):
        """DATA, the message, the dot; the last reply."""
        reply = self.cmd("DATA")
        if reply.code != 354:
            return reply
        self.raw(body)
        return self.cmd(".")

    def rset(self):
        return self.expect(250, self.cmd("RSET"))


def tls_context(ca, certificate=None, key=None):
    """A client's TLS context that trusts the test's CA and shows a certificate, if one is given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(ca)
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context
