/* try_flags.c - see try_flags.h.
 *
 * People paste the line that they have: curl's. So -X -H -d --data-binary
 * --data-urlencode --json -G -u -A mean what they mean there, down to the
 * newlines that -d @FILE takes off and the content type that it sets; those of
 * curl's flags that only change what is shown are taken and do nothing. -s is
 * the exception: here it names a script.
 */
#include "try_flags.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ceilings.h"
#include "codec.h"
#include "error.h"
#include "file.h"
#include "scan.h"
#include "timestamp.h"
#include "trial_file.h"

enum {
    FLAG_TIME = 256,
    FLAG_BINARY,
    FLAG_RAW,
    FLAG_JSON,
    FLAG_ENCODED,
    FLAG_URL
};

static const char short_flags[] = "c:s:X:p:t:H:d:u:A:o:w:m:F:GivkLfS";
static const struct option long_flags[] = {
    {"request", required_argument, NULL, 'X'},
    {"header", required_argument, NULL, 'H'},
    {"data", required_argument, NULL, 'd'},
    {"data-ascii", required_argument, NULL, 'd'},
    {"data-binary", required_argument, NULL, FLAG_BINARY},
    {"data-raw", required_argument, NULL, FLAG_RAW},
    {"json", required_argument, NULL, FLAG_JSON},
    {"data-urlencode", required_argument, NULL, FLAG_ENCODED},
    {"get", no_argument, NULL, 'G'},
    {"url", required_argument, NULL, FLAG_URL},
    {"user", required_argument, NULL, 'u'},
    {"user-agent", required_argument, NULL, 'A'},
    {"time", required_argument, NULL, FLAG_TIME},
    {"output", required_argument, NULL, 'o'},
    {"write-out", required_argument, NULL, 'w'},
    {"max-time", required_argument, NULL, 'm'},
    {"include", no_argument, NULL, 'i'},
    {"verbose", no_argument, NULL, 'v'},
    {"insecure", no_argument, NULL, 'k'},
    {"compressed", no_argument, NULL, 'k'},
    {"form", required_argument, NULL, 'F'},
    {"location", no_argument, NULL, 'L'},
    {"fail", no_argument, NULL, 'f'},
    {"silent", no_argument, NULL, 'S'},
    {"show-error", no_argument, NULL, 'S'},
    {NULL, 0, NULL, 0},
};

struct reading {
    struct try_flags *flags;
    bool has_data;     /* -d and its kin, or a body file */
    bool is_get;       /* -G: the data goes into the query */
    const char *type;  /* -t */
    const char *guess; /* the content type that curl would set */
    struct error *err;
};

static bool complain(struct reading *reading, const char *what,
                     const char *given)
{
    return fail(reading->err, ERR_USAGE, "%s: %.200s", what, given);
}

static void replace(char **text, const char *with)
{
    free(*text);
    *text = xstrdup(with);
}

