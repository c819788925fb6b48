// Thousands of WebSocket readers on one core, for load.c and comeback.c. Of a frame only the beginning is kept, so that
// reading costs next to nothing. A program says what happens in `on_join`, `on_follow`, `on_update` and `on_lost`.
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
#include "wire.h"

enum { BUFFER = 16384, HEAD = 512, TEXT = 256, IN_HANDSHAKE = 100 }; // so many readers are let in at once

typedef enum { UPGRADING, JOINING, FOLLOWING } Stage;

typedef struct {
  int fd;
  Wire wire;
  Stage stage;
  int compressed;                // the server has agreed to compression
  unsigned have;                 // bytes in `head`: of the answer to the upgrade, then of a frame's header
  unsigned kept;                 // bytes in `text`
  unsigned long long size, left; // of the present frame's payload: all, and still to come
  unsigned char head[HEAD];
  char *text, brief[TEXT + 1]; // the beginning of the payload, in `brief` unless more is kept of it
} Reader;

static void on_join(Reader *r);   // lets it follow
static void on_follow(Reader *r); // lets updates come from now on; the ack is in `text`
static void on_update(Reader *r); // an update has come in whole
static void on_lost(Reader *r);   // the server hung up, or refused

static Reader *readers;
static int count, port, loop, socket_io, stuck, keep = TEXT; // keep: so many bytes of a payload
static int offers;                                           // compression, as browsers do
static long pings;
static char upgrade[HEAD];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static double cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, errno ? strerror(errno) : "gave up");
  exit(1);
}

// PORT PATH READERS: a path with EIO in it speaks Socket.IO and follows `news`, others get updates as bare text.
// Standard input is watched too.
static void begin(char **argv) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  port = atoi(argv[1]), count = atoi(argv[3]), socket_io = strstr(argv[2], "EIO=4") != NULL;
  snprintf(upgrade, sizeof upgrade,
    "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n%s"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", argv[2], port,
    offers ? "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" : "");
  readers = calloc(count, sizeof *readers);
  loop = epoll_create1(0);
  struct epoll_event input = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(loop, EPOLL_CTL_ADD, STDIN_FILENO, &input);
}

static int dial(int where) { // a connection to that port, or -1
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1, least = 1, segment = 1460;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(where), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (fd < 0) die("socket");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (stuck) { // as far away as the Internet: loopback's segments of 64 kB make the server's kernel keep megabytes
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
    setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
  }
  if (!connect(fd, (struct sockaddr *)&to, sizeof to)) return fd;
  close(fd);
  return -1;
}

static int knock(Reader *r) { // begins the handshake; 0 when nobody listens
  int fd = dial(port);
  if (fd < 0) return 0;
  memset(r, 0, sizeof *r);
  r->fd = fd, r->wire = wire_of(fd), r->text = r->brief;
  if (!r->wire || wire_send(r->wire, upgrade, strlen(upgrade)) < 0) { close(fd); return 0; }
  fcntl(fd, F_SETFL, O_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = r};
  epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
  return 1;
}

static void say(Reader *r, int opcode, const char *text, size_t size) { // masked with zeros; a failure shows when reading
  unsigned char frame[6 + 125] = {0x80 | opcode, 0x80 | size};
  if (size > 125) die("a long message");
  memcpy(frame + 6, text, size);
  wire_send(r->wire, frame, 6 + size);
}

static void say_text(Reader *r, const char *text) {
  size_t size = strlen(text);
  if (!r->compressed) { say(r, 1, text, size); return; }
  char stored[125] = {0, size & 255, size >> 8, ~size & 255, ~(size >> 8) & 255}; // deflate's block of bytes as they are
  if (size + 6 > sizeof stored) die("a long message");
  memcpy(stored + 5, text, size); // and the 0 after it begins the empty block whose rest is not sent
  say(r, 0x41, stored, size + 6);
}

static void follow(Reader *r, const char *position) { // `position` is more JSON, or empty
  char message[126];
  snprintf(message, sizeof message, "420[\"follow\",{\"feed\":\"news\"%s}]", position);
  say_text(r, message);
}

static void let_go_of_text(Reader *r) {
  if (r->text != r->brief) free(r->text);
  r->text = r->brief;
}

static void whole_frame(Reader *r) {
  int opcode = r->head[0] & 15;
  r->text[r->kept] = 0;
  if (opcode == 9) pings++, say(r, 10, r->text, r->kept);
  if (opcode != 1) return;
  if (!socket_io || r->head[0] & 0x40) on_update(r); // only updates are so long that they are compressed
  else if (!strcmp(r->text, "2")) pings++, say_text(r, "3");
  else if (!strncmp(r->text, "42[\"updated\"", 12)) on_update(r);
  else if (r->text[0] == '0') say_text(r, "40");
  else if (!strncmp(r->text, "40", 2)) on_join(r);
  else if (!strncmp(r->text, "430", 3)) r->stage = FOLLOWING, on_follow(r);
}

static int upgraded(Reader *r) { // 0 when refused
  if (r->have < 4 || memcmp(r->head + r->have - 4, "\r\n\r\n", 4)) {
    if (r->have == HEAD) memmove(r->head + 16, r->head + HEAD - 16, 16), r->have = 32; // long headers: keep both ends
    return 1;
  }
  if (memcmp(r->head + 9, "101", 3)) return 0;
  r->head[r->have - 1] = 0, r->compressed = strstr((char *)r->head, "permessage-deflate") != NULL;
  r->have = 0, r->stage = socket_io ? JOINING : FOLLOWING;
  if (!socket_io) on_follow(r);
  return 1;
}

static int take(Reader *r, unsigned char *p, size_t n) { // 0 when the reader was refused
  while (n > 0) {
    if (r->left) {
      size_t part = r->left < n ? r->left : n, room = (r->text == r->brief ? TEXT : keep) - r->kept;
      size_t kept = part < room ? part : room;
      memcpy(r->text + r->kept, p, kept);
      p += part, n -= part, r->left -= part, r->kept += kept;
      if (!r->left) whole_frame(r), let_go_of_text(r);
      continue;
    }
    r->head[r->have++] = *p++, n--;
    if (r->stage == UPGRADING) {
      if (!upgraded(r)) return 0;
      continue;
    }
    if (r->have < 2) continue;
    unsigned need = (r->head[1] & 127) == 126 ? 4 : (r->head[1] & 127) == 127 ? 10 : 2;
    if (r->have < need) continue;
    r->size = need == 2 ? r->head[1] & 127 : 0;
    for (unsigned i = 2; i < need; i++) r->size = r->size << 8 | r->head[i];
    r->left = r->size, r->have = r->kept = 0;
    if (r->size > TEXT && keep > TEXT) r->text = malloc((r->size < (size_t)keep ? r->size : (size_t)keep) + 1);
    if (!r->text) die("memory");
    if (!r->left) whole_frame(r);
  }
  return 1;
}

static int turn(int wait_ms) { // takes what came in; whether there is something on standard input
  static unsigned char buffer[BUFFER];
  struct epoll_event events[512];
  int input = 0, n = epoll_wait(loop, events, 512, wait_ms);
  for (int i = 0; i < n; i++) {
    Reader *r = events[i].data.ptr;
    if (!r) { input = 1; continue; }
    ssize_t size = wire_read(r->wire, buffer, BUFFER);
    if (size < 0 && errno == EAGAIN) continue;
    if (size <= 0 || !take(r, buffer, size)) wire_end(r->wire), close(r->fd), let_go_of_text(r), on_lost(r);
  }
  return input;
}
