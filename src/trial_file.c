/* trial_file.c - see trial_file.h. The file is cut at its lines that begin with
 * ###; such a block is a request or an expectation, and each is read line by
 * line. */
#include "trial_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "file.h"
#include "json_walk.h"
#include "near.h"
#include "number.h"
#include "scan.h"
#include "timestamp.h"

enum { FILE_BYTES = 64 << 20, EXPECT_BYTES = 16 << 20, PATH_BYTES = 4096 };

struct reader {
    const char *path;
    const char *start;
    struct text rest;
    unsigned line; /* of the first line in rest */
    struct trial_file *file;
    bool has_bytes; /* @bytes of the request under way */
    size_t bytes;
};

static bool complain(const struct reader *reader, unsigned line,
                     struct error *err, const char *what)
{
    return fail(err, ERR_USAGE, "%s:%u: %s", reader->path, line, what);
}

/* The next line, without its newline. */
static struct text peek_line(const struct reader *reader)
{
    struct text rest = reader->rest;
    return text_cut(&rest, '\n');
}

static struct text take_line(struct reader *reader)
{
    reader->line++;
    return text_cut(&reader->rest, '\n');
}

static bool is_at_block(const struct reader *reader)
{
    return reader->rest.len == 0 || text_starts_with(reader->rest, TEXT("###"));
}

/* The word that text begins with; *rest is what follows. */
static struct text take_word(struct text text, struct text *rest)
{
    size_t len = 0;
    while (len < text.len && text.at[len] != ' ' && text.at[len] != '\t')
        len++;
    *rest = scan_trim(text_skip(text, len));
    return (struct text){text.at, len};
}

static char *copy(struct text text)
{
    return xstrndup(text.at ? text.at : "", text.len);
}

static void beside(const struct reader *reader, struct text name, char *out)
{
    const char *slash = strrchr(reader->path, '/');
    int dir_len =
        slash && name.at[0] != '/' ? (int)(slash + 1 - reader->path) : 0;
    snprintf(out, PATH_BYTES, "%.*s%.*s", dir_len, reader->path,
             TEXT_ARG(name));
}

static bool read_time(const struct reader *reader, struct text value,
                      struct attempt_request *request, struct error *err)
{
    struct error why;
    request->has_time =
        timestamp_parse(value, (struct text){0}, &request->time_ns, &why);
    return request->has_time
           || fail(err, ERR_USAGE, "%s:%u: @time: %s", reader->path,
                   reader->line - 1, why.text);
}

static void replace(char **text, char *with)
{
    free(*text);
    *text = with;
}

static bool ends_with_lua(struct text name)
{
    return name.len > 4 && memcmp(name.at + name.len - 4, ".lua", 4) == 0;
}

/* As in a configuration: a bare name is a shipped script. */
static void take_script(const struct reader *reader, struct text name,
                        struct attempt_request *request)
{
    char path[PATH_BYTES];
    bool is_file = memchr(name.at, '/', name.len) || ends_with_lua(name);
    if (is_file)
        beside(reader, name, path);
    replace(&request->script, is_file ? xstrdup(path) : copy(name));
}

/* Of the line that was just taken. */
static bool read_bytes(struct reader *reader, struct text value,
                       struct error *err)
{
    int64_t bytes;
    if (!number_read_int(value, &bytes) || bytes < 0 || bytes > FILE_BYTES)
        return complain(reader, reader->line - 1, err,
                        "@bytes: the length of the body in bytes");
    reader->has_bytes = true;
    reader->bytes = (size_t)bytes;
    return true;
}

static bool read_id(const struct reader *reader, struct text value,
                    struct attempt_request *request, struct error *err)
{
    bool is_id = value.len == REQUEST_ID_BYTES - 1;
    for (size_t i = 0; is_id && i < value.len; i++)
        is_id = memchr("0123456789abcdef", value.at[i], 16) != NULL;
    if (is_id)
        replace(&request->id, copy(value));
    return is_id
           || complain(reader, reader->line - 1, err,
                       "@id: 16 digits or letters a to f");
}

