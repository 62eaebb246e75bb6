/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The changes between two policies are the oracle's boxes, one for one: same rules, kind, clients; the
 * example lies in the box that its change is compared with, and the words for logins and recipients
 * that mean all of a sort are there where the box has all of it.
 */
#include "compare.h"
#include "draft.h"

#include "postlatch/diff.h"
#include "postlatch/wider.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN = 8 }; /* boxes that are printed of many */

struct comparing {
    const struct oracle *o;
    const struct pl_diff *diff;
    const struct oracle_boxes *boxes;
    struct pl_buf *out;
};

static void say_box(const struct comparing *c, const struct oracle_box *box)
{
    const struct oracle *o = c->o;
    const struct oracle_set *sets[] = {box->logins, box->clients, box->recipients};
    const struct oracle_axis *axes[] = {o->login, o->client, o->recipient};

    pl_buf_addf(c->out, "%s%s%s, rules %zu and %zu;", box->kind, box->moved ? " moved" : "",
                box->only_some ? ", only some" : "", box->rule[0], box->rule[1]);
    for (size_t k = 0; k < 3; k++) {
        pl_buf_addf(c->out, " %s:", pl_attr_name(axes[k]->attr));
        for (size_t i = 0; i < sets[k]->count && i < 12; i++) {
            struct pl_str text = axes[k]->values[sets[k]->values[i]].text;

            pl_buf_addf(c->out, " \"%.*s\"", (int)text.n, text.n == 0 ? "" : text.p);
        }
        pl_buf_addf(c->out, " (%zu)", sets[k]->count);
    }
    pl_buf_add_char(c->out, '\n');
}

static void say_change(const struct comparing *c, const struct pl_change *change)
{
    pl_buf_addf(c->out, "%s%s%s, rules %zu and %zu; login ", pl_change_word(change->kind),
                change->moved ? " moved" : "", change->only_some ? ", only some" : "",
                (size_t)(change->rule[0] - c->o->policy[0]->rules),
                (size_t)(change->rule[1] - c->o->policy[1]->rules));
    pl_buf_add(c->out, change->login);
    pl_buf_add(c->out, pl_str_lit("; recipients"));
    for (size_t i = 0; i < change->nrecipients; i++) {
        pl_buf_add_char(c->out, ' ');
        pl_buf_add(c->out, change->recipients[i]);
    }
    pl_buf_addf(c->out, "; clients%s%s%s", change->every_client ? " all" : "",
                change->no_address ? " without address," : "", change->unlisted ? " unlisted" : "");
    say_networks(c->out, change->clients, change->nclients);
    pl_buf_add(c->out, pl_str_lit("for example"));
    say_request(c->out, change->request);
}

/* ---- which box ---- */

static bool lies_in(const struct oracle *o, const struct oracle_axis *axis,
                    const struct oracle_set *set, const struct pl_change *change)
{
    size_t value = axis == NULL ? 0 : oracle_value_of(o, axis, change->request[axis->attr]);

    must(value != SIZE_MAX, "a value that the oracle did not think of");
    return oracle_set_holds(set, value);
}

static const struct oracle_box *box_of(const struct comparing *c, const struct pl_change *change)
{
    const struct oracle *o = c->o;
    const struct oracle_axis *state = oracle_axis_of(o, PL_ATTR_PROTOCOL_STATE);

    for (size_t i = 0; i < c->boxes->count; i++) {
        const struct oracle_box *box = &c->boxes->items[i];

        if (change->rule[0] == &o->policy[0]->rules[box->rule[0]] &&
            change->rule[1] == &o->policy[1]->rules[box->rule[1]] &&
            strcmp(pl_change_word(change->kind), box->kind) == 0 && change->moved == box->moved &&
            change->only_some == box->only_some && lies_in(o, state, box->states, change) &&
            lies_in(o, o->login, box->logins, change) &&
            lies_in(o, o->client, box->clients, change) &&
            lies_in(o, o->recipient, box->recipients, change))
            return box;
    }
    return NULL;
}

/* ---- what is said of a box ---- */

static bool decides(const struct comparing *c, const struct pl_change *change)
{
    for (size_t part = 0; part < 2; part++) {
        const struct pl_policy *p = c->o->policy[part];
        struct judgement j = judge(p, change->request);

        if (&p->rules[j.rule] != change->rule[part] || !oracle_is_possible(j.facts))
            return false;
    }
    return true;
}

