/*
 * conform_listener - sections 15, 17, 18: listeners, the URLs that they take,
 * and how listening and accepting fail; traps 12 and 14.
 */
#include "conform/con_net.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct con_net n;
static struct con_op o;
static char dir[32];
static char url[CON_URL_MAX]; /* of a socket file in dir */

static void
setup(void)
{
	con_setup();
	con_op_init(&o, NULL, NULL);
	strcpy(dir, "/tmp/conform-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(url, sizeof(url), "ipc://%s/s", dir);
}

static void
teardown(void)
{
	(void)unlink(url + 6);
	ck_assert_int_eq(rmdir(dir), 0);
	con_op_fini(&o);
	con_teardown();
}

/* What alloc, or else listen, says. */
static nng_err
listen_result(const char *at)
{
	nng_stream_listener *l = (nng_stream_listener *)&l;
	nng_err err = nng_stream_listener_alloc(&l, at);

	if (err != NNG_OK) {
		ck_assert_ptr_eq(l, (nng_stream_listener *)&l);
		return err;
	}
	err = nng_stream_listener_listen(l);
	nng_stream_listener_free(l);
	return err;
}

static const struct {
	const char *url;
	nng_err err;
} refused[] = {
    {"", NNG_EINVAL},
    {"tcp", NNG_EINVAL},
    {"tcp://127.0.0.1:65536", NNG_EINVAL},
    {"tcp://[::1:80", NNG_EINVAL},
    {"nope://x", NNG_ENOTSUP},
    {"udp://127.0.0.1:80", NNG_ENOTSUP},
    {"inproc://name", NNG_ENOTSUP},
    {"http://127.0.0.1/", NNG_ENOTSUP},
    {"tcp://*:0", NNG_EADDRINVAL},
    {"tcp4://[::1]:0", NNG_EADDRINVAL},
    {"tcp6://127.0.0.1:0", NNG_EADDRINVAL},
    {"ipc://", NNG_EADDRINVAL},
    {"abstract://%zz", NNG_EADDRINVAL},
    {"abstract://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	NNG_EADDRINVAL},
};

#define N(a) ((int)(sizeof(a) / sizeof((a)[0])))

START_TEST(alloc_refuses_and_writes_nothing)
{
	nng_stream_listener *l = (nng_stream_listener *)&l;
	nng_err err = nng_stream_listener_alloc(&l, refused[_i].url);

	ck_assert_msg(
	    err == refused[_i].err, "%s: %d", refused[_i].url, (int)err);
	ck_assert_ptr_eq(l, (nng_stream_listener *)&l);
}
END_TEST

static const char *const fine[] = {"tcp://127.0.0.1:0", "tcp://127.0.0.1",
    "tcp://:0", "tcp://", "tcp4://", "tcp://0.0.0.0:0",
    "tcp4://127.0.0.1:0/path", "abstract://conform-fine",
    "abstract://conform%00fine", "socket://", "socket://ignored"};

START_TEST(these_listen_and_alloc_binds_nothing)
{
	nng_stream_listener *l[2];
	nng_url *parsed;

	/* Two of the same: nothing is bound yet. */
	ck_assert_int_eq(nng_stream_listener_alloc(&l[0], fine[_i]), NNG_OK);
	ck_assert_int_eq(nng_url_parse(&parsed, fine[_i]), NNG_OK);
	ck_assert_int_eq(nng_stream_listener_alloc_url(&l[1], parsed), NNG_OK);
	nng_url_free(parsed);
	ck_assert_int_eq(nng_stream_listener_listen(l[1]), NNG_OK);
	nng_stream_listener_free(l[0]);
	nng_stream_listener_free(l[1]);
}
END_TEST

START_TEST(a_path_too_long_is_invalid_at_listen_or_alloc)
{
	char long_url[200];
	nng_stream_listener *l;

	memset(long_url, 'p', sizeof(long_url));
	memcpy(long_url, "ipc:///tmp/", 11);
	long_url[6 + 128] = '\0';
	ck_assert_int_eq(nng_stream_listener_alloc(&l, long_url), NNG_OK);
	ck_assert_int_eq(nng_stream_listener_listen(l), NNG_EADDRINVAL);
	nng_stream_listener_free(l);
	long_url[6 + 108] = '\0';
	ck_assert_int_eq(listen_result(long_url), NNG_EADDRINVAL);
	memset(long_url, 'p', sizeof(long_url));
	memcpy(long_url, "ipc:///tmp/", 11);
	long_url[6 + 129] = '\0';
	ck_assert_int_eq(
	    nng_stream_listener_alloc(&l, long_url), NNG_EADDRINVAL);
}
END_TEST

START_TEST(an_address_not_of_this_machine_is_invalid)
{
	ck_assert_int_eq(listen_result("tcp://192.0.2.7:0"), NNG_EADDRINVAL);
}
END_TEST

START_TEST(a_path_without_its_directory_is_no_entry)
{
	ck_assert_int_eq(listen_result("ipc:///no/such/dir/s"), NNG_ENOENT);
}
END_TEST

START_TEST(a_directory_without_permission_is_denied)
{
	uid_t euid = geteuid();

	ck_assert_int_eq(chmod(dir, 0555), 0);
	/* Permissions are not for root. */
	ck_assert_int_eq(seteuid(euid == 0 ? 65534 : euid), 0);
	ck_assert_int_eq(listen_result(url), NNG_EPERM);
	ck_assert_int_eq(seteuid(euid), 0);
	ck_assert_int_eq(chmod(dir, 0700), 0);
}
END_TEST

START_TEST(an_address_in_use_is_in_use)
{
	char byte = 0;

	con_net_listen(&n, (enum con_kind)_i);
	ck_assert_int_eq(listen_result(n.url), NNG_EADDRINUSE);
	/* The one that was there first still works, and the first connection
	 * it accepts is of one who dialled. */
	con_net_connect(&n, &n.near, &n.far);
	con_send_all(&n.a, n.near, "x", 1);
	con_recv_all(&n.b, n.far, &byte, 1);
	ck_assert_int_eq(byte, 'x');
	con_net_fini(&n);
}
END_TEST

START_TEST(a_stale_socket_file_is_replaced)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(sun.sun_path, url + 6, strlen(url + 6) + 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(listen_result(url), NNG_OK);
}
END_TEST

START_TEST(a_file_that_is_no_socket_is_left_alone)
{
	int fd = open(url + 6, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "precious", 8), 8);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(listen_result(url), NNG_EADDRINUSE);
	ck_assert_int_eq(access(url + 6, F_OK), 0);
}
END_TEST

START_TEST(close_and_free_remove_the_socket_file)
{
	nng_stream_listener *l;

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(nng_stream_listener_alloc(&l, url), NNG_OK);
		ck_assert_int_ne(access(url + 6, F_OK), 0);
		ck_assert_int_eq(nng_stream_listener_listen(l), NNG_OK);
		ck_assert_int_eq(access(url + 6, F_OK), 0);
		if (i == 0) {
			nng_stream_listener_close(l);
			ck_assert_int_ne(access(url + 6, F_OK), 0);
		}
		nng_stream_listener_free(l);
		ck_assert_int_ne(access(url + 6, F_OK), 0);
	}
}
END_TEST

