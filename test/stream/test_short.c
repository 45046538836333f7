/*
 * test_short - reads that end early although more is there.
 *
 * Purpose    a receive takes a short read for an empty socket and then waits
 *            for an event: where that is wrong, what is there must be found.
 */
#include "contract/socks.h"
#include "stream/net.h"
#include "support/rt.h"
#include "support/run.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static weir_stream_listener *l;
static weir_stream *s;
static weir_stream *other; /* on the same poll slot */
static int peer, other_peer;
static struct op rx;

static void
up(const char *url)
{
	op_init(&rx);
	l = socks_listen(url);
	peer = socks_connect(l);
	s = socks_accept(l);
	other_peer = socks_connect(l);
	other = socks_accept(l);
}

static void
down(void)
{
	op_fini(&rx);
	weir_stream_free(s);
	weir_stream_free(other);
	weir_stream_listener_free(l);
	ck_assert_int_eq(close(peer), 0);
	ck_assert_int_eq(close(other_peer), 0);
}

/* Whatever has happened to s is known when a later event has been seen. */
static void
settle(void)
{
	char byte = 0;

	op_buf(&rx, &byte, 1);
	weir_stream_recv(other, rx.aio);
	ck_assert_int_eq(weir_aio_wait_until(rx.aio, 0), WEIR_ETIMEDOUT);
	ck_assert_int_eq(send(other_peer, "x", 1, 0), 1);
	ck_assert_int_eq(op_wait(&rx), WEIR_OK);
}

/* All of it, in as many receives as it takes. */
static void
expect(const char *text)
{
	char got[32] = "";
	size_t n = 0;

	settle();
	while (n < strlen(text)) {
		ck_assert_int_eq(
		    op_recv(&rx, s, got + n, sizeof(got) - n), WEIR_OK);
		n += rx.count;
	}
	ck_assert_str_eq(got, text);
}

START_TEST(what_follows_an_urgent_byte_is_received)
{
	up("tcp://127.0.0.1:0");
	ck_assert_int_eq(send(peer, "abc", 3, 0), 3);
	ck_assert_int_eq(send(peer, "!", 1, MSG_OOB), 1);
	ck_assert_int_eq(send(peer, "efgh", 4, 0), 4);
	expect("abcefgh");
	down();
}
END_TEST

START_TEST(a_delimiter_that_follows_an_urgent_byte_is_found)
{
	char got[32] = "";

	up("tcp://127.0.0.1:0");
	ck_assert_int_eq(send(peer, "abc", 3, 0), 3);
	ck_assert_int_eq(send(peer, "!", 1, MSG_OOB), 1);
	ck_assert_int_eq(send(peer, "ef\ngh", 5, 0), 5);
	settle();
	op_buf(&rx, got, sizeof(got));
	weir_stream_recv_until(s, "cef\n", 4, rx.aio);
	ck_assert_int_eq(op_wait(&rx), WEIR_OK);
	ck_assert_uint_eq(rx.count, 6);
	ck_assert_int_eq(memcmp(got, "abcef\n", 6), 0);
	expect("gh");
	down();
}
END_TEST

START_TEST(what_follows_a_descriptor_is_received)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = ""};
	struct iovec iov = {"abc", 3};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	up(socks_path());
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(peer));
	memcpy(CMSG_DATA(head), &peer, sizeof(peer));
	ck_assert_int_eq(sendmsg(peer, &msg, 0), 3);
	ck_assert_int_eq(send(peer, "efgh", 4, 0), 4);
	expect("abcefgh");
	down();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("stream");
	TCase *tc = tcase_create("short");

	tcase_add_checked_fixture(tc, rt_setup, rt_teardown);
	tcase_add_test(tc, what_follows_an_urgent_byte_is_received);
	tcase_add_test(tc, a_delimiter_that_follows_an_urgent_byte_is_found);
	tcase_add_test(tc, what_follows_a_descriptor_is_received);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
