/*
 * conform_effects - section 16: what the options of streams do.
 */
#include "conform/con_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct con_net n;

static const char *const tcp_bools[] = {
    NNG_OPT_TCP_NODELAY, NNG_OPT_TCP_KEEPALIVE};

START_TEST(nodelay_and_keepalive_hold_for_connections_made_afterwards)
{
	const char *opt = tcp_bools[_i];
	bool dflt = _i == 0;
	nng_stream *near;
	nng_stream *far;
	bool b;

	con_net_init(&n, CON_TCP);
	ck_assert_int_eq(nng_stream_dialer_get_bool(n.d, opt, &b), NNG_OK);
	ck_assert(b == dflt);
	ck_assert_int_eq(nng_stream_listener_get_bool(n.l, opt, &b), NNG_OK);
	ck_assert(b == dflt);
	ck_assert_int_eq(nng_stream_dialer_set_bool(n.d, opt, !dflt), NNG_OK);
	ck_assert_int_eq(nng_stream_listener_set_bool(n.l, opt, !dflt), NNG_OK);
	ck_assert_int_eq(nng_stream_dialer_get_bool(n.d, opt, &b), NNG_OK);
	ck_assert(b == !dflt);
	con_net_connect(&n, &near, &far);
	ck_assert_int_eq(nng_stream_get_bool(near, opt, &b), NNG_OK);
	ck_assert(b == !dflt);
	ck_assert_int_eq(nng_stream_get_bool(far, opt, &b), NNG_OK);
	ck_assert(b == !dflt);
	/* Those that were there are as they were. */
	ck_assert_int_eq(nng_stream_get_bool(n.near, opt, &b), NNG_OK);
	ck_assert(b == dflt);
	ck_assert_int_eq(nng_stream_get_bool(n.far, opt, &b), NNG_OK);
	ck_assert(b == dflt);
	nng_stream_free(near);
	nng_stream_free(far);
	con_net_fini(&n);
}
END_TEST

START_TEST(the_local_address_is_that_of_outgoing_connections)
{
	nng_sockaddr sa = {.s_in = {.sa_family = NNG_AF_INET}};

	con_net_listen(&n, CON_TCP);
	sa.s_in.sa_addr = htonl(0x7f000009);
	ck_assert_int_eq(
	    nng_stream_dialer_set_addr(n.d, NNG_OPT_LOCADDR, &sa), NNG_OK);
	con_net_connect(&n, &n.near, &n.far);
	ck_assert_uint_eq(
	    nng_stream_self_addr(n.near)->s_in.sa_addr, htonl(0x7f000009));
	ck_assert_uint_eq(
	    nng_stream_peer_addr(n.far)->s_in.sa_addr, htonl(0x7f000009));
	sa.s_in.sa_port = htons(80);
	ck_assert_int_eq(nng_stream_dialer_set_addr(n.d, NNG_OPT_LOCADDR, &sa),
	    NNG_EADDRINVAL);
	sa.s_family = NNG_AF_IPC;
	ck_assert_int_eq(nng_stream_dialer_set_addr(n.d, NNG_OPT_LOCADDR, &sa),
	    NNG_EADDRINVAL);
	sa.s_family = NNG_AF_UNSPEC;
	ck_assert_int_eq(nng_stream_dialer_set_addr(n.d, NNG_OPT_LOCADDR, &sa),
	    NNG_EADDRINVAL);
	sa.s_family = NNG_AF_INET;
	sa.s_in.sa_port = 0;
	nng_stream_dialer_close(n.d);
	ck_assert_int_eq(
	    nng_stream_dialer_set_addr(n.d, NNG_OPT_LOCADDR, &sa), NNG_ECLOSED);
	con_net_fini(&n);
}
END_TEST

START_TEST(the_bound_port_is_known_after_listen)
{
	nng_stream_listener *l;
	int port = 0;

	ck_assert_int_eq(
	    nng_stream_listener_alloc(&l, "tcp://127.0.0.1:0"), NNG_OK);
	ck_assert_int_eq(
	    nng_stream_listener_get_int(l, NNG_OPT_BOUND_PORT, &port),
	    NNG_ESTATE);
	ck_assert_int_eq(port, 0);
	ck_assert_int_eq(nng_stream_listener_listen(l), NNG_OK);
	ck_assert_int_eq(
	    nng_stream_listener_get_int(l, NNG_OPT_BOUND_PORT, &port), NNG_OK);
	ck_assert(port >= 1 && port <= 65535);
	ck_assert_int_eq(close(con_net_naked(port)), 0);
	nng_stream_listener_free(l);
}
END_TEST

