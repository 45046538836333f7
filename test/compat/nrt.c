/*
 * nrt - nng_init and nng_fini around a test.
 *
 * Pairs      nrt_mtx guards the lines, which any thread of weir writes.
 */
#include "compat/nrt.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define LINES_MAX 64

static struct rt_counts nrt_before;

static pthread_mutex_t nrt_mtx = PTHREAD_MUTEX_INITIALIZER;
/* nrt_mtx must be held when using these: */
static struct nrt_line nrt_lines[LINES_MAX];
static unsigned nrt_lines_len;

static void
nrt_logger(nng_log_level level, nng_log_facility facility, const char *msgid,
    const char *text)
{
	pthread_mutex_lock(&nrt_mtx);
	if (nrt_lines_len < LINES_MAX) {
		struct nrt_line *l = &nrt_lines[nrt_lines_len++];

		l->level = level;
		l->facility = facility;
		(void)snprintf(l->msgid, sizeof(l->msgid), "%s",
		    msgid != NULL ? msgid : "(null)");
		(void)snprintf(l->text, sizeof(l->text), "%s", text);
	}
	pthread_mutex_unlock(&nrt_mtx);
}

void
nrt_log_begin(nng_log_level level)
{
	pthread_mutex_lock(&nrt_mtx);
	nrt_lines_len = 0;
	pthread_mutex_unlock(&nrt_mtx);
	nng_log_set_logger(nrt_logger);
	nng_log_set_level(level);
}

unsigned
nrt_log_len(void)
{
	unsigned n;

	pthread_mutex_lock(&nrt_mtx);
	n = nrt_lines_len;
	pthread_mutex_unlock(&nrt_mtx);
	return n;
}

struct nrt_line
nrt_log_at(unsigned i)
{
	struct nrt_line l = {0};

	pthread_mutex_lock(&nrt_mtx);
	if (i < nrt_lines_len) {
		l = nrt_lines[i];
	}
	pthread_mutex_unlock(&nrt_mtx);
	return l;
}

void
nrt_setup(void)
{
	nrt_before = rt_count();
	nrt_log_begin(NNG_LOG_WARN);
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
}

void
nrt_teardown(void)
{
	nng_fini();
	rt_expect_counts(nrt_before);
	for (unsigned i = 0; i < nrt_log_len(); i++) {
		struct nrt_line l = nrt_log_at(i);

		ck_assert_msg(l.level > NNG_LOG_WARN, "in the log: %s", l.text);
	}
	nng_log_set_logger(NULL);
}

static void
nrt_callback(void *arg)
{
	struct nrt *n = arg;

	if (n->calls < NRT_SEEN_MAX) {
		n->results[n->calls] = nng_aio_result(n->aio);
	}
	n->calls++;
	n->busy = nng_aio_busy(n->aio);
	n->ran_on = pthread_self();
	if (n->then != NULL) {
		n->then(n);
	}
	latch_hit(&n->ran);
}

void
nrt_init(struct nrt *n, void (*then)(struct nrt *), void *arg)
{
	memset(n, 0, sizeof(*n));
	latch_init(&n->ran);
	n->then = then;
	n->arg = arg;
	ck_assert_int_eq(nng_aio_alloc(&n->aio, nrt_callback, n), NNG_OK);
}

void
nrt_fini(struct nrt *n)
{
	if (!n->gone) {
		nng_aio_free(n->aio);
	}
	latch_fini(&n->ran);
}

void
nrt_expect(struct nrt *n, unsigned calls, nng_err result)
{
	ck_assert(latch_wait(&n->ran, calls));
	if (!n->gone) {
		nng_aio_wait(n->aio);
	}
	ck_assert_uint_eq(n->calls, calls);
	ck_assert_int_eq(n->results[calls - 1], result);
}
