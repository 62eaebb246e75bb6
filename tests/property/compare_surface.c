/* SPDX-License-Identifier: BSD-2-Clause */
/* The surface: exactly these addresses, for exactly these rules. */
#include "compare.h"
#include "draft.h"

#include "postlatch/surface.h"

#include <stdlib.h>
#include <string.h>

/* What is so of the addresses of one line: of some, or of all of them. */
struct line {
    uint64_t rules;
    bool any, elsewhere;
};

struct comparing {
    const struct oracle *o;
    const struct oracle_result *r;
    struct pl_buf *out;
    uint64_t *rules; /* by client: that let it pass, for whatever reason */
};

static bool to_all(const struct comparing *c, size_t client, uint64_t mask)
{
    const struct oracle *o = c->o;

    for (size_t i = 0; i < o->recipient->count; i++) {
        unsigned facts = o->recipient->values[i].facts[0];

        if ((facts & (FACT_OURS | FACT_NO_RECIPIENT)) == 0 &&
            (c->r->to[client * o->recipient->count + i] & mask) == 0)
            return false;
    }
    return true;
}

/* What the rules in mask let a client. */
static void add_client(const struct comparing *c, size_t client, uint64_t mask, struct line *line)
{
    line->rules |= c->rules[client] & mask;
    line->any = line->any && to_all(c, client, mask);
    line->elsewhere = line->elsewhere || (c->r->surface[WHY_ELSEWHERE][client] & mask) != 0;
}

static struct line line_of(const struct comparing *c, struct pl_str cidr, uint64_t mask)
{
    struct line line = {.any = true};
    struct span s;

    must(span_parse(&s, cidr), "a network that is none");
    for (size_t i = 0; i < c->o->nintervals; i++) {
        const struct oracle_interval *x = &c->o->intervals[i];

        if (x->span.family == s.family && x->span.low <= s.high && s.low <= x->span.high)
            add_client(c, x->value, mask, &line);
    }
    return line;
}

static uint64_t rules_of(const struct pl_policy *p, const struct pl_surface_line *line)
{
    uint64_t rules = 0;

    for (size_t i = 0; i < line->nrules; i++)
        rules |= 1ULL << (line->rules[i] - p->rules);
    return rules;
}

static bool compare_line(const struct comparing *c, struct line want,
                         const struct pl_surface_line *have, bool by_rule)
{
    const char *wrong = NULL;

    if (rules_of(c->o->policy[0], have) != want.rules)
        wrong = "rules";
    else if ((size_t)__builtin_popcountll(want.rules) != have->nrules)
        wrong = "number of rules";
    else if (have->any != want.any)
        wrong = "whether any recipient";
    else if (have->elsewhere != want.elsewhere)
        wrong = "whether elsewhere";
    if (wrong == NULL)
        return true;
    pl_buf_addf(c->out, "surface, line \"%.*s\"%s: differs in %s\n", (int)have->text.n,
                have->text.p, by_rule ? " by rule" : "", wrong);
    pl_buf_addf(c->out, "oracle: rules 0x%llx, any %d, elsewhere %d; surface: 0x%llx, %d, %d\n",
                (unsigned long long)want.rules, want.any, want.elsewhere,
                (unsigned long long)rules_of(c->o->policy[0], have), have->any, have->elsewhere);
    return false;
}

static const char *text_of(struct pl_str s, char room[80])
{
    must(s.n < 80, "a long network");
    memcpy(room, s.p, s.n);
    room[s.n] = '\0';
    return room;
}

/* The networks of the rules in mask, which are the next lines. */
static bool compare_networks(const struct comparing *c, uint64_t mask, bool by_rule,
                             const struct pl_surface *surface, size_t *at)
{
    size_t n, from = *at;
    struct pl_str *cidrs = clients_with(c->o, c->rules, mask, &n);
    bool same = true;

    for (size_t i = 0; i < n && same; i++) {
        const struct pl_surface_line *have = &surface->lines[from + i];
        char room[80], text[PL_PREFIX_TEXT];
        struct line want;

        same = from + i < surface->nlines && have->kind == PL_SURFACE_NETWORK &&
               strcmp(pl_prefix_format(text, &have->network), text_of(cidrs[i], room)) == 0;
        if (!same)
            break;
        want = line_of(c, cidrs[i], mask);
        if (!compare_line(c, want, have, by_rule)) {
            free(cidrs);
            return false;
        }
    }
    *at = from + n;
    if (!same) {
        pl_buf_addf(c->out,
                    "surface%s, networks of rules 0x%llx\noracle: ", by_rule ? " by rule" : "",
                    (unsigned long long)mask);
        say_cidrs(c->out, cidrs, n);
        pl_buf_add(c->out, pl_str_lit("surface:"));
        for (size_t i = from; i < surface->nlines; i++) {
            if (surface->lines[i].kind == PL_SURFACE_NETWORK)
                pl_buf_addf(c->out, " %.*s", (int)surface->lines[i].text.n,
                            surface->lines[i].text.p);
        }
        pl_buf_add_char(c->out, '\n');
    }
    free(cidrs);
    return same;
}

