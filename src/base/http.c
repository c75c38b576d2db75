/*
 * DESIGN. One transfer() does one request with one easy handle, a session's or its own; http_get(), http_download() and
 * the posting functions say where the bytes go and when to try again. A download resumes by Range. The answer decides: 206 must begin exactly where the
 * file ends, 200 means the whole again (the file is cut to nothing first), 416 on a file that is already complete is
 * success. That the bytes are the right ones is for the caller's hash to say, so no ETag is kept.
 */
#include "base/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/http_fault.h"
#include "base/limits.h"
#include "base/mem.h"

#define MAX_REDIRECTS    5L
#define STALL_BYTES      1024L /* a second */
#define PAUSE_SECONDS    1.0   /* before the second try; doubled for each further one */
#define MOVES_BYTES      65536 /* a try that brought so much does not count */
#define PROGRESS_SECONDS 0.1

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start_curl(void) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct http_session {
  CURL *curl;
};

struct http_session *http_session_new(void) {
  pthread_once(&once, start_curl);
  struct http_session *s = NEW(struct http_session);
  s->curl = curl_easy_init();
  return s;
}

void http_session_free(struct http_session *s) {
  if (!s) return;
  curl_easy_cleanup(s->curl);
  free(s);
}

struct http_request http_default_request(const char *url) {
  return (struct http_request){.url = url, .connect_seconds = 10, .stall_seconds = 30, .tries = 4};
}

bool http_is_url(const char *s) {
  const char *host;
  if (strncasecmp(s, "https://", 8) == 0) host = s + 8;
  else if (strncasecmp(s, "http://", 7) == 0) host = s + 7;
  else return false;
  for (const char *p = s; *p; p++)
    if ((unsigned char)*p <= 0x20 || *p == 0x7F) return false;
  return strcspn(host, "/?#") > 0;
}

char *http_display_url(const char *url) {
  const char *host = strstr(url, "://");
  host = host ? host + 3 : url;
  size_t authority = strcspn(host, "/?#");
  const char *name = host;
  for (size_t i = 0; i < authority; i++)
    if (host[i] == '@') name = host + i + 1;
  size_t rest = strcspn(name, "?#");
  return x_asprintf("%.*s%.*s", (int)(host - url), url, (int)rest, name);
}

static char *shown(const struct http_request *r) {
  return r->shown ? x_strdup(r->shown) : http_display_url(r->url);
}

/* ---- one request ---- */

struct transfer {
  const struct http_request *r;
  CURL *curl;
  const char *json; /* to be posted, or */
  curl_mime *form;  /* this; neither: the request is a GET */
  struct buf *body; /* where the bytes go: this, */
  int fd;           /* or this (-1) */
  int64_t offset;   /* bytes that `fd` held when the request was made */
  int64_t done;     /* bytes of the whole that are there now */
  int64_t max, total;
  int64_t range_start; /* of the answer's Content-Range; -1: none */
  bool begun;          /* the first byte of a good body has come */
  bool too_large, misplaced;
  int write_errno;
  double last_report;
  int fault;           /* of a test, enum http_fault, */
  bool faulty, broken; /* if this request is the one; and: it has broken the answer off */
};

static bool posts(const struct transfer *t) {
  return t->json || t->form;
}

/* An answer of any status is one: its body is wanted. */
static bool takes_any_status(const struct transfer *t) {
  return posts(t) || t->r->any_status;
}

static size_t on_header(char *line, size_t size, size_t n, void *ctx) {
  struct transfer *t = ctx;
  size_t len = size * n;
  if (len >= 5 && strncmp(line, "HTTP/", 5) == 0) t->range_start = -1; /* the next answer, after a redirect */
  static const char name[] = "content-range: bytes ";
  if (len > sizeof name && strncasecmp(line, name, sizeof name - 1) == 0) {
    char digits[24] = {0};
    size_t k = 0;
    for (const char *p = line + sizeof name - 1; k + 1 < sizeof digits && *p >= '0' && *p <= '9'; p++) digits[k++] = *p;
    if (k) t->range_start = strtoll(digits, NULL, 10);
  }
  return len;
}

