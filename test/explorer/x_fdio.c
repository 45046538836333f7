/*
 * x_fdio - descriptors: operations meet events.
 *
 * Purpose    C1, C5, Q1, R6 at the gate of descriptors (lib/aio/fdio.c, fd.c)
 *            over the real lib/poller: no edge is lost, operations of a side
 *            are carried out in their order, the two sides do not hold each
 *            other up, and the end is heard, also behind a short read.
 * Rules      what the peer sends is taken.  A lost edge is a deadlock.
 */
#include "x_fdio_rig.h"

static struct line line;
static struct xop op[3];

static void
join(const int *ids, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		x_join(ids[i]);
	}
}

static void
submit_all(void *arg)
{
	unsigned n = *(const unsigned *)arg;

	for (unsigned i = 0; i < n; i++) {
		op[i].number = i + 1;
		fdio_submit(&op[i]);
	}
}

/* Any character that a step may have. */
static void
any_step(struct xop *o)
{
	o->plain = x_rand(2) == 0;
	o->shy = x_rand(3) == 0;
}

/* ---- one side ---------------------------------------------------------- */

/* A receive and what it waits for come at the same time. */
static void
meet(void)
{
	int id;

	fdio_up(1, 1);
	line_open(&line, 1);
	fdio_op(&op[0], &line, WEIR_DIR_READ, 2);
	any_step(&op[0]);
	id = x_spawn("submit", do_op, &op[0]);
	fake_peer_send(line.file, 1 + x_rand(3));
	x_join(id);
	fdio_await(&op[0], 1);
	X_ASSERT(op[0].result == WEIR_OK);
	if (op[0].steps == 1) {
		X_REACH("at-once");
	}
	fdio_down();
}

/* Two receivers come again and again: all that is sent arrives. */
static void
flow(void)
{
	int ids[2];

	fdio_up(2, 2);
	line_open(&line, 1);
	for (unsigned i = 0; i < 2; i++) {
		fdio_op(&op[i], &line, WEIR_DIR_READ, 2);
		op[i].forever = true;
		op[i].plain = x_rand(4) == 0;
		ids[i] = x_spawn("submit", do_op, &op[i]);
	}
	fake_peer_send(line.file, 1 + x_rand(3));
	x_point();
	fake_peer_send(line.file, 1 + x_rand(2));
	while (line.file->data > 0) {
		x_await(&line.any, x_count(&line.any) + 1);
	}
	join(ids, 2);
	fdio_down();
}

static void
send_five(void *arg)
{
	unsigned left = 5;

	while (left > 0) {
		unsigned n = 1 + x_rand(left);

		fake_peer_send(arg, n);
		left -= n;
	}
}

/* Three operations, what they want comes in parts. */
static void
in_order(void)
{
	static const unsigned three = 3;
	int ids[2];

	fdio_up(2, 2);
	line_open(&line, 1);
	for (unsigned i = 0; i < 3; i++) {
		fdio_op(&op[i], &line, WEIR_DIR_READ, i == 1 ? 1 : 2);
		any_step(&op[i]);
		op[i].all = true;
	}
	ids[0] = x_spawn("peer", send_five, line.file);
	ids[1] = x_spawn("submit", submit_all, (void *)(uintptr_t)&three);
	for (unsigned i = 0; i < 3; i++) {
		fdio_await(&op[i], 1);
		X_ASSERT(op[i].result == WEIR_OK);
	}
	join(ids, 2);
	fdio_down();
}

/* More steps than are made in a row: the side is left and found again. */
static void
turns(void)
{
	static const unsigned two = 2;
	int id;

	fdio_up(1, 1);
	line_open(&line, 1);
	for (unsigned i = 0; i < 2; i++) {
		fdio_op(&op[i], &line, WEIR_DIR_READ, i == 0 ? 6 : 1);
		op[i].all = true;
		op[i].piece = 1;
	}
	fake_peer_send(line.file, 1 + x_rand(5));
	id = x_spawn("submit", submit_all, (void *)(uintptr_t)&two);
	fake_peer_send(line.file, 7 - line.file->data - line.file->taken);
	fdio_await(&op[0], 1);
	fdio_await(&op[1], 1);
	X_ASSERT(op[0].result == WEIR_OK && op[1].result == WEIR_OK);
	x_join(id);
	if (fake_sys_agains() > 0) {
		X_REACH("left");
	}
	fdio_down();
}

