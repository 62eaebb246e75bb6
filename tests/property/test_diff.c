/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What changes between two policies, against the plain reading of their rules: a policy has no change
 * to itself; the change from one to another mirrors the change back; each example gets different
 * answers; and a request whose answers differ lies in a change.
 *
 * PL_SEED, PL_COUNT (pairs of policies) and PL_FIRST change what is tried.
 */
#include "generate.h"

#include "postlatch/addr.h"
#include "postlatch/config.h"
#include "postlatch/diff.h"
#include "postlatch/diff_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
enum { PAIRS = 250, REQUESTS = 100 };
#else
enum { PAIRS = 2000, REQUESTS = 200 };
#endif

/* Every file was written just now, nobody changes it: no need to let it settle (base/file.c). */
int nanosleep(const struct timespec *time, struct timespec *left)
{
    (void)time;
    (void)left;
    return 0;
}

static struct {
    size_t pairs, same, changes, requests, different, given_up;
    size_t by_kind[PL_CHANGE_KINDS];
} tally;

static char folder[] = "/dev/shm/postlatch-diff-XXXXXX";
static struct pl_buf shown; /* the two policies, for who has to find a fault */

static void wrong(const char *what)
{
    printf("%s\n%s", shown.p, what);
    printf("\n");
    exit(1);
}

/* ---- policies ---- */

static void load(const struct draft *d, struct pl_config *config, bool lean)
{
    struct pl_diag *diag = pl_diag_new();
    char path[512];

    must(diag != NULL, "out of memory");
    draft_save(d, folder);
    snprintf(path, sizeof(path), "%s/postlatch.conf", folder);
    if (!(lean ? pl_config_load_lean : pl_config_load)(config, path, diag)) {
        printf("%s\n", pl_diag_get(diag, 0));
        wrong("the generator made what the loader refuses");
    }
    pl_diag_free(diag);
}

static void remove_files(const struct draft *d)
{
    char path[512];

    for (size_t i = 0; i < d->ntables; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, d->tables[i].name);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/postlatch.conf", folder);
    unlink(path);
}

/* Whether what is left of a list means something: an entry without '!' that is on. */
static bool is_sound(const struct draft *d, const struct draft_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (draft_is_on(d, &list->items[i]) && !list->items[i].out)
            return true;
    }
    return false;
}

static void switch_item(struct rng *rng, const struct draft *d, struct draft_list *list)
{
    struct draft_item *item;

    if (list->count == 0)
        return;
    item = &list->items[below(rng, list->count)];
    item->off = !item->off;
    if (!is_sound(d, list))
        item->off = !item->off;
}

/* Another policy of the same parts: what was there is not, or the other way round. */
static void change(struct rng *rng, struct draft *d)
{
    for (size_t n = 1 + below(rng, 4); n > 0; n--) {
        if (d->nrules > 0 && chance(rng, 40))
            d->rules[below(rng, d->nrules)].off ^= true;
        else if (d->nrules > 0 && chance(rng, 40)) {
            struct draft_rule *rule = &d->rules[below(rng, d->nrules)];

            if (rule->ncond > 0)
                switch_item(rng, d, &rule->cond[below(rng, rule->ncond)].list);
        } else {
            switch_item(rng, d, &d->boundary[below(rng, DRAFT_LISTS)]);
        }
    }
}

/* ---- what must hold ---- */

static enum pl_change_kind mirrored(enum pl_change_kind kind)
{
    static const enum pl_change_kind mirror[] = {PL_CHANGE_LESS_RELAY, PL_CHANGE_MORE_MAIL,
                                                 PL_CHANGE_MORE_RELAY, PL_CHANGE_LESS_MAIL,
                                                 PL_CHANGE_TEXT};

    return mirror[kind];
}

static bool is_mirror(const struct pl_change *a, const struct pl_change *b)
{
    return a->kind == mirrored(b->kind) && a->rule[0] == b->rule[1] && a->rule[1] == b->rule[0] &&
           a->only_some == b->only_some && a->moved == b->moved && a->nclients == b->nclients &&
           a->every_client == b->every_client && a->nrecipients == b->nrecipients &&
           pl_str_eq(a->login, b->login) &&
           (a->nclients == 0 ||
            memcmp(a->clients, b->clients, a->nclients * sizeof(*a->clients)) == 0);
}

