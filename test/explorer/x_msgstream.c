/*
 * x_msgstream - messages over streams: whole, in order, whose they are.
 *
 * Purpose    C1, K2, R6 for lib/msgstream: a message arrives whole and once, or
 *            not at all; its owner is told by the result; an operation that
 *            ends in the middle of a message leaves the frames in step.
 * Rules      message n has sizes[n] bytes, that count up from 16 * n.  The peer
 *            is a number of the fake network, that speaks the mapping by hand.
 */
#include "x_net_rig.h"

#include "base/sys.h"

#include <weir/msg.h>
#include <weir/msgstream.h>

#include <string.h>

#define MSGS 4
#define BYTES_MAX 128

static struct nop op[5];
static weir_msgstream *ms;
static int peer;
static bool ipc;
static unsigned sizes[MSGS];
static unsigned arrived[MSGS]; /* times, at the program */
static unsigned next;          /* the number that may come */

/* The peer's side. */
static uint8_t out[BYTES_MAX], in[BYTES_MAX];
static size_t nout, nin;
static bool out_ends;

/* ---- the wire ---------------------------------------------------------- */

static const uint8_t hello[8] = {0, 'S', 'P', 0, 0, 16, 0, 0};

static void
add(const void *bytes, size_t len)
{
	X_ASSERT(nout + len <= sizeof(out));
	memcpy(out + nout, bytes, len);
	nout += len;
}

static void
add_frame(unsigned n)
{
	uint8_t head[9] = {1};
	uint8_t body[16];

	head[8] = (uint8_t)sizes[n];
	add(head + !ipc, 8u + ipc);
	for (unsigned i = 0; i < sizes[n]; i++) {
		body[i] = (uint8_t)(16 * n + i);
	}
	add(body, sizes[n]);
}

static void
peer_put(void *arg)
{
	size_t n;

	(void)arg;
	(void)fake_put(peer, out, nout, &n);
	if (out_ends) {
		(void)wri_sys_shutdown(peer, SHUT_WR);
	}
}

static void
peer_get(void *arg)
{
	size_t n;

	(void)arg;
	while ((n = fake_get(peer, in + nin, 1 + x_rand(12))) > 0) {
		nin += n;
		X_ASSERT(nin < sizeof(in) - 12);
	}
}

/* Does the message stand at this place of a row of bytes? */
static bool
is_msg(const uint8_t *body, size_t len, unsigned n)
{
	for (size_t i = 0; i < len; i++) {
		if (body[i] != 16 * n + i) {
			return false;
		}
	}
	return len == sizes[n];
}

/* R6: what the peer has got is our greeting and whole messages, in order; the
 * last may be cut if the connection was ended.  A bit for each whole one. */
static unsigned
wire_check(bool cut)
{
	size_t head = 8u + ipc;
	size_t at = 8;
	unsigned last = 0, seen = 0;

	if (nin < at) {
		X_ASSERT(cut && memcmp(in, hello, nin) == 0);
		return 0;
	}
	X_ASSERT(memcmp(in, hello, at) == 0);
	while (at < nin) {
		size_t len, left = nin - at;
		unsigned n = last;

		if (left < head || left < head + in[at + head - 1]) {
			X_ASSERT(cut);
			break;
		}
		X_ASSERT(!ipc || in[at] == 1);
		len = in[at + head - 1];
		while (n < MSGS && !is_msg(in + at + head, len, n)) {
			n++;
		}
		X_ASSERT(n < MSGS);
		seen |= 1u << n;
		last = n + 1;
		at += head + len;
	}
	return seen;
}

/* ---- operations -------------------------------------------------------- */

static void
go_recv_msg(struct nop *o)
{
	weir_msgstream_recv(o->obj, o->aio);
}

static void
go_send_msg(struct nop *o)
{
	weir_msgstream_send(o->obj, o->aio);
}

static void
go_ready(struct nop *o)
{
	weir_msgstream_ready(o->obj, o->aio);
}

