/*
 * DESIGN. An entry that a consumer has read belongs to it until it is removed, so never more than one is read at a time:
 * one lane after the other is asked for one entry. Waiting therefore must not read: XREAD, which knows no groups, waits for
 * anything behind the last entries seen, and then the lanes are asked again in their order. Several that wait are all woken by
 * one entry, and all but one find nothing; there are few.
 *
 * Redis is waited for in slices, so that cancelling is noticed; connections not in use wait on a stack. After a failure
 * nobody tries for a while (`quiet_until`), then one thread does and the others still fail at once. A command on a
 * connection that turns out to be dead is sent again on a new one: every command here may happen twice.
 *
 * Removing is XDEL and XACK in one script: both or neither. An entry that were only acknowledged would lie in the stream, never
 * to be read, and the repair would take its task for one that is offered.
 */
#include "queue/streams.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "queue/redis.h"

#define GROUP "workers"

enum { IDLE_CONNECTIONS = 8, PAGE = 500, TAKEOVER_ROUNDS = 20, FOREIGN_MOST = 1000 };
static const double CONNECT_S = 1, COMMAND_S = 3, PING_S = 0.3, SLICE_S = 0.1, REFUSAL_TOLD_S = 600,
                    QUIET_LEAST_S = 0.2, QUIET_MOST_S = 5, TAKEOVER_S = 1, SWEEP_S = 3600;
#define DEAD_CONSUMER_MS (24 * 3600 * 1000LL)

static const char *const lane_keys[TASK_LANES + 1] = {NULL, "titr:lane:1", "titr:lane:2", "titr:lane:3"};

struct streams {
  struct queue_redis where;
  char *host, *password, *consumer;
  pthread_mutex_t lock; /* guards what follows; never held while Redis is talked to */
  struct redis *idle[IDLE_CONNECTIONS];
  size_t idle_count;
  bool down, told;   /* told: in the log */
  double refused_at; /* when a refusal was told last */
  double quiet_until, quiet_s;
  double takeover_at; /* when entries of others are looked for next */
  double sweep_at;
};

/* ---- connections ---- */

static bool take_idle(struct streams *s, struct redis **ret) {
  pthread_mutex_lock(&s->lock);
  bool got = s->idle_count > 0;
  if (got) *ret = s->idle[--s->idle_count];
  pthread_mutex_unlock(&s->lock);
  return got;
}

static void drop_idle(struct streams *s) {
  for (struct redis *c; take_idle(s, &c);) redis_free(c);
}

static void give_back(struct streams *s, struct redis *c) {
  pthread_mutex_lock(&s->lock);
  bool keep = !redis_broken(c) && s->idle_count < IDLE_CONNECTIONS;
  if (keep) s->idle[s->idle_count++] = c;
  pthread_mutex_unlock(&s->lock);
  if (!keep) redis_free(c);
}

/* Whether a new connection may be tried now; if so, the others have to wait, longer each time. */
static bool may_try(struct streams *s, struct err *e) {
  pthread_mutex_lock(&s->lock);
  double now = clock_now();
  bool may = !s->down || now >= s->quiet_until;
  if (may && s->down) {
    s->quiet_s = s->quiet_s * 2 > QUIET_MOST_S ? QUIET_MOST_S : s->quiet_s * 2;
    s->quiet_until = now + s->quiet_s;
  }
  pthread_mutex_unlock(&s->lock);
  if (!may) err_set(e, ERR_NETWORK, "Redis at %s:%d is away", s->where.host, s->where.port);
  return may;
}

/* A server that is there and refuses (its memory is full) takes one command and not another: "away" and "back" would come in
 * turn every second, so that is told once in a while. */
static void note_failure(struct streams *s, bool refused, const struct err *e) {
  drop_idle(s); /* they lead to the same server */
  pthread_mutex_lock(&s->lock);
  bool first = !s->down;
  double now = clock_now();
  bool tell = first && (!refused || s->refused_at == 0 || now - s->refused_at > REFUSAL_TOLD_S);
  if (tell && refused) s->refused_at = now;
  s->told = s->told || tell;
  s->down = true;
  if (first) s->quiet_s = QUIET_LEAST_S;
  s->quiet_until = now + s->quiet_s;
  pthread_mutex_unlock(&s->lock);
  if (tell) log_warning("queue", "%s; until it is back, the database is looked through instead", e->msg);
}

