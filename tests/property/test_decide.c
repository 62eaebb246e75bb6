/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The compiled form of a policy, with its tables beside it and alone, against the plain reading of
 * its rules: the same rule for every request, over a million pairs of policy and request, all
 * through the loader.
 *
 * PL_SEED, PL_COUNT (pairs) and PL_FIRST (number of the first policy) change what is tried. A
 * failure prints the policy and request that are left when all that does not matter has been taken
 * away.
 */
#include "generate.h"
#include "shrink.h"

#include "postlatch/config.h"
#include "postlatch/query.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Fewer where each costs ten times as much. */
#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
enum { PAIRS = 50000, REQUESTS = 200 };
#else
enum { PAIRS = 1050000, REQUESTS = 400 };
#endif

/* Every file was written just now, nobody changes it: no need to let it settle (base/file.c). */
int nanosleep(const struct timespec *time, struct timespec *left)
{
    (void)time;
    (void)left;
    return 0;
}

/* The built-in rules; several may share a name. */
static const char *const builtins[] = {
    "builtin:state",    "builtin:accepted",      "builtin:network",     "builtin:name",
    "builtin:listener", "builtin:authenticated", "builtin:certificate", "builtin:reject"};
enum { BUILTINS = sizeof(builtins) / sizeof(builtins[0]) };

/* Written rules by their place: the vectors of a policy have one word, several, or two levels. */
static const size_t places[] = {1, 6, 64, 600, 4096, 100000};
enum { PLACES = sizeof(places) / sizeof(places[0]) };

static struct {
    size_t policies, rules, entries, pairs, written;
    size_t by_place[PLACES], by_builtin[BUILTINS];
    size_t held[PL_ATTR_COUNT], failed[PL_ATTR_COUNT]; /* conditions of written rules */
} tally;

/* What is being tried, for who finds the test aborted by an assertion. */
static char trying[100];

static void say_trying(int signal_number)
{
    (void)signal_number; /* SIGABRT, which goes on when this returns */
    if (write(STDOUT_FILENO, trying, strlen(trying)) < 0)
        return;
}

static char folder[] = "/dev/shm/postlatch-property-XXXXXX";

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

/* A policy as it is loaded for explaining, and as the daemon keeps it: in compiled form only. */
struct loaded {
    struct pl_config full, lean;
};

static void unload(struct loaded *l)
{
    pl_config_fini(&l->full);
    pl_config_fini(&l->lean);
}

/* Loads the draft both ways; false after saying why, or silently. */
static bool load(const struct draft *d, struct loaded *l, bool say)
{
    struct pl_diag *diag = pl_diag_new();
    char path[512];
    bool full, lean;

    must(diag != NULL, "out of memory");
    draft_save(d, folder);
    snprintf(path, sizeof(path), "%s/postlatch.conf", folder);
    full = pl_config_load(&l->full, path, diag);
    for (size_t i = 0; say && i < 10 && pl_diag_get(diag, i) != NULL; i++)
        printf("%s\n", pl_diag_get(diag, i));
    lean = full && pl_config_load_lean(&l->lean, path, diag);
    must(lean == full, "loads, but not as the daemon does");
    pl_diag_free(diag);
    return full;
}

static void make_query(struct pl_query *q, const struct request *r)
{
    memset(q, 0, sizeof(*q));
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
        if (!r->off[i] && r->value[i].n > 0)
            q->attr[i] = pl_buf_str(&r->value[i]);
    }
}

/* The ways of deciding, the plain one first. Rules are told by their number in the policy. */
enum way { PLAIN, COMPILED, LEAN, WAYS };

static const char *const way_names[WAYS] = {"plain", "compiled", "compiled only"};

struct answers {
    size_t rule[WAYS];
    const struct pl_rule *plain;
};

static bool agree(const struct answers *a)
{
    return a->rule[COMPILED] == a->rule[PLAIN] && a->rule[LEAN] == a->rule[PLAIN];
}