static void
received(struct nop *o)
{
	weir_msg *msg = weir_aio_get_msg(o->aio);
	unsigned n;

	X_ASSERT((msg != NULL) == (o->result == WEIR_OK));
	if (msg == NULL) {
		return;
	}
	X_ASSERT(o->count == weir_msg_len(msg));
	for (n = 0; n < MSGS; n++) {
		if (arrived[n] == 0 &&
		    is_msg(weir_msg_data(msg), weir_msg_len(msg), n)) {
			break;
		}
	}
	X_ASSERT(n < MSGS);
	arrived[n]++;
	if (o->number != 0) { /* the only one that receives */
		X_ASSERT(n >= next);
		next = n + 1;
	}
	weir_msg_free(msg);
	(void)weir_aio_set_msg(o->aio, NULL);
}

static void
sent(struct nop *o)
{
	weir_msg *msg = weir_aio_get_msg(o->aio);

	/* Ours again, or gone. */
	X_ASSERT((msg == NULL) == (o->result == WEIR_OK));
	X_ASSERT(o->result != WEIR_OK || o->count == sizes[o->number]);
	if (msg != NULL) {
		X_ASSERT(
		    is_msg(weir_msg_data(msg), weir_msg_len(msg), o->number));
	}
	weir_msg_free(msg);
	(void)weir_aio_set_msg(o->aio, NULL);
}

static void
init_recv(struct nop *o, bool alone)
{
	nop_init(o, go_recv_msg, ms);
	o->then = received;
	o->number = alone;
}

static void
init_send(struct nop *o, unsigned n)
{
	weir_msg *msg;

	nop_init(o, go_send_msg, ms);
	o->then = sent;
	o->number = n;
	X_ASSERT(weir_msg_alloc(&msg, sizes[n]) == WEIR_OK);
	for (unsigned i = 0; i < sizes[n]; i++) {
		((uint8_t *)weir_msg_body(msg))[i] = (uint8_t)(16 * n + i);
	}
	X_ASSERT(weir_aio_set_msg(o->aio, msg) == WEIR_OK);
}

static void
open_ms(weir_duration limit)
{
	weir_msgstream_params params = {
	    .size = sizeof(params),
	    .mapping = ipc ? WEIR_MAPPING_IPC : WEIR_MAPPING_TCP,
	    .handshake_timeout = limit,
	};
	weir_stream *s = net_stream(net_family(), &peer);

	X_ASSERT(weir_msgstream_open(&ms, s, &params) == WEIR_OK);
}

static void
up(void)
{
	net_up(2, 2);
	ipc = x_rand(2) == 0;
	nout = nin = 0;
	out_ends = false;
	next = 0;
	memset(arrived, 0, sizeof(arrived));
	for (unsigned i = 0; i < MSGS; i++) {
		sizes[i] = 1 + x_rand(10);
	}
	add(hello, sizeof(hello));
}

static void
down(void)
{
	weir_msgstream_free(ms);
	(void)wri_sys_close(peer);
	net_down();
}

static void
go_n(void *arg)
{
	unsigned n = *(const unsigned *)arg;

	for (unsigned i = 0; i < n; i++) {
		nop_go(&op[i]);
	}
}

static unsigned three = 3;

/* ---- all goes well ----------------------------------------------------- */

/* Both greetings meet what waits already, in either order. */
static void
greet(void)
{
	int ids[3];

	up();
	open_ms(WEIR_INFINITE);
	add_frame(0);
	init_recv(&op[0], true);
	init_send(&op[1], 1);
	nop_init(&op[2], go_ready, ms);
	ids[0] = x_spawn("put", peer_put, NULL);
	ids[1] = x_spawn("get", peer_get, NULL);
	ids[2] = x_spawn("ops", go_n, &three);
	for (unsigned i = 0; i < 3; i++) {
		nop_await(&op[i], 1);
		X_ASSERT(op[i].result == WEIR_OK);
	}
	x_join(ids[0]);
	x_join(ids[2]);
	weir_msgstream_close(ms);
	x_join(ids[1]);
	X_ASSERT(wire_check(false) == 2);
	down();
}

