/*
 * ask - short forms for the tests of this folder.
 */
#ifndef DNS_ASK_H
#define DNS_ASK_H

#include "aio/consumer.h"

#include <weir/dns.h>

/* Ask for a name, port 0, any family. */
void ask(struct consumer *c, const char *host);
/* Free what the last operation gave. */
void ask_collect(struct consumer *c);
/* A then of a consumer: what came is freed at once. */
void ask_then_collect(struct consumer *c);
/* The result holds exactly these, as weir_sockaddr_str writes them. */
void ask_expect(struct consumer *c, int n, const char *const *texts);

#endif
