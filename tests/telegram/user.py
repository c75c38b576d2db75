"""Users of the emulated Telegram, from a shell.

    user.py PORT text USER "words…"             a message
    user.py PORT media USER KIND FILE [k=v …]   video, video_note, voice, audio, document; duration=5 name=talk.mp4 …
    user.py PORT press USER MESSAGE DATA        a button
    user.py PORT CALL '{"json": …}'             any other of the server's /test/CALL
    user.py PORT wait USER SECONDS PATTERN [N]  until a message of the bot to USER has a text, caption or file name that
                                                matches, N different ones (default 1); prints the last; exit 1 when none came
    user.py PORT get USER MESSAGE FILE          saves the file that a message of the bot carries
"""
import json
import re
import shutil
import sys
import time
import urllib.request


def ask(port, what, fields=None):
    r = urllib.request.Request(f"http://127.0.0.1:{port}/test/{what}", json.dumps(fields or {}).encode(),
                               {"Content-Type": "application/json"})
    with urllib.request.urlopen(r) as answer:
        return json.load(answer)


def words(message):
    found = [message.get("text", ""), message.get("caption", "")]
    for kind in ("video", "document"):
        found.append((message.get(kind) or {}).get("file_name") or "")
    return "\n".join(found)


def wait(port, user, seconds, pattern, count=1):
    end = time.time() + seconds
    while True:
        found = [m for m in ask(port, "messages", {"user": user})["messages"] if m["by_bot"] and re.search(pattern, words(m))]
        if len(found) >= count:
            return found[-1]
        if time.time() > end:
            return None
        time.sleep(0.2)


def value(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def main():
    port, what, *rest = sys.argv[1:]
    if what == "text":
        names = dict(p.split("=", 1) for p in rest[2:])
        print(json.dumps(ask(port, "text", {"user": int(rest[0]), "text": rest[1], **names})))
    elif what == "media":
        user, kind, path, *more = rest
        extra = {k: value(v) for k, v in (p.split("=", 1) for p in more)}
        print(json.dumps(ask(port, "media", {"user": int(user), "kind": kind, "path": path, **extra})))
    elif what == "press":
        print(json.dumps(ask(port, "press", {"user": int(rest[0]), "message": int(rest[1]), "data": rest[2]})))
    elif what == "wait":
        found = wait(port, int(rest[0]), float(rest[1]), rest[2], int(rest[3]) if len(rest) > 3 else 1)
        if found is None:
            last = ask(port, "messages", {"user": int(rest[0])})["messages"][-4:]
            print("\n".join(f"  {m['message_id']}: {words(m)!r}" for m in last), file=sys.stderr)
            sys.exit(1)
        print(json.dumps(found, ensure_ascii=False))
    elif what == "get":
        for m in ask(port, "messages", {"user": int(rest[0])})["messages"]:
            if m["message_id"] == int(rest[1]):
                file = m.get("video") or m.get("document")
                shutil.copyfile(ask(port, "files")["files"][file["file_id"]]["path"], rest[2])
                return
        sys.exit(1)
    else:
        print(json.dumps(ask(port, what, json.loads(rest[0]) if rest else {}), ensure_ascii=False))


if __name__ == "__main__":
    main()
