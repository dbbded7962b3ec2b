import base64, hmac, os, re, socketserver, ssl, sys, threading, time

BIGGEST = 10_000_000
LOCK = threading.Lock()
IN_USE = set()

with open(sys.argv[6]) as users:
    PASSWORDS = dict(line.rstrip("\n").split(":", 1) for line in users)
TLS = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
TLS.load_cert_chain("cert.pem", "key.pem")


def account_of(address):
    name = re.fullmatch(r"([a-z0-9._+-]+)(@[a-z0-9.-]+)?", address.lower())
    return name[1] if name and name[1] in PASSWORDS else None


def account_with(authorization, name, password):
    account = account_of(name)
    known = PASSWORDS.get(account, "")
    is_right = hmac.compare_digest(known.encode(), password.encode()) and known != ""
    return account if is_right and authorization in ("", name) else None


class Cancelled(Exception):
    pass


class Session(socketserver.BaseRequestHandler):
    is_submission = False
    is_secure = False

    def handle(self):
        self.socket, self.waiting = self.request, b""
        self.account, self.wrong = None, 0
        try:
            if self.server.begins_with_tls:
                self.start_tls()
            self.greet()
            while self.obey(self.line().decode("latin-1").rstrip("\r\n")):
                pass
        except OSError:
            pass  # the client has left, or was no friend of TLS
        finally:
            self.end()
            self.socket.close()

    def end(self):
        pass

    def start_tls(self):
        if self.waiting:
            raise OSError("this was said before TLS, by whomever")
        self.socket = TLS.wrap_socket(self.socket, server_side=True)
        self.is_secure = True

    def line(self):
        while b"\n" not in self.waiting:
            piece = self.socket.recv(65_536)
            if not piece or len(self.waiting) > 1_000_000:
                raise OSError("no line end")
            self.waiting += piece
        line, _, self.waiting = self.waiting.partition(b"\n")
        return line + b"\n"

    def reply(self, text):
        self.socket.sendall(text.encode() + b"\r\n")
        return True

    def ask(self, question):
        self.reply(question)
        answer = self.line().decode("latin-1").rstrip("\r\n")
        if answer == "*":
            raise Cancelled
        return base64.b64decode(answer, validate=True).decode()

    def plain(self, answer, question):
        words = (base64.b64decode(answer, validate=True).decode() if answer else self.ask(question)).split("\0")
        if len(words) != 3:
            raise ValueError("three words are needed")
        return words


