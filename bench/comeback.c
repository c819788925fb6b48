// Readers who come back: when the server hangs up they connect again, follow, and fetch what they missed.
//
//   comeback PORT PATH READERS [FEED]
//
// Opens READERS WebSockets (see client.h), says how long that took, and then does what it is told on standard input,
// an answer of one line of JSON for each:
//
//   watch           waits until the server has hung up, and all are back and caught up. Moments are in seconds of
//                   CLOCK_MONOTONIC. They come back at once, IN_HANDSHAKE at a time.
//   settle VERSION  how many readers have come to that version, within SETTLE_SECONDS
//
// Each keeps to the reader's rule: what it missed comes with the answer to `follow`; if not, and for what it is told of
// later and does not have, it fetches /feeds/FEED/changes. Either has to cover it, one change for each version. Without
// FEED to be back is all.
#include "client.h"

enum { ANSWER = 1 << 20, SETTLE_SECONDS = 15, AGAIN_MS = 20 }; // bytes; and between two tries when nobody listens

typedef struct {
  long version, heard, asked; // what it has, the highest it was told of, and what it had when it knocked
  int known, fetching, current;
  char epoch[40];
} Page;

typedef struct {
  int fd, reader;
  long after, heard;
  size_t have;
  char answer[ANSWER];
} Fetch;

static Page *pages;
static int *waiting, waiting_count, on_the_way, following, current, lost, fetch_loop;
static long fetches, again, came_along, missed, wrong, reloads;
static double lost_at, first_back_at, back_at;
static const char *feed;

static const char *value_of(const char *object, const char *name) { // of that object itself, not of what is inside; or 0
  size_t size = strlen(name);
  int depth = 0;
  for (const char *p = object; *p; p++) {
    if (*p == '{' || *p == '[') depth++;
    else if (*p == '}' || *p == ']') depth--;
    else if (*p == '"') {
      const char *start = ++p;
      while (*p && *p != '"') p += *p == '\\' && p[1] ? 2 : 1;
      if (!*p) return NULL;
      if (depth == 1 && p[1] == ':' && (size_t)(p - start) == size && !memcmp(start, name, size)) return p + 2;
    }
  }
  return NULL;
}

static long number_of(const char *object, const char *name) {
  const char *value = value_of(object, name);
  return value ? atol(value) : -1;
}

