/* SPDX-License-Identifier: BSD-2-Clause */
/* Look-ups for the doctor: tables by postmap, files of patterns, names of hosts. */
#include "doctor.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH_BYTES = 60000, FILE_MOST = 16 * 1024 * 1024 };

/* What postmap said, without its name in front: the last line. */
static const char *last_line(const struct pl_buf *err)
{
    static char text[300];
    struct pl_str s = pl_buf_str(err);
    size_t from;

    while (s.n > 0 && s.p[s.n - 1] == '\n')
        s.n--;
    from = pl_str_rfind(s, '\n');
    s = pl_str_from(s, from < s.n ? from + 1 : 0);
    if (pl_str_has_prefix(s, pl_str_lit("postmap: fatal: ")))
        s = pl_str_from(s, sizeof("postmap: fatal: ") - 1);
    snprintf(text, sizeof(text), "%.*s", (int)s.n, s.n > 0 ? s.p : "");
    for (char *c = text; *c != '\0'; c++) {
        if (!pl_ascii_is_print(*c))
            *c = '?';
    }
    return text;
}

static int postmap(const struct postfix *p, const char *option, const char *value,
                   struct pl_str table, struct pl_str input, struct pl_buf *out, const char **why)
{
    char name[4096];
    const char *argv[8] = {"postmap"};
    struct pl_buf err = {0};
    size_t n = 1;
    int status;

    if (p->dir != NULL) {
        argv[n++] = "-c";
        argv[n++] = p->dir;
    }
    argv[n++] = option;
    if (value != NULL)
        argv[n++] = value;
    snprintf(name, sizeof(name), "%.*s", (int)table.n, table.p);
    argv[n] = name;
    status = postfix_run(argv, input, out, &err, why);
    if (status > 0 && err.n > 0)
        *why = last_line(&err);
    else if (status > 0)
        status = 0; /* nothing found */
    pl_buf_fini(&err);
    return status;
}

/* A line of the answer of `postmap -q -`: key TAB value. */
static void mark(struct pl_str answer, const struct pl_str *keys, size_t n, bool *found)
{
    size_t at = 0;

    while (answer.n > 0 && at < n) { /* answers come in the order of the keys */
        struct pl_str line = {answer.p, pl_str_find(answer, '\n')};
        struct pl_str key = {line.p, pl_str_find(line, '\t')};

        answer = pl_str_from(answer, line.n < answer.n ? line.n + 1 : line.n);
        while (at < n && !pl_str_eq(keys[at], key))
            at++;
        if (at < n)
            found[at] = true;
    }
}

static bool query(void *arg, struct pl_str table, const struct pl_str *keys, size_t n, bool *found,
                  const char **why)
{
    const struct postfix *p = arg;
    bool ok = true;

    for (size_t from = 0, to; from < n && ok; from = to) {
        struct pl_buf input = {0}, out = {0};

        for (to = from; to < n && (to == from || input.n + keys[to].n < BATCH_BYTES); to++) {
            pl_buf_add(&input, keys[to]);
            pl_buf_add_char(&input, '\n');
        }
        *why = "out of memory";
        ok = !input.failed && input.n <= BATCH_BYTES + 1024 &&
             postmap(p, "-q", "-", table, pl_buf_str(&input), &out, why) == 0;
        if (ok)
            mark(pl_buf_str(&out), keys + from, to - from, found + from);
        pl_buf_fini(&input);
        pl_buf_fini(&out);
    }
    return ok;
}

static bool is_text_map(struct pl_str type)
{
    return pl_str_eq(type, pl_str_lit("cidr")) || pl_str_eq(type, pl_str_lit("regexp")) ||
           pl_str_eq(type, pl_str_lit("pcre"));
}

/*
 * The lines of a text as "pattern TAB action": comments dropped, lines that begin with a blank added to the one
 * before. words: every word is a pattern of its own.
 */
