/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_ATTR_H
#define POSTLATCH_ATTR_H

#include "postlatch/str.h"

/*
 * The kind of value that an attribute holds, which is also the kind of entries that a condition on
 * it takes.
 */
enum pl_attr_kind {
    PL_KIND_OTHER, /* not a condition key: logged and usable in %{…} only */
    PL_KIND_ADDR,  /* IP address */
    PL_KIND_MAIL, /* mail address as Postfix passes it on: without quotes, brackets, source route */
    PL_KIND_HOST, /* host name */
    PL_KIND_USER, /* SASL login */
    PL_KIND_FINGERPRINT,
    PL_KIND_PORT,
    PL_KIND_STATE,     /* protocol_state: one of the protocol's words */
    PL_KIND_WORD,      /* compared byte by byte */
    PL_KIND_WORD_FOLD, /* compared without ASCII case */
    PL_KIND_WORD_XTEXT /* sent xtext-encoded (RFC 3461), compared decoded */
};

/*
 * The attributes of Postfix's policy protocol: enum, name, kind, meaning. The one list from which
 * the parser, the condition keys, %{…} and the documentation are made. They stand in the order in
 * which Postfix sends them (recorded in tests/data/corpus), which the parser expects. Source: Postfix
 * SMTPD_POLICY_README, "Protocol description"; the versions that know each are told there.
 */
#define PL_ATTR_TABLE(X)                                                                           \
    X(REQUEST, "request", PL_KIND_OTHER, "always smtpd_access_policy")                             \
    X(PROTOCOL_STATE, "protocol_state", PL_KIND_STATE, "CONNECT to END-OF-MESSAGE, VRFY, ETRN")    \
    X(PROTOCOL_NAME, "protocol_name", PL_KIND_OTHER, "SMTP or ESMTP")                              \
    X(CLIENT_ADDRESS, "client_address", PL_KIND_ADDR,                                              \
      "address of the SMTP client as Postfix saw it, or unknown")                                  \
    X(CLIENT_NAME, "client_name", PL_KIND_HOST, "forward-confirmed name, or unknown")              \
    X(CLIENT_PORT, "client_port", PL_KIND_OTHER, "TCP port of the client")                         \
    X(REVERSE_CLIENT_NAME, "reverse_client_name", PL_KIND_HOST,                                    \
      "unconfirmed PTR name; client-chosen")                                                       \
    X(SERVER_ADDRESS, "server_address", PL_KIND_ADDR, "where the client came in")                  \
    X(SERVER_PORT, "server_port", PL_KIND_PORT, "where the client came in")                        \
    X(HELO_NAME, "helo_name", PL_KIND_HOST, "what the client calls itself")                        \
    X(SENDER, "sender", PL_KIND_MAIL, "MAIL FROM; client-chosen")                                  \
    X(RECIPIENT, "recipient", PL_KIND_MAIL, "RCPT TO; empty where a message has several")          \
    X(RECIPIENT_COUNT, "recipient_count", PL_KIND_OTHER, "0 before DATA")                          \
    X(QUEUE_ID, "queue_id", PL_KIND_OTHER, "empty until the first recipient is accepted")          \
    X(INSTANCE, "instance", PL_KIND_OTHER, "the same in all requests about one message")           \
    X(SIZE, "size", PL_KIND_OTHER, "bytes: announced, or at END-OF-MESSAGE counted")               \
    X(ETRN_DOMAIN, "etrn_domain", PL_KIND_OTHER, "argument of ETRN")                               \
    X(STRESS, "stress", PL_KIND_OTHER, "yes when Postfix is under stress")                         \
    X(SASL_METHOD, "sasl_method", PL_KIND_WORD_FOLD, "PLAIN, LOGIN, …; empty without login")       \
    X(SASL_USERNAME, "sasl_username", PL_KIND_USER, "login name; empty without login")             \
    X(SASL_SENDER, "sasl_sender", PL_KIND_WORD, "AUTH= of MAIL FROM; client-chosen, no login")     \
    X(CCERT_SUBJECT, "ccert_subject", PL_KIND_WORD_XTEXT,                                          \
      "common name of a trusted client certificate")                                               \
    X(CCERT_ISSUER, "ccert_issuer", PL_KIND_OTHER, "common name of its issuer")                    \
    X(CCERT_FINGERPRINT, "ccert_fingerprint", PL_KIND_FINGERPRINT, "of the client's certificate")  \
    X(CCERT_PUBKEY_FINGERPRINT, "ccert_pubkey_fingerprint", PL_KIND_FINGERPRINT,                   \
      "of its public key")                                                                         \
    X(ENCRYPTION_PROTOCOL, "encryption_protocol", PL_KIND_WORD_FOLD,                               \
      "TLSv1.3, …; empty without TLS")                                                             \
    X(ENCRYPTION_CIPHER, "encryption_cipher", PL_KIND_OTHER, "TLS cipher")                         \
    X(ENCRYPTION_KEYSIZE, "encryption_keysize", PL_KIND_OTHER, "TLS key size in bits")             \
    X(POLICY_CONTEXT, "policy_context", PL_KIND_WORD,                                              \
      "set by the administrator in main.cf or master.cf")                                          \
    X(COMPATIBILITY_LEVEL, "compatibility_level", PL_KIND_OTHER, "of main.cf")                     \
    X(MAIL_VERSION, "mail_version", PL_KIND_OTHER, "of Postfix")                                   \
    X(TLS_SNI, "tls_sni", PL_KIND_WORD_FOLD, "server name that the client asked for; client-chosen")

enum pl_attr {
#define X(id, name, kind, doc) PL_ATTR_##id,
    PL_ATTR_TABLE(X)
#undef X
        PL_ATTR_COUNT
};

/* pl_attr_name - the name on the wire, a static string */
const char *pl_attr_name(enum pl_attr attr);

/* pl_attr_kind - the kind of its values */
enum pl_attr_kind pl_attr_kind(enum pl_attr attr);

/* pl_attr_is_key - whether a rule may have a condition on it */
bool pl_attr_is_key(enum pl_attr attr);

/*
 * pl_attr_find - the attribute of that name (exact case, as on the wire); PL_ATTR_COUNT if there is
 * none
 */
enum pl_attr pl_attr_find(struct pl_str name);

/*
 * pl_attr_find_near - as pl_attr_find, but the search begins at *next, where the attribute is likely
 * to be: behind the one found last. *next is 0 first
 */
enum pl_attr pl_attr_find_near(struct pl_str name, unsigned *next);

#endif
