/*
 * DESIGN. First our own look at the file: kind, size, and the first bytes, because a playlist or a text is best refused by
 * name before any demuxer guesses. Then libavformat with its I/O through a descriptor, protocols off (an io_open callback
 * that refuses), and a whitelist of demuxers, so that the rare and the networked ones are not even probed.
 */
#include "media/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "media/boxes.h"

enum { IO_BUFFER = 1 << 16, HEAD = 4096 };

/* What people send: video, voice messages, music. Names as libavformat has them. */
static const char formats[] =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,ogg,wav,w64,aiff,caf,mp3,flac,aac,amr,flv,"
    "asf,h264,hevc,ac3,eac3,opus";

static const char *name_of(const char *path) {
  return file_name(path);
}

/* ---- I/O ---- */

static int io_read(void *opaque, uint8_t *to, int n) {
  for (;;) {
    ssize_t got = read((int)(intptr_t)opaque, to, (size_t)n);
    if (got < 0 && errno == EINTR) continue;
    return got < 0 ? AVERROR(errno) : got == 0 ? AVERROR_EOF : (int)got;
  }
}

static int64_t io_seek(void *opaque, int64_t offset, int whence) {
  int fd = (int)(intptr_t)opaque;
  if (whence == AVSEEK_SIZE) {
    struct stat st;
    return fstat(fd, &st) < 0 ? AVERROR(errno) : st.st_size;
  }
  off_t at = lseek(fd, offset, whence & ~AVSEEK_FORCE);
  return at < 0 ? AVERROR(errno) : at;
}

static int refuse_open(AVFormatContext *f, AVIOContext **pb, const char *url, int flags, AVDictionary **options) {
  (void)pb;
  (void)url;
  (void)flags;
  (void)options;
  f->opaque = f; /* remembered: the file points elsewhere */
  return AVERROR(EPERM);
}

/* ---- our own look ---- */

static int refuse_encrypted(const char *name, struct err *e) {
  return err_set(e, ERR_INPUT, "%s is encrypted (copy protection); titr cannot read it", name);
}

static int refuse_elsewhere(const char *name, struct err *e) {
  return err_set(e, ERR_INPUT,
                 "%s points to other files or addresses, which titr does not open; give one file with everything in it",
                 name);
}

static bool starts(const unsigned char *head, size_t n, size_t at, const char *with) {
  size_t len = strlen(with);
  return n >= at + len && memcmp(head + at, with, len) == 0;
}

static bool contains(const unsigned char *head, size_t n, const char *what) {
  return memmem(head, n, what, strlen(what)) != NULL;
}

static bool looks_like_text(const unsigned char *head, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (head[i] < 9 || (head[i] > 13 && head[i] < 32 && head[i] != 27)) return false;
  return n > 0;
}

/* Kinds that are no media but are met often enough to be called by their name. */
static int look(const char *path, const unsigned char *head, size_t n, struct err *e) {
  const char *name = name_of(path);
  if (contains(head, n, "#EXTM3U") || contains(head, n, "<MPD") || starts(head, n, 0, "ffconcat") ||
      starts(head, n, 0, "[playlist]") || starts(head, n, 0, "<smil"))
    return err_set(e, ERR_INPUT, "%s is a playlist, not a media file; give the video itself", name);
  if (starts(head, n, 0, "\x89PNG") || starts(head, n, 0, "GIF8") || starts(head, n, 0, "\xFF\xD8\xFF") ||
      starts(head, n, 0, "BM") || (starts(head, n, 0, "RIFF") && starts(head, n, 8, "WEBP")))
    return err_set(e, ERR_INPUT, "%s is a picture; titr needs a video or a sound", name);
  if (starts(head, n, 0, "PK\x03\x04") || starts(head, n, 0, "Rar!") || starts(head, n, 0, "7z\xBC\xAF") ||
      starts(head, n, 0, "\x1F\x8B"))
    return err_set(e, ERR_INPUT, "%s is an archive; unpack it and give the video inside", name);
  if (starts(head, n, 0, "%PDF")) return err_set(e, ERR_INPUT, "%s is a document, not a video or a sound", name);
  if (looks_like_text(head, n))
    return err_set(e, ERR_INPUT, "%s is a text, not a video or a sound (to burn subtitles: --subs FILE)", name);
  return 0;
}

