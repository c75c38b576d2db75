#include "bot/update.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define LARGEST_ID (1LL << 52) /* Telegram's promise for ids of users and chats */

static const char *text_at(struct js *v, const char *path) {
  const char *s = js_string_or(v, path, NULL);
  return s && *s ? s : NULL;
}

static int64_t number_at(struct js *v, const char *path, int64_t highest) {
  int64_t n;
  return js_get_int(v, path, 0, highest, &n, NULL) < 0 ? -1 : n;
}

/* ---- media ---- */

static bool ends_with_one_of(const char *name, const char *const *ends, size_t count) {
  const char *dot = strrchr(name, '.');
  for (size_t i = 0; dot && i < count; i++)
    if (strcasecmp(dot + 1, ends[i]) == 0) return true;
  return false;
}

enum media_kind media_kind_of(const char *mime, const char *name) {
  static const char *const videos[] = {"mp4", "m4v", "mpeg", "mpg", "mov", "avi", "mkv", "webm", "3gp", "ts"};
  static const char *const audios[] = {"mp3", "m4a", "wav", "ogg", "oga", "opus", "flac", "aac"};
  if (mime && strncasecmp(mime, "video/", 6) == 0) return MEDIA_VIDEO;
  if (mime && strncasecmp(mime, "audio/", 6) == 0) return MEDIA_AUDIO;
  bool says_nothing = !mime || strcasecmp(mime, "application/octet-stream") == 0;
  bool may_be = says_nothing || strcasecmp(mime, "application/ogg") == 0 || strcasecmp(mime, "application/mp4") == 0 ||
                strcasecmp(mime, "application/x-matroska") == 0;
  if (!may_be || !name) return MEDIA_OTHER;
  if (ends_with_one_of(name, videos, ARRAY_LEN(videos))) return MEDIA_VIDEO;
  return ends_with_one_of(name, audios, ARRAY_LEN(audios)) ? MEDIA_AUDIO : MEDIA_OTHER;
}

static bool read_media(struct js *message, const char *member, enum media_kind kind, struct incoming_media *m) {
  struct js *v = js_at(message, member);
  const char *id = text_at(v, "file_id"), *unique = text_at(v, "file_unique_id");
  if (!js_is_object(v) || !id || !unique || strlen(id) > 255 || strlen(unique) > 255) return false;
  *m = (struct incoming_media){.kind = kind,
                               .file_id = id,
                               .unique_id = unique,
                               .name = text_at(v, "file_name"),
                               .mime = text_at(v, "mime_type"),
                               .bytes = number_at(v, "file_size", INT64_MAX / 4)};
  int64_t seconds = number_at(v, "duration", 1000000);
  m->ms = seconds < 0 ? -1 : seconds * 1000;
  if (kind == MEDIA_OTHER) m->kind = media_kind_of(m->mime, m->name); /* a document: what is in it? */
  return true;
}

static void read_content(struct js *message, struct update *u) {
  static const struct {
    const char *member;
    enum media_kind kind;
  } members[] = {{"video", MEDIA_VIDEO}, {"video_note", MEDIA_VIDEO}, {"voice", MEDIA_VOICE},
                 {"audio", MEDIA_AUDIO}, {"animation", MEDIA_OTHER},  {"document", MEDIA_OTHER}};
  /* what else a person sends; a message of neither is Telegram's own: something was pinned, a background was set … */
  static const char *const others[] = {"photo", "sticker", "contact", "location",   "venue",    "poll",
                                       "dice",  "game",    "story",   "paid_media", "checklist"};
  u->media = (struct incoming_media){.kind = MEDIA_NONE, .bytes = -1, .ms = -1};
  bool other = false;
  for (size_t i = 0; i < ARRAY_LEN(members); i++) {
    if (read_media(message, members[i].member, members[i].kind, &u->media)) return;
    other = other || js_at(message, members[i].member); /* a file without its ids is none */
  }
  for (size_t i = 0; i < ARRAY_LEN(others); i++) other = other || js_at(message, others[i]);
  if (other && !*u->text) u->media.kind = MEDIA_OTHER;
}

/* ---- who and where ---- */