/* Decides on the answer's status where its bytes belong. */
static bool begin_body(struct transfer *t) {
  long status = 0;
  curl_off_t length = -1;
  curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  if (t->offset > 0 && status == 206) {
    if (t->range_start != t->offset) {
      t->misplaced = true;
      return false;
    }
  } else if (t->offset > 0) {
    if (ftruncate(t->fd, 0) < 0 || lseek(t->fd, 0, SEEK_SET) < 0) {
      t->write_errno = errno;
      return false;
    }
    t->offset = t->done = 0;
  }
  if (length >= 0) t->total = t->offset + length;
  t->begun = true;
  return true;
}

/* A test's fault breaks the answer off: how many of the next bytes still come. */
static size_t before_break(struct transfer *t, size_t len) {
  int64_t last = t->fault == HTTP_FAULT_CUT ? t->offset + (t->total - t->offset) / 2 : t->offset;
  int64_t left = last > t->done ? last - t->done : 0;
  t->broken = left < (int64_t)len;
  return t->broken ? (size_t)left : len;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *ctx) {
  struct transfer *t = ctx;
  size_t len = size * n;
  if (!t->begun && !begin_body(t)) return 0;
  if (t->faulty) len = before_break(t, len);
  if (t->done + (int64_t)len > t->max) {
    t->too_large = true;
    return 0;
  }
  if (t->body) buf_add(t->body, bytes, len);
  else if (file_write_fd(t->fd, bytes, len) < 0) {
    t->write_errno = errno;
    return 0;
  }
  t->done += (int64_t)len;
  return t->broken ? 0 : len;
}

static int on_progress(void *ctx, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up) {
  (void)total, (void)now;
  struct transfer *t = ctx;
  if (t->r->cancel && atomic_load(t->r->cancel)) return 1;
  double clock = clock_now();
  bool sends = posts(t);
  if (t->r->progress && (sends ? up > 0 : t->begun) && clock - t->last_report >= PROGRESS_SECONDS) {
    t->last_report = clock;
    if (sends) t->r->progress(t->r->progress_ctx, up, up_total);
    else t->r->progress(t->r->progress_ctx, t->done, t->total);
  }
  return 0;
}

/* Asked for each new connection. libcurl opens another one by itself when a kept one ends without an answer, to send the
 * request again; that must not happen to a post, which the server may have taken. */
static curl_socket_t on_connect(void *ctx, curlsocktype purpose, struct curl_sockaddr *to) {
  (void)purpose;
  const struct transfer *t = ctx;
  long sent = 0;
  curl_easy_getinfo(t->curl, CURLINFO_REQUEST_SIZE, &sent);
  if (sent > 0) return CURL_SOCKET_BAD;
  return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static bool take_handle(struct transfer *t) {
  t->curl = t->r->session ? t->r->session->curl : curl_easy_init();
  return t->curl != NULL;
}

static void let_go(struct transfer *t) {
  if (t->r->session) curl_easy_reset(t->curl); /* its connections stay */
  else curl_easy_cleanup(t->curl);
  t->curl = NULL;
}

static CURLcode perform(struct transfer *t, const char *range) {
  CURL *c = t->curl;
  const struct http_request *r = t->r;
  const char *protocols = r->allow_plain ? "http,https" : "https";
  curl_easy_setopt(c, CURLOPT_URL, r->url);
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, protocols);
  curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
  curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, posts(t) ? 0L : 1L);
  curl_easy_setopt(c, CURLOPT_MAXREDIRS, MAX_REDIRECTS);
  curl_easy_setopt(c, CURLOPT_FAILONERROR, takes_any_status(t) ? 0L : 1L);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_USERAGENT, "titr/" TITR_VERSION);
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)(r->connect_seconds * 1000));
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES);
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)r->stall_seconds);
  curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)(r->total_seconds * 1000));
  curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->max);
  curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
  curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
  if (posts(t)) {
    curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_connect);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t);
  }
  if (range) curl_easy_setopt(c, CURLOPT_RANGE, range);
  if (r->bearer && *r->bearer) { /* as credentials, not as a header: libcurl drops them on another host */
    curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, r->bearer);
  }
  if (t->form) curl_easy_setopt(c, CURLOPT_MIMEPOST, t->form);
  if (!t->json) return curl_easy_perform(c);
  struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(t->json));
  curl_easy_setopt(c, CURLOPT_POSTFIELDS, t->json);
  CURLcode code = curl_easy_perform(c);
  curl_slist_free_all(headers);
  return code;
}

