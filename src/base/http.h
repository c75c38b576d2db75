/*
 * Fetching and posting over HTTP: the seam to libcurl. No other file includes its header.
 *
 *   struct http_request r = http_default_request("https://…/model.bin");
 *   r.cancel = &stop;
 *   rc = http_download(&r, "/…/model.bin.part", expected_size, &e);    // goes on from what is there
 *
 * Only https, and http where `allow_plain` says so; redirects stay within the same rule, at most 5. Certificates are
 * checked. Proxies come from the usual environment variables (https_proxy, no_proxy).
 *
 * Secrets: `bearer` goes to the host of `url` only, never to another one that it redirects to. Errors name the
 * address without its user part, query and fragment, and no address that a redirect led to.
 *
 * An address that is itself a secret is named in errors by `shown` instead.
 *
 *   const struct http_part parts[] = {{.name = "chat_id", .text = "42"}, {.name = "video", .file = "/…/out.mp4"}};
 *   rc = http_post_form(&r, parts, 2, &answer, &status, &e);           // files are read from the disk as they are sent
 *
 * Errors: ERR_NETWORK (not reached, cut off, an HTTP status of 400 and above), ERR_INPUT (more than max_bytes),
 * ERR_IO (a file cannot be written, or read to be sent), ERR_CANCELLED, ERR_USAGE (not an address that may be fetched).
 * Threads: safe; calls are independent. A session is for one thread at a time.
 */
#ifndef TITR_BASE_HTTP_H
#define TITR_BASE_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct http_session; /* a connection that is kept open between calls */
struct http_session *http_session_new(void);
void http_session_free(struct http_session *s);

struct http_request {
  const char *url;
  const char *shown;            /* what errors call it; NULL: the address, see http_display_url() */
  struct http_session *session; /* or NULL */
  const char *bearer;           /* a token, or NULL */
  bool allow_plain;             /* http:// may be fetched */
  bool any_status;              /* of http_get(): an answer of 400 and above is no error, as when posting */
  int64_t max_bytes;            /* default LIMIT_HTTP_BODY for http_get(), LIMIT_MODEL_BYTES for http_download() */
  double connect_seconds;       /* default 10, covers names, TCP and TLS */
  double stall_seconds;         /* default 30: ended when less than 1 KiB a second came or went for so long */
  double total_seconds;         /* default 0: no limit for the whole */
  int tries;                    /* default 4: a transfer that was cut off, or a busy server, is tried again */
  const atomic_bool *cancel;
  void (*progress)(void *ctx, int64_t done, int64_t total); /* bytes of the whole file; total 0: not known. When
                                                             * posting: of what is sent */
  void *progress_ctx;
};
struct http_request http_default_request(const char *url);

/* Appends the answer's body to `b`. *ret_status (may be NULL) is the HTTP status, 0 when there was none; it is set
 * on failure too. */
int http_get(const struct http_request *r, struct buf *b, int *ret_status, struct err *e);

/* Fetches into `part`, going on from the bytes that are already there (a server that cannot is asked for the
 * whole). With expected_size >= 0 a file of another size is ERR_NETWORK. On failure `part` keeps what came, to be
 * resumed by a later call. Not verified and not synced: that is the caller's. */
int http_download(const struct http_request *r, const char *part, int64_t expected_size, int *ret_status,
                  struct err *e);

/* Posts once: never tried again, no redirect is followed. An answer of any HTTP status is an answer: its body is
 * appended to `b`, *ret_status says which, and 0 is returned. An error says whether the server may have got it: when
 * *ret_status is HTTP_NOT_SENT it has not (no connection); else nobody knows. */
#define HTTP_NOT_SENT (-1)
int http_post_json(const struct http_request *r, const char *json, struct buf *b, int *ret_status, struct err *e);

struct http_part {
  const char *name;
  const char *text;      /* the value, or NULL: */
  const char *file;      /* a path; streamed, never whole in memory */
  const char *file_name; /* what the receiver calls it */
  const char *type;      /* its media type, or NULL */
};
int http_post_form(const struct http_request *r, const struct http_part *parts, size_t count, struct buf *b,
                   int *ret_status, struct err *e);

/* The address without user, password, query and fragment, for messages. Caller frees. */
char *http_display_url(const char *url);

/* http:// or https:// with a host, no blanks or control characters. */
bool http_is_url(const char *s);

#endif
