/* fake_tls.h - a server that speaks TLS on a loopback port, and the
 * certificates for it, made when a test asks for them.
 *
 * One thread, one connection at a time; each request is answered 204, and only
 * counted.
 */
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "buf.h"
#include "unit.h"

/* ---- certificates ---- */

struct fake_cert {
    gnutls_x509_crt_t cert;
    gnutls_x509_privkey_t key;
};

#define TLS_OK(call) assert_int_equal(call, GNUTLS_E_SUCCESS)

/* For the address or name host; signed by issuer, NULL: by itself, and then it
 * may sign others. valid_s: from now on; negative: it ended so long ago. */
static inline struct fake_cert fake_cert_new(const char *host, long valid_s,
                                             const struct fake_cert *issuer)
{
    struct fake_cert made;
    struct in_addr address;
    time_t now = time(NULL);
    unsigned char serial = 1;
    unsigned usage =
        issuer ? GNUTLS_KEY_DIGITAL_SIGNATURE : GNUTLS_KEY_KEY_CERT_SIGN;
    TLS_OK(gnutls_x509_privkey_init(&made.key));
    TLS_OK(gnutls_x509_privkey_generate(
        made.key, GNUTLS_PK_ECDSA,
        GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
    TLS_OK(gnutls_x509_crt_init(&made.cert));
    TLS_OK(gnutls_x509_crt_set_version(made.cert, 3));
    TLS_OK(gnutls_x509_crt_set_serial(made.cert, &serial, 1));
    TLS_OK(gnutls_x509_crt_set_key(made.cert, made.key));
    TLS_OK(gnutls_x509_crt_set_dn(made.cert, issuer ? "CN=leaf" : "CN=root",
                                  NULL));
    TLS_OK(gnutls_x509_crt_set_activation_time(made.cert, now - 86400));
    TLS_OK(gnutls_x509_crt_set_expiration_time(made.cert, now + valid_s));
    TLS_OK(gnutls_x509_crt_set_basic_constraints(made.cert, !issuer, -1));
    TLS_OK(gnutls_x509_crt_set_key_usage(made.cert, usage));
    if (inet_pton(AF_INET, host, &address) == 1)
        TLS_OK(gnutls_x509_crt_set_subject_alt_name(
            made.cert, GNUTLS_SAN_IPADDRESS, &address, sizeof address,
            GNUTLS_FSAN_SET));
    else
        TLS_OK(gnutls_x509_crt_set_subject_alt_name(
            made.cert, GNUTLS_SAN_DNSNAME, host, (unsigned)strlen(host),
            GNUTLS_FSAN_SET));
    const struct fake_cert *by = issuer ? issuer : &made;
    TLS_OK(gnutls_x509_crt_sign2(made.cert, by->cert, by->key,
                                 GNUTLS_DIG_SHA256, 0));
    return made;
}

static inline void fake_cert_free(struct fake_cert *cert)
{
    gnutls_x509_crt_deinit(cert->cert);
    gnutls_x509_privkey_deinit(cert->key);
}

/* Certificate and key in one file. */
static inline void fake_cert_write(const struct fake_cert *cert,
                                   const char *path)
{
    gnutls_datum_t pem;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    TLS_OK(gnutls_x509_crt_export2(cert->cert, GNUTLS_X509_FMT_PEM, &pem));
    fwrite(pem.data, 1, pem.size, file);
    gnutls_free(pem.data);
    TLS_OK(gnutls_x509_privkey_export2(cert->key, GNUTLS_X509_FMT_PEM, &pem));
    fwrite(pem.data, 1, pem.size, file);
    gnutls_free(pem.data);
    assert_int_equal(fclose(file), 0);
}

/* ---- the server ---- */

struct fake_tls_options {
    const struct fake_cert *cert;
    const struct fake_cert *client_ca; /* NULL: anybody may come */
    const char *priority;              /* NULL: TLS 1.2 and 1.3 */
    bool resets; /* closes hard when the handshake begins */
};

struct fake_tls {
    struct fake_tls_options options;
    gnutls_certificate_credentials_t credentials;
    int listener;
    int stop; /* an eventfd */
    int port;
    pthread_t thread;
    atomic_uint handshakes; /* begun */
    atomic_uint requests;
    atomic_uint bytes; /* that came in, after the handshake */
};

static void fake_tls_converse(struct fake_tls *server, gnutls_session_t session)
{
    static const char answer[] = "HTTP/1.1 204 No Content\r\n"
                                 "Connection: close\r\n\r\n";
    struct buf request;
    buf_init(&request, 1 << 20);
    for (;;) {
        char bytes[4096];
        ssize_t got = gnutls_record_recv(session, bytes, sizeof bytes);
        if (got <= 0)
            break;
        server->bytes += (unsigned)got;
        buf_append(&request, bytes, (size_t)got);
        const char *head = buf_string(&request);
        const char *end = strstr(head, "\r\n\r\n");
        const char *length = strcasestr(head, "\r\nContent-Length: ");
        size_t body = length ? strtoul(length + 18, NULL, 10) : 0;
        if (!end || request.len < (size_t)(end - head) + 4 + body)
            continue;
        server->requests++;
        gnutls_record_send(session, answer, sizeof answer - 1);
        gnutls_bye(session, GNUTLS_SHUT_WR);
        break;
    }
    buf_deinit(&request);
}

static void fake_tls_serve(struct fake_tls *server, int fd)
{
    const char *priority = server->options.priority;
    gnutls_session_t session;
    char first;
    server->handshakes++;
    if (server->options.resets) {
        struct linger hard = {.l_onoff = 1};
        recv(fd, &first, 1, MSG_PEEK);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        return;
    }
    gnutls_init(&session, GNUTLS_SERVER);
    gnutls_priority_set_direct(
        session,
        priority ? priority : "NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3",
        NULL);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
                           server->credentials);
    if (server->options.client_ca) {
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
        gnutls_session_set_verify_cert(session, NULL, 0);
    }
    gnutls_transport_set_int(session, fd);
    gnutls_handshake_set_timeout(session, 20000);
    int code;
    do
        code = gnutls_handshake(session);
    while (code < 0 && !gnutls_error_is_fatal(code));
    if (code == GNUTLS_E_SUCCESS)
        fake_tls_converse(server, session);
    else
        gnutls_alert_send_appropriate(session, code);
    gnutls_deinit(session);
}

static void *fake_tls_run(void *context)
{
    struct fake_tls *server = context;
    for (;;) {
        struct pollfd fds[] = {{.fd = server->listener, .events = POLLIN},
                               {.fd = server->stop, .events = POLLIN}};
        poll(fds, 2, -1);
        if (fds[1].revents)
            return NULL;
        int fd = accept(server->listener, NULL, NULL);
        fake_tls_serve(server, fd);
        close(fd);
    }
}

static inline struct fake_tls *
fake_tls_start(const struct fake_tls_options *options)
{
    struct fake_tls *server = xcalloc(1, sizeof *server);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    server->options = *options;
    TLS_OK(gnutls_certificate_allocate_credentials(&server->credentials));
    gnutls_x509_crt_t cert = options->cert->cert;
    TLS_OK(gnutls_certificate_set_x509_key(server->credentials, &cert, 1,
                                           options->cert->key));
    if (options->client_ca) {
        gnutls_x509_crt_t ca = options->client_ca->cert;
        gnutls_certificate_set_x509_trust(server->credentials, &ca, 1);
    }
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, len),
                     0);
    assert_int_equal(listen(server->listener, 10), 0);
    getsockname(server->listener, (struct sockaddr *)&address, &len);
    server->port = ntohs(address.sin_port);
    server->stop = eventfd(0, EFD_CLOEXEC);
    pthread_create(&server->thread, NULL, fake_tls_run, server);
    return server;
}

static inline void fake_tls_stop(struct fake_tls *server)
{
    eventfd_write(server->stop, 1);
    pthread_join(server->thread, NULL);
    close(server->listener);
    close(server->stop);
    gnutls_certificate_free_credentials(server->credentials);
    free(server);
}
