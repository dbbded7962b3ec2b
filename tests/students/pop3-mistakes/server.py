import os, re, socket, sys, threading, urllib.parse

lock = threading.Lock()
in_use = set()


def mailbox(user):
    return os.path.join("mailboxes", urllib.parse.quote(user.lower(), safe="@") + ".d")


def smtp(client):
    stream = client.makefile("rb")

    def reply(text):
        client.sendall(text.encode() + b"\r\n")

    reply("220 localhost ready")
    sender, recipients = None, []
    while raw := stream.readline(100_000):
        line = raw.decode("latin-1").rstrip("\r\n")
        verb, _, rest = line.partition(" ")
        verb = verb.upper()
        path = re.match(r"(?:FROM|TO):\s*(?:<([^<>\s]*)>|([^<>\s]+))\s*$", rest, re.I)
        address = path and not re.search(r"[\0-\x1f\x7f]", line) and (path[1] or path[2] or "")
        if verb == "QUIT":
            return reply("221 bye")
        elif verb in ("HELO", "HELLO"):
            sender, recipients = None, []
            reply("250 hello" if re.fullmatch("[!-~]+", rest.strip()) else "501 which name?")
        elif verb == "EHLO":
            reply("502 only HELO")
        elif verb == "NOOP":
            reply("250 ok")
        elif verb == "RSET":
            sender, recipients = None, []
            reply("250 ok")
        elif verb == "MAIL" and sender is not None or verb in ("RCPT", "DATA") and sender is None:
            reply("503 not now")
        elif verb == "MAIL" and isinstance(address, str):
            sender = address
            reply("250 sender ok")
        elif verb == "RCPT" and address:
            recipients.append(address)
            reply("250 recipient ok")
        elif verb == "DATA" and recipients:
            reply("354 end with a lone dot")
            lines = []
            while (text := stream.readline()) != b".\r\n" or lines and not lines[-1].endswith(b"\r\n"):
                if not text:
                    return
                lines.append(text)
            if any(b"\r" in text[:-2] or not text.endswith(b"\r\n") for text in lines):
                reply("554 a line ends in CR LF")
            else:
                store(recipients, [text[1:] if text.startswith(b".") else text for text in lines])
                reply("250 stored")
            sender, recipients = None, []
        else:
            reply({"MAIL": "501 who?", "RCPT": "501 who?", "DATA": "503 not now"}.get(verb, "500 unknown"))


def store(recipients, lines):
    with lock:
        for user in set(recipients):
            os.makedirs(mailbox(user), exist_ok=True)
            number = max(map(int, os.listdir(mailbox(user))), default=0) + 1
            with open(os.path.join(mailbox(user), str(number)), "wb") as file:
                file.write(b"".join(lines).replace(b"\r\n", b"\n"))


def pop3(client):
    user = box = None
    try:
        stream = client.makefile("rb")

        def reply(text):
            client.sendall(text.encode() + b"\r\n")

        reply("+OK ready")
        while raw := stream.readline(100_000):
            verb, *words = raw.decode("latin-1").split() or [""]
            verb = verb.upper()
            if verb == "QUIT":
                for file in deleted if box else []:
                    os.remove(file)
                return reply("+OK bye")
            elif box is None:
                if verb == "USER" and len(words) == 1:
                    user = words[0]
                    reply("+OK password?")
                elif verb == "PASS" and user and words:
                    with lock:
                        if user.lower() in in_use:
                            reply("-ERR [IN-USE] somebody else is reading")
                            continue
                        in_use.add(user.lower())
                        box = mailbox(user)
                        numbers = sorted(map(int, os.listdir(box))) if os.path.isdir(box) else []
                    files, deleted = [os.path.join(box, str(number)) for number in numbers], set()
                    reply("+OK welcome")
                else:
                    reply("-ERR who are you?")
                continue
            mail = {n: file for n, file in enumerate(files, 1) if file not in deleted}
            sizes = {n: os.path.getsize(file) for n, file in mail.items()}
            if verb == "STAT":
                reply(f"+OK {len(mail)} {sum(sizes.values())}")
            elif verb == "LIST" and not words:
                reply("\r\n".join(["+OK", *(f"{n} {size}" for n, size in sizes.items()), "."]))
            elif verb in ("LIST", "RETR", "DELE") and words:
                n = int(words[0])
                if n not in mail:
                    reply("-ERR no such message")
                elif verb == "LIST":
                    reply(f"+OK {n} {sizes[n]}")
                elif verb == "DELE":
                    deleted.add(mail[n])
                    reply("+OK deleted")
                else:
                    with open(mail[n], "rb") as file:
                        client.sendall(b"+OK\r\n" + file.read().replace(b"\n", b"\r\n") + b".\r\n")
            elif verb == "RSET":
                deleted.clear()
                reply("+OK")
            else:
                reply("+OK" if verb == "NOOP" else "-ERR what?")
    finally:
        if box:
            in_use.discard(user.lower())


def listen(port, serve):
    def thread(client):
        with client:
            serve(client)

    server = socket.create_server(("127.0.0.1", port))
    while True:
        client, _ = server.accept()
        threading.Thread(target=thread, args=(client,), daemon=True).start()


os.makedirs("mailboxes", exist_ok=True)
threading.Thread(target=listen, args=(int(sys.argv[1]), smtp), daemon=True).start()
listen(int(sys.argv[2]), pop3)
