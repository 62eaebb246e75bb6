/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of a check cost: CPU milliseconds of loading (as the daemon does), the space, the
 * verdict, the surface and lint (which needs the full load), and the most memory. For tests/bench/proof_scale.
 */
#include "postlatch/config.h"
#include "postlatch/lint.h"
#include "postlatch/prove.h"
#include "postlatch/surface.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static double milliseconds(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static double since(double *at)
{
    double now = milliseconds(), took = now - *at;

    *at = now;
    return took;
}

static long peak_mib(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss / 1024;
}

int main(int argc, char **argv)
{
    struct pl_diag *d = pl_diag_new();
    struct pl_config lean, full;
    struct pl_proof *proof;
    struct pl_space *space;
    struct pl_surface *surface;
    struct pl_lint_input in = {0};
    struct pl_findings *f;
    double at = milliseconds();
    bool large;

    if (argc != 2 || d == NULL || !pl_config_load_lean(&lean, argv[1], d))
        return EXIT_FAILURE;
    printf("load %.0f", since(&at));
    space = pl_space_new(lean.policy, NULL, &large);
    printf(" space %.0f", since(&at));
    proof = pl_prove(lean.policy, space);
    if (space == NULL || proof == NULL)
        return EXIT_FAILURE;
    printf(" prove %.0f steps %zu atoms %zu verdict %s mib %ld", since(&at), proof->steps,
           proof->atoms, pl_verdict_word(proof->verdict), peak_mib());
    pl_space_free(space);
    pl_config_fini(&lean);
    since(&at);
    if (!pl_config_load(&full, argv[1], d))
        return EXIT_FAILURE;
    space = pl_space_new(full.policy, NULL, &large);
    since(&at);
    surface = pl_surface_new(full.policy, space, false);
    if (space == NULL || surface == NULL)
        return EXIT_FAILURE;
    printf(" surface %.0f", since(&at));
    in.space = space;
    in.surface = surface;
    f = pl_lint(full.policy, &in);
    if (f == NULL)
        return EXIT_FAILURE;
    printf(" lint %.0f complete %s peak %ld\n", since(&at), f->gave_up == NULL ? "yes" : f->gave_up,
           peak_mib());
    pl_findings_free(f);
    pl_surface_free(surface);
    pl_proof_free(proof);
    pl_space_free(space);
    pl_config_fini(&full);
    pl_diag_free(d);
    return EXIT_SUCCESS;
}
