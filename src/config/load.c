/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading a configuration: text → scan → libconfuse → policy and settings. With a single error
 * anywhere nothing is loaded; the caller keeps what it has.
 */
#include "build.h"
#include "scan.h"

#include "postlatch/buf.h"

#include <string.h>

/* The names behind the positions in the policy, which outlives the diagnostics. */
static bool keep_file_names(struct pl_policy *p, const struct pl_diag *d)
{
    size_t n = pl_diag_file_count(d);
    struct pl_str *files = pl_arena_array(p->arena, n, sizeof(*files));

    if (files == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        files[i] = pl_arena_copy(p->arena, pl_str_of(pl_diag_file_name(d, (uint32_t)i)));
        if (files[i].p == NULL)
            return false;
    }
    p->files = files;
    p->nfiles = n;
    return true;
}

static void freeze(struct pl_policy *p)
{
    for (size_t i = 0; i < p->ntables; i++)
        pl_table_freeze(p->tables[i]);
    for (size_t i = 0; i < p->ninline; i++)
        pl_table_freeze(p->inlines[i]);
}

/* The parts in the order in which they need one another. */
static void build(struct builder *b)
{
    build_options(b);
    build_tables(b);
    build_boundary(b);
    build_listeners(b);
    build_rules(b);
    build_waivers(b);
    if (!b->policy->lean)
        check_boundary(b);
}

static bool finish(struct builder *b)
{
    bool too_many = false;

    freeze(b->policy);
    if (pl_policy_add_builtin(b->policy) && keep_file_names(b->policy, b->d) &&
        pl_policy_compile(b->policy, &too_many))
        return !b->policy->lean || boundary_is_sound(b);
    if (too_many)
        pl_diag_error(b->d, PL_NOWHERE,
                      "the lists overlap in more than %d different ways; expected fewer lists, or "
                      "lists that overlap less",
                      PL_CLASSES_MAX);
    else
        pl_diag_no_memory(b->d);
    return false;
}

static bool load(struct pl_config *config, const char *path, bool lean, struct pl_diag *d)
{
    struct builder b = {.settings = &config->settings, .d = d};
    struct pl_buf canonical = {0};
    size_t before = pl_diag_errors(d);
    bool ok;

    memset(config, 0, sizeof(*config));
    scan(path, &canonical, d);
    b.policy = pl_policy_new();
    if (b.policy == NULL)
        pl_diag_no_memory(d);
    else
        b.policy->lean = lean;
    /* After errors of form too: what stands in the sound statements is checked all the same. */
    if (b.policy != NULL && !canonical.failed)
        b.tree = tree_parse(canonical.p == NULL ? "" : canonical.p, d);
    if (b.tree != NULL)
        build(&b);
    ok = pl_diag_errors(d) == before && finish(&b);
    tree_free(b.tree);
    pl_buf_fini(&canonical);
    if (!ok) {
        pl_policy_free(b.policy);
        memset(config, 0, sizeof(*config));
        return false;
    }
    config->policy = b.policy;
    return true;
}

bool pl_config_load(struct pl_config *config, const char *path, struct pl_diag *d)
{
    return load(config, path, false, d);
}

bool pl_config_load_lean(struct pl_config *config, const char *path, struct pl_diag *d)
{
    struct pl_diag *ignored = pl_diag_new();
    bool ok = ignored != NULL && load(config, path, true, ignored);

    pl_diag_free(ignored);
    return ok || load(config, path, false, d);
}

bool pl_config_load_shadow(struct pl_config *shadow, const struct pl_config *of, struct pl_diag *d)
{
    const struct pl_settings *s = &of->settings;
    struct pl_pos at = s->shadow_at;

    if (at.file < of->policy->nfiles) /* named first, so that its line is the first one */
        at.file = pl_diag_file(d, of->policy->files[at.file].p);
    if (pl_config_load_lean(shadow, s->shadow, d))
        return true;
    pl_diag_error(d, at, "shadow: \"%s\" does not load", s->shadow);
    return false;
}

bool pl_config_load_settings(struct pl_config *config, const char *path)
{
    struct builder b = {.settings = &config->settings, .d = pl_diag_new()};
    struct pl_buf canonical = {0};
    bool ok = false;

    memset(config, 0, sizeof(*config));
    if (b.d == NULL)
        return false;
    scan(path, &canonical, b.d);
    b.policy = pl_policy_new();
    if (b.policy != NULL && !canonical.failed && pl_diag_errors(b.d) == 0)
        b.tree = tree_parse(canonical.p == NULL ? "" : canonical.p, b.d);
    if (b.tree != NULL) {
        build_options(&b);
        b.policy->bare_is_ours = false;
        ok = pl_diag_errors(b.d) == 0 && finish(&b);
    }
    tree_free(b.tree);
    pl_buf_fini(&canonical);
    pl_diag_free(b.d);
    if (!ok) {
        pl_policy_free(b.policy);
        memset(config, 0, sizeof(*config));
        return false;
    }
    config->policy = b.policy;
    return true;
}

bool pl_config_find_control(const char *config_path, char *path, size_t size)
{
    struct pl_diag *d = pl_diag_new(); /* what is wrong with the file is the daemon's to tell */
    struct pl_buf canonical = {0};
    struct tree *tree = NULL;
    struct tree_value value;
    bool found = false;

    if (d == NULL)
        return false;
    scan(config_path, &canonical, d);
    if (!canonical.failed && canonical.p != NULL)
        tree = tree_parse(canonical.p, d);
    if (tree != NULL && tree_scalar(tree_top(tree), "control", &value) && !value.bad)
        found = value.text.n > 0 && value.text.p[0] == '/' && value.text.n < size;
    if (found) {
        memcpy(path, value.text.p, value.text.n);
        path[value.text.n] = '\0';
    }
    tree_free(tree);
    pl_buf_fini(&canonical);
    pl_diag_free(d);
    return found;
}

void pl_config_fini(struct pl_config *config)
{
    pl_policy_free(config->policy);
    memset(config, 0, sizeof(*config));
}

static bool same_places(const struct pl_endpoint *a, size_t na, const struct pl_endpoint *b,
                        size_t nb)
{
    if (na != nb)
        return false;
    for (size_t i = 0; i < na; i++) {
        if (strcmp(a[i].text, b[i].text) != 0)
            return false;
    }
    return true;
}

const char *pl_config_restart_needed(const struct pl_settings *a, const struct pl_settings *b,
                                     size_t *from)
{
    const struct {
        const char *name;
        bool same;
    } options[] = {
        {"listen", same_places(a->listen, a->nlisten, b->listen, b->nlisten)},
        {"socket_mode", a->socket_mode == b->socket_mode},
        {"socket_owner", strcmp(a->socket_owner, b->socket_owner) == 0},
        {"socket_group", strcmp(a->socket_group, b->socket_group) == 0},
        {"control", strcmp(a->control, b->control) == 0},
        {"workers", a->workers == b->workers},
        {"user", strcmp(a->user, b->user) == 0},
        {"group", strcmp(a->group, b->group) == 0},
        {"max_connections", a->max_connections == b->max_connections},
        {"max_request_size", a->max_request_size == b->max_request_size},
        {"idle_timeout", a->idle_timeout_s == b->idle_timeout_s},
        {"sandbox", a->sandbox == b->sandbox},
        {"metrics", same_places(a->metrics, a->nmetrics, b->metrics, b->nmetrics)},
    };

    while (*from < sizeof(options) / sizeof(options[0])) {
        size_t i = (*from)++;

        if (!options[i].same)
            return options[i].name;
    }
    return NULL;
}
