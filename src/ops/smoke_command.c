/*
 * `titr smoke`: everything a job needs, used once, a line each. Nothing stays behind: the task of the queue's round trip lives in a
 * transaction that is rolled back, the stream in Redis has a name of its own and is deleted.
 */
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/transcript.h"
#include "config/settings.h"
#include "media/media.h"
#include "models/models.h"
#include "ops/cli.h"
#include "ops/commands.h"
#include "ops/dependencies.h"
#include "pipeline/model_keeper.h"
#include "queue/redis.h"
#include "speech/speech.h"
#include "store/migrate.h"
#include "store/tasks.h"
#include "store/users.h"

/* ---- database and migrations ---- */

static int select_one(struct sql_tx *tx, void *ctx, struct err *e) {
  (void)ctx;
  _cleanup_(sql_rows_freep) struct sql_rows *rows = NULL;
  return sql_query(tx, "SELECT 1", SQL_NO_ARGS, &rows, e);
}

static int try_database(struct sql **db, struct buf *ret, struct err *e) {
  int rc = sql_open(settings_database_url(), NULL, db, e);
  if (rc == 0) rc = sql_transact(*db, SQL_WRITE, select_one, NULL, e); /* a read-only one is of no use */
  if (rc == 0) buf_adds(ret, sql_display(*db));
  return rc;
}

static int try_migrations(struct sql **db, struct buf *ret, struct err *e) {
  if (!*db) return err_set(e, ERR_IO, "not looked at: no database");
  _cleanup_(buf_release) struct buf name = BUF_INIT;
  int rc = dependency_database(*db, &name, e);
  if (rc < 0) return rc;
  const struct migration *last = &migrations_embedded.all[migrations_embedded.count - 1];
  buf_addf(ret, "at %s_%s, the program's last", last->revision, last->name);
  return 0;
}

/* ---- the queue's round trip ---- */

static int queue_a_task(struct sql_tx *tx, struct err *e) {
  _cleanup_(user_release) struct user u = {0};
  _cleanup_(task_release) struct task made = {0}, claimed = {0};
  int64_t now = clock_utc_ms();
  bool cancel;
  /* Telegram's ids of people are positive */
  int rc = users_seen(tx, &(struct user_names){.telegram_id = -now, .first_name = "smoke"}, now, &u, e);
  const struct task_new n = {.user_id = u.id,
                             .lane = TASK_LANES,
                             .input_kind = "path",
                             .input = "{}",
                             .options = "{}",
                             .reply = "{}",
                             .media_ms = -1};
  if (rc >= 0) rc = tasks_create(tx, &n, now, &made, e);
  if (rc >= 0) rc = tasks_claim(tx, made.public_id, "smoke", 60000, now, &claimed, e);
  if (rc == 0) return err_set(e, ERR_FAIL, "a task that was made cannot be taken");
  if (rc > 0) rc = tasks_renew(tx, claimed.id, "smoke", 60000, "render", 500, now, &cancel, e);
  if (rc > 0) rc = tasks_done(tx, claimed.id, "smoke", "tasks/smoke/result.mp4", NULL, now, e);
  if (rc == 0) return err_set(e, ERR_FAIL, "a task that was taken is lost");
  if (rc > 0) rc = tasks_get(tx, claimed.id, &claimed, e);
  if (rc >= 0 && claimed.state != TASK_DONE) return err_set(e, ERR_FAIL, "a task that was done is not");
  return rc < 0 ? rc : 0;
}

static int try_queue(struct sql **db, struct buf *ret, struct err *e) {
  if (!*db) return err_set(e, ERR_IO, "not tried: no database");
  double begun = clock_now();
  struct sql_tx *tx = NULL;
  int rc = sql_begin(*db, SQL_WRITE, &tx, e);
  if (rc == 0) rc = queue_a_task(tx, e);
  sql_rollback(tx);
  if (rc == 0) buf_addf(ret, "a task made, taken and done in %.0f ms, and undone", (clock_now() - begun) * 1000);
  return rc;
}

/* ---- Redis ---- */

enum { PIECES_MOST = 10 };

/* One command of the round trip; `about` says what it proves. */
static int redis_step(struct redis *c, const char *const words[PIECES_MOST], struct redis_reply **ret, struct err *e) {
  size_t n = 0;
  while (n < PIECES_MOST && words[n]) n++;
  redis_reply_free(TAKE(*ret));
  return redis_call(c, words, n, 3, ret, e);
}

