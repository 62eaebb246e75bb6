/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The indexes, held to a scan of all entries: random networks and names, nested, adjacent, duplicated,
 * in several tables; asked for their edges, the neighbours of these, and anything else.
 */
#include "unit.h"

#include "postlatch/addrindex.h"
#include "postlatch/nameindex.h"

#include <stdlib.h>
#include <string.h>

enum { TABLES = 5 };

static uint64_t state = 88172645463325252ULL;

static uint32_t random_bits(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

/* The tables of a class, as bits. */
static unsigned bits_of(const struct pl_classes *c, uint32_t class)
{
    size_t n;
    const uint32_t *members = pl_classes_members(c, class, &n);
    unsigned bits = 0;

    for (size_t i = 0; i < n; i++) {
        assert_true(i == 0 || members[i] > members[i - 1]);
        bits |= 1U << members[i];
    }
    return bits;
}

/* ---- addresses ---- */

struct network {
    struct pl_prefix prefix;
    uint32_t table;
};

/* Few leading bits vary, so that networks meet; now and then an end of the address space. */
static struct pl_prefix random_prefix(unsigned family, unsigned spread)
{
    struct pl_prefix p = {{(uint8_t)family, {0}}, 0};
    unsigned bits = pl_addr_bits(&p.addr);

    for (unsigned i = 0; i < bits / 8; i++) {
        if (i < spread || random_bits() % 8 == 0)
            p.addr.bytes[i] =
                (uint8_t)(random_bits() % 4 == 0 ? random_bits() % 2 * 255 : random_bits());
    }
    p.len = (uint8_t)(random_bits() % (bits + 1));
    if (random_bits() % 4 == 0) /* where the levels meet */
        p.len = (uint8_t)(family == 4 ? 16 + random_bits() % 4 : 62 + random_bits() % 5);
    pl_addr_mask(&p.addr, p.len);
    return p;
}

static void step(struct pl_addr *a, int by)
{
    for (unsigned i = pl_addr_bits(a) / 8; i-- > 0;) {
        a->bytes[i] = (uint8_t)(a->bytes[i] + by);
        if (a->bytes[i] != (by > 0 ? 0 : 255))
            return;
    }
}

static unsigned by_scan(const struct network *nets, size_t n, const struct pl_addr *addr)
{
    unsigned bits = 0;

    for (size_t i = 0; i < n; i++) {
        if (pl_prefix_contains(&nets[i].prefix, addr))
            bits |= 1U << nets[i].table;
    }
    return bits;
}

static void check_addr(const struct pl_addr_index *x, const struct network *nets, size_t n,
                       const struct pl_addr *addr)
{
    char text[PL_ADDR_TEXT];
    unsigned want = by_scan(nets, n, addr);
    unsigned got = bits_of(&x->classes, pl_addr_index_find(x, addr));

    if (want != got)
        fail_msg("%s: tables %#x, expected %#x", pl_addr_format(text, addr), got, want);
}

/* The ranges follow one another without a gap, and say of each end what looking up says. */
struct walked {
    const struct pl_addr_index *x;
    struct pl_addr next;
    size_t count;
};

static bool check_range(const struct pl_addr *first, const struct pl_addr *last, uint32_t class,
                        void *arg)
{
    struct walked *w = arg;
    struct pl_addr zero = {first->family, {0}};

    assert_true(pl_addr_eq(first, w->next.family == first->family ? &w->next : &zero));
    assert_int_equal(pl_addr_index_find(w->x, first), class);
    assert_int_equal(pl_addr_index_find(w->x, last), class);
    w->next = *last;
    step(&w->next, 1);
    w->count++;
    return true;
}

/* What the ranges of some classes joined are, from walking one by one. */
struct joined {
    const struct pl_addr_index *x;
    const uint16_t *marks;
    uint64_t least4;
    struct pl_addr_cursor
        at; /* the next range that was not seen in a joined one; first.family 0: none */
    size_t left_out;
};

static void next_marked(struct joined *j)
{
    do {
        if (!pl_addr_index_next(j->x, &j->at))
            j->at.first.family = 0;
    } while (j->at.first.family != 0 && (j->marks[j->at.class] & 4) == 0);
}

static uint64_t size4(const struct pl_addr *first, const struct pl_addr *last)
{
    uint64_t size = 0;

    for (int i = 0; i < 4; i++)
        size = 256 * size + last->bytes[i] - first->bytes[i];
    return size + 1;
}

/* Walks to the end of the joined range that begins here; returns that end. */
static struct pl_addr end_of_joined(struct joined *j)
{
    struct pl_addr last, next;

    do {
        last = next = j->at.last;
        step(&next, 1);
        next_marked(j);
    } while (j->at.first.family == last.family && pl_addr_eq(&j->at.first, &next));
    return last;
}

static bool check_joined(const struct pl_addr *first, const struct pl_addr *last, void *arg)
{
    struct joined *j = arg;
    struct pl_addr start, end;

    do {
        start = j->at.first;
        assert_int_not_equal(start.family, 0);
        end = end_of_joined(j);
    } while (start.family == 4 && size4(&start, &end) < j->least4 && ++j->left_out > 0);
    assert_true(pl_addr_eq(first, &start));
    assert_true(pl_addr_eq(last, &end));
    return true;
}

static void check_join(const struct pl_addr_index *x, uint64_t least4)
{
    uint16_t *marks = calloc(x->classes.count, sizeof(*marks));
    struct joined j = {.x = x, .marks = marks, .least4 = least4};

    for (uint32_t i = 0; i < x->classes.count; i++)
        marks[i] = (uint16_t)(random_bits() % 8);
    next_marked(&j);
    assert_true(pl_addr_index_join(x, marks, 4, least4, check_joined, &j));
    while (j.at.first.family == 4) { /* the last ones may be left out */
        struct pl_addr start = j.at.first, end = end_of_joined(&j);

        assert_true(size4(&start, &end) < least4);
    }
    assert_int_equal(j.at.first.family, 0);
    free(marks);
}

static void check_networks(size_t n, unsigned spread, size_t questions)
{
    struct network *nets = calloc(n + 1, sizeof(*nets));
    struct pl_networks sources = {0};
    struct pl_addr_index x = {0};
    struct walked w = {&x, {0}, 0};

    for (size_t i = 0; i < n; i++) {
        nets[i].prefix = random_prefix(random_bits() % 2 == 0 ? 4 : 6, spread);
        if (i > 0 && random_bits() % 8 == 0)
            nets[i].prefix = nets[random_bits() % i].prefix; /* the same in another table */
        nets[i].table = random_bits() % TABLES;
        assert_true(pl_networks_add(&sources, &nets[i].prefix, nets[i].table));
    }
    assert_true(pl_addr_index_build(&x, &sources));
    for (size_t q = 0; q < questions; q++) {
        struct pl_prefix p = n > 0 && random_bits() % 4 != 0
                                 ? nets[random_bits() % n].prefix
                                 : random_prefix(random_bits() % 2 == 0 ? 4 : 6, 16);
        struct pl_addr first = p.addr, last = p.addr;

        check_addr(&x, nets, n, &first);
        step(&first, -1);
        check_addr(&x, nets, n, &first);
        for (unsigned i = p.len; i < pl_addr_bits(&last); i++)
            last.bytes[i / 8] = (uint8_t)(last.bytes[i / 8] | 0x80U >> i % 8);
        check_addr(&x, nets, n, &last);
        step(&last, 1);
        check_addr(&x, nets, n, &last);
    }
    assert_true(pl_addr_index_walk(&x, check_range, &w));
    assert_true(w.count >= 2);
    check_join(&x, 0);
    check_join(&x, 1U << random_bits() % 32);
    pl_addr_index_fini(&x);
    pl_networks_fini(&sources);
    free(nets);
}

static void networks(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < 400; i++)
        check_networks(i % 40, 1 + i % 3, 20);
    for (unsigned i = 0; i < 20; i++)
        check_networks(3000, 2 + i % 6, 300); /* with tables on leading bits in front */
}