/* What libavformat would pass over in silence. */
static int look_inside(const char *name, int fd, struct err *e) {
  struct boxes_findings found = boxes_look(fd);
  if (found.encrypted) return refuse_encrypted(name, e);
  return found.elsewhere ? refuse_elsewhere(name, e) : 0;
}

static int open_file(const char *path, int *ret_fd, struct err *e) {
  _cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) < 0) return err_errno(e, ERR_INPUT, errno, "cannot open %s", path);
  const char *name = name_of(path);
  if (S_ISDIR(st.st_mode)) return err_set(e, ERR_INPUT, "%s is a folder, not a file", path);
  if (!S_ISREG(st.st_mode))
    return err_set(e, ERR_INPUT, "%s is no regular file (a pipe or a device); save it to a file first", path);
  if (st.st_size == 0) return err_set(e, ERR_INPUT, "%s is empty", name);
  if (st.st_size > LIMIT_INPUT_BYTES)
    return err_set(e, ERR_INPUT, "%s is larger than %lld GiB, the most titr opens", name, LIMIT_INPUT_BYTES >> 30);
  unsigned char head[HEAD];
  ssize_t n = pread(fd, head, sizeof head, 0);
  if (n < 0) return err_errno(e, ERR_INPUT, errno, "cannot read %s", path);
  int rc = look(path, head, (size_t)n, e);
  if (rc == 0) rc = look_inside(name, fd, e);
  if (rc < 0) return rc;
  *ret_fd = fd;
  fd = -1;
  return 0;
}

/* ---- libav ---- */

static int explain(const char *path, int averror, bool points_elsewhere, struct err *e) {
  const char *name = name_of(path);
  char text[AV_ERROR_MAX_STRING_SIZE];
  if (points_elsewhere) return refuse_elsewhere(name, e);
  if (averror == AVERROR_INVALIDDATA || averror == AVERROR_EOF || averror == AVERROR_DEMUXER_NOT_FOUND ||
      averror == AVERROR(EINVAL) || averror == AVERROR(EIO))
    return err_set(e, ERR_INPUT, "%s is damaged, cut short, or not a video or sound that titr knows", name);
  return err_set(e, ERR_INPUT, "cannot open %s: %s", name, av_make_error_string(text, sizeof text, averror));
}

static int check_stream(const char *name, const AVStream *s, struct err *e) {
  const AVCodecParameters *p = s->codecpar;
  if (p->codec_type == AVMEDIA_TYPE_VIDEO && (int64_t)p->width * p->height > LIMIT_INPUT_PIXELS)
    return err_set(e, ERR_INPUT, "%s has a picture of %dx%d, larger than titr takes (%lld pixels)", name, p->width,
                   p->height, LIMIT_INPUT_PIXELS);
  bool encrypted = p->codec_tag == MKTAG('e', 'n', 'c', 'v') || p->codec_tag == MKTAG('e', 'n', 'c', 'a') ||
                   av_stream_get_side_data(s, AV_PKT_DATA_ENCRYPTION_INIT_INFO, NULL);
  return encrypted ? refuse_encrypted(name, e) : 0;
}

static int check(const char *path, const AVFormatContext *f, struct err *e) {
  const char *name = name_of(path);
  if (f->nb_streams == 0) return err_set(e, ERR_INPUT, "%s has neither picture nor sound", name);
  if (f->nb_streams > LIMIT_INPUT_STREAMS)
    return err_set(e, ERR_INPUT, "%s has %u streams, more than the %d titr takes", name, f->nb_streams,
                   LIMIT_INPUT_STREAMS);
  for (unsigned i = 0; i < f->nb_streams; i++) {
    int rc = check_stream(name, f->streams[i], e);
    if (rc < 0) return rc;
  }
  if (f->duration != AV_NOPTS_VALUE && f->duration / AV_TIME_BASE > LIMIT_INPUT_SECONDS)
    return err_set(e, ERR_INPUT, "%s is longer than %d hours, the most titr takes", name, LIMIT_INPUT_SECONDS / 3600);
  if (input_video(f) < 0 && input_audio(f) < 0)
    return err_set(e, ERR_INPUT, "%s has neither picture nor sound that titr can decode", name);
  return 0;
}

