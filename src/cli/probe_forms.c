/* SPDX-License-Identifier: BSD-2-Clause */
/* The forms of a recipient and of a sender that a relay test tries, and how they are filled in. */
#include "probe_forms.h"

#include "postlatch/compiler.h"

#include <string.h>

/* tests/blackbox/relay_forms.tsv says what Postfix makes of each; its tests read this table. */
const struct probe_form probe_forms[PROBE_FORMS] = {
    {"P01", FORM_FOREIGN, false, "<{victim}@{foreign}>", "plain relaying from outside to outside"},
    {"P02", FORM_OURS, false, "<{user}@{local}>", "inbound mail for a local domain"},
    {"P03", FORM_OURS, false, "<{user}@{virtual}>", "inbound mail for a virtual mailbox domain"},
    {"P04", FORM_OURS, false, "<{user}@{relay}>", "inbound mail for a domain we are backup for"},
    {"C01", FORM_OURS, false, "<{user}@{LOCAL}>", "domain in capitals"},
    {"C02", FORM_OURS, false, "<{user}@{Virtual}>", "virtual domain in mixed case"},
    {"C03", FORM_OURS, false, "<{user}@{local}.>", "a dot at the end of the domain"},
    {"C04", FORM_OURS, false, "<{user}@{VIRTUAL}.>", "capitals and a dot at the end"},
    {"C05", FORM_OURS, false, "<{user}@{local}..>",
     "two dots at the end: Postfix refuses by itself"},
    {"C06", FORM_FOREIGN, false, "<{victim}@{foreign}.>", "foreign domain with a dot at the end"},
    {"C07", FORM_OURS, false, "<{user}@.{virtual}>", "domain that begins with a dot"},
    {"C08", FORM_OURS, false, "<{user}@sub..{virtual}>", "domain with an empty label"},
    {"D01", FORM_OURS, false, "<{user}@sub.{relay}>",
     "subdomain of a relay domain: ours by the entry with the dot"},
    {"D02", FORM_OURS, false, "<{user}@a.b.{relay}>", "two levels below a relay domain"},
    {"D03", FORM_OURS, false, "<{user}@sub.{virtual}>",
     "subdomain of a virtual domain: not listed"},
    {"D04", FORM_OURS, false, "<{user}@sub.{local}>", "subdomain of a local domain: not listed"},
    {"D05", FORM_FOREIGN, false, "<{user}@foreign{relay}>",
     "ends like a relay domain, without a dot between"},
    {"D06", FORM_FOREIGN, false, "<{user}@{relay}.{foreign}>", "begins like a relay domain"},
    {"R01", FORM_ROUTED, false, "<{victim}%{foreign}@{host}>",
     "percent route by way of our host name"},
    {"R02", FORM_ROUTED, false, "<{victim}%{foreign}@[{ip}]>",
     "percent route by way of our address literal"},
    {"R03", FORM_ROUTED, false, "<{victim}%{foreign}@localhost>",
     "percent route by way of localhost"},
    {"R04", FORM_ROUTED, false, "<{victim}%{foreign}@{LOCAL}.>",
     "percent route, with capitals and a dot"},
    {"R05", FORM_ROUTED, false, "<{victim}%{foreign}@{virtual}>",
     "percent left of a virtual domain"},
    {"R06", FORM_ROUTED, false, "<{victim}%{foreign}@{relay}>",
     "percent left of a relay domain: the next host may follow it"},
    {"R07", FORM_ROUTED, false, "<{victim}%{foreign}@{alias}>",
     "percent left of a virtual alias domain"},
    {"R08", FORM_ROUTED, false, "<{victim}%{foreign}>", "percent instead of an at sign"},
    {"R09", FORM_ROUTED, false, "<\"{victim}%{foreign}\">",
     "the same in quotes, which Postfix takes off"},
    {"R10", FORM_ROUTED, false, "<\"{victim}%{foreign}\"@{host}>",
     "percent route with a quoted local part"},
    {"R11", FORM_ROUTED, false, "<{victim}%{foreign}%{host}@{host}>",
     "percent route with two hops of ours"},
    {"R12", FORM_ROUTED, false, "<{victim}%{foreign}%{virtual}@{host}>",
     "percent route by way of a local, then a virtual domain"},
    {"R13", FORM_ROUTED, false, "<%{foreign}@{host}>", "percent route without a user"},
    {"R14", FORM_OURS, false, "<{user}%{virtual}@{host}>",
     "percent route that ends at our virtual domain: postlatch refuses it, as all routes"},
    {"R15", FORM_OURS, false, "<{user}%{relay}@{host}>",
     "percent route that ends at our relay domain: refused as well"},
    {"R16", FORM_OURS, false, "<50%off@{virtual}>",
     "a percent sign meant as such: refused, as Postfix does"},
    {"B01", FORM_ROUTED, false, "<{foreign}!{victim}>", "bang path without an at sign"},
    {"B02", FORM_ROUTED, false, "<{foreign}!{victim}@{host}>", "bang path by way of our host name"},
    {"B03", FORM_ROUTED, false, "<{foreign}!{victim}@[{ip}]>",
     "bang path by way of our address literal"},
    {"B04", FORM_ROUTED, false, "<\"{foreign}!{victim}\"@{host}>", "bang path in quotes"},
    {"B05", FORM_ROUTED, false, "<{foreign}!{victim}@{virtual}>", "bang left of a virtual domain"},
    {"B06", FORM_ROUTED, false, "<{host}!{foreign}!{victim}>", "bang path with two hops"},
    {"B07", FORM_ROUTED, false, "<{host}!{victim}%{foreign}>",
     "bang path and percent route in one"},
    {"B08", FORM_OURS, false, "<{virtual}!{user}>",
     "bang path that ends at our virtual domain: refused as all routes"},
    {"B09", FORM_OURS, false, "<{host}!{user}>",
     "bang path that ends at our host: refused as all routes"},
    {"B10", FORM_OURS, false, "<a!{user}@{virtual}>",
     "a bang meant as such: refused, as Postfix does"},
    {"A01", FORM_ROUTED, false, "<{victim}@{foreign}@{host}>", "two at signs"},
    {"A02", FORM_ROUTED, false, "<\"{victim}@{foreign}\"@{host}>",
     "an address as quoted local part"},
    {"A03", FORM_ROUTED, false, "<{victim}\\@{foreign}@{host}>", "an at sign behind a backslash"},
    {"A04", FORM_ROUTED, false, "<\"{victim}@{foreign}\"@[{ip}]>",
     "a quoted address left of our address literal"},
    {"A05", FORM_ROUTED, false, "<\"{victim}@{foreign}\">",
     "the whole address in quotes: the same bytes as P01"},
    {"A06", FORM_ROUTED, false, "<{victim}@{foreign}@{virtual}>",
     "two at signs, the second domain virtual"},
    {"A07", FORM_ROUTED, false, "<\"{victim}@{foreign}\"@{relay}>",
     "two at signs, the second domain a relay domain"},
    {"A08", FORM_OURS, false, "<{user}@{virtual}@{virtual}>",
     "two at signs, twice the same domain of ours"},
    {"A09", FORM_OURS, false, "<{user}@{host}@{virtual}>", "two at signs, two domains of ours"},
    {"A10", FORM_OURS, false, "<{user}@[{ip}]@{virtual}>", "an address literal in the local part"},
    {"A11", FORM_ROUTED, false, "<{victim}@{foreign}@>", "at sign at the end: the domain is empty"},
    {"A12", FORM_OURS, false, "<{user}@{virtual}@>",
     "at sign at the end behind an address of ours: refused as all routes"},
    {"A13", FORM_ROUTED, false, "<{victim}@{foreign}%{virtual}@{host}>",
     "at sign and percent: Postfix refuses by itself"},
    {"S01", FORM_FOREIGN, false, "<@{host}:{victim}@{foreign}>",
     "source route by way of us, which Postfix drops"},
    {"S02", FORM_FOREIGN, false, "<@[{ip}]:{victim}@{foreign}>",
     "source route by way of our address literal"},
    {"S03", FORM_FOREIGN, false, "<@{relay},@{host}:{victim}@{foreign}>",
     "source route with two hops"},
    {"S04", FORM_OURS, false, "<@{foreign}:{user}@{virtual}>",
     "source route by way of a foreign host to a user of ours"},
    {"S05", FORM_FOREIGN, false, "<@[IPv6:2001:db8::1]:{victim}@{foreign}>",
     "source route, cut off at its first colon, within the IPv6 literal"},
    {"S06", FORM_OURS, false, "<@[IPv6:2001:db8::1]:{user}@{virtual}>",
     "the same with a virtual domain of ours"},
    {"L01", FORM_OURS, false, "<{user}@[{ip}]>", "our address"},
    {"L02", FORM_OURS, false, "<{user}@[127.0.0.1]>", "our loopback address"},
    {"L03", FORM_FOREIGN, false, "<{user}@[192.0.2.99]>", "somebody else's address"},
    {"L04", FORM_OURS, false, "<{user}@[IPv6:{ip6}]>", "our IPv6 address"},
    {"L05", FORM_OURS, false, "<{user}@[ipv6:{ip6}]>", "its tag in lower case"},
    {"L06", FORM_OURS, false, "<{user}@[::1]>", "IPv6 literal without its tag"},
    {"L07", FORM_FOREIGN, false, "<{user}@[IPv6:2001:db8::99]>", "somebody else's IPv6 address"},
    {"L08", FORM_OURS, false, "<{user}@[IPv6:::ffff:{ip}]>",
     "our IPv4 address in mapped form: not ours to Postfix"},
    {"L09", FORM_OURS, false, "<{user}@[0177.0.0.1]>", "octal octet, 127.0.0.1 to the C library"},
    {"L10", FORM_OURS, false, "<{user}@[{ip_zeros}]>", "octets with leading zeros"},
    {"L11", FORM_OURS, false, "<{user}@{ip}>", "address without brackets"},
    {"L12", FORM_OURS, false, "<{user}@[{ip}].>", "our address literal with a dot behind"},
    {"L13", FORM_ROUTED, false, "<{victim}%{foreign}@[IPv6:{ip6}]>",
     "percent route by way of our IPv6 literal"},
    {"L14", FORM_OURS, false, "<{user}@[{virtual}]>", "a name within brackets"},
    {"N01", FORM_OURS, false, "<{user}>", "no domain: myorigin is added"},
    {"N02", FORM_OURS, false, "<postmaster>",
     "no domain, and accepted without a question by RFC 5321"},
    {"N03", FORM_OURS, false, "<@{local}>", "no user"},
    {"N04", FORM_OURS, false, "<\"\"@{virtual}>", "an empty quoted user"},
    {"N05", FORM_OURS, false, "<{user}@>", "no domain behind the at sign"},
    {"W01", FORM_OURS, false, "< {user}@{virtual}>", "blank in front"},
    {"W02", FORM_OURS, false, "<{user} @{virtual}>", "blank behind the user"},
    {"W03", FORM_OURS, false, "<{user}@ {virtual}>", "blank in front of the domain"},
    {"W04", FORM_OURS, false, "{user}@{virtual}", "no angle brackets"},
    {"W05", FORM_OURS, false, "<\"{user} name\"@{virtual}>", "a blank in quotes"},
    {"W06", FORM_OURS, false, "<\"a\\\"b\"@{virtual}>", "a quote within quotes"},
    {"M01", FORM_OURS, false, "<{user}@{virtual}({victim}@{foreign})>",
     "an address of ours with a comment"},
    {"M02", FORM_FOREIGN, false, "<{victim}@{foreign}(@{virtual})>",
     "a foreign address with a comment that looks like ours"},
    {"M03", FORM_FOREIGN, false, "<{user}@{virtual},{victim}@{foreign}>",
     "two addresses with a comma"},
    {"M04", FORM_OURS, false, "<{user}@{virtual}> {victim}@{foreign}",
     "an address of ours and more behind it"},
    {"M05", FORM_FOREIGN, false, "<{user}:{victim}@{foreign}>", "a colon in the local part"},
    {"M06", FORM_FOREIGN, false, "<mailto:{victim}@{foreign}>", "a URI"},
    {"T01", FORM_OURS, false, "<{user}+{victim}={foreign}@{virtual}>",
     "a tag that looks like an address (VERP)"},
    {"T02", FORM_OURS, false, "<{victim}={foreign}@{virtual}>", "an equals sign in the local part"},
    {"T03", FORM_OURS, false, "<prvs=1234={user}@{virtual}>", "BATV"},
    {"T04", FORM_OURS, false, "<SRS0=HH=TT={foreign}={victim}@{virtual}>", "SRS"},
    {"U01", FORM_FOREIGN, true, "<{user}@bücher.example>", "foreign domain in UTF-8"},
    {"U02", FORM_FOREIGN, false, "<{user}@xn--bcher-kva.example>", "the same domain as A-label"},
    {"U03", FORM_FOREIGN, false, "<{user}@bücher.example>", "the same without SMTPUTF8"},
    {"U04", FORM_OURS, true, "<üser@{virtual}>", "local part in UTF-8"},
    {"U05", FORM_OURS, true, "<\\xFFser@{virtual}>", "not UTF-8"},
    {"U06", FORM_OURS, true, "<{user}@{local_dots}>",
     "ideographic full stop, a dot to IDNA but not to Postfix"},
    {"U07", FORM_OURS, true, "<{user}@{local_wide}>",
     "full-width letter, a letter to IDNA but not to Postfix"},
    {"X01", FORM_OURS, false, "<-{user}@{virtual}>", "a dash in front"},
    {"X02", FORM_OURS, false, "<{user}@{virtual}\\x00@{foreign}>", "a NUL in the middle"},
    {"X03", FORM_FOREIGN, false, "<{user}@exa_mple.org>", "an underscore in the domain"},
};

