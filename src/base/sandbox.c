/*
 * DESIGN. The order matters: namespaces first (root needs its capabilities for them), then the capabilities go, then Landlock (opens the
 * named paths), limits, and seccomp last, since it forbids the calls that the others are made of. The seccomp list holds
 * what glibc, libav*, x264, libass and fontconfig use for memory, threads, files and clocks. Threads need clone();
 * clone3() is answered ENOSYS so that glibc falls back to it, because seccomp can see clone()'s flags and not clone3()'s.
 */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

typedef int (*layer_fn)(const struct sandbox *s, char detail[128]); /* 0, or -1 with the reason in detail */

static int fail(char detail[128], const char *what) {
  char text[64];
  snprintf(detail, 128, "%s: %s", what, strerror_r(errno, text, sizeof text));
  return -1;
}

/* All but the right to open files whatever their mode: a root who names another user's file means it, and Landlock bounds
 * which files these are. */
static int drop_capabilities(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
  if (syscall(SYS_capget, &header, data) < 0) return -1;
  uint32_t kept = 1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH;
  data[0].effective = data[0].permitted = data[0].permitted & kept;
  data[1].effective = data[1].permitted = 0;
  data[0].inheritable = data[1].inheritable = 0;
  return (int)syscall(SYS_capset, &header, data);
}

static int privileges(const struct sandbox *s, char detail[128]) {
  (void)s;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return fail(detail, "no_new_privs");
  if (drop_capabilities() < 0) return fail(detail, "capabilities");
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  snprintf(detail, 128, "no_new_privs, no capabilities");
  return 0;
}

/* A user namespace takes root's right to open other users' files away, so root does without when it can. */
static int namespaces(const struct sandbox *s, char detail[128]) {
  (void)s;
  const int others = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  if (geteuid() == 0 && unshare(others) == 0) {
    snprintf(detail, 128, "network, IPC, UTS");
    return 0;
  }
  if (unshare(CLONE_NEWUSER | others) < 0) return fail(detail, "unshare");
  snprintf(detail, 128, "user, network, IPC, UTS");
  return 0;
}

/* ---- Landlock; the numbers of newer kernels, which the headers of older systems lack ---- */

#define FS_REFER         (1ULL << 13)
#define FS_TRUNCATE      (1ULL << 14)
#define FS_IOCTL_DEV     (1ULL << 15)
#define FS_V1            ((1ULL << 13) - 1)
#define NET_BIND_CONNECT 3ULL
#define SCOPE_ALL        3ULL /* abstract sockets, signals */

struct ruleset {
  uint64_t fs, net, scoped;
};
struct path_rule {
  uint64_t access;
  int32_t fd;
} __attribute__((packed));

static const uint64_t read_file = LANDLOCK_ACCESS_FS_READ_FILE;
static const uint64_t read_all = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

static void allow(int ruleset, const char *path, uint64_t access, uint64_t handled) {
  _cleanup_(fd_closep) int fd = open(path, O_PATH | O_CLOEXEC);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) < 0) return;
  if (!S_ISDIR(st.st_mode)) access &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE;
  struct path_rule rule = {access & handled, fd};
  syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

static void allow_fonts(int ruleset, uint64_t handled) {
  static const char *const paths[] = {"/usr/share/fonts",      "/usr/local/share/fonts", "/etc/fonts",
                                      "/usr/share/fontconfig", "/var/cache/fontconfig",  "/usr/share/xml/fontconfig",
                                      "/usr/share/X11/fonts"};
  static const char *const in_home[] = {".fonts", ".local/share/fonts", ".cache/fontconfig", ".config/fontconfig"};
  for (size_t i = 0; i < ARRAY_LEN(paths); i++) allow(ruleset, paths[i], read_all, handled);
  const char *home = getenv("HOME");
  for (size_t i = 0; home && *home && i < ARRAY_LEN(in_home); i++) {
    _cleanup_(mem_freep) char *path = x_asprintf("%s/%s", home, in_home[i]);
    allow(ruleset, path, read_all, handled);
  }
}

