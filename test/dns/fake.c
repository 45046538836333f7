/*
 * fake - lookups that do what the test says.
 */
#include "dns/fake.h"
#include "dns/lookup.h"
#include "base/attr.h"
#include "support/latch.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t mtx = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
/* mtx must be held when using these: */
static struct {
	unsigned begun, ended;
	unsigned given, given_back; /* lists */
	bool hang;
	unsigned passes; /* that may go although they hang */
	int code, eno;
	int n;
	struct addrinfo *list;
	char host[300], service[64];
	struct addrinfo hints;
} fake;

/* One node, with its address behind it. */
struct node {
	struct addrinfo ai;
	struct sockaddr_in sin;
};

static struct addrinfo *
list_new(int n)
{
	struct node *nodes = calloc((size_t)n, sizeof(*nodes));

	if (nodes == NULL) {
		abort();
	}
	for (int i = 0; i < n; i++) {
		nodes[i].sin.sin_family = AF_INET;
		nodes[i].sin.sin_port = htons(80);
		nodes[i].sin.sin_addr.s_addr = htonl(0xc0000201u + (uint32_t)i);
		nodes[i].ai.ai_family = AF_INET;
		nodes[i].ai.ai_addr = (struct sockaddr *)&nodes[i].sin;
		nodes[i].ai.ai_addrlen = sizeof(nodes[i].sin);
		nodes[i].ai.ai_next = i + 1 < n ? &nodes[i + 1].ai : NULL;
	}
	return &nodes[0].ai;
}

static int
fake_get(const char *host, const char *service, const struct addrinfo *hints,
    struct addrinfo **list)
{
	int code, eno;

	pthread_mutex_lock(&mtx);
	fake.begun++;
	(void)snprintf(fake.host, sizeof(fake.host), "%s", host);
	(void)snprintf(fake.service, sizeof(fake.service), "%s",
	    service != NULL ? service : "");
	fake.hints = *hints;
	pthread_cond_broadcast(&cond);
	while (fake.hang && fake.passes == 0) {
		pthread_cond_wait(&cond, &mtx);
	}
	if (fake.hang) {
		fake.passes--;
	}
	code = fake.code;
	eno = fake.eno;
	if (code == 0 && fake.list != NULL) {
		*list = fake.list;
	} else if (code == 0 && fake.n > 0) {
		*list = list_new(fake.n);
	}
	fake.given += code == 0 && *list != NULL;
	fake.ended++;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&mtx);
	errno = eno;
	return code;
}

static void
fake_put(struct addrinfo *list)
{
	bool mine;

	pthread_mutex_lock(&mtx);
	fake.given_back++;
	pthread_cond_broadcast(&cond);
	mine = list == fake.list;
	pthread_mutex_unlock(&mtx);
	if (!mine) {
		free(wri_container(list, struct node, ai));
	}
}

static const struct wri_lookup_ops fake_ops = {
    .get = fake_get, .put = fake_put};

/* Wait, with mtx held, for a counter. */
static void
await(const unsigned *counter, unsigned n)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LATCH_LIMIT_MS / 1000;
	while (*counter < n) {
		int eno = pthread_cond_timedwait(&cond, &mtx, &until);

		ck_assert_msg(eno == 0, "%u lookups, %u expected", *counter, n);
	}
}

void
fake_up(void)
{
	pthread_mutex_lock(&mtx);
	memset(&fake, 0, sizeof(fake));
	fake.n = 1;
	pthread_mutex_unlock(&mtx);
	wri_store(&wri_lookup_ops, (void *)&fake_ops, WRI_REL); /* D3 */
}

void
fake_down(void)
{
	fake_release();
	pthread_mutex_lock(&mtx);
	await(&fake.ended, fake.begun);
	await(&fake.given_back, fake.given);
	ck_assert_uint_eq(fake.given_back, fake.given);
	pthread_mutex_unlock(&mtx);
	wri_store(&wri_lookup_ops, NULL, WRI_REL); /* D3 */
}

void
fake_hang(void)
{
	pthread_mutex_lock(&mtx);
	fake.hang = true;
	pthread_mutex_unlock(&mtx);
}

void
fake_release(void)
{
	pthread_mutex_lock(&mtx);
	fake.hang = false;
	fake.passes = 0;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&mtx);
}

void
fake_release_one(void)
{
	pthread_mutex_lock(&mtx);
	fake.passes++;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&mtx);
}

void
fake_fail(int code, int eno)
{
	pthread_mutex_lock(&mtx);
	fake.code = code;
	fake.eno = eno;
	pthread_mutex_unlock(&mtx);
}

void
fake_answer(int n)
{
	pthread_mutex_lock(&mtx);
	fake.code = 0;
	fake.n = n;
	fake.list = NULL;
	pthread_mutex_unlock(&mtx);
}

void
fake_answer_list(struct addrinfo *list)
{
	pthread_mutex_lock(&mtx);
	fake.code = 0;
	fake.list = list;
	pthread_mutex_unlock(&mtx);
}

void
fake_await(unsigned n)
{
	pthread_mutex_lock(&mtx);
	await(&fake.begun, n);
	pthread_mutex_unlock(&mtx);
}

void
fake_await_ended(unsigned n)
{
	pthread_mutex_lock(&mtx);
	await(&fake.ended, n);
	pthread_mutex_unlock(&mtx);
}

unsigned
fake_begun(void)
{
	unsigned n;

	pthread_mutex_lock(&mtx);
	n = fake.begun;
	pthread_mutex_unlock(&mtx);
	return n;
}

const char *
fake_host(void)
{
	return fake.host;
}

const char *
fake_service(void)
{
	return fake.service;
}

struct addrinfo
fake_hints(void)
{
	return fake.hints;
}