static void note_success(struct streams *s) {
  pthread_mutex_lock(&s->lock);
  bool back = s->down && s->told;
  s->down = s->told = false;
  pthread_mutex_unlock(&s->lock);
  if (back) log_info("queue", "Redis is back");
}

/* ---- one piece of work on a connection ---- */

/* Returns 0 or more, or an error; *e is never NULL. */
typedef int (*work_fn)(struct streams *s, struct redis *c, void *ctx, struct err *e);

static int make_groups(struct redis *c, struct err *e) {
  for (int lane = 1; lane <= TASK_LANES; lane++) {
    const char *const words[] = {"XGROUP", "CREATE", lane_keys[lane], GROUP, "0", "MKSTREAM"};
    _cleanup_(redis_reply_freep) struct redis_reply *r = NULL;
    int rc = redis_call(c, words, ARRAY_LEN(words), COMMAND_S, &r, e);
    if (rc < 0 && strcmp(redis_refusal(c), "BUSYGROUP") != 0) return rc;
  }
  return 0;
}

static int attempt(struct streams *s, struct redis *c, work_fn work, void *ctx, struct err *e) {
  int rc = work(s, c, ctx, e);
  if (rc >= 0 || strcmp(redis_refusal(c), "NOGROUP") != 0) return rc;
  rc = make_groups(c, e);
  return rc < 0 ? rc : work(s, c, ctx, e);
}

/* `quick`: connect and fail within PING_S. */
static int with_connection(struct streams *s, work_fn work, void *ctx, bool quick, struct err *e) {
  struct err own = {0};
  if (!e) e = &own;
  struct redis *c = NULL;
  bool old = take_idle(s, &c);
  int rc = 0;
  if (old) {
    rc = attempt(s, c, work, ctx, e);
    if (rc < 0 && redis_broken(c)) { /* the server was started anew, perhaps: once more, on a new connection */
      redis_free(TAKE(c));
      drop_idle(s);
      old = false;
    }
  }
  if (!old) {
    if (!may_try(s, e)) return ERR_NETWORK;
    rc = redis_connect(&s->where, quick ? PING_S : CONNECT_S, &c, e);
    if (rc == 0) rc = attempt(s, c, work, ctx, e);
  }
  bool refused = c && !redis_broken(c);
  if (c) give_back(s, c);
  if (rc < 0 && rc != ERR_CANCELLED) note_failure(s, refused, e);
  else note_success(s);
  return rc;
}

/* ---- entries ---- */

/* [id, [field, value, …]]. False: gone since it was read, or not one of ours; then only the id may be there. */
static bool parse_entry(const struct redis_reply *r, int lane, struct streams_entry *ret) {
  memset(ret, 0, sizeof *ret);
  ret->lane = lane;
  const char *id = redis_text(redis_item(r, 0));
  if (!id || strlen(id) >= sizeof ret->id) return false;
  snprintf(ret->id, sizeof ret->id, "%s", id);
  const struct redis_reply *fields = redis_item(r, 1);
  for (size_t i = 0; i + 1 < redis_count(fields); i += 2) {
    const char *name = redis_text(redis_item(fields, i)), *value = redis_text(redis_item(fields, i + 1));
    if (!name || !value || strcmp(name, "task") != 0) continue;
    if (!*value || strlen(value) >= sizeof ret->task) return false;
    snprintf(ret->task, sizeof ret->task, "%s", value);
    return true;
  }
  return false;
}

static int remove_entry(struct redis *c, const struct streams_entry *entry, struct err *e) {
  const char *const words[] = {
      "EVAL", "redis.call('XDEL', KEYS[1], ARGV[2]) return redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])",
      "1",    lane_keys[entry->lane],
      GROUP,  entry->id};
  _cleanup_(redis_reply_freep) struct redis_reply *r = NULL;
  return redis_call(c, words, ARRAY_LEN(words), COMMAND_S, &r, e);
}

/* ---- reading ---- */

struct reading {
  const int *lanes;
  double until;
  int64_t idle_ms;
  const atomic_bool *cancel;
  struct streams_entry *ret;
};