static bool same_states(const struct comparing *c, const struct oracle_box *box,
                        const struct pl_change *change)
{
    const struct oracle_axis *state = oracle_axis_of(c->o, PL_ATTR_PROTOCOL_STATE);
    bool at_rcpt = true;

    for (size_t i = 0; i < box->states->count && state != NULL; i++)
        at_rcpt = at_rcpt && (state->values[box->states->values[i]].facts[0] & FACT_NOT_RCPT) == 0;
    return change->at_rcpt == at_rcpt;
}

static bool same_clients(const struct comparing *c, const struct oracle_box *box,
                         const struct pl_change *change)
{
    const struct oracle *o = c->o;
    uint64_t *bits = calloc(o->client->count, sizeof(*bits));
    size_t n, nothers;
    struct pl_str *cidrs, *others;
    bool no_address = false, same;

    must(bits != NULL, "out of memory");
    for (size_t i = 0; i < box->clients->count; i++) {
        size_t value = box->clients->values[i];

        bits[value] = 1;
        no_address = no_address || (o->client->values[value].facts[0] & FACT_NO_ADDRESS) != 0;
    }
    cidrs = clients_with(o, bits, 1, &n);
    for (size_t i = 0; i < o->client->count; i++)
        bits[i] = !bits[i];
    others = clients_with(o, bits, 1, &nothers);
    same = change->no_address == no_address &&
           change->every_client == (box->clients->count == o->client->count);
    if (same && !change->every_client)
        same = !change->unlisted && same_networks(cidrs, n, change->clients, change->nclients) &&
               (change->nothers == 0 ||
                (no_address && same_networks(others, nothers, change->others, change->nothers)));
    free(cidrs);
    free(others);
    free(bits);
    return same;
}

/* Whether a set is that of all values with these facts and without those, for both policies. */
static bool is_all(const struct oracle_axis *axis, const struct oracle_set *set, unsigned with,
                   unsigned without)
{
    for (size_t i = 0; i < axis->count; i++) {
        const unsigned *facts = axis->values[i].facts;
        bool is = (facts[0] & facts[1] & with) == with && ((facts[0] | facts[1]) & without) == 0;

        if (is != oracle_set_holds(set, i))
            return false;
    }
    return true;
}

static bool same_word(struct pl_str text, const char *word, bool is_that)
{
    return pl_str_eq(text, pl_str_of(word)) == is_that;
}

static bool same_login(const struct comparing *c, const struct oracle_box *box,
                       const struct pl_change *change)
{
    const struct oracle_axis *axis = c->o->login;

    return same_word(change->login, "any or none", is_all(axis, box->logins, 0, 0)) &&
           same_word(change->login, "any", is_all(axis, box->logins, FACT_LOGIN, 0)) &&
           same_word(change->login, "none", is_all(axis, box->logins, 0, FACT_LOGIN));
}

static bool same_recipients(const struct comparing *c, const struct oracle_box *box,
                            const struct pl_change *change)
{
    const struct oracle_axis *axis = c->o->recipient;
    const struct oracle_set *set = box->recipients;
    struct pl_str only = change->nrecipients == 1 ? change->recipients[0] : pl_str_lit("-");
    bool any = is_all(axis, set, 0, FACT_NO_RECIPIENT);

    return change->nrecipients > 0 && same_word(only, "any", any) &&
           same_word(only, "ours", !any && is_all(axis, set, FACT_OURS, FACT_NO_RECIPIENT)) &&
           same_word(only, "foreign",
                     !any && is_all(axis, set, 0, FACT_OURS | FACT_NO_RECIPIENT)) &&
           same_word(only, "no recipient", is_all(axis, set, FACT_NO_RECIPIENT, 0));
}

static bool compare_change(const struct comparing *c, const struct pl_change *change, bool *taken)
{
    const struct oracle_box *box = box_of(c, change);
    const char *wrong = NULL;

    if (!decides(c, change))
        wrong = "its example is decided by other rules";
    else if (box == NULL)
        wrong = "the oracle knows of no such change with this example";
    else if (taken[box - c->boxes->items])
        wrong = "there are two of it";
    else if (!same_states(c, box, change))
        wrong = "it has other states";
    else if (!same_clients(c, box, change))
        wrong = "it has other clients";
    else if (!same_login(c, box, change))
        wrong = "it has other logins";
    else if (!same_recipients(c, box, change))
        wrong = "it has other recipients";
    if (box != NULL)
        taken[box - c->boxes->items] = true;
    if (wrong == NULL)
        return true;
    pl_buf_addf(c->out, "a change: %s\ndiff:   ", wrong);
    say_change(c, change);
    for (size_t i = 0; i < c->boxes->count && (box != NULL || i < SHOWN); i++) {
        if (box == NULL || box == &c->boxes->items[i]) {
            pl_buf_add(c->out, pl_str_lit("oracle: "));
            say_box(c, &c->boxes->items[i]);
        }
    }
    return false;
}