/* The compiled form alone; values are read on the way, as in the daemon. */
static size_t decide(const struct pl_policy *p, const struct pl_query *question)
{
    struct pl_cursor cursor = {0};
    struct pl_decision decision;
    struct pl_query q = *question;

    pl_query_begin(&q);
    must(pl_policy_decide(p, &q, &cursor, &decision) == PL_STEP_DECIDED, "undecided");
    must(decision.action == decision.rule->action, "an action of another rule");
    return (size_t)(decision.rule - p->rules);
}

/* Asks all ways; *q is read then. */
static void ask(const struct loaded *l, struct pl_query *q, struct answers *a)
{
    const struct pl_policy *p = l->full.policy;
    struct pl_decision decision;

    a->rule[COMPILED] = decide(p, q);
    a->rule[LEAN] = decide(l->lean.policy, q);
    pl_query_read(q);
    pl_policy_interpret(p, q, &decision);
    must(decision.action == decision.rule->action, "an action of another rule");
    a->plain = decision.rule;
    a->rule[PLAIN] = (size_t)(decision.rule - p->rules);
}

static bool differs(const struct draft *d, const struct request *r, void *context)
{
    struct answers answers;
    struct loaded loaded;
    struct pl_query q;

    (void)context;
    if (!load(d, &loaded, false))
        return false;
    make_query(&q, r);
    ask(&loaded, &q, &answers);
    unload(&loaded);
    return !agree(&answers);
}

static void show_request(const struct request *r)
{
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
        if (r->off[i] || r->value[i].n == 0)
            continue;
        printf(" \"%s=", pl_attr_name((enum pl_attr)i));
        print_bytes(pl_buf_str(&r->value[i]));
        printf("\"");
    }
    printf("\n");
}

/* Prints the least that shows the difference. */
static void report(struct draft *d, struct request *r)
{
    struct answers answers;
    struct loaded loaded;
    struct pl_query q;

    if (!shrink(d, r, differs, NULL))
        printf("(could be made smaller still)\n");
    must(load(d, &loaded, true), "what was left does not load");
    make_query(&q, r);
    ask(&loaded, &q, &answers);
    must(!agree(&answers), "what was left shows no difference");
    draft_show(d);
    printf("request:");
    show_request(r);
    for (unsigned i = 0; i < WAYS; i++) {
        struct pl_str name = loaded.full.policy->rules[answers.rule[i]].name;

        printf("%s: rule %.*s\n", way_names[i], (int)name.n, name.p);
    }
    unload(&loaded);
}

static void count(const struct pl_policy *p, const struct pl_query *q, struct rng *rng,
                  const struct pl_rule *rule)
{
    size_t at = (size_t)(rule - p->rules), place = 0, failed;

    tally.pairs++;
    if (p->nwritten > 0) {
        const struct pl_rule *other = &p->rules[below(rng, p->nwritten)];

        if (!pl_rule_match(other, p, q, &failed, NULL))
            tally.failed[other->cond[failed].attr]++;
    }
    if (rule->builtin) {
        for (size_t i = 0; i < BUILTINS; i++)
            tally.by_builtin[i] += pl_str_eq(rule->name, pl_str_of(builtins[i]));
        return;
    }
    while (at >= places[place])
        place++;
    tally.written++;
    tally.by_place[place]++;
    for (size_t i = 0; i < rule->ncond; i++)
        tally.held[rule->cond[i].attr] += rule->cond[i].set != p->at_rcpt;
}

/* How many rules the policy of that number has. */
static size_t size_of(size_t number, struct rng *rng)
{
    if (number % 5000 == 40)
        return 10000;
    if (number % 500 == 140)
        return 4050 + below(rng, 100); /* 64 times 64, about */
    if (number % 100 == 30)
        return 550 + below(rng, 100);
    if (number % 100 == 10)
        return 490 + below(rng, 25); /* 512 with the built-in ones, about */
    if (number % 100 == 20)
        return 110 + below(rng, 300);
    if (number % 12 == 5)
        return 57 + below(rng, 20); /* 64 with the built-in ones, about */
    return below(rng, 7);
}

