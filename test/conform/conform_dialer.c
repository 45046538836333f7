/*
 * conform_dialer - sections 14, 17, 18: dialers, the URLs that they take, and
 * how dials fail; traps 12, 13, 23.
 */
#include "conform/con_net.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct con_net n;
static struct con_op o;

static void
setup(void)
{
	con_setup();
	con_op_init(&o, NULL, NULL);
}

static void
teardown(void)
{
	con_op_fini(&o);
	con_teardown();
}

/* A path of so many bytes behind ipc://, absolute. */
static const char *
ipc_of(size_t len)
{
	static char url[400];

	strcpy(url, "ipc:///tmp/");
	memset(url + 11, 'p', sizeof(url) - 11);
	url[6 + len] = '\0';
	return url;
}

/* What a dialer for this URL says: at alloc, or at dial. */
static nng_err
dial_result(const char *url)
{
	nng_stream_dialer *d = (nng_stream_dialer *)&d;
	nng_stream *s;
	nng_err err = nng_stream_dialer_alloc(&d, url);

	if (err != NNG_OK) {
		ck_assert_ptr_eq(d, (nng_stream_dialer *)&d);
		return err;
	}
	err = con_dial(&o, d, &s);
	if (err == NNG_OK) {
		nng_stream_free(s);
	} else {
		ck_assert_ptr_null(nng_aio_get_output(o.aio, 0));
	}
	nng_stream_dialer_free(d);
	return err;
}