class Smtp(Session):
    def greet(self):
        self.sender, self.recipients = None, []
        self.reply("220 localhost ESMTP ready")

    def obey(self, line):
        verb, _, rest = line.partition(" ")
        verb, rest = verb.upper(), rest.strip()
        if verb == "QUIT":
            self.reply("221 bye")
        elif verb in ("HELO", "HELLO", "EHLO"):
            if not re.fullmatch("[!-~]+", rest):
                return self.reply("501 which name?")
            self.sender, self.recipients = None, []
            if verb != "EHLO":
                return self.reply("250 hello")
            last = "AUTH PLAIN LOGIN" if self.is_secure else "STARTTLS"
            return self.reply(f"250-localhost\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-SIZE {BIGGEST}\r\n250 {last}")
        elif verb == "RSET":
            self.sender, self.recipients = None, []
            return self.reply("250 ok")
        elif verb in ("NOOP", "VRFY", "HELP"):
            return self.reply({"NOOP": "250 ok", "VRFY": "252 send it and see", "HELP": "214 see RFC 5321"}[verb])
        elif verb == "STARTTLS":
            if rest or self.is_secure:
                return self.reply("501 STARTTLS and nothing more" if rest else "503 TLS has begun already")
            self.reply("220 go on")
            self.start_tls()
            self.sender, self.recipients = None, []
            return True
        elif verb == "AUTH":
            return self.login(*rest.partition(" ")[::2])
        elif verb == "MAIL":
            return self.mail(line)
        elif verb == "RCPT":
            return self.rcpt(line)
        elif verb == "DATA":
            if not self.recipients:
                return self.reply("503 RCPT first")
            self.reply("354 end with a lone dot")
            self.reply(self.store())
            self.sender, self.recipients = None, []
            return True
        else:
            return self.reply("500 unknown command")

    def login(self, mechanism, answer):
        if not self.is_secure:
            return self.reply("538 STARTTLS first")
        if self.account or self.sender is not None:
            return self.reply("503 not now")
        try:
            if mechanism.upper() == "PLAIN":
                words = self.plain(answer, "334 ")
            elif mechanism.upper() == "LOGIN":
                name = base64.b64decode(answer, validate=True).decode() if answer else self.ask("334 VXNlcm5hbWU6")
                words = ["", name, self.ask("334 UGFzc3dvcmQ6")]
            else:
                return self.reply("504 PLAIN or LOGIN")
        except Cancelled:
            return self.reply("501 as you like")
        except ValueError:
            return self.reply("501 this is not the base64 that was asked for")
        self.account = account_with(*words)
        if self.account:
            return self.reply("235 welcome")
        self.wrong += 1
        if self.wrong < 5:
            return self.reply("535 wrong name or password")
        self.reply("421 too many wrong passwords")

    def mail(self, line):
        path = re.fullmatch(r"MAIL FROM: *(?:<([!-;=?-~]*)>|([!-;=?-~]+))((?: +[!-~]+)*) *", line, re.I)
        if self.is_submission and not self.account:
            return self.reply("530 AUTH first")
        if self.sender is not None:
            return self.reply("503 RSET first")
        if not path:
            return self.reply("501 which address?")
        for parameter in path[3].upper().split():
            keyword, _, value = parameter.partition("=")
            if keyword not in ("SIZE", "BODY"):
                return self.reply("555 unknown parameter")
            if not re.fullmatch("[0-9]{1,20}" if keyword == "SIZE" else "7BIT|8BITMIME", value):
                return self.reply("501 wrong value")
            if keyword == "SIZE" and int(value) > BIGGEST:
                return self.reply("552 too big")
        sender = path[1] or path[2] or ""
        if self.account and account_of(sender) != self.account:
            return self.reply("553 this is not your address")
        self.sender = sender
        return self.reply("250 ok")

    def rcpt(self, line):
        path = re.fullmatch(r"RCPT TO: *(?:<([!-;=?-~]+)>|([!-;=?-~]+)) *", line, re.I)
        if self.sender is None:
            return self.reply("503 MAIL first")
        if not path:
            return self.reply("501 which address?")
        account = account_of(path[1] or path[2])
        if account is None:
            return self.reply("550 nobody of this name")
        self.recipients.append(account)
        return self.reply("250 ok")

    def store(self):
        lines = []
        while (line := self.line()) != b".\r\n" or lines and not lines[-1].endswith(b"\r\n"):
            lines.append(line)
        if any(b"\r" in line[:-2] or not line.endswith(b"\r\n") for line in lines):
            return "554 a line ends in CR LF, and nothing else does"
        for account in set(self.recipients):
            with LOCK:
                folder = os.path.join("mailboxes", account)
                os.makedirs(folder, exist_ok=True)
                with open(os.path.join(folder, str(time.time_ns())), "wb") as letter:
                    letter.writelines(line[1:] if line.startswith(b".") else line for line in lines)
        return "250 stored"


class Submission(Smtp):
    is_submission = True


