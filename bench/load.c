// The load generator: readers who wait for updates, in C so that it is not the bottleneck.
//
//   load PORT PATH READERS [stuck] [compression]
//
// Opens READERS WebSockets (see client.h), says in one line of JSON how long that took, and then does what it is told
// on standard input, a line of JSON for each:
//
//   publish FILE ROUNDS PACE_MS [PORT]  ROUNDS times sends the bytes of FILE, which make the server publish, on a
//                                       connection of its own, to another PORT than the readers' if one is given, and
//                                       waits until every reader has one update more. PACE_MS is the time between two
//                                       rounds; 0 is closed loop. Latencies are from the request to each reader.
//   each                                the latencies of the last `publish`, in ms, by the reader's port
//   status                              what came in so far
//
// With `stuck` readers have the smallest receive buffer there is, come spread over SPREAD seconds as those do who were
// dropped, and after following never read again. With `compression` they offer it, as browsers do.
#include "client.h"

static const double SPREAD = 1; // s; the first retry of our page, and of the official client
static const double KEPT = 1;   // s after a request; gunicorn hangs up after 3, perhaps while the next is on its way

static double *latencies, began; // of reader i in round n: latencies[n * count + i]
static unsigned long long bytes;   // of the frames of updates, in this `publish`
static int following, got, round_now, rounds, control = -1;

static void on_join(Reader *r) { follow(r, ""); }

static void on_follow(Reader *r) {
  following++;
  if (stuck) epoll_ctl(loop, EPOLL_CTL_DEL, r->fd, NULL);
}

static void on_update(Reader *r) {
  if (round_now >= rounds) return;
  got++, bytes += r->size + (r->size < 126 ? 2 : r->size < 65536 ? 4 : 10);
  latencies[(size_t)round_now * count + (r - readers)] = (now() - began) * 1e3;
}

static void on_lost(Reader *r) {
  fprintf(stderr, "the server %s\n", r->stage == UPGRADING ? "refused a reader" : "hung up");
  exit(1);
}

static void connect_all(void) {
  double start = now();
  for (int i = 0; i < count; i++) {
    while (stuck && now() < start + i * SPREAD / count) turn(1);
    if (!knock(readers + i)) die("connect");
    while (i - following >= IN_HANDSHAKE) turn(1000);
  }
  while (following < count) turn(1000);
  printf("{\"connect_s\": %.3f, \"cpu_s\": %.3f}\n", now() - start, cpu());
}

static void take_answer(void) { // to the request that publishes; head and body may come apart
  static char answer[65536];
  size_t have = 0;
  for (char *body = NULL, *length; !body || have < (size_t)(body - answer) + atoi(length + 15);) {
    ssize_t size = recv(control, answer + have, sizeof answer - 1 - have, 0);
    if (size <= 0 || strncmp(answer + 9, "20", 2)) die(answer);
    answer[have += size] = 0;
    length = strcasestr(answer, "content-length:");
    if ((body = strstr(answer, "\r\n\r\n"))) body += 4;
    if (body && !length) die("an answer without length");
  }
  if (strcasestr(answer, "connection: close")) close(control), control = -1;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void publish(const char *name, int pace_ms, int where) {
  static char request[65536];
  FILE *file = fopen(name, "r");
  if (!file) die(name);
  size_t size = fread(request, 1, sizeof request, file), measured = (size_t)count * rounds;
  fclose(file);
  latencies = realloc(latencies, sizeof *latencies * (measured + 1));
  if (control >= 0) close(control), control = -1;
  double start = now(), cpu_before = cpu(), busy = 0;
  bytes = 0;
  for (round_now = 0; round_now < rounds; round_now++) {
    while (now() < start + round_now * pace_ms / 1e3) turn(1);
    if (control >= 0 && now() - began > KEPT) close(control), control = -1;
    if (control < 0 && (control = dial(where)) < 0) die("connect");
    got = 0, began = now();
    if (send(control, request, size, MSG_NOSIGNAL) < 0) die("publish");
    while (got < count) {
      turn(20);
      if (now() - began > 60) errno = 0, fprintf(stderr, "%d of %d after a minute: ", got, count), die("publish");
    }
    busy += now() - began;
    take_answer();
  }
  double *sorted = malloc(sizeof *sorted * (measured + 1));
  memcpy(sorted, latencies, sizeof *sorted * measured);
  qsort(sorted, measured, sizeof *sorted, by_size);
  printf("{\"deliveries_s\": %.0f, \"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f, \"bytes\": %.0f, \"cpu_s\": %.3f, \"wall_s\": %.3f}\n",
         measured / busy, sorted[measured / 2], sorted[measured * 99 / 100], sorted[measured - 1], (double)bytes / measured,
         cpu() - cpu_before,
         now() - start);
  free(sorted);
}

static int port_of(int fd) {
  struct sockaddr_in mine;
  socklen_t size = sizeof mine;
  return getsockname(fd, (struct sockaddr *)&mine, &size) ? 0 : ntohs(mine.sin_port);
}

static void each(void) {
  printf("{\"publisher\": %d, \"readers\": {", port_of(control));
  for (int i = 0; i < count; i++) {
    printf("%s\"%d\": [", i ? ", " : "", port_of(readers[i].fd));
    for (int n = 0; n < rounds; n++) printf("%s%.3f", n ? ", " : "", latencies[(size_t)n * count + i]);
    printf("]");
  }
  printf("}}\n");
}

static char *next_command(void) { // waits for a line on standard input; NULL at its end
  static char line[512];
  while (!turn(1000)) continue;
  ssize_t size = read(STDIN_FILENO, line, sizeof line - 1);
  if (size <= 0) return NULL;
  line[size] = 0;
  return line;
}

int main(int argc, char **argv) {
  if (argc < 4) { fprintf(stderr, "load PORT PATH READERS [stuck] [compression]\n"); return 2; }
  for (char **word = argv + 4; *word; word++) {
    if (!strcmp(*word, "stuck")) stuck = 1;
    else if (!strcmp(*word, "compression")) offers = 1;
  }
  begin(argv);
  connect_all();
  fflush(stdout);
  for (char *line; (line = next_command()); fflush(stdout)) {
    char name[256];
    int pace_ms, where = port;
    if (sscanf(line, "publish %255s %d %d %d", name, &rounds, &pace_ms, &where) >= 3) publish(name, pace_ms, where);
    else if (!strncmp(line, "each", 4)) each();
    else printf("{\"pings\": %ld, \"cpu_s\": %.3f}\n", pings, cpu());
  }
  return 0;
}
