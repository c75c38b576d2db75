"""A small HTTP server that misbehaves on demand: http_server.py FOLDER. Prints its port; ends when its standard input
does. The first part of a path says how the rest of it is answered; see the methods of Handler."""
import hashlib
import http.server
import json
import os
import sys
import threading
import time

ROOT = os.path.realpath(sys.argv[1])
log, counts = [], {}
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        path = self.path.split("?")[0]
        with lock:
            log.append(f"{path} {self.headers.get('Range', '-')} {self.headers.get('Authorization', '-')}")
            counts[path] = counts.get(path, 0) + 1
            self.visit = counts[path]
        _, how, *rest = path.split("/")
        method = getattr(self, "how_" + how, None)
        try:
            method("/".join(rest)) if method else self.answer(404)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with lock:
            log.append(f"POST {self.path}")
        _, how, *rest = self.path.split("/")
        if how == "echo":
            self.answer(200, self.headers["Content-Type"].split(";")[0].encode() + b"\n" + body)
        elif how == "refuse":  # /refuse/STATUS: with a body all the same
            self.answer(int(rest[0]), b"because")
        elif how == "away":
            self.answer(302, b"elsewhere", Location="/echo/")
        elif how == "hang":
            time.sleep(3)
            self.answer(200)
        else:  # not a word
            self.close_connection = True

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def content(self, name):
        path = os.path.join(ROOT, name)
        if not os.path.isfile(path):
            return None
        with open(path, "rb") as f:
            return f.read()

    def start(self, data):
        """Where the Range header asks to begin."""
        wanted = self.headers.get("Range", "")
        return int(wanted[6:].split("-")[0]) if wanted.startswith("bytes=") else 0

    def send(self, name, limit=None, pace=0.0, shift=0):
        data = self.content(name)
        if data is None:
            return self.answer(404)
        start = self.start(data)
        if start and start >= len(data):
            return self.answer(416, Content_Range=f"bytes */{len(data)}")
        part = data[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start + shift}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if limit is not None and limit < len(part):
            self.wfile.write(part[:limit])
            self.wfile.flush()
            self.close_connection = True
            return
        for at in range(0, len(part), 65536):
            self.wfile.write(part[at : at + 65536])
            time.sleep(pace)

    def how_files(self, name):
        self.send(name)

    def how_slow(self, name):
        self.send(name, pace=0.1)

    def how_norange(self, name):
        self.headers.replace_header("Range", "") if "Range" in self.headers else None
        self.send(name)

    def how_misplaced(self, name):
        self.send(name, shift=1)

    def how_cut(self, rest):  # /cut/BYTES/NAME: the connection ends after so many bytes, each time
        limit, name = rest.split("/", 1)
        self.send(name, limit=int(limit))

    def how_busy(self, rest):  # /busy/TIMES/NAME: so many times 503
        times, name = rest.split("/", 1)
        self.answer(503) if self.visit <= int(times) else self.send(name)

    def how_status(self, rest):
        self.answer(int(rest.split("/")[0]))

    def how_loop(self, rest):
        self.answer(302, Location=self.path)

    def how_away(self, rest):  # to the same server by another name: another host, to a client
        self.answer(302, Location=f"http://localhost:{self.server.server_port}/{rest}?signature=hidden")

    def how_tofile(self, rest):
        self.answer(302, Location="file:///etc/hostname")

    def how_auth(self, rest):
        self.answer(200, self.headers.get("Authorization", "none").encode())

    def how_log(self, rest):
        with lock:
            text = "\n".join(log)
            log.clear()
        self.answer(200, text.encode())

    # A hub: /hub/api/models/OWNER/NAME/tree/REV and /hub/OWNER/NAME/resolve/REV/FILE, files in FOLDER/OWNER/NAME.
    def how_hub(self, rest):
        words = rest.split("/")
        if words[:2] == ["api", "models"] and words[4] == "tree":
            folder = os.path.join(ROOT, words[2], words[3])
            if not os.path.isdir(folder):
                return self.answer(404)
            entries = []
            for name in sorted(os.listdir(folder)):
                data = self.content(os.path.join(words[2], words[3], name))
                entry = {"type": "file", "path": name, "size": len(data)}
                entry["oid"] = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
                if name.endswith(".bin"):
                    entry["oid"] = "0" * 40
                    entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}
                entries.append(entry)
            return self.answer(200, json.dumps(entries).encode())
        if words[2] == "resolve":
            name = "/".join([words[0], words[1], words[4]])
            return self.answer(302, Location="/files/" + name) if name.endswith(".bin") else self.send(name)
        self.answer(404)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
