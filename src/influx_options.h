/* influx_options.h - what an output to InfluxDB can be told. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "line.h"

enum influx_api { INFLUX_V2, INFLUX_V1, INFLUX_V3 };

/* Strings are the configuration's and outlive the handle; NULL: not given. */
struct influx_options {
    const char *url; /* "http://127.0.0.1:8086", a path behind it is fine */
    enum influx_api api;
    const char *org;
    const char *bucket;
    const char *database;
    const char *retention_policy;
    const char *token; /* never logged, like the password */
    const char *user;
    const char *password;
    const char *secret_file; /* where the token or, with a user, the password
                                came from, to be read again */
    const char *proxy;       /* "http://proxy:3128"; NULL: none, whatever the
                                environment says */
    const char *ca_file;     /* whom to trust; NULL: whom the system trusts */
    const char *cert_file;   /* who we are, with key_file */
    const char *key_file;
    enum precision precision;
    bool gzip;
    int64_t timeout_ns;          /* one request, whole; 0: 30 s */
    const atomic_bool *stopping; /* set: a request under way ends at once */
};
