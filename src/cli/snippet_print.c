/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines for main.cf and master.cf, each with its reason as a comment; and as JSON. */
#include "snippet.h"

#include "comment.h"

#include "postlatch/json.h"

#include <stdio.h>
#include <string.h>

/* One restriction, a long one over two lines. */
static void print_item(const struct snippet_item *item, const char *indent, bool last,
                       const char *end)
{
    struct pl_str text = item->text;
    size_t at = pl_str_find(text, '\n');

    if (item->why != NULL)
        print_comment(stdout, indent, item->why);
    if (at < text.n) {
        printf("%s%.*s\n", indent, (int)at, text.p);
        text = pl_str_from(text, at + 1);
        printf("    ");
    }
    printf("%s%.*s%s\n", indent, (int)text.n, text.p, last ? end : ",");
}

static void print_items(const struct snippet_list *list, const char *indent, const char *end)
{
    for (size_t i = 0; i < list->count; i++)
        print_item(&list->items[i], indent, i + 1 == list->count, end);
}

static void print_dropped(const struct snippet_list *list, const char *indent)
{
    struct pl_buf text = {0};

    if (list->dropped.n == 0)
        return;
    pl_buf_addf(&text, "Taken away, since postlatch.conf says it now: %.*s.", (int)list->dropped.n,
                list->dropped.p);
    if (!text.failed)
        print_comment(stdout, indent, text.p);
    pl_buf_fini(&text);
}

static void print_findings(const struct snippet *s)
{
    struct pl_buf text = {0};

    for (size_t i = 0; i < s->nfindings; i++) {
        pl_buf_reset(&text);
        pl_buf_addf(&text, "%s: %.*s.", s->findings[i].note ? "Note" : "TO DECIDE",
                    (int)s->findings[i].what.n, s->findings[i].what.p);
        if (!text.failed)
            print_comment(stdout, "", text.p);
    }
    if (s->nfindings > 0)
        putchar('\n');
    pl_buf_fini(&text);
}

static size_t services(const struct snippet *s, bool left)
{
    size_t n = 0;

    for (size_t i = 0; i < s->nlists; i++)
        n += s->lists[i].service != NULL && s->lists[i].left == left;
    return n;
}

void snippet_print_main(const struct snippet *s, const char *config_path)
{
    printf("# For main.cf; made from %s: mode = %s, listen = %.*s\n", config_path,
           s->observe ? "observe" : "enforce", (int)s->endpoint.n, s->endpoint.p);
    puts("# Put these lines in the place of those with the same names, then run: postfix reload");
    if (services(s, false) > 0) {
        printf("# %zu service%s of master.cf %s a list of %s own: postlatch snippet --master\n",
               services(s, false), services(s, false) == 1 ? "" : "s",
               services(s, false) == 1 ? "has" : "have", services(s, false) == 1 ? "its" : "their");
    }
    putchar('\n');
    print_findings(s);
    for (size_t i = 0; i < s->nsettings; i++) {
        print_comment(stdout, "", s->settings[i].why);
        printf("%s =%s%s\n\n", s->settings[i].name, s->settings[i].value[0] != '\0' ? " " : "",
               s->settings[i].value);
    }
    for (size_t i = 0; i < s->nlists; i++) {
        const struct snippet_list *list = &s->lists[i];

        if (list->service != NULL)
            continue;
        print_dropped(list, "");
        printf("%s =\n", list->name);
        print_items(list, "    ", "");
    }
}

/* ---- master.cf ---- */

/* The next argument of a service: blanks separate, braces hold together. */
static bool next_argument(struct pl_str *rest, struct pl_str *word)
{
    size_t n = 0, depth = 0;

    *rest = pl_str_trim(*rest);
    while (n < rest->n && (depth > 0 || rest->p[n] != ' ')) {
        depth += rest->p[n] == '{';
        depth -= depth > 0 && rest->p[n] == '}';
        n++;
    }
    *word = (struct pl_str){rest->p, n};
    *rest = pl_str_from(*rest, n);
    return n > 0;
}

/* Whether "name=value", in braces or not, sets this parameter. */
static bool sets(struct pl_str word, const char *name)
{
    struct pl_str inner = word;

    if (word.n > 0 && word.p[0] == '{' && !pl_postfix_unbrace(word, &inner))
        return false;
    return pl_str_eq(pl_str_trim((struct pl_str){inner.p, pl_str_find(inner, '=')}),
                     pl_str_of(name));
}

static void print_own_list(const struct snippet_list *list)
{
    print_dropped(list, "  ");
    printf("  -o { %s =\n", list->name);
    print_items(list, "      ", " }");
}

