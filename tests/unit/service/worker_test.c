/* The worker on real recorded speech: every end that a job can have, what the row, the ledger, the outbox and the
 * disk say afterwards. */
#include "unit/store/accounts.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/subprocess.h"
#include "config/settings.h"
#include "pipeline/child_ops.h"
#include "service/gc.h"
#include "service/worker.h"
#include "store/outbox.h"
#include "store/quota.h"
#include "store/tasks.h"

#define PROMPT                                                                                                         \
  "/usr/share/asterisk/sounds/en_US_f_Allison/vm-msgforwarded.g722" /* "Your message has been forwarded" … */

static char *media_dir, *spoken, *silent, *text, *voice;

static void ffmpeg(const char *const *argv) {
  struct subprocess s = {.argv = argv, .timeout = 120};
  _cleanup_(buf_release) struct buf err = BUF_INIT;
  int status = -1;
  if (subprocess_run(&s, NULL, &err, &status, NULL) < 0 || status) fail_msg("ffmpeg: %s", buf_str(&err));
}

static int make_media(void **state) {
  (void)state;
  MUST(file_temp_dir(&media_dir, e));
  spoken = x_asprintf("%s/spoken.mp4", media_dir);
  silent = x_asprintf("%s/silent.mp4", media_dir);
  text = x_asprintf("%s/text.mp4", media_dir);
  voice = x_asprintf("%s/voice.ogg", media_dir);
  ffmpeg(
      (const char *const[]){"ffmpeg", "-v", "error", "-y", "-f", "g722", "-i", PROMPT, "-c:a", "libopus", voice, NULL});
  ffmpeg(
      (const char *const[]){"ffmpeg",  "-v",      "error",     "-y",       "-f",        "g722",
                            "-i",      PROMPT,    "-f",        "lavfi",    "-i",        "testsrc2=size=320x240:rate=25",
                            "-map",    "1:v",     "-map",      "0:a",      "-shortest", "-c:v",
                            "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",   "-c:a",
                            "aac",     spoken,    NULL});
  ffmpeg((const char *const[]){"ffmpeg",  "-v",        "error",    "-y",
                               "-f",      "lavfi",     "-i",       "anullsrc=r=16000:cl=mono",
                               "-f",      "lavfi",     "-i",       "testsrc2=size=320x240:rate=25",
                               "-t",      "3",         "-c:v",     "libx264",
                               "-preset", "ultrafast", "-pix_fmt", "yuv420p",
                               "-c:a",    "aac",       silent,     NULL});
  MUST(file_write(text, "This is no video.\n", 18, 1, e));
  return 0;
}

static int remove_media(void **state) {
  (void)state;
  file_remove_tree(media_dir);
  free(spoken);
  free(silent);
  free(text);
  free(voice);
  free(media_dir);
  return 0;
}

/* ---- a service of one worker, whose input is on this disk ---- */

struct service {
  struct sql *db;
  struct queue *q;
  struct storage *storage;
  char *root;
  int64_t user;
  atomic_bool stop;
  pthread_t thread;
  struct worker_options o;
  int rc;
};

enum trouble { NO_TROUBLE, NETWORK_DOWN, FILE_GONE, NEVER_ENDS };
static enum trouble trouble;
static atomic_bool fetching;

static int copy_input(void *ctx, const char *input, const char *to, int64_t max_bytes, const atomic_bool *cancel,
                      void (*progress)(void *ctx, double done), void *progress_ctx, const char **ret_code,
                      struct err *e) {
  (void)ctx;
  atomic_store(&fetching, true);
  progress(progress_ctx, 0.5);
  if (trouble == FILE_GONE) {
    *ret_code = "gone";
    return err_set(e, ERR_INPUT, "no such file");
  }
  if (trouble == NETWORK_DOWN) return err_set(e, ERR_NETWORK, "the server cannot be reached");
  while (trouble == NEVER_ENDS && !atomic_load(cancel)) clock_sleep(0.02);
  if (atomic_load(cancel)) return err_set(e, ERR_CANCELLED, "cancelled");
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  int rc = file_read(input, max_bytes > 0 ? (size_t)max_bytes : 1 << 24, &b, e);
  return rc < 0 ? rc : file_write(to, buf_str(&b), b.len, 1, e);
}

static void *run_worker(void *arg) {
  struct service *s = arg;
  s->rc = worker_run(&s->o, &s->stop, NULL);
  return NULL;
}

