/*
 * test_until - receive up to a delimiter: all pieces, all limits, all ends.
 */
#include "stream/net.h"
#include "stream/stream.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static weir_stream *a, *b;
static struct op tx, rx;
static char buf[65536];

static void
setup(void)
{
	rt_setup();
	op_init(&tx);
	op_init(&rx);
	memset(buf, 0, sizeof(buf));
}

static void
teardown(void)
{
	weir_stream_free(a);
	weir_stream_free(b);
	a = b = NULL;
	op_fini(&tx);
	op_fini(&rx);
	rt_teardown();
}

static void
submit(const char *delim, size_t room)
{
	op_buf(&rx, buf, room);
	weir_stream_recv_until(b, delim, strlen(delim), rx.aio);
}

static weir_err
until(const char *delim, size_t room)
{
	submit(delim, room);
	return op_wait(&rx);
}

static void
say(const char *text)
{
	ck_assert_int_eq(op_send_all(&tx, a, text, strlen(text)), WEIR_OK);
}

/* As say, and it has arrived: who asks now finds it. */
static void
say_there(const char *text)
{
	struct pollfd p = {.fd = weir_fd_number(b->fd), .events = POLLIN};

	say(text);
	ck_assert_int_eq(poll(&p, 1, LATCH_LIMIT_MS), 1);
}

static void
expect(const char *text)
{
	ck_assert_uint_eq(rx.count, strlen(text));
	ck_assert_int_eq(memcmp(buf, text, strlen(text)), 0);
}

START_TEST(nothing_behind_the_delimiter_is_taken)
{
	net_pair((enum net_kind)_i, &a, &b);
	say("one\r\ntwo\r\n\r\nrest");
	ck_assert_int_eq(until("\r\n", sizeof(buf)), WEIR_OK);
	expect("one\r\n");
	ck_assert_int_eq(until("\r\n", sizeof(buf)), WEIR_OK);
	expect("two\r\n");
	ck_assert_int_eq(until("\r\n", sizeof(buf)), WEIR_OK);
	expect("\r\n");
	ck_assert_int_eq(op_recv_exactly(&rx, b, buf, 4), WEIR_OK);
	expect("rest");
}
END_TEST

/* The text in two pieces, cut everywhere; the second one comes only when the
 * first was taken. */
START_TEST(a_delimiter_that_comes_in_pieces_is_found)
{
	static const char *const texts[][2] = {
	    {"x\r\n\r\nyz", "\r\n\r\n"},
	    {"aab", "aab"},
	    {"aaab", "aab"},
	    {"aabaaabz", "aaab"},
	    {"ababababac", "ababac"},
	    {"abcabcabdabcabd", "abcabd"},
	    {"0123456789abcdef0123456789abcdeF", "0123456789abcdeF"},
	};

	net_pair((enum net_kind)_i, &a, &b);
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *text = texts[i][0], *delim = texts[i][1];
		size_t end =
		    (size_t)(strstr(text, delim) - text) + strlen(delim);

		for (size_t cut = 1; cut < end; cut++) {
			submit(delim, sizeof(buf));
			ck_assert_int_eq(
			    op_send_all(&tx, a, text, cut), WEIR_OK);
			ck_assert_int_eq(
			    op_send_all(&tx, a, text + cut, strlen(text) - cut),
			    WEIR_OK);
			ck_assert_int_eq(op_wait(&rx), WEIR_OK);
			ck_assert_uint_eq(rx.count, end);
			ck_assert_int_eq(memcmp(buf, text, end), 0);
			if (end < strlen(text)) {
				ck_assert_int_eq(op_recv_exactly(&rx, b, buf,
						     strlen(text) - end),
				    WEIR_OK);
			}
		}
	}
}
END_TEST

/* Byte by byte, each taken before the next is sent. */
START_TEST(a_delimiter_that_comes_byte_by_byte_is_found)
{
	const char *text = "aababaabaabab";

	net_pair((enum net_kind)_i, &a, &b);
	submit("aabab", sizeof(buf));
	for (size_t i = 0; i < 5; i++) {
		ck_assert(op_pending(&rx));
		ck_assert_int_eq(op_send_all(&tx, a, text + i, 1), WEIR_OK);
	}
	ck_assert_int_eq(op_wait(&rx), WEIR_OK);
	expect("aabab");
}
END_TEST

