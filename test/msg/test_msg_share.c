/*
 * test_msg_share - several messages on the bytes of one body.
 */
#include "base/mem.h"
#include "msg/msg_impl.h"
#include "support/fault.h"
#include "support/run.h"

#include <check.h>
#include <pthread.h>
#include <string.h>

static size_t live_before;
static weir_msg *m, *s; /* s shares m's bytes: "0123456789" */

static void
setup(void)
{
	live_before = wri_mem_live();
	ck_assert_int_eq(weir_msg_alloc(&m, 0), WEIR_OK);
	ck_assert_int_eq(weir_msg_append(m, "0123456789", 10), WEIR_OK);
	ck_assert_int_eq(weir_msg_header_append(m, "head", 4), WEIR_OK);
	ck_assert_int_eq(weir_msg_share(&s, m), WEIR_OK);
}

static void
teardown(void)
{
	wri_mem_fail_at(0);
	weir_msg_free(m);
	weir_msg_free(s);
	ck_assert_uint_eq(wri_mem_live(), live_before);
}

static void
expect_body(const weir_msg *msg, const char *text)
{
	ck_assert_uint_eq(weir_msg_len(msg), strlen(text));
	ck_assert_mem_eq(weir_msg_data(msg), text, strlen(text));
}

static bool
shares(void)
{
	return s->buf == m->buf;
}

START_TEST(a_share_is_the_same_bytes_and_a_header_of_its_own)
{
	ck_assert_ptr_eq(weir_msg_data(s), weir_msg_data(m));
	ck_assert_uint_eq(weir_msg_capacity(s), weir_msg_capacity(m));
	ck_assert_ptr_ne(weir_msg_header(s), weir_msg_header(m));
	ck_assert_uint_eq(weir_msg_header_len(s), 4);
	ck_assert_int_eq(weir_msg_header_append(s, "er", 2), WEIR_OK);
	ck_assert_mem_eq(weir_msg_header(s), "header", 6);
	ck_assert_uint_eq(weir_msg_header_len(m), 4);
	ck_assert(shares());
}
END_TEST

START_TEST(calls_that_only_look_or_shorten_copy_nothing)
{
	weir_iov out[2];
	uint16_t v16;

	wri_mem_fail_at(1);
	ck_assert_int_eq(weir_msg_trim(s, 1), WEIR_OK);
	ck_assert_int_eq(weir_msg_chop(s, 1), WEIR_OK);
	ck_assert_int_eq(weir_msg_trim_u16(s, &v16), WEIR_OK);
	ck_assert_uint_eq(v16, '1' << 8 | '2');
	ck_assert_int_eq(weir_msg_chop_u16(s, &v16), WEIR_OK);
	ck_assert_int_eq(weir_msg_realloc(s, 3), WEIR_OK);
	expect_body(s, "345");
	ck_assert_uint_eq(weir_msg_iov(s, out), 2);
	ck_assert_ptr_eq(out[1].iov_buf, weir_msg_data(s));
	ck_assert_int_eq(weir_msg_header_insert_u64(s, 1), WEIR_OK);
	weir_msg_clear(s);
	ck_assert_int_eq(weir_msg_append(s, NULL, 0), WEIR_OK);
	ck_assert_int_eq(weir_msg_insert(s, NULL, 0), WEIR_OK);
	ck_assert(shares());
	expect_body(m, "0123456789");
}
END_TEST

/* What a writer does to s, and the body it leaves. */
static weir_err
write_body(void)
{
	char *body = weir_msg_body(s);

	if (body == NULL) {
		return WEIR_ENOMEM;
	}
	body[0] = 'X';
	return WEIR_OK;
}

static weir_err
write_append(void)
{
	return weir_msg_append(s, "ab", 2);
}

static weir_err
write_append_much(void)
{
	weir_err rv = weir_msg_append(s, NULL, 500);

	return rv == WEIR_OK ? weir_msg_chop(s, 500) : rv;
}

static weir_err
write_insert(void)
{
	return weir_msg_insert(s, "ab", 2);
}

static weir_err
write_insert_much(void)
{
	weir_err rv = weir_msg_insert(s, NULL, 500);

	return rv == WEIR_OK ? weir_msg_trim(s, 500) : rv;
}

static weir_err
write_realloc(void)
{
	weir_err rv = weir_msg_realloc(s, 11);

	return rv == WEIR_OK ? weir_msg_chop(s, 1) : rv;
}

