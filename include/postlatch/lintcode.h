/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_LINTCODE_H
#define POSTLATCH_LINTCODE_H

/*
 * What lint warns of, or notes: every code: enum, word, whether it is a note, which --strict ignores.
 * Apart from lint.h, as accept_warnings names these words too.
 */
#define PL_LINT_TABLE(X)                                                                           \
    X(UNREACHABLE_RULE, "unreachable-rule", false)                                                 \
    X(SHADOWED_RULE, "shadowed-rule", false)                                                       \
    X(REDUNDANT_RULE, "redundant-rule", false)                                                     \
    X(EMPTY_TABLE, "empty-table", false)                                                           \
    X(TRUSTED_GATEWAY, "trusted-gateway", false)                                                   \
    X(TRUSTED_BRIDGE, "trusted-bridge", false)                                                     \
    X(SENDER_GRANT, "sender-grant", false)                                                         \
    X(RECIPIENT_GRANT, "recipient-grant", false)                                                   \
    X(LOST_GRANT, "lost-grant", false)                                                             \
    X(NULL_SENDER_REFUSED, "null-sender-refused", false)                                           \
    X(UNREACHABLE_DOMAIN, "unreachable-domain", false)                                             \
    X(LOGIN_BEYOND_BOUNDARY, "login-beyond-boundary", false)                                       \
    X(ACCEPT_EXPIRES, "accept-expires", false)                                                     \
    X(PUBLIC_NETWORK, "public-network", true)                                                      \
    X(LOOPBACK_TRUSTED, "loopback-trusted", true)                                                  \
    X(ONE_FAMILY_ONLY, "one-family-only", true)                                                    \
    X(REDUNDANT_ENTRY, "redundant-entry", true)                                                    \
    X(UNUSED_TABLE, "unused-table", true)                                                          \
    X(EMBEDDED_IPV4, "embedded-ipv4", true)

enum pl_lint_code {
#define X(id, word, note) PL_LINT_##id,
    PL_LINT_TABLE(X)
#undef X
        PL_LINT_COUNT
};

#endif