class Pop3(Session):
    def greet(self):
        self.user, self.files = None, None
        self.reply("+OK ready")

    def end(self):
        with LOCK:
            IN_USE.discard(self.account)

    def obey(self, line):
        verb, _, rest = line.partition(" ")
        verb = verb.upper()
        if verb == "QUIT":
            for file in self.deleted if self.files is not None else []:
                os.remove(file)
            self.reply("+OK bye")
            return False
        if verb == "CAPA":
            more = ["USER", "SASL PLAIN"] if self.is_secure else ["STLS"]
            return self.list(["UIDL", "TOP", "RESP-CODES", "PIPELINING", *more])
        if self.files is None:
            return self.before_login(verb, rest)
        mail = {n: file for n, file in enumerate(self.files, 1) if file not in self.deleted}
        words = rest.split()
        n = int(words[0]) if words and re.fullmatch("[0-9]{1,9}", words[0]) else None
        if verb == "STAT":
            return self.reply(f"+OK {len(mail)} {sum(map(os.path.getsize, mail.values()))}")
        if verb in ("LIST", "UIDL"):
            tell = os.path.getsize if verb == "LIST" else os.path.basename
            if not words:
                return self.list([f"{number} {tell(file)}" for number, file in mail.items()])
            return self.reply(f"+OK {n} {tell(mail[n])}" if n in mail else "-ERR no such message")
        if verb in ("RETR", "DELE", "TOP") and n not in mail:
            return self.reply("-ERR no such message")
        if verb == "TOP" and not (len(words) == 2 and re.fullmatch("[0-9]{1,9}", words[1])):
            return self.reply("-ERR which message, and how many lines?")
        if verb in ("RETR", "TOP"):
            return self.send(mail[n], int(words[1]) if verb == "TOP" else None)
        if verb == "DELE":
            self.deleted.add(mail[n])
            return self.reply("+OK deleted")
        if verb == "RSET":
            self.deleted.clear()
        return self.reply("+OK" if verb in ("RSET", "NOOP") else "-ERR unknown command")

    def before_login(self, verb, rest):
        if verb == "STLS":
            if rest or self.is_secure:
                return self.reply("-ERR not so")
            self.reply("+OK go on")
            self.start_tls()
            self.user = None
            return True
        if verb not in ("USER", "PASS", "AUTH"):
            return self.reply("-ERR log in first")
        if not self.is_secure:
            return self.reply("-ERR STLS first")
        if verb == "USER" and rest.strip():
            self.user = rest.strip()
            return self.reply("+OK and the password?")
        words = ["", self.user or "", rest]
        if verb == "AUTH":
            mechanism, _, answer = rest.partition(" ")
            if mechanism.upper() != "PLAIN":
                return self.reply("-ERR PLAIN, please")
            try:
                words = self.plain(answer, "+ ")
            except (Cancelled, ValueError):
                return self.reply("-ERR nobody is logged in")
        elif not self.user or verb == "USER":
            return self.reply("-ERR who are you?")
        self.user = None
        return self.open(account_with(*words))

    def open(self, account):
        if not account:
            self.wrong += 1
            return self.reply("-ERR [AUTH] wrong name or password") and self.wrong < 5
        with LOCK:
            if account in IN_USE:
                return self.reply("-ERR [IN-USE] somebody else is reading")
            IN_USE.add(account)
            self.account, self.deleted = account, set()
            folder = os.path.join("mailboxes", account)
            names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
            self.files = [os.path.join(folder, name) for name in names]
        return self.reply("+OK welcome")

    def list(self, lines):
        return self.reply("\r\n".join(["+OK", *lines, "."]))

    def send(self, file, lines):
        with open(file, "rb") as letter:
            text = letter.readlines() if lines is None else self.top(letter, lines)
        self.socket.sendall(b"+OK\r\n" + b"".join(b"." + line if line[:1] == b"." else line for line in text) + b".\r\n")
        return True

    def top(self, letter, lines):
        text = letter.readlines()
        end = next((n for n, line in enumerate(text, 1) if line == b"\r\n"), len(text))
        return text[: end + lines]


def serve(port, session, begins_with_tls=False):
    server = socketserver.ThreadingTCPServer(("127.0.0.1", int(port)), session)
    server.begins_with_tls = begins_with_tls
    threading.Thread(target=server.serve_forever).start()


os.makedirs("mailboxes", exist_ok=True)
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer.daemon_threads = True
socketserver.ThreadingTCPServer.request_queue_size = 50
serve(sys.argv[1], Smtp)
serve(sys.argv[2], Submission)
serve(sys.argv[3], Submission, begins_with_tls=True)
serve(sys.argv[4], Pop3)
serve(sys.argv[5], Pop3, begins_with_tls=True)
