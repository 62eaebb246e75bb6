/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands below the table: the relay surface drawn to scale, the rules that decide, the assumptions. */
#include "matrix_html.h"

#include "postlatch/check.h"
#include "postlatch/explain.h"

enum { NETWORKS_SHOWN = 48, OTHERS_SHOWN = 120 };

static void add_rule_names(struct pl_buf *out, const struct pl_surface_line *line)
{
    for (size_t i = 0; i < line->nrules; i++) {
        if (i > 0)
            pl_buf_add(out, pl_str_lit(", "));
        html_text(out, line->rules[i]->name);
    }
    if (line->elsewhere)
        pl_buf_add(out, pl_str_lit(" (Postfix itself lets it: permitted_elsewhere)"));
    if (!line->any) {
        pl_buf_addf(out, ", %sonly to ", line->mixed ? "from some of these addresses " : "");
        html_text(out, line->to);
    }
}

/* How many addresses a network holds: exactly where the number says something, else as a power. */
static void add_size(struct pl_buf *out, const struct pl_prefix *network)
{
    unsigned bits = pl_addr_bits(&network->addr) - network->len;
    double n = 1;

    if (network->addr.family == 6 && bits > 20) {
        pl_buf_addf(out, "2<sup>%u</sup> addresses", bits);
        return;
    }
    for (unsigned i = 0; i < bits; i++)
        n *= 2;
    add_number(out, n);
    pl_buf_addf(out, " address%s", bits == 0 ? "" : "es");
}

/* The bar of a network: as long as its size has bits, one address being a thin mark. */
static void add_network(struct pl_buf *out, const struct pl_surface_line *line)
{
    unsigned all = pl_addr_bits(&line->network.addr), bits = all - line->network.len;

    pl_buf_add(out, pl_str_lit("<code>"));
    add_html(out, line->text);
    pl_buf_add(out,
               pl_str_lit("</code>\n<svg class=\"bar\" viewBox=\"0 0 128 8\" "
                          "preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"track\" "
                          "width=\"128\" height=\"8\" vector-effect=\"non-scaling-stroke\"/>"));
    pl_buf_addf(out, "<rect class=\"fill\" width=\"%.1f\" height=\"8\"/>",
                bits == 0 ? 0.5 : bits * 128.0 / all);
    for (unsigned i = 1; i < 4; i++)
        pl_buf_addf(out,
                    "<path class=\"tick\" d=\"M%u 0V8\" vector-effect=\"non-scaling-stroke\"/>",
                    i * 32);
    pl_buf_add(out, pl_str_lit("</svg>\n<span>"));
    add_size(out, &line->network);
    pl_buf_add(out, pl_str_lit("; <span class=\"place\">"));
    add_rule_names(out, line);
    pl_buf_add(out, pl_str_lit("</span></span>\n"));
}

