/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines to change, as they can be pasted. */
#include "build.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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

/* The item that a restriction of a list's text, or of a class, became: views into the same text. */
static const struct item *item_of(const struct items *items, const struct pl_restriction *r)
{
    for (size_t i = 0; i < items->count; i++) {
        if (items->item[i].r.word.p == r->word.p)
            return &items->item[i];
    }
    return NULL;
}

/* A table or server that is not broken is as good behind: it is only too early. */
static bool moves(const struct item *item)
{
    return (item->r.effect == PL_RESTRICT_TABLE || item->r.effect == PL_RESTRICT_POLICY) &&
           item->r.arg.n > 0;
}

static void add_restriction(struct pl_buf *out, const struct look *k, const struct item *item,
                            const struct pl_restriction *r)
{
    struct pl_policy_service s;
    struct pl_str part;
    const char *why;

    add_word(out, r->warn_only ? "warn_if_reject " : "");
    if (item != NULL && item->ours && k->mend) {
        bool ok = pl_policy_service_read(&s, r->arg, &part, &why) && !is_near_miss(k, &s) &&
                  pl_str_find(s.endpoint, ':') < s.endpoint.n;

        write_service(out, k, ok ? &s : NULL);
        return;
    }
    pl_buf_add(out, r->word);
    if (r->wants_arg && r->arg.p != r->word.p)
        pl_buf_addf(out, " %.*s", (int)r->arg.n, r->arg.n > 0 ? r->arg.p : "");
}

/* All of a text that is not marked, then what is marked and only has to stand behind. */
static void add_list(struct pl_buf *out, const struct look *k, const struct items *items,
                     struct pl_str text, const struct edit *e, bool of_class)
{
    struct pl_str rest = text;
    struct pl_restriction r;

    for (size_t top = 0; pl_restriction_next(&rest, &r); top++) {
        const struct item *item = item_of(items, &r);

        if ((item == NULL || item->code == NULL) && (top >= MOST_ITEMS || !e->drop[top]))
            add_restriction(out, k, item, &r);
    }
    if (e->last != NULL)
        add_word(out, e->last);
    for (rest = text; !of_class && pl_restriction_next(&rest, &r);) {
        const struct item *item = item_of(items, &r);

        if (item != NULL && item->code != NULL && moves(item))
            add_restriction(out, k, item, &r);
    }
}

void write_list(const struct look *k, enum pl_smtpd_list list, const struct edit *e,
                struct pl_buf *lines, struct pl_buf *file)
{
    struct pl_buf value = {0};

    if (e->ours_first)
        write_service(&value, k, NULL);
    add_list(&value, k, &k->lists[list], k->lists[list].text, e, false);
    write_setting(k, pl_smtpd_list_name(list), pl_buf_str(&value), lines, file);
    pl_buf_fini(&value);
}

void mark(struct look *k, struct item *item, const char *code, const char *why, const char *what,
          ...)
{
    va_list ap;
    char *text;
    int n;

    if (item->code != NULL)
        return;
    va_start(ap, what);
    n = vasprintf(&text, what, ap);
    va_end(ap);
    if (n < 0) {
        k->d->no_memory = true;
        return;
    }
    item->code = code;
    item->why = why;
    item->what = pl_arena_copy(k->d->arena, pl_str_of(text));
    k->d->no_memory = k->d->no_memory || item->what.p == NULL;
    free(text);
}

static void say_mark(const struct look *k, const struct items *items, const struct item *item)
{
    const char *list = pl_smtpd_list_name(items->list);
    const struct edit as_it_is = {0};
    struct pl_buf lines = {0}, file = {0}, value = {0};
    char name[256];

    if (item->class.n == 0) {
        write_list(k, items->list, &as_it_is, &lines, &file);
        pl_doctor_say(k->d, PL_FINDING_FAULT, item->code, k->at, text_of(&file), text_of(&lines),
                      item->why, "%s: %.*s", list, (int)item->what.n, item->what.p);
    } else {
        snprintf(name, sizeof(name), "%.*s", (int)item->class.n, item->class.p);
        add_list(&value, k, items, pl_postconf_value(&k->l->pc, name), &as_it_is, true);
        write_setting(k, name, pl_buf_str(&value), &lines, &file);
        pl_doctor_say(k->d, PL_FINDING_FAULT, item->code, k->at, text_of(&file), text_of(&lines),
                      item->why, "%s, by the class %s: %.*s", list, name, (int)item->what.n,
                      item->what.p);
    }
    pl_buf_fini(&lines);
    pl_buf_fini(&file);
    pl_buf_fini(&value);
}

void say_marks(struct look *k)
{
    for (unsigned list = 0; list < PL_LIST_COUNT; list++) {
        for (size_t i = 0; i < k->lists[list].count; i++) {
            if (k->lists[list].item[i].code != NULL && k->lists[list].item[i].what.p != NULL)
                say_mark(k, &k->lists[list], &k->lists[list].item[i]);
        }
    }
}