static const struct worker_fetch fetches[] = {{"path", copy_input, NULL}, {NULL, NULL, NULL}};

static void start_worker(struct service *s) {
  atomic_store(&s->stop, false);
  assert_int_equal(pthread_create(&s->thread, NULL, run_worker, s), 0);
}

static void open_service(struct service *s, void **state) {
  memset(s, 0, sizeof *s);
  trouble = NO_TROUBLE;
  atomic_store(&fetching, false);
  s->db = open_core(SCRATCH(state));
  struct queue_options qo = queue_default_options();
  qo.owner = "worker:test:1";
  qo.attempts = 2;
  qo.poll_ms = 50;
  MUST(queue_open(s->db, &qo, &s->q, e));
  MUST(file_temp_dir(&s->root, e));
  MUST(storage_open(s->root, &s->storage, e));
  struct sql_tx *tx = begin(s->db);
  s->user = make_user(tx, 77);
  commit(tx);
  s->o = worker_default_options();
  s->o.db = s->db;
  s->o.queue = s->q;
  s->o.storage = s->storage;
  s->o.fetches = fetches;
  s->o.name = qo.owner;
  s->o.model = settings_text(SET_WHISPER_MODEL);
  s->o.lease_ms = qo.lease_ms;
  s->o.drain_seconds = 0.2;
  start_worker(s);
}

static void stop_worker(struct service *s) {
  atomic_store(&s->stop, true);
  pthread_join(s->thread, NULL);
  assert_int_equal(s->rc, 0);
}

static void close_service(struct service *s) {
  stop_worker(s);
  queue_close(s->q);
  sql_close(s->db);
  storage_free(s->storage);
  file_remove_tree(s->root);
  free(s->root);
}

static int64_t now_ms(void) {
  return (int64_t)time(NULL) * 1000;
}

static struct task add_task(struct service *s, const char *input, const char *options) {
  struct task t = {0};
  struct sql_tx *tx = begin(s->db);
  struct task_new n = {.user_id = s->user,
                       .lane = 3,
                       .input_kind = "path",
                       .input = input,
                       .options = options,
                       .reply = "{}",
                       .media_ms = -1};
  MUST(tasks_create(tx, &n, now_ms(), &t, e));
  assert_int_equal(quota_charge(tx, s->user, "2026-11-24", 100, t.id, now_ms(), NULL), 1);
  commit(tx);
  queue_wake(s->q, t.public_id, 3);
  return t;
}

static struct task look(struct service *s, const struct task *t) {
  struct task now = {0};
  struct sql_tx *tx = begin(s->db);
  assert_int_equal(tasks_get(tx, t->id, &now, NULL), 1);
  commit(tx);
  return now;
}

/* The task's row once it is in the state. It comes to it in seconds; minutes are for a sanitizer on a busy machine. */
static struct task wait_for(struct service *s, const struct task *t, enum task_state state) {
  for (double until = clock_now() + 200;;) {
    struct task now = look(s, t);
    if (now.state == state) return now;
    if (clock_now() > until)
      fail_msg("still %s at %s, not %s: %s", task_state_name(now.state), now.stage, task_state_name(state),
               now.error_text ? now.error_text : "");
    task_release(&now);
    clock_sleep(0.05);
  }
}

static int64_t used(struct service *s) {
  int64_t n;
  struct sql_tx *tx = begin(s->db);
  MUST(quota_used(tx, s->user, "2026-11-24", &n, e));
  commit(tx);
  return n;
}

/* What the outbox tells next, or NULL. Caller frees. */
static char *told(struct service *s) {
  struct outbox_item item = {0};
  struct sql_tx *tx = begin(s->db);
  struct err e = {0};
  int rc = outbox_take(tx, "telegram", 60000, now_ms() + 1000, &item, &e);
  commit(tx);
  char *payload = rc == 1 ? x_strdup(item.payload) : NULL;
  outbox_item_release(&item);
  return payload;
}

static void assert_told(struct service *s, const char *event) {
  _cleanup_(mem_freep) char *payload = told(s);
  if (!event) {
    assert_null(payload);
    return;
  }
  assert_non_null(payload);
  assert_non_null(strstr(payload, event));
}

static bool is_there(struct service *s, const char *relative) {
  _cleanup_(mem_freep) char *path = NULL;
  struct stat st;
  return relative && storage_path(s->storage, relative, &path, NULL) == 0 && stat(path, &st) == 0;
}

