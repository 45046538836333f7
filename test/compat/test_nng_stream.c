/*
 * test_nng_stream - streams, dialers and listeners under NNG's names.
 */
#include "compat/nrt.h"
#include "support/run.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Two ends of one connection. */
struct pair {
	nng_stream_listener *l;
	nng_stream_dialer *d;
	nng_stream *a; /* dialled */
	nng_stream *b; /* accepted */
	char dir[64];
	char url[128];
};

/* Wait for a handle that carries a stream in output 0. */
static nng_stream *
stream_of(nng_aio *aio)
{
	nng_aio_wait(aio);
	ck_assert_int_eq(nng_aio_result(aio), NNG_OK);
	ck_assert_ptr_nonnull(nng_aio_get_output(aio, 0));
	return nng_aio_get_output(aio, 0);
}

static void
pair_connect(struct pair *p)
{
	nng_aio *dial, *accept;

	ck_assert_int_eq(nng_aio_alloc(&dial, NULL, NULL), NNG_OK);
	ck_assert_int_eq(nng_aio_alloc(&accept, NULL, NULL), NNG_OK);
	nng_stream_listener_accept(p->l, accept);
	nng_stream_dialer_dial(p->d, dial);
	p->a = stream_of(dial);
	p->b = stream_of(accept);
	nng_aio_free(dial);
	nng_aio_free(accept);
}

static void
pair_init(struct pair *p, const char *scheme)
{
	memset(p, 0, sizeof(*p));
	if (strncmp(scheme, "tcp", 3) == 0) {
		int port = 0;

		(void)snprintf(
		    p->url, sizeof(p->url), "%s://127.0.0.1:0", scheme);
		ck_assert_int_eq(
		    nng_stream_listener_alloc(&p->l, p->url), NNG_OK);
		ck_assert_int_eq(nng_stream_listener_listen(p->l), NNG_OK);
		ck_assert_int_eq(nng_stream_listener_get_int(
				     p->l, NNG_OPT_BOUND_PORT, &port),
		    NNG_OK);
		(void)snprintf(
		    p->url, sizeof(p->url), "%s://127.0.0.1:%d", scheme, port);
	} else {
		(void)snprintf(p->dir, sizeof(p->dir), "/tmp/nngXXXXXX");
		ck_assert_ptr_nonnull(mkdtemp(p->dir));
		(void)snprintf(
		    p->url, sizeof(p->url), "%s://%s/s", scheme, p->dir);
		ck_assert_int_eq(
		    nng_stream_listener_alloc(&p->l, p->url), NNG_OK);
		ck_assert_int_eq(nng_stream_listener_listen(p->l), NNG_OK);
	}
	ck_assert_int_eq(nng_stream_dialer_alloc(&p->d, p->url), NNG_OK);
	pair_connect(p);
}

static void
pair_fini(struct pair *p)
{
	nng_stream_dialer_free(p->d);
	nng_stream_listener_free(p->l);
	nng_stream_free(p->a);
	nng_stream_free(p->b);
	if (p->dir[0] != '\0') {
		ck_assert_int_eq(rmdir(p->dir), 0); /* the socket is gone */
	}
}

static void
set_iov(struct nrt *n, void *buf, size_t len)
{
	nng_iov iov = {buf, len};

	ck_assert_int_eq(nng_aio_set_iov(n->aio, 1, &iov), NNG_OK);
}

/* Bytes from one end to the other. */
static void
carry(nng_stream *from, nng_stream *to)
{
	char text[] = "some bytes", buf[32] = "";
	struct nrt send, recv;

	nrt_init(&send, NULL, NULL);
	nrt_init(&recv, NULL, NULL);
	set_iov(&send, text, sizeof(text));
	set_iov(&recv, buf, sizeof(buf));
	nng_stream_send(from, send.aio);
	nrt_expect(&send, 1, NNG_OK);
	ck_assert_uint_eq(nng_aio_count(send.aio), sizeof(text));
	nng_stream_recv(to, recv.aio); /* does not wait for a full buffer */
	nrt_expect(&recv, 1, NNG_OK);
	ck_assert_uint_eq(nng_aio_count(recv.aio), sizeof(text));
	ck_assert_str_eq(buf, text);
	nrt_fini(&send);
	nrt_fini(&recv);
}