/* A file may be in order already, and may name one address a thousand times, in all lengths. */
static void orders(void **unused)
{
    (void)unused;
    for (unsigned order = 0; order < 3; order++) {
        struct pl_networks sources = {0};
        struct pl_addr_index x = {0};
        struct pl_addr addr = {4, {0}};

        for (uint32_t i = 0; i < 5000; i++) {
            uint32_t place = order == 0 ? i : order == 1 ? 4999 - i : random_bits() % 5000;

            assert_true(pl_networks_add4(&sources, place << 12, 20, place % 3));
            assert_true(pl_networks_add4(&sources, 0x80000000, 1 + place % 32, place % 4));
        }
        assert_true(pl_addr_index_build(&x, &sources));
        for (size_t i = 1; i < sources.n4; i++)
            assert_true(sources.v4[i - 1] >> PL_NETWORK_TABLE_BITS <= sources.v4[i] >>
                        PL_NETWORK_TABLE_BITS);
        for (uint32_t i = 0; i < 5000 && order < 2; i++) {
            uint32_t bits = i << 12;

            for (int byte = 0; byte < 4; byte++)
                addr.bytes[byte] = (uint8_t)(bits >> (24 - 8 * byte));
            assert_int_equal(bits_of(&x.classes, pl_addr_index_find(&x, &addr)), 1U << i % 3);
        }
        addr = (struct pl_addr){4, {0x80}};
        assert_int_equal(bits_of(&x.classes, pl_addr_index_find(&x, &addr)), 15);
        pl_addr_index_fini(&x);
        pl_networks_fini(&sources);
    }
}

