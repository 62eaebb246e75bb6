/* SPDX-License-Identifier: BSD-2-Clause */
/* What both programs say about a configuration: its errors, or its verdict and all that goes with it. */
#include "postlatch/check.h"

#include "postlatch/config.h"
#include "postlatch/explain.h"
#include "postlatch/lint.h"
#include "postlatch/netlink.h"
#include "postlatch/reach_text.h"
#include "postlatch/wrap.h"

#include <string.h>

enum { SURFACE_SHOWN = 10 };

/* Everything that there is to say; NULL where it could not be had. */
struct checked {
    const char *path;
    const struct pl_policy *policy; /* NULL: invalid */
    struct pl_diag *d;
    struct pl_space *space;
    struct pl_proof *proof;
    struct pl_surface *surface;
    struct pl_findings *findings;
    struct pl_host_facts host;
    bool bad_facts;      /* the file with the facts of the host has errors */
    const char *no_host; /* why there are no facts of a host, or NULL */
    char why[PL_NETLINK_WHY];
    const struct pl_check_options *options;
};

void pl_check_print_errors(struct pl_diag *d, FILE *out)
{
    size_t shown = 0;

    for (const char *line; (line = pl_diag_get(d, shown)) != NULL; shown++)
        fprintf(out, "%s\n", line);
    if (shown < pl_diag_errors(d))
        fprintf(out, "and %zu more\n", pl_diag_errors(d) - shown);
}

/* ---- finding out ---- */

static bool get_host(struct checked *c, const struct pl_check_options *o)
{
    if (o->no_host) {
        c->no_host = "the facts of the host were not asked for (--no-host)";
        return true;
    }
    if (o->host_file != NULL)
        return pl_host_facts_load(&c->host, o->host_file, c->d);
    if (!pl_host_facts_read(&c->host, c->why))
        c->no_host = c->why;
    return true;
}

/* False when memory is short. */
static bool analyse(struct checked *c)
{
    bool too_large = false;
    struct pl_lint_input in = {0};

    c->space = pl_space_new(c->policy, NULL, &too_large);
    if (c->space == NULL && !too_large)
        return false;
    c->proof = pl_prove(c->policy, c->space);
    if (c->space != NULL)
        c->surface = pl_surface_new(c->policy, c->space, false);
    if (c->proof == NULL || (c->space != NULL && c->surface == NULL))
        return false;
    if (c->space == NULL)
        return true;
    in.space = c->space;
    in.proof = c->proof;
    in.surface = c->surface;
    in.host = c->no_host == NULL ? &c->host : NULL;
    c->findings = pl_lint(c->policy, &in);
    return c->findings != NULL;
}

static size_t count(const struct checked *c, bool notes)
{
    size_t n = 0;

    for (unsigned code = 0; code < PL_LINT_COUNT && c->findings != NULL; code++)
        n += pl_lint_is_note((enum pl_lint_code)code) == notes ? c->findings->found[code] : 0;
    return n;
}

/* ---- text ---- */

static void add_finding(struct pl_buf *out, const struct checked *c, const struct pl_finding *f)
{
    if (f->at.file < c->policy->nfiles) {
        pl_explain_place(out, c->policy, f->at);
        pl_buf_add(out, pl_str_lit(": "));
    }
    pl_buf_addf(out, "%s: %s: %s\n", pl_lint_is_note(f->code) ? "note" : "warning",
                pl_lint_word(f->code), f->message.p);
}

static void add_findings(struct pl_buf *out, const struct checked *c, bool notes)
{
    const struct pl_findings *f = c->findings;

    if (f == NULL || count(c, notes) == 0)
        return;
    pl_buf_add_char(out, '\n');
    for (size_t i = 0; i < f->count; i++) {
        enum pl_lint_code code = f->items[i].code;
        bool last = i + 1 == f->count || f->items[i + 1].code != code;

        if (pl_lint_is_note(code) != notes)
            continue;
        add_finding(out, c, &f->items[i]);
        if (last && f->found[code] > PL_LINT_SHOWN)
            pl_buf_addf(out, "and %zu more of %s\n", f->found[code] - PL_LINT_SHOWN,
                        pl_lint_word(code));
    }
}

static void add_counts(struct pl_buf *out, size_t n, const char *one, const char *many)
{
    pl_buf_addf(out, "%zu %s", n, n == 1 ? one : many);
}

static void add_not_computed(struct pl_buf *out, const struct checked *c)
{
    if (c->no_host != NULL)
        pl_buf_addf(out, "\nNot looked at: %s.\n", c->no_host);
    if (c->surface != NULL && c->surface->gave_up != NULL)
        pl_buf_addf(out, "\nThe surface is not complete: %s.\n", c->surface->gave_up);
    if (c->findings != NULL && c->findings->gave_up != NULL)
        pl_buf_addf(out, "\nThe warnings are not complete: %s.\n", c->findings->gave_up);
}

