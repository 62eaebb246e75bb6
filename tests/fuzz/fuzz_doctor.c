/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The doctor on any configuration of Postfix that the reader takes: parameters, a NUL, services, a NUL,
 * overrides, a NUL, what every table lists. It comes to an end, all that it says is whole, the same is
 * not said twice, and a second run says the same.
 */
#include "fuzz.h"
#include "postlatch/doctor.h"

#include <stdlib.h>
#include <string.h>

static struct pl_config config;
static struct pl_str table;

static bool query(void *arg, struct pl_str name, const struct pl_str *keys, size_t n, bool *found,
                  const char **why)
{
    (void)arg;
    *why = "no such table";
    for (size_t i = 0; i < n; i++)
        found[i] = keys[i].n % 2 == 0;
    return name.n % 3 != 0;
}

static bool list(void *arg, struct pl_str name, struct pl_buf *text, const char **why)
{
    (void)arg;
    *why = "cannot be listed";
    pl_buf_add(text, table);
    return name.n % 5 != 0;
}

static bool resolves(void *arg, struct pl_str host, const struct pl_endpoint *ours)
{
    (void)arg;
    (void)ours;
    return pl_str_eq(host, pl_str_lit("localhost"));
}

static void check_findings(const struct pl_doctor *d)
{
    for (size_t i = 0; i < d->count; i++) {
        const struct pl_finding *f = &d->findings[i];

        fuzz_check(f->code != NULL && f->what.p != NULL && f->what.n > 0);
        fuzz_check(f->at.p != NULL && f->why.p != NULL && f->file.p != NULL && f->lines.p != NULL);
        fuzz_check((f->lines.n == 0) || f->file.n > 0);
        fuzz_check((f->kind == PL_FINDING_OK) == (f->code[0] == '\0'));
        for (size_t n = 0; n < i; n++)
            fuzz_check(f->kind != d->findings[n].kind || !pl_str_eq(f->what, d->findings[n].what) ||
                       !pl_str_eq(f->lines, d->findings[n].lines) ||
                       !pl_str_eq(f->file, d->findings[n].file) ||
                       strcmp(f->code, d->findings[n].code) != 0);
    }
}

/* Everything that was said, to compare. */
static void examine(const struct pl_postconf *pc, const struct pl_master *m, struct pl_buf *said)
{
    struct pl_doctor d = {.set = pc, .all = pc, .master = m, .config = &config};

    d.system = (struct pl_doctor_system){NULL, query, list, resolves};
    d.ours = config.settings.listen;
    d.nours = config.settings.nlisten;
    d.warnings = table;
    d.listeners = calloc(m->count + 1, sizeof(*d.listeners));
    fuzz_check(d.listeners != NULL);
    for (size_t i = 0; i < m->count; i++) {
        if (pl_str_eq(m->services[i].command, pl_str_lit("smtpd")))
            d.listeners[d.nlisteners++] = (struct pl_doctor_listener){&m->services[i], *pc, false};
    }
    fuzz_check(pl_doctor_run(&d));
    check_findings(&d);
    for (size_t i = 0; i < d.count; i++)
        pl_buf_addf(said, "%d %s %s %s %s\n", (int)d.findings[i].kind, d.findings[i].code,
                    d.findings[i].at.p, d.findings[i].what.p, d.findings[i].lines.p);
    pl_doctor_fini(&d);
    free(d.listeners);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct pl_str parameters = input_until(&in, '\0'), services = input_until(&in, '\0'),
                  overrides = input_until(&in, '\0');
    struct pl_diag *d = pl_diag_new();
    struct pl_postconf pc = {0};
    struct pl_master m = {0};
    struct pl_buf first = {0}, second = {0};

    table = input_rest(&in);
    if (config.policy == NULL)
        fuzz_config(&config, "listen = {\"inet:127.0.0.1:10071\", \"unix:/q/postlatch/policy\"}\n"
                             "accepted_domains = {example.org, .example.net}\n"
                             "relay_networks = {192.0.2.0/24}\nrelay_users = {any}\n");
    fuzz_check(d != NULL);
    pl_postconf_read(&pc, parameters, "postconf -x", d);
    pl_master_read(&m, services, overrides, d);
    pl_diag_free(d);
    examine(&pc, &m, &first);
    examine(&pc, &m, &second);
    fuzz_check(pl_str_eq(pl_buf_str(&first), pl_buf_str(&second)));
    pl_buf_fini(&first);
    pl_buf_fini(&second);
    pl_postconf_fini(&pc);
    pl_master_fini(&m);
    return 0;
}
