/*
 * DESIGN: libavformat's own file protocol would do, but it reports a full disk late and reopens the file by name. Here
 * the muxer's byte stream is a descriptor of ours: the first failed write is remembered with its errno and becomes the
 * one message, whatever libavformat makes of it afterwards.
 */
#include "media/mux.h"

#include <errno.h>
#include <fcntl.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/opt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "media/render_util.h"

#define BUFFER_BYTES (256 << 10)

struct mux {
  char *path;
  int fd;
  int64_t at; /* where the writer's next byte goes */
  int write_errno;
  AVFormatContext *format;
  bool started;
};

/* A second reader of the same file, for faststart. */
struct reader {
  const struct mux *mux;
  int64_t at;
};

#if LIBAVFORMAT_VERSION_MAJOR >= 61
static int write_bytes(void *ctx, const uint8_t *bytes, int n) {
#else
static int write_bytes(void *ctx, uint8_t *bytes, int n) {
#endif
  struct mux *m = ctx;
  for (int done = 0; done < n;) {
    ssize_t wrote = pwrite(m->fd, bytes + done, (size_t)(n - done), m->at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      if (!m->write_errno) m->write_errno = wrote < 0 ? errno : EIO;
      return AVERROR(m->write_errno);
    }
    done += (int)wrote;
    m->at += wrote;
  }
  return n;
}

static int64_t seek_in(int fd, int64_t *at, int64_t offset, int whence) {
  struct stat st;
  switch (whence & ~AVSEEK_FORCE) {
  case SEEK_SET: return *at = offset;
  case SEEK_CUR: return *at += offset;
  case SEEK_END:
  case AVSEEK_SIZE:
    if (fstat(fd, &st)) return AVERROR(errno);
    return (whence & ~AVSEEK_FORCE) == AVSEEK_SIZE ? st.st_size : (*at = st.st_size + offset);
  default: return AVERROR(EINVAL);
  }
}

static int64_t seek_writer(void *ctx, int64_t offset, int whence) {
  struct mux *m = ctx;
  return seek_in(m->fd, &m->at, offset, whence);
}

static int64_t seek_reader(void *ctx, int64_t offset, int whence) {
  struct reader *r = ctx;
  return seek_in(r->mux->fd, &r->at, offset, whence);
}

static int read_bytes(void *ctx, uint8_t *bytes, int n) {
  struct reader *r = ctx;
  ssize_t got;
  do got = pread(r->mux->fd, bytes, (size_t)n, r->at);
  while (got < 0 && errno == EINTR);
  if (got < 0) return AVERROR(errno);
  if (!got) return AVERROR_EOF;
  r->at += got;
  return (int)got;
}

/* The muxer asks for its own output again; nothing else may be opened. */
static int open_again(AVFormatContext *format, AVIOContext **ret, const char *url, int flags, AVDictionary **options) {
  (void)options;
  struct mux *m = format->opaque;
  if (flags & AVIO_FLAG_WRITE || strcmp(url, format->url) != 0) return AVERROR(EACCES);
  struct reader *r = NEW(struct reader);
  r->mux = m;
  uint8_t *buffer = av_malloc(BUFFER_BYTES);
  if (!buffer) abort();
  *ret = avio_alloc_context(buffer, BUFFER_BYTES, 0, r, read_bytes, NULL, seek_reader);
  if (!*ret) abort();
  return 0;
}

static int close_again(AVFormatContext *format, AVIOContext *pb) {
  (void)format;
  free(pb->opaque);
  av_freep(&pb->buffer);
  avio_context_free(&pb);
  return 0;
}

static int failed(struct mux *m, int av, const char *doing, struct err *e) {
  if (m->write_errno == ENOSPC || m->write_errno == EDQUOT)
    return err_set(e, ERR_IO, "the disk is full: %s needs more room", m->path);
  if (m->write_errno == EFBIG) return err_set(e, ERR_IO, "%s grew beyond the largest size allowed", m->path);
  if (m->write_errno) return err_errno(e, ERR_IO, m->write_errno, "cannot write %s", m->path);
  if (av == AVERROR(EINVAL) || av == AVERROR_INVALIDDATA || av == AVERROR_PATCHWELCOME)
    return render_av(e, ERR_INPUT, av, "MP4 cannot hold this stream (%s)", doing);
  return render_av(e, ERR_IO, av, "cannot write %s (%s)", m->path, doing);
}

int mux_open(const char *path, struct mux **ret, struct err *e) {
  _cleanup_(mux_freep) struct mux *m = NEW(struct mux);
  m->path = x_strdup(file_name(path));
  m->fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (m->fd < 0) return err_errno(e, ERR_IO, errno, "cannot write %s", path);
  struct stat st;
  if (fstat(m->fd, &st) || !S_ISREG(st.st_mode)) return err_set(e, ERR_IO, "%s is not a regular file", path);
  if (st.st_size > 0 && ftruncate(m->fd, 0)) return err_errno(e, ERR_IO, errno, "cannot empty %s", path);
  if (avformat_alloc_output_context2(&m->format, NULL, "mp4", "output.mp4") < 0) abort();
  uint8_t *buffer = av_malloc(BUFFER_BYTES);
  if (!buffer) abort();
  m->format->pb = avio_alloc_context(buffer, BUFFER_BYTES, 1, m, NULL, write_bytes, seek_writer);
  if (!m->format->pb) abort();
  m->format->flags |= AVFMT_FLAG_CUSTOM_IO;
  m->format->opaque = m;
  m->format->io_open = open_again;
  m->format->io_close2 = close_again;
  *ret = TAKE(m);
  return 0;
}

void mux_free(struct mux *m) {
  if (!m) return;
  if (m->format) {
    if (m->format->pb) av_freep(&m->format->pb->buffer);
    avio_context_free(&m->format->pb);
    avformat_free_context(m->format);
  }
  if (m->fd > 0) close(m->fd);
  free(m->path);
  free(m);
}

bool mux_can_hold(enum AVCodecID codec) {
  const AVOutputFormat *mp4 = av_guess_format("mp4", NULL, NULL);
  return mp4 && avformat_query_codec(mp4, codec, FF_COMPLIANCE_NORMAL) == 1;
}

static void set_rotation(AVStream *s, const int32_t *matrix) {
  size_t n = 9 * sizeof *matrix;
#if LIBAVFORMAT_VERSION_MAJOR >= 61
  AVPacketSideData *side = av_packet_side_data_new(&s->codecpar->coded_side_data, &s->codecpar->nb_coded_side_data,
                                                   AV_PKT_DATA_DISPLAYMATRIX, n, 0);
  if (!side) abort();
  memcpy(side->data, matrix, n);
#else
  uint8_t *side = av_stream_new_side_data(s, AV_PKT_DATA_DISPLAYMATRIX, n);
  if (!side) abort();
  memcpy(side, matrix, n);
#endif
}

int mux_add(struct mux *m, const AVCodecParameters *p, AVRational time_base, AVRational frame_rate,
            const int32_t *rotation, const char *language, int *ret_index, struct err *e) {
  AVStream *s = avformat_new_stream(m->format, NULL);
  if (!s) abort();
  int rc = avcodec_parameters_copy(s->codecpar, p);
  if (rc < 0) return render_av(e, ERR_FAIL, rc, "cannot describe a stream");
  /* Players of Apple's look for hvc1; other tags are the muxer's choice. */
  s->codecpar->codec_tag = p->codec_id == AV_CODEC_ID_HEVC ? MKTAG('h', 'v', 'c', '1') : 0;
  s->time_base = time_base;
  s->avg_frame_rate = frame_rate;
  if (rotation) set_rotation(s, rotation);
  if (language && av_dict_set(&s->metadata, "language", language, 0) < 0) abort();
  *ret_index = s->index;
  return 0;
}

int mux_start(struct mux *m, struct err *e) {
  AVDictionary *options = NULL;
  if (av_dict_set(&options, "movflags", "+faststart", 0) < 0) abort();
  int rc = avformat_write_header(m->format, &options);
  av_dict_free(&options);
  if (rc < 0) return failed(m, rc, "beginning", e);
  m->started = true;
  return 0;
}

int mux_write(struct mux *m, int index, AVPacket *packet, AVRational time_base, struct err *e) {
  packet->stream_index = index;
  av_packet_rescale_ts(packet, time_base, m->format->streams[index]->time_base);
  packet->pos = -1;
  int rc = av_interleaved_write_frame(m->format, packet);
  if (rc < 0 || m->write_errno) return failed(m, rc, "a packet", e);
  return 0;
}

int mux_finish(struct mux *m, struct err *e) {
  int rc = av_write_trailer(m->format);
  avio_flush(m->format->pb);
  if (rc >= 0) rc = m->format->pb->error;
  if (rc < 0 || m->write_errno) return failed(m, rc, "finishing", e);
  return 0;
}