static const char *const schemes[] = {"tcp", "tcp4", "ipc", "unix", "abstract"};

START_TEST(every_scheme_carries_bytes_both_ways)
{
	struct pair p;

	pair_init(&p, schemes[_i]);
	carry(p.a, p.b);
	carry(p.b, p.a);
	ck_assert_ptr_nonnull(nng_stream_peer_addr(p.a));
	ck_assert_ptr_nonnull(nng_stream_self_addr(p.a));
	ck_assert_ptr_ne(nng_stream_peer_addr(p.a), nng_stream_self_addr(p.a));
	if (_i < 2) {
		ck_assert(nng_sockaddr_equal(
		    nng_stream_peer_addr(p.a), nng_stream_self_addr(p.b)));
		ck_assert(nng_sockaddr_equal(
		    nng_stream_self_addr(p.a), nng_stream_peer_addr(p.b)));
	}
	/* Accepted and dialled streams outlive what made them. */
	nng_stream_dialer_free(p.d);
	nng_stream_listener_free(p.l);
	p.d = NULL;
	p.l = NULL;
	carry(p.a, p.b);
	pair_fini(&p);
}
END_TEST

START_TEST(descriptors_of_a_socket_pair_are_accepted)
{
	nng_stream *s[2];
	nng_stream_listener *l;
	nng_aio *aio;
	int fds[2];

	ck_assert_int_eq(nng_stream_listener_alloc(&l, "socket://"), NNG_OK);
	ck_assert_int_eq(nng_stream_listener_listen(l), NNG_OK);
	ck_assert_int_eq(nng_socket_pair(fds), NNG_OK);
	ck_assert_int_eq(nng_aio_alloc(&aio, NULL, NULL), NNG_OK);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(
		    nng_stream_listener_set_int(l, NNG_OPT_SOCKET_FD, fds[i]),
		    NNG_OK);
		nng_stream_listener_accept(l, aio);
		s[i] = stream_of(aio);
	}
	carry(s[0], s[1]);
	carry(s[1], s[0]);
	ck_assert_int_eq(nng_stream_peer_addr(s[0])->s_family, NNG_AF_UNSPEC);
	nng_aio_free(aio);
	nng_stream_free(s[0]);
	nng_stream_free(s[1]);
	nng_stream_listener_free(l);
}
END_TEST

START_TEST(a_timeout_takes_one_receive_out_and_the_stream_goes_on)
{
	char buf[8];
	struct pair p;
	struct nrt n;

	pair_init(&p, "ipc");
	nrt_init(&n, NULL, NULL);
	set_iov(&n, buf, sizeof(buf));
	nng_aio_set_timeout(n.aio, 5);
	nng_stream_recv(p.a, n.aio);
	nrt_expect(&n, 1, NNG_ETIMEDOUT);
	nng_aio_set_timeout(n.aio, 0); /* a poll that finds nothing */
	nng_stream_recv(p.a, n.aio);
	nrt_expect(&n, 2, NNG_ETIMEDOUT);
	nng_aio_set_timeout(n.aio, NNG_DURATION_INFINITE);
	nng_stream_recv(p.a, n.aio);
	nng_aio_cancel(n.aio);
	nrt_expect(&n, 3, NNG_ECANCELED);
	carry(p.b, p.a);
	nrt_fini(&n);
	pair_fini(&p);
}
END_TEST

START_TEST(a_poll_takes_what_is_ready)
{
	static const nng_duration past[] = {0, -3};
	char byte = 'x';
	struct pair p;
	struct nrt n;
	unsigned calls = 0;

	pair_init(&p, "unix");
	nrt_init(&n, NULL, NULL);
	set_iov(&n, &byte, 1);
	for (unsigned i = 0; i < 2; i++) {
		nng_aio_set_timeout(n.aio, past[i]);
		nng_stream_send(p.a, n.aio);
		nrt_expect(&n, ++calls, NNG_OK);
		nng_stream_recv(p.b, n.aio);
		nrt_expect(&n, ++calls, NNG_OK);
		ck_assert_uint_eq(nng_aio_count(n.aio), 1);
	}
	nrt_fini(&n);
	pair_fini(&p);
}
END_TEST

