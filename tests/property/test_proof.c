/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The analysis against the oracle: verdict, witnesses, surface, lint and diff of thousands of small
 * policies, each through the loader, and of those that once failed (corpus/).
 *
 * PL_SEED, PL_COUNT (policies), PL_FIRST (number of the first) and PL_SECONDS (go on until then) change
 * what is tried; PL_RANDOM is the number of random requests a policy. A failure prints the policy that
 * is left when all that does not matter has been taken away, the request, and both answers; with
 * PL_KEEP=FOLDER it is written there too, to become a folder of the corpus.
 */
#include "compare.h"
#include "generate.h"
#include "oracle.h"
#include "shrink.h"

#include "postlatch/config.h"
#include "postlatch/prove.h"
#include "postlatch/surface.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Fewer, and smaller ones, where each costs ten times as much. */
#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
enum { POLICIES = 1300, ENOUGH = 1000, COMBINATIONS_MAX = 40000, RANDOM = 10, LARGE_PERCENT = 8 };
#else
enum { POLICIES = 5500, ENOUGH = 5000, COMBINATIONS_MAX = 100000, RANDOM = 40, LARGE_PERCENT = 2 };
#endif

/* Words are put together the same way in small policies, and cost as much to take apart. */
enum { WORDS_MAX = 15000 };

/* Every file was written just now, nobody changes it: no need to let it settle (base/file.c). */
int nanosleep(const struct timespec *time, struct timespec *left)
{
    (void)time;
    (void)left;
    return 0;
}

static const char *const comparison_names[COMPARE_COUNT] = {"proof", "waivers", "surface",
                                                            "reach", "lint",    "diff"};

static struct seen seen;
static size_t random_requests;

/* What is being tried, for who finds the test aborted by an assertion. */
static char trying[100];

static void say_trying(int signal_number)
{
    (void)signal_number; /* SIGABRT, which goes on when this returns */
    if (write(STDOUT_FILENO, trying, strlen(trying)) < 0)
        return;
}

/* Likewise for what `must` ends. */
static bool finished;

static void say_unfinished(void)
{
    if (!finished)
        say_trying(0);
}

static char folder[] = "/dev/shm/postlatch-proof-XXXXXX";

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

/* False after saying why, or silently. */
static bool load_file(const char *path, struct pl_config *config, bool say)
{
    struct pl_diag *diag = pl_diag_new();
    bool ok;

    must(diag != NULL, "out of memory");
    ok = pl_config_load(config, path, diag);
    for (size_t i = 0; say && i < 10 && pl_diag_get(diag, i) != NULL; i++)
        printf("%s\n", pl_diag_get(diag, i));
    pl_diag_free(diag);
    return ok;
}

static bool load(const struct draft *d, struct pl_config *config, bool say)
{
    char path[512];

    draft_save(d, folder);
    snprintf(path, sizeof(path), "%s/postlatch.conf", folder);
    return load_file(path, config, say);
}

/* ---- comparing ---- */

/* All that is compared of one policy; COMPARE_COUNT if nothing differs. */
static enum comparison compare_one(struct pl_policy *p, double most, struct pl_buf *out,
                                   struct seen *tally)
{
    struct oracle *o;
    struct oracle_result r;
    enum comparison differs = COMPARE_COUNT;

    if (p->nrules > 64 || (o = oracle_new(p, NULL)) == NULL)
        return COMPARE_COUNT;
    if (o->combinations > most) {
        tally->too_large++;
        oracle_free(o);
        return COMPARE_COUNT;
    }
    tally->policies++;
    tally->combinations += (size_t)o->combinations;
    oracle_confirm(o, 1);
    oracle_result_init(&r, o);
    if (!compare_proof(o, &r, out, tally))
        differs = COMPARE_PROOF;
    else if (!compare_waivers(o, &r, p, out, tally))
        differs = COMPARE_WAIVERS;
    else if (!compare_surface(o, &r, out, tally))
        differs = COMPARE_SURFACE;
    else if (!compare_reach(o, out, tally))
        differs = COMPARE_REACH;
    else if (!compare_lint(o, &r, out, tally))
        differs = COMPARE_LINT;
    oracle_result_fini(&r);
    oracle_free(o);
    return differs;
}