/* One whole object: the script that asks for req.vars would get the blame. */
static bool read_vars(const struct reader *reader, struct text value,
                      struct attempt_request *request, struct error *err)
{
    struct json_walk walk = {.rest = value};
    struct json_value json;
    bool is_object =
        text_starts_with(value, TEXT("{")) && json_walk_next(&walk, &json);
    while (is_object && walk.depth > 0)
        is_object = json_walk_next(&walk, &json) && !json.is_cut;
    if (!is_object || scan_trim(walk.rest).len > 0)
        return complain(reader, reader->line - 1, err,
                        "@vars: an object in JSON, in one line, as "
                        "{\"zone\":\"+01:00\"}");
    replace(&request->vars, copy(value));
    return true;
}

/* Names with more than one letter wrong are other programs': they are left
 * alone, as "# @name" and "# @timeout" are. */
static bool check_name(const struct reader *reader, struct text name,
                       struct error *err)
{
    static const char *const known[] = {"@time",   "@bytes",  "@id",
                                        "@route",  "@vars",   "@remote",
                                        "@script", "@follows"};
    struct near near;
    char why[NEAR_BYTES * 4];
    near_init(&near, name);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        near_offer(&near, known[i]);
    if (!near.name[0] || near.distance != 1 || name.len < 4)
        return true;
    snprintf(why, sizeof why, "there is no %.*s (did you mean %s?)",
             TEXT_ARG(name), near.name);
    return complain(reader, reader->line - 1, err, why);
}

/* "# @name value"; other comments are for people, other names for editors.
 * What stands further in goes on from the line before, and may be a sender's.
 */
static bool read_comment(struct reader *reader, struct text line,
                         struct attempt_request *request, struct error *err)
{
    struct text value;
    line = text_skip(line, line.at[0] == '#' ? 1 : 2);
    if (text_starts_with(line, TEXT("  ")))
        return true;
    line = scan_trim(line);
    struct text name = take_word(line, &value);
    if (text_equal(name, TEXT("@time")))
        return read_time(reader, value, request, err);
    if (text_equal(name, TEXT("@bytes")))
        return read_bytes(reader, value, err);
    if (text_equal(name, TEXT("@id")))
        return read_id(reader, value, request, err);
    if (text_equal(name, TEXT("@remote")))
        replace(&request->remote, copy(value));
    if (text_equal(name, TEXT("@route")))
        replace(&request->route, copy(value));
    if (text_equal(name, TEXT("@vars")))
        return read_vars(reader, value, request, err);
    if (text_equal(name, TEXT("@script")) && value.len > 0)
        take_script(reader, value, request);
    if (text_equal(name, TEXT("@follows")))
        reader->file->follows |= reader->file->count == 1;
    return !text_starts_with(name, TEXT("@")) || check_name(reader, name, err);
}

static bool is_comment(struct text line)
{
    return line.len > 0
           && (line.at[0] == '#' || text_starts_with(line, TEXT("//")));
}

static bool read_request_line(const struct reader *reader, struct text line,
                              struct attempt_request *request,
                              struct error *err)
{
    struct text rest, version;
    struct text method = take_word(scan_trim(line), &rest);
    struct text target = take_word(rest, &version);
    if (target.len == 0) {
        target = method;
        method = TEXT("GET");
    }
    bool is_line =
        (target.at[0] == '/' || memchr(target.at, ':', target.len))
        && (version.len == 0 || text_starts_with(version, TEXT("HTTP/")));
    if (!is_line)
        return complain(reader, reader->line - 1, err,
                        "no request line like \"POST /path HTTP/1.1\"");
    request->method = copy(method);
    request->target = copy(target);
    return true;
}

static bool read_header(const struct reader *reader, struct text line,
                        struct attempt_request *request, struct error *err)
{
    const char *colon = memchr(line.at, ':', line.len);
    size_t len = colon ? (size_t)(colon - line.at) : 0;
    if (!scan_is_token((struct text){line.at, len}))
        return complain(reader, reader->line - 1, err,
                        "no header like \"Name: value\", and no empty line "
                        "before the body");
    return attempt_request_header(request, (struct text){line.at, len},
                                  scan_trim(text_skip(line, len + 1)))
           || complain(reader, reader->line - 1, err, "too many headers");
}