static bool read_person(struct js *v, struct update *u) {
  if (js_get_int(v, "id", 1, LARGEST_ID, &u->from, NULL) < 0 || js_bool_or(v, "is_bot", false)) return false;
  u->username = text_at(v, "username");
  u->first_name = text_at(v, "first_name");
  u->last_name = text_at(v, "last_name");
  u->language = text_at(v, "language_code");
  if (u->language && strlen(u->language) > 15) u->language = NULL;
  return true;
}

static bool read_private_chat(struct js *v, struct update *u) {
  return strcmp(js_string_or(v, "type", ""), "private") == 0 && js_get_int(v, "id", 1, LARGEST_ID, &u->chat, NULL) == 0;
}

static void read_message(struct js *v, struct update *u) {
  if (!read_person(js_at(v, "from"), u) || !read_private_chat(js_at(v, "chat"), u)) return;
  if (js_get_int(v, "message_id", 1, INT64_MAX, &u->message, NULL) < 0) return;
  u->text = js_string_or(v, "text", "");
  read_content(v, u);
  if (*u->text || u->media.kind != MEDIA_NONE) u->kind = UPDATE_MESSAGE;
}

static void read_callback(struct js *v, struct update *u) {
  u->callback_id = text_at(v, "id");
  u->data = text_at(v, "data");
  if (!u->callback_id || !u->data || !read_person(js_at(v, "from"), u)) return;
  if (!read_private_chat(js_at(v, "message.chat"), u)) return;
  if (js_get_int(v, "message.message_id", 0, INT64_MAX, &u->message, NULL) < 0) u->message = 0;
  u->kind = UPDATE_CALLBACK;
}

static void read_membership(struct js *v, struct update *u) {
  if (!read_person(js_at(v, "from"), u) || !read_private_chat(js_at(v, "chat"), u)) return;
  const char *now = js_string_or(v, "new_chat_member.status", "");
  if (strcmp(now, "kicked") == 0) u->kind = UPDATE_BLOCKED;
  else if (strcmp(now, "member") == 0) u->kind = UPDATE_UNBLOCKED;
}

int update_read(struct js *v, struct update *ret, struct err *e) {
  struct update u = {.kind = UPDATE_OTHER, .text = ""};
  int rc = js_get_int(v, "update_id", 0, INT64_MAX - 1, &u.id, e);
  if (rc < 0) return rc;
  if (js_is_object(js_at(v, "message"))) read_message(js_at(v, "message"), &u);
  else if (js_is_object(js_at(v, "callback_query"))) read_callback(js_at(v, "callback_query"), &u);
  else if (js_is_object(js_at(v, "my_chat_member"))) read_membership(js_at(v, "my_chat_member"), &u);
  *ret = u;
  return 0;
}

/* ---- commands ---- */

bool command_read(const char *text, const char *me, struct command_words *ret) {
  if (text[0] != '/') return false;
  const char *name = text + 1;
  size_t n = 0;
  while (isalnum((unsigned char)name[n])) n++;
  if (n == 0 || n >= sizeof ret->name) return false;
  const char *rest = name + n, *argument = NULL;
  size_t length = 0;
  if (*rest == '_') {
    argument = rest + 1;
    while (isalnum((unsigned char)argument[length]) || argument[length] == '-') length++;
    rest = argument + length;
  }
  if (*rest == '@') {
    size_t bot = strcspn(++rest, " \t\n");
    if (strlen(me) != bot || strncasecmp(rest, me, bot) != 0) return false;
    rest += bot;
  }
  if (*rest && !isspace((unsigned char)*rest)) return false;
  if (!argument) {
    argument = rest + strspn(rest, " \t\n");
    length = strcspn(argument, " \t\n");
  }
  if (length >= sizeof ret->argument) length = sizeof ret->argument - 1; /* longer than any code: none is found */
  for (size_t i = 0; i < n; i++) ret->name[i] = (char)tolower((unsigned char)name[i]);
  for (size_t i = 0; i < length; i++) ret->argument[i] = (char)tolower((unsigned char)argument[i]);
  ret->name[n] = ret->argument[length] = '\0';
  return true;
}
