/* error.h - what went wrong, as a sentence, and who must act on it.
 *
 * Whatever can fail returns false (or NULL) and fills the struct error that it
 * was given last. An error is told once, by whoever handles it; whoever passes
 * it on adds nothing. The text has no newline and no trailing full stop.
 */
#pragma once

#include <stdbool.h>

/* One kind for each answer that a sender, or the operator, can get. */
enum error_kind {
    ERR_NONE,
    ERR_BAD_REQUEST,  /* 400 the bytes are not what they say they are */
    ERR_UNAUTHORIZED, /* 401 a token is missing or wrong */
    ERR_FORBIDDEN,    /* 403 this address may not post here */
    ERR_NOT_FOUND,    /* 404 no such route */
    ERR_METHOD,       /* 405 the route does not take this method */
    ERR_TIMEOUT,      /* 408 the body did not end in time */
    ERR_TOO_LARGE,    /* 413 a ceiling was reached; the text names it */
    ERR_MEDIA_TYPE,   /* 415 a Content-Encoding that we do not read */
    ERR_HEADERS,      /* 431 too many or too long headers */
    ERR_REFUSED,      /* 422, or error.status: the script said no */
    ERR_SCRIPT,       /* 500 the script failed: its writer must act */
    ERR_FULL,         /* 503 nothing was stored, send it again later */
    ERR_IO,           /* 503 a disk or network failed: unknown, send again */
    ERR_CONFIG,       /* exit 78 the configuration is wrong */
    ERR_USAGE,        /* exit 64 the command line is wrong */
    ERR_KINDS         /* how many there are */
};

struct error {
    enum error_kind kind;
    int status; /* HTTP status chosen by a script, or 0: the kind's own */
    char text[1000];
};

/* Fills *err (NULL is fine) and returns false, so that a function can end in
 * `return fail(err, ERR_FULL, "journal %s holds %" PRIu64 " bytes", ...)`.
 * A text that does not fit is cut. */
bool fail(struct error *err, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, with strerror(errno) put behind ": ". The kind is ERR_IO. */
bool fail_errno(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What a program ends with (sysexits): 64 for ERR_USAGE, 78 for ERR_CONFIG, 70
 * for all else. */
int error_exit_code(const struct error *err);
