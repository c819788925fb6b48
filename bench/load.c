// The load generator: N readers on one core, in C so that it is not the bottleneck.
//
//   load PORT PATH READERS ROUNDS PACE_MS LEAST REQUEST_FILE [HELLO …]
//
// Opens READERS WebSockets; each waits for a frame for the first HELLO ("-"), and sends each of the others as a text
// frame when the one before was answered. Then ROUNDS times sends the bytes of REQUEST_FILE, which make the server publish, on a connection of its own, and
// waits until every reader got one text frame of at least LEAST bytes. PACE_MS is the time between two rounds; 0 is
// closed loop. Prints one line of JSON: seconds to connect all, deliveries a second, latencies from the request to
// each reader's frame in ms, and the processor time that this program took itself.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 8192 };

typedef struct {
  int fd, stage;           // stage: 0 waits for 101, then for an answer to each hello, then for updates
  unsigned have;           // bytes of an incomplete header or head in `head`
  unsigned long long body; // bytes of the present frame's payload still to come
  unsigned long long size; // of the present frame's payload
  unsigned char head[512];
} Reader;

static Reader *readers;
static int count, ready, got, hellos, epoll_fd;
static unsigned least;
static char **hello;
static double *latencies, began;
static size_t measured;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void die(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int dial(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) die("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

static void say(Reader *r, const char *text) { // a short masked text frame, with a mask of zeros
  unsigned char frame[256] = {0x81, 0x80 | strlen(text), 0, 0, 0, 0};
  memcpy(frame + 6, text, strlen(text));
  if (write(r->fd, frame, 6 + strlen(text)) < 0) die("write");
}

static void next_stage(Reader *r) {
  if (r->stage <= hellos) {
    if (r->stage < hellos) say(r, hello[r->stage]);
    else ready++;
    r->stage++;
  }
}

static void whole_frame(Reader *r) {
  if (r->stage <= hellos) { next_stage(r); return; }
  if (r->size < least) { if (r->size == 1) say(r, "3"); return; } // an Engine.IO ping
  got++;
  latencies[measured++] = (now() - began) * 1e3;
}

static void feed(Reader *r, unsigned char *p, ssize_t n) {
  while (n > 0) {
    if (r->body) {
      unsigned long long take = r->body < (unsigned long long)n ? r->body : (unsigned long long)n;
      p += take, n -= take, r->body -= take;
      if (!r->body) whole_frame(r);
      continue;
    }
    r->head[r->have++] = *p++, n--;
    if (r->stage == 0) {
      if (r->have >= 4 && !memcmp(r->head + r->have - 4, "\r\n\r\n", 4)) {
        if (memcmp(r->head + 9, "101", 3)) { fprintf(stderr, "load: refused: %.20s\n", r->head); exit(1); }
        r->have = 0, r->stage = 1;
        if (!hellos) ready++;
      } else if (r->have == sizeof r->head) memmove(r->head, r->head + 256, r->have -= 256);
      continue;
    }
    unsigned need = 2;
    if (r->have >= 2) need = (r->head[1] & 127) == 126 ? 4 : (r->head[1] & 127) == 127 ? 10 : 2;
    if (r->have < need || r->have < 2) continue;
    r->size = r->head[1] & 127;
    if (need > 2) { r->size = 0; for (unsigned i = 2; i < need; i++) r->size = r->size << 8 | r->head[i]; }
    r->body = r->size, r->have = 0;
    if (!r->body) whole_frame(r);
  }
}

static void turn(int wait_ms) {
  static unsigned char buffer[BUFFER];
  struct epoll_event events[512];
  int n = epoll_wait(epoll_fd, events, 512, wait_ms);
  for (int i = 0; i < n; i++) {
    Reader *r = events[i].data.ptr;
    ssize_t size = read(r->fd, buffer, BUFFER);
    if (size == 0 || (size < 0 && errno != EAGAIN)) { fprintf(stderr, "load: the server hung up\n"); exit(1); }
    if (size > 0) feed(r, buffer, size);
  }
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  if (argc < 8) { fprintf(stderr, "load PORT PATH READERS ROUNDS PACE_MS LEAST REQUEST_FILE [HELLO …]\n"); return 2; }
  int port = atoi(argv[1]), rounds = atoi(argv[4]), pace = atoi(argv[5]);
  count = atoi(argv[3]), least = atoi(argv[6]), hello = argv + 8, hellos = argc - 8;
  static char request[65536], answer[65536];
  FILE *file = fopen(argv[7], "r");
  if (!file) die(argv[7]);
  size_t request_size = fread(request, 1, sizeof request, file);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  readers = calloc(count, sizeof *readers);
  latencies = malloc(sizeof(double) * (size_t)count * (rounds + 1));
  epoll_fd = epoll_create1(0);
  char upgrade[512];
  int upgrade_size = snprintf(upgrade, sizeof upgrade,
    "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", argv[2], port);
  double start = now();
  for (int i = 0; i < count; i++) {
    Reader *r = readers + i;
    r->fd = dial(port);
    if (write(r->fd, upgrade, upgrade_size) < 0) die("write");
    fcntl(r->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = r};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, r->fd, &event);
    while (i - ready > 100) turn(1000); // at most so many in the handshake at once
  }
  while (ready < count) turn(1000);
  double connected = now() - start;
  fprintf(stderr, "ready\n");
  int control = -1;
  double loop = now(), busy = 0;
  for (int round = 0; round < rounds; round++) {
    double due = loop + round * pace / 1e3;
    while (pace && now() < due) turn(1);
    if (control < 0) control = dial(port);
    got = 0, began = now();
    if (write(control, request, request_size) < 0) die("publish");
    while (got < count) {
      turn(20);
      if (now() - began > 60) { fprintf(stderr, "load: %d of %d after a minute\n", got, count); exit(1); }
    }
    busy += now() - began;
    size_t answered = 0; // the publish is answered by now, or soon; head and body may come apart
    for (char *body = NULL, *length; !body || answered < (size_t)(body - answer) + atoi(length + 15);) {
      ssize_t size = recv(control, answer + answered, sizeof answer - 1 - answered, 0);
      if (size <= 0 || strncmp(answer + 9, "20", 2)) { fprintf(stderr, "load: publish: %s\n", answer); exit(1); }
      answer[answered += size] = 0;
      length = strcasestr(answer, "content-length:");
      if ((body = strstr(answer, "\r\n\r\n"))) body += 4;
      if (body && !length) { fprintf(stderr, "load: publish: no length\n"); exit(1); }
    }
    if (strcasestr(answer, "connection: close")) close(control), control = -1;
  }
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  qsort(latencies, measured, sizeof *latencies, by_size);
  printf("{\"connect_s\": %.3f, \"deliveries_s\": %.0f, \"p50\": %.2f, \"p99\": %.2f, \"max\": %.2f, \"load_cpu_s\": %.2f, "
         "\"wall_s\": %.2f}\n", connected, measured / busy, latencies[measured / 2], latencies[measured * 99 / 100],
         latencies[measured - 1], cpu, now() - start);
  fflush(stdout);
  if (getchar() == EOF) return 0; // stays connected until told to end, for the memory to be read
  return 0;
}