static int stream_round_trip(struct redis *c, const char *key, struct err *e) {
  const char *const steps[][PIECES_MOST] = {
      {"XGROUP", "CREATE", key, "smoke", "0", "MKSTREAM"},
      {"EXPIRE", key, "60"}, /* should this process die before the end */
      {"XADD", key, "*", "task", "smoke"},
      {"XREADGROUP", "GROUP", "smoke", "one", "COUNT", "1", "STREAMS", key, ">"},
      {"XAUTOCLAIM", key, "smoke", "two", "0", "0-0", "COUNT", "1"}, /* Redis 6.2 */
  };
  _cleanup_(redis_reply_freep) struct redis_reply *r = NULL;
  int rc = 0;
  for (size_t i = 0; i < ARRAY_LEN(steps) && rc == 0; i++) rc = redis_step(c, steps[i], &r, e);
  if (rc < 0) return rc;
  const char *task = redis_text(redis_item(redis_item(redis_item(redis_item(r, 1), 0), 1), 1));
  if (!task || strcmp(task, "smoke") != 0) return err_set(e, ERR_NETWORK, "what went into a stream does not come out");
  return 0;
}

static int try_redis(struct sql **db, struct buf *ret, struct err *e) {
  (void)db;
  struct settings_redis s;
  if (!settings_redis(&s)) {
    buf_adds(ret, "not set: the queue is embedded in the database");
    return 0;
  }
  double begun = clock_now();
  const struct queue_redis where = {s.host, s.port, s.database, s.password};
  _cleanup_(redis_freep) struct redis *c = NULL;
  int rc = redis_connect(&where, 3, &c, e);
  if (rc < 0) return rc;
  _cleanup_(mem_freep) char *key = x_asprintf("titr:smoke:%d:%lld", (int)getpid(), (long long)clock_utc_ms());
  rc = stream_round_trip(c, key, e);
  _cleanup_(redis_reply_freep) struct redis_reply *r = NULL;
  const char *const gone[PIECES_MOST] = {"DEL", key};
  if (!redis_broken(c)) redis_step(c, gone, &r, NULL); /* else it expires */
  if (rc == 0)
    buf_addf(ret, "%s:%d, a stream written and read in %.0f ms", s.host, s.port, (clock_now() - begun) * 1000);
  return rc;
}

/* ---- storage, media ---- */

static int try_storage(struct sql **db, struct buf *ret, struct err *e) {
  (void)db;
  return dependency_storage(ret, e);
}

static int try_media(struct sql **db, struct buf *ret, struct err *e) {
  (void)db;
  return dependency_media(ret, e);
}

/* ---- the engine ---- */

static int try_model(struct sql **db, struct buf *ret, struct err *e) {
  (void)db;
  const char *name = settings_text(SET_WHISPER_MODEL);
  _cleanup_(mem_freep) char *folder = NULL;
  int rc = models_locate(name, &folder, e);
  if (rc == 0) buf_addf(ret, "%s in %s", name, folder);
  return rc;
}

/* A recorded prompt, where a telephone system has left one; caller frees. */
static char *recorded_prompt(void) {
  glob_t found;
  if (glob("/usr/share/asterisk/sounds/*/auth-thankyou.wav", 0, NULL, &found) != 0) return NULL;
  char *path = x_strdup(found.gl_pathv[0]);
  globfree(&found);
  return path;
}

static void add_number(struct buf *b, uint32_t v, int bytes) { /* little-endian, as WAV has it */
  for (int i = 0; i < bytes; i++) buf_addc(b, (char)(v >> (8 * i)));
}

/* A second like an "a", as WAV: a voice of 120 Hz whose harmonics are strong near 700 and 1200 Hz. */
static void synthesize(struct buf *wav) {
  enum { RATE = SPEECH_SAMPLE_RATE, BYTES = 2 * RATE };
  buf_adds(wav, "RIFF");
  add_number(wav, 36 + BYTES, 4);
  buf_adds(wav, "WAVEfmt ");
  const uint32_t head[][2] = {{16, 4},       {1, 2}, {1, 2}, {RATE, 4},
                              {2 * RATE, 4}, {2, 2}, {16, 2}}; /* PCM, mono, 16 bits */
  for (size_t i = 0; i < ARRAY_LEN(head); i++) add_number(wav, head[i][0], (int)head[i][1]);
  buf_adds(wav, "data");
  add_number(wav, BYTES, 4);
  for (int i = 0; i < RATE; i++) {
    double t = (double)i / RATE, sum = 0;
    for (int k = 1; k <= 30; k++) {
      double f = 120.0 * k, x = (f - 700) / 150, y = (f - 1200) / 200;
      sum += (exp(-x * x) + 0.5 * exp(-y * y) + 0.05) * sin(2 * M_PI * f * t);
    }
    add_number(wav, (uint32_t)(int32_t)(sum * 3000), 2);
  }
}

