/*
 * msgcat - a message stream for shell scripts: what nngcat is for NNG.
 *
 *   msgcat pair|push|pull dial|listen URL STEP...
 *   msgcat pair listen tcp://127.0.0.1:0 only
 *
 * The second form ends when it has printed: the port was free a moment ago.
 *
 * A listener first prints where it listens; a dialer tries until somebody
 * listens.  Then one step after the other: send:TEXT, recv (prints the message
 * and a newline), ready, end (waits until the peer has closed).
 *
 * Result     0; 1: a step failed, its line says how; 2: wrong arguments.
 * Bounds     LIMIT for each step.
 */
#include <weir/weir.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT WEIR_SECONDS(20)
#define PAUSE WEIR_MS(10)

static weir_aio *aio;

static weir_err
wait_for_it(void)
{
	(void)weir_aio_wait(aio);
	return weir_aio_result(aio);
}

static weir_err
stream_dial(const char *url, weir_stream **sp)
{
	const weir_time until = weir_now() + LIMIT;
	weir_stream_dialer *d;
	weir_err err = weir_stream_dialer_alloc(&d, url);

	if (err != WEIR_OK) {
		return err;
	}
	do {
		weir_stream_dialer_dial(d, aio);
		err = wait_for_it();
		*sp = weir_aio_get_output(aio, 0);
		if (err == WEIR_ECONNREFUSED) {
			weir_sleep_aio(PAUSE, aio);
			(void)wait_for_it();
		}
	} while (err == WEIR_ECONNREFUSED && weir_now() < until);
	weir_stream_dialer_free(d);
	return err;
}

/* only: print, and accept nothing. */
static weir_err
stream_listen(const char *url, bool only, weir_stream **sp)
{
	weir_stream_listener *l;
	weir_err err = weir_stream_listener_alloc(&l, url);
	int port;

	if (err != WEIR_OK) {
		return err;
	}
	err = weir_stream_listener_listen(l);
	if (err == WEIR_OK) {
		if (weir_stream_listener_get_int(
			l, WEIR_OPT_BOUND_PORT, &port) == WEIR_OK) {
			(void)printf("tcp://127.0.0.1:%d\n", port);
		} else {
			(void)printf("%s\n", url);
		}
		(void)fflush(stdout);
		if (only) {
			weir_stream_listener_free(l);
			return WEIR_OK;
		}
		weir_stream_listener_accept(l, aio);
		err = wait_for_it();
		*sp = weir_aio_get_output(aio, 0);
	}
	weir_stream_listener_free(l);
	return err;
}

static weir_err
send_text(weir_msgstream *ms, const char *text)
{
	weir_msg *msg;
	weir_err err = weir_msg_alloc(&msg, 0);

	if (err == WEIR_OK) {
		err = weir_msg_append(msg, text, strlen(text));
	}
	if (err == WEIR_OK) {
		(void)weir_aio_set_msg(aio, msg);
		weir_msgstream_send(ms, aio);
		err = wait_for_it();
	}
	return err;
}

static weir_err
recv_text(weir_msgstream *ms)
{
	weir_err err;
	weir_msg *msg;

	weir_msgstream_recv(ms, aio);
	err = wait_for_it();
	if (err == WEIR_OK) {
		msg = weir_aio_get_msg(aio);
		(void)fwrite(weir_msg_data(msg), 1, weir_msg_len(msg), stdout);
		(void)printf("\n");
		weir_msg_free(msg);
	}
	return err;
}

static weir_err
step(weir_msgstream *ms, const char *what)
{
	weir_err err;

	if (strncmp(what, "send:", 5) == 0) {
		return send_text(ms, what + 5);
	}
	if (strcmp(what, "recv") == 0) {
		return recv_text(ms);
	}
	if (strcmp(what, "ready") == 0) {
		weir_msgstream_ready(ms, aio);
		return wait_for_it();
	}
	weir_msgstream_recv(ms, aio);
	err = wait_for_it();
	return err == WEIR_ECONNSHUT || err == WEIR_ECONNRESET ? WEIR_OK : err;
}

static uint16_t
protocol_of(const char *name)
{
	if (strcmp(name, "push") == 0) {
		return WEIR_PROTO_PUSH;
	}
	return strcmp(name, "pull") == 0 ? WEIR_PROTO_PULL : WEIR_PROTO_PAIR;
}

static int
run(char **args, int n)
{
	const weir_msgstream_params params = {
	    .size = sizeof(params), .protocol = protocol_of(args[0])};
	weir_stream *s = NULL;
	weir_msgstream *ms = NULL;
	const char *what = args[1];
	bool only = n == 4 && strcmp(args[3], "only") == 0;
	weir_err err = strcmp(args[1], "dial") == 0
			   ? stream_dial(args[2], &s)
			   : stream_listen(args[2], only, &s);

	if (err == WEIR_OK && only) {
		return 0;
	}
	if (err == WEIR_OK) {
		err = weir_msgstream_open(&ms, s, &params);
	}
	for (int i = 3; i < n && err == WEIR_OK; i++) {
		what = args[i];
		err = step(ms, what);
	}
	weir_msgstream_free(ms);
	if (err != WEIR_OK) {
		(void)printf("%s: %s\n", what, weir_strerror(err));
		return 1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	int rv = 2;

	if (argc >= 4 && weir_init(NULL) == WEIR_OK) {
		if (weir_aio_alloc(&aio, NULL, NULL) == WEIR_OK) {
			(void)weir_aio_set_timeout(aio, LIMIT);
			rv = run(argv + 1, argc - 1);
			weir_aio_free(aio);
		}
		(void)weir_fini();
	}
	return rv;
}