START_TEST(nothing_to_move_is_OK_with_count_0)
{
	struct pair p;
	struct nrt n;

	pair_init(&p, "tcp");
	nrt_init(&n, NULL, NULL);
	nng_stream_send(p.a, n.aio);
	nrt_expect(&n, 1, NNG_OK);
	ck_assert_uint_eq(nng_aio_count(n.aio), 0);
	nng_stream_recv(p.a, n.aio);
	nrt_expect(&n, 2, NNG_OK);
	ck_assert_uint_eq(nng_aio_count(n.aio), 0);
	nrt_fini(&n);
	pair_fini(&p);
}
END_TEST

START_TEST(close_ends_what_is_pending_here_and_the_peer_sees_the_end)
{
	char buf[8], more[8];
	struct pair p;
	struct nrt n, peer;

	pair_init(&p, schemes[_i]);
	nrt_init(&n, NULL, NULL);
	nrt_init(&peer, NULL, NULL);
	set_iov(&n, buf, sizeof(buf));
	set_iov(&peer, more, sizeof(more));
	nng_stream_recv(p.a, n.aio);
	nng_stream_recv(p.b, peer.aio);
	nng_stream_close(p.a);
	nng_stream_close(p.a);
	nrt_expect(&n, 1, NNG_ECLOSED);
	nrt_expect(&peer, 1, NNG_ECONNSHUT);
	nng_stream_recv(p.b, peer.aio); /* every time */
	nrt_expect(&peer, 2, NNG_ECONNSHUT);
	nng_stream_recv(p.a, n.aio);
	nrt_expect(&n, 2, NNG_ECLOSED);
	nng_stream_send(p.a, n.aio);
	nrt_expect(&n, 3, NNG_ECLOSED);
	nng_stream_stop(p.a);
	nrt_fini(&n);
	nrt_fini(&peer);
	pair_fini(&p);
}
END_TEST

/* A pending receive, ended by stop or by free: its result is decided then. */
START_TEST(stop_and_free_end_what_is_pending)
{
	char buf[8];
	struct pair p;
	struct nrt n;

	pair_init(&p, "ipc");
	nrt_init(&n, NULL, NULL);
	set_iov(&n, buf, sizeof(buf));
	nng_stream_recv(p.a, n.aio);
	nng_stream_stop(p.a);
	nrt_expect(&n, 1, NNG_ECLOSED);
	nng_stream_recv(p.b, n.aio);
	nrt_expect(&n, 2, NNG_ECONNSHUT);
	nng_stream_listener_accept(p.l, n.aio);
	nng_stream_listener_stop(p.l);
	nrt_expect(&n, 3, NNG_ECLOSED);
	nng_stream_listener_accept(p.l, n.aio);
	nrt_expect(&n, 4, NNG_ECLOSED);
	nng_stream_dialer_stop(p.d);
	nng_stream_dialer_dial(p.d, n.aio);
	nrt_expect(&n, 5, NNG_ECLOSED);
	nrt_fini(&n);
	pair_fini(&p);
}
END_TEST

static void
free_stream(struct nrt *n)
{
	nng_stream_free(n->arg);
}

START_TEST(a_stream_may_be_freed_in_a_callback_of_its_own)
{
	char buf[8];
	struct pair p;
	struct nrt n;

	pair_init(&p, "tcp");
	nrt_init(&n, free_stream, p.a);
	set_iov(&n, buf, sizeof(buf));
	nng_stream_recv(p.a, n.aio);
	nng_stream_close(p.b);
	nrt_expect(&n, 1, NNG_ECONNSHUT);
	p.a = NULL;
	nrt_fini(&n);
	pair_fini(&p);
}
END_TEST

START_TEST(NULL_objects_are_ignored)
{
	nng_stream_free(NULL);
	nng_stream_close(NULL);
	nng_stream_stop(NULL);
	nng_stream_dialer_free(NULL);
	nng_stream_dialer_close(NULL);
	nng_stream_dialer_stop(NULL);
	nng_stream_listener_free(NULL);
	nng_stream_listener_close(NULL);
	nng_stream_listener_stop(NULL);
}
END_TEST

/* --- What cannot be ---------------------------------------------------- */

