/* config_verify.c - see config_verify.h. The schemes that sign bodies are
 * known by name, so that asking for one is told apart from a typing error. */
#include "config_verify.h"

#include <stdlib.h>

#include "buf.h"
#include "config_table.h"
#include "config_tree.h"
#include "error.h"
#include "verify.h"

struct form {
    int scheme;
    char *name;
    char **secrets;
    char **values;
    char *user;
    char *password;
    char **allow;
};

static const struct config_name schemes[] = {
    {"bearer", VERIFY_BEARER, false},
    {"basic", VERIFY_BASIC, false},
    {"header", VERIFY_HEADER, false},
    {"query", VERIFY_QUERY, false},
    {"github", VERIFY_NONE, true},
    {"gitlab", VERIFY_NONE, true},
    {"slack", VERIFY_NONE, true},
    {"stripe", VERIFY_NONE, true},
    {"shopify", VERIFY_NONE, true},
    {"mailgun", VERIFY_NONE, true},
    {"mandrill", VERIFY_NONE, true},
    {"twilio", VERIFY_NONE, true},
    {"standard-webhooks", VERIFY_NONE, true},
    {"hmac", VERIFY_NONE, true},
    {NULL, 0, false},
};

#define AT(member) offsetof(struct form, member)

static const struct config_option options[] = {
    {"scheme", CONFIG_NAME, AT(scheme), .text = "how a sender proves who it is",
     .names = schemes},
    {"name", CONFIG_TEXT, AT(name), .text = "of the header or query parameter"},
    {"secret", CONFIG_LIST, AT(secrets),
     .text = "the secret; several while changing"},
    {"value", CONFIG_LIST, AT(values), .text = "the same as `secret`"},
    {"user", CONFIG_TEXT, AT(user), .text = "for basic"},
    {"password", CONFIG_TEXT, AT(password), .text = "for basic"},
    {"allow", CONFIG_LIST, AT(allow), .text = "networks that may post"},
    {"header", CONFIG_LATER, 0, .text = "of a signature"},
    {"algorithm", CONFIG_LATER, 0, .text = "of a signature"},
    {"encoding", CONFIG_LATER, 0, .text = "of a signature"},
    {"prefix", CONFIG_LATER, 0, .text = "of a signature"},
    {"url", CONFIG_LATER, 0, .text = "the public one, where it is signed"},
    {"tolerance", CONFIG_LATER, 0, .text = "of a signature's time"},
};

enum { OPTIONS = sizeof options / sizeof *options };

static void form_deinit(struct form *form)
{
    config_table_free_secret(form->name);
    config_table_free_list(form->secrets);
    config_table_free_list(form->values);
    config_table_free_secret(form->user);
    config_table_free_secret(form->password);
    config_table_free_list(form->allow);
}

/* basic: user and password are joined into the one secret that is compared. */
static bool join_user(struct form *form, const struct setting *setting,
                      struct error *err)
{
    if (!form->user && !form->password)
        return true;
    if (form->scheme != VERIFY_BASIC || !form->user || !form->password
        || form->secrets)
        return config_tree_fail(err, setting,
                                "`user` and `password` belong together, to "
                                "scheme = \"basic\", and replace `secret`");
    size_t size = strlen(form->user) + strlen(form->password) + 2;
    form->secrets = xcalloc(2, sizeof *form->secrets);
    form->secrets[0] = xcalloc(1, size);
    struct buf joined;
    buf_init(&joined, size);
    buf_printf(&joined, "%s:%s", form->user, form->password);
    memcpy(form->secrets[0], joined.data, joined.len);
    explicit_bzero(joined.data, joined.len);
    buf_deinit(&joined);
    return true;
}

static bool check(struct form *form, const struct setting *setting,
                  struct error *err)
{
    if (form->values && form->secrets)
        return config_tree_fail(err, setting,
                                "`secret` and `value` are the same; give one");
    if (form->values) {
        form->secrets = form->values;
        form->values = NULL;
    }
    if (!join_user(form, setting, err))
        return false;
    if (form->scheme == VERIFY_NONE && (form->secrets || form->name))
        return config_tree_fail(err, setting,
                                "a secret without `scheme`: \"bearer\", "
                                "\"basic\", \"header\" or \"query\"");
    if (form->scheme == VERIFY_NONE && !form->allow)
        return config_tree_fail(err, setting,
                                "`verify` says nothing; give `scheme` or "
                                "`allow`, or write verify = false");
    return true;
}

bool config_verify_read(const struct setting *setting, struct verify **verify,
                        struct error *err)
{
    *verify = NULL;
    if (setting->type == SETTING_BOOL && !setting->truth)
        return true;
    if (setting->type != SETTING_TABLE)
        return config_tree_fail(err, setting,
                                "`verify` must be a table, or false (anybody "
                                "may post), not %s",
                                config_tree_type_name(setting));
    struct form form = {.scheme = VERIFY_NONE};
    if (config_table_read(setting, options, OPTIONS, &form, err)
        && check(&form, setting, err)) {
        const struct verify_options made = {
            .scheme = (enum verify_scheme)form.scheme,
            .name = form.name,
            .secrets = (const char *const *)form.secrets,
            .allow = (const char *const *)form.allow};
        *verify = verify_new(&made, err);
        if (!*verify)
            config_tree_blame(err, setting);
    }
    form_deinit(&form);
    return *verify != NULL;
}
