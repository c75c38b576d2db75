/*
 * DESIGN. Of each chat that was talked to in the last minute there is a row; those whose time has passed are dropped when
 * room for a new one is wanted, so the table is as long as the minute was busy. Rings of the last moments make "n in any minute"
 * and "n in any second" one comparison: the n-th last one.
 */
#include "bot/pace.h"

#include <stdlib.h>
#include <string.h>

struct chat {
  int64_t id;
  double last, paused_until;
  double *minute; /* a group's ring of PACE_GROUP_MINUTE moments; NULL for a person */
  size_t at;
};

struct pace {
  struct chat *chats;
  size_t count, cap;
  double all[PACE_ALL];
  size_t at;
};

struct pace *pace_new(void) {
  struct pace *p = NEW(struct pace);
  for (size_t i = 0; i < PACE_ALL; i++) p->all[i] = -1e9;
  return p;
}

void pace_free(struct pace *p) {
  if (!p) return;
  for (size_t i = 0; i < p->count; i++) free(p->chats[i].minute);
  free(p->chats);
  free(p);
}

static struct chat *find(const struct pace *p, int64_t id) {
  for (size_t i = 0; i < p->count; i++)
    if (p->chats[i].id == id) return &p->chats[i];
  return NULL;
}

static void drop_idle(struct pace *p, double now) {
  size_t kept = 0;
  for (size_t i = 0; i < p->count; i++) {
    struct chat *c = &p->chats[i];
    if (c->last + 60 > now || c->paused_until > now) p->chats[kept++] = *c;
    else free(c->minute);
  }
  p->count = kept;
}

static struct chat *enter(struct pace *p, int64_t id, double now) {
  struct chat *c = find(p, id);
  if (c) return c;
  if (p->count == p->cap) drop_idle(p, now);
  x_grow(&p->chats, &p->cap, p->count + 1, sizeof *p->chats);
  c = &p->chats[p->count++];
  *c = (struct chat){.id = id, .last = -1e9};
  if (id < 0) {
    c->minute = NEW_ARRAY(double, PACE_GROUP_MINUTE);
    for (size_t i = 0; i < PACE_GROUP_MINUTE; i++) c->minute[i] = -1e9;
  }
  return c;
}

static double later_of(double a, double b) {
  return a > b ? a : b;
}

double pace_ready(const struct pace *p, int64_t chat, double now) {
  double at = later_of(now, p->all[p->at] + 1);
  const struct chat *c = find(p, chat);
  if (!c) return at;
  at = later_of(at, later_of(c->last + PACE_CHAT_SECONDS, c->paused_until));
  return c->minute ? later_of(at, c->minute[c->at] + 60) : at;
}

void pace_took(struct pace *p, int64_t chat, double now) {
  p->all[p->at] = now;
  p->at = (p->at + 1) % PACE_ALL;
  struct chat *c = enter(p, chat, now);
  c->last = now;
  if (!c->minute) return;
  c->minute[c->at] = now;
  c->at = (c->at + 1) % PACE_GROUP_MINUTE;
}

void pace_ended(struct pace *p, int64_t chat, double now) {
  enter(p, chat, now)->last = now;
}

void pace_pause(struct pace *p, int64_t chat, double until) {
  struct chat *c = enter(p, chat, until - 60);
  c->paused_until = later_of(c->paused_until, until);
}

double pace_paused_until(const struct pace *p, int64_t chat) {
  const struct chat *c = find(p, chat);
  return c ? c->paused_until : 0;
}
