/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch diff: what changes in meaning from one policy to another, for people or as JSON. */
#include "cli.h"
#include "progress.h"

#include "postlatch/diff.h"
#include "postlatch/diff_text.h"
#include "postlatch/wrap.h"

static void print_text(const struct pl_diff *d, const struct pl_config config[2])
{
    struct pl_buf text = {0};
    const char *option, *between = "";
    size_t from = 0;

    pl_diff_text_add(&text, d);
    pl_wrap_print(stdout, pl_buf_str(&text), pl_wrap_width(stdout));
    pl_buf_fini(&text);
    while ((option = pl_config_restart_needed(&config[0].settings, &config[1].settings, &from)) !=
           NULL) {
        printf("%s%s", between[0] == '\0' ? "Not compared, but not the same: " : between, option);
        between = ", ";
    }
    if (between[0] != '\0')
        putchar('\n');
}

static void print_json(const struct pl_diff *d)
{
    struct pl_json *object = pl_diff_text_json(d);

    pl_json_print(object, stdout);
    pl_json_free(object);
}

int cmd_diff(const struct arguments *a)
{
    struct pl_config config[2] = {{0}, {0}};
    struct pl_diff *d = NULL;
    int status;

    if (a->count != 2)
        return trouble("diff: expected two configurations, OLD and NEW; see postlatch diff --help");
    if (!load(&config[0], a->words[0]) || !load(&config[1], a->words[1])) {
        status = EXIT_TROUBLE;
        goto out;
    }
    progress_begin("diff");
    d = pl_diff_new(config[0].policy, config[1].policy, 0);
    progress_end();
    if (d == NULL) {
        status = trouble("out of memory");
        goto out;
    }
    if (a->json)
        print_json(d);
    else
        print_text(d, config);
    if (d->gave_up != NULL && d->nchanges == 0)
        status = trouble("diff: not computed: %s", d->gave_up);
    else
        status = pl_diff_is_same(d) ? EXIT_FINE : EXIT_FOUND;
out:
    pl_diff_free(d);
    pl_config_fini(&config[0]);
    pl_config_fini(&config[1]);
    return status;
}