static enum comparison compare_two(const struct pl_policy *from, const struct pl_policy *to,
                                   double most, struct pl_buf *out, struct seen *tally)
{
    enum comparison differs = COMPARE_COUNT;
    struct oracle *o;

    if (from->nrules > 64 || to->nrules > 64 || (o = oracle_new(from, to)) == NULL)
        return COMPARE_COUNT;
    if (o->combinations > 2 * most) { /* it has the values of both */
        tally->pairs_too_large++;
    } else {
        oracle_confirm(o, 1);
        if (!compare_diff(o, out, tally) ||
            (o->combinations <= WORDS_MAX && !compare_words(o, out, tally)))
            differs = COMPARE_DIFF;
    }
    oracle_free(o);
    return differs;
}

/* ---- shrinking ---- */

/* What a smaller policy must still show. */
struct target {
    enum comparison differs;
    double most;
    const struct draft *other; /* the second policy, or NULL */
    bool other_first;          /* it is the old one */
};

static enum comparison compare_drafts(const struct draft *d, const struct target *t,
                                      struct pl_buf *out)
{
    struct pl_config one, two;
    struct seen ignored = {0};
    enum comparison differs;

    if (!load(d, &one, false))
        return COMPARE_COUNT;
    if (t->other == NULL) {
        differs = compare_one(one.policy, t->most, out, &ignored);
    } else {
        remove_files(d);
        differs = COMPARE_COUNT;
        if (load(t->other, &two, false)) {
            differs = compare_two(t->other_first ? two.policy : one.policy,
                                  t->other_first ? one.policy : two.policy, t->most, out, &ignored);
            pl_config_fini(&two);
        }
        remove_files(t->other);
    }
    pl_config_fini(&one);
    return differs;
}

static bool still_differs(const struct draft *d, const struct request *r, void *context)
{
    const struct target *t = context;
    struct pl_buf out = {0};
    bool differs = compare_drafts(d, t, &out) == t->differs;

    (void)r;
    pl_buf_fini(&out);
    return differs;
}

static void keep(const struct draft *d, const char *name)
{
    const char *to = getenv("PL_KEEP");
    char path[512];

    if (to == NULL)
        return;
    mkdir(to, 0755);
    snprintf(path, sizeof(path), "%s/%s", to, name);
    mkdir(path, 0755);
    draft_save(d, path);
}

/* Prints the least that shows the difference. */
static void report(struct draft *d, struct draft *changed, enum comparison differs, double most)
{
    struct target t = {differs, most, changed, false};
    struct request nothing = {0};
    struct pl_buf out = {0};

    if (!shrink(d, &nothing, still_differs, &t))
        printf("(could be made smaller still)\n");
    if (changed != NULL) {
        struct target back = {differs, most, d, true};

        shrink(changed, &nothing, still_differs, &back);
        shrink(d, &nothing, still_differs, &t);
    }
    draft_show(d);
    keep(d, "policy");
    if (changed != NULL) {
        draft_show(changed);
        keep(changed, "changed");
    }
    must(compare_drafts(d, &t, &out) == differs, "what was left shows no difference");
    printf("%s", out.p == NULL ? "" : out.p);
    fflush(stdout);
    pl_buf_fini(&out);
}

/* ---- soundness ---- */

static void make_request(struct generator *g, struct request *r, struct pl_str request[])
{
    generate_request(g, r);
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++) {
        request[i] = (struct pl_str){NULL, 0};
        if (!r->off[i] && r->value[i].n > 0)
            request[i] = pl_buf_str(&r->value[i]);
    }
    request[PL_ATTR_PROTOCOL_STATE] = pl_str_lit("RCPT");
    request[PL_ATTR_SASL_USERNAME] = request[PL_ATTR_SASL_METHOD] = (struct pl_str){NULL, 0};
    if (request[PL_ATTR_ENCRYPTION_PROTOCOL].n == 0 && chance(&g->rng, 70))
        request[PL_ATTR_ENCRYPTION_PROTOCOL] = pl_str_lit("TLSv1.3");
}

static bool in_surface(const struct pl_surface *s, const struct pl_addr *client)
{
    for (size_t i = 0; i < s->nlines; i++) {
        if (s->lines[i].kind == PL_SURFACE_NO_ADDRESS && client->family == 0)
            return true;
        if (s->lines[i].kind == PL_SURFACE_NETWORK &&
            pl_prefix_contains(&s->lines[i].network, client))
            return true;
    }
    return false;
}

