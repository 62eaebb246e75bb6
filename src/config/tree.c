/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libconfuse behind a wrapper. It gets text in which each value carries its own position (scan.h),
 * since its line numbers are wrong after comments and those of list entries are lost; all options
 * are strings or lists of strings. Sections are untitled to libconfuse: its look-up of titles is
 * quadratic (docs/adr/0002).
 */
#include "tree.h"

#include "postlatch/compiler.h"

#include <confuse.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* libconfuse's scanner is one global state machine: two threads in it crash at once. */
static pthread_mutex_t confuse_lock = PTHREAD_MUTEX_INITIALIZER;

struct tree {
    cfg_opt_t options[SECTION_COUNT][SCHEMA_OPTIONS_MAX + SECTION_COUNT + 2];
    cfg_t *cfg;
};

/* The options of one section, in the form that libconfuse takes; it copies them at cfg_init. */
static void describe(struct tree *t, enum schema_section section)
{
    cfg_opt_t *o = t->options[section];
    size_t n, used = 0;
    const struct schema_option *options = schema_options(section, &n);

    pl_assert(n <= SCHEMA_OPTIONS_MAX);
    if (schema_section_titled(section))
        o[used++] = (cfg_opt_t)CFG_STR("title", 0, CFGF_NODEFAULT);
    for (size_t i = 0; i < n; i++) {
        if (options[i].name == NULL)
            continue;
        if (options[i].shape == SHAPE_SCALAR)
            o[used++] = (cfg_opt_t)CFG_STR(options[i].name, 0, CFGF_NODEFAULT);
        else
            o[used++] = (cfg_opt_t)CFG_STR_LIST(options[i].name, 0, CFGF_NODEFAULT);
    }
    if (section == SECTION_TOP) {
        for (unsigned s = SECTION_TOP + 1; s < SECTION_COUNT; s++)
            o[used++] = (cfg_opt_t)CFG_SEC(schema_section_word((enum schema_section)s),
                                           t->options[s], CFGF_MULTI);
    }
    o[used] = (cfg_opt_t)CFG_END();
}

/* libconfuse's own errors are noted by tree_parse; it must not print them. */
static void quiet(cfg_t *cfg, const char *fmt, va_list ap)
{
    (void)cfg;
    (void)fmt;
    (void)ap;
}

struct tree *tree_parse(const char *canonical, struct pl_diag *d)
{
    struct tree *t = calloc(1, sizeof(*t));
    int status = CFG_PARSE_ERROR;

    if (t == NULL) {
        pl_diag_no_memory(d);
        return NULL;
    }
    for (unsigned s = SECTION_COUNT; s-- > 0;) /* the top level last: it points to the others */
        describe(t, (enum schema_section)s);
    pthread_mutex_lock(&confuse_lock);
    t->cfg = cfg_init(t->options[SECTION_TOP], CFGF_NONE);
    if (t->cfg != NULL) {
        cfg_set_error_function(t->cfg, quiet);
        status = cfg_parse_buf(t->cfg, canonical);
    }
    pthread_mutex_unlock(&confuse_lock);
    if (status != CFG_SUCCESS) {
        pl_diag_error(d, PL_NOWHERE,
                      "libconfuse cannot read what the scan has passed; out of memory, or a bug");
        tree_free(t);
        return NULL;
    }
    return t;
}

void tree_free(struct tree *t)
{
    if (t == NULL)
        return;
    if (t->cfg != NULL)
        cfg_free(t->cfg);
    free(t);
}

struct tree_section *tree_top(struct tree *t)
{
    return (struct tree_section *)t->cfg;
}

size_t tree_count(struct tree *t, enum schema_section section)
{
    return cfg_size(t->cfg, schema_section_word(section));
}

struct tree_section *tree_section(struct tree *t, enum schema_section section, size_t i)
{
    cfg_t *sec = cfg_getnsec(t->cfg, schema_section_word(section), (unsigned)i);

    pl_assert(sec != NULL);
    return (struct tree_section *)sec;
}

/* "FILE:LINE" and a mark, then the text: see scan.h. Returns the mark. */
static char decode(const char *s, struct tree_value *value)
{
    char *end = NULL;

    value->at.file = (uint32_t)strtoul(s, &end, 10);
    pl_assert(end != s && *end == ':');
    value->at.line = (uint32_t)strtoul(end + 1, &end, 10);
    value->bad = *end == '!';
    value->text = *end == ':' ? pl_str_of(end + 1) : (struct pl_str){NULL, 0};
    return *end;
}

/* The option, which is in the schema: asking for another is a bug. */
static cfg_opt_t *option(struct tree_section *s, const char *name)
{
    cfg_opt_t *o = cfg_getopt((cfg_t *)(void *)s, name);

    pl_assert(o != NULL);
    return o;
}

bool tree_scalar(struct tree_section *s, const char *name, struct tree_value *value)
{
    const char *text = cfg_opt_getstr(option(s, name));

    if (text == NULL)
        return false;
    decode(text, value);
    return true;
}

bool tree_list_at(struct tree_section *s, const char *name, struct pl_pos *at)
{
    cfg_opt_t *o = option(s, name);
    struct tree_value first;

    if (cfg_opt_size(o) == 0)
        return false;
    decode(cfg_opt_getnstr(o, 0), &first);
    *at = first.at;
    return true;
}

bool tree_list_next(struct tree_section *s, const char *name, unsigned *from,
                    struct tree_value *value)
{
    cfg_opt_t *o = option(s, name);

    while (*from < cfg_opt_size(o)) {
        if (decode(cfg_opt_getnstr(o, (*from)++), value) != '=')
            return true;
    }
    return false;
}
