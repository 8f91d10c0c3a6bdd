/*
 * An impaired link between two network namespaces: a TUN device "link" in the one that this program is started in (the
 * site), another in a new one (the cloud), and this process between them. Usage: link CONTROL NAMESPACE. It binds the new
 * namespace to the file NAMESPACE, prints "running", and goes on until it is killed.
 *
 * CONTROL is a file with the struct below, read at each packet: tests write what the link is like, and read what it did.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

enum { up, down, directions };
enum { max_packets = 8192, max_bytes = 2048 };
static const int64_t second_ns = 1000000000, millisecond_ns = 1000000;

/* Kept in step with link.ts. */
struct control {
  int32_t delay_ms;                     /* one way */
  int32_t loss_per_mille;               /* each way */
  int32_t bytes_per_second[directions]; /* 0: no limit */
  int32_t queue_bytes;                  /* what waits for its turn, at most; the rest is dropped */
  int32_t is_silent;
  uint32_t silent_address;              /* of the cloud, in network order; 0: none */
  int32_t forgotten;                    /* when it grows, what belongs to older TCP connections is dropped, as by a NAT */
  int64_t passed_bytes[directions];
};

struct packet {
  int64_t due_ns;
  int length;
  unsigned char bytes[max_bytes];
};

struct queue {
  struct packet packets[max_packets];
  unsigned first, end;
  int64_t free_ns; /* when the line has sent what it took */
};

static struct control *control;
static struct queue queues[directions];
/* By port of the site: the value of "forgotten" when its connection began. */
static int32_t began[65536];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int open_tun(void) {
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strcpy(request.ifr_name, "link");
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0) fail("/dev/net/tun");
  return fd;
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * second_ns + now.tv_nsec;
}

/* A generator of its own, so that the same packets are lost in each run. */
static uint32_t next_random(void) {
  static uint32_t state = 2463534242u;
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

static int is_forgotten(int way, const unsigned char *ip, int length) {
  const unsigned char *tcp = ip + (ip[0] & 15) * 4;
  if (ip[9] != 6 || tcp + 14 > ip + length) return 0;
  const unsigned char *port_at = tcp + (way == up ? 0 : 2);
  int port = port_at[0] << 8 | port_at[1];
  int is_syn = (tcp[13] & 0x12) == 0x02;
  if (way == up && is_syn) began[port] = control->forgotten;
  return began[port] != control->forgotten;
}

static int is_dropped(int way, const unsigned char *ip, int length) {
  if (length < 20 || ip[0] >> 4 != 4 || control->is_silent) return 1;
  uint32_t address;
  memcpy(&address, ip + (way == up ? 16 : 12), sizeof address);
  if (control->silent_address != 0 && address == control->silent_address) return 1;
  if (is_forgotten(way, ip, length)) return 1;
  return (int32_t)(next_random() % 1000) < control->loss_per_mille;
}

static void take(int way, int fd) {
  struct queue *queue = &queues[way];
  for (;;) {
    struct packet *packet = &queue->packets[queue->end % max_packets];
    packet->length = read(fd, packet->bytes, max_bytes);
    if (packet->length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (packet->length < 0) fail("read");
    int64_t now = now_ns(), rate = control->bytes_per_second[way];
    if (is_dropped(way, packet->bytes, packet->length) || queue->end - queue->first == max_packets - 1) continue;
    int64_t start = queue->free_ns > now ? queue->free_ns : now;
    if (rate > 0 && (start - now) * rate / second_ns > control->queue_bytes) continue;
    queue->free_ns = rate > 0 ? start + packet->length * second_ns / rate : now;
    packet->due_ns = queue->free_ns + control->delay_ms * millisecond_ns;
    queue->end++;
  }
}

/* Hands over what is due; returns the time until the next packet is, or -1. */
static int64_t give(int way, int fd) {
  struct queue *queue = &queues[way];
  while (queue->first != queue->end) {
    struct packet *packet = &queue->packets[queue->first % max_packets];
    int64_t wait = packet->due_ns - now_ns();
    if (wait > 0) return wait;
    /* What the other side can't take is lost, as on any link. */
    if (write(fd, packet->bytes, packet->length) > 0) control->passed_bytes[way] += packet->length;
    queue->first++;
  }
  return -1;
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  int control_fd = open(arguments[1], O_RDWR | O_CLOEXEC);
  if (control_fd < 0) fail(arguments[1]);
  control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, control_fd, 0);
  if (control == MAP_FAILED) fail("mmap");
  int site = open_tun();
  if (unshare(CLONE_NEWNET) != 0) fail("unshare");
  int cloud = open_tun();
  if (mount("/proc/self/ns/net", arguments[2], NULL, MS_BIND, NULL) != 0) fail(arguments[2]);
  puts("running");
  fflush(stdout);
  struct pollfd polled[directions] = {{.fd = site, .events = POLLIN}, {.fd = cloud, .events = POLLIN}};
  for (;;) {
    int64_t waits[directions] = {give(up, cloud), give(down, site)};
    int64_t wait = waits[up] < 0 || (waits[down] >= 0 && waits[down] < waits[up]) ? waits[down] : waits[up];
    struct timespec timeout = {wait / second_ns, wait % second_ns};
    if (ppoll(polled, directions, wait < 0 ? NULL : &timeout, NULL) < 0 && errno != EINTR) fail("ppoll");
    take(up, site);
    take(down, cloud);
  }
}