static weir_err
write_reserve(void)
{
	return weir_msg_reserve(s, 5);
}

static const struct {
	weir_err (*write)(void);
	const char *after;
} writers[] = {
    {write_body, "X123456789"},
    {write_append, "0123456789ab"},
    {write_append_much, "0123456789"},
    {write_insert, "ab0123456789"},
    {write_insert_much, "0123456789"},
    {write_realloc, "0123456789"},
    {write_reserve, "0123456789"},
};
#define WRITERS (int)(sizeof(writers) / sizeof(writers[0]))

START_TEST(a_writer_gets_bytes_of_its_own_and_nobody_else_sees_it)
{
	const void *bytes = weir_msg_data(m);
	const size_t capacity = weir_msg_capacity(s);

	ck_assert_int_eq(writers[_i].write(), WEIR_OK);
	ck_assert(!shares());
	expect_body(s, writers[_i].after);
	expect_body(m, "0123456789");
	ck_assert_ptr_eq(weir_msg_data(m), bytes);
	ck_assert_uint_ge(weir_msg_capacity(s), capacity);
	/* Both write in place now. */
	wri_mem_fail_at(1);
	ck_assert_ptr_nonnull(weir_msg_body(m));
	ck_assert_ptr_nonnull(weir_msg_body(s));
	ck_assert_ptr_eq(weir_msg_data(m), bytes);
}
END_TEST

START_TEST(a_writer_without_memory_changes_nothing_and_shares_still)
{
	wri_mem_fail_at(1);
	ck_assert_int_eq(writers[_i].write(), WEIR_ENOMEM);
	ck_assert(shares());
	expect_body(s, "0123456789");
	expect_body(m, "0123456789");
	ck_assert_int_eq(writers[_i].write(), WEIR_OK);
	expect_body(s, writers[_i].after);
}
END_TEST

START_TEST(the_last_one_writes_in_place_again)
{
	const void *bytes = weir_msg_data(m);

	weir_msg_free(m);
	m = NULL;
	wri_mem_fail_at(1);
	ck_assert_int_eq(
	    writers[_i].write(), _i == 2 || _i == 4 ? WEIR_ENOMEM : WEIR_OK);
	if (_i != 2 && _i != 3 && _i != 4) {
		ck_assert_ptr_eq(weir_msg_data(s), bytes);
	}
}
END_TEST

START_TEST(the_spare_bytes_of_a_shared_body_are_nobodys)
{
	/* Both see the same 22 bytes behind the body. */
	ck_assert_int_eq(weir_msg_append(m, "mm", 2), WEIR_OK);
	ck_assert_int_eq(weir_msg_append(s, "ss", 2), WEIR_OK);
	expect_body(m, "0123456789mm");
	expect_body(s, "0123456789ss");
}
END_TEST

START_TEST(a_copy_of_a_shared_message_is_deep)
{
	weir_msg *copy;

	ck_assert_int_eq(weir_msg_dup(&copy, s), WEIR_OK);
	ck_assert_ptr_ne(weir_msg_data(copy), weir_msg_data(s));
	*(char *)weir_msg_body(copy) = 'X';
	expect_body(s, "0123456789");
	weir_msg_free(copy);
}
END_TEST

START_TEST(a_share_or_copy_without_memory_leaves_nothing)
{
	weir_msg *none = NULL;
	size_t live = wri_mem_live();
	unsigned n;

	for (n = 1; n < 10; n++) {
		wri_mem_fail_at(n);
		if (weir_msg_dup(&none, m) == WEIR_OK) {
			break;
		}
		ck_assert_ptr_null(none);
		ck_assert_uint_eq(wri_mem_live(), live);
	}
	ck_assert_uint_eq(n, 3);
	weir_msg_free(none);
	none = NULL;
	wri_mem_fail_at(1);
	ck_assert_int_eq(weir_msg_share(&none, m), WEIR_ENOMEM);
	ck_assert_ptr_null(none);
	for (n = 1; n < 10; n++) {
		wri_mem_fail_at(n);
		if (weir_msg_alloc(&none, 5) == WEIR_OK) {
			break;
		}
		ck_assert_ptr_null(none);
		ck_assert_uint_eq(wri_mem_live(), live);
	}
	ck_assert_uint_eq(n, 3);
	weir_msg_free(none);
}
END_TEST