/* What went wrong, for a person. libcurl's own detail is not used: it may hold
 * an address that a redirect led to. */
static int explain(const struct transfer *t, CURLcode code, long status, struct err *e) {
  _cleanup_(mem_freep) char *where = shown(t->r);
  if (t->write_errno) return err_errno(e, ERR_IO, t->write_errno, "cannot write what %s sends", where);
  if (t->too_large || code == CURLE_FILESIZE_EXCEEDED)
    return err_set(e, ERR_INPUT, "%s is larger than the limit of %lld bytes", where, (long long)t->max);
  if (t->misplaced) return err_set(e, ERR_NETWORK, "%s answers with the wrong part of the file", where);
  switch (code) {
  case CURLE_ABORTED_BY_CALLBACK: return err_set(e, ERR_CANCELLED, "cancelled");
  case CURLE_READ_ERROR: return err_set(e, ERR_IO, "cannot read the file that is to be sent to %s", where);
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY:
    return err_set(e, ERR_NETWORK, "%s: the host's name is not known (no network?)", where);
  case CURLE_COULDNT_CONNECT: return err_set(e, ERR_NETWORK, "%s: no connection", where);
  case CURLE_OPERATION_TIMEDOUT: return err_set(e, ERR_NETWORK, "%s: no answer in time", where);
  case CURLE_TOO_MANY_REDIRECTS: return err_set(e, ERR_NETWORK, "%s: too many redirects", where);
  case CURLE_UNSUPPORTED_PROTOCOL:
    return err_set(e, ERR_NETWORK, "%s: leads to an address that may not be fetched", where);
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE: return err_set(e, ERR_NETWORK, "%s: the certificate cannot be trusted", where);
  case CURLE_HTTP_RETURNED_ERROR:
    return err_set(e, ERR_NETWORK, "%s: HTTP status %ld%s", where, status,
                   status == 404                    ? " (not there)"
                   : status == 401 || status == 403 ? " (access refused)"
                   : status == 429                  ? " (too many requests)"
                                                    : "");
  default: return err_set(e, ERR_NETWORK, "%s: %s", where, curl_easy_strerror(code));
  }
}

/* A host that does not answer at all will not do so a second later; one that stopped in the middle may. */
static bool worth_another_try(CURLcode code, long status, bool begun) {
  switch (code) {
  case CURLE_PARTIAL_FILE:
  case CURLE_RECV_ERROR:
  case CURLE_SEND_ERROR:
  case CURLE_GOT_NOTHING:
  case CURLE_HTTP2:
  case CURLE_HTTP2_STREAM: return true;
  case CURLE_OPERATION_TIMEDOUT: return begun;
  case CURLE_HTTP_RETURNED_ERROR: return status == 429 || status == 408 || status >= 500;
  default: return false;
  }
}

static int pause_before(int attempt, const atomic_bool *cancel, struct err *e) {
  double until = clock_now() + PAUSE_SECONDS * (double)(1 << (attempt - 1));
  while (clock_now() < until) {
    if (cancel && atomic_load(cancel)) return err_set(e, ERR_CANCELLED, "cancelled");
    clock_sleep(0.05);
  }
  return 0;
}

static struct fault armed = FAULT_INIT;

void http_fault_arm(const char *shown, int64_t nth, enum http_fault kind) {
  fault_arm(&armed, shown, nth, kind);
}

bool http_fault_disarm(void) {
  return fault_disarm(&armed);
}

/* A test's fault in place of the request, or of what came of it: the code, and what explains it. */
static CURLcode fail(struct transfer *t, const char *range, long *status, long *sent) {
  static char page[] = "<html>502 Bad Gateway</html>";
  CURLcode code = CURLE_OK;
  *status = *sent = 0;
  if (t->fault == HTTP_FAULT_REFUSED) {
    code = CURLE_COULDNT_CONNECT;
  } else if (t->fault == HTTP_FAULT_GATEWAY) {
    *status = 502;
    t->faulty = false;
    if (takes_any_status(t)) on_body(page, 1, strlen(page), t);
    else code = CURLE_HTTP_RETURNED_ERROR;
  } else {
    code = perform(t, range);
    curl_easy_getinfo(t->curl, CURLINFO_REQUEST_SIZE, sent);
    if (!t->broken) {
      curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, status);
      return code; /* it failed by itself, or there was nothing to break off */
    }
    bool passes = posts(t) && t->fault == HTTP_FAULT_CUT;
    code = passes ? CURLE_OK : t->fault == HTTP_FAULT_CUT ? CURLE_PARTIAL_FILE : CURLE_RECV_ERROR;
    if (passes) *status = 200;
  }
  fault_came(&armed);
  return code;
}