START_TEST(listening_twice_is_a_wrong_state)
{
	nng_err err;

	con_net_listen(&n, (enum con_kind)_i);
	ck_assert_int_eq(nng_stream_listener_listen(n.l), NNG_ESTATE);
	ck_assert_int_eq(nng_stream_listener_listen(n.l), NNG_ESTATE);
	con_net_connect(&n, &n.near, &n.far);
	nng_stream_listener_close(n.l);
	/* NNG was seen to say the former; its documents do not. */
	err = nng_stream_listener_listen(n.l);
	ck_assert(err == NNG_ESTATE || err == NNG_ECLOSED);
	con_net_fini(&n);
}
END_TEST

static const char *const unstarted[] = {
    "tcp://127.0.0.1:0", NULL, "abstract://conform-unstarted"};

START_TEST(before_listen_accept_is_a_wrong_state_and_close_is_for_good)
{
	const char *at = unstarted[_i] != NULL ? unstarted[_i] : url;
	nng_stream_listener *l;
	nng_stream *s;

	ck_assert_int_eq(nng_stream_listener_alloc(&l, at), NNG_OK);
	ck_assert_int_eq(con_accept(&o, l, &s), NNG_ESTATE);
	nng_stream_listener_close(l);
	ck_assert_int_eq(nng_stream_listener_listen(l), NNG_ECLOSED);
	ck_assert_int_eq(con_accept(&o, l, &s), NNG_ECLOSED);
	nng_stream_listener_free(l);
}
END_TEST

