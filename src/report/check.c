/* SPDX-License-Identifier: BSD-2-Clause */
/* What both programs say about a configuration. */
#include "postlatch/check.h"

#include "postlatch/config.h"
#include "postlatch/json.h"

#include <string.h>

static const char not_computed[] = "not computed";

void pl_check_print_errors(struct pl_diag *d, FILE *out)
{
    size_t shown = 0;

    for (const char *line; (line = pl_diag_get(d, shown)) != NULL; shown++)
        fprintf(out, "%s\n", line);
    if (shown < pl_diag_errors(d))
        fprintf(out, "and %zu more\n", pl_diag_errors(d) - shown);
}

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

static void report_json(struct pl_diag *d, FILE *out)
{
    struct pl_json *report = pl_json_object();
    bool invalid = pl_diag_errors(d) > 0;

    pl_json_set(report, "verdict", pl_json_string(pl_str_of(invalid ? "invalid" : not_computed)));
    pl_json_set(report, "witness", pl_json_null());
    pl_json_set(report, "surface", pl_json_array());
    pl_json_set(report, "errors", json_errors(d));
    pl_json_set(report, "error_count", pl_json_number((long long)pl_diag_errors(d)));
    pl_json_set(report, "warnings", pl_json_array());
    pl_json_set(report, "notes", pl_json_array());
    pl_json_set(report, "assumptions", pl_json_array());
    pl_json_print(report, out);
    pl_json_free(report);
}

static void report_text(const char *path, const struct pl_config *config, struct pl_diag *d,
                        FILE *out)
{
    const struct pl_policy *p = config->policy;
    size_t errors = pl_diag_errors(d);

    if (errors > 0) {
        pl_check_print_errors(d, out);
        fprintf(out, "%zu error%s: not loaded\nverdict: invalid\n", errors, errors == 1 ? "" : "s");
        return;
    }
    fprintf(out, "%s: loads: %zu rule%s, %zu table%s, %zu entr%s\n", path, p->nwritten,
            p->nwritten == 1 ? "" : "s", p->ntables, p->ntables == 1 ? "" : "s",
            pl_policy_entries(p), pl_policy_entries(p) == 1 ? "y" : "ies");
    fprintf(out,
            "verdict: %s\n"
            "This version checks the form and the meaning of each line, but proves nothing about\n"
            "the policy as a whole. Ask it with \"postlatch explain\" and \"postlatch test\".\n",
            not_computed);
}

int pl_check_report(const char *config_path, bool json, FILE *out)
{
    struct pl_diag *d = pl_diag_new();
    struct pl_config config;
    bool loaded;

    if (d == NULL) {
        fprintf(stderr, "postlatch: out of memory\n");
        return PL_CHECK_INVALID;
    }
    loaded = pl_config_load(&config, config_path, d);
    if (json)
        report_json(d, out);
    else
        report_text(config_path, &config, d, out);
    pl_config_fini(&config);
    pl_diag_free(d);
    return loaded ? PL_CHECK_UNPROVED : PL_CHECK_INVALID;
}
