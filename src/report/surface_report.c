/* SPDX-License-Identifier: BSD-2-Clause */
/* The relay surface for people and for programs. */
#include "postlatch/check.h"

#include <string.h>

static const struct {
    const char *prefix, *key;
} kinds[] = {
    [PL_SURFACE_NETWORK] = {"", "cidr"},
    [PL_SURFACE_NO_ADDRESS] = {"address:", "address"},
    [PL_SURFACE_NAME] = {"name:", "name"},
    [PL_SURFACE_LISTENER] = {"listener:", "listener"},
    [PL_SURFACE_LOGIN] = {"login:", "login"},
    [PL_SURFACE_CERTIFICATE] = {"certificate:", "certificate"},
};

enum { SUBJECT_WIDTH = 28 };

static void add_line(struct pl_buf *out, const struct pl_surface_line *l, const char *indent)
{
    size_t begin = out->n + strlen(indent);

    pl_buf_addf(out, "%s%s%s", indent, kinds[l->kind].prefix, l->text.p);
    do
        pl_buf_add_char(out, ' ');
    while (!out->failed && out->n < begin + SUBJECT_WIDTH);
    for (size_t i = 0; i < l->nrules; i++)
        pl_buf_addf(out, l->rules[i]->builtin ? "%s%s" : "%s\"%s\"", i == 0 ? "" : ", ",
                    l->rules[i]->name.p);
    if (l->elsewhere)
        pl_buf_add(out, pl_str_lit(" (Postfix permits it: permitted_elsewhere)"));
    if (!l->any)
        pl_buf_addf(out, "  %sonly to %s", l->mixed ? "from some of these addresses " : "",
                    l->to.p);
    pl_buf_add_char(out, '\n');
}

void pl_check_add_surface(struct pl_buf *out, const struct pl_surface *surface, size_t most,
                          const char *indent)
{
    for (size_t i = 0; i < surface->nlines && (most == 0 || i < most); i++)
        add_line(out, &surface->lines[i], indent);
    if (most != 0 && surface->nlines > most)
        pl_buf_addf(out, "%sand %zu more; postlatch surface lists them all\n", indent,
                    surface->nlines - most);
}

struct pl_json *pl_check_json_surface(const struct pl_surface *surface, bool networks_only)
{
    struct pl_json *array = pl_json_array();

    for (size_t i = 0; i < surface->nlines; i++) {
        const struct pl_surface_line *l = &surface->lines[i];
        struct pl_json *object, *rules;

        if (networks_only && l->kind != PL_SURFACE_NETWORK)
            continue;
        object = pl_json_object();
        rules = pl_json_array();
        for (size_t r = 0; r < l->nrules; r++)
            pl_json_append(rules, pl_json_string(l->rules[r]->name));
        pl_json_set(object, kinds[l->kind].key, pl_json_string(l->text));
        pl_json_set(object, "rules", rules);
        pl_json_set(object, "recipients",
                    pl_json_string(l->any || l->mixed ? pl_str_lit("any") : l->to));
        if (l->mixed)
            pl_json_set(object, "some_only", pl_json_string(l->to));
        pl_json_append(array, object);
    }
    return array;
}

struct pl_json *pl_check_json_request(const struct pl_str request[PL_ATTR_COUNT])
{
    struct pl_json *object = pl_json_object();

    for (unsigned attr = 0; attr < PL_ATTR_COUNT; attr++) {
        if (request[attr].n > 0)
            pl_json_set(object, pl_attr_name((enum pl_attr)attr), pl_json_string(request[attr]));
    }
    return object;
}
