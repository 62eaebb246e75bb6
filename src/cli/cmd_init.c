/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch init: a first configuration from what Postfix has. */
#include "cli.h"
#include "init.h"

#include "postlatch/json.h"
#include "postlatch/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Never over a file that exists, and never half of one. */
static int write_file(const char *path, const char *text, size_t n, bool quiet)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644), failed = 0;

    if (fd < 0 && errno == EEXIST)
        return trouble("init: \"%s\" exists already, and is left as it is; choose another name",
                       path);
    if (fd < 0)
        return trouble("init: cannot write \"%s\": %s", path, strerror(errno));
    for (size_t done = 0; failed == 0 && done < n;) {
        ssize_t wrote = write(fd, text + done, n - done);

        if (wrote < 0 && errno != EINTR)
            failed = errno;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    if (failed == 0 && fsync(fd) != 0)
        failed = errno;
    close(fd);
    if (failed != 0) {
        unlink(path);
        return trouble("init: cannot write \"%s\": %s", path, strerror(failed));
    }
    if (!quiet)
        printf("%s: written\n", path);
    return EXIT_FINE;
}

/* Unknown facts are no reason to give up: the file says so. */
static bool read_host(const struct arguments *a, struct pl_host_facts *host, bool *known)
{
    char why[PL_NETLINK_WHY];
    struct pl_diag *d;
    bool ok = true;

    if (a->host != NULL) {
        d = pl_diag_new();
        ok = d != NULL && pl_host_facts_load(host, a->host, d);
        for (size_t i = 0; !ok && d != NULL && pl_diag_get(d, i) != NULL; i++)
            trouble("%s", pl_diag_get(d, i));
        pl_diag_free(d);
        *known = ok;
    } else {
        *known = !a->no_host && pl_host_facts_read(host, why);
    }
    return ok;
}

/* The file's text, and what is said in it, for programs. */
static void print_json(const struct init *in, struct pl_str text)
{
    struct pl_json *top = pl_json_object(), *findings = pl_json_array(), *notes = pl_json_array();

    for (size_t i = 0; i < in->nsays; i++)
        pl_json_append(in->says[i].decide ? findings : notes, pl_json_string(in->says[i].text));
    pl_json_set(top, "configuration", pl_json_string(text));
    pl_json_set(top, "findings", findings);
    pl_json_set(top, "notes", notes);
    pl_json_print(top, stdout);
    pl_json_free(top);
}

static int show(const struct arguments *a, const struct init *in)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    int status;

    if (out == NULL)
        return trouble("out of memory");
    init_write(in, out);
    if (fclose(out) != 0) {
        free(text);
        return trouble("out of memory");
    }
    status = EXIT_FINE;
    if (a->json)
        print_json(in, (struct pl_str){text, n});
    if (a->output != NULL)
        status = write_file(a->output, text, n, a->json);
    else if (!a->json)
        status = fwrite(text, 1, n, stdout) == n ? EXIT_FINE : trouble("cannot write the output");
    free(text);
    if (status == EXIT_FINE && init_undecided(in) > 0) {
        if (!a->json)
            trouble("init: %zu thing%s marked TO DECIDE", init_undecided(in),
                    init_undecided(in) == 1 ? " is" : "s are");
        status = EXIT_FOUND;
    }
    return status;
}

int cmd_init(const struct arguments *a)
{
    struct postfix postfix = {0};
    struct pl_host_facts host = {0};
    struct init in = {.postfix = &postfix};
    bool known = false;
    int status = EXIT_TROUBLE;

    if (!read_host(a, &host, &known) || !postfix_read(&postfix, a->postfix))
        goto out;
    in.host = known ? &host : NULL;
    if (init_read(&in))
        status = show(a, &in);
out:
    init_fini(&in);
    pl_host_facts_fini(&host);
    postfix_fini(&postfix);
    return status;
}
