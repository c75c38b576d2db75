"""An emulated Telegram Bot API server for tests, as strict as its documentation (core.telegram.org/bots/api).

    server.py FOLDER [--token T] [--local] [--duplicates] [--host ADDRESS] [--port N]

Prints its port; ends when its standard input does. Keeps files and FOLDER/log.jsonl: one JSON object for each call, with
its time, what was asked (files by name and size), and the answer. A call with an unknown method, an unknown, missing or wrong field,
or something longer than Telegram takes is answered as Telegram does and logged with "violation": tests want none.

Bot's side   /bot<token>/METHOD, JSON or multipart; /file/bot<token>/PATH. Every second message or edit within a second
             to one chat, the 21st a minute to a group, the 31st a second to all: 429 with retry_after.
             --local: getFile answers absolute paths and has no limit of 20 MB; 2000 MB go up instead of 50.
             --duplicates: every update comes a second time after it was confirmed.
Tests' side  /test/…, JSON in, JSON out; see class Test and user.py.
"""
import argparse
import http.server
import json
import os
import re
import sys
import threading
import time

from methods import METHODS, Refusal, check, units

arguments = argparse.ArgumentParser()
arguments.add_argument("folder")
arguments.add_argument("--token", default="123456:test-token")
arguments.add_argument("--local", action="store_true")
arguments.add_argument("--duplicates", action="store_true")
arguments.add_argument("--host", default="127.0.0.1")
arguments.add_argument("--port", type=int, default=0)

CLOUD_DOWN, CLOUD_UP, LOCAL_UP = 20 << 20, 50 << 20, 2000 << 20
BOT = {"id": 123456, "is_bot": True, "first_name": "titr", "username": "titr_test_bot"}