START_TEST(socket_listens_any_number_of_times_and_need_not)
{
	nng_stream_listener *l;
	nng_stream *s;
	int fds[2];

	ck_assert_int_eq(nng_stream_listener_alloc(&l, "socket://"), NNG_OK);
	ck_assert_int_eq(nng_socket_pair(fds), NNG_OK);
	ck_assert_int_eq(
	    nng_stream_listener_set_int(l, NNG_OPT_SOCKET_FD, fds[0]), 0);
	ck_assert_int_eq(con_accept(&o, l, &s), NNG_OK);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(nng_stream_listener_listen(l), NNG_OK);
	}
	nng_stream_free(s);
	ck_assert_int_eq(close(fds[1]), 0);
	nng_stream_listener_free(l);
}
END_TEST

START_TEST(accepts_are_served_in_the_order_of_submission)
{
	struct con_op ops[5];
	nng_stream *near[5];

	con_net_listen(&n, (enum con_kind)_i);
	for (int i = 0; i < 5; i++) {
		con_op_init(&ops[i], NULL, NULL);
		nng_stream_listener_accept(n.l, ops[i].aio);
	}
	for (int i = 0; i < 5; i++) {
		char c = (char)('a' + i);

		ck_assert_int_eq(con_dial(&n.a, n.d, &near[i]), NNG_OK);
		con_send_all(&n.a, near[i], &c, 1);
		con_op_expect(&ops[i], 1, NNG_OK);
	}
	for (int i = 0; i < 5; i++) {
		nng_stream *far = nng_aio_get_output(ops[i].aio, 0);
		char c;

		con_recv_all(&n.b, far, &c, 1);
		ck_assert_int_eq(c, 'a' + i);
		nng_stream_free(far);
		nng_stream_free(near[i]);
		con_op_fini(&ops[i]);
	}
	con_net_fini(&n);
}
END_TEST

START_TEST(connections_wait_in_the_kernel_until_accepted)
{
	nng_stream *near[4];
	nng_stream *far;

	con_net_listen(&n, (enum con_kind)_i);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(con_dial(&n.a, n.d, &near[i]), NNG_OK);
		con_send_all(&n.a, near[i], "x", 1);
	}
	for (int i = 0; i < 4; i++) {
		char c;

		ck_assert_int_eq(con_accept(&n.b, n.l, &far), NNG_OK);
		con_recv_all(&n.b, far, &c, 1);
		nng_stream_free(far);
		nng_stream_free(near[i]);
	}
	con_net_fini(&n);
}
END_TEST

START_TEST(an_accept_is_cancelled_or_times_out_and_the_listener_goes_on)
{
	con_net_listen(&n, (enum con_kind)_i);
	nng_stream_listener_accept(n.l, o.aio);
	nng_aio_cancel(o.aio);
	con_op_expect(&o, 1, NNG_ECANCELED);
	nng_aio_set_timeout(o.aio, 5);
	nng_stream_listener_accept(n.l, o.aio);
	con_op_expect(&o, 2, NNG_ETIMEDOUT);
	nng_aio_set_timeout(o.aio, 0);
	nng_stream_listener_accept(n.l, o.aio);
	con_op_expect(&o, 3, NNG_ETIMEDOUT);
	con_net_connect(&n, &n.near, &n.far);
	con_net_fini(&n);
}
END_TEST

