/* scan.c - see scan.h. */
#include "scan.h"

#include <assert.h>
#include <string.h>

bool scan_char(struct text *text, char c)
{
    if (text->len == 0 || text->at[0] != c)
        return false;
    *text = text_skip(*text, 1);
    return true;
}

char scan_any(struct text *text, const char *of)
{
    for (; *of; of++)
        if (scan_char(text, *of))
            return *of;
    return 0;
}

bool scan_word(struct text *text, const char *word)
{
    size_t len = strlen(word);
    if (text->len < len || strncasecmp(text->at, word, len) != 0)
        return false;
    *text = text_skip(*text, len);
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

size_t scan_blanks(struct text *text)
{
    size_t len = 0;
    while (len < text->len && is_blank(text->at[len]))
        len++;
    *text = text_skip(*text, len);
    return len;
}

size_t scan_digits(struct text *text, size_t most, int *value)
{
    size_t len = 0;
    int sum = 0;
    assert(most <= 9);
    for (; len < most && len < text->len && is_digit(text->at[len]); len++)
        sum = sum * 10 + (text->at[len] - '0');
    if (len > 0)
        *value = sum;
    *text = text_skip(*text, len);
    return len;
}

bool scan_billionths(struct text *text, int *billionths)
{
    size_t digits = scan_digits(text, 9, billionths);
    if (digits == 0)
        return false;
    for (; digits < 9; digits++)
        *billionths *= 10;
    while (text->len > 0 && is_digit(text->at[0]))
        *text = text_skip(*text, 1);
    return true;
}

struct text scan_trim(struct text text)
{
    scan_blanks(&text);
    while (text.len > 0 && is_blank(text.at[text.len - 1]))
        text.len--;
    return text;
}

bool scan_is_token(struct text name)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                       || (c >= '0' && c <= '9');
        if (!is_word && (c == '\0' || !strchr(marks, c)))
            return false;
    }
    return name.len > 0;
}