static bool read_stdin(struct reading *reading, struct buf *body)
{
    char chunk[64 << 10];
    for (;;) {
        ssize_t got = read(STDIN_FILENO, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return complain(reading, "reading stdin", strerror(errno));
        if (got == 0)
            return true;
        if (!buf_append(body, chunk, (size_t)got))
            return complain(reading, "the body", "too large");
    }
}

static bool read_bytes(struct reading *reading, const char *path,
                       struct buf *body)
{
    struct error why;
    if (strcmp(path, "-") == 0)
        return read_stdin(reading, body);
    return file_read(&file_real, path, body, &why)
           || complain(reading, "the body", why.text);
}

/* As curl does for -d @FILE. True: some stood between other bytes. */
static bool drop_newlines(struct buf *body, size_t from)
{
    size_t kept = from, last = from; /* last: up to where all were kept */
    for (size_t i = from; i < body->len; i++)
        if (body->data[i] != '\n' && body->data[i] != '\r'
            && body->data[i] != '\0') {
            body->data[kept++] = body->data[i];
            last = i + 1;
        }
    buf_truncate(body, kept);
    return kept < last;
}

static bool take_data(struct reading *reading, int flag, const char *data)
{
    struct buf *body = &reading->flags->request.body;
    bool is_json = flag == FLAG_JSON;
    if (reading->has_data && !is_json)
        buf_append_char(body, '&');
    reading->has_data = true;
    reading->guess =
        is_json ? "application/json" : "application/x-www-form-urlencoded";
    if (data[0] != '@' || flag == FLAG_RAW)
        return buf_append_text(body, text_of(data))
               || complain(reading, "the body", "too large");
    size_t from = body->len;
    bool is_read = read_bytes(reading, data + 1, body);
    if (is_read && flag == 'd')
        reading->flags->is_joined |= drop_newlines(body, from);
    return is_read;
}

/* As curl does: CONTENT, =CONTENT, NAME=CONTENT, @FILE and NAME@FILE. */
static bool take_encoded(struct reading *reading, const char *data)
{
    struct buf *body = &reading->flags->request.body, content;
    size_t name = strcspn(data, "=@");
    bool is_file = data[name] == '@', has_name = data[name] && name > 0;
    const char *rest = data[name] ? data + name + 1 : data;
    if (reading->has_data)
        buf_append_char(body, '&');
    reading->has_data = true;
    reading->guess = "application/x-www-form-urlencoded";
    if (has_name)
        buf_printf(body, "%.*s=", (int)name, data);
    buf_init(&content, LIMIT_BODIES_IN_FLIGHT_BYTES);
    bool fine = (is_file ? read_bytes(reading, rest, &content)
                         : buf_append_text(&content, text_of(rest)))
                && codec_url_encode(buf_text(&content), body);
    buf_deinit(&content);
    return fine;
}

static bool take_header(struct reading *reading, const char *header)
{
    const char *colon = strchr(header, ':');
    if (!colon || colon == header)
        return complain(reading, "-H is 'Name: value', not", header);
    struct text name = {header, (size_t)(colon - header)};
    return attempt_request_header(&reading->flags->request, scan_trim(name),
                                  scan_trim(text_of(colon + 1)))
           || complain(reading, "too many headers, from here on", header);
}

/* -u: an Authorization header. */
static bool take_user(struct reading *reading, const char *user)
{
    struct buf header;
    buf_init(&header, 4096);
    bool taken = buf_printf(&header, "Authorization: Basic ")
                 && codec_base64_encode(text_of(user), &header)
                 && take_header(reading, buf_string(&header));
    buf_deinit(&header);
    return taken || complain(reading, "-u", "too long");
}

static bool take_time(struct reading *reading, const char *time)
{
    struct attempt_request *request = &reading->flags->request;
    struct error why;
    request->has_time = timestamp_parse(text_of(time), (struct text){0},
                                        &request->time_ns, &why);
    return request->has_time || complain(reading, "--time", why.text);
}

static bool take_path(struct reading *reading, const char *path)
{
    reading->flags->has_target = true;
    replace(&reading->flags->request.target, path);
    return path[0] == '/' || strstr(path, "://")
           || complain(reading, "-p begins with a /, not with", path);
}

static bool is_request_file(const char *name)
{
    return text_ends_with(text_of(name), TEXT(".http"));
}

/* curl's URLs need no scheme: "localhost:8580/x", unless it is a file. */
static bool is_bare_url(const char *word)
{
    size_t host = strcspn(word, ":/");
    size_t port = word[host] == ':' ? strspn(word + host + 1, "0123456789") : 0;
    const char *rest = word + host + 1 + port;
    return host > 0 && port > 0 && strchr("/?", *rest)
           && access(word, F_OK) != 0;
}

static bool take_bare_url(struct reading *reading, const char *word)
{
    struct buf url;
    buf_init(&url, 64 << 10);
    bool taken = buf_printf(&url, "http://%s", word)
                 && take_path(reading, buf_string(&url));
    buf_deinit(&url);
    return taken;
}

static bool take_word(struct reading *reading, const char *word)
{
    if (strstr(word, "://"))
        return take_path(reading, word);
    if (is_request_file(word))
        return true; /* see take_files */
    if (is_bare_url(word))
        return take_bare_url(reading, word);
    if (reading->has_data && word[0] == '/' && access(word, F_OK) != 0)
        return take_path(reading, word);
    if (reading->has_data)
        return complain(reading, "a second body", word);
    reading->has_data = true;
    return read_bytes(reading, word, &reading->flags->request.body);
}

/* -s is curl's --silent, alone or in -sS, and no script follows then. */
static bool take_script(struct reading *reading, const char *name)
{
    bool is_curls = name[0] == '-' || strstr(name, "://")
                    || name[strspn(name, "SfivkL")] == '\0';
    reading->flags->script = name;
    return !is_curls
           || complain(reading, "-s takes a SCRIPT here, unlike curl's, not",
                       name);
}

static bool take_agent(struct reading *reading, const char *agent)
{
    return attempt_request_header(&reading->flags->request, TEXT("User-Agent"),
                                  text_of(agent))
           || complain(reading, "too many headers, from here on", agent);
}

static bool take_flag(struct reading *reading, int flag, const char *value)
{
    struct try_flags *flags = reading->flags;
    switch (flag) {
    case 'c':
        flags->config = value;
        return true;
    case 's':
        return take_script(reading, value);
    case 'X':
        replace(&flags->request.method, value);
        return true;
    case 'p':
        return take_path(reading, value);
    case 't':
        reading->type = value;
        return true;
    case 'H':
        return take_header(reading, value);
    case 'u':
        return take_user(reading, value);
    case 'A':
        return take_agent(reading, value);
    case 'G':
        return reading->is_get = true;
    case FLAG_URL:
        return take_word(reading, value);
    case FLAG_ENCODED:
        return take_encoded(reading, value);
    case FLAG_TIME:
        return take_time(reading, value);
    case 'd':
    case FLAG_BINARY:
    case FLAG_RAW:
    case FLAG_JSON:
        return take_data(reading, flag, value);
    case 'F':
        return fail(reading->err, ERR_USAGE,
                    "-F is not made here: give the body as curl sends it, "
                    "--data-binary @FILE -t 'multipart/form-data; boundary=X'");
    case '?':
        return fail(reading->err, ERR_USAGE,
                    "`moonline try --help` tells what it takes");
    default:
        return true; /* curl's, about what is shown */
    }
}

/* The first request of a file is where the flags start from. */
static bool take_file(struct reading *reading, const char *path)
{
    struct trial_file file;
    if (reading->flags->file)
        return fail(reading->err, ERR_USAGE,
                    "%s beside %s: one request is tried; `moonline test -v` "
                    "runs all",
                    path, reading->flags->file);
    bool is_read = trial_file_read(path, &file, reading->err);
    if (is_read) {
        reading->flags->further = file.count - 1;
        attempt_request_deinit(&reading->flags->request);
        reading->flags->request = file.cases[0].request;
        file.cases[0].request = (struct attempt_request){0};
        reading->flags->file = path;
        reading->flags->has_target = true;
        reading->has_data = reading->flags->request.body.len > 0;
    }
    trial_file_deinit(&file);
    return is_read;
}

/* A request file is looked for first, so that flags can change what is in it.
 * getopt moves the words that are no flags to the end. */
static bool take_files(struct reading *reading, int argc, char **argv)
{
    int said_errors = opterr;
    opterr = 0;
    while (getopt_long(argc, argv, short_flags, long_flags, NULL) != -1)
        continue;
    opterr = said_errors;
    bool fine = true;
    for (int i = optind; fine && i < argc; i++)
        if (is_request_file(argv[i]) && !strstr(argv[i], "://"))
            fine = take_file(reading, argv[i]);
    optind = 0; /* from the start again */
    return fine;
}

/* -G: what would be the body becomes the query. */
static void move_to_query(struct reading *reading)
{
    struct attempt_request *request = &reading->flags->request;
    struct buf target;
    buf_init(&target, LIMIT_BODIES_IN_FLIGHT_BYTES);
    const char *path = request->target ? request->target : "/";
    buf_printf(&target, "%s%c", path, strchr(path, '?') ? '&' : '?');
    buf_append_text(&target, buf_text(&request->body));
    replace(&request->target, buf_string(&target));
    buf_deinit(&target);
    buf_clear(&request->body);
    reading->has_data = false;
    reading->guess = NULL;
}

static bool settle(struct reading *reading)
{
    if (reading->is_get && reading->has_data)
        move_to_query(reading);
    struct attempt_request *request = &reading->flags->request;
    struct text name = TEXT("Content-Type");
    const char *type = reading->type ? reading->type : reading->guess;
    if (!request->method)
        replace(&request->method, reading->has_data ? "POST" : "GET");
    if (!request->target)
        replace(&request->target, "/");
    if (type
        && (reading->type || !pairs_get_nocase(&request->headers, name).at))
        return attempt_request_header(request, name, text_of(type))
               || complain(reading, "too many headers", type);
    return true;
}

bool try_flags_read(int argc, char **argv, struct try_flags *flags,
                    struct error *err)
{
    *flags = (struct try_flags){0};
    attempt_request_init(&flags->request);
    struct reading reading = {.flags = flags, .err = err};
    bool fine = take_files(&reading, argc, argv);
    for (int flag;
         fine
         && (flag = getopt_long(argc, argv, short_flags, long_flags, NULL))
                != -1;)
        fine = take_flag(&reading, flag, optarg);
    /* The whole curl line is pasted behind `moonline try`, too. */
    optind += optind < argc && strcmp(argv[optind], "curl") == 0;
    for (int i = optind; fine && i < argc; i++)
        fine = take_word(&reading, argv[i]);
    return fine && settle(&reading);
}

void try_flags_deinit(struct try_flags *flags)
{
    attempt_request_deinit(&flags->request);
}