static void list_lines(struct pl_str rest, bool words, struct pl_buf *out)
{
    while (rest.n > 0) {
        struct pl_str line = {rest.p, pl_str_find(rest, '\n')}, text, word;
        bool goes_on = line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t') && out->n > 0;
        size_t n = 0;

        rest = pl_str_from(rest, line.n < rest.n ? line.n + 1 : line.n);
        text = pl_str_trim(line);
        if (text.n > 0 && text.p[text.n - 1] == '\r')
            text.n--;
        if (text.n == 0 || text.p[0] == '#')
            continue;
        if (words) {
            while (pl_postfix_word(&text, &word) && word.p[0] != '#')
                pl_buf_addf(out, "%.*s\t\n", (int)word.n, word.p);
            continue;
        }
        if (goes_on) {
            out->n--; /* the line end */
            pl_buf_addf(out, " %.*s\n", (int)text.n, text.p);
            continue;
        }
        while (n < text.n && text.p[n] != ' ' && text.p[n] != '\t')
            n++;
        word = pl_str_trim(pl_str_from(text, n));
        pl_buf_addf(out, "%.*s\t%.*s\n", (int)n, text.p, (int)word.n, word.n > 0 ? word.p : "");
    }
}

static bool list_file(struct pl_str path, bool words, struct pl_buf *out, const char **why)
{
    char name[4096];
    struct pl_buf text = {0};
    FILE *f;
    char chunk[16384];
    size_t n;
    bool ok;

    snprintf(name, sizeof(name), "%.*s", (int)path.n, path.p);
    f = fopen(name, "re");
    if (f == NULL) {
        *why = "the file cannot be opened";
        return false;
    }
    while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0 && text.n < FILE_MOST)
        pl_buf_add(&text, (struct pl_str){chunk, n});
    ok = !ferror(f) && text.n < FILE_MOST && !text.failed;
    fclose(f);
    if (ok)
        list_lines(pl_buf_str(&text), words, out);
    else
        *why = "the file cannot be read";
    pl_buf_fini(&text);
    return ok;
}

static bool list(void *arg, struct pl_str table, struct pl_buf *text, const char **why)
{
    const struct postfix *p = arg;
    struct pl_str type, rest;

    if (table.n > 0 && table.p[0] == '/')
        return list_file(table, true, text, why);
    if (pl_str_has_prefix(table, pl_str_lit("proxy:")))
        table = pl_str_from(table, sizeof("proxy:") - 1);
    type = (struct pl_str){table.p, pl_str_find(table, ':')};
    rest = pl_str_from(table, type.n < table.n ? type.n + 1 : type.n);
    if (is_text_map(type) && rest.n > 0 && rest.p[0] == '/')
        return list_file(rest, false, text, why);
    if (pl_str_eq(type, pl_str_lit("static"))) {
        pl_buf_addf(text, "*\t%.*s\n", (int)rest.n, rest.n > 0 ? rest.p : "");
        return true;
    }
    return postmap(p, "-s", NULL, table, (struct pl_str){NULL, 0}, text, why) == 0;
}

static bool resolves(void *arg, struct pl_str host, const struct pl_endpoint *ours)
{
    struct addrinfo hints = {.ai_family = ours->addr.ss_family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list_of, *a;
    struct pl_endpoint e = *ours;
    char name[300];
    bool found = false;

    (void)arg;
    snprintf(name, sizeof(name), "%.*s", (int)host.n, host.p);
    if (name[0] == '\0' || getaddrinfo(name, NULL, &hints, &list_of) != 0)
        return false;
    for (a = list_of; a != NULL && !found; a = a->ai_next) {
        const struct sockaddr_in *in = (const void *)&e.addr, *in_other = (const void *)a->ai_addr;
        const struct sockaddr_in6 *in6 = (const void *)&e.addr,
                                  *in6_other = (const void *)a->ai_addr;

        if (a->ai_family == AF_INET)
            found = in->sin_addr.s_addr == in_other->sin_addr.s_addr || in->sin_addr.s_addr == 0;
        else
            found = memcmp(&in6->sin6_addr, &in6_other->sin6_addr, sizeof(in6->sin6_addr)) == 0 ||
                    IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
    }
    freeaddrinfo(list_of);
    return found;
}

struct pl_doctor_system doctor_system(const struct postfix *p)
{
    return (struct pl_doctor_system){(void *)(size_t)p, query, list, resolves};
}