static bool read_included(const struct reader *reader, struct text name,
                          struct buf *body, struct error *err)
{
    char path[PATH_BYTES];
    struct error why;
    beside(reader, scan_trim(name), path);
    return file_read(&file_real, path, body, &why)
           || complain(reader, reader->line - 1, err, why.text);
}

static struct text without_newline(struct text text)
{
    if (text.len > 0 && text.at[text.len - 1] == '\n')
        text.len--;
    if (text.len > 0 && text.at[text.len - 1] == '\r')
        text.len--;
    return text;
}

/* So many bytes, whatever they are, and then nothing but empty lines. */
static bool read_counted(struct reader *reader, struct buf *body,
                         struct error *err)
{
    struct text whole = {reader->rest.at, reader->bytes};
    if (reader->bytes > reader->rest.len)
        return complain(reader, reader->line, err,
                        "the file ends within the body; is @bytes right?");
    reader->rest = text_skip(reader->rest, reader->bytes);
    for (size_t i = 0; i < whole.len; i++)
        reader->line += whole.at[i] == '\n';
    while (!is_at_block(reader))
        if (scan_trim(take_line(reader)).len > 0)
            return complain(reader, reader->line - 1, err,
                            "the body goes on after its @bytes; correct the "
                            "number, or delete that line");
    return buf_append_text(body, whole)
           || complain(reader, reader->line, err, "the body is too large");
}

static bool read_body(struct reader *reader, struct buf *body,
                      struct error *err)
{
    if (reader->has_bytes)
        return read_counted(reader, body, err);
    struct text start = reader->rest;
    if (text_starts_with(start, TEXT("< "))) {
        struct text name = text_skip(take_line(reader), 2);
        while (!is_at_block(reader))
            if (scan_trim(take_line(reader)).len > 0)
                return complain(reader, reader->line - 1, err,
                                "something follows the file that is the body");
        return read_included(reader, name, body, err);
    }
    while (!is_at_block(reader))
        take_line(reader);
    struct text whole = {start.at, start.len - reader->rest.len};
    bool ends_file = reader->rest.len == 0;
    whole = without_newline(whole);
    if (!ends_file && whole.len > 0 && whole.at[whole.len - 1] == '\n')
        whole = without_newline(whole);
    return buf_append_text(body, whole)
           || complain(reader, reader->line, err, "the body is too large");
}

static struct trial_case *add_case(struct reader *reader, struct text title,
                                   unsigned line)
{
    struct trial_file *file = reader->file;
    file->cases =
        xrealloc(file->cases, (file->count + 1) * sizeof *file->cases);
    struct trial_case *made = &file->cases[file->count++];
    *made = (struct trial_case){
        .title = copy(scan_trim(title)), .line = line, .status = 204};
    buf_init(&made->lines, EXPECT_BYTES);
    buf_init(&made->kept, EXPECT_BYTES);
    attempt_request_init(&made->request);
    return made;
}

/* From the line behind the title to the next block. */
static bool read_request(struct reader *reader, struct text title,
                         unsigned line, struct error *err)
{
    while (!is_at_block(reader) && scan_trim(peek_line(reader)).len == 0)
        take_line(reader);
    if (is_at_block(reader))
        return true; /* a title alone is a heading */
    struct attempt_request *request = &add_case(reader, title, line)->request;
    bool fine = true, has_line = false;
    reader->has_bytes = false;
    while (fine && !is_at_block(reader)) {
        struct text text = take_line(reader);
        if (!has_line && is_comment(text))
            fine = read_comment(reader, text, request, err);
        else if (!has_line && scan_trim(text).len > 0)
            fine = has_line = read_request_line(reader, text, request, err);
        else if (has_line && scan_trim(text).len == 0)
            return read_body(reader, &request->body, err);
        else if (has_line)
            fine = read_header(reader, text, request, err);
    }
    return fine
           && (has_line
               || complain(reader, reader->line, err, "a request is missing"));
}