/* ---- the ends ---- */

static void spoken_video_is_captioned(void **state) {
  struct service s;
  open_service(&s, state);
  struct task t = add_task(&s, spoken, "{\"language\": \"en\", \"watermark\": \"titr\", \"quality\": \"720p\"}");
  struct task done = wait_for(&s, &t, TASK_DONE);
  assert_true(is_there(&s, done.result_path));
  assert_true(is_there(&s, done.subtitles_path));
  assert_true(done.media_ms > 1000);
  assert_int_equal(done.attempts, 1);
  _cleanup_(mem_freep) char *srt = NULL, *work = storage_task_path(t.public_id, "work");
  _cleanup_(buf_release) struct buf b = BUF_INIT;
  MUST(storage_path(s.storage, done.subtitles_path, &srt, e));
  MUST(file_read(srt, 1 << 16, &b, e));
  assert_non_null(strstr(buf_str(&b), "message"));
  assert_false(is_there(&s, work)); /* as large as the result, and of no more use */
  assert_told(&s, "\"done\"");
  assert_told(&s, NULL);
  assert_int_equal(used(&s), 1);
  task_release(&t);
  task_release(&done);
  close_service(&s);
}

static void voice_message_gets_a_picture(void **state) {
  struct service s;
  open_service(&s, state);
  struct task t = add_task(&s, voice, "{}"), bare = add_task(&s, voice, "{\"background\": \"none\"}");
  struct task done = wait_for(&s, &t, TASK_DONE), bare_done = wait_for(&s, &bare, TASK_DONE);
  assert_true(is_there(&s, done.result_path));
  assert_true(is_there(&s, done.subtitles_path));
  assert_null(bare_done.result_path);
  assert_true(is_there(&s, bare_done.subtitles_path));
  _cleanup_(mem_freep) char *path = NULL;
  struct media_info info;
  MUST(storage_path(s.storage, done.result_path, &path, e));
  MUST(media_probe(path, &info, e));
  assert_true(info.has_video && info.has_audio);
  task_release(&t);
  task_release(&bare);
  task_release(&done);
  task_release(&bare_done);
  close_service(&s);
}

static void what_fails_for_good_is_told(void **state) {
  const struct {
    const char *input, *options, *code;
    int64_t used;
  } cases[] = {
      {text, "{}", "input", 0},
      {"/nowhere.mp4", "{}", "input", 0},
      {spoken, "{\"max_ms\": 1000}", "too_long", 0},
      {silent, "{}", "no_speech", 0},
      {spoken, "{\"style\": \"no such style\"}", "internal", 0},
      {spoken, "{\"position\": \"aside\"}", "input", 0},
      {spoken, "not JSON", "input", 0},
  };
  struct service s;
  open_service(&s, state);
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    struct task t = add_task(&s, cases[i].input, cases[i].options);
    struct task end = wait_for(&s, &t, TASK_FAILED);
    assert_string_equal(end.error_code, cases[i].code);
    assert_true(end.error_text && *end.error_text);
    assert_int_equal(used(&s), cases[i].used);
    assert_told(&s, "\"failed\"");
    task_release(&t);
    task_release(&end);
  }
  trouble = FILE_GONE;
  struct task t = add_task(&s, spoken, "{}"), end = wait_for(&s, &t, TASK_FAILED);
  assert_string_equal(end.error_code, "gone");
  assert_int_equal(used(&s), 0);
  task_release(&t);
  task_release(&end);
  close_service(&s);
}

static void trouble_is_tried_again(void **state) {
  struct service s;
  open_service(&s, state);
  trouble = NETWORK_DOWN;
  struct task t = add_task(&s, spoken, "{}");
  struct task again = {0};
  for (double until = clock_now() + 30; clock_now() < until; clock_sleep(0.05)) {
    task_release(&again);
    again = look(&s, &t);
    if (again.state == TASK_QUEUED && again.error_code) break;
  }
  assert_int_equal(again.state, TASK_QUEUED);
  assert_string_equal(again.error_code, "network");
  assert_true(again.run_at_ms > now_ms());
  assert_told(&s, NULL);
  assert_int_equal(used(&s), 1);
  task_release(&t);
  task_release(&again);
  close_service(&s);
}

