/*
 * hosts - names that the test knows the addresses of.
 *
 * Purpose    answers for the fake lookups of test/dns/fake.h, and what dials
 *            by name need.
 * Ownership  static: one answer at a time.
 */
#ifndef TEST_STREAM_HOSTS_H
#define TEST_STREAM_HOSTS_H

#include "dns/fake.h"
#include "stream/net.h"

#define HOSTS_MAX 300
/* Where nobody listens on the port of a listener on 127.0.0.1. */
#define HOSTS_DEAD "127.0.0.2"

/* From now on each name has these addresses, as numbers. */
void hosts_answer(unsigned n, const char *const *addrs);
void hosts_answer_one(const char *addr);
/* n addresses, 127.1.0.1 and so on, where nobody listens. */
void hosts_answer_dead(unsigned n);

/* The port of a listener on loopback. */
int hosts_port(weir_stream_listener *l);
/* A listener on 127.0.0.1, and a dialer of a name with its port. */
weir_stream_listener *hosts_listener(weir_stream_dialer **d);
/* A dialer of a name. */
weir_stream_dialer *hosts_dialer(const char *scheme, int port);
/* The peer's address without its port. */
const char *hosts_peer(const weir_stream *s);

#endif