static bool read_expect_title(const struct reader *reader, struct text title,
                              struct trial_case *expected, struct error *err)
{
    struct text message;
    struct text status = take_word(title, &message);
    int64_t number;
    expected->has_expect = true;
    if (status.len == 3 && number_read_int(status, &number))
        expected->status = (int)number;
    else
        message = title;
    if (expected->status < 200 || expected->status > 599)
        return complain(reader, reader->line - 1, err,
                        "### expect [STATUS] [a part of the answer]");
    expected->message = copy(message);
    return true;
}

static size_t offset_of(const struct reader *reader)
{
    return (size_t)(reader->rest.at - reader->start);
}

/* at: where its title began. */
static bool read_expect(struct reader *reader, struct text title, size_t at,
                        struct error *err)
{
    struct trial_file *file = reader->file;
    if (file->count == 0 || file->cases[file->count - 1].has_expect)
        return complain(reader, reader->line - 1, err,
                        "### expect without a request before it");
    struct trial_case *expected = &file->cases[file->count - 1];
    expected->expect_at = at;
    if (!read_expect_title(reader, title, expected, err))
        return false;
    while (!is_at_block(reader)) {
        struct text line = scan_trim(take_line(reader));
        if (line.len == 0 || line.at[0] == '#')
            continue;
        bool is_kept = text_starts_with(line, TEXT("kept:"));
        struct buf *to = is_kept ? &expected->kept : &expected->lines;
        if (is_kept)
            line = scan_trim(text_skip(line, 5));
        if (!buf_append_text(to, line) || !buf_append_char(to, '\n'))
            return complain(reader, reader->line - 1, err,
                            "too many expected points");
    }
    expected->expect_end = offset_of(reader);
    return true;
}

/* "### expected 204", "### Expect": a title with nothing else in it. A title
 * may well begin so: "### expected by the panel". */
static bool is_slip(struct text word, struct text rest)
{
    int64_t status;
    return word.len >= 6 && word.len <= 8
           && strncasecmp(word.at, "expect", 6) == 0
           && (rest.len == 0 || number_read_int(rest, &status));
}

static bool read_block(struct reader *reader, struct error *err)
{
    unsigned line = reader->line;
    size_t at = offset_of(reader);
    if (!text_starts_with(reader->rest, TEXT("###")))
        return read_request(reader, TEXT(""), line, err);
    struct text rest, title = scan_trim(text_skip(take_line(reader), 3));
    struct text word = take_word(title, &rest);
    if (!text_equal(word, TEXT("expect")) && is_slip(word, rest))
        return complain(reader, line, err, "is `### expect` meant?");
    return text_equal(word, TEXT("expect"))
               ? read_expect(reader, rest, at, err)
               : read_request(reader, title, line, err);
}

bool trial_file_parse(const char *path, struct text text,
                      struct trial_file *file, struct error *err)
{
    *file = (struct trial_file){0};
    struct reader reader = {
        .path = path, .start = text.at, .rest = text, .line = 1, .file = file};
    bool fine = true;
    if (text_starts_with(reader.rest, TEXT("\xef\xbb\xbf")))
        reader.rest = text_skip(reader.rest, 3);
    while (fine && reader.rest.len > 0)
        fine = read_block(&reader, err);
    return fine
           && (file->count > 0
               || complain(&reader, 1, err, "no request in this file"));
}

bool trial_file_read(const char *path, struct trial_file *file,
                     struct error *err)
{
    struct buf whole;
    buf_init(&whole, FILE_BYTES);
    *file = (struct trial_file){0};
    bool fine = file_read(&file_real, path, &whole, err)
                && trial_file_parse(path, buf_text(&whole), file, err);
    err->kind = fine ? ERR_NONE : ERR_USAGE;
    file->text = whole;
    return fine;
}

void trial_file_deinit(struct trial_file *file)
{
    for (size_t i = 0; i < file->count; i++) {
        free(file->cases[i].title);
        free(file->cases[i].message);
        buf_deinit(&file->cases[i].lines);
        buf_deinit(&file->cases[i].kept);
        attempt_request_deinit(&file->cases[i].request);
    }
    free(file->cases);
    buf_deinit(&file->text);
    *file = (struct trial_file){0};
}