/* One request; *ret_again tells whether the failure may pass. */
static int transfer(struct transfer *t, int *ret_status, bool *ret_again, struct err *e) {
  char range[32];
  if (t->offset > 0) snprintf(range, sizeof range, "%lld-", (long long)t->offset);
  t->range_start = -1;
  t->done = t->offset;
  if (!t->curl && !take_handle(t)) return err_set(e, ERR_FAIL, "libcurl cannot be used");
  const char *asked = t->offset > 0 ? range : NULL;
  CURLcode code;
  long status = 0, sent = 0;
  curl_off_t up = 0;
  t->faulty = fault_now(&armed, t->r->shown, &t->fault);
  if (t->faulty) {
    code = fail(t, asked, &status, &sent);
  } else {
    code = perform(t, asked);
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->curl, CURLINFO_REQUEST_SIZE, &sent);
  }
  curl_easy_getinfo(t->curl, CURLINFO_SIZE_UPLOAD_T, &up);
  if (code != CURLE_OK && posts(t) && sent == 0) status = HTTP_NOT_SENT;
  else if (code == CURLE_COULDNT_CONNECT && posts(t)) code = CURLE_GOT_NOTHING; /* on_connect() did not let it again */
  /* An empty file comes without a call of on_body(). */
  if (code == CURLE_OK && !t->begun && !begin_body(t)) code = CURLE_WRITE_ERROR;
  let_go(t);
  if (ret_status) *ret_status = (int)status;
  *ret_again = worth_another_try(code, status, t->begun) && !t->write_errno;
  if (code == CURLE_OK) {
    if (t->r->progress && posts(t)) t->r->progress(t->r->progress_ctx, up, up);
    else if (t->r->progress) t->r->progress(t->r->progress_ctx, t->done, t->total ? t->total : t->done);
    return 0;
  }
  return explain(t, code, status, e);
}

static int check(const struct http_request *r, struct err *e) {
  pthread_once(&once, start_curl);
  _cleanup_(mem_freep) char *where = shown(r);
  if (!http_is_url(r->url)) return err_set(e, ERR_USAGE, "%s is not an http(s) address", where);
  if (!r->allow_plain && strncasecmp(r->url, "https://", 8) != 0)
    return err_set(e, ERR_USAGE, "%s: only https is fetched", where);
  return 0;
}

int http_get(const struct http_request *r, struct buf *b, int *ret_status, struct err *e) {
  if (ret_status) *ret_status = 0;
  int rc = check(r, e);
  if (rc < 0) return rc;
  _cleanup_(buf_release) struct buf body = BUF_INIT;
  for (int attempt = 1;; attempt++) {
    buf_clear(&body);
    struct transfer t = {.r = r, .body = &body, .fd = -1, .max = r->max_bytes ? r->max_bytes : LIMIT_HTTP_BODY};
    bool again = false;
    rc = transfer(&t, ret_status, &again, e);
    if (rc == 0) buf_add(b, body.data, body.len);
    if (rc == 0 || !again || attempt >= r->tries) return rc;
    rc = pause_before(attempt, r->cancel, e);
    if (rc < 0) return rc;
  }
}

/* ---- posting ---- */

static int post(struct transfer *t, struct buf *b, int *ret_status, struct err *e) {
  _cleanup_(buf_release) struct buf body = BUF_INIT;
  bool again;
  t->body = &body;
  t->fd = -1;
  t->max = t->r->max_bytes ? t->r->max_bytes : LIMIT_HTTP_BODY;
  int rc = transfer(t, ret_status, &again, e);
  if (rc == 0) buf_add(b, body.data, body.len);
  return rc;
}