static void cancelled_within_a_second(void **state) {
  struct service s;
  open_service(&s, state);
  trouble = NEVER_ENDS;
  struct task t = add_task(&s, spoken, "{}");
  while (!atomic_load(&fetching)) clock_sleep(0.01);
  enum task_cancel how;
  struct sql_tx *tx = begin(s.db);
  MUST(tasks_cancel(tx, t.id, now_ms(), &how, e));
  commit(tx);
  assert_int_equal(how, TASK_CANCEL_ASKED);
  double asked = clock_now();
  struct task end = wait_for(&s, &t, TASK_CANCELLED);
  assert_true(clock_now() - asked < 1);
  assert_int_equal(used(&s), 0); /* no work had been done */
  assert_told(&s, "\"cancelled\"");
  task_release(&t);
  task_release(&end);
  close_service(&s);
}

static void a_worker_that_stops_hands_back(void **state) {
  struct service s;
  open_service(&s, state);
  trouble = NEVER_ENDS;
  struct task t = add_task(&s, spoken, "{}");
  while (!atomic_load(&fetching)) clock_sleep(0.01);
  double began = clock_now();
  stop_worker(&s);
  assert_true(clock_now() - began < 10);
  struct task back = look(&s, &t);
  assert_int_equal(back.state, TASK_QUEUED);
  assert_int_equal(back.attempts, 0);
  assert_told(&s, NULL);
  task_release(&back);
  trouble = NO_TROUBLE; /* and the next one takes it, and removes what a killed one had begun to write */
  _cleanup_(mem_freep) char *folder = storage_task_path(t.public_id, ""),
                            *left = storage_task_path(t.public_id, ".result.mp4.titr-a1B2c3"),
                            *path = x_asprintf("%s/%s", s.root, left);
  MUST(file_write(path, "x", 1, 1, e));
  start_worker(&s);
  struct task done = wait_for(&s, &t, TASK_DONE);
  assert_true(is_there(&s, folder));
  assert_false(is_there(&s, left));
  task_release(&t);
  task_release(&done);
  close_service(&s);
}

static void too_slow_is_tried_again(void **state) {
  struct service s;
  open_service(&s, state);
  stop_worker(&s);
  s.o.job_seconds = 0.5;
  trouble = NEVER_ENDS;
  start_worker(&s);
  struct task t = add_task(&s, spoken, "{}");
  struct task again = {0};
  for (double until = clock_now() + 30; clock_now() < until; clock_sleep(0.05)) {
    task_release(&again);
    again = look(&s, &t);
    if (again.error_code) break;
  }
  assert_int_equal(again.state, TASK_QUEUED);
  assert_string_equal(again.error_code, "timeout");
  task_release(&t);
  task_release(&again);
  close_service(&s);
}

/* ---- cleaning ---- */

static struct gc_report clean(struct service *s, const struct plan_table *plans, double hours_later, bool dry) {
  struct gc_report r;
  struct gc_options o = {.db = s->db,
                         .storage = s->storage,
                         .plans = plans,
                         .orphan_hours = 48,
                         .dry = dry,
                         .now_ms = now_ms() + (int64_t)(hours_later * 3600000)};
  MUST(gc_run(&o, &r, e));
  return r;
}

static void files_go_when_their_time_is_over(void **state) {
  struct service s;
  open_service(&s, state);
  struct plan_table plans = plans_default_table();
  struct task t = add_task(&s, spoken, "{\"video\": false}"), bad = add_task(&s, text, "{}");
  struct task done = wait_for(&s, &t, TASK_DONE), failed = wait_for(&s, &bad, TASK_FAILED);
  _cleanup_(mem_freep) char *folder = storage_task_path(t.public_id, ""),
                            *bad_folder = storage_task_path(bad.public_id, "");
  stop_worker(&s);
  assert_int_equal(clean(&s, &plans, 0, false).folders, 0);
  assert_int_equal(clean(&s, &plans, 2, true).folders, 1); /* dry: the failed one would go */
  assert_true(is_there(&s, bad_folder));
  assert_int_equal(clean(&s, &plans, 2, false).folders, 1);
  assert_false(is_there(&s, bad_folder));
  assert_true(is_there(&s, folder));
  struct sql_tx *tx = begin(s.db); /* PRO keeps a week */
  MUST(users_set_tier(tx, s.user, "pro", now_ms() + 1000 * DAY, now_ms(), e));
  commit(tx);
  assert_int_equal(clean(&s, &plans, 25, false).folders, 0);
  struct storage_hold hold = STORAGE_HOLD_NONE; /* in use */
  MUST(storage_hold(s.storage, t.public_id, &hold, e));
  assert_int_equal(clean(&s, &plans, 169, false).folders, 0);
  assert_true(is_there(&s, folder));
  storage_let_go(&hold);
  assert_int_equal(clean(&s, &plans, 169, false).folders, 1);
  assert_false(is_there(&s, folder));
  struct task gone = look(&s, &t);
  assert_true(gone.files_gone_ms > 0);
  assert_int_equal(clean(&s, &plans, 200, false).folders, 0);
  task_release(&gone);
  task_release(&t);
  task_release(&bad);
  task_release(&done);
  task_release(&failed);
  start_worker(&s);
  close_service(&s);
}

