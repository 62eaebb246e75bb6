/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CONFIG_SCHEMA_H
#define POSTLATCH_CONFIG_SCHEMA_H

#include "postlatch/str.h"
#include "postlatch/suggest.h"

#include <stdbool.h>

/*
 * What may stand in a configuration. The one list from which the scan knows names, libconfuse gets
 * its options, and the tests know what etc/postlatch.conf and postlatch.conf(5) must mention.
 */

enum schema_shape {
    SHAPE_SCALAR,
    SHAPE_LIST,       /* {} is allowed */
    SHAPE_LIST_SOME,  /* {} is an error: a condition that nothing can meet is a mistake */
    SHAPE_LIST_OR_ONE /* as LIST, and one value may stand without braces */
};

/* Sections: enum, word, whether it has a title, whether it may stand more than once. */
#define SCHEMA_SECTION_TABLE(X)                                                                    \
    X(TOP, "", false, false)                                                                       \
    X(LOG, "log", false, false)                                                                    \
    X(METRICS, "metrics", false, false)                                                            \
    X(MASKING_ALARM, "masking_alarm", false, false)                                                \
    X(NETWORKS, "networks", true, true)                                                            \
    X(DOMAINS, "domains", true, true)                                                              \
    X(USERS, "users", true, true)                                                                  \
    X(ADDRESSES, "addresses", true, true)                                                          \
    X(FINGERPRINTS, "fingerprints", true, true)                                                    \
    X(RULE, "rule", true, true)                                                                    \
    X(ACCEPT, "accept", true, true)

enum schema_section {
#define X(id, word, titled, many) SECTION_##id,
    SCHEMA_SECTION_TABLE(X)
#undef X
        SECTION_COUNT
};

/*
 * The options of each section that has its own: name, shape, default as it would be written.
 * A rule has the condition keys and action; a table has entries and file.
 */
#define SCHEMA_TOP_TABLE(X)                                                                        \
    X("accepted_domains", SHAPE_LIST, "{}")                                                        \
    X("relay_networks", SHAPE_LIST, "{}")                                                          \
    X("relay_client_names", SHAPE_LIST, "{}")                                                      \
    X("relay_listeners", SHAPE_LIST, "{}")                                                         \
    X("relay_users", SHAPE_LIST, "{}")                                                             \
    X("relay_clientcerts", SHAPE_LIST, "{}")                                                       \
    X("relay_by_rule", SHAPE_LIST, "{}")                                                           \
    X("masking", SHAPE_LIST, "{}")                                                                 \
    X("permitted_elsewhere", SHAPE_LIST, "{}")                                                     \
    X("after_dunno", SHAPE_SCALAR, "reject_unauth_destination")                                    \
    X("bare_recipient", SHAPE_SCALAR, "ours")                                                      \
    X("widest_network_v4", SHAPE_SCALAR, "16")                                                     \
    X("widest_network_v6", SHAPE_SCALAR, "32")                                                     \
    X("mode", SHAPE_SCALAR, "enforce")                                                             \
    X("relay_action", SHAPE_SCALAR, "OK")                                                          \
    X("reject_action", SHAPE_SCALAR, "\"REJECT Relay access denied\"")                             \
    X("username_case", SHAPE_SCALAR, "fold")                                                       \
    X("default_realm", SHAPE_SCALAR, "\"\"")                                                       \
    X("recipient_delimiter", SHAPE_SCALAR, "\"\"")                                                 \
    X("listen", SHAPE_LIST_SOME, "{\"inet:127.0.0.1:10071\"}")                                     \
    X("socket_mode", SHAPE_SCALAR, "\"0666\"")                                                     \
    X("socket_owner", SHAPE_SCALAR, "\"\"")                                                        \
    X("socket_group", SHAPE_SCALAR, "\"\"")                                                        \
    X("control", SHAPE_SCALAR, "\"/run/postlatch/control\"")                                       \
    X("workers", SHAPE_SCALAR, "0")                                                                \
    X("user", SHAPE_SCALAR, "\"\"")                                                                \
    X("group", SHAPE_SCALAR, "\"\"")                                                               \
    X("max_connections", SHAPE_SCALAR, "10000")                                                    \
    X("max_request_size", SHAPE_SCALAR, "65536")                                                   \
    X("idle_timeout", SHAPE_SCALAR, "0")                                                           \
    X("sandbox", SHAPE_SCALAR, "on")                                                               \
    X("reload_wider", SHAPE_SCALAR, "log")                                                         \
    X("on_bad_policy", SHAPE_SCALAR, "stop")                                                       \
    X("shadow", SHAPE_SCALAR, "\"\"")                                                              \
    X("accept_warnings", SHAPE_LIST, "{}")

#define SCHEMA_LOG_TABLE(X)                                                                        \
    X("decisions", SHAPE_SCALAR, "all")                                                            \
    X("format", SHAPE_SCALAR, "text")                                                              \
    X("facility", SHAPE_SCALAR, "mail")                                                            \
    X("tag", SHAPE_SCALAR, "postlatchd")                                                           \
    X("socket", SHAPE_SCALAR, "\"/dev/log\"")                                                      \
    X("journal", SHAPE_SCALAR, "auto")

#define SCHEMA_METRICS_TABLE(X) X("listen", SHAPE_LIST_OR_ONE, "{}")

#define SCHEMA_MASKING_ALARM_TABLE(X)                                                              \
    X("helo_names", SHAPE_SCALAR, "10")                                                            \
    X("senders", SHAPE_SCALAR, "100")                                                              \
    X("except", SHAPE_LIST, "{}")

#define SCHEMA_ACCEPT_TABLE(X)                                                                     \
    X("surface", SHAPE_LIST, "{}")                                                                 \
    X("rule", SHAPE_SCALAR, "\"\"")                                                                \
    X("until", SHAPE_SCALAR, "\"\"")

/* struct schema_option - an option of a section; plain value, all strings static */
struct schema_option {
    const char *name; /* NULL: a row to pass over */
    enum schema_shape shape;
    const char *preset; /* the default as it would be written; NULL where there is none */
};

/*
 * schema_options - the options of a section, in a fixed order
 *
 * A rule's are the condition keys and action; a table's are entries and file.
 *
 * returns  a static array; *n: how many
 */
const struct schema_option *schema_options(enum schema_section section, size_t *n);

/* schema_find - the index of an option in its section, or -1 */
int schema_find(enum schema_section section, struct pl_str name);

/* schema_synonym - the option that a name from elsewhere stands for here, or NULL */
const char *schema_synonym(enum schema_section section, struct pl_str name);

/* schema_section_find - the section that begins with word (never TOP), or SECTION_COUNT */
enum schema_section schema_section_find(struct pl_str word);

/* schema_section_word, …_titled, …_many - a row of the table */
const char *schema_section_word(enum schema_section section);
bool schema_section_titled(enum schema_section section);
bool schema_section_many(enum schema_section section);

enum { SCHEMA_OPTIONS_MAX = 48 };

#endif
