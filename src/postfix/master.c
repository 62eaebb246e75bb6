/* SPDX-License-Identifier: BSD-2-Clause */
/* Services of master.cf, as `postconf -M` and `postconf -P` print them. */
#include "postlatch/master.h"

#include "postlatch/buf.h"
#include "postlatch/quote.h"

#include <stdlib.h>

void pl_master_fini(struct pl_master *m)
{
    for (size_t i = 0; i < m->count; i++)
        pl_postconf_fini(&m->services[i].overrides);
    free(m->services);
    *m = (struct pl_master){0};
}

/* The next word of a line of master.cf: blanks separate, braces hold together. */
static struct pl_str take_word(struct pl_str *rest)
{
    size_t n = 0, depth = 0;

    *rest = pl_str_trim(*rest);
    while (n < rest->n && (depth > 0 || (rest->p[n] != ' ' && rest->p[n] != '\t'))) {
        depth += rest->p[n] == '{';
        depth -= depth > 0 && rest->p[n] == '}';
        n++;
    }
    struct pl_str word = {rest->p, n};

    *rest = pl_str_from(*rest, n);
    return word;
}

/* Whether this is what -o wants: name=value, in braces or not. */
static bool is_setting(struct pl_str word)
{
    struct pl_str inner;

    if (word.n > 0 && word.p[0] == '{') {
        if (!pl_postfix_unbrace(word, &inner))
            return false;
        word = inner;
    }
    return pl_str_find(word, '=') > 0 && pl_str_find(word, '=') < word.n;
}

/* Of an smtpd and its like every argument is known, or it is odd. */
static void look_at_arguments(struct pl_master_service *s)
{
    struct pl_str rest = s->arguments, word;

    while ((word = take_word(&rest)).n > 0) {
        if (pl_str_eq(word, pl_str_lit("-v")) || pl_str_eq(word, pl_str_lit("-D")) ||
            pl_str_eq(word, pl_str_lit("-vv")))
            continue;
        if (pl_str_eq(word, pl_str_lit("-o"))) {
            word = take_word(&rest);
            if (is_setting(word))
                continue;
        } else if (pl_str_has_prefix(word, pl_str_lit("-o")) && is_setting(pl_str_from(word, 2))) {
            continue;
        }
        s->args = PL_MASTER_ARGS_ODD;
        s->odd = word;
        return;
    }
}

static bool read_service(struct pl_master *m, struct pl_str line, struct pl_pos at,
                         struct pl_diag *d)
{
    struct pl_master_service s = {0}, *grown;
    struct pl_str rest = line, word[8];
    struct pl_quote q;

    for (size_t i = 0; i < 8; i++)
        word[i] = take_word(&rest);
    if (word[7].n == 0) {
        pl_diag_error(d, at, "%s; expected a service: eight fields, the last its command",
                      pl_quote(&q, line));
        return false;
    }
    s.name = word[0];
    s.type = word[1];
    s.chroot = word[4];
    s.command = word[7];
    s.arguments = pl_str_trim(rest);
    look_at_arguments(&s);
    grown = pl_grow(m->services, &m->cap, m->count, sizeof(s));
    if (grown == NULL) {
        pl_diag_no_memory(d);
        return false;
    }
    m->services = grown;
    m->services[m->count++] = s;
    return true;
}

static struct pl_master_service *find(struct pl_master *m, struct pl_str name, struct pl_str type)
{
    for (size_t i = 0; i < m->count; i++) {
        if (pl_str_eq(m->services[i].name, name) && pl_str_eq(m->services[i].type, type))
            return &m->services[i];
    }
    return NULL;
}

/* name/type/parameter = value: only a service's name may hold a '/' itself. */
static void read_override(struct pl_master *m, struct pl_str line, struct pl_pos at,
                          struct pl_diag *d)
{
    size_t equals = pl_str_find(line, '=');
    struct pl_str key = pl_str_trim((struct pl_str){line.p, equals}), place;
    size_t second = pl_str_rfind(key, '/'), first;
    struct pl_master_service *s;
    struct pl_quote q;

    place = (struct pl_str){key.p, second};
    first = pl_str_rfind(place, '/');
    if (equals == line.n || second == key.n || first == place.n) {
        pl_diag_error(d, at, "%s; expected an override: service/type/parameter = value",
                      pl_quote(&q, line));
        return;
    }
    s = find(m, (struct pl_str){place.p, first}, pl_str_from(place, first + 1));
    if (s == NULL)
        pl_diag_error(d, at, "%s is no service; expected one of postconf -M", pl_quote(&q, place));
    else if (!pl_postconf_add(&s->overrides, pl_str_from(key, second + 1),
                              pl_str_trim(pl_str_from(line, equals + 1))))
        pl_diag_no_memory(d);
}

bool pl_master_read(struct pl_master *m, struct pl_str services, struct pl_str overrides,
                    struct pl_diag *d)
{
    size_t before = pl_diag_errors(d);
    struct pl_pos at = {pl_diag_file(d, "postconf -M"), 0};

    while (services.n > 0) {
        struct pl_str line = {services.p, pl_str_find(services, '\n')};

        at.line++;
        services = pl_str_from(services, line.n < services.n ? line.n + 1 : line.n);
        read_service(m, line, at, d);
    }
    at = (struct pl_pos){pl_diag_file(d, "postconf -P"), 0};
    while (overrides.n > 0) {
        struct pl_str line = {overrides.p, pl_str_find(overrides, '\n')};

        at.line++;
        overrides = pl_str_from(overrides, line.n < overrides.n ? line.n + 1 : line.n);
        read_override(m, line, at, d);
    }
    for (size_t i = 0; i < m->count; i++)
        pl_postconf_sort(&m->services[i].overrides);
    return pl_diag_errors(d) == before;
}

bool pl_master_is_chrooted(const struct pl_master_service *s, struct pl_str compatibility_level)
{
    if (pl_str_eq(s->chroot, pl_str_lit("-")))
        return compatibility_level.n == 0 || compatibility_level.p[0] == '0';
    return pl_str_eq(s->chroot, pl_str_lit("y"));
}

bool pl_master_is_smtpd(const struct pl_master_service *s)
{
    size_t slash = pl_str_rfind(s->command, '/');

    return pl_str_eq(slash == s->command.n ? s->command : pl_str_from(s->command, slash + 1),
                     pl_str_lit("smtpd"));
}

bool pl_master_is_loopback(const struct pl_master_service *s)
{
    struct pl_str name = s->name;

    if (!pl_str_eq(s->type, pl_str_lit("inet")))
        return pl_str_eq(s->type, pl_str_lit("unix"));
    return pl_str_has_prefix(name, pl_str_lit("127.")) ||
           pl_str_has_prefix(name, pl_str_lit("[127.")) ||
           pl_str_has_prefix(name, pl_str_lit("localhost:")) ||
           pl_str_has_prefix(name, pl_str_lit("[::1]:")) ||
           pl_str_has_prefix(name, pl_str_lit("::1:"));
}

bool pl_master_is_reinjection(const struct pl_master_service *s)
{
    static const char *const marks[] = {"content_filter", "receive_override_options",
                                        "smtpd_authorized_xforward_hosts"};

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (pl_postconf_find(&s->overrides, marks[i]) != NULL)
            return true;
    }
    return false;
}