static const struct {
	const char *url;
	nng_err err;
} refused[] = {
    {"", NNG_EINVAL},
    {"tcp", NNG_EINVAL},
    {"tcp:/127.0.0.1:80", NNG_EINVAL},
    {"tcp://127.0.0.1:65536", NNG_EINVAL},
    {"tcp://127.0.0.1:", NNG_EINVAL},
    {"tcp://[::1:80", NNG_EINVAL},
    {"tcp://127.0.0.1:80/%zz", NNG_EINVAL},
    {"nope://x", NNG_ENOTSUP},
    {"udp://127.0.0.1:80", NNG_ENOTSUP},
    {"inproc://name", NNG_ENOTSUP},
    {"http://127.0.0.1/", NNG_ENOTSUP},
    {"socket://", NNG_ENOTSUP},
    {"tcp://127.0.0.1", NNG_EADDRINVAL},
    {"tcp://127.0.0.1:0", NNG_EADDRINVAL},
    {"tcp://:80", NNG_EADDRINVAL},
    {"tcp://", NNG_EADDRINVAL},
    {"ipc://", NNG_EADDRINVAL},
    {"unix://", NNG_EADDRINVAL},
    {"abstract://%zz", NNG_EADDRINVAL},
    {"abstract://%4", NNG_EADDRINVAL},
    {"abstract://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	NNG_EADDRINVAL},
};

#define N(a) ((int)(sizeof(a) / sizeof((a)[0])))

START_TEST(alloc_refuses_and_writes_nothing)
{
	nng_stream_dialer *d = (nng_stream_dialer *)&d;
	nng_err err = nng_stream_dialer_alloc(&d, refused[_i].url);

	ck_assert_msg(
	    err == refused[_i].err, "%s: %d", refused[_i].url, (int)err);
	ck_assert_ptr_eq(d, (nng_stream_dialer *)&d);
}
END_TEST

static const char *const fine[] = {"tcp://127.0.0.1:1", "tcp://[::1]:1",
    "tcp4://127.0.0.1:1", "tcp6://[::1]:1", "tcp://127.0.0.1:http",
    "tcp://127.0.0.1:1/path?q#f", "ipc:///no/where", "ipc://relative",
    "unix:///no/where", "abstract://nobody"};

START_TEST(alloc_connects_nothing)
{
	nng_stream_dialer *d;
	nng_url *url;

	ck_assert_int_eq(nng_stream_dialer_alloc(&d, fine[_i]), NNG_OK);
	nng_stream_dialer_free(d);
	/* And the same from a URL, which is not kept. */
	ck_assert_int_eq(nng_url_parse(&url, fine[_i]), NNG_OK);
	ck_assert_int_eq(nng_stream_dialer_alloc_url(&d, url), NNG_OK);
	nng_url_free(url);
	nng_stream_dialer_free(d);
}
END_TEST

START_TEST(a_url_that_was_parsed_is_dialed)
{
	nng_stream_dialer *d;
	nng_stream *s;
	nng_url *url;

	con_net_listen(&n, (enum con_kind)_i);
	ck_assert_int_eq(nng_url_parse(&url, n.url), NNG_OK);
	ck_assert_int_eq(nng_stream_dialer_alloc_url(&d, url), NNG_OK);
	nng_url_free(url);
	ck_assert_int_eq(con_dial(&o, d, &s), NNG_OK);
	nng_stream_free(s);
	nng_stream_dialer_free(d);
	con_net_fini(&n);
}
END_TEST

START_TEST(paths_of_107_bytes_work_and_longer_ones_are_invalid)
{
	nng_stream_dialer *d;

	ck_assert_int_eq(dial_result(ipc_of(107)), NNG_ECONNREFUSED);
	ck_assert_int_eq(nng_stream_dialer_alloc(&d, ipc_of(108)), NNG_OK);
	nng_stream_dialer_free(d);
	ck_assert_int_eq(dial_result(ipc_of(108)), NNG_EADDRINVAL);
	ck_assert_int_eq(dial_result(ipc_of(128)), NNG_EADDRINVAL);
	ck_assert_int_eq(
	    nng_stream_dialer_alloc(&d, ipc_of(129)), NNG_EADDRINVAL);
	ck_assert_int_eq(
	    nng_stream_dialer_alloc(&d, ipc_of(300)), NNG_EADDRINVAL);
}
END_TEST

START_TEST(nobody_listens_is_refused)
{
	char url[CON_URL_MAX];
	int holder;
	int port = con_net_dead_port(&holder);

	(void)snprintf(url, sizeof(url), "tcp://127.0.0.1:%d", port);
	ck_assert_int_eq(dial_result(url), NNG_ECONNREFUSED);
	ck_assert_int_eq(close(holder), 0);
	ck_assert_int_eq(dial_result("ipc:///no/such/path"), NNG_ECONNREFUSED);
	ck_assert_int_eq(
	    dial_result("abstract://conform-nobody"), NNG_ECONNREFUSED);
	/* No socket at all. */
	ck_assert_int_eq(dial_result("ipc:///etc/passwd"), NNG_ECONNREFUSED);
}
END_TEST

/* A socket file whose owner is gone. */
static void
make_stale(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	memcpy(sun.sun_path, path, strlen(path) + 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	ck_assert_int_eq(close(fd), 0);
}

START_TEST(a_stale_socket_file_is_refused)
{
	char dir[] = "/tmp/conform-XXXXXX";
	char url[CON_URL_MAX];

	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(url, sizeof(url), "ipc://%s/s", dir);
	make_stale(url + 6);
	ck_assert_int_eq(dial_result(url), NNG_ECONNREFUSED);
	ck_assert_int_eq(unlink(url + 6), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

START_TEST(no_permission_on_the_path_is_denied)
{
	uid_t euid = geteuid();

	con_net_listen(&n, CON_IPC);
	ck_assert_int_eq(chmod(n.dir, 0755), 0);
	ck_assert_int_eq(chmod(n.url + 6, 0), 0);
	/* Permissions are not for root. */
	ck_assert_int_eq(seteuid(euid == 0 ? 65534 : euid), 0);
	ck_assert_int_eq(dial_result(n.url), NNG_EPERM);
	ck_assert_int_eq(seteuid(euid), 0);
	con_net_fini(&n);
}
END_TEST

START_TEST(a_literal_of_the_other_family_is_invalid)
{
	ck_assert_int_eq(dial_result("tcp4://[::1]:80"), NNG_EADDRINVAL);
	ck_assert_int_eq(dial_result("tcp6://127.0.0.1:80"), NNG_EADDRINVAL);
}
END_TEST

START_TEST(an_empty_abstract_name_is_invalid_to_dial)
{
	nng_err err = dial_result("abstract://");

	ck_assert_msg(
	    err == NNG_EINVAL || err == NNG_EADDRINVAL, "%d", (int)err);
}
END_TEST

START_TEST(a_path_behind_the_port_is_ignored)
{
	char url[1024]; /* more than any of n */

	con_net_listen(&n, CON_TCP);
	(void)snprintf(url, sizeof(url), "%s/x/y", n.url);
	ck_assert_int_eq(dial_result(url), NNG_OK);
	(void)snprintf(url, sizeof(url), "TCP4%s?q", n.url + 3);
	ck_assert_int_eq(dial_result(url), NNG_OK);
	con_net_fini(&n);
}
END_TEST

START_TEST(many_dials_may_be_pending_at_once)
{
	struct con_op ops[20];
	nng_stream *far;

	con_net_listen(&n, (enum con_kind)_i);
	for (int i = 0; i < 20; i++) {
		con_op_init(&ops[i], NULL, NULL);
		nng_stream_dialer_dial(n.d, ops[i].aio);
	}
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(con_accept(&o, n.l, &far), NNG_OK);
		nng_stream_free(far);
	}
	for (int i = 0; i < 20; i++) {
		con_op_expect(&ops[i], 1, NNG_OK);
		nng_stream_free(nng_aio_get_output(ops[i].aio, 0));
		con_op_fini(&ops[i]);
	}
	con_net_fini(&n);
}
END_TEST

/*
 * A listening socket of the test, which keeps two connections waiting and no
 * more, and dials to it.
 */
#define DIALS 8

struct crowd {
	struct con_op ops[DIALS];
	nng_stream_dialer *d;
	int fd;
};

static void
crowd_init(struct crowd *c)
{
	char url[CON_URL_MAX];
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int len = snprintf(sun.sun_path + 1, sizeof(sun.sun_path) - 1,
	    "conform-crowd-%d", (int)getpid());

	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(c->fd, 0);
	ck_assert_int_eq(
	    bind(c->fd, (struct sockaddr *)&sun,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			    (size_t)len)),
	    0);
	ck_assert_int_eq(listen(c->fd, 1), 0);
	(void)snprintf(url, sizeof(url), "abstract://%s", sun.sun_path + 1);
	ck_assert_int_eq(nng_stream_dialer_alloc(&c->d, url), NNG_OK);
	for (int i = 0; i < DIALS; i++) {
		con_op_init(&c->ops[i], NULL, NULL);
		nng_stream_dialer_dial(c->d, c->ops[i].aio);
	}
}

/* All ended: with a connection, or in one of two ways. */
static void
crowd_fini(struct crowd *c, nng_err how, nng_err other)
{
	int ended = 0;

	for (int i = 0; i < DIALS; i++) {
		nng_err err = con_end(&c->ops[i]);

		if (err == NNG_OK) {
			nng_stream_free(nng_aio_get_output(c->ops[i].aio, 0));
		} else {
			ck_assert_msg(
			    err == how || err == other, "%d", (int)err);
			ended++;
		}
		ck_assert_uint_eq(latch_hits(&c->ops[i].ran), 1);
		con_op_fini(&c->ops[i]);
	}
	if (how != NNG_OK) {
		ck_assert_int_eq(ended, DIALS - 2);
	}
	nng_stream_dialer_free(c->d);
	ck_assert_int_eq(close(c->fd), 0);
}

START_TEST(a_dial_to_a_full_backlog_goes_on_when_there_is_room)
{
	struct crowd c;
	int fds[DIALS];

	crowd_init(&c);
	for (int i = 0; i < DIALS; i++) {
		fds[i] = accept4(c.fd, NULL, NULL, SOCK_CLOEXEC);
		ck_assert_int_ge(fds[i], 0);
	}
	crowd_fini(&c, NNG_OK, NNG_OK);
	for (int i = 0; i < DIALS; i++) {
		ck_assert_int_eq(close(fds[i]), 0);
	}
}
END_TEST

START_TEST(close_ends_dials_that_wait)
{
	struct crowd c;

	crowd_init(&c);
	nng_stream_dialer_close(c.d);
	crowd_fini(&c, NNG_ECLOSED, NNG_ECLOSED);
}
END_TEST

START_TEST(free_ends_dials_that_wait)
{
	struct crowd c;

	crowd_init(&c);
	nng_stream_dialer_free(c.d);
	c.d = NULL;
	crowd_fini(&c, NNG_ECLOSED, NNG_ESTOPPED);
}
END_TEST

START_TEST(a_dial_that_waits_is_cancelled_or_times_out)
{
	struct crowd c;

	crowd_init(&c);
	nng_aio_set_timeout(o.aio, 10);
	nng_stream_dialer_dial(c.d, o.aio);
	con_op_expect(&o, 1, NNG_ETIMEDOUT);
	nng_aio_set_timeout(o.aio, 0);
	nng_stream_dialer_dial(c.d, o.aio);
	con_op_expect(&o, 2, NNG_ETIMEDOUT);
	for (int i = 0; i < DIALS; i++) {
		nng_aio_cancel(c.ops[i].aio);
	}
	crowd_fini(&c, NNG_ECANCELED, NNG_ECANCELED);
}
END_TEST

START_TEST(a_closed_dialer_dials_no_more)
{
	nng_stream *s;

	con_net_listen(&n, (enum con_kind)_i);
	nng_stream_dialer_close(n.d);
	nng_stream_dialer_close(n.d);
	ck_assert_int_eq(con_dial(&o, n.d, &s), NNG_ECLOSED);
	nng_stream_dialer_stop(n.d);
	nng_stream_dialer_stop(n.d);
	ck_assert_int_eq(con_dial(&o, n.d, &s), NNG_ECLOSED);
	con_net_fini(&n);
}
END_TEST

START_TEST(a_stopped_handle_does_not_dial)
{
	nng_stream *s;

	con_net_listen(&n, (enum con_kind)_i);
	nng_aio_stop(o.aio);
	ck_assert_int_eq(con_dial(&o, n.d, &s), NNG_ESTOPPED);
	con_net_fini(&n);
}
END_TEST

#define ON_DIALERS(name) tcase_add_loop_test(tc, name, 0, CON_SOCKET)

int
main(void)
{
	Suite *suite = suite_create("conform/dialer");
	TCase *tc = con_case_bare(suite, "dialer");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, alloc_refuses_and_writes_nothing, 0, N(refused));
	tcase_add_loop_test(tc, alloc_connects_nothing, 0, N(fine));
	ON_DIALERS(a_url_that_was_parsed_is_dialed);
	tcase_add_test(tc, paths_of_107_bytes_work_and_longer_ones_are_invalid);
	tcase_add_test(tc, nobody_listens_is_refused);
	tcase_add_test(tc, a_stale_socket_file_is_refused);
	tcase_add_test(tc, no_permission_on_the_path_is_denied);
	tcase_add_test(tc, a_literal_of_the_other_family_is_invalid);
	tcase_add_test(tc, an_empty_abstract_name_is_invalid_to_dial);
	tcase_add_test(tc, a_path_behind_the_port_is_ignored);
	ON_DIALERS(many_dials_may_be_pending_at_once);
	tcase_add_test(tc, a_dial_to_a_full_backlog_goes_on_when_there_is_room);
	tcase_add_test(tc, close_ends_dials_that_wait);
	tcase_add_test(tc, free_ends_dials_that_wait);
	tcase_add_test(tc, a_dial_that_waits_is_cancelled_or_times_out);
	ON_DIALERS(a_closed_dialer_dials_no_more);
	ON_DIALERS(a_stopped_handle_does_not_dial);
	return run_suite(suite);
}
