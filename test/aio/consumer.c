/*
 * consumer - a handle with a callback that keeps what it saw.
 */
#include "aio/consumer.h"

#include <check.h>
#include <string.h>

static void
consumer_cb(void *arg)
{
	struct consumer *c = arg;
	weir_aio *aio = c->aio;
	unsigned n = c->calls;

	if (c->inside++ != 0) {
		c->overlapped = true;
	}
	if (pthread_equal(pthread_self(), c->maker)) {
		c->on_main = true;
	}
	c->ran_at = weir_now();
	c->result = weir_aio_result(aio);
	c->count = weir_aio_count(aio);
	if (n < CONSUMER_SEEN_MAX) {
		c->results[n] = c->result;
	}
	c->calls = n + 1;
	if (c->then != NULL) {
		c->then(c);
	}
	c->inside--;
	latch_hit(&c->ran);
}

static void
consumer_make(struct consumer *c, weir_aio_cb cb)
{
	memset(c, 0, sizeof(*c));
	latch_init(&c->ran);
	c->maker = pthread_self();
	ck_assert_int_eq(weir_aio_alloc(&c->aio, cb, c), WEIR_OK);
}

void
consumer_init(struct consumer *c, void (*then)(struct consumer *), void *arg)
{
	consumer_make(c, consumer_cb);
	c->then = then;
	c->arg = arg;
}

void
consumer_init_waiter(struct consumer *c)
{
	consumer_make(c, NULL);
}

void
consumer_fini(struct consumer *c)
{
	if (!c->gone) {
		weir_aio_free(c->aio);
	}
	ck_assert_msg(!c->overlapped, "two callbacks of a handle overlapped");
	ck_assert_msg(!c->on_main, "a callback ran on the submitter's thread");
	latch_fini(&c->ran);
}

void
consumer_wait(struct consumer *c, unsigned n)
{
	ck_assert_msg(latch_wait(&c->ran, n), "%u callbacks, %u expected",
	    latch_hits(&c->ran), n);
	ck_assert_uint_eq(latch_hits(&c->ran), n);
}

void
consumer_expect(struct consumer *c, unsigned n, weir_err result)
{
	consumer_wait(c, n);
	ck_assert_int_eq(c->result, result);
}

void
consumer_settle(struct consumer *c)
{
	weir_time until = weir_time_after(weir_now(), WEIR_MS(LATCH_LIMIT_MS));

	ck_assert_int_eq(weir_aio_wait_until(c->aio, until), WEIR_OK);
}
