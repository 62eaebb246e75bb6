/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors of an input, collected and sorted by place, so that one run shows an administrator
 * everything to mend. */
#include "postlatch/diag.h"

#include "postlatch/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct message {
    struct pl_pos at;
    size_t seq; /* order of arrival, breaks ties within a line */
    char *text;
};

struct pl_diag {
    char **files;
    size_t nfiles, files_cap;
    struct message *messages;
    size_t nmessages, messages_cap;
    size_t errors; /* noted, kept or not */
    bool no_memory;
    bool sorted;
    struct pl_buf line; /* the result of pl_diag_get */
};

struct pl_diag *pl_diag_new(void)
{
    return calloc(1, sizeof(struct pl_diag));
}

void pl_diag_free(struct pl_diag *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->nfiles; i++)
        free(d->files[i]);
    for (size_t i = 0; i < d->nmessages; i++)
        free(d->messages[i].text);
    free(d->files);
    free(d->messages);
    pl_buf_fini(&d->line);
    free(d);
}

uint32_t pl_diag_file(struct pl_diag *d, const char *path)
{
    char **files;
    char *copy;

    for (size_t i = 0; i < d->nfiles; i++) {
        if (strcmp(d->files[i], path) == 0)
            return (uint32_t)i;
    }
    files = pl_grow(d->files, &d->files_cap, d->nfiles, sizeof(*files));
    copy = strdup(path);
    if (files != NULL)
        d->files = files;
    if (files == NULL || copy == NULL) {
        free(copy);
        pl_diag_no_memory(d);
        return PL_NO_FILE;
    }
    d->files[d->nfiles] = copy;
    return (uint32_t)d->nfiles++;
}

const char *pl_diag_file_name(const struct pl_diag *d, uint32_t file)
{
    return file < d->nfiles ? d->files[file] : "";
}

size_t pl_diag_file_count(const struct pl_diag *d)
{
    return d->nfiles;
}

void pl_diag_error(struct pl_diag *d, struct pl_pos at, const char *fmt, ...)
{
    struct message *messages;
    char *text = NULL;
    va_list ap;

    d->errors++;
    if (d->nmessages >= PL_DIAG_KEPT)
        return;
    messages = pl_grow(d->messages, &d->messages_cap, d->nmessages, sizeof(*messages));
    if (messages == NULL)
        return;
    d->messages = messages;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        text = NULL;
    va_end(ap);
    if (text == NULL)
        return;
    d->messages[d->nmessages] = (struct message){at, d->nmessages, text};
    d->nmessages++;
    d->sorted = false;
}

void pl_diag_no_memory(struct pl_diag *d)
{
    if (d->no_memory)
        return;
    d->no_memory = true;
    pl_diag_error(d, PL_NOWHERE, "out of memory");
}

size_t pl_diag_errors(const struct pl_diag *d)
{
    return d->errors;
}

static int by_place(const void *va, const void *vb)
{
    const struct message *a = va, *b = vb;

    if (a->at.file != b->at.file)
        return a->at.file < b->at.file ? -1 : 1;
    if (a->at.line != b->at.line)
        return a->at.line < b->at.line ? -1 : 1;
    return a->seq < b->seq ? -1 : a->seq > b->seq;
}

const char *pl_diag_at(struct pl_diag *d, size_t i, struct pl_pos *at)
{
    if (!d->sorted && d->nmessages > 0) {
        qsort(d->messages, d->nmessages, sizeof(*d->messages), by_place);
        d->sorted = true;
    }
    if (i >= d->nmessages || i >= PL_DIAG_SHOWN)
        return NULL;
    *at = d->messages[i].at;
    return d->messages[i].text;
}

const char *pl_diag_get(struct pl_diag *d, size_t i)
{
    struct pl_pos at;
    const char *text = pl_diag_at(d, i, &at);

    if (text == NULL)
        return NULL;
    pl_buf_reset(&d->line);
    if (at.file != PL_NO_FILE) {
        pl_buf_addf(&d->line, "%s:", pl_diag_file_name(d, at.file));
        if (at.line != 0)
            pl_buf_addf(&d->line, "%u:", (unsigned)at.line);
        pl_buf_add_char(&d->line, ' ');
    }
    pl_buf_addf(&d->line, "%s", text);
    return d->line.failed ? text : d->line.p;
}
