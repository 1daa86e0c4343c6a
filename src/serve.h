/* serve.h - the order of start, reload and stop. */
#pragma once

struct config;

/* Runs the gateway until SIGTERM or SIGINT; returns the exit code. */
int serve_run(struct config *config);