/* One policy and its requests; false after reporting a difference. */
static bool try_policy(uint64_t seed, size_t number, struct request *r)
{
    struct draft draft;
    struct generator g;
    struct loaded loaded;
    bool ok = true;

    snprintf(trying, sizeof(trying), "aborted: PL_SEED=%llu PL_FIRST=%zu\n",
             (unsigned long long)seed, number);
    draft_init(&draft);
    generator_init(&g, seed * 1000003 + number, &draft);
    generate_policy(&g, size_of(number, &g.rng));
    if (!load(&draft, &loaded, true)) {
        printf("seed %llu, policy %zu: the generator made what the loader refuses\n",
               (unsigned long long)seed, number);
        remove_files(&draft);
        exit(1);
    }
    tally.policies++;
    tally.rules += loaded.full.policy->nwritten;
    tally.entries += pl_policy_entries(loaded.full.policy);
    for (size_t n = draft.nrules > 1000 ? 4 * REQUESTS : REQUESTS; n > 0 && ok; n--) {
        struct answers answers;
        struct pl_query q;

        generate_request(&g, r);
        make_query(&q, r);
        ask(&loaded, &q, &answers);
        ok = agree(&answers);
        count(loaded.full.policy, &q, &g.rng, answers.plain);
    }
    unload(&loaded);
    if (!ok) {
        printf("different after %zu pairs (seed %llu, policy %zu of %zu rules)\n", tally.pairs,
               (unsigned long long)seed, number, draft.nrules);
        fflush(stdout);
        report(&draft, r);
    }
    remove_files(&draft);
    generator_fini(&g);
    draft_fini(&draft);
    return ok;
}

static void print_tally(void)
{
    printf("%zu policies, %zu rules, %zu entries, %zu pairs, decided by written rules: %zu\n",
           tally.policies, tally.rules, tally.entries, tally.pairs, tally.written);
    for (size_t i = 0; i < PLACES; i++)
        printf("  written rule before number %zu: %zu\n", places[i], tally.by_place[i]);
    for (size_t i = 0; i < BUILTINS; i++)
        printf("  %s: %zu\n", builtins[i], tally.by_builtin[i]);
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
        if (pl_attr_is_key((enum pl_attr)i))
            printf("  %s: held in %zu deciding rules, failed first in %zu\n",
                   pl_attr_name((enum pl_attr)i), tally.held[i], tally.failed[i]);
    }
}

/* A test that meets only the last rule would agree with anything. */
static void check_tally(void)
{
    must(tally.written * 5 >= tally.pairs, "less than a fifth was decided by written rules");
    for (size_t i = 0; i < BUILTINS; i++)
        must(tally.by_builtin[i] > 0, builtins[i]);
    for (size_t i = 0; i < PLACES; i++)
        must(tally.by_place[i] > 0, "a place of rules that decides nothing");
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
        if (pl_attr_is_key((enum pl_attr)i))
            must(tally.held[i] > 0 && tally.failed[i] > 0, pl_attr_name((enum pl_attr)i));
    }
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
    bool ok = true;

    umask(022);
    signal(SIGABRT, say_trying);
    if (mkdtemp(folder) == NULL) {
        memcpy(folder, "/tmp/postlatch-property-XXXXXX", sizeof("/tmp/postlatch-property-XXXXXX"));
        must(mkdtemp(folder) != NULL, "cannot make a folder");
    }
    for (; ok && tally.pairs < pairs; number++)
        ok = try_policy(seed, number, &r);
    print_tally();
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++)
        pl_buf_fini(&r.value[i]);
    must(rmdir(folder) == 0, "cannot remove the folder");
    if (ok && pairs >= PAIRS) /* fewer may miss something by chance */
        check_tally();
    return ok ? 0 : 1;
}
