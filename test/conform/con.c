/*
 * con - what every program of the conformance suite uses.
 *
 * Pairs      misuse_mtx guards what is kept of mistakes, which any thread
 *            makes.
 */
#include "conform/con.h"

#include <stdio.h>
#include <string.h>

static struct rt_counts con_before;

static pthread_mutex_t misuse_mtx = PTHREAD_MUTEX_INITIALIZER;
/* misuse_mtx must be held when using these: */
static unsigned misuse_count;
static char misuse_call[64];

void
con_setup(void)
{
	con_before = rt_count();
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
}

void
con_teardown(void)
{
	nng_fini();
	weir_misuse_set(NULL, NULL);
	rt_expect_counts(con_before);
}

TCase *
con_case_bare(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	suite_add_tcase(suite, tc);
	return tc;
}

TCase *
con_case(Suite *suite, const char *name)
{
	TCase *tc = con_case_bare(suite, name);

	tcase_add_checked_fixture(tc, con_setup, con_teardown);
	return tc;
}

static void
op_callback(void *arg)
{
	struct con_op *o = arg;

	if (__atomic_fetch_add(&o->inside, 1, __ATOMIC_RELAXED) != 0) {
		__atomic_fetch_add(&o->overlaps, 1, __ATOMIC_RELAXED);
	}
	if (o->calls < CON_SEEN_MAX) {
		o->results[o->calls] = nng_aio_result(o->aio);
		o->counts[o->calls] = nng_aio_count(o->aio);
	}
	o->calls++;
	o->busy = nng_aio_busy(o->aio);
	o->on = pthread_self();
	if (o->then != NULL) {
		o->then(o);
	}
	__atomic_fetch_sub(&o->inside, 1, __ATOMIC_RELAXED);
	latch_hit(&o->ran);
}

void
con_op_init(struct con_op *o, void (*then)(struct con_op *), void *arg)
{
	memset(o, 0, sizeof(*o));
	latch_init(&o->ran);
	o->then = then;
	o->arg = arg;
	ck_assert_int_eq(nng_aio_alloc(&o->aio, op_callback, o), NNG_OK);
}

void
con_op_fini(struct con_op *o)
{
	if (!o->gone) {
		nng_aio_free(o->aio);
	}
	ck_assert_int_eq(__atomic_load_n(&o->overlaps, __ATOMIC_RELAXED), 0);
	latch_fini(&o->ran);
}

void
con_op_expect(struct con_op *o, unsigned n, nng_err result)
{
	ck_assert_uint_ge(n, 1);
	ck_assert(latch_wait(&o->ran, n));
	if (!o->gone) {
		nng_aio_wait(o->aio);
	}
	ck_assert_uint_eq(o->calls, n);
	ck_assert_uint_eq(latch_hits(&o->ran), n);
	if (n <= CON_SEEN_MAX) {
		ck_assert_int_eq(o->results[n - 1], result);
	}
	if (!o->gone) {
		ck_assert_int_eq(nng_aio_result(o->aio), result);
	}
}

void
con_op_buf(struct con_op *o, void *buf, size_t len)
{
	nng_iov iov = {buf, len};

	ck_assert_int_eq(nng_aio_set_iov(o->aio, 1, &iov), NNG_OK);
}

void
con_op_text(struct con_op *o, const char *text, size_t len)
{
	con_op_buf(o, (void *)(uintptr_t)text, len);
}

static void
prov_cancel(nng_aio *aio, void *arg, nng_err why)
{
	struct con_prov *p = arg;
	bool mine = false;

	pthread_mutex_lock(&p->mtx);
	if (p->hooks < CON_SEEN_MAX) {
		p->whys[p->hooks] = why;
	}
	p->hooks++;
	p->hook_aio = aio;
	p->hook_arg = arg;
	p->hook_on = pthread_self();
	if (p->mode == CON_HOOK_ENDS && p->aio == aio) {
		p->aio = NULL;
		mine = true;
	}
	pthread_mutex_unlock(&p->mtx);
	if (mine) {
		nng_aio_finish(aio, why);
	}
	latch_hit(&p->hooked);
}

