import os, re, socketserver, sys, threading, time, urllib.parse

LOCK = threading.Lock()


def folder_of(address):
    return os.path.join("mailboxes", urllib.parse.quote(address.lower(), safe="@") + ".mail")


class Session(socketserver.StreamRequestHandler):
    def reply(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def commands(self):
        for raw in iter(lambda: self.rfile.readline(100_000), b""):
            line = raw.decode("latin-1").rstrip("\r\n")
            verb, _, rest = line.partition(" ")
            yield line, verb.upper(), rest.strip()


class Smtp(Session):
    def handle(self):
        self.reply("220 localhost ready")
        sender, recipients = None, []
        for line, verb, rest in self.commands():
            path = re.match(r"(?:MAIL FROM|RCPT TO): *(?:<([!-;=?-~]*)>|([!-;=?-~]+)) *$", line, re.I)
            address = path and (path[1] or path[2] or "").lower()
            if verb == "QUIT":
                return self.reply("221 bye")
            elif verb in ("HELO", "HELLO") and not re.fullmatch("[!-~]+", rest):
                self.reply("501 which name?")
            elif verb in ("HELO", "HELLO", "RSET"):
                sender, recipients = None, []
                self.reply("250 ok")
            elif verb == "NOOP":
                self.reply("250 ok")
            elif verb not in ("MAIL", "RCPT", "DATA"):
                self.reply("502 say HELO" if verb == "EHLO" else "500 unknown command")
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
            with LOCK:
                os.makedirs(folder_of(address), exist_ok=True)
                with open(os.path.join(folder_of(address), str(time.time_ns())), "wb") as letter:
                    letter.writelines(lines)
        return "250 stored"


class Pop3(Session):
    def handle(self):
        self.reply("+OK ready")
        user, folder = None, None
        for line, verb, rest in self.commands():
            if verb == "QUIT":
                if folder:
                    for name in deleted:
                        os.remove(os.path.join(folder, name))
                return self.reply("+OK bye")
            elif folder is None:
                if verb == "USER" and rest:
                    user = rest
                    self.reply("+OK and the password?")
                elif verb == "PASS" and user and rest:
                    folder, deleted = folder_of(user), set()
                    with LOCK:
                        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
                    self.reply("+OK welcome")
                else:
                    self.reply("-ERR log in with USER and PASS")
                continue
            mail = {n: name for n, name in enumerate(names, 1) if name not in deleted}
            size = {n: os.path.getsize(os.path.join(folder, name)) for n, name in mail.items()}
            n = int(rest) if re.fullmatch("[0-9]{1,9}", rest) else None
            if verb == "STAT":
                self.reply(f"+OK {len(mail)} {sum(size.values())}")
            elif verb == "LIST" and not rest:
                self.reply(f"+OK {len(mail)} messages")
                for number in mail:
                    self.reply(f"{number} {size[number]}")
                self.reply(".")
            elif verb in ("LIST", "RETR", "DELE") and n not in mail:
                self.reply("-ERR there is no such message")
            elif verb == "LIST":
                self.reply(f"+OK {n} {size[n]}")
            elif verb == "RETR":
                self.reply(f"+OK {size[n]} octets")
                with open(os.path.join(folder, mail[n]), "rb") as letter:
                    for text in letter:
                        self.wfile.write(b"." + text if text.startswith(b".") else text)
                self.reply(".")
            elif verb == "DELE":
                deleted.add(mail[n])
                self.reply("+OK deleted")
            elif verb == "RSET":
                deleted.clear()
                self.reply("+OK nothing is deleted")
            else:
                self.reply("+OK" if verb == "NOOP" else "-ERR unknown command")


os.makedirs("mailboxes", exist_ok=True)
socketserver.ThreadingTCPServer.allow_reuse_address = True
smtp = socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Smtp)
pop3 = socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[2])), Pop3)
threading.Thread(target=smtp.serve_forever).start()
pop3.serve_forever()