/* ---- the whole ---- */

static bool compare_verdicts(const struct comparing *c)
{
    bool same = c->boxes->count == 0 && c->o->policy[0]->mode == c->o->policy[1]->mode;

    if (pl_diff_is_same(c->diff) == same)
        return true;
    pl_buf_addf(c->out, "oracle: same %d; diff: %d\n", same, pl_diff_is_same(c->diff));
    return false;
}

/* Whether the second policy lets pass what the first does not, to a recipient foreign by both. */
static bool is_wider(const struct oracle_leaf *leaf, void *context)
{
    const unsigned never = FACT_NOT_RCPT | FACT_NO_RECIPIENT | FACT_OURS;
    bool passes[2], *wider = context;

    if (((leaf->facts[0] | leaf->facts[1]) & never) != 0)
        return true;
    for (size_t part = 0; part < 2; part++) {
        const struct pl_policy *p = leaf->o->policy[part];

        passes[part] = oracle_why(p, p->rules[oracle_decides(leaf->rules[part])].action,
                                  leaf->facts[part]) != WHY_NOT;
    }
    *wider = passes[1] && !passes[0];
    return !*wider;
}

static bool compare_wider(const struct oracle *o, struct pl_buf *out, struct seen *seen)
{
    struct pl_buf text = {0};
    bool want = false, have;

    oracle_walk(o, is_wider, &want);
    have = pl_wider_tell(&text, o->policy[0], o->policy[1]) == PL_WIDER_IS;
    if (want != have) {
        pl_buf_addf(out, "wider: oracle %d, pl_wider_tell %d: ", want, have);
        pl_buf_add(out, pl_buf_str(&text));
        pl_buf_add_char(out, '\n');
    }
    seen->wider += want;
    pl_buf_fini(&text);
    return want == have;
}

static bool compare_all(const struct comparing *c, struct seen *seen)
{
    bool *taken = calloc(c->boxes->count + 1, sizeof(*taken)), same = true;
    size_t omitted = 0;

    must(taken != NULL, "out of memory");
    for (size_t i = 0; i < c->diff->nchanges && same; i++) {
        same = compare_change(c, &c->diff->changes[i], taken);
        seen->changes[c->diff->changes[i].kind]++;
    }
    for (size_t i = 0; i < PL_CHANGE_KINDS; i++)
        omitted += c->diff->omitted[i];
    if (same && c->boxes->count != c->diff->nchanges + omitted) {
        pl_buf_addf(c->out, "changes: by the oracle %zu, by diff %zu and %zu more\n",
                    c->boxes->count, c->diff->nchanges, omitted);
        same = false;
    }
    for (size_t i = 0, n = 0; i < c->boxes->count && !same && n < SHOWN; i++) {
        if (!taken[i]) {
            n++;
            pl_buf_add(c->out, pl_str_lit("not compared: "));
            say_box(c, &c->boxes->items[i]);
        }
    }
    free(taken);
    return same && compare_verdicts(c);
}

bool compare_diff(const struct oracle *o, struct pl_buf *out, struct seen *seen)
{
    struct pl_diff *diff = pl_diff_new(o->policy[0], o->policy[1], 0);
    struct oracle_boxes boxes;
    struct comparing c = {o, diff, &boxes, out};
    bool same;

    must(diff != NULL, "pl_diff_new: out of memory");
    if (diff->gave_up != NULL) {
        pl_buf_addf(out, "diff gave up: %s\n", diff->gave_up);
        pl_diff_free(diff);
        return false;
    }
    oracle_boxes_init(&boxes, o);
    same = compare_all(&c, seen);
    seen->pairs++;
    seen->same += boxes.count == 0;
    oracle_boxes_fini(&boxes);
    pl_diff_free(diff);
    return same && compare_wider(o, out, seen);
}
