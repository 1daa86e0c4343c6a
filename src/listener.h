/* listener.h - addresses to listen on, and the sockets bound to them, or
 * connected to them.
 *
 * "127.0.0.1:8580", "[::1]:8580", "localhost:8580"; port 0 takes a free one.
 */
#pragma once

#include <stdbool.h>

struct error;

/* Binds count sockets to one address, all of them listening. More than one
 * share the port (SO_REUSEPORT), but only after a bind without that option has
 * shown that nobody else has it: a second program would silently take part of
 * the senders. ERR_IO or ERR_CONFIG names the address; then none is open. */
bool listener_open(const char *address, int *fds, unsigned count,
                   struct error *err);

/* A connection to one: for the verbs that ask a gateway that runs. ERR_IO. */
bool listener_connect(const char *address, int *fd, struct error *err);

/* The port that a socket is bound to. */
unsigned listener_port(int fd);