/* ---- names ---- */

struct name {
    char text[300];
    uint32_t table;
};

static void random_name(char *out, bool parents)
{
    static const char *const labels[] = {"a", "b", "c", "org", "x-y", "\xff", "aa"};
    unsigned n = 1 + random_bits() % 5;
    size_t len = 0;

    if (parents && random_bits() % 3 == 0)
        out[len++] = '.';
    for (unsigned i = 0; i < n; i++)
        len += (size_t)sprintf(out + len, "%s%s", i > 0 ? "." : "",
                               labels[random_bits() % ROWS(labels)]);
    out[len] = '\0';
}

static bool names_hold(enum pl_key_rule rule, const char *key, const char *value)
{
    size_t k = strlen(key), v = strlen(value);

    if (strcmp(key, value) == 0)
        return true;
    if (rule == PL_KEYS_DOMAINS)
        return key[0] == '.' && v > k && strcmp(value + v - k, key) == 0;
    return rule == PL_KEYS_USERS && key[0] == '@' && strrchr(value, '@') != NULL &&
           value[0] != '@' && strcmp(strrchr(value, '@'), key) == 0;
}

/* For logins the dots of a random name become '@'. */
static void as_login(char *name)
{
    for (char *p = name; *p != '\0'; p++)
        *p = *p == '.' ? '@' : *p;
}

static void check_names(size_t n, enum pl_key_rule rule)
{
    struct name *names = calloc(n + 1, sizeof(*names));
    struct pl_keys keys = {0};
    struct pl_name_index x = {0};

    for (size_t i = 0; i < n; i++) {
        random_name(names[i].text, rule != PL_KEYS_EXACT);
        if (rule == PL_KEYS_USERS)
            as_login(names[i].text);
        names[i].table = random_bits() % TABLES;
        assert_true(pl_keys_add(&keys, pl_str_of(names[i].text), names[i].table));
    }
    assert_true(pl_name_index_build(&x, &keys, rule));
    for (size_t q = 0; q < 50; q++) {
        char value[300];
        unsigned want = 0, got;

        random_name(value, false);
        if (rule == PL_KEYS_USERS)
            as_login(value);
        for (size_t i = 0; i < n; i++)
            want |= names_hold(rule, names[i].text, value) ? 1U << names[i].table : 0;
        got = bits_of(&x.classes, pl_name_index_find(&x, pl_str_of(value)));
        if (want != got)
            fail_msg("rule %d, \"%s\": tables %#x, expected %#x", (int)rule, value, got, want);
    }
    pl_name_index_fini(&x);
    pl_keys_fini(&keys);
    free(names);
}

static void names(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < 600; i++)
        check_names(i % 60, (enum pl_key_rule)(i % 3));
    for (unsigned i = 0; i < 6; i++)
        check_names(5000, (enum pl_key_rule)(i % 3));
}