/* The next unread entry of a lane: 1, 0, or an error. What nobody could work on is removed. */
static int read_lane(struct streams *s, struct redis *c, int lane, struct streams_entry *ret, struct err *e) {
  const char *const words[] = {"XREADGROUP", "GROUP",   GROUP,           s->consumer, "COUNT",
                               "1",          "STREAMS", lane_keys[lane], ">"};
  for (int i = 0; i < FOREIGN_MOST; i++) {
    _cleanup_(redis_reply_freep) struct redis_reply *r = NULL;
    int rc = redis_call(c, words, ARRAY_LEN(words), COMMAND_S, &r, e);
    if (rc < 0) return rc;
    const struct redis_reply *entries = redis_item(redis_item(r, 0), 1);
    if (!redis_count(entries)) return 0;
    if (parse_entry(redis_item(entries, 0), lane, ret)) return 1;
    if (ret->id[0]) rc = remove_entry(c, ret, e);
    if (rc < 0) return rc;
  }
  return 0;
}

/* An entry that a consumer, this one included, read and left: [next cursor, entries, …]. */
static int take_over(struct streams *s, struct redis *c, int lane, int64_t idle_ms, struct streams_entry *ret,
                     struct err *e) {
  char idle[24], cursor[STREAMS_ENTRY] = "0-0";
  snprintf(idle, sizeof idle, "%lld", (long long)idle_ms);
  for (int round = 0; round < TAKEOVER_ROUNDS; round++) {
    const char *const words[] = {"XAUTOCLAIM", lane_keys[lane], GROUP, s->consumer, idle, cursor, "COUNT", "1"};
    _cleanup_(redis_reply_freep) struct redis_reply *r = NULL;
    int rc = redis_call(c, words, ARRAY_LEN(words), COMMAND_S, &r, e);
    if (rc < 0) return rc;
    const struct redis_reply *entry = redis_item(redis_item(r, 1), 0);
    if (entry && parse_entry(entry, lane, ret)) return 1;
    if (entry && ret->id[0]) rc = remove_entry(c, ret, e);
    if (rc < 0) return rc;
    const char *next = redis_text(redis_item(r, 0));
    if (!next || strcmp(next, "0-0") == 0 || strlen(next) >= sizeof cursor) break;
    snprintf(cursor, sizeof cursor, "%s", next);
  }
  return 0;
}

static bool is_due(struct streams *s, double *at, double every_s) {
  pthread_mutex_lock(&s->lock);
  double now = clock_now();
  bool due = now >= *at;
  if (due) *at = now + every_s;
  pthread_mutex_unlock(&s->lock);
  return due;
}

/* Looked for once in a while by one thread of this process, and again at once as long as there are some. */
static int take_over_any(struct streams *s, struct redis *c, const struct reading *reading, struct err *e) {
  double every_s = (double)reading->idle_ms / 4000;
  if (!is_due(s, &s->takeover_at, every_s < TAKEOVER_S ? every_s : TAKEOVER_S)) return 0;
  int rc = 0;
  for (int i = 0; i < TASK_LANES && rc == 0; i++)
    rc = take_over(s, c, reading->lanes[i], reading->idle_ms, reading->ret, e);
  if (rc == 1) {
    pthread_mutex_lock(&s->lock);
    s->takeover_at = 0;
    pthread_mutex_unlock(&s->lock);
  }
  return rc;
}

/* The ids behind which anything is new: of the last entries, "0-0" where there are none. */
static int last_ids(struct redis *c, char (*ids)[STREAMS_ENTRY], struct err *e) {
  for (int lane = 1; lane <= TASK_LANES; lane++) {
    const char *const words[] = {"XREVRANGE", lane_keys[lane], "+", "-", "COUNT", "1"};
    _cleanup_(redis_reply_freep) struct redis_reply *r = NULL;
    int rc = redis_call(c, words, ARRAY_LEN(words), COMMAND_S, &r, e);
    if (rc < 0) return rc;
    const char *id = redis_text(redis_item(redis_item(r, 0), 0));
    snprintf(ids[lane], STREAMS_ENTRY, "%s", id ? id : "0-0");
  }
  return 0;
}

/* 1: something new came; 0: nothing did in this slice. */
static int wait_slice(struct redis *c, double seconds, char (*ids)[STREAMS_ENTRY], struct err *e) {
  if (seconds > SLICE_S) seconds = SLICE_S;
  char block[16];
  snprintf(block, sizeof block, "%d", (int)(seconds * 1000) + 1); /* 0 would be for ever */
  const char *const words[] = {"XREAD",      "COUNT",      "1",          "BLOCK", block,  "STREAMS",
                               lane_keys[1], lane_keys[2], lane_keys[3], ids[1],  ids[2], ids[3]};
  _cleanup_(redis_reply_freep) struct redis_reply *r = NULL;
  int rc = redis_call(c, words, ARRAY_LEN(words), COMMAND_S + SLICE_S, &r, e);
  return rc < 0 ? rc : redis_count(r) > 0;
}

