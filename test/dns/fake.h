/*
 * fake - lookups that do what the test says.
 *
 * Purpose    slow, hanging, failing lookups; and every list that was given is
 *            counted until it is given back.
 * Ownership  of the process: one fake at a time, from fake_up to fake_down.
 */
#ifndef DNS_FAKE_H
#define DNS_FAKE_H

#include <netdb.h>
#include <stdbool.h>

#define FAKE_ADDRS_MAX 1000

/* In place of the system's lookup; answers one address, 192.0.2.1. */
void fake_up(void);
/* Let all go, wait until none is in a lookup; fails the test if a list was not
 * given back. */
void fake_down(void);

/* From now on: hang until fake_release. */
void fake_hang(void);
/* Those that hang go on, and no more hang. */
void fake_release(void);
/* Let one go that hangs, or that will. */
void fake_release_one(void);

/* From now on: fail with a code, and errno. */
void fake_fail(int code, int eno);
/* From now on: answer n addresses 192.0.2.1, 192.0.2.2, ... of port 80. */
void fake_answer(int n);
/* From now on: answer this list, which stays the test's. */
void fake_answer_list(struct addrinfo *list);

/* Wait until n lookups have begun since fake_up; fails the test after a
 * while. */
void fake_await(unsigned n);
/* Wait until n have ended. */
void fake_await_ended(unsigned n);
unsigned fake_begun(void);

/* Of the lookup that began last. */
const char *fake_host(void);
const char *fake_service(void); /* "": NULL */
struct addrinfo fake_hints(void);

#endif