static int landlock(const struct sandbox *s, char detail[128]) {
  long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) return fail(detail, "Landlock");
  struct ruleset r = {.fs = FS_V1};
  size_t size = sizeof r.fs;
  if (abi >= 2) r.fs |= FS_REFER;
  if (abi >= 3) r.fs |= FS_TRUNCATE;
  if (abi >= 4) {
    r.net = NET_BIND_CONNECT;
    size = 2 * sizeof r.fs;
  }
  if (abi >= 5) r.fs |= FS_IOCTL_DEV;
  if (abi >= 6) {
    r.scoped = SCOPE_ALL;
    size = sizeof r;
  }
  _cleanup_(fd_closep) int ruleset = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
  if (ruleset < 0) return fail(detail, "Landlock");
  for (const char *const *p = s->read_paths; p && *p; p++) allow(ruleset, *p, read_all, r.fs);
  uint64_t write = read_all | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | LANDLOCK_ACCESS_FS_MAKE_REG |
                   LANDLOCK_ACCESS_FS_REMOVE_FILE;
  for (const char *const *p = s->write_paths; p && *p; p++) allow(ruleset, *p, write, r.fs);
  if (s->fonts) allow_fonts(ruleset, r.fs);
  /* what libraries ask for at run time: the number of processors, locales, character sets, random numbers */
  static const char *const system_paths[] = {"/proc/cpuinfo",     "/proc/meminfo",   "/sys/devices/system/cpu",
                                             "/usr/share/locale", "/usr/lib/locale", "/usr/share/zoneinfo",
                                             "/etc/localtime",    "/dev/urandom",    "/dev/null"};
  for (size_t i = 0; i < ARRAY_LEN(system_paths); i++)
    allow(ruleset, system_paths[i], i < 2 ? read_file : read_all, r.fs);
  if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0) return fail(detail, "Landlock");
  snprintf(detail, 128, "ABI %ld", abi);
  return 0;
}

static int limits(const struct sandbox *s, char detail[128]) {
  struct rlimit none = {0, 0}, files = {256, 256};
  setrlimit(RLIMIT_CORE, &none);
  setrlimit(RLIMIT_NOFILE, &files);
  if (s->max_memory && !SANDBOX_SANITIZED) {
    struct rlimit l = {s->max_memory, s->max_memory};
    if (setrlimit(RLIMIT_AS, &l) < 0) return fail(detail, "address space");
  }
  if (s->max_file) {
    struct rlimit l = {s->max_file, s->max_file};
    if (setrlimit(RLIMIT_FSIZE, &l) < 0) return fail(detail, "file size");
  }
  snprintf(detail, 128, "core, files, memory, file size");
  return 0;
}

/* ---- seccomp ---- */

