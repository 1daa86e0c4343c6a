/* config_table.h - tables of options: name, type, unit, default, bounds, text.
 *
 * A module of the configuration writes its options down as an array, and one
 * function checks a table of the file against it and fills a struct. What is
 * not in the array is an error with a hint, never ignored.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct setting;

enum config_type {
    CONFIG_TEXT, /* char *, xstrdup'ed; never empty */
    CONFIG_LIST, /* char **, NULL-terminated; in the file one text or a list */
    CONFIG_BOOL, /* bool */
    CONFIG_INT,  /* unsigned */
    CONFIG_SIZE, /* uint64_t: bytes; size_t is the same here */
    CONFIG_TIME, /* uint64_t: ns */
    CONFIG_NAME, /* int: the value of one of names */
    CONFIG_ANY,  /* const struct setting *: whoever asked looks into it */
    CONFIG_LATER /* a name of the design that this version does not have */
};

struct config_name {
    const char *name; /* NULL: the end */
    int value;
    bool is_later;
};

struct config_option {
    const char *name;
    enum config_type type;
    size_t offset;        /* in the struct to fill */
    const char *text;     /* what it means, for messages and lists */
    const char *fallback; /* as it would be written; NULL: left as it is */
    uint64_t min, max;    /* of numbers, sizes and times; max 0: no bounds */
    const struct config_name *names;
};

/* What every fallback says, put into out. */
void config_table_default(const struct config_option *options, size_t count,
                          void *out);

/* Checks table (which must be one) and fills what it names. What was filled
 * before a mistake stays, for the caller to free. */
bool config_table_read(const struct setting *table,
                       const struct config_option *options, size_t count,
                       void *out, struct error *err);

/* The texts of a list, or of one text, as CONFIG_LIST has it. */
bool config_table_list(const struct setting *setting, char ***list,
                       struct error *err);
/* Wipes and frees. NULL is fine. */
void config_table_free_list(char **list);
/* A text that may be a secret. */
void config_table_free_secret(const char *text);
