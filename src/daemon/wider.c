/* SPDX-License-Identifier: BSD-2-Clause */
/* What a reload would add to the relay surface. */
#include "wider.h"

#include "postlatch/compiler.h"
#include "postlatch/nameset.h"
#include "postlatch/ranges.h"
#include "postlatch/surface.h"

#include <string.h>

enum { SHOWN = 10 };

/* One line of text that is being put together: what is new, the first few of it. */
struct list {
    struct pl_buf *text;
    size_t count;
};

static void add_item(struct list *l, const char *noun, const char *item, bool freer)
{
    if (l->count++ < SHOWN)
        pl_buf_addf(l->text, "%s%s%s%s", l->count > 1 ? ", " : "", noun, item,
                    freer ? " (now to anybody)" : "");
}

/* The addresses of the surface: from all its lines, or only from those that reach anybody. */
static bool collect(struct pl_ranges *r, const struct pl_surface *s, bool any)
{
    for (size_t i = 0; i < s->nlines; i++) {
        const struct pl_surface_line *line = &s->lines[i];

        if (line->kind == PL_SURFACE_NETWORK && (line->any || !any) &&
            !pl_ranges_add(r, &line->network))
            return false;
    }
    pl_ranges_merge(r);
    return true;
}

static void add_ranges(struct list *l, const struct pl_ranges *r, bool freer)
{
    for (size_t i = 0; i < r->count; i++) {
        struct pl_range range = r->ranges[i];
        struct pl_prefix prefix;
        char text[PL_PREFIX_TEXT];

        while (pl_range_next_prefix(&range, &prefix))
            add_item(l, "", pl_prefix_format(text, &prefix), freer);
    }
}

/* False when memory is short, as everywhere below. */
static bool compare_networks(struct list *l, const struct pl_surface *now,
                             const struct pl_surface *next)
{
    struct pl_ranges before = {0}, before_any = {0}, fresh = {0}, freer = {0};
    bool ok = collect(&before, now, false) && collect(&before_any, now, true) &&
              collect(&fresh, next, false) && collect(&freer, next, true) &&
              pl_ranges_subtract(&fresh, &before) && pl_ranges_subtract(&freer, &before_any) &&
              pl_ranges_subtract(&freer, &fresh);

    if (ok) {
        add_ranges(l, &fresh, false);
        add_ranges(l, &freer, true);
    }
    pl_ranges_fini(&before);
    pl_ranges_fini(&before_any);
    pl_ranges_fini(&fresh);
    pl_ranges_fini(&freer);
    return ok;
}

static const char *noun(enum pl_surface_kind kind)
{
    switch (kind) {
    case PL_SURFACE_NAME:
        return "name ";
    case PL_SURFACE_LISTENER:
        return "listener ";
    case PL_SURFACE_LOGIN:
        return "login ";
    case PL_SURFACE_CERTIFICATE:
        return "certificate ";
    case PL_SURFACE_NO_ADDRESS:
        return "clients without an address";
    case PL_SURFACE_NETWORK:
        break;
    }
    pl_never("networks are compared as ranges");
}

static bool has(const struct pl_nameset *names, struct pl_str text)
{
    return pl_nameset_find(names, text) != PL_NO_ENTRY;
}

/* Whether a line is in the old surface, or lies in a wider one of it. */
static bool is_covered(const struct pl_nameset *old, enum pl_surface_kind kind, struct pl_str text)
{
    size_t at = pl_str_rfind(text, '@');

    if (has(old, text) || (kind != PL_SURFACE_NAME && has(old, pl_str_lit("any"))))
        return true;
    if (kind == PL_SURFACE_LOGIN)
        return at < text.n && has(old, pl_str_from(text, at));
    for (size_t i = 1; kind == PL_SURFACE_NAME && i < text.n; i++) {
        if (text.p[i] == '.' && has(old, pl_str_from(text, i)))
            return true;
    }
    return false;
}

/* The lines of one kind, by their text. */
static bool compare_lines(struct list *l, const struct pl_surface *now,
                          const struct pl_surface *next, enum pl_surface_kind kind)
{
    struct pl_nameset all = {0}, any = {0};
    bool ok = true;

    for (size_t i = 0; i < now->nlines && ok; i++) {
        const struct pl_surface_line *line = &now->lines[i];

        if (line->kind != kind)
            continue;
        ok = pl_nameset_add(&all, line->text, 0) &&
             (!line->any || pl_nameset_add(&any, line->text, 0));
    }
    pl_nameset_freeze(&all);
    pl_nameset_freeze(&any);
    for (size_t i = 0; i < next->nlines && ok; i++) {
        const struct pl_surface_line *line = &next->lines[i];
        const char *text = kind == PL_SURFACE_NO_ADDRESS ? "" : line->text.p;

        if (line->kind != kind)
            continue;
        if (!is_covered(&all, kind, line->text))
            add_item(l, noun(kind), text, false);
        else if (line->any && !is_covered(&any, kind, line->text))
            add_item(l, noun(kind), text, true);
    }
    pl_nameset_fini(&all);
    pl_nameset_fini(&any);
    return ok;
}

static enum wider unknown(struct pl_buf *text, const char *why)
{
    pl_buf_reset(text);
    pl_buf_addf(text, "whether more may relay than before is not known: %s", why);
    return WIDER_UNKNOWN;
}

enum wider wider_compare(struct pl_buf *text, const struct pl_policy *now,
                         const struct pl_policy *next)
{
    struct pl_surface *a = pl_surface_new(now, NULL, false);
    struct pl_surface *b = a == NULL ? NULL : pl_surface_new(next, NULL, false);
    struct list list = {text, 0};
    enum wider result;

    pl_buf_addf(text, "more may relay than before: ");
    if (a == NULL || b == NULL || !compare_networks(&list, a, b) ||
        !compare_lines(&list, a, b, PL_SURFACE_NO_ADDRESS) ||
        !compare_lines(&list, a, b, PL_SURFACE_NAME) ||
        !compare_lines(&list, a, b, PL_SURFACE_LISTENER) ||
        !compare_lines(&list, a, b, PL_SURFACE_LOGIN) ||
        !compare_lines(&list, a, b, PL_SURFACE_CERTIFICATE)) {
        result = unknown(text, "out of memory");
    } else if (a->gave_up != NULL || (b->gave_up != NULL && list.count == 0)) {
        result = unknown(text, a->gave_up != NULL ? a->gave_up : b->gave_up);
    } else if (list.count > 0) {
        if (list.count > SHOWN)
            pl_buf_addf(text, " and %zu more", list.count - SHOWN);
        result = WIDER_IS;
    } else {
        pl_buf_reset(text);
        result = WIDER_NOT;
    }
    pl_surface_free(a);
    pl_surface_free(b);
    return result;
}
