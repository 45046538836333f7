/*
 * life - the whole life of a program: everything that weir does, once.
 *
 * Shape      handles without callbacks, waited for; a step that fails is
 *            counted, and what hangs on it is skipped or closed, as programs
 *            do it.
 */
#include "faults/life.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BYTES 4096 /* fits into every buffer of the system */

/* Did this step work?  Counted. */
static bool
life_step(struct life *l, const char *where, weir_err err)
{
	l->steps++;
	if (err == WEIR_OK) {
		return true;
	}
	if (l->refused++ == 0) {
		l->where = where;
		l->code = err;
	}
	return false;
}

/* The end of an operation. */
static weir_err
life_end(const char *where, weir_aio *aio)
{
	weir_err err =
	    weir_aio_wait_until(aio, weir_time_after(weir_now(), LIFE_LIMIT));

	ck_assert_msg(
	    err == WEIR_OK, "%s hangs: %s", where, weir_strerror(err));
	return weir_aio_result(aio);
}

/* --- Streams ----------------------------------------------------------- */

static void
set_bytes(weir_aio *aio, void *bytes)
{
	const weir_iov iov = {bytes, BYTES};

	(void)weir_aio_set_iov(aio, 1, &iov);
}

/* Bytes from one end to the other. */
static bool
life_bytes(struct life *l, weir_stream *from, weir_stream *to,
    weir_aio *out_aio, weir_aio *in_aio)
{
	static unsigned char out[BYTES], in[BYTES];
	weir_err err;

	for (unsigned i = 0; i < BYTES; i++) {
		out[i] = (unsigned char)(i * 7 + l->steps);
	}
	memset(in, 0, sizeof(in));
	set_bytes(out_aio, out);
	set_bytes(in_aio, in);
	weir_stream_recv_exactly(to, in_aio);
	weir_stream_send_all(from, out_aio);
	err = life_end("send_all", out_aio);
	if (!life_step(l, "send_all", err)) {
		weir_stream_close(from);
	}
	err = life_end("recv_exactly", in_aio);
	if (!life_step(l, "recv_exactly", err)) {
		return false;
	}
	ck_assert_int_eq(memcmp(in, out, sizeof(in)), 0);
	return true;
}

static void
life_echo(struct life *l, weir_stream *a, weir_stream *b, weir_aio *one,
    weir_aio *two)
{
	if (life_bytes(l, a, b, one, two)) {
		(void)life_bytes(l, b, a, two, one);
	}
	(void)life_step(l, "shutdown", weir_stream_shutdown(a));
	weir_stream_free(a);
	weir_stream_free(b);
}

static void
life_connect(struct life *l, weir_stream_dialer *d,
    weir_stream_listener *listener, weir_aio *one, weir_aio *two)
{
	weir_stream *a = NULL, *b = NULL;

	weir_stream_listener_accept(listener, two);
	weir_stream_dialer_dial(d, one);
	if (life_step(l, "dial", life_end("dial", one))) {
		a = weir_aio_get_output(one, 0);
	} else {
		(void)weir_aio_cancel(two);
	}
	if (life_step(l, "accept", life_end("accept", two))) {
		b = weir_aio_get_output(two, 0);
	}
	if (a != NULL && b != NULL) {
		life_echo(l, a, b, one, two);
	} else {
		weir_stream_free(a);
		weir_stream_free(b);
	}
}

static void
life_stream(struct life *l, const char *url, weir_aio *one, weir_aio *two)
{
	const weir_sockaddr here = {.s_in = {.sa_family = WEIR_AF_INET,
					.sa_addr = htonl(INADDR_LOOPBACK)}};
	weir_stream_listener *listener;
	weir_stream_dialer *d;
	char dial_url[64];
	int port = 0;

	if (!life_step(l, "listener_alloc",
		weir_stream_listener_alloc(&listener, url))) {
		return;
	}
	(void)snprintf(dial_url, sizeof(dial_url), "%s", url);
	if (life_step(l, "listen", weir_stream_listener_listen(listener))) {
		if (weir_stream_listener_get_int(
			listener, WEIR_OPT_BOUND_PORT, &port) == WEIR_OK) {
			(void)snprintf(dial_url, sizeof(dial_url),
			    "tcp://127.0.0.1:%d", port);
		}
		if (life_step(l, "dialer_alloc",
			weir_stream_dialer_alloc(&d, dial_url))) {
			if (port != 0) {
				(void)life_step(l, "local-address",
				    weir_stream_dialer_set_addr(
					d, WEIR_OPT_LOCAL_ADDR, &here));
			}
			life_connect(l, d, listener, one, two);
			weir_stream_dialer_free(d);
		}
	}
	weir_stream_listener_free(listener);
}