START_TEST(a_delimiter_over_pieces_of_the_iov_is_found)
{
	const char *text = "head\r\n\r\nbody";

	net_pair((enum net_kind)_i, &a, &b);
	for (size_t first = 1; first < 8; first++) {
		for (size_t second = 1; second < 4; second++) {
			weir_iov iov[4] = {{buf, first}, {buf + first, 0},
			    {buf + first, second}, {buf + first + second, 100}};

			say(text);
			ck_assert_int_eq(
			    weir_aio_set_iov(rx.aio, 4, iov), WEIR_OK);
			weir_stream_recv_until(b, "\r\n\r\n", 4, rx.aio);
			ck_assert_int_eq(op_wait(&rx), WEIR_OK);
			expect("head\r\n\r\n");
			ck_assert_int_eq(
			    op_recv_exactly(&rx, b, buf, 4), WEIR_OK);
			expect("body");
		}
	}
}
END_TEST

START_TEST(more_pieces_than_one_call_takes_are_no_limit)
{
	weir_iov iov[40];
	char text[41];

	net_pair((enum net_kind)_i, &a, &b);
	memset(text, 'x', 38);
	strcpy(text + 38, "!?");
	for (unsigned i = 0; i < 40; i++) {
		iov[i] = (weir_iov){buf + i, 1};
	}
	if (weir_aio_set_iov(rx.aio, 40, iov) != WEIR_OK) {
		return; /* a handle takes fewer */
	}
	say(text);
	weir_stream_recv_until(b, "!?", 2, rx.aio);
	ck_assert_int_eq(op_wait(&rx), WEIR_OK);
	expect(text);
}
END_TEST

START_TEST(a_full_iov_without_the_delimiter_is_too_small)
{
	net_pair((enum net_kind)_i, &a, &b);
	say("12345\n");
	ck_assert_int_eq(until("\n", 5), WEIR_EMSGSIZE);
	expect("12345");
	ck_assert_int_eq(until("\n", 5), WEIR_OK);
	expect("\n");
	/* Just enough. */
	say("12345\n");
	ck_assert_int_eq(until("\n", 6), WEIR_OK);
	expect("12345\n");
	/* Half a delimiter does not count, and is not remembered. */
	say("12\r\n\n");
	ck_assert_int_eq(until("\r\n", 3), WEIR_EMSGSIZE);
	expect("12\r");
	submit("\r\n", sizeof(buf));
	say("x\r\n");
	ck_assert_int_eq(op_wait(&rx), WEIR_OK);
	expect("\n\nx\r\n");
}
END_TEST

START_TEST(wrong_arguments_are_invalid)
{
	char byte;

	net_pair((enum net_kind)_i, &a, &b);
	op_buf(&rx, &byte, 1);
	weir_stream_recv_until(NULL, "x", 1, rx.aio);
	ck_assert_int_eq(op_wait(&rx), WEIR_EINVAL);
	weir_stream_recv_until(b, NULL, 1, rx.aio);
	ck_assert_int_eq(op_wait(&rx), WEIR_EINVAL);
	weir_stream_recv_until(b, "x", 0, rx.aio);
	ck_assert_int_eq(op_wait(&rx), WEIR_EINVAL);
	weir_stream_recv_until(b, buf, WEIR_STREAM_DELIM_MAX + 1, rx.aio);
	ck_assert_int_eq(op_wait(&rx), WEIR_EINVAL);
	weir_stream_recv_until(b, "x", 1, NULL); /* nothing happens */
	op_buf(&rx, &byte, 0);
	weir_stream_recv_until(b, "x", 1, rx.aio);
	ck_assert_int_eq(op_wait(&rx), WEIR_EMSGSIZE);
	ck_assert_uint_eq(rx.count, 0);
	weir_stream_close(b);
	weir_stream_recv_until(b, "x", 1, rx.aio);
	ck_assert_int_eq(op_wait(&rx), WEIR_ECLOSED);
	op_buf(&rx, &byte, 1);
	weir_stream_recv_until(b, "x", 1, rx.aio);
	ck_assert_int_eq(op_wait(&rx), WEIR_ECLOSED);
}
END_TEST

