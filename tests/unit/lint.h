/* SPDX-License-Identifier: BSD-2-Clause */
/* Lint asked about a configuration, a surface and facts that a test has as text. */
#ifndef POSTLATCH_TESTS_UNIT_LINT_H
#define POSTLATCH_TESTS_UNIT_LINT_H

#include "config.h"

#include "postlatch/lint.h"

/* struct lint_case - all as text */
struct lint_case {
    const char *name;
    const char *config;  /* postlatch.conf */
    const char *surface; /* lines "NETWORK RULE", or "NETWORK elsewhere"; NULL: none is given */
    const char *host;    /* a file of host facts; NULL: none */
    const char *want;    /* lines "file:line: code object: message" */
};

static inline const struct pl_rule *rule_named(const struct pl_policy *p, const char *name)
{
    for (size_t i = 0; i < p->nrules; i++) {
        if (pl_str_eq(p->rules[i].name, pl_str_of(name)))
            return &p->rules[i];
    }
    fail_msg("no rule %s", name);
    return NULL;
}

/* make_surface - what the lines of text say; they must be in order */
static inline void make_surface(struct pl_surface *s, const struct pl_policy *p, const char *text)
{
    char copy[2048], *rest = copy, *line, why[PL_PREFIX_WHY];

    *s = (struct pl_surface){.arena = pl_arena_new()};
    s->lines = pl_arena_array(s->arena, 64, sizeof(*s->lines));
    snprintf(copy, sizeof(copy), "%s", text);
    while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0') {
        struct pl_surface_line *l = &s->lines[s->nlines++];
        const struct pl_rule **rules = pl_arena_array(s->arena, 1, sizeof(*rules));
        char *blank = strchr(line, ' ');

        l->kind = PL_SURFACE_NETWORK;
        l->any = true;
        l->rules = rules;
        l->nrules = 1;
        *blank = '\0';
        l->elsewhere = strcmp(blank + 1, "elsewhere") == 0;
        rules[0] = rule_named(p, l->elsewhere ? "builtin:reject" : blank + 1);
        if (!pl_prefix_parse(&l->network, pl_str_of(line), why))
            fail_msg("surface: %s: %s", line, why);
    }
}

/* lint_text - load, lint, write the findings whose code is in codes (bits) as text into out */
static inline void lint_text(const struct lint_case *c, unsigned codes, struct pl_buf *out)
{
    struct pl_config config;
    struct pl_buf messages = {0};
    struct pl_lint_input in = {0};
    struct pl_surface surface = {0};
    struct pl_host_facts host = {0};
    struct pl_diag *d = pl_diag_new();
    struct pl_findings *f;
    struct pl_space *space;
    bool too_large;
    char path[512];

    if (!load_text(&config, c->config, &messages))
        fail_msg("%s: %s", c->name, messages.p);
    config.policy->today = 20000; /* 2024-10-04 */
    if (c->surface != NULL) {
        make_surface(&surface, config.policy, c->surface);
        in.surface = &surface;
    }
    if (c->host != NULL) {
        snprintf(path, sizeof(path), "%s/host", folder);
        write_file(path, c->host);
        if (!pl_host_facts_load(&host, path, d))
            fail_msg("%s: %s", c->name, pl_diag_get(d, 0));
        unlink(path);
        in.host = &host;
    }
    in.space = space = pl_space_new(config.policy, NULL, &too_large);
    assert_non_null(space);
    f = pl_lint(config.policy, &in);
    assert_non_null(f);
    assert_null(f->gave_up);
    for (size_t i = 0; i < f->count; i++) {
        const struct pl_finding *x = &f->items[i];
        const char *text = x->message.p, *at;

        if ((codes >> x->code & 1) == 0)
            continue;
        if (x->at.file < config.policy->nfiles)
            pl_buf_addf(out, "%s:%u: ", config.policy->files[x->at.file].p + strlen(folder) + 1,
                        (unsigned)x->at.line);
        pl_buf_addf(out, "%s %s: ", pl_lint_word(x->code), x->object.p);
        while ((at = strstr(text, folder)) != NULL) {
            pl_buf_add(out, (struct pl_str){text, (size_t)(at - text)});
            text = at + strlen(folder) + 1;
        }
        pl_buf_addf(out, "%s\n", text);
    }
    pl_findings_free(f);
    pl_space_free(space);
    pl_arena_free(surface.arena);
    pl_host_facts_fini(&host);
    pl_diag_free(d);
    pl_buf_fini(&messages);
    pl_config_fini(&config);
}

static inline void check_lint(const struct lint_case *c, unsigned codes)
{
    struct pl_buf out = {0};

    lint_text(c, codes, &out);
    check_str(c->name, out.p == NULL ? "" : out.p, c->want);
    pl_buf_fini(&out);
}

#endif