/* All of IPv4 from left to right; what may relay is where it lies, as wide as it is. */
static void add_world(struct pl_buf *out, const struct pl_surface *s)
{
    const double all = 4294967296.0;
    double share = s->addresses_v4 / all * 100;

    pl_buf_add(out, pl_str_lit("<figure class=\"world\"><svg viewBox=\"0 0 1024 26\" "
                               "preserveAspectRatio=\"none\" class=\"bar\" role=\"img\" "
                               "aria-label=\"the relay surface within all IPv4 addresses\">"
                               "<rect class=\"track\" width=\"1024\" height=\"26\" "
                               "vector-effect=\"non-scaling-stroke\"/>"));
    for (unsigned i = 1; i < 8; i++)
        pl_buf_addf(out,
                    "<path class=\"tick\" d=\"M%u 0V26\" vector-effect=\"non-scaling-stroke\"/>",
                    i * 128);
    for (size_t i = 0; i < s->nlines; i++) {
        const struct pl_prefix *n = &s->lines[i].network;
        double at = 0, width = 1024;

        if (s->lines[i].kind != PL_SURFACE_NETWORK || n->addr.family != 4)
            continue;
        for (size_t b = 0; b < 4; b++)
            at = at * 256 + n->addr.bytes[b];
        for (unsigned b = 0; b < n->len; b++)
            width /= 2;
        pl_buf_addf(out, "<rect class=\"fill\" x=\"%.3f\" width=\"%.3f\" height=\"26\"/>",
                    at / all * 1024, width < 2 ? 2.0 : width);
    }
    pl_buf_add(
        out, pl_str_lit("</svg>\n<div class=\"steps mono\"><span>0.0.0.0</span>"
                        "<span>64.0.0.0</span><span>128.0.0.0</span><span>192.0.0.0</span></div>\n"
                        "<figcaption class=\"note\">All of IPv4, to scale (linear): "));
    add_number(out, s->addresses_v4);
    pl_buf_addf(out, " of 4,294,967,296 addresses, ");
    if (share > 0 && share < 0.001)
        pl_buf_add(out, pl_str_lit("less than 0.001 %"));
    else
        pl_buf_addf(out, "%.3f %%", share);
    pl_buf_add(out, pl_str_lit(". Marks are at least 2/1024 wide, or they could not be "
                               "seen.</figcaption></figure>\n"));
}

static const char *kind_word(enum pl_surface_kind kind)
{
    static const char *const words[] = {"network",
                                        "a client whose address is unknown",
                                        "with the verified name",
                                        "at the listener",
                                        "with the login",
                                        "with the certificate"};

    return words[kind];
}

static void add_networks(struct pl_buf *out, const struct pl_surface *s)
{
    size_t shown = 0, all = 0;

    for (size_t i = 0; i < s->nlines; i++)
        all += s->lines[i].kind == PL_SURFACE_NETWORK;
    if (all == 0) {
        pl_buf_add(out, pl_str_lit("<p>No address: nobody relays by address alone.</p>\n"));
        return;
    }
    add_world(out, s);
    pl_buf_add(out, pl_str_lit("<div class=\"surface\">\n<span class=\"head\">network</span>\n"
                               "<span class=\"head steps\"><span>1</span><span>256</span>"
                               "<span>65,536</span><span>16,777,216</span></span>\n"
                               "<span class=\"head\">addresses; by which rule</span>\n"));
    for (size_t i = 0; i < s->nlines && shown < NETWORKS_SHOWN; i++) {
        if (s->lines[i].kind != PL_SURFACE_NETWORK)
            continue;
        add_network(out, &s->lines[i]);
        shown++;
    }
    pl_buf_add(
        out,
        pl_str_lit("</div>\n<p class=\"note\">The bars are logarithmic: each quarter stands for "
                   "256 times as many IPv4 addresses, or 2<sup>32</sup> times as many IPv6 "
                   "addresses; a full bar is all there are.</p>\n"));
    if (all > shown) {
        pl_buf_add(out, pl_str_lit("<p class=\"note\">… and "));
        add_number(out, (double)(all - shown));
        pl_buf_add(out, pl_str_lit(" more networks; <code>postlatch surface</code> has them "
                                   "all.</p>\n"));
    }
}

static void add_others(struct pl_buf *out, const struct pl_surface *s)
{
    size_t shown = 0, all = 0;

    for (size_t i = 0; i < s->nlines; i++)
        all += s->lines[i].kind != PL_SURFACE_NETWORK;
    if (all == 0)
        return;
    pl_buf_add(out, pl_str_lit("<h2>From any other address</h2>\n<ul class=\"others\">\n"));
    for (size_t i = 0; i < s->nlines && shown < OTHERS_SHOWN; i++) {
        const struct pl_surface_line *line = &s->lines[i];

        if (line->kind == PL_SURFACE_NETWORK)
            continue;
        shown++;
        pl_buf_addf(out, "<li>%s", kind_word(line->kind));
        if (line->kind != PL_SURFACE_NO_ADDRESS) {
            pl_buf_add(out, pl_str_lit(" <b>"));
            html_text(out, line->text);
            pl_buf_add(out, pl_str_lit("</b>"));
        }
        pl_buf_add(out, pl_str_lit(": <span class=\"place\">"));
        add_rule_names(out, line);
        pl_buf_add(out, pl_str_lit("</span></li>\n"));
    }
    if (all > shown)
        pl_buf_addf(out, "<li>… and %zu more; <code>postlatch surface</code> has them all</li>\n",
                    all - shown);
    pl_buf_add(out, pl_str_lit("</ul>\n"));
}

