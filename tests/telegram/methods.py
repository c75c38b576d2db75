"""The methods that the emulated server knows: their fields, types and limits, from core.telegram.org/bots/api."""
import json
import re


class Refusal(Exception):
    def __init__(self, code, description, retry_after=None, violation=None):
        super().__init__(description)
        self.code, self.description, self.retry_after, self.violation = code, description, retry_after, violation


def units(text):
    """UTF-16 units, as Telegram counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def text(least, most, what):
    def read(value):
        if not isinstance(value, str):
            raise ValueError("must be a String")
        if units(value) < least:
            raise ValueError(f"{what} is empty")
        if units(value) > most:
            raise ValueError(f"{what} is too long")
        return value

    return read


def whole(least=-(1 << 52), most=1 << 52):
    def read(value):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError("must be an Integer in its range")
        return value

    return read


def truth(value):
    if not isinstance(value, bool):
        raise ValueError("must be a Boolean")
    return value


def one_of(*words):
    def read(value):
        if value not in words:
            raise ValueError("is none of the known words")
        return value

    return read


def fields(required=(), **readers):
    def read(value):
        if not isinstance(value, dict):
            raise ValueError("must be an object")
        for name in required:
            if name not in value:
                raise ValueError(f"{name} is missing")
        for name, item in value.items():
            if name not in readers:
                raise ValueError(f"{name} is not known")
            readers[name](item)
        return value

    return read


def list_of(reader, most):
    def read(value):
        if not isinstance(value, list) or len(value) > most:
            raise ValueError("must be an Array, not too long")
        return [reader(item) for item in value]

    return read


def callback_data(value):
    if not isinstance(value, str) or not 1 <= len(value.encode()) <= 64:
        raise ValueError("BUTTON_DATA_INVALID")
    return value


def file(value):
    if isinstance(value, str) and value:
        return value
    if isinstance(value, dict) and "data" in value:
        return value
    raise ValueError("must be a file or a file_id")


def command_name(value):
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9_]{1,32}", value):
        raise ValueError("BOT_COMMAND_INVALID")
    return value


CHAT = {"chat_id": whole()}
REPLY = {"reply_parameters": fields(("message_id",), message_id=whole(1), allow_sending_without_reply=truth)}
BUTTON = fields(("text", "callback_data"), text=text(1, 64, "button"), callback_data=callback_data)
MARKUP = {"reply_markup": fields(("inline_keyboard",), inline_keyboard=list_of(list_of(BUTTON, 8), 100))}
TEXT = {"text": text(1, 4096, "message text"), "link_preview_options": fields(is_disabled=truth)}
CAPTION = {"caption": text(0, 1024, "message caption")}
COMMAND = fields(("command", "description"), command=command_name, description=text(1, 256, "description"))

METHODS = {  # name: (required, {field: reader})
    "getMe": ((), {}),
    "getUpdates": ((), {"offset": whole(), "limit": whole(1, 100), "timeout": whole(0, 600),
                        "allowed_updates": list_of(one_of("message", "callback_query", "my_chat_member"), 30)}),
    "sendMessage": (("chat_id", "text"), {**CHAT, **TEXT, **REPLY, **MARKUP}),
    "editMessageText": (("chat_id", "message_id", "text"),
                        {**CHAT, **TEXT, **MARKUP, "message_id": whole(1), **REPLY}),
    "sendVideo": (("chat_id", "video"), {**CHAT, **REPLY, **CAPTION, "video": file, "supports_streaming": truth,
                                         "width": whole(1), "height": whole(1), "duration": whole(0)}),
    "sendDocument": (("chat_id", "document"),
                     {**CHAT, **REPLY, **CAPTION, "document": file, "disable_content_type_detection": truth}),
    "sendChatAction": (("chat_id", "action"),
                       {**CHAT, "action": one_of("typing", "upload_video", "upload_document", "record_video")}),
    "getFile": (("file_id",), {"file_id": text(1, 255, "file_id")}),
    "setMyCommands": (("commands",), {"commands": list_of(COMMAND, 100), "language_code": text(2, 2, "language")}),
    "answerCallbackQuery": (("callback_query_id",),
                            {"callback_query_id": text(1, 64, "id"), "text": text(0, 200, "answer")}),
}
del METHODS["editMessageText"][1]["reply_parameters"]  # an edit replies to nothing


def from_text(name, value):
    """In a form everything is text; numbers, truth values and objects are JSON."""
    if name in ("text", "caption", "action", "file_id") or not isinstance(value, str):
        return value
    if name in ("video", "document"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def check(method, given, as_text):
    required, readers = METHODS[method]
    out = {}
    for name in required:
        if name not in given:
            raise Refusal(400, f"Bad Request: {name} is required", violation=f"{method}: {name} is missing")
    for name, value in given.items():
        if name not in readers:
            raise Refusal(400, f"Bad Request: {name} is not known", violation=f"{method}: {name} is not known")
        if as_text:
            value = from_text(name, value)
        try:
            out[name] = readers[name](value)
        except ValueError as e:
            raise Refusal(400, f"Bad Request: {e}", violation=f"{method}: {name}: {e}")
    return out
