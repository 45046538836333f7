/*
 * test_unix - the life of a socket file, and paths that are none.
 */
#include "stream/net.h"
#include "support/rt.h"
#include "support/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct op op;
static char path[NET_URL_MAX];
static char url[NET_URL_MAX + 8];

static void
setup(void)
{
	rt_setup();
	op_init(&op);
	net_path(path);
	snprintf(url, sizeof(url), "unix://%s", path);
}

static void
teardown(void)
{
	op_fini(&op);
	(void)unlink(path);
	rt_teardown();
}

static weir_stream_listener *
listener(const char *where)
{
	weir_stream_listener *l;

	ck_assert_int_eq(weir_stream_listener_alloc(&l, where), WEIR_OK);
	return l;
}

static weir_err
listen_once(void)
{
	weir_stream_listener *l = listener(url);
	weir_err err = weir_stream_listener_listen(l);

	weir_stream_listener_free(l);
	return err;
}

static bool
exists(const char *name)
{
	struct stat st;

	return lstat(name, &st) == 0;
}

static void
make_file(const char *name, const char *text)
{
	int fd = open(name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(close(fd), 0);
}

/* A socket file, of a socket that is closed then or lives on. */
static int
make_socket(const char *name, int type, int backlog)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	strcpy(un.sun_path, name);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	if (backlog >= 0) {
		ck_assert_int_eq(listen(fd, backlog), 0);
	}
	return fd;
}

START_TEST(the_socket_file_lives_from_listen_to_close)
{
	weir_stream_listener *l = listener(url);

	ck_assert(!exists(path));
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	ck_assert(exists(path));
	weir_stream_listener_close(l);
	ck_assert(!exists(path));
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(freeing_the_listener_removes_the_file)
{
	weir_stream_listener *l = listener(url);

	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	weir_stream_listener_free(l);
	ck_assert(!exists(path));
}
END_TEST

START_TEST(a_stale_socket_file_is_replaced)
{
	close(make_socket(path, SOCK_STREAM, 1));
	ck_assert(exists(path));
	ck_assert_int_eq(listen_once(), WEIR_OK);
	/* One that was bound and never listened is as dead. */
	close(make_socket(path, SOCK_STREAM, -1));
	ck_assert_int_eq(listen_once(), WEIR_OK);
	ck_assert(!exists(path));
}
END_TEST

START_TEST(a_live_socket_file_is_in_use_and_unharmed)
{
	int fd = make_socket(path, SOCK_STREAM | SOCK_NONBLOCK, 4);

	ck_assert_int_eq(listen_once(), WEIR_EADDRINUSE);
	ck_assert(exists(path));
	/* The look at it was no connection. */
	ck_assert_int_eq(accept(fd, NULL, NULL), -1);
	ck_assert_int_eq(errno, EAGAIN);
	close(fd);
}
END_TEST

START_TEST(one_that_is_bound_and_does_not_listen_yet_is_in_use)
{
	int fd = make_socket(path, SOCK_STREAM, -1);

	ck_assert_int_eq(listen_once(), WEIR_EADDRINUSE);
	ck_assert(exists(path));
	close(fd);
}
END_TEST

START_TEST(a_live_one_whose_backlog_is_full_is_in_use)
{
	int fd = make_socket(path, SOCK_STREAM, 0);
	weir_stream_dialer *d = net_dialer(url);
	weir_stream *s;

	ck_assert_int_eq(op_dial(&op, d, &s), WEIR_OK);
	ck_assert_int_eq(listen_once(), WEIR_EADDRINUSE);
	ck_assert(exists(path));
	weir_stream_free(s);
	weir_stream_dialer_free(d);
	close(fd);
}
END_TEST

START_TEST(a_file_that_is_no_socket_is_in_use_and_unharmed)
{
	make_file(path, "precious");
	ck_assert_int_eq(listen_once(), WEIR_EADDRINUSE);
	ck_assert(exists(path));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("/nonexistent/target", path), 0);
	ck_assert_int_eq(listen_once(), WEIR_EADDRINUSE);
	ck_assert(exists(path));
}
END_TEST

START_TEST(a_socket_of_another_type_is_in_use_and_unharmed)
{
	int fd = make_socket(path, SOCK_DGRAM, -1);

	ck_assert_int_eq(listen_once(), WEIR_EADDRINUSE);
	ck_assert(exists(path));
	close(fd);
}
END_TEST

