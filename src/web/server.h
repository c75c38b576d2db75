/*
 * A small HTTP/1.1 server, the seam to libmicrohttpd: a table of routes, each with a function that answers. It speaks plain
 * HTTP, for a proxy that does TLS, or for this machine.
 *
 *   static const struct web_route routes[] = {{"GET", "/health", answer_health, &state, 0}};
 *   struct web_options o = web_default_options();
 *   o.host = "127.0.0.1", o.port = 8080, o.routes = routes, o.count = ARRAY_LEN(routes);
 *   rc = web_start(&o, &w, &e);  …  web_stop(w);
 *
 * What the routes do not say: a path of none is 404; one that knows other methods only is 405 with Allow; HEAD is answered as
 * GET, without the body; a body above the route's ceiling is 413 and never held (when it comes in chunks, the connection ends); a malformed request 400, headers above 32 KB
 * 431. At most `connections` at once (further ones are hung up on), each for at most `idle_seconds` without a byte.
 *
 * A path is compared whole, after %XX were decoded. Nothing is logged of a request but, at debug level, method, path and status.
 *
 * Threads: each connection has its own, so a handler may wait, and several may run at once.
 */
#ifndef TITR_WEB_SERVER_H
#define TITR_WEB_SERVER_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

struct web;

struct web_request {
  const char *method, *path;
  const char *body; /* NUL-terminated behind its body_len bytes; "" when there is none */
  size_t body_len;
  char remote[64];  /* the peer's address without port: with a proxy, the proxy's */
  void *connection; /* for web_header() and web_argument() */
};
/* Valid while the handler runs; NULL: not there. Names of headers in any case. */
const char *web_header(const struct web_request *r, const char *name);
const char *web_argument(const struct web_request *r, const char *name); /* of the query, decoded */

struct web_reply {
  int status;       /* 200 unless the handler says otherwise */
  const char *type; /* "text/plain; charset=utf-8" unless … */
  struct buf body;
  const char *header, *value; /* one more header, or NULL; they must live on */
};
typedef void (*web_handler)(void *ctx, const struct web_request *r, struct web_reply *reply);

struct web_route {
  const char *method, *path;
  web_handler handler;
  void *ctx;
  size_t body_most; /* bytes; 0: a body is refused */
};

struct web_options {
  const char *host; /* a name or an address to listen at */
  int port;         /* 0: any that is free */
  const struct web_route *routes;
  size_t count;
  int connections;    /* default 200 */
  int idle_seconds;   /* default 15 */
  double end_seconds; /* default 3: web_stop() waits so long for requests under way */
};
struct web_options web_default_options(void);

/* The table must live as long as the server. ERR_USAGE: no such host; ERR_IO: the port is taken, or may not be had. */
int web_start(const struct web_options *o, struct web **ret, struct err *e);
int web_port(const struct web *w);
void web_stop(struct web *w); /* no new requests, those under way are answered, then all is closed. NULL is fine. */
DEFINE_FREEP(struct web, web_stop)

#endif