START_TEST(alloc_says_what_is_wrong_with_a_url)
{
	static const struct {
		const char *url;
		nng_err dialer;
		nng_err listener;
	} rows[] = {
	    {"nothing", NNG_EINVAL, NNG_EINVAL},
	    {"tcp://127.0.0.1:99999", NNG_EINVAL, NNG_EINVAL},
	    {"none://x", NNG_ENOTSUP, NNG_ENOTSUP},
	    {"http://127.0.0.1:80", NNG_ENOTSUP, NNG_ENOTSUP},
	    {"udp://127.0.0.1:80", NNG_ENOTSUP, NNG_ENOTSUP},
	    {"inproc://x", NNG_ENOTSUP, NNG_ENOTSUP},
	    {"socket://", NNG_ENOTSUP, NNG_OK},
	    {"tcp://127.0.0.1:0", NNG_EADDRINVAL, NNG_OK},
	    {"tcp://127.0.0.1", NNG_EADDRINVAL, NNG_OK},
	    {"tcp://:80", NNG_EADDRINVAL, NNG_OK},
	    {"tcp4://[::1]:80", NNG_EADDRINVAL, NNG_EADDRINVAL},
	    {"ipc://", NNG_EADDRINVAL, NNG_EADDRINVAL},
	    {"abstract://%zz", NNG_EADDRINVAL, NNG_EADDRINVAL},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		nng_stream_dialer *const no_d = (void *)&rows;
		nng_stream_listener *const no_l = (void *)&rows;
		nng_stream_dialer *d = no_d;
		nng_stream_listener *l = no_l;
		nng_err rv = nng_stream_dialer_alloc(&d, rows[i].url);

		ck_assert_msg(rv == rows[i].dialer, "%s: %d", rows[i].url, rv);
		ck_assert((d == no_d) == (rv != NNG_OK));
		rv = nng_stream_listener_alloc(&l, rows[i].url);
		ck_assert_msg(
		    rv == rows[i].listener, "%s: %d", rows[i].url, rv);
		ck_assert((l == no_l) == (rv != NNG_OK));
		if (rv == NNG_OK) {
			nng_stream_listener_free(l);
		}
	}
}
END_TEST

START_TEST(a_url_in_parts_is_not_kept)
{
	nng_stream_dialer *d;
	nng_stream_listener *l;
	nng_url *url;

	ck_assert_int_eq(nng_url_parse(&url, "tcp://127.0.0.1:9"), NNG_OK);
	ck_assert_int_eq(nng_stream_dialer_alloc_url(&d, url), NNG_OK);
	ck_assert_int_eq(nng_stream_listener_alloc_url(&l, url), NNG_OK);
	nng_url_free(url);
	nng_stream_dialer_free(d);
	nng_stream_listener_free(l);
}
END_TEST

START_TEST(nobody_listens_is_ECONNREFUSED)
{
	struct pair p;
	struct nrt n;

	pair_init(&p, schemes[_i]);
	nng_stream_listener_stop(p.l);
	nrt_init(&n, NULL, NULL);
	nng_stream_dialer_dial(p.d, n.aio);
	nrt_expect(&n, 1, NNG_ECONNREFUSED);
	nrt_fini(&n);
	pair_fini(&p);
}
END_TEST

START_TEST(listening_twice_and_accepting_before_are_ESTATE)
{
	nng_stream_listener *l;
	struct pair p;
	struct nrt n;

	nrt_init(&n, NULL, NULL);
	pair_init(&p, "tcp");
	ck_assert_int_eq(nng_stream_listener_listen(p.l), NNG_ESTATE);
	ck_assert_int_eq(nng_stream_listener_alloc(&l, p.url), NNG_OK);
	nng_stream_listener_accept(l, n.aio);
	nrt_expect(&n, 1, NNG_ESTATE);
	ck_assert_int_eq(nng_stream_listener_listen(l), NNG_EADDRINUSE);
	nng_stream_listener_close(l);
	ck_assert_int_eq(nng_stream_listener_listen(l), NNG_ECLOSED);
	nng_stream_listener_free(l);
	nrt_fini(&n);
	pair_fini(&p);
}
END_TEST

/* --- Options ----------------------------------------------------------- */