START_TEST(close_stop_and_free_end_accepts_with_closed)
{
	nng_stream *s;

	con_net_listen(&n, (enum con_kind)_i);
	nng_stream_listener_accept(n.l, o.aio);
	nng_stream_listener_accept(n.l, n.a.aio);
	nng_stream_listener_close(n.l);
	con_op_expect(&o, 1, NNG_ECLOSED);
	con_op_expect(&n.a, 1, NNG_ECLOSED);
	nng_stream_listener_close(n.l);
	ck_assert_int_eq(con_accept(&o, n.l, &s), NNG_ECLOSED);
	nng_stream_listener_stop(n.l);
	nng_stream_listener_stop(n.l);
	ck_assert_int_eq(con_accept(&o, n.l, &s), NNG_ECLOSED);
	con_net_fini(&n);
	con_net_listen(&n, (enum con_kind)_i);
	nng_stream_listener_accept(n.l, n.a.aio);
	nng_stream_listener_free(n.l);
	n.l = NULL;
	con_op_expect(&n.a, 1, NNG_ECLOSED);
	con_net_fini(&n);
}
END_TEST

START_TEST(a_closed_listener_leaves_its_address_to_the_next)
{
	nng_stream_listener *l;

	con_net_init(&n, (enum con_kind)_i);
	nng_stream_listener_close(n.l);
	ck_assert_int_eq(nng_stream_listener_alloc(&l, n.url), NNG_OK);
	ck_assert_int_eq(nng_stream_listener_listen(l), NNG_OK);
	nng_stream_listener_free(n.l);
	n.l = l;
	nng_stream_free(n.near);
	nng_stream_free(n.far);
	con_net_connect(&n, &n.near, &n.far);
	con_net_fini(&n);
}
END_TEST

#define ON_ALL(name) tcase_add_loop_test(tc, name, 0, CON_KINDS)
#define ON_DIALERS(name) tcase_add_loop_test(tc, name, 0, CON_SOCKET)

int
main(void)
{
	Suite *suite = suite_create("conform/listener");
	TCase *tc = con_case_bare(suite, "listener");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, alloc_refuses_and_writes_nothing, 0, N(refused));
	tcase_add_loop_test(
	    tc, these_listen_and_alloc_binds_nothing, 0, N(fine));
	tcase_add_test(tc, a_path_too_long_is_invalid_at_listen_or_alloc);
	tcase_add_test(tc, an_address_not_of_this_machine_is_invalid);
	tcase_add_test(tc, a_path_without_its_directory_is_no_entry);
	tcase_add_test(tc, a_directory_without_permission_is_denied);
	ON_DIALERS(an_address_in_use_is_in_use);
	tcase_add_test(tc, a_stale_socket_file_is_replaced);
	tcase_add_test(tc, a_file_that_is_no_socket_is_left_alone);
	tcase_add_test(tc, close_and_free_remove_the_socket_file);
	ON_DIALERS(listening_twice_is_a_wrong_state);
	tcase_add_loop_test(tc,
	    before_listen_accept_is_a_wrong_state_and_close_is_for_good, 0, 3);
	tcase_add_test(tc, socket_listens_any_number_of_times_and_need_not);
	ON_DIALERS(accepts_are_served_in_the_order_of_submission);
	ON_DIALERS(connections_wait_in_the_kernel_until_accepted);
	ON_ALL(an_accept_is_cancelled_or_times_out_and_the_listener_goes_on);
	ON_ALL(close_stop_and_free_end_accepts_with_closed);
	ON_DIALERS(a_closed_listener_leaves_its_address_to_the_next);
	return run_suite(suite);
}
