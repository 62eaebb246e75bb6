/* SPDX-License-Identifier: BSD-2-Clause */
/* What postlatch bench sends: requests of our own making, one that was asked for, or recorded ones. */
#include "ask.h"
#include "load.h"

#include "postlatch/check.h"
#include "postlatch/diag.h"
#include "postlatch/file.h"
#include "postlatch/quote.h"
#include "postlatch/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The request that ends where r->bytes ends now. */
static bool add_end(struct load_requests *r)
{
    size_t *end = pl_grow(r->end, &r->cap, r->count, sizeof(*end));

    if (end == NULL || r->bytes.failed) {
        trouble("out of memory");
        return false;
    }
    r->end = end;
    r->end[r->count++] = r->bytes.n;
    return true;
}

void load_requests_fini(struct load_requests *r)
{
    pl_buf_fini(&r->bytes);
    free(r->end);
    *r = (struct load_requests){0};
}

/* ---- made ---- */

/* splitmix64 (Steele, Lea, Flood 2014): the same numbers everywhere for the same seed. */
static uint64_t next_number(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static unsigned below(uint64_t *state, unsigned limit)
{
    return (unsigned)((next_number(state) >> 32) * limit >> 32);
}

enum { NAME_ROOM = 64 };

static const char *make_domain(char out[NAME_ROOM], uint64_t *state)
{
    static const char *const parts[] = {"alp", "ber", "cor", "dan", "est", "fir", "gol", "hav",
                                        "ing", "jor", "kan", "lum", "mar", "nor", "ost", "pal"};
    uint64_t n = next_number(state);

    snprintf(out, NAME_ROOM, "%s%s%s%u.example", parts[n & 15], parts[n >> 4 & 15],
             parts[n >> 8 & 15], (unsigned)(n >> 12 & 255));
    return out;
}

static const char *make_client(char out[NAME_ROOM], uint64_t *state)
{
    uint64_t n = next_number(state);

    if (below(state, 8) == 0)
        snprintf(out, NAME_ROOM, "2001:db8:%x:%x::%x", (unsigned)(n & 0xffff),
                 (unsigned)(n >> 16 & 0xffff), (unsigned)(n >> 32 & 0xffff) | 1);
    else
        snprintf(out, NAME_ROOM, "%u.%u.%u.%u", 1 + (unsigned)(n % 223), (unsigned)(n >> 8 & 255),
                 (unsigned)(n >> 16 & 255), (unsigned)(n >> 24 & 255));
    return out;
}

/* One request, in the order in which Postfix 3.7 writes its attributes. */
static void make_request(struct pl_buf *out, uint64_t *state)
{
    static const char *const logins[] = {"alice", "bob", "carol", "dave", "erin", "frank", "grace"};
    char client[NAME_ROOM], name[NAME_ROOM], from[NAME_ROOM], to[NAME_ROOM];
    bool named = below(state, 4) > 0, login = below(state, 4) == 0, tls = login || below(state, 4);
    unsigned user = below(state, 10000), number = below(state, 0xfffff);

    make_client(client, state);
    make_domain(name, state);
    make_domain(from, state);
    make_domain(to, state);
    pl_buf_addf(out,
                "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
                "client_address=%s\nclient_name=%s%s\nclient_port=%u\nreverse_client_name=%s%s\n"
                "server_address=192.0.2.25\nserver_port=%s\nhelo_name=mail.%s\n"
                "sender=newsletter-%u@%s\nrecipient=firstname.lastname%u@%s\nrecipient_count=0\n"
                "queue_id=\ninstance=%x.65f0a1c2.%05x.0\nsize=%u\netrn_domain=\nstress=\n",
                client, named ? "mail." : "", named ? name : "unknown", 1024 + below(state, 64000),
                named ? "mail." : "", named ? name : "unknown", login ? "587" : "25", name, number,
                from, user, to, number & 0xffff, number, 1000 + below(state, 100000));
    if (login)
        pl_buf_addf(out, "sasl_method=PLAIN\nsasl_username=%s%u@%s\nsasl_sender=\n",
                    logins[user % 7], user, from);
    else
        pl_buf_add(out, pl_str_lit("sasl_method=\nsasl_username=\nsasl_sender=\n"));
    pl_buf_addf(out,
                "ccert_subject=\nccert_issuer=\nccert_fingerprint=\nccert_pubkey_fingerprint=\n"
                "encryption_protocol=%s\nencryption_cipher=%s\nencryption_keysize=%s\n"
                "policy_context=\n\n",
                tls ? "TLSv1.3" : "", tls ? "TLS_AES_256_GCM_SHA384" : "", tls ? "256" : "0");
}

bool load_requests_generate(struct load_requests *r, uint64_t seed)
{
    uint64_t state = seed;

    for (size_t i = 0; i < LOAD_GENERATED; i++) {
        make_request(&r->bytes, &state);
        if (!add_end(r))
            return false;
    }
    return true;
}

/* ---- asked for ---- */

bool load_requests_ask(struct load_requests *r, const char *const *words, int count)
{
    struct pl_query q;

    return take_attributes(&q, words, count) && write_request(&r->bytes, &q) && add_end(r);
}

/* ---- recorded ---- */

/* Adds the request that *text begins with, and moves *text behind it. false: *why */
static bool take_request(struct load_requests *r, struct pl_str *text, const char **why)
{
    struct pl_request_scan scan = {0};
    struct pl_str attr[PL_ATTR_COUNT];
    size_t end;

    if (pl_request_find_end(text->p, text->n, &scan, &end, why) != PL_REQUEST_COMPLETE ||
        !pl_request_parse(attr, text->p, end, why))
        return false;
    pl_buf_add(&r->bytes, (struct pl_str){text->p, end});
    *text = pl_str_from(*text, end);
    *why = "it cannot be kept";
    return add_end(r);
}

static uint32_t count_lines(const char *from, const char *to)
{
    uint32_t n = 0;

    while ((from = memchr(from, '\n', (size_t)(to - from))) != NULL) {
        from++;
        n++;
    }
    return n;
}

static bool take_all(struct load_requests *r, struct pl_buf *content, const char *path)
{
    struct pl_str text;
    const char *why;

    pl_buf_add(content,
               pl_str_lit("\n\n")); /* the line end and the empty line that may be missing */
    text = pl_buf_str(content);
    for (;;) {
        while (text.n > 0 && text.p[0] == '\n')
            text = pl_str_from(text, 1);
        if (text.n == 0)
            break;
        if (!take_request(r, &text, &why)) {
            trouble("%s:%u: in the request that begins here: %s", path,
                    (unsigned)(count_lines(content->p, text.p) + 1), why);
            return false;
        }
    }
    if (r->count > 0)
        return true;
    trouble("%s: no request in it", path);
    return false;
}

bool load_requests_read(struct load_requests *r, const char *path)
{
    struct pl_diag *d = pl_diag_new();
    struct pl_buf content = {0};
    bool ok = false;

    if (d == NULL)
        trouble("out of memory");
    else if (!pl_file_read(path, LOAD_FILE_MAX, &content, d, PL_NOWHERE))
        pl_check_print_errors(d, stderr);
    else
        ok = take_all(r, &content, path);
    pl_buf_fini(&content);
    pl_diag_free(d);
    return ok;
}