/* The whole entry: what stands behind the command first, then each -o on a line of its own. */
static void print_entry(const struct snippet_list *list)
{
    const struct pl_master_service *service = list->service;
    const char *begin = service->name.p, *end = service->command.p + service->command.n;
    struct pl_str rest = service->arguments, word;
    bool done = false;

    printf("%.*s", (int)(end - begin), begin);
    while (next_argument(&rest, &word)) {
        if (pl_str_eq(word, pl_str_lit("-o")))
            next_argument(&rest, &word);
        else
            printf(" %.*s", (int)word.n, word.p);
    }
    putchar('\n');
    rest = service->arguments;
    while (next_argument(&rest, &word)) {
        if (!pl_str_eq(word, pl_str_lit("-o")) || !next_argument(&rest, &word))
            continue;
        if (!sets(word, list->name)) {
            printf("  -o %.*s\n", (int)word.n, word.p);
        } else if (!done) {
            print_own_list(list);
            done = true;
        }
    }
    if (!done)
        print_own_list(list);
}

void snippet_print_master(const struct snippet *s)
{
    puts("# For master.cf: put each entry in the place of the one that begins alike, then run: "
         "postfix "
         "reload");
    if (services(s, false) == 0)
        puts("# Nothing to change: no smtpd has a relay list of its own that could ask.");
    print_findings(s);
    for (size_t i = 0; i < s->nlists; i++) {
        const struct snippet_list *list = &s->lists[i];

        if (list->service == NULL)
            continue;
        putchar('\n');
        if (list->left) {
            printf("# %.*s is left as it is: %s.\n", (int)list->service->name.n,
                   list->service->name.p, list->why);
            continue;
        }
        print_entry(list);
    }
}

/* ---- JSON ---- */

static struct pl_json *json_line(struct pl_str text)
{
    struct pl_buf line = {0};
    struct pl_json *value;

    pl_buf_add(&line, text);
    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] == '\n')
            line.p[i] = ' ';
    }
    value = line.failed ? NULL : pl_json_string(pl_buf_str(&line));
    pl_buf_fini(&line);
    return value;
}

static struct pl_json *json_value(const struct snippet_list *list)
{
    struct pl_buf value = {0};
    struct pl_json *json;

    for (size_t i = 0; i < list->count; i++)
        pl_buf_addf(&value, "%s%.*s", i > 0 ? ", " : "", (int)list->items[i].text.n,
                    list->items[i].text.p);
    json = value.failed ? NULL : json_line(pl_buf_str(&value));
    pl_buf_fini(&value);
    return json;
}

static struct pl_json *json_list(const struct snippet_list *list)
{
    struct pl_json *o = pl_json_object(), *items = pl_json_array();

    if (list->service != NULL) {
        pl_json_set(o, "service", pl_json_string(list->service->name));
        pl_json_set(o, "type", pl_json_string(list->service->type));
    }
    pl_json_set(o, "name", pl_json_string(pl_str_of(list->name)));
    if (list->left) {
        pl_json_set(o, "unchanged", json_line(pl_str_of(list->why)));
        pl_json_free(items);
        return o;
    }
    pl_json_set(o, "value", json_value(list));
    for (size_t i = 0; i < list->count; i++) {
        struct pl_json *item = pl_json_object();

        pl_json_set(item, "restriction", json_line(list->items[i].text));
        if (list->items[i].why != NULL)
            pl_json_set(item, "why", json_line(pl_str_of(list->items[i].why)));
        pl_json_append(items, item);
    }
    pl_json_set(o, "items", items);
    if (list->dropped.n > 0)
        pl_json_set(o, "dropped", pl_json_string(list->dropped));
    return o;
}

void snippet_print_json(const struct snippet *s)
{
    struct pl_json *top = pl_json_object(), *main_cf = pl_json_array(),
                   *master_cf = pl_json_array(), *findings = pl_json_array(),
                   *notes = pl_json_array();

    for (size_t i = 0; i < s->nsettings; i++) {
        struct pl_json *o = pl_json_object();

        pl_json_set(o, "name", pl_json_string(pl_str_of(s->settings[i].name)));
        pl_json_set(o, "value", pl_json_string(pl_str_of(s->settings[i].value)));
        pl_json_set(o, "why", json_line(pl_str_of(s->settings[i].why)));
        pl_json_append(main_cf, o);
    }
    for (size_t i = 0; i < s->nlists; i++)
        pl_json_append(s->lists[i].service == NULL ? main_cf : master_cf, json_list(&s->lists[i]));
    for (size_t i = 0; i < s->nfindings; i++)
        pl_json_append(s->findings[i].note ? notes : findings, pl_json_string(s->findings[i].what));
    pl_json_set(top, "mode", pl_json_string(pl_str_of(s->observe ? "observe" : "enforce")));
    pl_json_set(top, "endpoint", pl_json_string(s->endpoint));
    pl_json_set(top, "main.cf", main_cf);
    pl_json_set(top, "master.cf", master_cf);
    pl_json_set(top, "findings", findings);
    pl_json_set(top, "notes", notes);
    pl_json_print(top, stdout);
    pl_json_free(top);
}