static void io_free(AVIOContext **io) {
  if (!*io) return;
  close((int)(intptr_t)(*io)->opaque);
  av_freep(&(*io)->buffer);
  avio_context_free(io);
}

int input_open(const char *path, AVFormatContext **ret, struct err *e) {
  int fd;
  int rc = open_file(path, &fd, e);
  if (rc < 0) return rc;
  unsigned char *buffer = av_malloc(IO_BUFFER);
  AVIOContext *io =
      buffer ? avio_alloc_context(buffer, IO_BUFFER, 0, (void *)(intptr_t)fd, io_read, NULL, io_seek) : NULL;
  AVFormatContext *f = avformat_alloc_context();
  if (!io || !f) {
    fprintf(stderr, "titr: out of memory\n");
    abort();
  }
  f->pb = io;
  f->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_GENPTS;
  f->io_open = refuse_open;
  f->max_streams = LIMIT_INPUT_STREAMS;
  f->opaque = NULL;
  AVDictionary *options = NULL;
  av_dict_set(&options, "format_whitelist", formats, 0);
  av_dict_set(&options, "protocol_whitelist", "none", 0);
  AVFormatContext *opened = f;
  int av = avformat_open_input(&opened, path, NULL, &options); /* frees f when it fails */
  av_dict_free(&options);
  if (av < 0) {
    io_free(&io);
    return explain(path, av, false, e);
  }
  av = avformat_find_stream_info(f, NULL);
  bool elsewhere = f->opaque != NULL;
  rc = av < 0 || elsewhere ? explain(path, av, elsewhere, e) : check(path, f, e);
  if (rc < 0) {
    input_close(&f);
    return rc;
  }
  *ret = f;
  return 0;
}

void input_close(AVFormatContext **f) {
  if (!*f) return;
  AVIOContext *io = (*f)->pb;
  avformat_close_input(f);
  io_free(&io);
}

/* ---- streams ---- */

static bool decodable(const AVStream *s) {
  return avcodec_find_decoder(s->codecpar->codec_id) != NULL;
}

static int64_t worth(const AVStream *s) {
  const AVCodecParameters *p = s->codecpar;
  int64_t size = p->codec_type == AVMEDIA_TYPE_VIDEO ? (int64_t)p->width * p->height
                                                     : (int64_t)p->ch_layout.nb_channels * 1000000 + p->sample_rate;
  return size + (s->disposition & AV_DISPOSITION_DEFAULT ? 1LL << 40 : 0);
}

static int best(const AVFormatContext *f, enum AVMediaType type) {
  int found = -1;
  for (unsigned i = 0; i < f->nb_streams; i++) {
    const AVStream *s = f->streams[i];
    if (s->codecpar->codec_type != type ||
        s->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS) || !decodable(s))
      continue;
    if (type == AVMEDIA_TYPE_VIDEO && (s->codecpar->width <= 0 || s->codecpar->height <= 0)) continue;
    if (type == AVMEDIA_TYPE_AUDIO && (s->codecpar->ch_layout.nb_channels <= 0 || s->codecpar->sample_rate <= 0))
      continue;
    if (found < 0 || worth(s) > worth(f->streams[found])) found = (int)i;
  }
  return found;
}

int input_video(const AVFormatContext *f) {
  return best(f, AVMEDIA_TYPE_VIDEO);
}

int input_audio(const AVFormatContext *f) {
  return best(f, AVMEDIA_TYPE_AUDIO);
}

void input_only(AVFormatContext *f, int stream) {
  for (unsigned i = 0; i < f->nb_streams; i++)
    f->streams[i]->discard = (int)i == stream ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
}

int64_t input_origin(const AVFormatContext *f) {
  int64_t origin = INT64_MAX;
  int which[2] = {input_video(f), input_audio(f)};
  for (int i = 0; i < 2; i++) {
    if (which[i] < 0) continue;
    const AVStream *s = f->streams[which[i]];
    if (s->start_time == AV_NOPTS_VALUE) continue;
    int64_t t = av_rescale_q(s->start_time, s->time_base, AV_TIME_BASE_Q);
    if (t < origin) origin = t;
  }
  return origin == INT64_MAX ? 0 : origin;
}