START_TEST(options_of_tcp_are_read_and_set)
{
	nng_sockaddr sa = {0};
	bool on = false;
	int i = 7;
	size_t size;
	nng_duration ms = 7;
	uint64_t u;
	const char *text;
	struct pair p;

	pair_init(&p, "tcp");
	ck_assert_int_eq(
	    nng_stream_get_bool(p.a, NNG_OPT_TCP_NODELAY, &on), NNG_OK);
	ck_assert(on);
	ck_assert_int_eq(
	    nng_stream_dialer_set_bool(p.d, NNG_OPT_TCP_KEEPALIVE, true),
	    NNG_OK);
	on = false;
	ck_assert_int_eq(
	    nng_stream_dialer_get_bool(p.d, NNG_OPT_TCP_KEEPALIVE, &on),
	    NNG_OK);
	ck_assert(on);
	ck_assert_int_eq(
	    nng_stream_listener_set_bool(p.l, NNG_OPT_TCP_NODELAY, false),
	    NNG_OK);
	ck_assert_int_eq(
	    nng_stream_listener_get_bool(p.l, NNG_OPT_TCP_NODELAY, &on),
	    NNG_OK);
	ck_assert(!on);
	/* Another type, another object, another direction. */
	ck_assert_int_eq(
	    nng_stream_get_int(p.a, NNG_OPT_TCP_NODELAY, &i), NNG_EBADTYPE);
	ck_assert_int_eq(
	    nng_stream_get_ms(p.a, NNG_OPT_TCP_NODELAY, &ms), NNG_EBADTYPE);
	ck_assert_int_eq(
	    nng_stream_get_size(p.a, NNG_OPT_TCP_NODELAY, &size), NNG_EBADTYPE);
	ck_assert_int_eq(
	    nng_stream_get_uint64(p.a, NNG_OPT_TCP_NODELAY, &u), NNG_EBADTYPE);
	ck_assert_int_eq(nng_stream_get_string(p.a, NNG_OPT_TCP_NODELAY, &text),
	    NNG_EBADTYPE);
	ck_assert_int_eq(nng_stream_dialer_set_ms(p.d, NNG_OPT_TCP_NODELAY, 1),
	    NNG_EBADTYPE);
	ck_assert_int_eq(
	    nng_stream_dialer_set_size(p.d, NNG_OPT_TCP_NODELAY, 1),
	    NNG_EBADTYPE);
	ck_assert_int_eq(
	    nng_stream_dialer_set_uint64(p.d, NNG_OPT_TCP_NODELAY, 1),
	    NNG_EBADTYPE);
	ck_assert_int_eq(
	    nng_stream_dialer_set_string(p.d, NNG_OPT_TCP_NODELAY, "1"),
	    NNG_EBADTYPE);
	ck_assert_int_eq(
	    nng_stream_dialer_get_ms(p.d, NNG_OPT_RECVTIMEO, &ms), NNG_ENOTSUP);
	ck_assert_int_eq(
	    nng_stream_get_int(p.a, NNG_OPT_PEER_UID, &i), NNG_ENOTSUP);
	ck_assert_int_eq(
	    nng_stream_listener_set_int(p.l, NNG_OPT_BOUND_PORT, 1),
	    NNG_EREADONLY);
	ck_assert_int_eq(
	    nng_stream_listener_get_int(p.l, NNG_OPT_LISTEN_FD, &i),
	    NNG_EWRITEONLY);
	ck_assert_int_eq(
	    nng_stream_listener_set_addr(p.l, NNG_OPT_LOCADDR, &sa),
	    NNG_ENOTSUP);
	/* A local address: of IP, and without a port. */
	sa.s_in.sa_family = NNG_AF_INET;
	sa.s_in.sa_port = 1;
	ck_assert_int_eq(nng_stream_dialer_set_addr(p.d, NNG_OPT_LOCADDR, &sa),
	    NNG_EADDRINVAL);
	sa.s_in.sa_port = 0;
	ck_assert_int_eq(
	    nng_stream_dialer_set_addr(p.d, NNG_OPT_LOCADDR, &sa), NNG_OK);
	ck_assert_int_eq(i, 7);
	ck_assert_int_eq(ms, 7);
	pair_fini(&p);
}
END_TEST

