/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch doctor: the whole chain from Postfix's configuration to the daemon's answer. */
#include "doctor.h"

#include "ask.h"

#include "postlatch/json.h"
#include "postlatch/netlink.h"
#include "postlatch/wrap.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *word, *key; /* in text; in JSON */
} kinds[] = {
    [PL_FINDING_FAULT] = {"finding", "findings"},
    [PL_FINDING_NOTE] = {"note", "notes"},
    [PL_FINDING_UNCHECKED] = {"not checked", "unchecked"},
    [PL_FINDING_OK] = {"ok", "ok"},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* Lines to paste are never broken, and begin where they must stand in their file. */
static void print_finding(const struct pl_finding *f, size_t width)
{
    struct pl_buf text = {0};

    if (f->kind == PL_FINDING_FAULT || f->kind == PL_FINDING_NOTE) {
        pl_buf_addf(&text, "%s %s: %s\n", kinds[f->kind].word, f->code, f->what.p);
        if (f->at.n > 0)
            pl_buf_addf(&text, "    at        %s\n", f->at.p);
        if (f->why.n > 0)
            pl_buf_addf(&text, "    why       %s\n", f->why.p);
        if (f->lines.n > 0)
            pl_buf_addf(&text, "    change    in %s:\n", f->file.p);
    } else {
        pl_buf_addf(&text, "%s: %s%s%s\n", kinds[f->kind].word, f->at.p, f->at.n > 0 ? ": " : "",
                    f->what.p);
    }
    pl_wrap_print(stdout, pl_buf_str(&text), width);
    if (f->lines.n > 0)
        puts(f->lines.p);
    pl_buf_fini(&text);
}

static void print_text(const struct pl_doctor *d)
{
    size_t width = pl_wrap_width(stdout), count[KINDS] = {0};

    for (unsigned kind = 0; kind < KINDS; kind++) {
        for (size_t i = 0; i < d->count; i++) {
            if (d->findings[i].kind != (enum pl_finding_kind)kind)
                continue;
            print_finding(&d->findings[i], width);
            count[kind]++;
        }
    }
    printf("%zu finding%s, %zu note%s, %zu not checked, %zu ok\n", count[PL_FINDING_FAULT],
           count[PL_FINDING_FAULT] == 1 ? "" : "s", count[PL_FINDING_NOTE],
           count[PL_FINDING_NOTE] == 1 ? "" : "s", count[PL_FINDING_UNCHECKED],
           count[PL_FINDING_OK]);
}

static struct pl_json *finding_json(const struct pl_finding *f)
{
    struct pl_json *out = pl_json_object();

    if (f->code[0] != '\0')
        pl_json_set(out, "code", pl_json_string(pl_str_of(f->code)));
    pl_json_set(out, "at", pl_json_string(f->at));
    pl_json_set(out, "what", pl_json_string(f->what));
    if (f->why.n > 0)
        pl_json_set(out, "why", pl_json_string(f->why));
    if (f->lines.n > 0) {
        pl_json_set(out, "file", pl_json_string(f->file));
        pl_json_set(out, "change", pl_json_string(f->lines));
    }
    return out;
}

static void print_json(const struct pl_doctor *d)
{
    struct pl_json *out = pl_json_object();

    for (unsigned kind = 0; kind < KINDS; kind++) {
        struct pl_json *list = pl_json_array();

        for (size_t i = 0; i < d->count; i++) {
            if (d->findings[i].kind == (enum pl_finding_kind)kind)
                pl_json_append(list, finding_json(&d->findings[i]));
        }
        pl_json_set(out, kinds[kind].key, list);
    }
    pl_json_print(out, stdout);
    pl_json_free(out);
}

void doctor_print(const struct pl_doctor *d, bool json)
{
    if (json)
        print_json(d);
    else
        print_text(d);
}

/* The services that run smtpd, each with its parameters as they are in force. */
static bool gather_listeners(struct pl_doctor *d, const struct postfix *p, struct pl_buf *texts)
{
    for (size_t i = 0; i < p->master.count; i++) {
        const struct pl_master_service *s = &p->master.services[i];
        struct pl_doctor_listener *l = &d->listeners[d->nlisteners];

        if (!pl_str_eq(s->command, pl_str_lit("smtpd")))
            continue;
        l->service = s;
        d->nlisteners++;
        if (!postfix_effective(p, s, NULL, &l->pc, &texts[d->nlisteners - 1]))
            return false;
    }
    return true;
}

static int examine(struct pl_doctor *d, const struct postfix *p, const struct arguments *a,
                   const char *no_host)
{
    struct pl_buf *texts = calloc(p->master.count + 1, sizeof(*texts));
    int status = EXIT_TROUBLE;

    d->set = &p->set;
    d->all = &p->all;
    d->master = &p->master;
    d->warnings = pl_buf_str(&p->warnings);
    d->system = doctor_system(p);
    d->listeners = calloc(p->master.count + 1, sizeof(*d->listeners));
    if (texts == NULL || d->listeners == NULL) {
        trouble("out of memory");
        goto out;
    }
    if (!gather_listeners(d, p, texts))
        goto out;
    if (pl_doctor_run(d)) {
        if (d->host == NULL)
            pl_doctor_say(d, PL_FINDING_UNCHECKED, "host", "", "", "", NULL,
                          "bridges and gateways of this host: %s", no_host);
        doctor_try_sockets(d);
        doctor_ask(d, a->socket != NULL ? 1 : d->nours);
    }
    if (d->no_memory) {
        trouble("out of memory");
        goto out;
    }
    doctor_print(d, a->json);
    status = pl_doctor_faults(d) > 0 ? EXIT_FOUND : EXIT_FINE;
out:
    pl_doctor_fini(d);
    for (size_t i = 0; d->listeners != NULL && texts != NULL && i < d->nlisteners; i++) {
        pl_postconf_fini(&d->listeners[i].pc);
        pl_buf_fini(&texts[i]);
    }
    free(d->listeners);
    free(texts);
    return status;
}

/* What the host is connected to: from a file, from the kernel, or not at all. False after printing. */
static bool read_host(const struct arguments *a, struct pl_host_facts *h, bool *known, char *why)
{
    struct pl_diag *d;
    const char *line;
    bool ok;

    if (a->no_host)
        return true;
    if (a->host == NULL) {
        *known = pl_host_facts_read(h, why);
        return true;
    }
    d = pl_diag_new();
    ok = d != NULL && pl_host_facts_load(h, a->host, d);
    for (size_t i = 0; d != NULL && !ok && (line = pl_diag_get(d, i)) != NULL; i++)
        trouble("%s", line);
    pl_diag_free(d);
    *known = ok;
    return ok;
}

/* Where the daemon answers: at the socket that was named first, and as its configuration says. */
static struct pl_endpoint *our_sockets(const struct pl_settings *s, const struct pl_endpoint *named,
                                       size_t *n)
{
    struct pl_endpoint *all = calloc(s->nlisten + 1, sizeof(*all));

    *n = 0;
    if (all != NULL && named != NULL)
        all[(*n)++] = *named;
    for (size_t i = 0; all != NULL && i < s->nlisten; i++)
        all[(*n)++] = s->listen[i];
    return all;
}

int cmd_doctor(const struct arguments *a)
{
    struct pl_config config = {0};
    struct postfix p = {0};
    struct pl_doctor d = {0};
    struct pl_host_facts host = {0};
    struct pl_endpoint socket, *ours = NULL;
    char why[PL_NETLINK_WHY] = "not looked at: --no-host";
    bool known = false;
    int status = EXIT_TROUBLE;

    if (a->socket != NULL && !find_policy_socket(a, &socket))
        return status;
    if (a->no_host && a->host != NULL)
        return trouble(
            "doctor: --host and --no-host exclude each other; see postlatch doctor --help");
    if (read_host(a, &host, &known, why) && load(&config, a->config) &&
        postfix_read(&p, a->postfix)) {
        d.host = known ? &host : NULL;
        d.config = &config;
        d.ours = ours = our_sockets(&config.settings, a->socket != NULL ? &socket : NULL, &d.nours);
        status = ours == NULL ? trouble("out of memory") : examine(&d, &p, a, why);
    }
    postfix_fini(&p);
    pl_config_fini(&config);
    pl_host_facts_fini(&host);
    free(ours);
    return status;
}
