/*
 * What people read: catalogues in locale/LANGUAGE.json, built into the program. No text for users stands in C.
 *
 *   rc = text_load(&e);                                          // once; checks every catalogue against the table below
 *   char *s = text_make(text_language("ru"), TEXT_QUEUED, TEXT_VALUES(text_s("name", "talk.mp4"), text_n("n", 3)));
 *
 * A catalogue is a JSON object: the table's keys, each a string, or an object of plural forms chosen by the number
 * "n": {"one", "few", "many"} in Russian, {"one", "other"} in English (Unicode's CLDR rules for whole numbers).
 * {name} stands for a value; the table says which ones a text has, and each language, in each form, has exactly these.
 *
 * A language without a catalogue gets English; nobody's language (""): Russian. Threads: safe after text_load().
 */
#ifndef TITR_BOT_TEXT_H
#define TITR_BOT_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

/* id, key in the catalogues, its values */
#define TEXT_TABLE(X)                                                                                                  \
  X(START, "start", "name length size day")                                                                            \
  X(HELP, "help", "length size day")                                                                                   \
  X(HELP_CLOUD, "help_cloud", "size")                                                                                  \
  X(SEND_A_FILE, "send_a_file", "")                                                                                    \
  X(NO_LINKS, "no_links", "")                                                                                          \
  X(NOT_MEDIA, "not_media", "")                                                                                        \
  X(UNKNOWN_COMMAND, "unknown_command", "")                                                                            \
  X(COMMAND_START, "command.start", "")                                                                                \
  X(COMMAND_HELP, "command.help", "")                                                                                  \
  X(COMMAND_STATUS, "command.status", "")                                                                              \
  X(COMMAND_CANCEL, "command.cancel", "")                                                                              \
  X(REFUSED_SIZE, "refused.size", "size limit")                                                                        \
  X(REFUSED_CLOUD, "refused.cloud", "size limit")                                                                      \
  X(REFUSED_LENGTH, "refused.length", "length limit")                                                                  \
  X(REFUSED_FEATURE, "refused.feature", "")                                                                            \
  X(REFUSED_DAY, "refused.day", "n hour wait")                                                                         \
  X(REFUSED_TWICE, "refused.twice", "name task")                                                                       \
  X(REFUSED_BUSY, "refused.busy", "n")                                                                                 \
  X(QUEUED, "queued", "name n wait task")                                                                              \
  X(QUEUED_UNKNOWN, "queued_unknown", "name n task")                                                                   \
  X(QUEUED_FIRST, "queued_first", "name task")                                                                         \
  X(QUEUED_NEXT, "queued_next", "name wait task")                                                                      \
  X(QUEUED_AGAIN, "queued_again", "name wait task")                                                                    \
  X(RUNNING, "running", "name stage bar percent task")                                                                 \
  X(STOPPING, "stopping", "name task")                                                                                 \
  X(DONE, "done", "name task")                                                                                         \
  X(DONE_GONE, "done_gone", "name task")                                                                               \
  X(FAILED, "failed", "name error task")                                                                               \
  X(PARKED, "parked", "name error task")                                                                               \
  X(CANCELLED, "cancelled", "name task")                                                                               \
  X(GIVEN_BACK, "given_back", "")                                                                                      \
  X(STAGE_FETCH, "stage.fetch", "")                                                                                    \
  X(STAGE_PROBE, "stage.probe", "")                                                                                    \
  X(STAGE_MODEL, "stage.model", "")                                                                                    \
  X(STAGE_RECOGNIZE, "stage.recognize", "")                                                                            \
  X(STAGE_SHOTS, "stage.shots", "")                                                                                    \
  X(STAGE_RENDER, "stage.render", "")                                                                                  \
  X(STAGE_SAVE, "stage.save", "")                                                                                      \
  X(STAGE_OTHER, "stage.other", "")                                                                                    \
  X(ERROR_INPUT, "error.input", "")                                                                                    \
  X(ERROR_TOO_LONG, "error.too_long", "")                                                                              \
  X(ERROR_TOO_LARGE, "error.too_large", "")                                                                            \
  X(ERROR_NO_SPEECH, "error.no_speech", "")                                                                            \
  X(ERROR_GONE, "error.gone", "")                                                                                      \
  X(ERROR_NETWORK, "error.network", "")                                                                                \
  X(ERROR_TIMEOUT, "error.timeout", "")                                                                                \
  X(ERROR_OTHER, "error.other", "")                                                                                    \
  X(VIDEO_CAPTION, "video_caption", "")                                                                                \
  X(TOO_LARGE_TO_SEND, "too_large_to_send", "name size limit")                                                         \
  X(SUBTITLES_LEFT, "subtitles_left", "")                                                                              \
  X(LIST_HEAD, "list.head", "")                                                                                        \
  X(LIST_ROW, "list.row", "name state task")                                                                           \
  X(LIST_EMPTY, "list.empty", "")                                                                                      \
  X(STATE_QUEUED, "state.queued", "")                                                                                  \
  X(STATE_RUNNING, "state.running", "percent")                                                                         \
  X(STATE_DONE, "state.done", "")                                                                                      \
  X(STATE_FAILED, "state.failed", "")                                                                                  \
  X(STATE_CANCELLED, "state.cancelled", "")                                                                            \
  X(NOT_FOUND, "not_found", "")                                                                                        \
  X(CANCEL_NOTHING, "cancel.nothing", "")                                                                              \
  X(CANCEL_WHICH, "cancel.which", "")                                                                                  \
  X(CANCEL_NOW, "cancel.now", "")                                                                                      \
  X(CANCEL_ASKED, "cancel.asked", "")                                                                                  \
  X(CANCEL_LATE, "cancel.late", "")                                                                                    \
  X(BUTTON_CANCEL, "button.cancel", "")                                                                                \
  X(BUTTON_CANCEL_NAME, "button.cancel_name", "name")                                                                  \
  X(OUT_OF_DATE, "out_of_date", "")                                                                                    \
  X(SECONDS, "seconds", "n")                                                                                           \
  X(MINUTES, "minutes", "n")                                                                                           \
  X(HOURS, "hours", "n")                                                                                               \
  X(MEGABYTES, "megabytes", "n")                                                                                       \
  X(FILES_A_DAY, "files_a_day", "n")                                                                                   \
  X(NAME_VIDEO, "name.video", "")                                                                                      \
  X(NAME_VOICE, "name.voice", "")                                                                                      \
  X(NAME_AUDIO, "name.audio", "")