/* One or two receivers, to the end. */
static void
receive(void)
{
	bool alone;
	int ids[3];

	up();
	alone = x_rand(2) == 0;
	open_ms(WEIR_INFINITE);
	for (unsigned i = 0; i < MSGS; i++) {
		add_frame(i);
	}
	out_ends = true;
	for (unsigned i = 0; i < 2u - alone; i++) {
		init_recv(&op[i], alone);
		op[i].forever = true;
	}
	ids[0] = x_spawn("put", peer_put, NULL);
	ids[1] = x_spawn("get", peer_get, NULL);
	nop_go(&op[0]);
	if (!alone) {
		ids[2] = x_spawn("op1", do_nop, &op[1]);
		x_join(ids[2]);
	}
	for (unsigned i = 0; i < 2u - alone; i++) {
		X_ASSERT(weir_aio_wait(op[i].aio) == WEIR_OK);
		X_ASSERT(op[i].result == WEIR_ECONNSHUT);
	}
	for (unsigned i = 0; i < MSGS; i++) {
		X_ASSERT(arrived[i] == 1);
	}
	x_join(ids[0]);
	weir_msgstream_close(ms);
	x_join(ids[1]);
	down();
}

/* Three that send, perhaps before the greetings. */
static void
send_msgs(void)
{
	int ids[3];

	up();
	open_ms(WEIR_INFINITE);
	for (unsigned i = 0; i < 3; i++) {
		init_send(&op[i], i);
	}
	ids[0] = x_spawn("put", peer_put, NULL);
	ids[1] = x_spawn("get", peer_get, NULL);
	if (x_rand(2) == 0) {
		nop_init(&op[3], go_ready, ms);
		nop_go(&op[3]);
		nop_await(&op[3], 1);
	}
	ids[2] = x_spawn("ops", go_n, &three);
	for (unsigned i = 0; i < 3; i++) {
		nop_await(&op[i], 1);
		X_ASSERT(op[i].result == WEIR_OK);
	}
	x_join(ids[0]);
	x_join(ids[2]);
	weir_msgstream_close(ms);
	x_join(ids[1]);
	X_ASSERT(wire_check(false) == 7);
	down();
}

/* ---- one operation ends ------------------------------------------------ */

static void
get_ready(void)
{
	nop_init(&op[3], go_ready, ms);
	nop_go(&op[3]);
	nop_await(&op[3], 1);
}

/* A receive ends, in the middle of a message perhaps: the next one gets it. */
static void
cut_recv(bool by_time)
{
	unsigned got = 0;
	int ids[3], n = 2;

	up();
	open_ms(WEIR_INFINITE);
	add_frame(0);
	add_frame(1);
	init_recv(&op[0], true);
	if (by_time) {
		X_ASSERT(weir_aio_set_timeout(
			     op[0].aio, x_rand(3) == 0 ? 0 : D) == WEIR_OK);
	}
	ids[0] = x_spawn("put", peer_put, NULL);
	ids[1] = x_spawn("get", peer_get, NULL);
	if (x_rand(2) == 0) {
		get_ready();
	}
	nop_go(&op[0]);
	if (!by_time) {
		ids[n++] = x_spawn("cancel", do_nop_cancel, &op[0]);
	}
	nop_await(&op[0], 1);
	got += op[0].result == WEIR_OK;
	X_REACH(got == 0 ? "cut" : "whole");
	init_recv(&op[1], true);
	while (got < 2) {
		nop_go(&op[1]);
		nop_await(&op[1], op[1].accepted);
		X_ASSERT(op[1].result == WEIR_OK); /* K2 */
		got++;
	}
	X_ASSERT(arrived[0] == 1 && arrived[1] == 1);
	x_join(ids[0]);
	if (!by_time) {
		x_join(ids[2]);
	}
	weir_msgstream_close(ms);
	x_join(ids[1]);
	down();
}

static void
cancel_recv(void)
{
	cut_recv(false);
}

static void
timeout_recv(void)
{
	cut_recv(true);
}