/* A name as deep as one can be, below entries at every depth: each is found, and the nearest has all. */
static void the_deepest_name(void **unused)
{
    struct pl_keys keys = {0};
    struct pl_name_index x = {0};
    char name[256];

    (void)unused;
    for (size_t i = 0; i < 255; i++)
        name[i] = i % 2 == 0 ? 'a' : '.';
    name[255] = '\0';
    for (size_t i = 1; i < 255; i += 2)
        assert_true(pl_keys_add(&keys, pl_str_of(name + i), (uint32_t)(i / 2 % 31)));
    assert_true(pl_name_index_build(&x, &keys, PL_KEYS_DOMAINS));
    assert_int_equal(bits_of(&x.classes, pl_name_index_find(&x, pl_str_of(name))), 0x7fffffff);
    assert_int_equal(pl_name_index_find(&x, pl_str_of("a.b")), PL_CLASS_NONE);
    pl_name_index_fini(&x);
    pl_keys_fini(&keys);
}

static void long_and_odd_keys(void **unused)
{
    struct pl_keys keys = {0};
    struct pl_name_index x = {0};
    char key[PL_KEY_MAX];

    (void)unused;
    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (char)i;
    for (size_t n = 1; n <= sizeof(key); n = n < 300 ? n + 1 : n * 2)
        assert_true(pl_keys_add(&keys, (struct pl_str){key, n}, (uint32_t)(n % 3)));
    assert_true(pl_name_index_build(&x, &keys, PL_KEYS_EXACT));
    for (size_t n = 1; n < 300; n++)
        assert_int_equal(bits_of(&x.classes, pl_name_index_find(&x, (struct pl_str){key, n})),
                         1U << n % 3);
    assert_int_equal(pl_name_index_find(&x, (struct pl_str){key, 0}), PL_CLASS_NONE);
    key[10] = 'x';
    assert_int_equal(pl_name_index_find(&x, (struct pl_str){key, 200}), PL_CLASS_NONE);
    pl_name_index_fini(&x);
    pl_keys_fini(&keys);
}

/* What a client can make us do is known at load, and is little. */
static void the_worst_look_up(void **unused)
{
    struct pl_keys keys = {0};
    struct pl_name_index x = {0};
    char name[32];

    (void)unused;
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(name, sizeof(name), "n%u.example", i);
        assert_true(pl_keys_add(&keys, pl_str_of(name), 0));
    }
    assert_true(pl_name_index_build(&x, &keys, PL_KEYS_DOMAINS));
    assert_in_range(x.fullest, 2, 256);
    assert_int_equal(x.count, 100000);
    pl_name_index_fini(&x);
    pl_keys_fini(&keys);
}

/* So many that their buckets are filled by shares; each in one table of three, every seventh in another. */
static void many_names(void **unused)
{
    enum { MANY = 300000 };
    struct pl_name_index x = {0};
    struct pl_keys keys = {0};
    char name[80];

    (void)unused;
    for (unsigned table = 0; table < 5; table++) {
        for (unsigned i = 0; i < MANY; i++) {
            snprintf(name, sizeof(name), "n%u.of-some-provider.example", i);
            if (table < 3 ? i % 3 == table : table == 3 && i % 7 == 0)
                assert_true(pl_keys_add(&keys, pl_str_of(name), table));
        }
    }
    assert_true(pl_keys_add(&keys, pl_str_lit(".example"), 4));
    assert_true(keys.n > 4 << 20);
    assert_true(pl_name_index_build(&x, &keys, PL_KEYS_DOMAINS));
    assert_int_equal(x.count, MANY + 1);
    for (unsigned i = 0; i <= MANY; i++) {
        unsigned want = i == MANY ? 16 : 1U << i % 3 | (i % 7 == 0 ? 8 : 0) | 16;

        snprintf(name, sizeof(name), "n%u.of-some-provider.example", i);
        if (bits_of(&x.classes, pl_name_index_find(&x, pl_str_of(name))) != want)
            fail_msg("%s: not in tables %#x", name, want);
    }
    pl_name_index_fini(&x);
    pl_keys_fini(&keys);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks),
        cmocka_unit_test(orders),
        cmocka_unit_test(names),
        cmocka_unit_test(the_deepest_name),
        cmocka_unit_test(long_and_odd_keys),
        cmocka_unit_test(the_worst_look_up),
        cmocka_unit_test(many_names),
    };

    return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