/* A client whose address is unknown has a line of its own, or one for each rule. */
static bool compare_no_address(const struct comparing *c, uint64_t mask, bool by_rule,
                               const struct pl_surface *surface, size_t *at)
{
    size_t absent = oracle_value_of(c->o, c->o->client, pl_str_lit(""));
    struct line want = {.any = true};
    const struct pl_surface_line *have = &surface->lines[*at];
    bool wanted = (c->rules[absent] & mask) != 0;
    bool has = *at < surface->nlines && have->kind == PL_SURFACE_NO_ADDRESS;

    if (!wanted && (by_rule || !has))
        return true;
    if (!wanted || !has) {
        pl_buf_addf(c->out, "surface: clients without address: oracle %d, surface %d\n", wanted,
                    has);
        return false;
    }
    add_client(c, absent, mask, &want);
    want.elsewhere = false;
    ++*at;
    return compare_line(c, want, have, by_rule);
}

/* The size that is measured without lines is that of the lines. */
static bool compare_size(struct comparing *c, const struct pl_surface *surface)
{
    bool too_large = false;
    struct pl_space *space = pl_space_new(c->o->policy[0], NULL, &too_large);
    struct pl_surface_size size, lines = {.addresses_v4 = surface->addresses_v4};
    bool same;

    must(space != NULL && pl_surface_measure(space, 0, &size), "out of memory");
    for (size_t i = 0; i < surface->nlines; i++) {
        if (surface->lines[i].kind != PL_SURFACE_NETWORK)
            continue;
        if (surface->lines[i].network.addr.family == 4)
            lines.networks_v4++;
        else
            lines.networks_v6++;
    }
    same = size.unknown == NULL && size.networks_v4 == lines.networks_v4 &&
           size.networks_v6 == lines.networks_v6 &&
           (size_t)size.addresses_v4 == (size_t)lines.addresses_v4;
    if (!same)
        pl_buf_addf(c->out, "the surface measures %zu, %zu, %.0f; its lines %zu, %zu, %.0f\n",
                    size.networks_v4, size.networks_v6, size.addresses_v4, lines.networks_v4,
                    lines.networks_v6, lines.addresses_v4);
    pl_space_free(space);
    return same;
}

static bool compare_surface_as(struct comparing *c, bool by_rule, struct seen *seen)
{
    struct pl_surface *surface = pl_surface_new(c->o->policy[0], NULL, by_rule);
    bool same;
    size_t at = 0;

    must(surface != NULL, "pl_surface_new: out of memory");
    same = surface->gave_up == NULL;
    if (!same)
        pl_buf_addf(c->out, "the surface gave up: %s\n", surface->gave_up);
    for (size_t r = 0; r < c->o->policy[0]->nrules && by_rule && same; r++)
        same = compare_networks(c, 1ULL << r, true, surface, &at);
    same = same && (by_rule || compare_networks(c, ~0ULL, false, surface, &at));
    for (size_t i = 0; i < surface->nlines && same && !by_rule; i++)
        seen->partial += surface->lines[i].kind == PL_SURFACE_NETWORK && !surface->lines[i].any;
    for (size_t r = 0; r < c->o->policy[0]->nrules && by_rule && same; r++)
        same = compare_no_address(c, 1ULL << r, true, surface, &at);
    same = same && (by_rule || compare_no_address(c, ~0ULL, false, surface, &at));
    if (same && at < surface->nlines &&
        (surface->lines[at].kind == PL_SURFACE_NETWORK ||
         surface->lines[at].kind == PL_SURFACE_NO_ADDRESS)) {
        pl_buf_addf(c->out, "surface has a line too many: %.*s\n", (int)surface->lines[at].text.n,
                    surface->lines[at].text.p);
        same = false;
    }
    same = same && (by_rule || compare_size(c, surface));
    same = same && (by_rule || compare_credentials(c->o, c->rules, surface, c->out, seen));
    pl_surface_free(surface);
    return same;
}

bool compare_surface(const struct oracle *o, const struct oracle_result *r, struct pl_buf *out,
                     struct seen *seen)
{
    struct comparing c = {o, r, out, calloc(o->client->count, sizeof(*c.rules))};
    bool same;

    must(c.rules != NULL, "out of memory");
    for (unsigned why = 0; why < WHY_COUNT; why++) {
        for (size_t i = 0; i < o->client->count; i++)
            c.rules[i] |= r->surface[why][i];
    }
    same = compare_surface_as(&c, false, seen) && compare_surface_as(&c, true, seen);
    free(c.rules);
    return same;
}