/* Two streams of descriptors that the program has. */
static bool
life_pair(struct life *l, weir_stream **a, weir_stream **b)
{
	int fds[2];

	*a = *b = NULL;
	if (!life_step(l, "socket_pair", weir_socket_pair(fds))) {
		return false;
	}
	if (!life_step(l, "from_fd", weir_stream_from_fd(a, fds[0]))) {
		(void)close(fds[0]);
		*a = NULL;
	}
	if (!life_step(l, "from_fd", weir_stream_from_fd(b, fds[1]))) {
		(void)close(fds[1]);
		*b = NULL;
	}
	if (*a != NULL && *b != NULL) {
		return true;
	}
	weir_stream_free(*a);
	weir_stream_free(*b);
	return false;
}

static void
life_streams(struct life *l, weir_aio *one, weir_aio *two)
{
	weir_stream *a, *b;
	char url[64];

	life_stream(l, "tcp://127.0.0.1:0", one, two);
	(void)snprintf(
	    url, sizeof(url), "abstract://weir-life-%d", (int)getpid());
	life_stream(l, url, one, two);
	(void)snprintf(url, sizeof(url), "unix://%s/weir-life-%d", P_tmpdir,
	    (int)getpid());
	life_stream(l, url, one, two);
	if (life_pair(l, &a, &b)) {
		life_echo(l, a, b, one, two);
	}
}

/* --- Messages ---------------------------------------------------------- */

static void
msg_drop(weir_aio *aio)
{
	weir_msg_free(weir_aio_get_msg(aio));
	(void)weir_aio_set_msg(aio, NULL);
}

static bool
msg_put(struct life *l, weir_aio *aio)
{
	weir_msg *msg;

	if (!life_step(l, "msg_alloc", weir_msg_alloc(&msg, 0))) {
		return false;
	}
	(void)weir_aio_set_msg(aio, msg);
	return life_step(l, "msg_append", weir_msg_append_u64(msg, 42));
}

/* What was received. */
static void
msg_check(weir_aio *aio)
{
	uint64_t got = 0;

	if (weir_aio_result(aio) == WEIR_OK) {
		ck_assert_int_eq(
		    weir_msg_trim_u64(weir_aio_get_msg(aio), &got), WEIR_OK);
		ck_assert_uint_eq(got, 42);
	}
}

static void
life_messages(struct life *l, weir_msgstream *a, weir_msgstream *b,
    weir_aio *one, weir_aio *two)
{
	weir_err err = WEIR_ENOMEM;

	weir_msgstream_recv(b, two);
	if (msg_put(l, one)) {
		weir_msgstream_send(a, one);
		err = life_end("msgstream_send", one);
	}
	if (!life_step(l, "msgstream_send", err)) {
		weir_msgstream_close(a);
	}
	err = life_end("msgstream_recv", two);
	(void)life_step(l, "msgstream_recv", err);
	msg_check(two);
	msg_drop(one);
	msg_drop(two);
}

static void
life_msgstream(struct life *l, weir_aio *one, weir_aio *two)
{
	weir_msgstream *ma, *mb;
	weir_stream *a, *b;

	if (!life_pair(l, &a, &b)) {
		return;
	}
	if (!life_step(
		l, "msgstream_open", weir_msgstream_open(&ma, a, NULL))) {
		weir_stream_free(a);
		weir_stream_free(b);
		return;
	}
	if (life_step(l, "msgstream_open", weir_msgstream_open(&mb, b, NULL))) {
		life_messages(l, ma, mb, one, two);
		(void)weir_msgstream_stop(mb);
		weir_msgstream_free(mb);
	} else {
		weir_stream_free(b);
	}
	(void)weir_msgstream_stop(ma);
	weir_msgstream_free(ma);
}

static void
life_chan(struct life *l, weir_aio *one, weir_aio *two)
{
	weir_chan *ch;

	if (!life_step(l, "chan_alloc", weir_chan_alloc(&ch, 0))) {
		return;
	}
	weir_chan_recv(ch, two);
	if (msg_put(l, one)) {
		weir_chan_send(ch, one);
		(void)life_step(l, "chan_send", life_end("chan_send", one));
	} else {
		weir_chan_close(ch);
	}
	(void)life_step(l, "chan_recv", life_end("chan_recv", two));
	msg_check(two);
	msg_drop(one);
	msg_drop(two);
	weir_chan_free(ch);
}

/* --- Datagrams, names -------------------------------------------------- */

