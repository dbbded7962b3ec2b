import os, re, socketserver, sys, threading, urllib.parse

lock = threading.Lock()


class Session(socketserver.StreamRequestHandler):
    def reply(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.reply("220 localhost ready")
        sender, recipients = None, []
        for raw in iter(lambda: self.rfile.readline(100_000), b""):
            line = raw.decode("latin-1").rstrip("\r\n")
            path = re.match(r"(?:MAIL FROM|RCPT TO):\s*(?:<([^<>\s]*)>|([^<>\s]+))\s*$", line, re.I)
            address = path and not re.search(r"[\0-\x1f\x7f]", line) and (path[1] or path[2] or "")
            verb = line.split(" ")[0].upper()
            if verb == "QUIT":
                return self.reply("221 bye")
            elif verb == "MAIL" and sender is not None or verb == "RCPT" and sender is None or verb == "DATA" and not recipients:
                self.reply("503 not now")
            elif verb == "MAIL" and isinstance(address, str):
                sender = address
                self.reply("250 sender ok")
            elif verb == "RCPT" and address:
                recipients.append(address.lower())
                self.reply("250 recipient ok")
            elif verb == "DATA":
                self.reply("354 end with a lone dot")
                self.reply(self.store(self.text(), recipients))
                sender, recipients = None, []
            else:
                self.reply("501 which address?" if verb in ("MAIL", "RCPT") else "500 unknown command")

    def text(self):
        lines = [b"\r\n"]
        for line in iter(self.rfile.readline, b""):
            if lines[-1].endswith(b"\r\n") and line.startswith(b"."):
                if line == b".\r\n":
                    return lines[1:]
                line = line[1:]
            lines.append(line)
        raise ConnectionError("the client has left in the middle of a message")

    def store(self, lines, recipients):
        if any(not line.endswith(b"\r\n") or b"\r" in line[:-2] for line in lines):
            return "554 a line ends in CR LF, and nothing else does"
        for address in set(recipients):
            name = urllib.parse.quote(address, safe="@") + ".txt"
            with lock, open(os.path.join("mailboxes", name), "ab") as mailbox:
                mailbox.write(b"".join(lines) + b"\r\n")
        return "250 stored"


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


os.makedirs("mailboxes", exist_ok=True)
Server(("127.0.0.1", int(sys.argv[1])), Session).serve_forever()