static const int allowed_calls[] = {SCMP_SYS(read),
                                    SCMP_SYS(write),
                                    SCMP_SYS(readv),
                                    SCMP_SYS(writev),
                                    SCMP_SYS(pread64),
                                    SCMP_SYS(pwrite64),
                                    SCMP_SYS(lseek),
                                    SCMP_SYS(_llseek),
                                    SCMP_SYS(open),
                                    SCMP_SYS(openat),
                                    SCMP_SYS(close),
                                    SCMP_SYS(fstat),
                                    SCMP_SYS(fstat64),
                                    SCMP_SYS(stat),
                                    SCMP_SYS(stat64),
                                    SCMP_SYS(lstat),
                                    SCMP_SYS(lstat64),
                                    SCMP_SYS(newfstatat),
                                    SCMP_SYS(fstatat64),
                                    SCMP_SYS(statx),
                                    SCMP_SYS(statfs),
                                    SCMP_SYS(statfs64),
                                    SCMP_SYS(fstatfs),
                                    SCMP_SYS(fstatfs64),
                                    SCMP_SYS(access),
                                    SCMP_SYS(faccessat),
                                    SCMP_SYS(faccessat2),
                                    SCMP_SYS(readlink),
                                    SCMP_SYS(readlinkat),
                                    SCMP_SYS(getcwd),
                                    SCMP_SYS(getdents),
                                    SCMP_SYS(getdents64),
                                    SCMP_SYS(fcntl),
                                    SCMP_SYS(fcntl64),
                                    SCMP_SYS(dup),
                                    SCMP_SYS(dup2),
                                    SCMP_SYS(dup3),
                                    SCMP_SYS(pipe2),
                                    SCMP_SYS(ftruncate),
                                    SCMP_SYS(ftruncate64),
                                    SCMP_SYS(fsync),
                                    SCMP_SYS(fdatasync),
                                    SCMP_SYS(fallocate),
                                    SCMP_SYS(fadvise64),
                                    SCMP_SYS(unlink),
                                    SCMP_SYS(unlinkat),
                                    SCMP_SYS(mmap),
                                    SCMP_SYS(mmap2),
                                    SCMP_SYS(munmap),
                                    SCMP_SYS(mprotect),
                                    SCMP_SYS(mremap),
                                    SCMP_SYS(madvise),
                                    SCMP_SYS(brk),
                                    SCMP_SYS(mlock),
                                    SCMP_SYS(futex),
                                    SCMP_SYS(futex_time64),
                                    SCMP_SYS(set_robust_list),
                                    SCMP_SYS(get_robust_list),
                                    SCMP_SYS(rseq),
                                    SCMP_SYS(set_tid_address),
                                    SCMP_SYS(sched_yield),
                                    SCMP_SYS(sched_getaffinity),
                                    SCMP_SYS(sched_setaffinity),
                                    SCMP_SYS(sched_getparam),
                                    SCMP_SYS(sched_getscheduler),
                                    SCMP_SYS(sched_get_priority_max),
                                    SCMP_SYS(sched_get_priority_min),
                                    SCMP_SYS(getpriority),
                                    SCMP_SYS(setpriority),
                                    SCMP_SYS(getcpu),
                                    SCMP_SYS(rt_sigaction),
                                    SCMP_SYS(rt_sigprocmask),
                                    SCMP_SYS(rt_sigreturn),
                                    SCMP_SYS(sigreturn),
                                    SCMP_SYS(sigaltstack),
                                    SCMP_SYS(rt_sigtimedwait),
                                    SCMP_SYS(gettid),
                                    SCMP_SYS(getpid),
                                    SCMP_SYS(getppid),
                                    SCMP_SYS(getuid),
                                    SCMP_SYS(geteuid),
                                    SCMP_SYS(getgid),
                                    SCMP_SYS(getegid),
                                    SCMP_SYS(uname),
                                    SCMP_SYS(sysinfo),
                                    SCMP_SYS(getrlimit),
                                    SCMP_SYS(ugetrlimit),
                                    SCMP_SYS(getrusage),
                                    SCMP_SYS(times),
                                    SCMP_SYS(clock_gettime),
                                    SCMP_SYS(clock_gettime64),
                                    SCMP_SYS(clock_getres),
                                    SCMP_SYS(clock_nanosleep),
                                    SCMP_SYS(clock_nanosleep_time64),
                                    SCMP_SYS(gettimeofday),
                                    SCMP_SYS(time),
                                    SCMP_SYS(nanosleep),
                                    SCMP_SYS(getrandom),
                                    SCMP_SYS(poll),
                                    SCMP_SYS(ppoll),
                                    SCMP_SYS(select),
                                    SCMP_SYS(pselect6),
                                    SCMP_SYS(restart_syscall),
                                    SCMP_SYS(exit),
                                    SCMP_SYS(exit_group),
                                    SCMP_SYS(membarrier),
                                    SCMP_SYS(prctl),
                                    SCMP_SYS(arch_prctl),
                                    SCMP_SYS(flock)};

/* No decoder has any business here: a process that tries is under someone else's control. */
static const int deadly_calls[] = {SCMP_SYS(execve),
                                   SCMP_SYS(execveat),
                                   SCMP_SYS(ptrace),
                                   SCMP_SYS(process_vm_readv),
                                   SCMP_SYS(process_vm_writev),
                                   SCMP_SYS(bpf),
                                   SCMP_SYS(io_uring_setup),
                                   SCMP_SYS(keyctl),
                                   SCMP_SYS(mount),
                                   SCMP_SYS(init_module)};