int http_post_json(const struct http_request *r, const char *json, struct buf *b, int *ret_status, struct err *e) {
  if (ret_status) *ret_status = HTTP_NOT_SENT;
  int rc = check(r, e);
  if (rc < 0) return rc;
  struct transfer t = {.r = r, .json = json};
  return post(&t, b, ret_status, e);
}

static CURLcode add_part(curl_mime *form, const struct http_part *p) {
  curl_mimepart *part = curl_mime_addpart(form);
  CURLcode code = curl_mime_name(part, p->name);
  if (code == CURLE_OK)
    code = p->file ? curl_mime_filedata(part, p->file) : curl_mime_data(part, p->text, CURL_ZERO_TERMINATED);
  if (code == CURLE_OK && p->file_name) code = curl_mime_filename(part, p->file_name);
  if (code == CURLE_OK && p->type) code = curl_mime_type(part, p->type);
  return code;
}

int http_post_form(const struct http_request *r, const struct http_part *parts, size_t count, struct buf *b,
                   int *ret_status, struct err *e) {
  if (ret_status) *ret_status = HTTP_NOT_SENT;
  int rc = check(r, e);
  if (rc < 0) return rc;
  struct transfer t = {.r = r};
  if (!take_handle(&t)) return err_set(e, ERR_FAIL, "libcurl cannot be used");
  curl_mime *form = t.form = curl_mime_init(t.curl);
  CURLcode code = CURLE_OK;
  for (size_t i = 0; i < count && code == CURLE_OK; i++) {
    code = add_part(form, &parts[i]);
    if (code == CURLE_READ_ERROR) rc = err_set(e, ERR_IO, "cannot read %s", parts[i].file);
    else if (code != CURLE_OK) rc = err_set(e, ERR_FAIL, "cannot make a form: %s", curl_easy_strerror(code));
  }
  if (rc == 0) rc = post(&t, b, ret_status, e);
  else let_go(&t);
  curl_mime_free(form);
  return rc;
}

static int64_t length_of(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 ? (int64_t)st.st_size : 0;
}

int http_download(const struct http_request *r, const char *part, int64_t expected_size, int *ret_status,
                  struct err *e) {
  int status = 0;
  if (!ret_status) ret_status = &status;
  *ret_status = 0;
  int rc = check(r, e);
  if (rc < 0) return rc;
  _cleanup_(fd_closep) int fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) return err_errno(e, ERR_IO, errno, "cannot write %s", part);
  int64_t max = r->max_bytes ? r->max_bytes : LIMIT_MODEL_BYTES;
  if (expected_size >= 0 && expected_size < max) max = expected_size;

  bool restarted = false;
  for (int attempt = 1;; attempt++) {
    int64_t have = length_of(fd);
    if (expected_size >= 0 && have == expected_size) return 0;
    if (have > max) { /* left by another file */
      if (ftruncate(fd, 0) < 0) return err_errno(e, ERR_IO, errno, "cannot write %s", part);
      have = 0;
    }
    if (lseek(fd, have, SEEK_SET) < 0) return err_errno(e, ERR_IO, errno, "cannot write %s", part);
    struct transfer t = {.r = r, .fd = fd, .offset = have, .max = max};
    bool again = false;
    rc = transfer(&t, ret_status, &again, e);
    int64_t now = length_of(fd);
    if (rc == 0 && (expected_size < 0 || now == expected_size)) return 0;
    if (rc == 0) {
      _cleanup_(mem_freep) char *where = shown(r);
      return err_set(e, ERR_NETWORK, "%s: %lld bytes came instead of %lld", where, (long long)now,
                     (long long)expected_size);
    }
    bool refused_range = have > 0 && (*ret_status == 416 || t.misplaced);
    if (refused_range && !restarted) { /* what is there is not the beginning of this file: once more from nothing */
      restarted = true;
      if (ftruncate(fd, 0) < 0) return err_errno(e, ERR_IO, errno, "cannot write %s", part);
      continue;
    }
    if (!again) return rc;
    if (now - have >= MOVES_BYTES) attempt = 0; /* a bad line is allowed as many cuts as it needs */
    if (attempt >= r->tries) return rc;
    int stop = pause_before(attempt ? attempt : 1, r->cancel, e);
    if (stop < 0) return stop;
  }
}
