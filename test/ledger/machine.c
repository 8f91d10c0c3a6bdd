/*
 * The machine beneath a relay, for LD_PRELOAD: a disk that loses at a power cut what was not fsynced, refuses writes or fails
 * to fsync, and a wall clock that jumps. Only the spool's database and its write-ahead log are on that disk.
 *
 * $LEDGER_SOCKET_BUFFER is how many bytes a TCP socket takes before it is full: on loopback it is megabytes, so that nothing
 * ever waits in the program.
 *
 * $LEDGER_MACHINE is a folder. Its file "control" is three numbers, read at each call: the wall clock's offset in
 * microseconds (int64), whether the disk is full (int32), whether fsync fails (int32). Before each write the bytes that it
 * replaces go to "undo-<file>", which fsync empties: undoing what is there is the power cut.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct control {
  int64_t offset_us;
  int32_t is_full;
  int32_t fsync_fails;
};

struct undo {
  int64_t offset;
  int64_t size_before;
  int64_t length;
};

enum { max_fd = 4096 };

static const struct control calm;
static const volatile struct control *control = &calm;
/* What a descriptor was opened for. libuv closes files with a system call of its own, which nobody sees here: the number may
 * since belong to a socket. */
static struct {
  /* Descriptor of the undo file; 0 for a file that is not on this disk. */
  int undo;
  /* Whether the file takes room on this disk. */
  char takes_room;
  dev_t device;
  ino_t inode;
} opened[max_fd];

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int (*real_open)(const char *, int, ...);
static int (*real_open64)(const char *, int, ...);
static int (*real_close)(int);
static int (*real_unlink)(const char *);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite64)(int, const void *, size_t, off64_t);
static int (*real_ftruncate64)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_gettimeofday)(struct timeval *, void *);
static int (*real_socket)(int, int, int);
static int socket_buffer;

__attribute__((constructor)) static void start(void) {
  real_open = REAL(open);
  real_open64 = REAL(open64);
  real_close = REAL(close);
  real_unlink = REAL(unlink);
  real_write = REAL(write);
  real_pwrite64 = REAL(pwrite64);
  real_ftruncate64 = REAL(ftruncate64);
  real_fsync = REAL(fsync);
  real_fdatasync = REAL(fdatasync);
  real_clock_gettime = REAL(clock_gettime);
  *(void **)&real_gettimeofday = dlsym(RTLD_NEXT, "gettimeofday");
  real_socket = REAL(socket);
  const char *buffer = getenv("LEDGER_SOCKET_BUFFER");
  socket_buffer = buffer == NULL ? 0 : atoi(buffer);
  const char *folder = getenv("LEDGER_MACHINE");
  char path[4096];
  if (folder == NULL) return;
  snprintf(path, sizeof path, "%s/control", folder);
  int fd = real_open(path, O_RDONLY);
  void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) {
    perror(path);
    _exit(70);
  }
  control = mapped;
}

/* The undo file of a path on this disk; "" for any other. */
static void undo_path(const char *path, char *result, size_t size) {
  const char *folder = getenv("LEDGER_MACHINE");
  const char *slash = strrchr(path, '/');
  const char *name = slash == NULL ? path : slash + 1;
  int is_here = folder != NULL && (strcmp(name, "spool.sqlite") == 0 || strcmp(name, "spool.sqlite-wal") == 0);
  if (is_here) snprintf(result, size, "%s/undo-%s", folder, name);
  else result[0] = 0;
}

static void forget(int fd) {
  if (opened[fd].undo > 0) real_close(opened[fd].undo);
  memset(&opened[fd], 0, sizeof opened[fd]);
}