/* Tried with the recipients that probe_sender_forms names. */
const struct probe_sender probe_senders[PROBE_SENDERS] = {
    {"F01", "<>", "the null sender"},
    {"F02", "<spam@{local}>", "a sender of ours, forged"},
    {"F03", "<spam@{host}>", "the server's own name"},
    {"F04", "<spam@[{ip}]>", "the server's own address"},
    {"F05a", "<spam@localhost>", "localhost"},
    {"F05b", "<spam>", "no domain"},
    {"F06", "<@{foreign}:spam@{local}>", "source route to a sender of ours"},
    {"F07", "<spam@{local}> AUTH=admin@{local}", "a login that is only claimed"},
    {"F08", "<\"\">", "the null sender in quotes"},
    {"F09", "<postmaster@{local}>", "a role account"},
};

const char *const probe_sender_forms[PROBE_SENDER_FORMS] = {"P01", "R01", "R06",
                                                            "B02", "A02", "S01"};

enum spelling { PLAIN, CAPITALS, CAPITAL, IDEOGRAPHIC_STOPS, FULL_WIDTH, ZEROS };

/* What stands in braces: which word, and how it is spelt. */
static const struct {
    const char *name;
    size_t at; /* in struct form_words */
    enum spelling spelling;
    const char *what; /* for people, when it is not known */
} placeholders[] = {
    {"victim", offsetof(struct form_words, victim), PLAIN, "a foreign recipient"},
    {"foreign", offsetof(struct form_words, foreign), PLAIN, "a foreign recipient"},
    {"user", offsetof(struct form_words, user), PLAIN, "a user of the server's"},
    {"host", offsetof(struct form_words, host), PLAIN, "the server's name"},
    {"ip", offsetof(struct form_words, ip), PLAIN, "the server's IPv4 address"},
    {"ip_zeros", offsetof(struct form_words, ip), ZEROS, "the server's IPv4 address"},
    {"ip6", offsetof(struct form_words, ip6), PLAIN, "the server's IPv6 address"},
    /* From outside the four cannot be told apart; each domain that is known stands in for all. */
    {"local", offsetof(struct form_words, domain), PLAIN, FORM_NO_DOMAIN},
    {"LOCAL", offsetof(struct form_words, domain), CAPITALS, FORM_NO_DOMAIN},
    {"local_dots", offsetof(struct form_words, domain), IDEOGRAPHIC_STOPS, FORM_NO_DOMAIN},
    {"local_wide", offsetof(struct form_words, domain), FULL_WIDTH, FORM_NO_DOMAIN},
    {"virtual", offsetof(struct form_words, domain), PLAIN, FORM_NO_DOMAIN},
    {"VIRTUAL", offsetof(struct form_words, domain), CAPITALS, FORM_NO_DOMAIN},
    {"Virtual", offsetof(struct form_words, domain), CAPITAL, FORM_NO_DOMAIN},
    {"relay", offsetof(struct form_words, domain), PLAIN, FORM_NO_DOMAIN},
    {"alias", offsetof(struct form_words, domain), PLAIN, FORM_NO_DOMAIN},
};