static void add_text(struct pl_buf *out, const struct checked *c)
{
    struct pl_buf line = {0};

    pl_buf_addf(out, "%s: ", c->path);
    add_counts(out, c->policy->nwritten, "rule, ", "rules, ");
    add_counts(out, c->policy->ntables, "table, ", "tables, ");
    add_counts(out, pl_policy_entries(c->policy), "entry\n", "entries\n");
    pl_check_add_verdict(out, c->policy, c->proof, c->path);
    if (c->surface != NULL) {
        pl_buf_add(out, c->surface->nlines == 0
                            ? pl_str_lit("\nNobody can relay.\n")
                            : pl_str_lit("\nWho can relay, and by which rule:\n"));
        pl_check_add_surface(out, c->surface, SURFACE_SHOWN, "  ");
    }
    add_findings(out, c, false);
    add_findings(out, c, true);
    add_not_computed(out, c);
    if (c->options->overlaps && c->space != NULL && !pl_check_add_overlaps(out, c->space))
        out->failed = true;
    pl_buf_add(out, pl_str_lit("\nThis was assumed:\n"));
    for (size_t i = 0; pl_check_assumption(&line, c->policy, i); i++)
        pl_buf_addf(out, "  - %s\n", line.p);
    pl_buf_fini(&line);
}

/* ---- JSON ---- */

static struct pl_json *json_errors(struct pl_diag *d)
{
    struct pl_json *errors = pl_json_array();
    struct pl_pos at;
    const char *text;

    for (size_t i = 0; (text = pl_diag_at(d, i, &at)) != NULL; i++) {
        struct pl_json *error = pl_json_object();

        pl_json_set(error, "file", pl_json_string(pl_str_of(pl_diag_file_name(d, at.file))));
        pl_json_set(error, "line", pl_json_number(at.line));
        pl_json_set(error, "message", pl_json_string(pl_str_of(text)));
        pl_json_append(errors, error);
    }
    return errors;
}

static struct pl_json *json_findings(const struct checked *c, bool notes)
{
    struct pl_json *array = pl_json_array();

    for (size_t i = 0; c->findings != NULL && i < c->findings->count; i++) {
        const struct pl_finding *f = &c->findings->items[i];
        struct pl_json *object;

        if (pl_lint_is_note(f->code) != notes)
            continue;
        object = pl_json_object();
        pl_json_set(object, "code", pl_json_string(pl_str_of(pl_lint_word(f->code))));
        pl_json_set(object, "message", pl_json_string(f->message));
        pl_json_set(object, "rule",
                    f->rule == NULL ? pl_json_null() : pl_json_string(f->rule->name));
        pl_json_set(object, "object", pl_json_string(f->object));
        if (f->at.file < c->policy->nfiles) {
            pl_json_set(object, "file", pl_json_string(c->policy->files[f->at.file]));
            pl_json_set(object, "line", pl_json_number(f->at.line));
        }
        pl_json_append(array, object);
    }
    return array;
}

/* How many more there are of the codes of which not all are told. */
static struct pl_json *json_omitted(const struct checked *c)
{
    struct pl_json *object = pl_json_object();

    for (unsigned code = 0; code < PL_LINT_COUNT && c->findings != NULL; code++) {
        if (c->findings->found[code] > PL_LINT_SHOWN)
            pl_json_set(object, pl_lint_word((enum pl_lint_code)code),
                        pl_json_number((long long)(c->findings->found[code] - PL_LINT_SHOWN)));
    }
    return object;
}

static struct pl_json *json_masked(const struct pl_opening *o)
{
    struct pl_json *array = pl_json_array();
    char text[PL_PREFIX_TEXT];

    for (size_t i = 0; i < o->nmasked; i++)
        pl_json_append(array, pl_json_string(pl_str_of(pl_prefix_format(text, &o->masked[i]))));
    return array;
}

static struct pl_json *json_openings(const struct checked *c)
{
    struct pl_json *array = pl_json_array();

    for (size_t i = 0; c->proof != NULL && i < c->proof->nopenings; i++) {
        const struct pl_opening *o = &c->proof->openings[i];
        struct pl_json *object = pl_json_object();

        pl_json_set(object, "rule", pl_json_string(o->rule->name));
        pl_json_set(object, "action", pl_json_string(o->rule->action->source));
        pl_json_set(object, "witness", pl_check_json_request(o->request));
        pl_json_set(object, "masking", json_masked(o));
        pl_json_set(object, "accepted",
                    o->waiver == NULL ? pl_json_null() : pl_json_string(o->waiver->reason));
        pl_json_append(array, object);
    }
    return array;
}

static struct pl_json *json_assumptions(const struct checked *c)
{
    struct pl_json *array = pl_json_array();
    struct pl_buf line = {0};