START_TEST(the_longest_delimiter_works)
{
	const char *delim = "0123456789abcdef";

	net_pair((enum net_kind)_i, &a, &b);
	ck_assert_uint_eq(strlen(delim), WEIR_STREAM_DELIM_MAX);
	say("0123456789abcde0123456789abcdef?");
	ck_assert_int_eq(until(delim, sizeof(buf)), WEIR_OK);
	expect("0123456789abcde0123456789abcdef");
}
END_TEST

START_TEST(the_peers_end_before_the_delimiter_keeps_what_came)
{
	net_pair((enum net_kind)_i, &a, &b);
	submit("\n", sizeof(buf));
	say("no end");
	ck_assert_int_eq(weir_stream_shutdown(a), WEIR_OK);
	ck_assert_int_eq(op_wait(&rx), WEIR_ECONNSHUT);
	expect("no end");
	ck_assert_int_eq(until("\n", sizeof(buf)), WEIR_ECONNSHUT);
	ck_assert_uint_eq(rx.count, 0);
}
END_TEST

/* A new connection with three bytes that have arrived: the first operation is
 * tried at once. */
static void
three_there(enum net_kind kind)
{
	weir_stream_free(a);
	weir_stream_free(b);
	net_pair(kind, &a, &b);
	say_there("abc");
}

START_TEST(own_close_cancel_and_timeout_keep_what_came)
{
	three_there((enum net_kind)_i);
	submit("\n", sizeof(buf));
	weir_aio_cancel(rx.aio);
	ck_assert_int_eq(op_wait(&rx), WEIR_ECANCELED);
	expect("abc");

	three_there((enum net_kind)_i);
	weir_aio_set_timeout(rx.aio, 0);
	ck_assert_int_eq(until("\n", sizeof(buf)), WEIR_ETIMEDOUT);
	expect("abc");
	weir_aio_set_timeout(rx.aio, WEIR_INFINITE);

	three_there((enum net_kind)_i);
	submit("\n", sizeof(buf));
	weir_stream_close(b);
	ck_assert_int_eq(op_wait(&rx), WEIR_ECLOSED);
	expect("abc");
}
END_TEST

START_TEST(several_are_served_in_order)
{
	struct op second;
	char other[16] = "";

	net_pair((enum net_kind)_i, &a, &b);
	op_init(&second);
	submit("\n", sizeof(buf));
	op_buf(&second, other, sizeof(other));
	weir_stream_recv_until(b, ";", 1, second.aio);
	say("one\ntwo;three");
	ck_assert_int_eq(op_wait(&rx), WEIR_OK);
	expect("one\n");
	ck_assert_int_eq(op_wait(&second), WEIR_OK);
	ck_assert_uint_eq(second.count, 4);
	ck_assert_int_eq(memcmp(other, "two;", 4), 0);
	op_fini(&second);
}
END_TEST

START_TEST(errors_of_the_system_are_told)
{
	net_pair((enum net_kind)_i, &a, &b);
	say("x\n");
	wri_sys_fail_at(WRI_SYS_PEEKMSG, 1, ENOMEM);
	ck_assert_int_eq(until("\n", sizeof(buf)), WEIR_ENOMEM);
	ck_assert_uint_eq(rx.count, 0);
	wri_sys_fail_at(WRI_SYS_PEEKMSG, 0, 0);
	wri_sys_fail_at(WRI_SYS_RECVMSG, 1, ENOMEM);
	ck_assert_int_eq(until("\n", sizeof(buf)), WEIR_ENOMEM);
	ck_assert_uint_eq(rx.count, 0);
	wri_sys_fail_at(WRI_SYS_RECVMSG, 0, 0);
	/* Nothing was lost. */
	ck_assert_int_eq(until("\n", sizeof(buf)), WEIR_OK);
	expect("x\n");
	say("y");
	wri_sys_fail_at(WRI_SYS_PEEKMSG, 1, ECONNRESET);
	ck_assert_int_eq(until("\n", sizeof(buf)), WEIR_ECONNRESET);
	wri_sys_fail_at(WRI_SYS_PEEKMSG, 0, 0);
}
END_TEST