static void fetch(int i) {
  Fetch *f = malloc(sizeof *f);
  char request[HEAD];
  f->fd = dial(port), f->reader = i, f->after = pages[i].version, f->heard = pages[i].heard, f->have = 0;
  if (f->fd < 0) die("catch-up");
  int size = snprintf(request, sizeof request,
    "GET /feeds/%s/changes?after=%ld&epoch=%s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    feed, f->after, pages[i].epoch);
  send(f->fd, request, size, MSG_NOSIGNAL);
  fcntl(f->fd, F_SETFL, O_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = f};
  epoll_ctl(fetch_loop, EPOLL_CTL_ADD, f->fd, &event);
  pages[i].fetching = 1, fetches++;
}

static void see(int i) { // whether the page has all that it was told of, and what to do about it
  Page *page = pages + i;
  if (page->fetching || page->current || readers[i].stage != FOLLOWING) return;
  if (feed && page->version < page->heard) fetch(i);
  else page->current = 1, current++, on_the_way--;
}

static void take_missed(Page *page, const char *envelope, long after, long heard) {
  long version = number_of(envelope, "version"), changes = 0;
  for (const char *p = envelope; (p = strstr(p, "\"id\":\"update-")); p++) changes++;
  if (number_of(envelope, "after") != after || version < heard || changes != version - after) wrong++;
  missed += changes;
  if (version > page->version) page->version = version;
}

static void fetched(Fetch *f) { // the server has closed: the answer is whole, or worth nothing
  Page *page = pages + f->reader;
  f->answer[f->have] = 0;
  char *body = strstr(f->answer, "\r\n\r\n"), *length = strcasestr(f->answer, "content-length:");
  page->fetching = 0;
  if (!body || !length || memcmp(f->answer + 9, "200", 3) || strlen(body += 4) != strtoul(length + 15, NULL, 10)) again++;
  else if (value_of(body, "reload")) {
    reloads++, page->version = number_of(body, "version");
  } else {
    take_missed(page, body, f->after, f->heard);
  }
  close(f->fd);
  see(f->reader);
  free(f);
}

static void take_answers(void) {
  struct epoll_event events[256];
  int n = epoll_wait(fetch_loop, events, 256, 0);
  for (int i = 0; i < n; i++) {
    Fetch *f = events[i].data.ptr;
    ssize_t size = read(f->fd, f->answer + f->have, ANSWER - 1 - f->have);
    if (size > 0) f->have += size;
    else if (size == 0 || errno != EAGAIN) fetched(f);
  }
}

static void on_join(Reader *r) {
  Page *page = pages + (r - readers);
  char position[80] = "";
  if (page->known) snprintf(position, sizeof position, ",\"epoch\":\"%s\",\"version\":%ld", page->epoch, page->asked);
  follow(r, position);
}

static void on_follow(Reader *r) {
  int i = r - readers;
  Page *page = pages + i;
  const char *along, *ack = strchr(r->text, '{'), *epoch = feed && ack ? value_of(ack, "epoch") : NULL;
  if (feed && !epoch) die(r->text);
  if (epoch) {
    size_t size = strcspn(++epoch, "\"");
    if (size >= sizeof page->epoch) die("a long epoch");
    long version = number_of(ack, "version");
    if (version > page->heard) page->heard = version;
    if (!page->known || strncmp(page->epoch, epoch, size) || version < page->asked) {
      reloads += page->known;
      page->known = 1, page->version = page->heard = version;
      memcpy(page->epoch, epoch, size), page->epoch[size] = 0;
    } else if ((along = value_of(ack, "missed"))) {
      came_along++, take_missed(page, along, page->asked, version);
    }
  }
  if (++following == count) back_at = now();
  if (lost && !first_back_at) first_back_at = now();
  see(i);
}

static void on_update(Reader *r) {
  const char *envelope = strchr(r->text, '{');
  if (!feed || !envelope) return;
  int i = r - readers;
  Page *page = pages + i;
  long after = number_of(envelope, "after"), version = number_of(envelope, "version");
  if (version <= page->version) return;
  if (version > page->heard) page->heard = version;
  if (after <= page->version) page->version = version;
  else if (page->current) page->current = 0, current--, on_the_way++;
  see(i);
}

static void on_lost(Reader *r) {
  Page *page = pages + (r - readers);
  if (!lost++) lost_at = now();
  if (r->stage == FOLLOWING) following--;
  if (page->current) page->current = 0, current--;
  else on_the_way--;
  r->stage = UPGRADING;
  waiting[waiting_count++] = r - readers;
}

static int work(void) { // lets some in, takes what came; whether there is a command
  static double not_before;
  while (waiting_count && on_the_way < IN_HANDSHAKE && now() >= not_before) {
    int i = waiting[waiting_count - 1];
    pages[i].asked = pages[i].version;
    if (knock(readers + i)) waiting_count--, on_the_way++;
    else not_before = now() + AGAIN_MS / 1e3;
  }
  int command = turn(1);
  take_answers();
  return command;
}

static void watch(void) {
  double start = now(), cpu_before = cpu();
  lost = 0, first_back_at = 0, fetches = again = came_along = missed = wrong = reloads = 0;
  while (!lost || current < count) {
    work();
    if (now() - start > 120) fprintf(stderr, "%d back, %d caught up after two minutes: ", following, current), die("watch");
  }
  printf("{\"lost_at\": %.4f, \"first_back_at\": %.4f, \"back_at\": %.4f, \"caught_up_at\": %.4f, \"fetches\": %ld, "
         "\"again\": %ld, \"came_along\": %ld, \"missed\": %ld, \"wrong\": %ld, \"reloads\": %ld, \"cpu_s\": %.3f, \"wall_s\": %.3f}\n", lost_at,
         first_back_at, back_at, now(), fetches, again, came_along, missed, wrong, reloads, cpu() - cpu_before, now() - start);
}

static void settle(long version) {
  int there = 0;
  for (double end = now() + SETTLE_SECONDS; there < count && now() < end;) {
    work(), there = 0;
    for (int i = 0; i < count; i++) there += pages[i].version == version;
  }
  printf("{\"there\": %d}\n", there);
}

int main(int argc, char **argv) {
  if (argc < 4) { fprintf(stderr, "comeback PORT PATH READERS [FEED]\n"); return 2; }
  feed = argc > 4 ? argv[4] : NULL, keep = ANSWER;
  begin(argv);
  pages = calloc(count, sizeof *pages), waiting = calloc(count, sizeof *waiting), fetch_loop = epoll_create1(0);
  double start = now();
  for (int i = count; i--;) waiting[waiting_count++] = i;
  while (current < count) work();
  printf("{\"connect_s\": %.3f, \"cpu_s\": %.3f}\n", now() - start, cpu());
  for (;;) {
    fflush(stdout);
    while (!work()) continue;
    static char line[512];
    ssize_t size = read(STDIN_FILENO, line, sizeof line - 1);
    if (size <= 0) return 0;
    line[size] = 0;
    if (!strncmp(line, "settle", 6)) settle(atol(line + 6));
    else watch();
  }
}