enum { PLACEHOLDERS = sizeof(placeholders) / sizeof(placeholders[0]) };

static void add_octets(struct pl_buf *out, const char *ip)
{
    for (;;) {
        size_t n = strcspn(ip, ".");

        for (size_t i = n; i < 3; i++)
            pl_buf_add_char(out, '0');
        pl_buf_add(out, (struct pl_str){ip, n});
        if (ip[n] == '\0')
            return;
        pl_buf_add_char(out, '.');
        ip += n + 1;
    }
}

static void add_word(struct pl_buf *out, const char *word, enum spelling spelling)
{
    if (spelling == ZEROS) {
        add_octets(out, word);
        return;
    }
    for (size_t i = 0; word[i] != '\0'; i++) {
        bool first = i == 0 || word[i - 1] == '.';

        if (spelling == IDEOGRAPHIC_STOPS && word[i] == '.')
            pl_buf_add(out, pl_str_lit("\xe3\x80\x82")); /* U+3002 */
        else if (spelling == FULL_WIDTH && i == 0 && word[i] >= 'a' && word[i] <= 'z')
            /* U+FF41 to U+FF5A, whose last bytes are 0x81 to 0x9a */
            pl_buf_addf(out, "\xef\xbd%c", (char)(0x81 + (word[i] - 'a')));
        else if (spelling == CAPITALS || (spelling == CAPITAL && first))
            pl_buf_add_char(out, pl_ascii_upper(word[i]));
        else
            pl_buf_add_char(out, word[i]);
    }
}

const char *form_fill_in(struct pl_buf *out, const char *text, const struct form_words *words)
{
    for (; *text != '\0'; text++) {
        size_t n = strcspn(text, "}"), i = 0;
        const char *word;

        if (text[0] == '\\' && text[1] == 'x') {
            pl_buf_add_char(out,
                            (char)(pl_ascii_hex_digit(text[2]) * 16 + pl_ascii_hex_digit(text[3])));
            text += 3;
            continue;
        }
        if (text[0] != '{') {
            pl_buf_add_char(out, text[0]);
            continue;
        }
        while (i < PLACEHOLDERS && (strlen(placeholders[i].name) != n - 1 ||
                                    memcmp(placeholders[i].name, text + 1, n - 1) != 0))
            i++;
        pl_assert(i < PLACEHOLDERS);
        word = *(const char *const *)(const void *)((const char *)words + placeholders[i].at);
        if (word == NULL)
            return placeholders[i].what;
        add_word(out, word, placeholders[i].spelling);
        text += n;
    }
    return NULL;
}