static int seccomp(const struct sandbox *s, char detail[128]) {
  (void)s;
  scmp_filter_ctx c = seccomp_init(SCMP_ACT_ERRNO(EPERM));
  if (!c) return fail(detail, "seccomp");
  int rc = 0;
  for (size_t i = 0; rc == 0 && i < ARRAY_LEN(allowed_calls); i++) {
    rc = seccomp_rule_add(c, SCMP_ACT_ALLOW, allowed_calls[i], 0);
    if (rc == -EDOM || rc == -EINVAL) rc = 0; /* not a call of this architecture */
  }
  for (size_t i = 0; rc == 0 && i < ARRAY_LEN(deadly_calls); i++)
    rc = seccomp_rule_add(c, SCMP_ACT_KILL_PROCESS, deadly_calls[i], 0);
  /* a thread of this process, never a process */
  if (rc == 0)
    rc = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                          SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
  if (rc == 0) rc = seccomp_rule_add(c, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  /* signals (abort) and limits of this process, no other's */
  if (rc == 0)
    rc = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
  if (rc == 0) rc = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A0(SCMP_CMP_EQ, 0, 0));
  if (rc == 0) rc = seccomp_load(c);
  seccomp_release(c);
  if (rc < 0) {
    errno = -rc;
    return fail(detail, "seccomp");
  }
  snprintf(detail, 128, "allow list of %zu system calls", ARRAY_LEN(allowed_calls) + 3);
  return 0;
}

static const struct {
  const char *name;
  layer_fn enter;
} layers[SANDBOX_LAYERS] = {[SANDBOX_PRIVILEGES] = {"privileges", privileges},
                            [SANDBOX_NAMESPACES] = {"namespaces", namespaces},
                            [SANDBOX_LANDLOCK] = {"landlock", landlock},
                            [SANDBOX_SECCOMP] = {"seccomp", seccomp},
                            [SANDBOX_LIMITS] = {"limits", limits}};

int sandbox_enter(const struct sandbox *s, struct err *e) {
  static const enum sandbox_layer order[] = {SANDBOX_NAMESPACES, SANDBOX_PRIVILEGES, SANDBOX_LANDLOCK, SANDBOX_LIMITS,
                                             SANDBOX_SECCOMP};
  bool held[SANDBOX_LAYERS];
  char detail[128];
  for (size_t i = 0; i < ARRAY_LEN(order); i++) held[order[i]] = layers[order[i]].enter(s, detail) == 0;
  if (!held[SANDBOX_LANDLOCK] && !held[SANDBOX_SECCOMP])
    return err_set(e, ERR_UNSUPPORTED,
                   "this system offers neither Landlock nor seccomp; titr opens no untrusted file without one");
  return 0;
}

void sandbox_report(struct sandbox_layer_state ret[SANDBOX_LAYERS]) {
  static const struct sandbox nothing = {0};
  for (int i = 0; i < SANDBOX_LAYERS; i++) {
    struct sandbox_layer_state *state = &ret[i];
    *state = (struct sandbox_layer_state){.name = layers[i].name, .detail = "could not be tried"};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) continue;
    pid_t pid = fork();
    if (pid == 0) {
      char detail[129] = "";
      detail[128] = 0;
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); /* Landlock and seccomp ask for it */
      char ok = layers[i].enter(&nothing, detail) == 0;
      ssize_t n = write(ends[1], &ok, 1);
      n = n < 1 ? n : write(ends[1], detail, 128);
      _exit(n == 128 ? 0 : 1);
    }
    close(ends[1]);
    char ok = 0, detail[128];
    if (pid > 0 && read(ends[0], &ok, 1) == 1 && read(ends[0], detail, sizeof detail) == sizeof detail) {
      memcpy(state->detail, detail, sizeof detail);
      state->detail[sizeof state->detail - 1] = '\0';
      state->holds = ok;
    }
    close(ends[0]);
    if (pid > 0) waitpid(pid, NULL, 0);
  }
}