#define TEXT_ENUM(id, key, values) TEXT_##id,
enum text_id { TEXT_TABLE(TEXT_ENUM) TEXT_COUNT };
#undef TEXT_ENUM

enum text_language { TEXT_RU, TEXT_EN, TEXT_LANGUAGES };

/* ERR_FAIL with the catalogue, key and fault. Later calls return at once. */
int text_load(struct err *e);
/* The same of any text in place of a catalogue: for tests. */
int text_check(enum text_language l, const char *json, size_t n, struct err *e);

enum text_language text_language(const char *code); /* "ru", "en-GB", … */
const char *text_language_code(enum text_language l);

/* The text of "stage.NAME" or "error.NAME"; of "stage.other" or "error.other" for a name that has none. */
enum text_id text_of_stage(const char *name);
enum text_id text_of_error(const char *name);

struct text_value {
  const char *name, *text; /* text NULL: */
  int64_t number;
};
static inline struct text_value text_s(const char *name, const char *text) {
  return (struct text_value){.name = name, .text = text ? text : ""};
}
static inline struct text_value text_n(const char *name, int64_t number) {
  return (struct text_value){.name = name, .number = number};
}
#define TEXT_VALUES(...)                                                                                               \
  (const struct text_value[]){__VA_ARGS__}, sizeof((const struct text_value[]){__VA_ARGS__}) / sizeof(struct text_value)
#define TEXT_NO_VALUES NULL, 0

/* Caller frees. A value that the text has and the call lacks ends the program: a bug. */
char *text_make(enum text_language l, enum text_id id, const struct text_value *values, size_t count);

/* "45 s", "2 min 30 s", "1 h 5 min": cut to whole seconds, whole minutes from an hour on. A wait is rounded up to 10 s
 * or whole minutes. "12 MB" is 12 * 2^20 bytes; rounded up for what is too large, exact for limits. Caller frees. */
char *text_length(enum text_language l, int64_t ms);
char *text_wait(enum text_language l, int64_t ms);
char *text_size(enum text_language l, int64_t bytes);

/* A name cut to `most` characters, with "…" in the middle, and without what breaks a line. Caller frees. */
char *text_short_name(const char *name, size_t most);

#endif