/* With a nearly full disk what has reached its user goes at once; what has not stays, and so does what still waits. */
static void a_full_disk_takes_what_was_delivered(void **state) {
  struct service s;
  open_service(&s, state);
  struct plan_table plans = plans_default_table();
  struct task first = add_task(&s, spoken, "{\"video\": false}"), second = add_task(&s, spoken, "{\"video\": false}");
  struct task done = wait_for(&s, &first, TASK_DONE), also_done = wait_for(&s, &second, TASK_DONE);
  stop_worker(&s);
  struct sql_tx *tx = begin(s.db);
  assert_int_equal(tasks_delivered(tx, first.id, now_ms(), NULL), 1);
  commit(tx);
  struct gc_report r;
  struct gc_options o = {.db = s.db,
                         .storage = s.storage,
                         .plans = &plans,
                         .orphan_hours = 48,
                         .least_free = INT64_MAX,
                         .now_ms = now_ms()};
  o.dry = true;
  MUST(gc_run(&o, &r, e));
  assert_int_equal(r.folders, 1);
  assert_true(is_there(&s, done.subtitles_path));
  int64_t would = r.bytes;
  o.dry = false;
  MUST(gc_run(&o, &r, e));
  assert_int_equal(r.folders, 1);
  assert_int_equal(r.bytes, would);
  assert_true(r.bytes > 0);
  assert_true(r.still_full);
  assert_false(is_there(&s, done.subtitles_path));
  assert_true(is_there(&s, also_done.subtitles_path));
  task_release(&first);
  task_release(&second);
  task_release(&done);
  task_release(&also_done);
  start_worker(&s);
  close_service(&s);
}

static void orphans_go_after_a_grace(void **state) {
  struct service s;
  open_service(&s, state);
  struct plan_table plans = plans_default_table();
  _cleanup_(mem_freep) char *orphan = x_asprintf("%s/tasks/nobodys", s.root),
                            *models = x_asprintf("%s/.models/base", s.root);
  MUST(file_make_dirs(orphan, e));
  MUST(file_make_dirs(models, e));
  clean(&s, &plans, 0, false);
  assert_true(is_there(&s, "tasks/nobodys"));
  const struct timespec old[2] = {{time(NULL) - 49 * 3600, 0}, {time(NULL) - 49 * 3600, 0}};
  assert_int_equal(utimensat(AT_FDCWD, orphan, old, 0), 0);
  assert_int_equal(clean(&s, &plans, 0, false).folders, 1);
  assert_false(is_there(&s, "tasks/nobodys"));
  assert_true(is_there(&s, ".models/base"));
  close_service(&s);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "child") == 0) return child_ops_main(argc, argv);
  if (settings_load(NULL) < 0) return 1;
  const struct CMUnitTest tests[] = {
      SCRATCH_TESTS(spoken_video_is_captioned),
      SCRATCH_SQLITE_TEST(voice_message_gets_a_picture),
      SCRATCH_SQLITE_TEST(what_fails_for_good_is_told),
      SCRATCH_SQLITE_TEST(trouble_is_tried_again),
      SCRATCH_TESTS(cancelled_within_a_second),
      SCRATCH_TESTS(a_worker_that_stops_hands_back),
      SCRATCH_SQLITE_TEST(too_slow_is_tried_again),
      SCRATCH_TESTS(files_go_when_their_time_is_over),
      SCRATCH_TESTS(a_full_disk_takes_what_was_delivered),
      SCRATCH_SQLITE_TEST(orphans_go_after_a_grace),
  };
  return cmocka_run_group_tests(tests, make_media, remove_media);
}