void
con_prov_init(struct con_prov *p, enum con_hook mode)
{
	memset(p, 0, sizeof(*p));
	p->mode = mode;
	latch_init(&p->hooked);
	ck_assert_int_eq(pthread_mutex_init(&p->mtx, NULL), 0);
}

void
con_prov_fini(struct con_prov *p)
{
	ck_assert_int_eq(pthread_mutex_destroy(&p->mtx), 0);
	latch_fini(&p->hooked);
}

void
con_prov_set_mode(struct con_prov *p, enum con_hook mode)
{
	pthread_mutex_lock(&p->mtx);
	p->mode = mode;
	pthread_mutex_unlock(&p->mtx);
}

bool
con_prov_submit(struct con_prov *p, nng_aio *aio)
{
	bool ok;

	pthread_mutex_lock(&p->mtx);
	ok = nng_aio_start(
	    aio, p->mode == CON_HOOK_NONE ? NULL : prov_cancel, p);
	if (ok) {
		p->aio = aio;
		p->started++;
	} else {
		p->refused++;
	}
	pthread_mutex_unlock(&p->mtx);
	return ok;
}

bool
con_prov_finish(struct con_prov *p, nng_err err)
{
	nng_aio *aio;

	pthread_mutex_lock(&p->mtx);
	aio = p->aio;
	p->aio = NULL;
	pthread_mutex_unlock(&p->mtx);
	if (aio != NULL) {
		nng_aio_finish(aio, err);
	}
	return aio != NULL;
}

unsigned
con_prov_hooks(struct con_prov *p)
{
	unsigned n;

	pthread_mutex_lock(&p->mtx);
	n = p->hooks;
	pthread_mutex_unlock(&p->mtx);
	return n;
}

nng_err
con_prov_why(struct con_prov *p, unsigned i)
{
	nng_err why;

	ck_assert_uint_lt(i, CON_SEEN_MAX);
	pthread_mutex_lock(&p->mtx);
	ck_assert_uint_lt(i, p->hooks);
	why = p->whys[i];
	pthread_mutex_unlock(&p->mtx);
	return why;
}

static void
misuse_keep(void *arg, const weir_misuse *misuse)
{
	(void)arg;
	pthread_mutex_lock(&misuse_mtx);
	misuse_count++;
	(void)snprintf(misuse_call, sizeof(misuse_call), "%s", misuse->call);
	pthread_mutex_unlock(&misuse_mtx);
}

void
con_misuse_begin(void)
{
	pthread_mutex_lock(&misuse_mtx);
	misuse_count = 0;
	misuse_call[0] = '\0';
	pthread_mutex_unlock(&misuse_mtx);
	weir_misuse_set(misuse_keep, NULL);
}

void
con_misuse_end(void)
{
	weir_misuse_set(NULL, NULL);
}

unsigned
con_misuses(void)
{
	unsigned n;

	pthread_mutex_lock(&misuse_mtx);
	n = misuse_count;
	pthread_mutex_unlock(&misuse_mtx);
	return n;
}

const char *
con_misuse_call(void)
{
	static char call[sizeof(misuse_call)];

	pthread_mutex_lock(&misuse_mtx);
	memcpy(call, misuse_call, sizeof(call));
	pthread_mutex_unlock(&misuse_mtx);
	return call;
}

void
con_threads(unsigned n, void *(*fn)(void *), void *arg)
{
	pthread_t threads[64];

	ck_assert_uint_le(n, 64);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_int_eq(pthread_create(&threads[i], NULL, fn, arg), 0);
	}
	for (unsigned i = 0; i < n; i++) {
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	}
}

uint32_t
con_rand_below(struct con_rand *r, uint32_t n)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return (uint32_t)((r->state * UINT64_C(2685821657736338717)) >> 33) % n;
}
