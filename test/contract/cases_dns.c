/*
 * cases_dns - lookups that hang, and dials behind them.
 *
 * Shape      this program is a stranger, so it puts its own getaddrinfo before
 *            the system's, as any program can.  A lookup hangs until the row
 *            lets it go, or weir_fini has ended its operation: hanging on
 *            would be an abandoned thread.
 *            Cancelled lookups hang like others, so that soon all threads of
 *            the lane do, and what is submitted waits behind them.
 */
#include "contract/cases.h"

#include "contract/socks.h"

#include <weir/dns.h>
#include <weir/stream.h>
#include <weir/weir.h>

#include <arpa/inet.h>
#include <check.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LOOK_MS 2 /* between two looks whether weir runs */

static pthread_mutex_t dns_mtx = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t dns_cond = PTHREAD_COND_INITIALIZER;
/* dns_mtx must be held when using these: */
static unsigned long dns_asked; /* lookups submitted */
static unsigned long dns_let;   /* up to this one they need not hang */
static bool dns_down;           /* none hangs */

/* Are there operations still?  There is no default pool when weir_fini has
 * ended them all. */
static bool
weir_runs(void)
{
	return weir_pool_exec(NULL) != NULL;
}

static void
dns_hang(unsigned long number)
{
	pthread_mutex_lock(&dns_mtx);
	while (number > dns_let && !dns_down) {
		struct timespec at;

		pthread_mutex_unlock(&dns_mtx);
		if (!weir_runs()) {
			return;
		}
		(void)clock_gettime(CLOCK_REALTIME, &at);
		at.tv_nsec += LOOK_MS * 1000000L;
		at.tv_sec += at.tv_nsec / 1000000000L;
		at.tv_nsec %= 1000000000L;
		pthread_mutex_lock(&dns_mtx);
		if (number > dns_let && !dns_down) {
			(void)pthread_cond_timedwait(&dns_cond, &dns_mtx, &at);
		}
	}
	pthread_mutex_unlock(&dns_mtx);
}

struct dns_node {
	struct addrinfo ai;
	struct sockaddr_in sin;
};

int
getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
    struct addrinfo **list)
{
	struct dns_node *node = calloc(1, sizeof(*node));

	(void)service;
	(void)hints;
	if (node == NULL) {
		return EAI_MEMORY;
	}
	dns_hang(strtoul(host + 1, NULL, 10)); /* h123.test */
	node->sin.sin_family = AF_INET;
	node->sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	node->ai.ai_family = AF_INET;
	node->ai.ai_addr = (struct sockaddr *)&node->sin;
	node->ai.ai_addrlen = sizeof(node->sin);
	*list = &node->ai;
	return 0;
}

void
freeaddrinfo(struct addrinfo *list)
{
	free(list); /* ai is the first member of its node */
}

void
resolve_setup(void)
{
	pthread_mutex_lock(&dns_mtx);
	dns_asked = dns_let = 0;
	dns_down = false;
	pthread_mutex_unlock(&dns_mtx);
}

void
resolve_teardown(void)
{
	pthread_mutex_lock(&dns_mtx);
	dns_down = true;
	pthread_cond_broadcast(&dns_cond);
	pthread_mutex_unlock(&dns_mtx);
}

static void
resolve(weir_aio *aio, unsigned long number)
{
	char host[32];
	const weir_resolve_params p = {.size = sizeof(p), .host = host};

	(void)snprintf(host, sizeof(host), "h%lu.test", number);
	weir_resolve(&p, aio);
}

void
resolve_submit(weir_aio *aio)
{
	unsigned long number;

	pthread_mutex_lock(&dns_mtx);
	number = ++dns_asked;
	pthread_mutex_unlock(&dns_mtx);
	resolve(aio, number);
}

void
resolve_end(void)
{
	pthread_mutex_lock(&dns_mtx);
	dns_let = dns_asked;
	pthread_cond_broadcast(&dns_cond);
	pthread_mutex_unlock(&dns_mtx);
}

/* Through the lane: the threads are let go for it. */
void
resolve_soon(weir_aio *aio)
{
	resolve_end();
	resolve(aio, 0);
}

/* Whatever the lane does. */
void
literal_soon(weir_aio *aio)
{
	const weir_resolve_params p = {.size = sizeof(p), .host = "192.0.2.1"};

	weir_resolve(&p, aio);
}

void
resolve_collect(weir_aio *aio)
{
	weir_addrs_free(weir_aio_get_output(aio, 0));
}

/* --- Dials by name ------------------------------------------------------- */

#define NAME_DIALERS_MAX 8192

static weir_stream_listener *name_listener;
static int name_port;
static weir_stream_dialer *name_easy; /* whose lookups do not hang */
/* dns_mtx must be held when using these: */
static weir_stream_dialer *name_dialers[NAME_DIALERS_MAX];
static unsigned name_dialers_len;

static weir_stream_dialer *
name_dialer(unsigned long number)
{
	weir_stream_dialer *d;
	char url[64];

	(void)snprintf(
	    url, sizeof(url), "tcp://h%lu.test:%d", number, name_port);
	return weir_stream_dialer_alloc(&d, url) == WEIR_OK ? d : NULL;
}

void
name_dial_setup(void)
{
	resolve_setup();
	name_listener = socks_listen("tcp://127.0.0.1:0");
	ck_assert_int_eq(weir_stream_listener_get_int(
			     name_listener, WEIR_OPT_BOUND_PORT, &name_port),
	    WEIR_OK);
	name_easy = name_dialer(0);
	ck_assert_ptr_nonnull(name_easy);
}

void
name_dial_teardown(void)
{
	while (name_dialers_len > 0) {
		weir_stream_dialer_free(name_dialers[--name_dialers_len]);
	}
	weir_stream_dialer_free(name_easy);
	weir_stream_listener_free(name_listener);
	resolve_teardown();
}

/* Each name hangs on its own, so each dial has a dialer of its own; without
 * one weir does not run, and the dial is refused. */
void
name_dial_submit(weir_aio *aio)
{
	weir_stream_dialer *d = NULL;

	pthread_mutex_lock(&dns_mtx);
	if (name_dialers_len < NAME_DIALERS_MAX) {
		d = name_dialer(++dns_asked);
	}
	if (d != NULL) {
		name_dialers[name_dialers_len++] = d;
	}
	pthread_mutex_unlock(&dns_mtx);
	weir_stream_dialer_dial(d != NULL ? d : name_easy, aio);
}

/* Through the lane: the threads are let go for it. */
void
name_dial_soon(weir_aio *aio)
{
	resolve_end();
	weir_stream_dialer_dial(name_easy, aio);
}