START_TEST(options_of_ipc_tell_the_peer_and_set_the_mode)
{
	struct stat st;
	struct pair p;
	int id = -1;
	nng_stream_listener *l;
	char path[80], url[96];

	pair_init(&p, "ipc");
	ck_assert_int_eq(
	    nng_stream_get_int(p.b, NNG_OPT_PEER_PID, &id), NNG_OK);
	ck_assert_int_eq(id, getpid());
	ck_assert_int_eq(
	    nng_stream_get_int(p.b, NNG_OPT_IPC_PEER_UID, &id), NNG_OK);
	ck_assert_int_eq(id, (int)geteuid());
	ck_assert_int_eq(
	    nng_stream_get_int(p.b, NNG_OPT_PEER_GID, &id), NNG_OK);
	ck_assert_int_eq(id, (int)getegid());
	ck_assert_int_eq(
	    nng_stream_get_int(p.b, NNG_OPT_PEER_ZONEID, &id), NNG_ENOTSUP);
	ck_assert_int_eq(
	    nng_stream_listener_set_int(p.l, NNG_OPT_IPC_PERMISSIONS, 0600),
	    NNG_EBUSY);
	(void)snprintf(path, sizeof(path), "%s/t", p.dir);
	(void)snprintf(url, sizeof(url), "unix://%s", path);
	ck_assert_int_eq(nng_stream_listener_alloc(&l, url), NNG_OK);
	ck_assert_int_eq(
	    nng_stream_listener_set_int(l, NNG_OPT_IPC_PERMISSIONS, 0100600),
	    NNG_EINVAL);
	ck_assert_int_eq(
	    nng_stream_listener_set_int(l, NNG_OPT_IPC_PERMISSIONS, 0640),
	    NNG_OK);
	ck_assert_int_eq(nng_stream_listener_listen(l), NNG_OK);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	nng_stream_listener_free(l);
	pair_fini(&p);
}
END_TEST

START_TEST(there_is_no_TLS_and_no_security_descriptor)
{
	struct pair p;

	pair_init(&p, "tcp");
	ck_assert_int_eq(nng_stream_peer_cert(p.a, NULL), NNG_ENOTSUP);
	ck_assert_int_eq(nng_stream_dialer_get_tls(p.d, NULL), NNG_ENOTSUP);
	ck_assert_int_eq(nng_stream_dialer_set_tls(p.d, NULL), NNG_ENOTSUP);
	ck_assert_int_eq(nng_stream_listener_get_tls(p.l, NULL), NNG_ENOTSUP);
	ck_assert_int_eq(nng_stream_listener_set_tls(p.l, NULL), NNG_ENOTSUP);
	ck_assert_int_eq(nng_stream_listener_set_security_descriptor(p.l, NULL),
	    NNG_ENOTSUP);
	pair_fini(&p);
}
END_TEST

static Suite *
stream_suite(void)
{
	Suite *s = suite_create("nng_stream");
	TCase *tc = tcase_create("io");

	tcase_add_checked_fixture(tc, nrt_setup, nrt_teardown);
	tcase_add_loop_test(tc, every_scheme_carries_bytes_both_ways, 0, 5);
	tcase_add_test(tc, descriptors_of_a_socket_pair_are_accepted);
	tcase_add_test(
	    tc, a_timeout_takes_one_receive_out_and_the_stream_goes_on);
	tcase_add_test(tc, a_poll_takes_what_is_ready);
	tcase_add_test(tc, nothing_to_move_is_OK_with_count_0);
	tcase_add_loop_test(tc,
	    close_ends_what_is_pending_here_and_the_peer_sees_the_end, 0, 5);
	tcase_add_test(tc, stop_and_free_end_what_is_pending);
	tcase_add_test(tc, a_stream_may_be_freed_in_a_callback_of_its_own);
	tcase_add_test(tc, NULL_objects_are_ignored);
	suite_add_tcase(s, tc);

	tc = tcase_create("refused");
	tcase_add_checked_fixture(tc, nrt_setup, nrt_teardown);
	tcase_add_test(tc, alloc_says_what_is_wrong_with_a_url);
	tcase_add_test(tc, a_url_in_parts_is_not_kept);
	tcase_add_loop_test(tc, nobody_listens_is_ECONNREFUSED, 0, 5);
	tcase_add_test(tc, listening_twice_and_accepting_before_are_ESTATE);
	suite_add_tcase(s, tc);

	tc = tcase_create("options");
	tcase_add_checked_fixture(tc, nrt_setup, nrt_teardown);
	tcase_add_test(tc, options_of_tcp_are_read_and_set);
	tcase_add_test(tc, options_of_ipc_tell_the_peer_and_set_the_mode);
	tcase_add_test(tc, there_is_no_TLS_and_no_security_descriptor);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(stream_suite());
}
