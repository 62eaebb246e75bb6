/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration file that init writes. */
#include "init.h"

#include "comment.h"

#include <stdarg.h>
#include <stdlib.h>

enum { COLUMNS = 100 };

static void say(FILE *out, const char *indent, const char *fmt, ...) PL_PRINTF(3, 4);

static void say(FILE *out, const char *indent, const char *fmt, ...)
{
    struct pl_buf text = {0};
    char *made = NULL;
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&made, fmt, ap) >= 0)
        print_comment(out, indent, made);
    va_end(ap);
    free(made);
    pl_buf_fini(&text);
}

static void say_part(const struct init *in, enum init_part part, FILE *out)
{
    for (size_t i = 0; i < in->nsays; i++) {
        if (in->says[i].part == part && in->says[i].decide)
            say(out, "", "TO DECIDE: %s.", in->says[i].text.p);
    }
    for (size_t i = 0; i < in->nsays; i++) {
        if (in->says[i].part == part && !in->says[i].decide)
            say(out, "", "Note: %s.", in->says[i].text.p);
    }
}

/* Letters of an entry that needs no quotes. */
static bool is_plain(struct pl_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (!pl_ascii_is_alnum(c) && c != '.' && c != '-' && c != '_' && c != ':' && c != '/')
            return false;
    }
    return text.n > 0;
}

static void write_quoted(const struct init_entry *e, FILE *out)
{
    if (is_plain(e->text)) {
        fprintf(out, "%s%s", e->out ? "!" : "", e->text.p);
        return;
    }
    fprintf(out, "\"%s", e->out ? "!" : "");
    for (size_t i = 0; i < e->text.n; i++) {
        if (e->text.p[i] == '"' || e->text.p[i] == '\\')
            putc('\\', out);
        putc(e->text.p[i], out);
    }
    putc('"', out);
}

static size_t width(const struct init_entry *e)
{
    return e->text.n + (is_plain(e->text) ? 0U : 2U) + (e->out ? 1U : 0U) + 2U;
}

static void write_entries(const struct init_list *list, FILE *out)
{
    size_t used = 0;

    for (size_t i = 0, g = 0; i < list->count; i++) {
        bool fresh = i == 0;

        while (g < list->ngroups && list->groups[g].first <= i) {
            if (g + 1 == list->ngroups ||
                list->groups[g + 1].first > i) { /* groups that added nothing are passed over */
                if (!fresh || used > 0)
                    fputc('\n', out);
                print_comment(out, "    ", list->groups[g].source.p);
                used = 0;
            }
            g++;
        }
        if (used > 0 && used + width(&list->entries[i]) > COLUMNS) {
            fputc('\n', out);
            used = 0;
        }
        if (used == 0) {
            fputs("    ", out);
            used = 4;
        } else {
            fputc(' ', out);
            used++;
        }
        write_quoted(&list->entries[i], out);
        used += width(&list->entries[i]) - 1;
        if (i + 1 < list->count)
            fputc(',', out);
    }
    fputc('\n', out);
}

static void write_list(const char *name, const struct init_list *list, FILE *out)
{
    bool any = false;

    for (size_t i = 0; i < list->count; i++)
        any = any || !list->entries[i].out;
    if (!any)
        return;
    fprintf(out, "%s = {\n", name);
    write_entries(list, out);
    fputs("}\n", out);
}

static void write_section(const char *title, FILE *out)
{
    fprintf(out, "\n# ---- %s ----\n", title);
}

static void write_short_names(const struct init *in, FILE *out)
{
    struct init_list names = in->short_names;

    if (names.count == 0)
        return;
    names.ngroups = 0;
    fputs("# Names without a dot that Postfix takes mail for, from clients that may not relay.\n"
          "rule \"short names of this host\" {\n",
          out);
    if (in->networks.count > 0)
        fputs("    client_address = {any, unknown, !<relay_networks>}\n", out);
    fputs("    sasl_username = {none}\n"
          "    recipient = {\n    ",
          out);
    write_entries(&names, out);
    fputs("    }\n    action = \"DUNNO\"\n}\n", out);
}

static void write_head(const struct init *in, FILE *out)
{
    struct pl_str version = init_value(in, "mail_version"),
                  level = init_value(in, "compatibility_level"),
                  folder = init_value(in, "config_directory");

    say(out, "",
        "The policy of postlatchd, made by postlatch init from Postfix %.*s, "
        "compatibility_level %.*s (folder: %.*s).",
        (int)version.n, version.p, (int)level.n, level.p, (int)folder.n, folder.p);
    if (init_undecided(in) > 0)
        say(out, "", "%zu thing%s marked TO DECIDE.", init_undecided(in),
            init_undecided(in) == 1 ? " is" : "s are");
    fputs("#\n"
          "# mode = observe: nothing is refused yet, the mail log shows what would be. Next:\n"
          "#   postlatch check      says who can relay, and proves that nobody else can\n"
          "#   postlatch snippet    prints the lines for main.cf\n"
          "# and when the log has shown nothing wrong for some days: mode = enforce, and snippet "
          "again.\n"
          "\n"
          "listen = {\"inet:127.0.0.1:10071\"}\n"
          "mode   = observe\n",
          out);
}

void init_write(const struct init *in, FILE *out)
{
    write_head(in, out);
    write_section("Domains that this Postfix takes mail for, from everybody", out);
    say_part(in, INIT_DOMAINS, out);
    write_list("accepted_domains", &in->domains, out);
    write_short_names(in, out);

    write_section("Who may relay to other people's domains", out);
    say_part(in, INIT_GRANTS, out);
    write_list("relay_networks", &in->networks, out);
    write_list("relay_client_names", &in->names, out);
    write_list("relay_users", &in->users, out);
    write_list("relay_clientcerts", &in->certs, out);

    write_section("Facts about the surroundings", out);
    say_part(in, INIT_FACTS, out);
    write_list("masking", &in->masking, out);
    fprintf(out, "after_dunno    = %s\n",
            in->after_dunno != NULL ? in->after_dunno : "reject_unauth_destination");
    fprintf(out, "bare_recipient = %s\n", in->bare_is_ours ? "ours" : "foreign");
    if (in->delimiter.n > 0)
        fprintf(out, "recipient_delimiter = \"%.*s\"\n", (int)in->delimiter.n, in->delimiter.p);
    if (in->permits_spare)
        fputs("# Postfix's permits stay behind us, as they spare clients other checks.\n"
              "permitted_elsewhere = {<relay_networks>}\n",
              out);

    for (size_t i = 0; i < in->nsays; i++) {
        if (in->says[i].part == INIT_LISTENERS) {
            write_section("Services of Postfix", out);
            say_part(in, INIT_LISTENERS, out);
            break;
        }
    }
}