/* One request that is no value of the oracle; false after saying what it gets and should not. */
static bool try_request(const struct pl_policy *p, const struct pl_proof *proof,
                        const struct pl_surface *surface, const struct pl_str *request)
{
    struct judgement j = judge(p, request);
    enum oracle_why why = oracle_why(p, p->rules[j.rule].action, j.facts);
    struct pl_addr client;
    struct pl_buf out = {0};
    const char *wrong = NULL;

    if (why == WHY_NOT || !oracle_is_possible(j.facts))
        return true;
    pl_addr_parse(&client, request[PL_ATTR_CLIENT_ADDRESS]);
    if (oracle_is_outsider(j.facts, j.at_listener) &&
        (proof->verdict == PL_VERDICT_SAFE ||
         (proof->verdict == PL_VERDICT_UNPROVABLE && why != WHY_CLASS)))
        wrong = "an outsider's request passes, and the verdict is no open one";
    else if ((j.facts & (FACT_NO_RECIPIENT | FACT_OURS | FACT_LOGIN | FACT_CERT | FACT_HAS_NAME |
                         FACT_NOT_RCPT)) == 0 &&
             !j.at_listener && !in_surface(surface, &client))
        wrong = "a client passes by its address, which is not in the surface";
    if (wrong == NULL)
        return true;
    pl_buf_addf(&out, "%s (rule %zu):", wrong, j.rule);
    say_request(&out, request);
    print_bytes(pl_buf_str(&out));
    printf("\n");
    pl_buf_fini(&out);
    return false;
}

/* Requests near the policy's entries that the oracle did not think of. */
static bool try_random(struct generator *g, const struct pl_policy *p, struct request *r)
{
    struct pl_proof *proof = pl_prove(p, NULL);
    struct pl_surface *surface = pl_surface_new(p, NULL, false);
    bool ok = true;

    must(proof != NULL && surface != NULL, "out of memory");
    for (size_t n = random_requests; n > 0 && ok; n--) {
        struct pl_str request[PL_ATTR_COUNT];

        make_request(g, r, request);
        ok = try_request(p, proof, surface, request);
        seen.random++;
    }
    pl_proof_free(proof);
    pl_surface_free(surface);
    return ok;
}

/* ---- policies ---- */

/* Takes the last rule out, and what names it; false if there is none. */
static bool cut(struct draft *d)
{
    size_t last = d->nrules;

    while (last > 0 && d->rules[last - 1].off)
        last--;
    if (last == 0)
        return false;
    d->rules[last - 1].off = true;
    for (size_t i = 0; i < d->nwaivers; i++)
        d->waivers[i].off = d->waivers[i].off || d->waivers[i].rule == (int)last - 1;
    return true;
}

/* A second draft, the same but for some changes; without so many rules. */
static bool try_change(uint64_t seed, size_t rules, size_t cuts, const struct pl_policy *p,
                       struct draft *first)
{
    struct draft changed;
    struct generator g;
    struct pl_config config;
    struct pl_buf out = {0};
    enum comparison differs = COMPARE_COUNT;

    draft_init(&changed);
    generator_init(&g, seed, &changed);
    generate_small(&g, rules);
    for (; cuts > 0; cuts--)
        cut(&changed);
    for (size_t n = 1 + below(&g.rng, 3); n > 0; n--)
        generate_change(&g);
    if (load(&changed, &config, false)) {
        /* Where they read logins differently the analysis tries some spellings only: a known gap. */
        if (config.policy->users.fold == p->users.fold &&
            pl_str_eq(config.policy->users.default_realm, p->users.default_realm))
            differs = compare_two(p, config.policy, COMBINATIONS_MAX, &out, &seen);
        pl_config_fini(&config);
    }
    remove_files(&changed);
    if (differs != COMPARE_COUNT) {
        printf("%s", out.p == NULL ? "" : out.p);
        fflush(stdout);
        report(first, &changed, differs, COMBINATIONS_MAX);
    }
    pl_buf_fini(&out);
    generator_fini(&g);
    draft_fini(&changed);
    return differs == COMPARE_COUNT;
}

static void load_draft(const struct draft *d, struct pl_config *config)
{
    if (!load(d, config, true)) {
        draft_show(d);
        remove_files(d);
        must(false, "the generator made what the loader refuses");
    }
    remove_files(d);
}

/* Compares a draft, cut until its requests can be tried; *cuts: how often. */
static enum comparison compare_draft(struct draft *d, struct pl_config *config, struct pl_buf *out,
                                     size_t *cuts)
{
    enum comparison differs;
    size_t before = seen.too_large;

    for (*cuts = 0;; ++*cuts) {
        load_draft(d, config);
        differs = compare_one(config->policy, COMBINATIONS_MAX, out, &seen);
        if (seen.too_large == before || !cut(d))
            break;
        seen.too_large = before;
        pl_config_fini(config);
    }
    seen.cut += *cuts > 0;
    return differs;
}

