/* serve.h - the order of start and stop of the gateway. */
#pragma once

struct config;

/* Runs the gateway until SIGTERM or SIGINT; returns the exit code. Threads may
 * still run then: the caller leaves with _exit. record_dir: where requests are
 * recorded, or NULL. */
int serve_run(struct config *config, const char *record_dir);