START_TEST(so_many_may_share_and_no_more)
{
	weir_msg *none = NULL;

	/* As if all the others were there. */
	wri_store(&m->buf->refs, WEIR_MSG_SHARES_MAX, WRI_RLX);
	ck_assert_int_eq(weir_msg_share(&none, m), WEIR_EAGAIN);
	ck_assert_ptr_null(none);
	wri_store(&m->buf->refs, WEIR_MSG_SHARES_MAX - 1, WRI_RLX);
	ck_assert_int_eq(weir_msg_share(&none, m), WEIR_OK);
	wri_store(&m->buf->refs, 3, WRI_RLX);
	weir_msg_free(none);
}
END_TEST

/* --- Threads ----------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 300, BODY = 2000 };

static pthread_barrier_t barrier;
static weir_msg *given[THREADS];
static unsigned wrong; /* each thread's own are added up after the join */

/* Read, shorten, then write or free: whoever is last does so in place. */
static void *
user(void *arg)
{
	const int me = (int)(intptr_t)arg;
	uintptr_t bad = 0;

	for (int round = 0; round < ROUNDS; round++) {
		weir_msg *msg, *more = NULL;
		const unsigned char *data;
		unsigned char *body;

		(void)pthread_barrier_wait(&barrier); /* given is filled */
		msg = given[me];
		data = weir_msg_data(msg);
		for (size_t i = 0; i < BODY; i++) {
			bad += data[i] != (unsigned char)round;
		}
		if ((round + me) % 3 == 0) {
			bad += weir_msg_share(&more, msg) != WEIR_OK;
		}
		if ((round + me) % 2 == 0) {
			body = weir_msg_body(msg);
			bad += body == NULL;
			if (body != NULL) {
				memset(body, 100 + me, BODY);
			}
			for (size_t i = 0; body != NULL && i < BODY; i++) {
				bad += body[i] != 100 + me;
			}
		}
		weir_msg_free(msg);
		if (more != NULL) {
			data = weir_msg_data(more);
			for (size_t i = 0; i < BODY; i++) {
				bad += data[i] != (unsigned char)round;
			}
			weir_msg_free(more);
		}
		(void)pthread_barrier_wait(&barrier); /* all are freed */
	}
	return (void *)bad;
}

START_TEST(threads_use_write_and_free_shares_at_once)
{
	pthread_t threads[THREADS];

	ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, THREADS + 1), 0);
	for (intptr_t i = 0; i < THREADS; i++) {
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, user, (void *)i), 0);
	}
	for (int round = 0; round < ROUNDS; round++) {
		ck_assert_int_eq(weir_msg_alloc(&given[0], BODY), WEIR_OK);
		memset(weir_msg_body(given[0]), (unsigned char)round, BODY);
		for (int i = 1; i < THREADS; i++) {
			ck_assert_int_eq(
			    weir_msg_share(&given[i], given[0]), WEIR_OK);
		}
		(void)pthread_barrier_wait(&barrier);
		(void)pthread_barrier_wait(&barrier);
	}
	for (int i = 0; i < THREADS; i++) {
		void *bad;

		ck_assert_int_eq(pthread_join(threads[i], &bad), 0);
		wrong += (unsigned)(uintptr_t)bad;
	}
	ck_assert_uint_eq(wrong, 0);
	ck_assert_int_eq(pthread_barrier_destroy(&barrier), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("msg_share");
	TCase *share = tcase_create("share");

	tcase_add_checked_fixture(share, setup, teardown);
	tcase_add_test(
	    share, a_share_is_the_same_bytes_and_a_header_of_its_own);
	tcase_add_test(share, calls_that_only_look_or_shorten_copy_nothing);
	tcase_add_loop_test(share,
	    a_writer_gets_bytes_of_its_own_and_nobody_else_sees_it, 0, WRITERS);
	tcase_add_loop_test(share,
	    a_writer_without_memory_changes_nothing_and_shares_still, 0,
	    WRITERS);
	tcase_add_loop_test(
	    share, the_last_one_writes_in_place_again, 0, WRITERS);
	tcase_add_test(share, the_spare_bytes_of_a_shared_body_are_nobodys);
	tcase_add_test(share, a_copy_of_a_shared_message_is_deep);
	tcase_add_test(share, a_share_or_copy_without_memory_leaves_nothing);
	tcase_add_test(share, so_many_may_share_and_no_more);
	tcase_add_test(share, threads_use_write_and_free_shares_at_once);
	suite_add_tcase(suite, share);
	return run_suite(suite);
}