/* One policy; false after reporting a difference. */
static bool try_policy(uint64_t seed, size_t number, struct request *r)
{
    struct draft draft;
    struct generator g;
    struct pl_config config;
    struct pl_buf out = {0};
    uint64_t own = seed * 1000003 + number;
    size_t rules = 1 + number % 8, cuts;
    enum comparison differs;
    bool ok = true;

    snprintf(trying, sizeof(trying), "aborted: PL_SEED=%llu PL_FIRST=%zu\n",
             (unsigned long long)seed, number);
    draft_init(&draft);
    generator_init(&g, own, &draft);
    generate_small(&g, rules);
    differs = compare_draft(&draft, &config, &out, &cuts);
    if (differs != COMPARE_COUNT) {
        printf("%s differs (seed %llu, policy %zu)\n%s", comparison_names[differs],
               (unsigned long long)seed, number, out.p == NULL ? "" : out.p);
        fflush(stdout);
        report(&draft, NULL, differs, COMBINATIONS_MAX);
        ok = false;
    } else if (!try_random(&g, config.policy, r)) {
        printf("(seed %llu, policy %zu)\n", (unsigned long long)seed, number);
        draft_show(&draft);
        keep(&draft, "policy");
        ok = false;
    } else {
        ok = try_change(own, rules, cuts, config.policy, &draft);
        if (!ok)
            printf("(seed %llu, policy %zu)\n", (unsigned long long)seed, number);
    }
    pl_buf_fini(&out);
    pl_config_fini(&config);
    remove_files(&draft);
    generator_fini(&g);
    draft_fini(&draft);
    return ok;
}

/* ---- the corpus ---- */

/* A folder of the corpus: postlatch.conf, and changed.conf for what it is compared with. */
static bool replay(const char *name)
{
    char path[1024];
    struct pl_config one, two;
    struct pl_buf out = {0};
    enum comparison differs;

    snprintf(path, sizeof(path), PL_CORPUS "/%s/postlatch.conf", name);
    must(load_file(path, &one, true), path);
    differs = compare_one(one.policy, 3e7, &out, &seen);
    snprintf(path, sizeof(path), PL_CORPUS "/%s/changed.conf", name);
    if (differs == COMPARE_COUNT && access(path, R_OK) == 0) {
        must(load_file(path, &two, true), path);
        differs = compare_two(one.policy, two.policy, 3e7, &out, &seen);
        pl_config_fini(&two);
    }
    pl_config_fini(&one);
    if (differs != COMPARE_COUNT)
        printf("corpus/%s: %s differs\n%s", name, comparison_names[differs],
               out.p == NULL ? "" : out.p);
    pl_buf_fini(&out);
    return differs == COMPARE_COUNT;
}

static bool replay_all(void)
{
    DIR *dir = opendir(PL_CORPUS);
    struct dirent *e;
    size_t n = 0, before = seen.too_large;
    bool ok = true;

    must(dir != NULL, "no corpus: " PL_CORPUS);
    while ((e = readdir(dir)) != NULL) {
        if (e->d_name[0] == '.')
            continue;
        n++;
        ok = replay(e->d_name) && ok;
    }
    closedir(dir);
    must(n > 0 && seen.too_large == before, "a policy of the corpus was not tried");
    return ok;
}

/* ---- the run ---- */

static void print_tally(void)
{
    printf("%zu policies (%zu more were too large, %zu were cut for that), %zu combinations, "
           "%zu random requests\n",
           seen.policies, seen.too_large, seen.cut, seen.combinations, seen.random);
    printf("  safe %zu, open %zu, unprovable %zu\n", seen.verdicts[0], seen.verdicts[1],
           seen.verdicts[2]);
    printf("  openings: pass %zu, permit %zu, elsewhere %zu, class %zu; masking %zu\n",
           seen.whys[WHY_PASS], seen.whys[WHY_PERMIT], seen.whys[WHY_ELSEWHERE],
           seen.whys[WHY_CLASS], seen.masking);
    printf("  networks of openings %zu; of the surface to some recipients only %zu\n",
           seen.networks, seen.partial);
    printf("  rules that let pass who shows a name %zu, a login %zu, a certificate %zu, by a place "
           "%zu\n",
           seen.credentials[0], seen.credentials[1], seen.credentials[2], seen.credentials[3]);
    printf("  logins %zu, that open something %zu\n", seen.logins, seen.stolen);
    printf("  unreachable rules %zu, redundant %zu, unreachable domains %zu\n", seen.unreachable,
           seen.redundant, seen.domains);
    printf("  with waivers %zu: on a day, all accepted %zu, all accepted once %zu; answers granted "
           "%zu, ended %zu\n",
           seen.waived, seen.accepted, seen.ended, seen.granted, seen.refused);
    printf("  pairs %zu (%zu more were too large), the same %zu, wider %zu\n", seen.pairs,
           seen.pairs_too_large, seen.same, seen.wider);
    printf("  changes: +RELAY %zu, -MAIL %zu, -RELAY %zu, +MAIL %zu, ~TEXT %zu\n", seen.changes[0],
           seen.changes[1], seen.changes[2], seen.changes[3], seen.changes[4]);
}