/* A descriptor that listens on the loopback; its port. */
static int
listening(int *port)
{
	int fd;

	*port = con_net_dead_port(&fd);
	ck_assert_int_eq(listen(fd, 5), 0);
	return fd;
}

START_TEST(a_descriptor_that_listens_takes_the_place_of_listen)
{
	nng_stream_listener *l;
	struct con_op o;
	nng_stream *s;
	int port;
	int told;
	int fd = listening(&port);
	int peer;

	con_op_init(&o, NULL, NULL);
	ck_assert_int_eq(nng_stream_listener_alloc(&l, "tcp://"), NNG_OK);
	ck_assert_int_eq(
	    nng_stream_listener_set_int(l, NNG_OPT_LISTEN_FD, fd), NNG_OK);
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(nng_stream_listener_listen(l), NNG_ESTATE);
	ck_assert_int_eq(
	    nng_stream_listener_get_int(l, NNG_OPT_BOUND_PORT, &told), NNG_OK);
	ck_assert_int_eq(told, port);
	peer = con_net_naked(port);
	ck_assert_int_eq(con_accept(&o, l, &s), NNG_OK);
	nng_stream_free(s);
	ck_assert_int_eq(close(peer), 0);
	nng_stream_listener_free(l);
	/* It belonged to the listener. */
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	ck_assert_int_eq(errno, EBADF);
	con_op_fini(&o);
}
END_TEST

START_TEST(descriptors_that_do_not_listen_for_it_are_refused)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	nng_stream_listener *l;
	int fds[2];
	int port;
	int fd;

	ck_assert_int_eq(nng_stream_listener_alloc(&l, "tcp://"), NNG_OK);
	ck_assert_int_eq(
	    nng_stream_listener_set_int(l, NNG_OPT_LISTEN_FD, -1), NNG_EINVAL);
	ck_assert_int_eq(nng_stream_listener_set_int(l, NNG_OPT_LISTEN_FD, 987),
	    NNG_ECLOSED);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(
	    nng_stream_listener_set_int(l, NNG_OPT_LISTEN_FD, fds[0]),
	    NNG_EINVAL);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
	/* One of another family, listening or not: the kernel names it. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(
	    bind(fd, (struct sockaddr *)&sun, sizeof(sa_family_t)), 0);
	ck_assert_int_eq(nng_stream_listener_set_int(l, NNG_OPT_LISTEN_FD, fd),
	    NNG_EADDRINVAL);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(nng_stream_listener_set_int(l, NNG_OPT_LISTEN_FD, fd),
	    NNG_EADDRINVAL);
	/* It is still ours. */
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(nng_stream_listener_listen(l), NNG_OK);
	fd = listening(&port);
	ck_assert_int_eq(
	    nng_stream_listener_set_int(l, NNG_OPT_LISTEN_FD, fd), NNG_EBUSY);
	nng_stream_listener_close(l);
	ck_assert_int_eq(
	    nng_stream_listener_set_int(l, NNG_OPT_LISTEN_FD, fd), NNG_ECLOSED);
	ck_assert_int_eq(close(fd), 0);
	nng_stream_listener_free(l);
}
END_TEST

static const int modes[] = {0600, 0660, 0777, 0400, 0};

