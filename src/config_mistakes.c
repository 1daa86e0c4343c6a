/* config_mistakes.c - see config_mistakes.h. */
#include "config_mistakes.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"

/* Shorter texts are blanked only where they are quoted: words of ours would
 * look like them by chance. A longer one is also known by its beginning. */
enum { SHORT_BYTES = 4, BEGINNING_BYTES = 8 };

void config_mistakes_deinit(struct config_mistakes *mistakes)
{
    for (size_t i = 0; i < mistakes->count; i++)
        free(mistakes->items[i].text);
    for (size_t i = 0; i < mistakes->hidden_count; i++) {
        explicit_bzero(mistakes->hidden[i], strlen(mistakes->hidden[i]));
        free(mistakes->hidden[i]);
    }
    free(mistakes->hidden);
    free(mistakes->unset_lines);
    *mistakes = (struct config_mistakes){.count = 0};
}

static bool is_of_unset(const struct config_mistakes *mistakes, unsigned line)
{
    for (size_t i = 0; i < mistakes->unset_count; i++)
        if (mistakes->unset_lines[i] == line)
            return true;
    return false;
}

static bool is_known(const struct config_mistakes *mistakes, const char *text)
{
    for (size_t i = 0; i < mistakes->count; i++)
        if (strcmp(mistakes->items[i].text, text) == 0)
            return true;
    return false;
}

static bool take(struct config_mistakes *mistakes, unsigned line,
                 const char *text)
{
    if (mistakes->count < CONFIG_MISTAKES && !is_known(mistakes, text))
        mistakes->items[mistakes->count++] =
            (struct config_mistake){line, xstrdup(text)};
    return mistakes->count < CONFIG_MISTAKES;
}

bool config_mistakes_add(struct config_mistakes *mistakes, unsigned line,
                         const char *text)
{
    if (is_of_unset(mistakes, line))
        return mistakes->count < CONFIG_MISTAKES;
    return take(mistakes, line, text);
}

bool config_mistakes_add_unset(struct config_mistakes *mistakes, unsigned line,
                               const char *text)
{
    mistakes->unset_lines =
        xrealloc(mistakes->unset_lines,
                 (mistakes->unset_count + 1) * sizeof *mistakes->unset_lines);
    mistakes->unset_lines[mistakes->unset_count++] = line;
    return take(mistakes, line, text);
}

/* A few, so the simple way; equal lines stay in their order. */
void config_mistakes_sort(struct config_mistakes *mistakes)
{
    for (size_t i = 1; i < mistakes->count; i++) {
        struct config_mistake mistake = mistakes->items[i];
        size_t at = i;
        for (; at > 0 && mistakes->items[at - 1].line > mistake.line; at--)
            mistakes->items[at] = mistakes->items[at - 1];
        mistakes->items[at] = mistake;
    }
}

void config_mistakes_hide(struct config_mistakes *mistakes, struct text text)
{
    if (text.len == 0)
        return;
    mistakes->hidden =
        xrealloc(mistakes->hidden,
                 (mistakes->hidden_count + 1) * sizeof *mistakes->hidden);
    mistakes->hidden[mistakes->hidden_count++] = xstrndup(text.at, text.len);
}

static size_t shared_beginning(const char *a, const char *b)
{
    size_t len = 0;
    while (a[len] && a[len] == b[len])
        len++;
    return len;
}

/* How many bytes at at are hidden's, 0: they are not. */
static size_t hidden_bytes(const char *sentence, const char *at,
                           const char *hidden)
{
    size_t len = strlen(hidden), same = shared_beginning(at, hidden);
    bool is_quoted = at > sentence && at[-1] == '"' && at[same] == '"';
    if (same == len && (len >= SHORT_BYTES || is_quoted))
        return len;
    return same >= BEGINNING_BYTES || (is_quoted && same > SHORT_BYTES) ? same
                                                                        : 0;
}

/* Never longer than it was: what is shorter than the blank is quoted, and so
 * gets as many stars as it has bytes. */
void config_mistakes_blank(const struct config_mistakes *mistakes,
                           char *sentence)
{
    for (size_t i = 0; i < mistakes->hidden_count; i++)
        for (char *at = sentence; *at; at++) {
            size_t len = hidden_bytes(sentence, at, mistakes->hidden[i]);
            size_t stars = len < 3 ? len : 3;
            if (len == 0)
                continue;
            memset(at, '*', stars);
            memmove(at + stars, at + len, strlen(at + len) + 1);
            at += stars - 1;
        }
}
