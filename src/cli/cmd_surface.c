/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch surface: who can relay, for people or as JSON. */
#include "cli.h"
#include "progress.h"

#include "postlatch/check.h"
#include "postlatch/surface.h"

/* The lines are for programs, too: what else there is to say goes to standard error. */
static void print_text(const struct pl_policy *p, const struct pl_surface *surface)
{
    struct pl_buf text = {0};

    pl_check_add_ended(&text, p);
    if (text.n > 0)
        fputs(text.p, stderr);
    pl_buf_reset(&text);

    pl_check_add_surface(&text, surface, 0, "");
    if (text.p != NULL)
        fputs(text.p, stdout);
    pl_buf_fini(&text);
}

static void print_json(const struct pl_surface *surface)
{
    struct pl_json *lines = pl_check_json_surface(surface, false);

    pl_json_print(lines, stdout);
    pl_json_free(lines);
}

int cmd_surface(const struct arguments *a)
{
    struct pl_config config;
    struct pl_surface *surface;
    int status = EXIT_FINE;

    if (!load(&config, a->config))
        return EXIT_TROUBLE;
    progress_begin("surface");
    surface = pl_surface_new(config.policy, NULL, a->by_rule);
    progress_end();
    if (surface == NULL)
        status = trouble("out of memory");
    else if (surface->gave_up != NULL)
        status = trouble("surface: not computed: %s", surface->gave_up);
    else if (a->json)
        print_json(surface);
    else
        print_text(config.policy, surface);
    pl_surface_free(surface);
    pl_config_fini(&config);
    return status;
}