class Telegram:
    """The state of the world: chats, messages, files, updates."""

    def __init__(self, options):
        self.o = options
        self.lock = threading.Condition()
        os.makedirs(os.path.join(options.folder, "files"), exist_ok=True)
        self.log_file = open(os.path.join(options.folder, "log.jsonl"), "a", buffering=1)
        self.users, self.chats, self.files, self.callbacks = {}, {}, {}, {}
        self.updates, self.sent_again = [], set()
        self.next_update, self.next_message, self.next_file = 1000, 1, 1
        self.poller = 0
        self.times, self.all_times = {}, []
        self.failures = []  # {"method", "times", "code", "description", "retry_after", "drop"}

    def log(self, **row):
        row["at"] = round(time.time(), 3)
        self.log_file.write(json.dumps(row, ensure_ascii=False) + "\n")

    # ---- users' side ----

    def user(self, number, **names):
        self.users.setdefault(number, {"id": number, "is_bot": False, "first_name": f"User {number}"}).update(names)
        self.chats.setdefault(number, {"messages": {}, "blocked": False})
        return self.users[number]

    def update(self, **content):
        self.updates.append({"update_id": self.next_update, **content})
        self.next_update += 1
        self.lock.notify_all()
        return self.next_update - 1

    def message_of(self, number, **content):
        chat = {"id": number, "type": "private", "first_name": self.users[number]["first_name"]}
        message = {"message_id": self.next_message, "from": self.users[number], "chat": chat,
                   "date": int(time.time()), **content}
        self.chats[number]["messages"][self.next_message] = {"by_bot": False, **content}
        self.next_message += 1
        return message

    def add_file(self, data, name):
        number = self.next_file
        self.next_file += 1
        relative = f"files/file_{number}{os.path.splitext(name or '')[1]}"
        path = os.path.join(self.o.folder, relative)
        with open(path, "wb") as f:
            f.write(data)
        file_id = f"FILE{number:08d}"
        self.files[file_id] = {"path": path, "relative": relative, "name": name, "size": len(data),
                               "unique": f"unique{number:06d}"}
        return file_id

    # ---- the bot's side ----

    def pace(self, chat):
        now = time.time()
        mine = [t for t in self.times.get(chat, []) if now - t < 60]
        self.all_times = [t for t in self.all_times if now - t < 1]
        wait = 0
        if mine and now - mine[-1] < 1:
            wait = 1
        if chat < 0 and len(mine) >= 20:
            wait = int(60 - (now - mine[0])) + 1
        if len(self.all_times) >= 30:
            wait = max(wait, 1)
        if wait:
            raise Refusal(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        self.times[chat] = mine + [now]
        self.all_times.append(now)

    def chat_of(self, fields):
        chat = self.chats.get(fields["chat_id"])
        if chat is None:
            raise Refusal(400, "Bad Request: chat not found")
        if chat["blocked"]:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        return chat

    def bot_message(self, chat_id, **content):
        number = self.next_message
        self.next_message += 1
        self.chats[chat_id]["messages"][number] = {"by_bot": True, **content}
        return {"message_id": number, "from": BOT, "chat": {"id": chat_id, "type": "private"},
                "date": int(time.time()), **content}

    def do_getMe(self, f):
        return BOT

    def do_getUpdates(self, f):
        self.poller += 1
        me = self.poller
        self.lock.notify_all()
        offset, kinds = f.get("offset", 0), f.get("allowed_updates")
        for u in [u for u in self.updates if u["update_id"] < offset]:
            self.updates.remove(u)
            if self.o.duplicates and u["update_id"] not in self.sent_again:
                self.sent_again.add(u["update_id"])
                self.updates.append(u)  # with its old number
        end = time.time() + f.get("timeout", 0)
        while True:
            found = [u for u in self.updates if u["update_id"] >= offset or u["update_id"] in self.sent_again]
            found = [u for u in found if not kinds or any(k in u for k in kinds)][: f.get("limit", 100)]
            for u in found:
                if u["update_id"] in self.sent_again:
                    self.updates.remove(u)
            left = end - time.time()
            if found or left <= 0:
                return found
            self.lock.wait(min(left, 0.5))
            if me != self.poller:
                raise Refusal(409, "Conflict: terminated by other getUpdates request; make sure that only one bot "
                                   "instance is running")

    def markup(self, f):
        return {"reply_markup": f["reply_markup"]} if f.get("reply_markup", {}).get("inline_keyboard") else {}

    def do_sendMessage(self, f):
        self.chat_of(f)
        self.pace(f["chat_id"])
        return self.bot_message(f["chat_id"], text=f["text"], **self.markup(f))

    def do_editMessageText(self, f):
        chat = self.chat_of(f)
        self.pace(f["chat_id"])
        old = chat["messages"].get(f["message_id"])
        if old is None:
            raise Refusal(400, "Bad Request: message to edit not found")
        if not old["by_bot"] or "text" not in old:
            raise Refusal(400, "Bad Request: message can't be edited")
        new = {"by_bot": True, "text": f["text"], **self.markup(f)}
        if new == {k: v for k, v in old.items() if k in ("by_bot", "text", "reply_markup")}:
            raise Refusal(400, "Bad Request: message is not modified: specified new message content and reply markup "
                               "are exactly the same as a current content and reply markup of the message")
        new["edits"] = old.get("edits", 0) + 1
        chat["messages"][f["message_id"]] = new
        return {"message_id": f["message_id"], "chat": {"id": f["chat_id"], "type": "private"},
                "date": int(time.time()), "text": f["text"]}

    def send_file(self, f, kind):
        self.chat_of(f)
        self.pace(f["chat_id"])
        given = f[kind]
        if isinstance(given, str):
            if given not in self.files:
                raise Refusal(400, "Bad Request: wrong file identifier/HTTP URL specified")
            file_id = given
        else:
            if len(given["data"]) > (LOCAL_UP if self.o.local else CLOUD_UP):
                raise Refusal(413, "Request Entity Too Large")
            if not given["data"]:
                raise Refusal(400, "Bad Request: file must be non-empty")
            file_id = self.add_file(given["data"], given["name"])
        file = self.files[file_id]
        content = {kind: {"file_id": file_id, "file_unique_id": file["unique"], "file_size": file["size"],
                          "file_name": file["name"]}}
        if "caption" in f:
            content["caption"] = f["caption"]
        return self.bot_message(f["chat_id"], **content)

    def do_sendVideo(self, f):
        return self.send_file(f, "video")

    def do_sendDocument(self, f):
        return self.send_file(f, "document")

    def do_sendChatAction(self, f):
        self.chat_of(f)
        return True

    def do_getFile(self, f):
        file = self.files.get(f["file_id"])
        if not file or not os.path.exists(file["path"]):
            raise Refusal(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if not self.o.local and file["size"] > CLOUD_DOWN:
            raise Refusal(400, "Bad Request: file is too big")
        return {"file_id": f["file_id"], "file_unique_id": file["unique"], "file_size": file["size"],
                "file_path": file["path"] if self.o.local else file["relative"]}

    def do_setMyCommands(self, f):
        return True

    def do_answerCallbackQuery(self, f):
        if f["callback_query_id"] not in self.callbacks:
            raise Refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        self.callbacks.pop(f["callback_query_id"])
        return True

    def scripted_failure(self, method):
        for row in self.failures:
            if row["method"] in (method, "*") and row["times"] > 0:
                row["times"] -= 1
                return row
        return None

    def call(self, method, fields):
        with self.lock:
            failure = self.scripted_failure(method)
            if failure and failure.get("drop"):
                raise ConnectionAbortedError
            if failure:
                raise Refusal(failure["code"], failure.get("description", "scripted"), failure.get("retry_after"))
            return getattr(self, "do_" + method)(fields)


class Test:
    """What tests ask for, by /test/NAME with a JSON object."""

    MEDIA = {"video": "video/mp4", "video_note": "video/mp4", "voice": "audio/ogg", "audio": "audio/mpeg",
             "document": None}

    def __init__(self, telegram):
        self.t = telegram

    def text(self, user, text, **names):
        self.t.user(user, **names)
        entity = {"entities": [{"type": "bot_command", "offset": 0, "length": units(text.split()[0])}]}
        message = self.t.message_of(user, text=text, **(entity if text.startswith("/") else {}))
        return {"update": self.t.update(message=message), "message": message["message_id"]}

    def media(self, user, kind, path=None, file_id=None, name=None, mime=None, duration=None, size=None, **names):
        self.t.user(user, **names)
        if not file_id:
            with open(path, "rb") as f:
                file_id = self.t.add_file(f.read(), name or os.path.basename(path))
        file = self.t.files[file_id]
        media = {"file_id": file_id, "file_unique_id": file["unique"], "file_size": size or file["size"],
                 "mime_type": mime or self.MEDIA[kind], "file_name": name or file["name"], "duration": duration}
        if kind in ("voice", "video_note"):
            media.pop("file_name")
        media = {k: v for k, v in media.items() if v is not None}
        message = self.t.message_of(user, **{kind: media})
        return {"update": self.t.update(message=message), "message": message["message_id"], "file_id": file_id}

    def press(self, user, message, data):
        number = f"callback{len(self.t.callbacks) + self.t.next_update}"
        self.t.callbacks[number] = True
        shown = {"message_id": message, "chat": {"id": user, "type": "private"}, "date": int(time.time())}
        return {"update": self.t.update(callback_query={"id": number, "from": self.t.users[user], "message": shown,
                                                        "chat_instance": "1", "data": data})}

    def block(self, user, blocked=True, tell=True):
        self.t.user(user)
        self.t.chats[user]["blocked"] = blocked
        if tell:
            self.t.update(my_chat_member={"chat": {"id": user, "type": "private"}, "from": self.t.users[user],
                                          "date": int(time.time()),
                                          "new_chat_member": {"user": BOT, "status": "kicked" if blocked else "member"}})
        return {}

    def raw(self, update):  # any update at all, numbered
        return {"update": self.t.update(**update)}

    def repeat(self, update_id):  # an update that was confirmed, once more
        with open(os.path.join(self.t.o.folder, "log.jsonl")) as f:
            rows = [json.loads(line) for line in f]
        for row in rows:
            for u in row.get("answer") or [] if row.get("method") == "getUpdates" else []:
                if u["update_id"] == update_id:
                    self.t.sent_again.add(update_id)
                    self.t.updates.append(u)
                    self.t.lock.notify_all()
                    return {}
        return {"error": "no such update"}

    def delete(self, user, message):
        self.t.chats[user]["messages"].pop(message)
        return {}

    def forget_file(self, file_id):
        self.t.files.pop(file_id)
        return {}

    def fail(self, **row):
        self.t.failures.append(row)
        return {}

    def messages(self, user):
        return {"messages": [{"message_id": n, **m} for n, m in sorted(self.t.chats.get(user, {"messages": {}})["messages"].items())]}

    def files(self):
        return {"files": self.t.files}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    telegram = test = None

    def log_message(self, *args):
        pass

    def handle(self):
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):
            pass  # a bot that was killed

    def reply(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def fields(self):
        """The parameters, and which of them were given as JSON (multipart gives text)."""
        length = int(self.headers.get("Content-Length") or 0)
        body, kind = self.rfile.read(length), self.headers.get("Content-Type", "")
        if kind.startswith("application/json"):
            return json.loads(body or b"{}"), False
        if not kind.startswith("multipart/form-data"):
            return {}, False
        boundary = b"--" + kind.split("boundary=")[1].strip('"').encode()
        fields = {}
        for part in body.split(boundary)[1:-1]:
            head, data = part[2:-2].split(b"\r\n\r\n", 1)
            about = dict(re.findall(r'(\w+)="([^"]*)"', head.decode()))
            fields[about["name"]] = {"data": data, "name": about["filename"]} if "filename" in about else data.decode()
        return fields, True

    def do_POST(self):
        if self.path.startswith("/test/"):
            fields, _ = self.fields()
            with self.telegram.lock:
                return self.reply(200, getattr(self.test, self.path[6:])(**fields))
        self.bot_call()

    def bot_call(self):
        found = re.fullmatch(r"/bot([^/]+)/(\w+)", self.path)
        t = self.telegram
        fields, as_text = self.fields()
        shown = {k: {"file": v["name"], "bytes": len(v["data"])} if isinstance(v, dict) and "data" in v else v
                 for k, v in fields.items()}
        row = {"method": found and found.group(2), "fields": shown}
        try:
            if not found or found.group(1) != t.o.token:
                raise Refusal(401, "Unauthorized")
            method = found.group(2)
            if method not in METHODS:
                raise Refusal(404, "Not Found", violation=f"no method {method}")
            fields = check(method, fields, as_text)
            row["fields"] = {k: shown[k] if isinstance(v, dict) and "data" in v else v for k, v in fields.items()}
            row["answer"] = t.call(method, fields)
            t.log(**row)
            self.reply(200, {"ok": True, "result": row["answer"]})
        except Refusal as r:
            if r.violation:
                row["violation"] = r.violation
            t.log(refused=r.code, description=r.description, **row)
            answer = {"ok": False, "error_code": r.code, "description": r.description}
            if r.retry_after:
                answer["parameters"] = {"retry_after": r.retry_after}
            self.reply(r.code, answer)
        except ConnectionAbortedError:
            t.log(refused=0, description="dropped", **row)
            self.close_connection = True

    def do_GET(self):
        found = re.fullmatch(r"/file/bot([^/]+)/(.+)", self.path)
        t = self.telegram
        if not found:
            return self.bot_call()
        files = {f["relative"]: f for f in t.files.values()}
        file = files.get(found.group(2))
        if found.group(1) != t.o.token or not file or t.o.local:
            return self.reply(404, {"ok": False, "error_code": 404, "description": "Not Found"})
        with open(file["path"], "rb") as f:
            data = f.read()
        wanted = self.headers.get("Range", "")
        start = int(wanted[6:].split("-")[0]) if wanted.startswith("bytes=") else 0
        t.log(method="download", fields={"path": found.group(2), "from": start})
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        self.wfile.write(data[start:])


def main():
    options = arguments.parse_args()
    options.folder = os.path.realpath(options.folder)
    Handler.telegram = Telegram(options)
    Handler.test = Test(Handler.telegram)
    server = http.server.ThreadingHTTPServer((options.host, options.port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
