/*
 * A disk whose syncs take longer, for LD_PRELOAD: fsync and fdatasync return $SLOW_SYNC_MICROSECONDS later. On a virtual
 * machine the host may answer a sync from its memory, in a tenth of the time that a disk of its own takes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static int sync_later(const char *name, int descriptor) {
  int (*original)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  const char *delay = getenv("SLOW_SYNC_MICROSECONDS");
  int result = original(descriptor);
  if (delay != NULL) usleep((useconds_t)atoi(delay));
  return result;
}

int fsync(int descriptor) { return sync_later("fsync", descriptor); }

int fdatasync(int descriptor) { return sync_later("fdatasync", descriptor); }