/* ---- two sides --------------------------------------------------------- */

static void
echo_peer(void *arg)
{
	fake_peer_send(arg, 1);
	fake_peer_take(arg, 1);
	fake_peer_send(arg, 1);
	fake_peer_take(arg, 1);
}

/* A receive and a send, each waits for its own direction. */
static void
both_sides(void)
{
	int ids[3];

	fdio_up(2, 2);
	line_open(&line, 1);
	fdio_op(&op[0], &line, WEIR_DIR_READ, 2);
	fdio_op(&op[1], &line, WEIR_DIR_WRITE, 3);
	for (unsigned i = 0; i < 2; i++) {
		any_step(&op[i]);
		op[i].all = true;
		ids[i] = x_spawn("submit", do_op, &op[i]);
	}
	ids[2] = x_spawn("peer", echo_peer, line.file);
	fdio_await(&op[0], 1);
	fdio_await(&op[1], 1);
	X_ASSERT(op[0].result == WEIR_OK && op[1].result == WEIR_OK);
	join(ids, 3);
	fdio_down();
}

/* ---- the end ----------------------------------------------------------- */

static void
send_end(void *arg)
{
	if (x_rand(2) == 0) {
		x_await(&op[0].out, 1);
	}
	fake_peer_send(arg, 1 + x_rand(3));
	if (x_rand(2) == 0) {
		fake_peer_send(arg, 1);
	}
	fake_peer_end(arg);
}

/* All is read, then the end: it may lie behind the edge of the last bytes, and
 * all of it may have been there before the line was watched. */
static void
ending(void)
{
	int id;

	fdio_up(1, 1);
	line_socket(&line, 1);
	id = x_spawn("peer", send_end, line.file);
	line_watch(&line);
	fdio_op(&op[0], &line, WEIR_DIR_READ, 2);
	op[0].forever = true;
	fdio_submit(&op[0]);
	x_join(id);
	while (op[0].result != WEIR_ECONNSHUT) {
		x_await(&line.any, x_count(&line.any) + 1);
	}
	X_ASSERT(line.file->data == 0);
	fdio_down();
}

/* A reset ends what waits on both sides. */
static void
hang_up(void)
{
	int ids[2];

	fdio_up(2, 2);
	line_open(&line, 0);
	for (unsigned i = 0; i < 2; i++) {
		fdio_op(
		    &op[i], &line, i == 0 ? WEIR_DIR_READ : WEIR_DIR_WRITE, 2);
		any_step(&op[i]);
		ids[i] = x_spawn("submit", do_op, &op[i]);
	}
	if (x_rand(2) == 0) {
		fake_peer_take(line.file, 1);
	}
	fake_peer_reset(line.file);
	fdio_await(&op[0], 1);
	fdio_await(&op[1], 1);
	X_ASSERT(op[0].result == WEIR_ECONNRESET);
	join(ids, 2);
	fdio_down();
}

const struct x_test x_tests[] = {
    {"meet", meet, "C1 Q1, an event at any time", X_NOTIME, 0, "at-once waited",
	NULL},
    {"flow", flow, "Q1 R6, receives again and again", X_NOTIME, 0, "waited",
	NULL},
    {"in_order", in_order, "C1 Q1 R6, three on a side", X_NOTIME, 0, "waited",
	NULL},
    {"turns", turns, "Q1 R6, many steps", X_NOTIME, 0, "left waited", NULL},
    {"both_sides", both_sides, "Q1 R6, two directions", X_NOTIME, 0, "waited",
	NULL},
    {"ending", ending, "Q1 R6, the end behind a short read", X_NOTIME, 0,
	"waited", NULL},
    {"hang_up", hang_up, "C1 Q1, a reset", X_NOTIME, 0, "", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
