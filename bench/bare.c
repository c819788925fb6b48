// The limit: a broadcaster that does nothing but one send() per reader. `bare PORT`. Takes any upgrade at /ws, and at
// any POST sends the body it was given to all. It knows no packets, no protocol errors and no slow readers.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
  static char buffer[65536], frame[65536];
  static int readers[65536];
  int count = 0, one = 1, listener = socket(AF_INET, SOCK_STREAM, 0), epoll_fd = epoll_create1(0);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(argc > 1 ? atoi(argv[1]) : 0), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 4096)) return perror("bare"), 1;
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int n = epoll_wait(epoll_fd, events, 256, -1);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        fd = accept(listener, 0, 0);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        event.data.fd = fd;
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
        continue;
      }
      ssize_t size = read(fd, buffer, sizeof buffer - 1);
      if (size <= 0) { close(fd); continue; }
      buffer[size] = 0;
      if (!strncmp(buffer, "GET", 3)) {
        const char *hello = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
        if (write(fd, hello, strlen(hello)) < 0) continue;
        fcntl(fd, F_SETFL, O_NONBLOCK);
        readers[count++] = fd;
      } else if (!strncmp(buffer, "POST", 4)) {
        char *body = strstr(buffer, "\r\n\r\n") + 4;
        unsigned length = size - (body - buffer);
        frame[0] = (char)0x81, frame[1] = 126, frame[2] = length >> 8, frame[3] = length & 255;
        memcpy(frame + 4, body, length);
        for (int r = 0; r < count; r++) send(readers[r], frame, length + 4, MSG_NOSIGNAL);
        const char *done = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
        if (write(fd, done, strlen(done)) < 0) continue;
      }
    }
  }
}