START_TEST(permissions_are_given_to_the_socket_file)
{
	struct stat st;
	nng_stream_listener *l;

	con_net_listen(&n, CON_IPC);
	nng_stream_listener_free(n.l);
	ck_assert_int_eq(nng_stream_listener_alloc(&l, n.url), NNG_OK);
	n.l = l;
	ck_assert_int_eq(
	    nng_stream_listener_set_int(l, NNG_OPT_IPC_PERMISSIONS, -1),
	    NNG_EINVAL);
	ck_assert_int_eq(
	    nng_stream_listener_set_int(l, NNG_OPT_IPC_PERMISSIONS, S_IFREG),
	    NNG_EINVAL);
	ck_assert_int_eq(
	    nng_stream_listener_set_int(l, NNG_OPT_IPC_PERMISSIONS, modes[_i]),
	    NNG_OK);
	ck_assert_int_eq(nng_stream_listener_listen(l), NNG_OK);
	ck_assert_int_eq(stat(n.url + 6, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, (mode_t)modes[_i]);
	ck_assert_int_eq(
	    nng_stream_listener_set_int(l, NNG_OPT_IPC_PERMISSIONS, 0600),
	    NNG_EBUSY);
	con_net_fini(&n);
}
END_TEST

START_TEST(permissions_of_abstract_names_are_accepted_without_effect)
{
	nng_stream_listener *l;

	ck_assert_int_eq(
	    nng_stream_listener_alloc(&l, "abstract://conform-perm"), NNG_OK);
	ck_assert_int_eq(
	    nng_stream_listener_set_int(l, NNG_OPT_IPC_PERMISSIONS, 0600),
	    NNG_OK);
	ck_assert_int_eq(nng_stream_listener_listen(l), NNG_OK);
	nng_stream_listener_free(l);
}
END_TEST

static const enum con_kind local[] = {
    CON_IPC, CON_UNIX, CON_ABSTRACT, CON_SOCKET};

START_TEST(the_peer_of_a_local_stream_is_known)
{
	nng_stream *side[2];

	con_net_init(&n, local[_i]);
	side[0] = n.near;
	side[1] = n.far;
	for (int i = 0; i < 2; i++) {
		int id;

		ck_assert_int_eq(
		    nng_stream_get_int(side[i], NNG_OPT_PEER_UID, &id), 0);
		ck_assert_int_eq(id, (int)geteuid());
		ck_assert_int_eq(
		    nng_stream_get_int(side[i], NNG_OPT_IPC_PEER_GID, &id), 0);
		ck_assert_int_eq(id, (int)getegid());
		ck_assert_int_eq(
		    nng_stream_get_int(side[i], NNG_OPT_PEER_PID, &id), 0);
		ck_assert_int_eq(id, (int)getpid());
	}
	con_net_fini(&n);
}
END_TEST

START_TEST(sixteen_descriptors_wait_and_are_closed_with_the_listener)
{
	int fds[18][2];

	con_net_listen(&n, CON_SOCKET);
	for (int i = 0; i < 18; i++) {
		ck_assert_int_eq(nng_socket_pair(fds[i]), NNG_OK);
		ck_assert_int_eq(nng_stream_listener_set_int(
				     n.l, NNG_OPT_SOCKET_FD, fds[i][0]),
		    i < 16 ? NNG_OK : NNG_ENOSPC);
	}
	ck_assert_int_eq(
	    nng_stream_listener_set_int(n.l, NNG_OPT_SOCKET_FD, -1),
	    NNG_EINVAL);
	nng_stream_listener_close(n.l);
	ck_assert_int_eq(
	    nng_stream_listener_set_int(n.l, NNG_OPT_SOCKET_FD, fds[16][0]),
	    NNG_ECLOSED);
	for (int i = 0; i < 18; i++) {
		char c;

		if (i < 16) {
			/* The other end sees it. */
			ck_assert_int_eq(read(fds[i][1], &c, 1), 0);
		} else {
			ck_assert_int_eq(close(fds[i][0]), 0);
		}
		ck_assert_int_eq(close(fds[i][1]), 0);
	}
	con_net_fini(&n);
}
END_TEST

START_TEST(each_descriptor_is_delivered_once)
{
	nng_stream *s[2];
	int fds[2][2];

	con_net_listen(&n, CON_SOCKET);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(nng_socket_pair(fds[i]), NNG_OK);
		ck_assert_int_eq(nng_stream_listener_set_int(
				     n.l, NNG_OPT_SOCKET_FD, fds[i][0]),
		    NNG_OK);
	}
	for (int i = 0; i < 2; i++) {
		char c;

		ck_assert_int_eq(con_accept(&n.a, n.l, &s[i]), NNG_OK);
		con_send_all(&n.a, s[i], &"ab"[i], 1);
		ck_assert_int_eq(read(fds[i][1], &c, 1), 1);
		ck_assert_int_eq(c, "ab"[i]);
	}
	nng_stream_listener_accept(n.l, n.b.aio);
	ck_assert(nng_aio_busy(n.b.aio));
	for (int i = 0; i < 2; i++) {
		nng_stream_free(s[i]);
		ck_assert_int_eq(close(fds[i][1]), 0);
	}
	con_net_fini(&n);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/effects");
	TCase *tc = con_case(suite, "effects");

	tcase_add_loop_test(tc,
	    nodelay_and_keepalive_hold_for_connections_made_afterwards, 0, 2);
	tcase_add_test(tc, the_local_address_is_that_of_outgoing_connections);
	tcase_add_test(tc, the_bound_port_is_known_after_listen);
	tcase_add_test(tc, a_descriptor_that_listens_takes_the_place_of_listen);
	tcase_add_test(tc, descriptors_that_do_not_listen_for_it_are_refused);
	tcase_add_loop_test(tc, permissions_are_given_to_the_socket_file, 0, 5);
	tcase_add_test(
	    tc, permissions_of_abstract_names_are_accepted_without_effect);
	tcase_add_loop_test(tc, the_peer_of_a_local_stream_is_known, 0, 4);
	tcase_add_test(
	    tc, sixteen_descriptors_wait_and_are_closed_with_the_listener);
	tcase_add_test(tc, each_descriptor_is_delivered_once);
	return run_suite(suite);
}
