/* Whom we trust with points and token: certificates good and bad. */
#include "unit.h"

#include "clock.h"
#include "error.h"
#include "fake_tls.h"
#include "influx.h"

#define LINES "m,t=a v=1 1700000000123456789\n"

enum { DAY_S = 86400 };

/* Made once; files are in folder. */
static struct {
    char folder[64];
    char ca_file[100];
    char other_ca_file[100];
    char client_file[100];
    char other_client_file[100];
    struct fake_cert ca;
    struct fake_cert other_ca;
    struct fake_cert good;
    struct fake_cert expired;
    struct fake_cert other_host;
} made;

struct fixture {
    struct fake_tls *server;
    struct influx_options options;
    struct influx_answer answer;
    char url[100];
};

static void place(char *path, const char *name, const struct fake_cert *cert)
{
    snprintf(path, 100, "%s/%s", made.folder, name);
    fake_cert_write(cert, path);
}

static int make_all(void **state)
{
    (void)state;
    snprintf(made.folder, sizeof made.folder, "/tmp/test_influx_tls.XXXXXX");
    assert_non_null(mkdtemp(made.folder));
    made.ca = fake_cert_new("ca", DAY_S, NULL);
    made.other_ca = fake_cert_new("ca", DAY_S, NULL);
    made.good = fake_cert_new("127.0.0.1", DAY_S, &made.ca);
    made.expired = fake_cert_new("127.0.0.1", -3600, &made.ca);
    made.other_host = fake_cert_new("elsewhere.example", DAY_S, &made.ca);
    struct fake_cert client = fake_cert_new("client", DAY_S, &made.ca);
    struct fake_cert other = fake_cert_new("client", DAY_S, &made.other_ca);
    place(made.ca_file, "ca.pem", &made.ca);
    place(made.other_ca_file, "other_ca.pem", &made.other_ca);
    place(made.client_file, "client.pem", &client);
    place(made.other_client_file, "other_client.pem", &other);
    fake_cert_free(&client);
    fake_cert_free(&other);
    return 0;
}

static int free_all(void **state)
{
    char command[100];
    (void)state;
    fake_cert_free(&made.ca);
    fake_cert_free(&made.other_ca);
    fake_cert_free(&made.good);
    fake_cert_free(&made.expired);
    fake_cert_free(&made.other_host);
    snprintf(command, sizeof command, "rm -rf %s", made.folder);
    return system(command);
}

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    f->options = (struct influx_options){.url = f->url,
                                         .bucket = "b",
                                         .token = "s3cret-token",
                                         .ca_file = made.ca_file};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->server)
        fake_tls_stop(f->server);
    free(f);
    return 0;
}

static void serve(struct fixture *f, const struct fake_tls_options *options)
{
    f->server = fake_tls_start(options);
    snprintf(f->url, sizeof f->url, "https://127.0.0.1:%d", f->server->port);
}

static void post(struct fixture *f)
{
    struct error err = {0};
    struct influx *influx = influx_new(&f->options, &err);
    assert_string_equal(err.text, "");
    assert_non_null(influx);
    influx_write(influx, TEXT(LINES), &f->answer);
    print_message("%s\n", f->answer.reason);
    influx_free(influx);
}

/* Not a byte of ours went out. */
static void assert_nothing_told(const struct fixture *f)
{
    assert_int_equal(f->answer.status, 0);
    assert_int_equal(f->server->requests, 0);
    assert_int_equal(f->server->bytes, 0);
    assert_true(f->server->handshakes > 0);
}

static void assert_untrusted(const struct fixture *f)
{
    assert_nothing_told(f);
    assert_int_equal(f->answer.verdict, VERDICT_HOLD);
    assert_non_null(strstr(f->answer.reason, "no answer from https://127.0"));
    assert_non_null(strstr(f->answer.reason, "ca_file"));
}

static void a_server_that_we_trust_gets_points(void **state)
{
    struct fixture *f = *state;
    serve(f, &(struct fake_tls_options){.cert = &made.good});
    post(f);
    assert_int_equal(f->answer.verdict, VERDICT_ACCEPTED);
    assert_int_equal(f->server->requests, 1);
    assert_true(f->server->bytes > 0);
}

