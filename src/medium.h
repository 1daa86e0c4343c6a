/* medium.h - whether what is synced in a folder outlives a power cut, as far as
 * its kind of file system tells. Any thread. */
#pragma once

enum medium {
    MEDIUM_DISK,    /* or nothing is known against it */
    MEDIUM_MEMORY,  /* a sync means nothing there */
    MEDIUM_NETWORK, /* it is up to somebody else's machine */
};

enum medium medium_of(const char *dir);

/* Logs what an operator should know of it, if there is anything. */
void medium_warn(const char *dir);
