/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines to change, as they can be pasted. */
#include "build.h"

#include <stdio.h>

/* The path of a socket of ours below the queue directory, relative to it; empty: it is elsewhere. */
static struct pl_str below_queue(const struct look *k, const struct pl_endpoint *e)
{
    struct pl_str path = pl_str_of(pl_endpoint_path(e));
    struct pl_str queue = pl_postconf_value(&k->l->pc, "queue_directory");

    if (queue.n == 0 || !pl_str_has_prefix(path, queue) || path.n <= queue.n + 1 ||
        path.p[queue.n] != '/')
        return (struct pl_str){NULL, 0};
    return pl_str_from(path, queue.n + 1);
}

/* The best of our sockets for this smtpd: below the queue directory, else TCP, else the first. */
static void write_endpoint(struct pl_buf *out, const struct look *k)
{
    const struct pl_doctor *d = k->d;

    for (size_t i = 0; i < d->nours; i++) {
        struct pl_str path = below_queue(k, &d->ours[i]);

        if (path.n > 0) {
            pl_buf_addf(out, "unix:%.*s", (int)path.n, path.p);
            return;
        }
    }
    for (size_t i = 0; i < d->nours; i++) {
        if (!pl_endpoint_is_unix(&d->ours[i])) {
            pl_buf_addf(out, "%s", d->ours[i].text);
            return;
        }
    }
    pl_buf_addf(out, "%s", d->nours > 0 ? d->ours[0].text : "unix:private/postlatch");
}

void write_service(struct pl_buf *out, const struct look *k, const struct pl_policy_service *of)
{
    bool observe = k->d->config->policy->mode == PL_MODE_OBSERVE;

    pl_buf_add(out, pl_str_lit("check_policy_service { "));
    if (of != NULL)
        pl_buf_add(out, of->endpoint);
    else
        write_endpoint(out, k);
    pl_buf_add(out, pl_str_lit(", timeout=5s, "));
    if (observe)
        pl_buf_add(out, pl_str_lit("default_action=DUNNO"));
    else
        pl_buf_add(out,
                   pl_str_lit("{ default_action = 451 4.3.5 Policy server is not available }"));
    for (unsigned o = 0; of != NULL && o < PL_SERVICE_OPTION_COUNT; o++) {
        if (of->given[o] && o != PL_SERVICE_TIMEOUT && o != PL_SERVICE_DEFAULT_ACTION)
            pl_buf_addf(out, ", { %s = %.*s }", pl_service_option_name((enum pl_service_option)o),
                        (int)of->option[o].n, of->option[o].p);
    }
    pl_buf_add(out, pl_str_lit(" }"));
}

void write_setting(const struct look *k, const char *name, struct pl_str value,
                   struct pl_buf *lines, struct pl_buf *file)
{
    if (pl_postconf_find(&k->l->service->overrides, name) != NULL) {
        pl_buf_addf(file, "master.cf, %s", k->at);
        pl_buf_addf(lines, "  -o { %s = %.*s }", name, (int)value.n, value.n > 0 ? value.p : "");
    } else {
        pl_buf_add(file, pl_str_lit("main.cf"));
        pl_buf_addf(lines, "%s =%s%.*s", name, value.n > 0 ? " " : "", (int)value.n,
                    value.n > 0 ? value.p : "");
    }
}

static void add_word(struct pl_buf *out, const char *word)
{
    pl_buf_addf(out, "%s%s", out->n > 0 ? ", " : "", word);
}

static void add_restriction(struct pl_buf *out, const struct pl_restriction *r)
{
    add_word(out, r->warn_only ? "warn_if_reject " : "");
    pl_buf_add(out, r->word);
    if (r->wants_arg && r->arg.p != r->word.p)
        pl_buf_addf(out, " %.*s", (int)r->arg.n, r->arg.n > 0 ? r->arg.p : "");
}

void write_list(const struct look *k, enum pl_smtpd_list list, const struct edit *e,
                struct pl_buf *lines, struct pl_buf *file)
{
    struct pl_str rest = k->lists[list].text;
    struct pl_restriction r;
    struct pl_buf value = {0};
    size_t top = 0;

    if (e->ours_first)
        write_service(&value, k, NULL);
    for (; pl_restriction_next(&rest, &r); top++) {
        if (top >= MOST_ITEMS || !e->drop[top])
            add_restriction(&value, &r);
    }
    if (e->last != NULL)
        add_word(&value, e->last);
    write_setting(k, pl_smtpd_list_name(list), pl_buf_str(&value), lines, file);
    pl_buf_fini(&value);
}

void write_without(const struct look *k, const struct items *items, size_t i, struct pl_buf *lines,
                   struct pl_buf *file)
{
    const struct item *item = &items->item[i];
    char name[256];
    struct pl_str rest = items->text;
    struct pl_restriction r;
    struct pl_buf value = {0};

    snprintf(name, sizeof(name), "%s", pl_smtpd_list_name(items->list));
    if (item->class.n > 0) {
        snprintf(name, sizeof(name), "%.*s", (int)item->class.n, item->class.p);
        rest = pl_postconf_value(&k->l->pc, name);
    }
    while (pl_restriction_next(&rest, &r)) {
        if (r.word.p != item->r.word.p) /* views into the same text */
            add_restriction(&value, &r);
    }
    write_setting(k, name, pl_buf_str(&value), lines, file);
    pl_buf_fini(&value);
}