/* A send ends, half-way perhaps: the frames stay in step. */
static void
cut_send(bool by_time)
{
	unsigned victim, got, want = 7;
	int ids[3], n = 2;

	up();
	victim = x_rand(3);
	open_ms(WEIR_INFINITE);
	for (unsigned i = 0; i < 3; i++) {
		init_send(&op[i], i);
	}
	if (by_time) {
		X_ASSERT(weir_aio_set_timeout(op[victim].aio,
			     x_rand(3) == 0 ? 0 : D) == WEIR_OK);
	}
	ids[0] = x_spawn("put", peer_put, NULL);
	ids[1] = x_spawn("get", peer_get, NULL);
	if (x_rand(2) == 0) {
		get_ready();
	}
	nop_go(&op[0]);
	nop_go(&op[1]);
	if (!by_time) {
		ids[n++] = x_spawn("cancel", do_nop_cancel, &op[victim]);
	}
	nop_go(&op[2]);
	for (unsigned i = 0; i < 3; i++) {
		nop_await(&op[i], 1);
		X_ASSERT(op[i].result == WEIR_OK || i == victim); /* K2 */
		if (op[i].result != WEIR_OK) {
			want &= ~(1u << i);
		}
	}
	x_join(ids[0]);
	if (!by_time) {
		x_join(ids[2]);
	}
	/* It goes behind what follows in the background. */
	init_send(&op[4], 3);
	nop_go(&op[4]);
	nop_await(&op[4], 1);
	X_ASSERT(op[4].result == WEIR_OK);
	weir_msgstream_close(ms);
	x_join(ids[1]);
	got = wire_check(false);
	want |= 8;
	X_ASSERT((got & want) == want);
	if (want != 15) {
		X_REACH(got != want ? "sent-anyway" : "withdrawn");
	}
	down();
}

static void
cancel_send(void)
{
	cut_send(false);
}

static void
timeout_send(void)
{
	cut_send(true);
}

/* A send that ends before a byte of its frame was taken: it is not sent. */
static void
withdrawn(void)
{
	int ids[4];

	up();
	fake_mood.stalls = 0;
	fake_mood.cap = 17u + ipc - 1 + sizes[0]; /* all before it fits */
	open_ms(WEIR_INFINITE);
	for (unsigned i = 0; i < 3; i++) {
		init_send(&op[i], i);
	}
	ids[0] = x_spawn("put", peer_put, NULL);
	get_ready();
	nop_go(&op[0]);
	nop_await(&op[0], 1);
	X_ASSERT(op[0].result == WEIR_OK);
	ids[1] = x_spawn("op1", do_nop, &op[1]);
	ids[2] = x_spawn("cancel", do_nop_cancel, &op[1]);
	x_join(ids[1]);
	x_join(ids[2]);
	do_nop_cancel(&op[1]); /* if it came too early */
	nop_await(&op[1], 1);
	X_ASSERT(op[1].result == WEIR_ECANCELED);
	ids[3] = x_spawn("get", peer_get, NULL);
	nop_go(&op[2]);
	nop_await(&op[2], 1);
	X_ASSERT(op[2].result == WEIR_OK);
	x_join(ids[0]);
	weir_msgstream_close(ms);
	x_join(ids[3]);
	X_ASSERT(wire_check(false) == 5);
	down();
}

/* ---- all ends ---------------------------------------------------------- */

static void
end_some_way(void *arg)
{
	(void)arg;
	switch (x_rand(3)) {
	case 0:
		weir_msgstream_close(ms);
		break;
	case 1:
		X_ASSERT(weir_msgstream_stop(ms) == WEIR_OK);
		for (unsigned i = 0; i < 4; i++) { /* T1 */
			X_ASSERT(op_of(word_of(op[i].aio)) != OP_ACTIVE);
		}
		break;
	case 2:
		weir_msgstream_free(ms);
		ms = NULL;
		break;
	}
}

/* Two receives, two sends. */
static void
init_four(void)
{
	for (unsigned i = 0; i < 4; i++) {
		if (i % 2 == 0) {
			init_recv(&op[i], false);
		} else {
			init_send(&op[i], i);
		}
	}
}

