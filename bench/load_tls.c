// load.c for readers with TLS; the connection that publishes is plain. Needs OpenSSL (Debian: libssl-dev).
#define TLS
#include "load.c"