static int note_open(const char *path, int fd) {
  char undo[4096];
  struct stat64 state;
  if (fd < 0 || fd >= max_fd) return fd;
  forget(fd);
  if (strstr(path, "/spool.sqlite") == NULL || fstat64(fd, &state) != 0) return fd;
  opened[fd].takes_room = 1;
  opened[fd].device = state.st_dev;
  opened[fd].inode = state.st_ino;
  undo_path(path, undo, sizeof undo);
  if (undo[0] != 0) opened[fd].undo = real_open(undo, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  return fd;
}

#define OPEN(name)                                   \
  int name(const char *path, int flags, ...) {       \
    va_list rest;                                    \
    va_start(rest, flags);                           \
    mode_t mode = va_arg(rest, mode_t);              \
    va_end(rest);                                    \
    return note_open(path, real_##name(path, flags, mode)); \
  }
OPEN(open)
OPEN(open64)

int close(int fd) {
  if (fd >= 0 && fd < max_fd) forget(fd);
  return real_close(fd);
}

int unlink(const char *path) {
  char undo[4096];
  undo_path(path, undo, sizeof undo);
  if (undo[0] != 0) real_unlink(undo);
  return real_unlink(path);
}

/* Whether a descriptor is still that of a file of the spool. */
static int is_spool(int fd) {
  struct stat64 state;
  if (fd < 0 || fd >= max_fd || !opened[fd].takes_room || fstat64(fd, &state) != 0) return 0;
  return state.st_dev == opened[fd].device && state.st_ino == opened[fd].inode;
}

static int is_on_disk(int fd) { return is_spool(fd) && opened[fd].undo > 0; }

/* Keeps what the file has in the range that is about to change. */
static void keep(int fd, int64_t offset, int64_t length) {
  struct stat64 state;
  if (fstat64(fd, &state) != 0) return;
  int64_t there = state.st_size - offset;
  if (there < 0) there = 0;
  if (there > length) there = length;
  char *record = malloc(sizeof(struct undo) + there);
  struct undo head = {offset, state.st_size, there};
  memcpy(record, &head, sizeof head);
  if (there > 0 && pread64(fd, record + sizeof head, there, offset) != there) abort();
  if (real_write(opened[fd].undo, record, sizeof head + there) != (ssize_t)(sizeof head + there)) abort();
  free(record);
}

static int finds_no_room(int fd) {
  if (!control->is_full || !is_spool(fd)) return 0;
  errno = ENOSPC;
  return 1;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  if (finds_no_room(fd)) return -1;
  if (is_on_disk(fd)) keep(fd, offset, length);
  return real_pwrite64(fd, bytes, length, offset);
}

ssize_t write(int fd, const void *bytes, size_t length) {
  if (finds_no_room(fd)) return -1;
  if (is_on_disk(fd)) return pwrite64(fd, bytes, length, lseek64(fd, length, SEEK_CUR) - (off64_t)length);
  return real_write(fd, bytes, length);
}

int ftruncate64(int fd, off64_t size) {
  if (is_on_disk(fd)) keep(fd, size, INT64_MAX / 2);
  return real_ftruncate64(fd, size);
}

static int sync_with(int (*real)(int), int fd) {
  if (!is_on_disk(fd)) return real(fd);
  if (control->fsync_fails) {
    errno = EIO;
    return -1;
  }
  int result = real(fd);
  if (result == 0 && real_ftruncate64(opened[fd].undo, 0) != 0) abort();
  return result;
}

int fsync(int fd) { return sync_with(real_fsync, fd); }
int fdatasync(int fd) { return sync_with(real_fdatasync, fd); }

int clock_gettime(clockid_t clock, struct timespec *time) {
  int result = real_clock_gettime(clock, time);
  int64_t offset = control->offset_us;
  if (result != 0 || offset == 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
  int64_t nanoseconds = time->tv_nsec + offset % 1000000 * 1000;
  int64_t carry = nanoseconds < 0 ? -1 : nanoseconds / 1000000000;
  time->tv_sec += offset / 1000000 + carry;
  time->tv_nsec = nanoseconds - carry * 1000000000;
  return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  int result = real_gettimeofday(time, zone);
  int64_t all = (int64_t)time->tv_sec * 1000000 + time->tv_usec + control->offset_us;
  time->tv_sec = all / 1000000;
  time->tv_usec = all % 1000000;
  return result;
}

int socket(int domain, int type, int protocol) {
  int fd = real_socket(domain, type, protocol);
  int is_tcp = (domain == AF_INET || domain == AF_INET6) && (type & 0xf) == SOCK_STREAM;
  if (fd >= 0 && is_tcp && socket_buffer > 0) {
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &socket_buffer, sizeof socket_buffer);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &socket_buffer, sizeof socket_buffer);
  }
  return fd;
}