/* Close, stop or free, at any stage. */
static void
closed(void)
{
	static const weir_err ends[] = {WEIR_ECLOSED, WEIR_OK};
	static unsigned four = 4;
	int ids[4];

	up();
	open_ms(WEIR_INFINITE);
	add_frame(0);
	add_frame(1);
	init_four();
	ids[0] = x_spawn("put", peer_put, NULL);
	ids[1] = x_spawn("get", peer_get, NULL);
	go_n(&four);
	ids[2] = x_spawn("end", end_some_way, NULL);
	for (unsigned i = 0; i < 4; i++) {
		nop_await(&op[i], 1);
		X_ASSERT(nop_is(&op[i], ends));
		X_REACH(op[i].result == WEIR_OK ? "moved" : "closed");
	}
	join_all(ids, 3);
	(void)wire_check(true);
	down();
}

static void
do_end(void *arg)
{
	if (x_rand(2) == 0) {
		weir_msgstream_close(arg);
	} else {
		X_ASSERT(weir_msgstream_stop(arg) == WEIR_OK);
		for (unsigned i = 0; i < 3; i++) { /* T1 */
			X_ASSERT(op_of(word_of(op[i].aio)) != OP_ACTIVE);
		}
	}
}

/* Operations that are submitted while it is closed, twice. */
static void
closed_submit(void)
{
	static const weir_err ends[] = {WEIR_ECLOSED, WEIR_OK};
	int ids[4];

	up();
	open_ms(WEIR_INFINITE);
	init_recv(&op[0], false);
	init_send(&op[1], 1);
	nop_init(&op[2], go_ready, ms);
	add_frame(0);
	ids[0] = x_spawn("put", peer_put, NULL);
	ids[1] = x_spawn("ops", go_n, &three);
	ids[2] = x_spawn("end", do_end, ms);
	ids[3] = x_spawn("end", do_end, ms);
	for (unsigned i = 0; i < 3; i++) {
		nop_await(&op[i], 1);
		X_ASSERT(nop_is(&op[i], ends));
	}
	join_all(ids, 4);
	down();
}

/* The peer ends in the middle of a message, or is none. */
static void
bad_peer(void)
{
	static const weir_err ends[] = {
	    WEIR_ECONNRESET, WEIR_ECLOSED, WEIR_ECONNSHUT, WEIR_OK};
	bool garbage;
	int ids[3];

	up();
	garbage = x_rand(3) == 0;
	open_ms(WEIR_INFINITE);
	add_frame(0);
	if (garbage) {
		out[x_rand(8)] ^= 1;
	} else {
		nout -= 1 + x_rand(sizes[0]);
	}
	out_ends = true;
	init_recv(&op[0], true);
	init_send(&op[1], 1);
	nop_init(&op[2], go_ready, ms);
	ids[0] = x_spawn("put", peer_put, NULL);
	ids[1] = x_spawn("get", peer_get, NULL);
	ids[2] = x_spawn("ops", go_n, &three);
	for (unsigned i = 0; i < 3; i++) {
		nop_await(&op[i], 1);
	}
	if (garbage) {
		for (unsigned i = 0; i < 3; i++) {
			X_ASSERT(op[i].result == WEIR_EPROTO);
		}
	} else {
		X_ASSERT(op[0].result == WEIR_ECONNRESET);
		X_ASSERT(nop_is(&op[1], ends) && nop_is(&op[2], ends));
	}
	x_join(ids[0]);
	x_join(ids[2]);
	weir_msgstream_close(ms);
	x_join(ids[1]);
	(void)wire_check(true);
	down();
}

/* A peer that says nothing, or too late. */
static void
silence(void)
{
	static const weir_err ends[] = {WEIR_ECONNABORTED, WEIR_OK};
	bool says;
	int id = -1;

	up();
	says = x_rand(2) == 0;
	open_ms(D);
	add_frame(0);
	init_recv(&op[0], true);
	nop_init(&op[1], go_ready, ms);
	if (says) {
		id = x_spawn("put", peer_put, NULL);
	}
	nop_go(&op[0]);
	nop_go(&op[1]);
	nop_await(&op[1], 1);
	X_ASSERT(nop_is(&op[1], ends));
	X_REACH(op[1].result == WEIR_OK ? "greeted" : "too-late");
	X_ASSERT(says || op[1].result != WEIR_OK);
	nop_await(&op[0], 1);
	X_ASSERT(op[0].result == op[1].result);
	weir_msgstream_close(ms);
	if (id >= 0) {
		x_join(id);
	}
	down();
}