void html_surface(struct pl_buf *out, const struct pl_page *page)
{
    if (page->surface == NULL)
        return;
    pl_buf_add(out,
               pl_str_lit("<section>\n<h2>The relay surface</h2>\n<p class=\"lead\">From these "
                          "addresses anybody can send to recipients elsewhere, without login, "
                          "certificate or verified name.</p>\n"));
    if (page->surface->gave_up != NULL)
        pl_buf_addf(out, "<p class=\"warn\">Not complete: %s.</p>\n", page->surface->gave_up);
    add_networks(out, page->surface);
    add_others(out, page->surface);
    pl_buf_add(out, pl_str_lit("</section>\n"));
}

void html_rules(struct pl_buf *out, const struct pl_page *page)
{
    const struct pl_policy *p = page->matrix->policy;
    struct rule_numbers numbers;

    if (!rule_numbers_init(&numbers, page->matrix)) {
        out->failed = true;
        return;
    }
    pl_buf_add(
        out,
        pl_str_lit("<section>\n<h2>The rules that decide in the table</h2>\n<p class=\"lead\">In "
                   "this order; the first whose conditions all hold decides.</p>\n"
                   "<table class=\"rules\"><thead><tr><th scope=\"col\">rule</th>"
                   "<th scope=\"col\">answer</th><th scope=\"col\">if</th>"
                   "<th scope=\"col\">where it stands</th></tr></thead>\n<tbody>\n"));
    for (size_t r = 0; r < p->nrules; r++) {
        const struct pl_rule *rule = &p->rules[r];
        struct pl_buf place = {0};

        if (numbers.number[r] == 0)
            continue;
        pl_buf_add(out, pl_str_lit("<tr><td>"));
        html_text(out, rule->name);
        pl_buf_add(out, pl_str_lit("</td><td>"));
        html_text(out, rule->action->source);
        pl_buf_add(out, pl_str_lit("</td><td>"));
        add_conditions(&place, p, rule);
        html_text(out, pl_buf_str(&place));
        pl_buf_reset(&place);
        pl_buf_add(out, pl_str_lit("</td><td class=\"place\">"));
        pl_explain_place(&place, p, rule->at);
        html_text(out, place.n > 0 ? pl_buf_str(&place) : pl_str_lit("built in"));
        out->failed |= place.failed;
        pl_buf_fini(&place);
        pl_buf_add(out, pl_str_lit("</td></tr>\n"));
    }
    pl_buf_add(out, pl_str_lit("</tbody></table>\n</section>\n"));
    rule_numbers_fini(&numbers);
}

void html_assumptions(struct pl_buf *out, const struct pl_page *page)
{
    struct pl_buf line = {0};

    pl_buf_add(out,
               pl_str_lit("<section>\n<h2>What this assumes</h2>\n<ul class=\"assumptions\">\n"));
    for (size_t i = 0; pl_check_assumption(&line, page->matrix->policy, i); i++) {
        pl_buf_add(out, pl_str_lit("<li>"));
        html_text(out, pl_buf_str(&line));
        pl_buf_add(out, pl_str_lit("</li>\n"));
    }
    pl_buf_add(out, pl_str_lit("</ul>\n</section>\n"));
    out->failed |= line.failed;
    pl_buf_fini(&line);
}