START_TEST(a_file_that_took_our_place_is_not_removed)
{
	weir_stream_listener *l = listener(url);

	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	ck_assert_int_eq(unlink(path), 0);
	make_file(path, "somebody else's");
	weir_stream_listener_free(l);
	ck_assert(exists(path));
}
END_TEST

START_TEST(a_missing_directory_is_no_entry)
{
	weir_stream_listener *l;

	l = listener("unix:///nonexistent-weir/x");
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_ENOENT);
	weir_stream_listener_free(l);
	l = listener("unix:///dev/null/x");
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_ENOENT);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(a_dial_to_what_is_no_listener_is_refused)
{
	static const char *const urls[] = {
	    "unix:///nonexistent-weir/x", "unix:///dev/null/x"};
	weir_stream_dialer *d;
	weir_stream *s;
	int fd;

	for (unsigned i = 0; i < 2; i++) {
		d = net_dialer(urls[i]);
		ck_assert_int_eq(op_dial(&op, d, &s), WEIR_ECONNREFUSED);
		weir_stream_dialer_free(d);
	}
	d = net_dialer(url);
	ck_assert_int_eq(op_dial(&op, d, &s), WEIR_ECONNREFUSED);
	make_file(path, "no socket");
	ck_assert_int_eq(op_dial(&op, d, &s), WEIR_ECONNREFUSED);
	ck_assert_int_eq(unlink(path), 0);
	close(make_socket(path, SOCK_STREAM, 1)); /* stale */
	ck_assert_int_eq(op_dial(&op, d, &s), WEIR_ECONNREFUSED);
	ck_assert_int_eq(unlink(path), 0);
	fd = make_socket(path, SOCK_DGRAM, -1);
	ck_assert_int_eq(op_dial(&op, d, &s), WEIR_ECONNREFUSED);
	close(fd);
	weir_stream_dialer_free(d);
}
END_TEST

START_TEST(without_permission_a_dial_is_not_permitted)
{
	weir_stream_listener *l = listener(url);
	weir_stream_dialer *d = net_dialer(url);
	weir_stream *s;

	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	if (geteuid() != 0) { /* root may do anything */
		ck_assert_int_eq(chmod(path, 0), 0);
		ck_assert_int_eq(op_dial(&op, d, &s), WEIR_EPERM);
	}
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(a_path_of_107_bytes_works)
{
	char longest[108];
	char dir[64] = "";
	weir_stream_listener *l;
	weir_stream_dialer *d;
	weir_stream *a, *b;
	struct op accept;

	/* In a directory of our own, so that the length is ours to choose. */
	strcpy(dir, P_tmpdir "/weir-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	memset(longest, 'x', 107);
	memcpy(longest, dir, strlen(dir));
	longest[strlen(dir)] = '/';
	longest[107] = '\0';
	snprintf(url, sizeof(url), "unix://%s", longest);
	l = listener(url);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	d = net_dialer(url);
	op_init(&accept);
	ck_assert_int_eq(op_dial(&op, d, &a), WEIR_OK);
	ck_assert_int_eq(op_accept(&accept, l, &b), WEIR_OK);
	ck_assert_str_eq(weir_stream_peer_addr(a)->s_ipc.sa_path, longest);
	op_fini(&accept);
	weir_stream_free(a);
	weir_stream_free(b);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("unix");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_socket_file_lives_from_listen_to_close);
	tcase_add_test(tc, freeing_the_listener_removes_the_file);
	tcase_add_test(tc, a_stale_socket_file_is_replaced);
	tcase_add_test(tc, a_live_socket_file_is_in_use_and_unharmed);
	tcase_add_test(tc, one_that_is_bound_and_does_not_listen_yet_is_in_use);
	tcase_add_test(tc, a_live_one_whose_backlog_is_full_is_in_use);
	tcase_add_test(tc, a_file_that_is_no_socket_is_in_use_and_unharmed);
	tcase_add_test(tc, a_socket_of_another_type_is_in_use_and_unharmed);
	tcase_add_test(tc, a_file_that_took_our_place_is_not_removed);
	tcase_add_test(tc, a_missing_directory_is_no_entry);
	tcase_add_test(tc, a_dial_to_what_is_no_listener_is_refused);
	tcase_add_test(tc, without_permission_a_dial_is_not_permitted);
	tcase_add_test(tc, a_path_of_107_bytes_works);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
