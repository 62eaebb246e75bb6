/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of the configuration language, by section. */
#include "schema.h"

#include "postlatch/attr.h"
#include "postlatch/compiler.h"

static const struct {
    const char *word;
    bool titled, many;
} sections[SECTION_COUNT] = {
#define X(id, word, titled, many) {(word), (titled), (many)},
    SCHEMA_SECTION_TABLE(X)
#undef X
};

#define X(name, shape, preset) {(name), (shape), (preset)},
static const struct schema_option top_options[] = {SCHEMA_TOP_TABLE(X)};
static const struct schema_option log_options[] = {SCHEMA_LOG_TABLE(X)};
static const struct schema_option metrics_options[] = {SCHEMA_METRICS_TABLE(X)};
static const struct schema_option masking_alarm_options[] = {SCHEMA_MASKING_ALARM_TABLE(X)};
static const struct schema_option accept_options[] = {SCHEMA_ACCEPT_TABLE(X)};
#undef X

static const struct schema_option table_options[] = {{"entries", SHAPE_LIST, NULL},
                                                     {"file", SHAPE_SCALAR, NULL}};

/* A rule's options: every attribute that is a condition key, and action behind them. */
static const struct schema_option rule_options[] = {
#define X(id, name, kind, doc) {(kind) == PL_KIND_OTHER ? NULL : (name), SHAPE_LIST_SOME, NULL},
    PL_ATTR_TABLE(X)
#undef X
        {"action", SHAPE_SCALAR, NULL}};

/* What people call a thing elsewhere, or in haste: where, that word, ours. */
static const struct {
    enum schema_section section;
    const char *theirs, *ours;
} synonyms[] = {
    {SECTION_TOP, "mynetworks", "relay_networks"},
    {SECTION_TOP, "relay_clients", "relay_networks"},
    {SECTION_TOP, "trusted_networks", "relay_networks"},
    {SECTION_TOP, "mydestination", "accepted_domains"},
    {SECTION_TOP, "relay_domains", "accepted_domains"},
    {SECTION_TOP, "virtual_mailbox_domains", "accepted_domains"},
    {SECTION_TOP, "local_domains", "accepted_domains"},
    {SECTION_TOP, "nat", "masking"},
    {SECTION_TOP, "masked", "masking"},
    {SECTION_TOP, "threads", "workers"},
    {SECTION_RULE, "user", "sasl_username"},
    {SECTION_RULE, "username", "sasl_username"},
    {SECTION_RULE, "login", "sasl_username"},
    {SECTION_RULE, "client", "client_address"},
    {SECTION_RULE, "client_ip", "client_address"},
    {SECTION_RULE, "ip", "client_address"},
    {SECTION_RULE, "address", "client_address"},
    {SECTION_RULE, "network", "client_address"},
    {SECTION_RULE, "name", "client_name"},
    {SECTION_RULE, "hostname", "client_name"},
    {SECTION_RULE, "reverse_name", "reverse_client_name"},
    {SECTION_RULE, "helo", "helo_name"},
    {SECTION_RULE, "from", "sender"},
    {SECTION_RULE, "mail_from", "sender"},
    {SECTION_RULE, "to", "recipient"},
    {SECTION_RULE, "rcpt", "recipient"},
    {SECTION_RULE, "rcpt_to", "recipient"},
    {SECTION_RULE, "domain", "recipient"},
    {SECTION_RULE, "state", "protocol_state"},
    {SECTION_RULE, "port", "server_port"},
    {SECTION_RULE, "listener", "server_address"},
    {SECTION_RULE, "context", "policy_context"},
    {SECTION_RULE, "tls", "encryption_protocol"},
    {SECTION_RULE, "method", "sasl_method"},
    {SECTION_RULE, "fingerprint", "ccert_fingerprint"},
    {SECTION_RULE, "result", "action"},
};

const char *schema_synonym(enum schema_section section, struct pl_str name)
{
    for (size_t i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++) {
        if (synonyms[i].section == section && pl_str_eq_fold(pl_str_of(synonyms[i].theirs), name))
            return synonyms[i].ours;
    }
    return NULL;
}

#define ROWS(array) (*n = sizeof(array) / sizeof((array)[0]), (array))

const struct schema_option *schema_options(enum schema_section section, size_t *n)
{
    switch (section) {
    case SECTION_TOP:
        return ROWS(top_options);
    case SECTION_LOG:
        return ROWS(log_options);
    case SECTION_METRICS:
        return ROWS(metrics_options);
    case SECTION_MASKING_ALARM:
        return ROWS(masking_alarm_options);
    case SECTION_ACCEPT:
        return ROWS(accept_options);
    case SECTION_RULE:
        return ROWS(rule_options);
    default:
        pl_assert(section < SECTION_COUNT);
        return ROWS(table_options);
    }
}

int schema_find(enum schema_section section, struct pl_str name)
{
    size_t n;
    const struct schema_option *options = schema_options(section, &n);

    for (size_t i = 0; i < n; i++) {
        if (options[i].name != NULL && pl_str_eq(pl_str_of(options[i].name), name))
            return (int)i;
    }
    return -1;
}

enum schema_section schema_section_find(struct pl_str word)
{
    for (unsigned i = SECTION_TOP + 1; i < SECTION_COUNT; i++) {
        if (pl_str_eq(pl_str_of(sections[i].word), word))
            return (enum schema_section)i;
    }
    return SECTION_COUNT;
}

const char *schema_section_word(enum schema_section section)
{
    pl_assert(section < SECTION_COUNT);
    return sections[section].word;
}

bool schema_section_titled(enum schema_section section)
{
    pl_assert(section < SECTION_COUNT);
    return sections[section].titled;
}

bool schema_section_many(enum schema_section section)
{
    pl_assert(section < SECTION_COUNT);
    return sections[section].many;
}
