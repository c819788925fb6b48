// How a reader's bytes are sent and received: as they are or, where TLS is defined, with OpenSSL. The certificate is not
// looked at.
#ifdef TLS
#include <openssl/ssl.h>

typedef SSL *Wire;

static Wire wire_of(int fd) { // shakes hands on a socket that still blocks; NULL when that fails
  static SSL_CTX *context;
  if (!context) context = SSL_CTX_new(TLS_client_method());
  SSL *wire = SSL_new(context);
  if (wire && SSL_set_fd(wire, fd) && SSL_connect(wire) == 1) return wire;
  SSL_free(wire);
  return NULL;
}

static ssize_t wire_send(Wire wire, const void *bytes, size_t size) { return SSL_write(wire, bytes, size); }

static ssize_t wire_read(Wire wire, void *bytes, size_t size) { // a whole record, which is shorter than BUFFER
  int got = SSL_read(wire, bytes, size);
  if (got > 0) return got;
  errno = SSL_get_error(wire, got) == SSL_ERROR_WANT_READ ? EAGAIN : 0;
  return errno ? -1 : 0;
}

static void wire_end(Wire wire) { SSL_free(wire); }
#else
typedef int Wire;

static Wire wire_of(int fd) { return fd; }
static ssize_t wire_send(Wire wire, const void *bytes, size_t size) { return send(wire, bytes, size, MSG_NOSIGNAL); }
static ssize_t wire_read(Wire wire, void *bytes, size_t size) { return read(wire, bytes, size); }
static void wire_end(Wire wire) { (void)wire; }
#endif
