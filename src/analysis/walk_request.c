/* SPDX-License-Identifier: BSD-2-Clause */
/* A request out of atoms: what stands for a part of the space when it is shown, asked or logged. */
#include "postlatch/walk.h"

#include "postlatch/compiler.h"

/* What an ordinary client would say where no rule asks. */
static const struct {
    enum pl_attr attr;
    const char *value;
} ordinary[] = {
    {PL_ATTR_PROTOCOL_STATE, "RCPT"},
    {PL_ATTR_CLIENT_NAME, "unknown"},
    {PL_ATTR_REVERSE_CLIENT_NAME, "unknown"},
    {PL_ATTR_HELO_NAME, "host.client.example"},
    {PL_ATTR_SENDER, "sender@elsewhere.example"},
};

void pl_walk_request(const struct pl_space *s, const uint32_t atoms[PL_ATTR_COUNT],
                     struct pl_str request[PL_ATTR_COUNT])
{
    static const enum pl_attr with_tls[] = {PL_ATTR_CCERT_FINGERPRINT,
                                            PL_ATTR_CCERT_PUBKEY_FINGERPRINT, PL_ATTR_CCERT_SUBJECT,
                                            PL_ATTR_TLS_SNI};

    for (unsigned attr = 0; attr < PL_ATTR_COUNT; attr++) {
        request[attr] = (struct pl_str){"", 0};
        if (s->axis_of[attr] != NULL) {
            pl_assert(atoms[attr] < s->axis_of[attr]->natoms);
            request[attr] = s->axis_of[attr]->atoms[atoms[attr]].value;
        }
    }
    for (size_t i = 0; i < sizeof(ordinary) / sizeof(ordinary[0]); i++) {
        if (s->axis_of[ordinary[i].attr] == NULL)
            request[ordinary[i].attr] = pl_str_of(ordinary[i].value);
    }
    for (size_t i = 0; i < sizeof(with_tls) / sizeof(with_tls[0]); i++) {
        if (request[with_tls[i]].n > 0 && s->axis_of[PL_ATTR_ENCRYPTION_PROTOCOL] == NULL)
            request[PL_ATTR_ENCRYPTION_PROTOCOL] = pl_str_lit("TLSv1.3");
    }
    if (request[PL_ATTR_SASL_METHOD].n > 0 && s->axis_of[PL_ATTR_SASL_USERNAME] == NULL)
        request[PL_ATTR_SASL_USERNAME] = pl_str_lit("someone");
}