/* The library ends. */
static void
library_ends(void)
{
	static unsigned four = 4;
	int ids[3];

	up();
	open_ms(WEIR_INFINITE);
	add_frame(0);
	add_frame(1);
	init_four();
	for (unsigned i = 0; i < 4; i++) {
		op[i].stopping = true;
	}
	ids[0] = x_spawn("put", peer_put, NULL);
	ids[1] = x_spawn("get", peer_get, NULL);
	ids[2] = x_spawn("ops", go_n, &four);
	if (x_rand(2) == 0) {
		x_join(ids[2]);
		ids[2] = -1;
	}
	net_fini();
	if (ids[2] >= 0) {
		x_join(ids[2]);
	}
	for (unsigned i = 0; i < 4; i++) {
		X_ASSERT(!weir_aio_busy(op[i].aio));
		X_REACH(op[i].result == WEIR_ESTOPPED ? "stopped" : "before");
		weir_msg_free(weir_aio_get_msg(op[i].aio)); /* refused */
	}
	weir_msgstream_free(ms);
	ms = NULL;
	x_join(ids[0]);
	x_join(ids[1]);
	(void)wire_check(true);
	down();
}

static void
took_frees(struct nop *o)
{
	weir_msgstream *m = ms;

	X_ASSERT(o->result == WEIR_ECLOSED);
	ms = NULL;
	weir_msgstream_free(m);
}

/* The callback of what close or stop ends frees the message stream. */
static void
close_frees(void)
{
	up();
	open_ms(WEIR_INFINITE);
	init_recv(&op[0], false);
	init_recv(&op[1], false);
	op[0].then = took_frees;
	nop_go(&op[0]);
	nop_go(&op[1]);
	do_end(ms);
	nop_await(&op[0], 1);
	nop_await(&op[1], 1);
	X_ASSERT(op[1].result == WEIR_ECLOSED);
	down();
}

const struct x_test x_tests[] = {
    {"greet", greet, "C1 Q1, operations wait for the greetings", X_NOTIME, 0,
	"", NULL},
    {"receive", receive, "R6 Q1, four messages to the end", X_NOTIME, 0, "",
	NULL},
    {"send", send_msgs, "R6 Q1, three sends", X_NOTIME, 0, "", NULL},
    {"cancel_recv", cancel_recv, "K2 R6, in the middle", X_NOTIME, 0,
	"cut whole", NULL},
    {"timeout_recv", timeout_recv, "K2 R6 D3, in the middle", 0, 0, "cut whole",
	NULL},
    {"cancel_send", cancel_send, "K2 R6, half-way", X_NOTIME, 0,
	"sent-anyway withdrawn", NULL},
    {"timeout_send", timeout_send, "K2 R6 D3, half-way", 0, 0,
	"sent-anyway withdrawn", NULL},
    {"withdrawn", withdrawn, "K2, no byte is out", X_NOTIME, 0, "", NULL},
    {"closed", closed, "C1 T1 T3, close, stop, free", X_NOTIME, 0,
	"moved closed", NULL},
    {"close_frees", close_frees, "R1, the callback frees it", X_NOTIME, 0, "",
	NULL},
    {"closed_submit", closed_submit, "C1 T3, submit meets two ends", X_NOTIME,
	0, "", NULL},
    {"bad_peer", bad_peer, "C1, a peer that breaks off", X_NOTIME, 0, "", NULL},
    {"silence", silence, "C1, a peer that says nothing", 0, 0,
	"greeted too-late", NULL},
    {"library_ends", library_ends, "T7, weir_fini", 0, 0, "stopped before",
	NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