/* A peer that passes a descriptor: a read ends there, and goes on. */
START_TEST(descriptors_between_the_bytes_are_passed_over)
{
	int fds[2];
	char byte[2] = "b\n";
	struct iovec iov = {byte, 2};
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	struct rt_counts before;

	memset(&control, 0, sizeof(control));
	ck_assert_int_eq(weir_socket_pair(fds), WEIR_OK);
	ck_assert_int_eq(weir_stream_from_fd(&b, fds[1]), WEIR_OK);
	before = rt_count();
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &fds[0], sizeof(int));
	ck_assert_int_eq(send(fds[0], "a", 1, 0), 1);
	ck_assert_int_eq(sendmsg(fds[0], &msg, 0), 2);
	ck_assert_int_eq(send(fds[0], "c", 1, 0), 1);
	ck_assert_int_eq(until("b\n", sizeof(buf)), WEIR_OK);
	expect("ab\n");
	ck_assert_int_eq(op_recv(&rx, b, buf, 8), WEIR_OK);
	expect("c");
	ck_assert_uint_eq(rt_count().fds, before.fds);
	ck_assert_int_eq(close(fds[0]), 0);
}
END_TEST

/* Lines of random lengths, sent in random pieces. */
START_TEST(a_long_stream_of_lines_comes_out_line_by_line)
{
	enum { LINES = 2000 };
	static char text[LINES * 40];
	size_t ends[LINES];
	size_t len = 0, at = 0;
	unsigned seed = (unsigned)_i + 1;

	net_pair((enum net_kind)_i, &a, &b);
	for (unsigned i = 0; i < LINES; i++) {
		seed = seed * 1664525u + 1013904223u;
		for (unsigned n = (seed >> 16) % 36; n > 0; n--) {
			text[len++] = (n & 1) != 0 ? '\r' : 'x';
		}
		memcpy(text + len, "\r\n", 2);
		len += 2;
		ends[i] = len;
	}
	op_buf(&tx, text, len);
	weir_stream_send_all(a, tx.aio);
	for (unsigned i = 0; i < LINES; i++) {
		ck_assert_int_eq(until("\r\n", 40), WEIR_OK);
		ck_assert_uint_eq(rx.count, ends[i] - at);
		ck_assert_int_eq(memcmp(buf, text + at, rx.count), 0);
		at = ends[i];
	}
	ck_assert_int_eq(op_wait(&tx), WEIR_OK);
}
END_TEST

static void
add(TCase *tc, const TTest *test)
{
	tcase_add_loop_test(tc, test, 0, NET_KINDS);
}

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("until");

	tcase_add_checked_fixture(tc, setup, teardown);
	add(tc, nothing_behind_the_delimiter_is_taken);
	add(tc, a_delimiter_that_comes_in_pieces_is_found);
	add(tc, a_delimiter_that_comes_byte_by_byte_is_found);
	add(tc, a_delimiter_over_pieces_of_the_iov_is_found);
	add(tc, more_pieces_than_one_call_takes_are_no_limit);
	add(tc, a_full_iov_without_the_delimiter_is_too_small);
	add(tc, wrong_arguments_are_invalid);
	add(tc, the_longest_delimiter_works);
	add(tc, the_peers_end_before_the_delimiter_keeps_what_came);
	add(tc, own_close_cancel_and_timeout_keep_what_came);
	add(tc, several_are_served_in_order);
	add(tc, errors_of_the_system_are_told);
	add(tc, a_long_stream_of_lines_comes_out_line_by_line);
	tcase_add_test(tc, descriptors_between_the_bytes_are_passed_over);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