/* A test that meets safe policies only would agree with anything. */
static void check_tally(void)
{
    must(seen.policies >= ENOUGH, "too few policies were tried");
    must(seen.too_large * 100 < seen.policies * LARGE_PERCENT, "too many policies were too large");
    must(seen.verdicts[0] * 10 > seen.policies, "less than a tenth was safe");
    must(seen.verdicts[1] * 10 > seen.policies, "less than a tenth was open");
    must(seen.verdicts[2] * 50 > seen.policies, "less than a fiftieth was unprovable");
    for (unsigned why = 0; why < WHY_COUNT; why++)
        must(seen.whys[why] > 0, "a kind of opening that was not met");
    must(seen.masking > 0 && seen.networks > 0 && seen.partial > 0, "no masking, no networks");
    must(seen.unreachable > 0 && seen.redundant > 0 && seen.domains > 0, "a finding not met");
    for (unsigned i = 0; i < 4; i++)
        must(seen.credentials[i] > 0, "something to show that was not met");
    must(seen.stolen * 10 > seen.logins && seen.stolen * 10 < seen.logins * 9,
         "nearly no login opens anything, or nearly all do");
    must(seen.waived * 10 > seen.policies, "less than a tenth had waivers");
    must(seen.accepted > 0 && seen.ended > 0 && seen.granted > 0 && seen.refused > 0,
         "no waivers that count, or none that ended");
    for (unsigned i = 0; i < 5; i++)
        must(seen.changes[i] > 0, "a kind of change that was not met");
    must(seen.pairs_too_large * 100 < seen.pairs * LARGE_PERCENT, "too many pairs were too large");
    must(seen.pairs * 2 > seen.policies, "most pairs of policies were not compared");
    must(seen.wider * 20 > seen.pairs, "nearly no pair is wider");
    must(seen.same * 20 > seen.pairs && seen.same * 20 < seen.pairs * 19,
         "nearly no pair is the same, or nearly all are");
}

static uint64_t number_from(const char *name, uint64_t preset)
{
    const char *text = getenv(name);

    return text == NULL || *text == '\0' ? preset : strtoull(text, NULL, 10);
}

static uint64_t seconds_now(void)
{
    struct timespec t;

    must(clock_gettime(CLOCK_MONOTONIC, &t) == 0, "no clock");
    return (uint64_t)t.tv_sec;
}

int main(void)
{
    const uint64_t seed = number_from("PL_SEED", 1), seconds = number_from("PL_SECONDS", 0);
    const uint64_t count = number_from("PL_COUNT", POLICIES), end = seconds_now() + seconds;
    const size_t first = (size_t)number_from("PL_FIRST", 0);
    struct request r = {0};
    bool ok;

    umask(022);
    signal(SIGABRT, say_trying);
    must(atexit(say_unfinished) == 0, "atexit");
    random_requests = (size_t)number_from("PL_RANDOM", RANDOM);
    if (mkdtemp(folder) == NULL) {
        memcpy(folder, "/tmp/postlatch-proof-XXXXXX", sizeof("/tmp/postlatch-proof-XXXXXX"));
        must(mkdtemp(folder) != NULL, "cannot make a folder");
    }
    ok = replay_all();
    for (size_t i = 0; ok && (seconds > 0 ? seconds_now() < end : i < count); i++)
        ok = try_policy(seed, first + i, &r);
    print_tally();
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++)
        pl_buf_fini(&r.value[i]);
    finished = true;
    must(rmdir(folder) == 0, "cannot remove the folder");
    if (ok && (seconds > 0 || count >= POLICIES)) /* fewer may miss something by chance */
        check_tally();
    return ok ? 0 : 1;
}