static void
life_udp(struct life *l, weir_aio *one, weir_aio *two)
{
	weir_sockaddr at = {.s_in = {.sa_family = WEIR_AF_INET,
				.sa_addr = htonl(INADDR_LOOPBACK)}};
	weir_sockaddr to, from;
	static unsigned char out[BYTES], in[BYTES];
	weir_udp *a = NULL, *b = NULL;

	if (life_step(l, "udp_open", weir_udp_open(&a, &at)) &&
	    life_step(l, "udp_open", weir_udp_open(&b, &at)) &&
	    life_step(l, "udp_sockname", weir_udp_sockname(b, &to))) {
		memset(out, 7, sizeof(out));
		set_bytes(one, out);
		set_bytes(two, in);
		(void)weir_aio_set_input(one, 0, &to);
		(void)weir_aio_set_input(two, 0, &from);
		weir_udp_recv(b, two);
		weir_udp_send(a, one);
		if (!life_step(l, "udp_send", life_end("udp_send", one))) {
			(void)weir_aio_cancel(two);
		}
		if (life_step(l, "udp_recv", life_end("udp_recv", two))) {
			ck_assert_uint_eq(weir_aio_count(two), BYTES);
			ck_assert_int_eq(memcmp(in, out, sizeof(in)), 0);
		}
		(void)weir_aio_set_input(one, 0, NULL);
		(void)weir_aio_set_input(two, 0, NULL);
	}
	weir_udp_free(a);
	weir_udp_free(b);
}

static void
life_resolve(struct life *l, const char *service, weir_aio *one)
{
	const weir_resolve_params params = {
	    .size = sizeof(params), .host = "127.0.0.1", .service = service};

	weir_resolve(&params, one);
	if (life_end("resolve", one) == WEIR_OK) {
		weir_addrs_free(weir_aio_get_output(one, 0));
	} else if (strcmp(service, "80") == 0) {
		/* Other services are as the machine's tables have it. */
		(void)life_step(l, "resolve", weir_aio_result(one));
	}
}

/* --- Time, threads ----------------------------------------------------- */

static void
count_cb(void *arg)
{
	atomic_fetch_add((atomic_uint *)arg, 1);
}

static void
life_sleep(struct life *l)
{
	atomic_uint calls = 0;
	weir_interval *iv;
	weir_aio *aio;

	if (!life_step(
		l, "aio_alloc", weir_aio_alloc(&aio, count_cb, &calls))) {
		return;
	}
	weir_sleep_aio(WEIR_US(300), aio);
	(void)life_step(l, "sleep", life_end("sleep", aio));
	ck_assert_uint_eq(atomic_load(&calls), 1);
	if (life_step(
		l, "interval_alloc", weir_interval_alloc(&iv, WEIR_US(300)))) {
		weir_interval_next(iv, aio);
		(void)life_step(l, "interval", life_end("interval", aio));
		ck_assert_uint_eq(atomic_load(&calls), 2);
		weir_interval_free(iv);
	}
	weir_aio_free(aio);
}

static void
life_task(struct life *l, weir_exec *exec)
{
	atomic_uint calls = 0;
	weir_task *task;

	if (life_step(l, "task_alloc",
		weir_task_alloc(&task, count_cb, &calls, exec))) {
		if (life_step(l, "task_post", weir_task_post(task))) {
			ck_assert_int_eq(weir_task_wait(task), WEIR_OK);
			ck_assert_uint_eq(atomic_load(&calls), 1);
		}
		weir_task_free(task);
	}
}

static void
life_pool(struct life *l)
{
	const weir_pool_params params = {
	    .size = sizeof(params), .threads_min = 2};
	weir_strand *strand;
	weir_pool *pool;

	if (!life_step(l, "pool_alloc", weir_pool_alloc(&pool, &params))) {
		return;
	}
	life_task(l, weir_pool_exec(pool));
	if (life_step(l, "strand_alloc", weir_strand_alloc(&strand, pool))) {
		life_task(l, weir_strand_exec(strand));
		(void)life_step(l, "strand_free", weir_strand_free(strand));
	}
	(void)life_step(l, "pool_free", weir_pool_free(pool));
}

/* --- All --------------------------------------------------------------- */

void
life_live(struct life *l, const char *poller)
{
	const weir_params params = {.size = sizeof(params),
	    .num_task_threads = 2,
	    .num_resolver_threads = 1,
	    .poller = poller};
	weir_aio *one = NULL, *two = NULL;

	*l = (struct life){.poller = poller};
	weir_log_set(NULL, NULL, WEIR_LOG_NONE); /* it has much to say */
	if (!life_step(l, "init", weir_init(&params))) {
		return;
	}
	l->up = true;
	if (life_step(l, "aio_alloc", weir_aio_alloc(&one, NULL, NULL)) &&
	    life_step(l, "aio_alloc", weir_aio_alloc(&two, NULL, NULL))) {
		life_streams(l, one, two);
		life_msgstream(l, one, two);
		life_chan(l, one, two);
		life_udp(l, one, two);
		life_resolve(l, "80", one);
		life_resolve(l, "http", one);
	}
	life_sleep(l);
	life_task(l, NULL);
	life_pool(l);
	weir_aio_free(one);
	weir_aio_free(two);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
}

void
life_expect_good(const char *poller)
{
	struct life l;

	life_live(&l, poller);
	ck_assert_msg(l.refused == 0, "%s: %d (%s)", l.where, (int)l.code,
	    weir_strerror(l.code));
	ck_assert_uint_gt(l.steps, 50);
}