    for (size_t i = 0; c->policy != NULL && pl_check_assumption(&line, c->policy, i); i++)
        pl_json_append(array, pl_json_string(pl_buf_str(&line)));
    pl_buf_fini(&line);
    return array;
}

static void print_json(const struct checked *c, FILE *out)
{
    struct pl_json *report = pl_json_object();
    bool open = c->proof != NULL && c->proof->nopenings > 0;

    pl_json_set(report, "verdict",
                pl_json_string(
                    pl_str_of(c->policy == NULL ? "invalid" : pl_verdict_word(c->proof->verdict))));
    pl_json_set(report, "accepted", pl_json_bool(c->proof != NULL && c->proof->accepted));
    pl_json_set(report, "witness",
                open ? pl_check_json_request(c->proof->openings[0].request) : pl_json_null());
    pl_json_set(report, "openings", json_openings(c));
    pl_json_set(report, "reason",
                c->proof == NULL || c->proof->gave_up == NULL
                    ? pl_json_null()
                    : pl_json_string(pl_str_of(c->proof->gave_up)));
    pl_json_set(report, "surface",
                c->surface == NULL ? pl_json_array() : pl_check_json_surface(c->surface, true));
    pl_json_set(report, "errors", json_errors(c->d));
    pl_json_set(report, "error_count", pl_json_number((long long)pl_diag_errors(c->d)));
    pl_json_set(report, "warnings", json_findings(c, false));
    pl_json_set(report, "notes", json_findings(c, true));
    pl_json_set(report, "omitted", json_omitted(c));
    pl_json_set(report, "assumptions", json_assumptions(c));
    if (c->options->compromised != NULL && c->space != NULL)
        pl_json_set(
            report, "compromised",
            pl_reach_compromised_json(c->policy, c->space, pl_str_of(c->options->compromised)));
    pl_json_print(report, out);
    pl_json_free(report);
}

/* ---- both ---- */

static int status_of(const struct checked *c, bool strict)
{
    if (c->policy == NULL)
        return PL_CHECK_INVALID;
    if (c->proof->verdict != PL_VERDICT_SAFE && !c->proof->accepted)
        return PL_CHECK_FOUND;
    return strict && count(c, false) > 0 ? PL_CHECK_FOUND : PL_CHECK_SAFE;
}

static void print_text(const struct checked *c, FILE *out)
{
    struct pl_buf text = {0};
    size_t errors = pl_diag_errors(c->d);

    if (c->policy == NULL) {
        pl_check_print_errors(c->d, out);
        fprintf(out, "%zu error%s", errors, errors == 1 ? "" : "s");
        fputs(c->bad_facts ? " in the facts of the host: the policy was not checked\n"
                           : ": not loaded\nverdict: invalid\n",
              out);
        return;
    }
    add_text(&text, c);
    if (text.failed)
        fputs("out of memory\n", out);
    else
        pl_wrap_print(out, pl_buf_str(&text), pl_wrap_width(out));
    pl_buf_fini(&text);
    if (c->options->compromised == NULL || c->space == NULL)
        return;
    fputc('\n', out);
    if (!pl_reach_compromised(c->policy, c->space, pl_str_of(c->options->compromised), out))
        fputs("out of memory\n", out);
}

/* The configuration, and the one that it names as its shadow: a reload wants both to be sound. */
static bool load_all(struct pl_config *config, const char *path, struct pl_diag *d)
{
    struct pl_config shadow;

    if (!pl_config_load(config, path, d))
        return false;
    if (*config->settings.shadow == '\0')
        return true;
    if (!pl_config_load_shadow(&shadow, config, d))
        return false;
    pl_config_fini(&shadow);
    return true;
}

int pl_check_report(const char *config_path, const struct pl_check_options *o, FILE *out)
{
    struct checked c = {.path = config_path, .d = pl_diag_new(), .options = o};
    struct pl_config config = {0};
    int status = PL_CHECK_INVALID;
    bool ok = c.d != NULL;

    if (ok && load_all(&config, config_path, c.d)) {
        c.bad_facts = !get_host(&c, o);
        if (!c.bad_facts) {
            c.policy = config.policy;
            ok = analyse(&c);
        }
    }
    if (o->before_output != NULL)
        o->before_output();
    if (!ok) {
        fprintf(stderr, "postlatch: out of memory\n");
    } else {
        if (o->json)
            print_json(&c, out);
        else
            print_text(&c, out);
        status = status_of(&c, o->strict);
    }
    pl_findings_free(c.findings);
    pl_surface_free(c.surface);
    pl_proof_free(c.proof);
    pl_space_free(c.space);
    pl_host_facts_fini(&c.host);
    pl_config_fini(&config);
    pl_diag_free(c.d);
    return status;
}