static bool is_over(const struct reading *reading) {
  return clock_now() >= reading->until || (reading->cancel && atomic_load(reading->cancel));
}

static int read_any(struct streams *s, struct redis *c, const struct reading *reading, struct err *e) {
  int rc = take_over_any(s, c, reading, e);
  for (int i = 0; i < TASK_LANES && rc == 0; i++) rc = read_lane(s, c, reading->lanes[i], reading->ret, e);
  return rc;
}

/* Consumers of processes that ended without saying so, which have nothing left. */
static int sweep_lane(struct redis *c, int lane, int64_t idle_ms, struct err *e) {
  const char *const ask[] = {"XINFO", "CONSUMERS", lane_keys[lane], GROUP};
  _cleanup_(redis_reply_freep) struct redis_reply *r = NULL;
  int rc = redis_call(c, ask, ARRAY_LEN(ask), COMMAND_S, &r, e);
  for (size_t i = 0; rc == 0 && i < redis_count(r); i++) {
    const struct redis_reply *fields = redis_item(r, i);
    const char *name = NULL;
    int64_t pending = 1, idle = 0;
    for (size_t j = 0; j + 1 < redis_count(fields); j += 2) {
      const char *field = redis_text(redis_item(fields, j));
      const struct redis_reply *value = redis_item(fields, j + 1);
      if (field && strcmp(field, "name") == 0) name = redis_text(value);
      if (field && strcmp(field, "pending") == 0) pending = redis_number(value);
      if (field && strcmp(field, "idle") == 0) idle = redis_number(value);
    }
    if (!name || pending || idle < idle_ms) continue;
    const char *const words[] = {"XGROUP", "DELCONSUMER", lane_keys[lane], GROUP, name};
    _cleanup_(redis_reply_freep) struct redis_reply *gone = NULL;
    rc = redis_call(c, words, ARRAY_LEN(words), COMMAND_S, &gone, e);
  }
  return rc;
}

static int sweep(struct redis *c, int64_t idle_ms, struct err *e) {
  int rc = make_groups(c, e); /* XINFO's word for a missing stream is a plain ERR */
  for (int lane = 1; lane <= TASK_LANES && rc == 0; lane++) rc = sweep_lane(c, lane, idle_ms, e);
  return rc;
}

static int work_sweep(struct streams *s, struct redis *c, void *ctx, struct err *e) {
  (void)s;
  return sweep(c, *(const int64_t *)ctx, e);
}

int streams_sweep(struct streams *s, int64_t idle_ms, struct err *e) {
  return with_connection(s, work_sweep, &idle_ms, false, e);
}

static int work_read(struct streams *s, struct redis *c, void *ctx, struct err *e) {
  const struct reading *reading = ctx;
  int rc = is_due(s, &s->sweep_at, SWEEP_S) ? sweep(c, DEAD_CONSUMER_MS, e) : 0;
  if (rc == 0) rc = read_any(s, c, reading, e);
  while (rc == 0 && !is_over(reading)) {
    char ids[TASK_LANES + 1][STREAMS_ENTRY];
    rc = last_ids(c, ids, e);
    if (rc == 0) rc = read_any(s, c, reading, e); /* what came before these ids were asked for */
    for (bool came = false; rc == 0 && !came && !is_over(reading);) {
      rc = wait_slice(c, reading->until - clock_now(), ids, e);
      came = rc == 1;
      rc = rc < 0 ? rc : came ? read_any(s, c, reading, e) : take_over_any(s, c, reading, e);
    }
  }
  return rc;
}

int streams_read(struct streams *s, const int lanes[TASK_LANES], int64_t wait_ms, int64_t idle_ms,
                 const atomic_bool *cancel, struct streams_entry *ret, struct err *e) {
  struct streams_entry entry;
  struct reading reading = {.lanes = lanes,
                            .until = clock_now() + (double)wait_ms / 1000,
                            .idle_ms = idle_ms,
                            .cancel = cancel,
                            .ret = &entry};
  int rc = with_connection(s, work_read, &reading, false, e);
  if (rc == 1) *ret = entry;
  return rc;
}

/* ---- the rest ---- */

struct offer {
  int lane;
  const char *task;
};