static long read_sound(void *ctx, float *pcm, size_t max, struct err *e) {
  return media_pcm_read(ctx, pcm, max, e);
}

static int recognize(const char *path, bool speech, struct buf *ret, struct err *e) {
  const struct model_wish wish = {.name = settings_text(SET_WHISPER_MODEL), .vad = true};
  _cleanup_(speech_model_freep) struct speech_model *m = NULL;
  _cleanup_(media_pcm_closep) struct media_pcm *pcm = NULL; /* read in the sandboxed child, as every file */
  int rc = model_open(&wish, &m, e);
  if (rc == 0) rc = media_pcm_open(path, &pcm, e);
  if (rc < 0) return rc;
  struct speech_options o = speech_default_options();
  o.vad = speech; /* the detector takes a vowel for no speech, and then nothing would be recognized */
  _cleanup_(transcript_release) struct transcript t = {0};
  struct speech_report report = {0};
  rc = speech_recognize(m, &o, read_sound, pcm, &t, &report, e);
  if (rc == ERR_NO_SPEECH && !speech) rc = 0; /* a fair answer */
  if (rc == 0 && report.windows == 0) return err_set(e, ERR_FAIL, "nothing was read through the sandbox");
  if (rc == 0)
    buf_addf(ret, "%s: %zu words in %.2f s", speech ? "a recorded prompt" : "a second like a vowel", t.count,
             report.total);
  return rc;
}

static int try_engine(struct sql **db, struct buf *ret, struct err *e) {
  (void)db;
  _cleanup_(mem_freep) char *prompt = recorded_prompt(), *dir = NULL;
  if (prompt) return recognize(prompt, true, ret, e);
  _cleanup_(buf_release) struct buf wav = BUF_INIT;
  synthesize(&wav);
  int rc = file_temp_dir(&dir, e);
  if (rc < 0) return rc;
  _cleanup_(mem_freep) char *path = x_asprintf("%s/vowel.wav", dir);
  rc = file_write(path, wav.data, wav.len, 0, e);
  if (rc == 0) rc = recognize(path, false, ret, e);
  file_remove_tree(dir);
  return rc;
}

/* ---- the list ---- */

static const struct {
  const char *name;
  int (*try_it)(struct sql **db, struct buf *ret, struct err *e);
} trials[] = {{"database", try_database}, {"migrations", try_migrations}, {"redis", try_redis}, {"queue", try_queue},
              {"storage", try_storage},   {"media", try_media},           {"model", try_model}, {"engine", try_engine}};

static int run(const struct arguments *a) {
  (void)a;
  struct err e = {0};
  cli_start_again_with_short_spins();
  if (settings_load_service(&e) < 0) return cli_fail(&e);
  _cleanup_(sql_closep) struct sql *db = NULL;
  int failed = 0;
  for (size_t i = 0; i < ARRAY_LEN(trials); i++) {
    _cleanup_(buf_release) struct buf words = BUF_INIT;
    int rc = trials[i].try_it(&db, &words, &e);
    printf("%-4s %-10s %s\n", rc < 0 ? "FAIL" : "ok", trials[i].name, rc < 0 ? e.msg : buf_str(&words));
    fflush(stdout); /* the next one may take a while */
    failed += rc < 0;
  }
  if (failed)
    printf("%d of %zu failed; `titr doctor` says how to mend what this machine lacks\n", failed, ARRAY_LEN(trials));
  return failed > 0;
}

static const struct option_row options[] = {{0}};

const struct command command_smoke = {
    .name = "smoke",
    .about = "try once everything that a job needs",
    .text =
        "A line each: the database, its migrations, Redis when it is set, a task through the queue, the storage, the "
        "parts of libav and the letters of captions, the model, and the engine on a moment of speech. Nothing stays "
        "behind. Exits with 1 when something fails.",
    .examples = "titr smoke\tafter installing, and before telling anybody",
    .options = options,
    .run = run,
    .no_settings = true};
