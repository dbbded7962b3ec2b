import os, re, socketserver, sys, threading, urllib.parse

LOCK = threading.Lock()


class Session(socketserver.StreamRequestHandler):
    def reply(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.reply("220 localhost ready")
        sender, recipients = None, []
        for raw in iter(lambda: self.rfile.readline(100_000), b""):
            line = raw.decode("latin-1").rstrip("\r\n")
            verb = line.split(" ")[0].upper()
            path = re.match(r"(?:MAIL FROM|RCPT TO): *(?:<([!-;=?-~]*)>|([!-;=?-~]+)) *$", line, re.I)
            address = path and (path[1] or path[2] or "").lower()
            if verb == "QUIT":
                return self.reply("221 bye")
            elif verb not in ("MAIL", "RCPT", "DATA"):
                self.reply("500 unknown command")
            elif sender is not None if verb == "MAIL" else sender is None or verb == "DATA" and not recipients:
                self.reply("503 not now")
            elif verb == "DATA":
                self.reply("354 end with a lone dot")
                self.reply(self.store(recipients))
                sender, recipients = None, []
            elif address is None or verb == "RCPT" and not address:
                self.reply("501 which address?")
            else:
                sender = address if verb == "MAIL" else sender
                recipients += [address] if verb == "RCPT" else []
                self.reply("250 ok")

    def store(self, recipients):
        lines, last = [], b"\r\n"
        while (line := self.rfile.readline()) != b".\r\n" or not last.endswith(b"\r\n"):
            if not line:
                raise ConnectionError("the client has left in the middle of a message")
            lines.append(line[1:] if line.startswith(b".") and last.endswith(b"\r\n") else line)
            last = line
        if any(b"\r" in line[:-2] or not line.endswith(b"\r\n") for line in lines):
            return "554 a line ends in CR LF, and nothing else does"
        for address in set(recipients):
            name = urllib.parse.quote(address, safe="@") + ".txt"
            with LOCK, open(os.path.join("mailboxes", name), "ab") as mailbox:
                mailbox.write(b"".join(lines) + b"\r\n")
        return "250 stored"


os.makedirs("mailboxes", exist_ok=True)
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Session).serve_forever()
