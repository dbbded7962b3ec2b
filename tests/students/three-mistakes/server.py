import os, re, socket, sys, threading, urllib.parse

lock = threading.Lock()


def serve(client):
    def reply(text):
        client.sendall(text.encode() + b"\r\n")

    reply("220 localhost ready")
    sender, recipient = None, None
    while packet := client.recv(100_000):
        line = packet.decode("latin-1").rstrip("\r\n")
        path = re.match(r"(?:MAIL FROM|RCPT TO):\s*(?:<([^<>\s]*)>|([^<>\s]+))\s*$", line, re.I)
        address = path and not re.search(r"[\0-\x1f\x7f]", line) and (path[1] or path[2] or "")
        verb = line.split(" ")[0].upper()
        if verb == "QUIT":
            reply("221 bye")
            break
        elif verb == "MAIL" and sender is not None or verb == "RCPT" and sender is None or verb == "DATA" and not recipient:
            reply("503 not now")
        elif verb == "MAIL" and isinstance(address, str):
            sender = address
            reply("250 sender ok")
        elif verb == "RCPT" and address:
            recipient = address.lower()
            reply("250 recipient ok")
        elif verb == "DATA":
            reply("354 end with a lone dot")
            text = b""
            while (packet := client.recv(100_000)) != b".\r\n":
                if not packet:
                    return
                text += packet
            name = urllib.parse.quote(recipient, safe="@") + ".txt"
            with lock, open(os.path.join("mailboxes", name), "ab") as mailbox:
                mailbox.write(text + b"\r\n")
            reply("250 stored")
            sender, recipient = None, None
        else:
            reply("501 which address?" if verb in ("MAIL", "RCPT") else "500 unknown command")
    client.close()


os.makedirs("mailboxes", exist_ok=True)
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = server.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()