static void check_mirror(const struct pl_diff *there, const struct pl_diff *back)
{
    if (there->nchanges != back->nchanges)
        wrong("there and back are not as many changes");
    for (size_t i = 0; i < there->nchanges && there->omitted[PL_CHANGE_TEXT] == 0; i++) {
        bool found = false;

        for (size_t j = 0; j < back->nchanges && !found; j++)
            found = is_mirror(&there->changes[i], &back->changes[j]);
        if (!found) {
            pl_diff_text_add(&shown, back);
            printf("change %zu\n", i);
            wrong("a change has no mirror image");
        }
    }
}

static void answer(const struct pl_policy *p, struct pl_query *q, struct pl_decision *d,
                   char text[PL_ACTION_ROOM])
{
    pl_query_read(q);
    pl_policy_interpret(p, q, d);
    pl_action_format(text, d->action, q);
}

static bool same_source(const struct pl_decision d[2])
{
    return pl_str_eq(d[0].action->source, d[1].action->source);
}

static void check_example(const struct pl_diff *diff, const struct pl_change *c)
{
    char text[2][PL_ACTION_ROOM];
    struct pl_decision d[2];

    for (size_t part = 0; part < 2; part++) {
        struct pl_query q;

        memset(&q, 0, sizeof(q));
        memcpy(q.attr, c->request, sizeof(q.attr));
        answer(diff->policy[part], &q, &d[part], text[part]);
        if (d[part].rule != c->rule[part])
            wrong("another rule decides the example");
    }
    /* The same answer: then Postfix makes something else of it. */
    if (same_source(d) && (d[0].action->effect != PL_EFFECT_LEAVE ||
                           (c->kind != PL_CHANGE_MORE_RELAY && c->kind != PL_CHANGE_LESS_RELAY)))
        wrong("an example gets the same answer");
}

static bool holds_client(const struct pl_change *c, const struct pl_query *q)
{
    const struct pl_addr *addr = pl_query_addr(q, PL_ATTR_CLIENT_ADDRESS);

    if (c->every_client || addr->family == 0)
        return c->every_client || c->no_address;
    for (size_t i = 0; i < c->nclients; i++) {
        const struct pl_prefix *p = &c->clients[i];
        bool within = p->addr.family == addr->family;

        for (unsigned bit = 0; bit < p->len && within; bit++)
            within = ((p->addr.bytes[bit / 8] ^ addr->bytes[bit / 8]) >> (7 - bit % 8) & 1) == 0;
        if (within)
            return true;
    }
    return false;
}

/* A request of a kind that the space has: what Postfix never sends is left out of it. */
static bool can_be(const struct pl_query *q)
{
    static const enum pl_attr with_tls[] = {PL_ATTR_CCERT_FINGERPRINT,
                                            PL_ATTR_CCERT_PUBKEY_FINGERPRINT, PL_ATTR_CCERT_SUBJECT,
                                            PL_ATTR_TLS_SNI};
    bool ok = q->attr[PL_ATTR_SASL_METHOD].n == 0 || q->attr[PL_ATTR_SASL_USERNAME].n > 0;

    for (size_t i = 0; i < sizeof(with_tls) / sizeof(with_tls[0]); i++)
        ok = ok && (q->attr[with_tls[i]].n == 0 || q->attr[PL_ATTR_ENCRYPTION_PROTOCOL].n > 0);
    return ok;
}

static void check_request(const struct pl_diff *diff, struct request *r)
{
    char text[2][PL_ACTION_ROOM];
    struct pl_decision d[2];
    struct pl_query q;
    bool found = false;

    memset(&q, 0, sizeof(q));
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
        if (!r->off[i] && r->value[i].n > 0)
            q.attr[i] = pl_buf_str(&r->value[i]);
    }
    for (size_t part = 0; part < 2; part++)
        answer(diff->policy[part], &q, &d[part], text[part]);
    tally.requests++;
    if (strcmp(text[0], text[1]) == 0 || !can_be(&q))
        return;
    tally.different++;
    for (size_t i = 0; i < diff->nchanges && !found; i++) {
        const struct pl_change *c = &diff->changes[i];

        found = c->rule[0] == d[0].rule && c->rule[1] == d[1].rule &&
                (c->unlisted || holds_client(c, &q));
    }
    if (!found) {
        printf("%s -> %s\n", text[0], text[1]);
        for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
            if (q.attr[i].n > 0) {
                printf(" %s=", pl_attr_name((enum pl_attr)i));
                print_bytes(q.attr[i]);
            }
        }
        wrong("\na request whose answers differ lies in no change");
    }
}

static struct pl_diff *compare(const struct pl_config *a, const struct pl_config *b)
{
    struct pl_diff *d = pl_diff_new(a->policy, b->policy, 0);