static void an_expired_certificate_gets_nothing(void **state)
{
    struct fixture *f = *state;
    serve(f, &(struct fake_tls_options){.cert = &made.expired});
    post(f);
    assert_untrusted(f);
}

static void another_hosts_certificate_gets_nothing(void **state)
{
    struct fixture *f = *state;
    serve(f, &(struct fake_tls_options){.cert = &made.other_host});
    post(f);
    assert_untrusted(f);
}

static void an_unknown_authority_gets_nothing(void **state)
{
    struct fixture *f = *state;
    serve(f, &(struct fake_tls_options){.cert = &made.good});
    f->options.ca_file = made.other_ca_file;
    post(f);
    assert_untrusted(f);
}

static void the_system_does_not_know_our_authority(void **state)
{
    struct fixture *f = *state;
    serve(f, &(struct fake_tls_options){.cert = &made.good});
    f->options.ca_file = NULL;
    post(f);
    assert_untrusted(f);
}

static void a_ca_file_that_is_none_gets_nothing(void **state)
{
    struct fixture *f = *state;
    serve(f, &(struct fake_tls_options){.cert = &made.good});
    f->options.ca_file = "/dev/null";
    post(f);
    assert_int_equal(f->answer.status, 0);
    assert_int_equal(f->answer.verdict, VERDICT_HOLD);
    assert_int_equal(f->server->bytes, 0);
}

static void a_client_certificate_is_shown_where_asked(void **state)
{
    struct fixture *f = *state;
    serve(f, &(struct fake_tls_options){.cert = &made.good,
                                        .client_ca = &made.ca});
    f->options.cert_file = made.client_file;
    f->options.key_file = made.client_file;
    post(f);
    assert_int_equal(f->answer.verdict, VERDICT_ACCEPTED);
    assert_int_equal(f->server->requests, 1);
}

static void without_the_right_one_there_is_no_answer(void **state)
{
    struct fixture *f = *state;
    serve(f, &(struct fake_tls_options){.cert = &made.good,
                                        .client_ca = &made.ca});
    post(f);
    assert_nothing_told(f);
    assert_int_not_equal(f->answer.verdict, VERDICT_ACCEPTED);
    f->options.cert_file = made.other_client_file;
    f->options.key_file = made.other_client_file;
    post(f);
    assert_nothing_told(f);
    assert_int_not_equal(f->answer.verdict, VERDICT_ACCEPTED);
}

static void a_reset_in_the_handshake_is_no_answer(void **state)
{
    struct fixture *f = *state;
    serve(f, &(struct fake_tls_options){.cert = &made.good, .resets = true});
    post(f);
    assert_nothing_told(f);
    assert_int_equal(f->answer.verdict, VERDICT_RETRY);
}

static void an_old_tls_gets_nothing(void **state)
{
    struct fixture *f = *state;
    serve(f, &(struct fake_tls_options){
                 .cert = &made.good,
                 .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.1:+SHA1"});
    post(f);
    assert_nothing_told(f);
    assert_int_equal(f->answer.verdict, VERDICT_RETRY);
}

static void tls_1_2_is_enough(void **state)
{
    struct fixture *f = *state;
    serve(f,
          &(struct fake_tls_options){
              .cert = &made.good, .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2"});
    post(f);
    assert_int_equal(f->answer.verdict, VERDICT_ACCEPTED);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(a_server_that_we_trust_gets_points),
        ROW(an_expired_certificate_gets_nothing),
        ROW(another_hosts_certificate_gets_nothing),
        ROW(an_unknown_authority_gets_nothing),
        ROW(the_system_does_not_know_our_authority),
        ROW(a_ca_file_that_is_none_gets_nothing),
        ROW(a_client_certificate_is_shown_where_asked),
        ROW(without_the_right_one_there_is_no_answer),
        ROW(a_reset_in_the_handshake_is_no_answer),
        ROW(an_old_tls_gets_nothing),
        ROW(tls_1_2_is_enough),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
