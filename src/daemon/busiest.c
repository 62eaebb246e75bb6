/* SPDX-License-Identifier: BSD-2-Clause */
#include "busiest.h"

#include "postlatch/quote.h"

#include <stdlib.h>
#include <string.h>

void busiest_init(struct busiest *b)
{
    memset(b, 0, sizeof(*b));
    pthread_mutex_init(&b->lock, NULL);
}

void busiest_fini(struct busiest *b)
{
    pthread_mutex_destroy(&b->lock);
}

/* FNV-1a; names that collide are counted as one, which is seen as a wrong name and does no other harm. */
static uint64_t hash_of(struct pl_str s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (uint8_t)s.p[i]) * UINT64_C(0x100000001b3);
    return h;
}

/* The entry of a name: its own, a free one, or that of the least. */
static struct busiest_entry *entry_of(struct busiest_table *t, struct pl_str name, uint64_t hash)
{
    size_t at = 0;

    for (size_t i = 0; i < t->n; i++) {
        if (t->hash[i] == hash)
            return &t->entries[i];
    }
    if (t->n < BUSIEST_ENTRIES) {
        at = t->n++;
    } else {
        for (size_t i = 1; i < t->n; i++) {
            if (t->entries[i].requests < t->entries[at].requests)
                at = i;
        }
    }
    t->hash[at] = hash;
    t->entries[at].refused = 0;
    t->entries[at].len = (uint8_t)(name.n < BUSIEST_SHOWN ? name.n : BUSIEST_SHOWN);
    memcpy(t->entries[at].name, name.p, t->entries[at].len);
    return &t->entries[at];
}

static void count(struct busiest_table *t, struct pl_str name, unsigned long requests,
                  unsigned long refused)
{
    struct busiest_entry *e = entry_of(t, name, hash_of(name));

    e->requests += requests;
    e->refused += refused;
}

void busiest_note(struct busiest *b, const struct busiest_watch *w, const struct pl_query *q,
                  const struct pl_decision *d)
{
    struct pl_str client = q->attr[PL_ATTR_CLIENT_ADDRESS], login = q->attr[PL_ATTR_SASL_USERNAME];
    unsigned long refused = d->action->effect == PL_EFFECT_REFUSE;
    unsigned long watch = atomic_load(&w->number);
    char text[PL_ADDR_TEXT];

    if (q->client.family != 0 && (q->have >> PL_ATTR_CLIENT_ADDRESS & 1) != 0)
        client = pl_str_of(pl_addr_format(text, &q->client));
    pthread_mutex_lock(&b->lock);
    if (b->watch != watch) {
        b->watch = watch;
        b->clients.n = b->logins.n = 0;
        memset(b->clients.entries, 0, sizeof(b->clients.entries));
        memset(b->logins.entries, 0, sizeof(b->logins.entries));
    }
    if (client.n > 0)
        count(&b->clients, client, 1, refused);
    if (login.n > 0)
        count(&b->logins, login, 1, refused);
    pthread_mutex_unlock(&b->lock);
}

/* ---- telling ---- */

static int by_requests(const void *a, const void *b)
{
    const struct busiest_entry *x = a, *y = b;

    if (x->requests != y->requests)
        return x->requests < y->requests ? 1 : -1;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    return memcmp(x->name, y->name, x->len);
}

static void add_up(struct busiest_table *sum, const struct busiest_table *part)
{
    for (size_t i = 0; i < part->n; i++) {
        const struct busiest_entry *e = &part->entries[i];

        count(sum, (struct pl_str){e->name, e->len}, e->requests, e->refused);
    }
}

static void tell_table(struct pl_buf *out, const char *kind, struct busiest_table *t)
{
    qsort(t->entries, t->n, sizeof(t->entries[0]), by_requests);
    for (size_t i = 0; i < t->n && i < BUSIEST_TOLD; i++) {
        const struct busiest_entry *e = &t->entries[i];
        char name[BUSIEST_SHOWN * 4 + 4];
        size_t n = pl_escape(name, sizeof(name), (struct pl_str){e->name, e->len}, BUSIEST_SHOWN);

        pl_buf_addf(out, "%s=%.*s requests=%lu refused=%lu\n", kind, (int)n, name, e->requests,
                    e->refused);
    }
}

bool busiest_tell(struct pl_buf *out, struct busiest_watch *w,
                  struct busiest *(*each)(void *, size_t), void *arg, size_t n, int64_t us)
{
    struct busiest *sum = calloc(1, sizeof(*sum));

    if (sum == NULL)
        return false;
    if (!busiest_is_watched(w, us)) {
        w->since_us = us;
        atomic_fetch_add(&w->number, 1);
    }
    atomic_store(&w->until_us, us + BUSIEST_WATCH_US);
    for (size_t i = 0; i < n; i++) {
        struct busiest *b = each(arg, i);

        pthread_mutex_lock(&b->lock);
        if (b->watch == atomic_load(&w->number)) {
            add_up(&sum->clients, &b->clients);
            add_up(&sum->logins, &b->logins);
        }
        pthread_mutex_unlock(&b->lock);
    }
    pl_buf_addf(out, "watched_us=%lld\n", (long long)(us - w->since_us));
    tell_table(out, "client", &sum->clients);
    tell_table(out, "login", &sum->logins);
    free(sum);
    return true;
}