static int work_offer(struct streams *s, struct redis *c, void *ctx, struct err *e) {
  (void)s;
  const struct offer *o = ctx;
  const char *const words[] = {"XADD", lane_keys[o->lane], "*", "task", o->task};
  _cleanup_(redis_reply_freep) struct redis_reply *r = NULL;
  return redis_call(c, words, ARRAY_LEN(words), COMMAND_S, &r, e);
}

int streams_offer(struct streams *s, int lane, const char *task, struct err *e) {
  struct offer o = {lane, task};
  return with_connection(s, work_offer, &o, false, e);
}

static int work_remove(struct streams *s, struct redis *c, void *ctx, struct err *e) {
  (void)s;
  return remove_entry(c, ctx, e);
}

int streams_remove(struct streams *s, const struct streams_entry *entry, struct err *e) {
  struct streams_entry copy = *entry;
  return with_connection(s, work_remove, &copy, false, e);
}

struct page {
  int lane;
  char after[STREAMS_ENTRY + 1]; /* "-", or "(" and the last id of the page before */
  struct redis_reply *reply;
};

static int work_page(struct streams *s, struct redis *c, void *ctx, struct err *e) {
  (void)s;
  struct page *p = ctx;
  char count[16];
  snprintf(count, sizeof count, "%d", PAGE);
  const char *const words[] = {"XRANGE", lane_keys[p->lane], p->after, "+", "COUNT", count};
  return redis_call(c, words, ARRAY_LEN(words), COMMAND_S, &p->reply, e);
}

int streams_each(struct streams *s, int lane, int (*fn)(void *ctx, const struct streams_entry *entry), void *ctx,
                 struct err *e) {
  struct page p = {.lane = lane, .after = "-"};
  for (;;) {
    p.reply = NULL;
    int rc = with_connection(s, work_page, &p, false, e);
    if (rc < 0) return rc;
    _cleanup_(redis_reply_freep) struct redis_reply *r = p.reply;
    size_t n = redis_count(r);
    struct streams_entry entry = {0};
    for (size_t i = 0; i < n; i++)
      if (parse_entry(redis_item(r, i), lane, &entry) && fn(ctx, &entry)) return 0;
    if (n < PAGE || !entry.id[0]) return 0;
    snprintf(p.after, sizeof p.after, "(%s", entry.id);
  }
}

struct length {
  int lane;
  int64_t value;
};

static int work_length(struct streams *s, struct redis *c, void *ctx, struct err *e) {
  (void)s;
  struct length *l = ctx;
  const char *const words[] = {"XLEN", lane_keys[l->lane]};
  _cleanup_(redis_reply_freep) struct redis_reply *r = NULL;
  int rc = redis_call(c, words, ARRAY_LEN(words), COMMAND_S, &r, e);
  if (rc == 0) l->value = redis_number(r);
  return rc;
}

int streams_length(struct streams *s, int lane, int64_t *ret, struct err *e) {
  struct length l = {.lane = lane};
  int rc = with_connection(s, work_length, &l, false, e);
  if (rc == 0) *ret = l.value;
  return rc;
}

static int work_ping(struct streams *s, struct redis *c, void *ctx, struct err *e) {
  (void)s;
  (void)ctx;
  const char *const words[] = {"PING"};
  _cleanup_(redis_reply_freep) struct redis_reply *r = NULL;
  return redis_call(c, words, ARRAY_LEN(words), PING_S, &r, e);
}

bool streams_work(struct streams *s) {
  return with_connection(s, work_ping, NULL, true, NULL) == 0;
}

int streams_open(const struct queue_redis *r, const char *consumer, struct streams **ret, struct err *e) {
  if (!r->host || !*r->host || !*consumer)
    return err_set(e, ERR_USAGE, "Redis: neither host nor consumer may be empty");
  struct streams *s = NEW(struct streams);
  s->host = x_strdup(r->host);
  s->password = r->password ? x_strdup(r->password) : NULL;
  s->where = (struct queue_redis){.host = s->host, .port = r->port, .db = r->db, .password = s->password};
  s->consumer = x_strdup(consumer);
  s->sweep_at = clock_now() + SWEEP_S / 60; /* not by commands that end at once */
  pthread_mutex_init(&s->lock, NULL);
  *ret = s;
  return 0;
}

void streams_close(struct streams *s) {
  if (!s) return;
  drop_idle(s);
  pthread_mutex_destroy(&s->lock);
  free(s->host);
  free(s->password);
  free(s->consumer);
  free(s);
}