    must(d != NULL, "out of memory");
    return d;
}

static void check_itself(const struct pl_config *a, const struct pl_config *again)
{
    struct pl_diff *d = compare(a, again);

    if (d->gave_up == NULL && !pl_diff_is_same(d)) {
        pl_diff_text_add(&shown, d);
        wrong("a policy differs from itself");
    }
    pl_diff_free(d);
}

static void check(const struct pl_config full[2], const struct pl_config lean[2],
                  struct generator *g, struct request *r)
{
    struct pl_diff *there = compare(&full[0], &full[1]), *back = compare(&full[1], &full[0]),
                   *daemon = compare(&lean[0], &lean[1]);

    check_itself(&full[0], &lean[0]);
    pl_diff_text_add(&shown, there);
    if (there->gave_up != NULL || back->gave_up != NULL || daemon->gave_up != NULL) {
        tally.given_up++;
        if (there->gave_up != NULL && strstr(there->gave_up, "fault") != NULL)
            wrong(there->gave_up);
    } else {
        check_mirror(there, back);
        if (daemon->nchanges != there->nchanges)
            wrong("the daemon's form of the policies has other changes");
        tally.same += pl_diff_is_same(there);
        tally.changes += there->nchanges;
        for (size_t i = 0; i < there->nchanges; i++) {
            tally.by_kind[there->changes[i].kind]++;
            check_example(there, &there->changes[i]);
        }
        for (size_t i = 0; i < REQUESTS && there->omitted[PL_CHANGE_TEXT] == 0; i++) {
            generate_request(g, r);
            check_request(there, r);
        }
    }
    pl_diff_free(there);
    pl_diff_free(back);
    pl_diff_free(daemon);
}

static void try_pair(uint64_t seed, size_t number, struct request *r)
{
    struct draft draft;
    struct generator g;
    struct pl_config full[2], lean[2];

    draft_init(&draft);
    generator_init(&g, seed * 1000003 + number, &draft);
    generate_policy(&g, number % 25 == 5 ? 50 + below(&g.rng, 40) : below(&g.rng, 7));
    pl_buf_reset(&shown);
    pl_buf_addf(&shown, "PL_SEED=%llu PL_FIRST=%zu\n", (unsigned long long)seed, number);
    for (size_t i = 0; i < 2; i++) {
        draft_print(&draft, &shown);
        load(&draft, &full[i], false);
        load(&draft, &lean[i], true);
        if (i == 0)
            change(&g.rng, &draft);
    }
    check(full, lean, &g, r);
    tally.pairs++;
    for (size_t i = 0; i < 2; i++) {
        pl_config_fini(&full[i]);
        pl_config_fini(&lean[i]);
    }
    remove_files(&draft);
    generator_fini(&g);
    draft_fini(&draft);
}

static uint64_t number_from(const char *name, uint64_t preset)
{
    const char *text = getenv(name);

    return text == NULL || *text == '\0' ? preset : strtoull(text, NULL, 10);
}

int main(void)
{
    const uint64_t seed = number_from("PL_SEED", 1), pairs = number_from("PL_COUNT", PAIRS);
    size_t number = (size_t)number_from("PL_FIRST", 0);
    struct request r = {0};

    umask(022);
    if (mkdtemp(folder) == NULL) {
        memcpy(folder, "/tmp/postlatch-diff-XXXXXX", sizeof("/tmp/postlatch-diff-XXXXXX"));
        must(mkdtemp(folder) != NULL, "cannot make a folder");
    }
    for (; tally.pairs < pairs; number++)
        try_pair(seed, number, &r);
    printf("%zu pairs, %zu the same, %zu given up, %zu changes, %zu requests, %zu different\n",
           tally.pairs, tally.same, tally.given_up, tally.changes, tally.requests, tally.different);
    for (size_t kind = 0; kind < PL_CHANGE_KINDS; kind++)
        printf("  %s: %zu\n", pl_change_word((enum pl_change_kind)kind), tally.by_kind[kind]);
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++)
        pl_buf_fini(&r.value[i]);
    pl_buf_fini(&shown);
    must(rmdir(folder) == 0, "cannot remove the folder");
    if (pairs >= PAIRS) { /* fewer may miss something by chance */
        must(tally.different > 0, "no request had different answers");
        must(tally.given_up * 10 <= tally.pairs, "more than a tenth was given up");
        for (size_t kind = 0; kind < PL_CHANGE_KINDS; kind++)
            must(tally.by_kind[kind] > 0, pl_change_word((enum pl_change_kind)kind));
    }
    return 0;
}
