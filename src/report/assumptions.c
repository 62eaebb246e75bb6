/* SPDX-License-Identifier: BSD-2-Clause */
/* What a verdict rests on: facts that nobody can read out of a policy, said with each verdict. */
#include "postlatch/check.h"

static void add_list(struct pl_buf *out, const struct pl_policy *p, enum pl_boundary b)
{
    size_t shown = 0;

    for (size_t i = 0; i < p->boundary[b].in_count && shown < 3; i++) {
        const struct pl_table *t = p->boundary[b].in[i].table;

        for (size_t e = 0; t != NULL && t->name.n == 0 && e < t->count && shown < 3; e++) {
            if (t->entries != NULL)
                pl_buf_addf(out, "%s%.*s", shown == 0 ? " (" : ", ", (int)t->entries[e].text.n,
                            t->entries[e].text.p);
            shown += t->entries != NULL;
        }
    }
    if (shown > 0)
        pl_buf_addf(out, "%s)", shown == 3 ? ", …" : "");
}

static bool is_given(const struct pl_policy *p, enum pl_boundary b)
{
    return p->boundary[b].in_words != 0 || p->boundary[b].in_count > 0;
}

static void add_after_dunno(struct pl_buf *out, const struct pl_policy *p)
{
    static const char *const words[] = {"reject_unauth_destination", "defer_unauth_destination",
                                        "reject", "permit"};

    pl_buf_addf(out, "after a DUNNO Postfix comes to %s (after_dunno), wherever it asks us",
                words[p->after_dunno]);
}

static void add_listeners(struct pl_buf *out, const struct pl_policy *p)
{
    pl_buf_add(out, pl_str_lit("only trusted clients reach the places in relay_listeners ("));
    for (size_t i = 0; i < p->nlisteners && i < 3; i++)
        pl_buf_addf(out, "%s%s", i == 0 ? "" : ", ", p->listeners[i].text.p);
    pl_buf_addf(out, "%s)", p->nlisteners > 3 ? ", …" : "");
}

static void add_masking(struct pl_buf *out, const struct pl_policy *p)
{
    if (is_given(p, PL_BOUNDARY_MASKING)) {
        pl_buf_add(out, pl_str_lit("anyone may hide behind the addresses in masking"));
        add_list(out, p, PL_BOUNDARY_MASKING);
        pl_buf_add(out, pl_str_lit(", and behind no other trusted address"));
    } else {
        pl_buf_add(out, pl_str_lit("a client_address is the client's own: no NAT, proxy, tunnel or "
                                   "container bridge stands before Postfix (masking is empty)"));
    }
}

/* Those that do not apply leave nothing behind, and are passed over. */
static void add(struct pl_buf *out, const struct pl_policy *p, size_t i)
{
    switch (i) {
    case 0:
        pl_buf_add(out, pl_str_lit("nothing before postlatch in Postfix's restrictions permits"));
        break;
    case 1:
        add_after_dunno(out, p);
        break;
    case 2:
        pl_buf_add(out, pl_str_lit("Postfix accepts mail for each domain in accepted_domains"));
        break;
    case 3:
        add_masking(out, p);
        break;
    case 4:
        if (is_given(p, PL_BOUNDARY_RELAY_CLIENT_NAMES)) {
            pl_buf_add(out, pl_str_lit("the DNS of the names in relay_client_names"));
            add_list(out, p, PL_BOUNDARY_RELAY_CLIENT_NAMES);
            pl_buf_add(out, pl_str_lit(" is in trusted hands"));
        }
        break;
    case 5:
        if (p->nlisteners > 0)
            add_listeners(out, p);
        break;
    case 6:
        if (is_given(p, PL_BOUNDARY_PERMITTED_ELSEWHERE)) {
            pl_buf_add(out, pl_str_lit("without our word Postfix permits the clients in "
                                       "permitted_elsewhere"));
            add_list(out, p, PL_BOUNDARY_PERMITTED_ELSEWHERE);
            pl_buf_add(out, pl_str_lit(", and no others"));
        } else {
            pl_buf_add(out, pl_str_lit("Postfix permits no client without our word "
                                       "(permitted_elsewhere is empty)"));
        }
        break;
    case 7:
        pl_buf_addf(out, "a recipient without a domain is %s (bare_recipient)",
                    p->bare_is_ours ? "ours: myorigin is an accepted domain" : "foreign");
        break;
    case 8:
        pl_buf_add(out, pl_str_lit("the files are as they were read just now"));
        break;
    default:
        if (p->mode == PL_MODE_OBSERVE)
            pl_buf_add(out, pl_str_lit("mode = observe refuses nothing: the verdict is that of "
                                       "enforce, and Postfix's own restrictions stand behind us"));
        break;
    }
}

enum { ASSUMPTIONS = 10 };

bool pl_check_assumption(struct pl_buf *out, const struct pl_policy *p, size_t i)
{
    size_t seen = 0;

    for (size_t each = 0; each < ASSUMPTIONS; each++) {
        pl_buf_reset(out);
        add(out, p, each);
        if (out->n > 0 && seen++ == i)
            return true;
    }
    return false;
}
