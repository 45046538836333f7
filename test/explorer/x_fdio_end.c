/*
 * x_fdio_end - descriptors: what ends an operation, or the descriptor, while
 * events come.
 *
 * Purpose    C1, C2, D1, D3, K4, T5, R1 at the gate of descriptors: cancel,
 *            timeout, shut, drain, close, a second life of number and element,
 *            the end of the library.
 * Rules      whoever is late finds nothing: no step after drain, no memory
 *            after release, no operation that ends twice or not at all.
 */
#include "x_fdio_rig.h"

#include "aio/fdio_impl.h"
#include "base/sys.h"

static struct line line, next;
static struct xop op[4];

static void
join(const int *ids, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		x_join(ids[i]);
	}
}

/* n receives of one unit or two, behind each other. */
static void
receives(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		fdio_op(&op[i], &line, WEIR_DIR_READ, 1 + x_rand(2));
		op[i].number = i + 1;
	}
}

/* More steps than are made in a row. */
static void
greedy(struct xop *o)
{
	o->all = true;
	o->want = 5;
	o->piece = 1;
}

static void
submit_receives(void *arg)
{
	unsigned n = (unsigned)(uintptr_t)arg;

	for (unsigned i = 0; i < n; i++) {
		fdio_submit(&op[i]);
	}
}

/* ---- cancel, timeout --------------------------------------------------- */

/* K4: whenever it comes, but for a time before the submit. */
static void
cancel_surely(void *arg)
{
	struct xop *o = arg;

	o->cancelled = true;
	while (weir_aio_cancel(o->aio) == WEIR_CANCEL_IDLE && o->begun == 0) {
		x_await(&o->out, 1);
	}
}

/* K4: one of two is cancelled, first or behind; the other gets what comes. */
static void
cancel(void)
{
	unsigned which = x_rand(2);
	int ids[2];

	fdio_up(1, 1);
	line_open(&line, 1);
	receives(2);
	ids[0] = x_spawn("submit", submit_receives, (void *)2);
	ids[1] = x_spawn("cancel", cancel_surely, &op[which]);
	if (x_rand(2) == 0) {
		fake_peer_send(line.file, 1);
	}
	fdio_await(&op[which], 1);
	fake_peer_send(line.file, 2);
	fdio_await(&op[1 - which], 1);
	X_ASSERT(op[1 - which].result == WEIR_OK);
	if (op[which].result == WEIR_ECANCELED) {
		X_REACH(op[which].steps == 0 ? "behind" : "first");
	}
	join(ids, 2);
	fdio_down();
}

/* Both are cancelled, and submitted again while they take something. */
static void
cancel_flow(void)
{
	int ids[3];

	fdio_up(2, 2);
	line_open(&line, 1);
	receives(2);
	for (unsigned i = 0; i < 2; i++) {
		op[i].forever = true;
		op[i].number = 0;
		if (x_rand(2) == 0) {
			greedy(&op[i]);
		}
	}
	ids[0] = x_spawn("submit", submit_receives, (void *)2);
	ids[1] = x_spawn("cancel", cancel_surely, &op[0]);
	fake_peer_send(line.file, 1 + x_rand(6));
	ids[2] = x_spawn("cancel", cancel_surely, &op[1]);
	join(ids, 3);
	fdio_down();
}

static void
peer_two(void *arg)
{
	fake_peer_send(arg, 1);
	x_sleep_until(x_time() + WEIR_MS(1));
	fake_peer_send(arg, 1);
}

/* D1, C1: what is sent may come in time for one, both or none. */
static void
timeout(void)
{
	int ids[2];

	fdio_up(2, 2);
	line_open(&line, 1);
	receives(2);
	for (unsigned i = 0; i < 2; i++) {
		weir_duration t = x_rand(4) == 0 ? 0 : WEIR_MS(1);

		X_ASSERT(weir_aio_set_timeout(op[i].aio, t) == WEIR_OK);
	}
	ids[0] = x_spawn("submit", submit_receives, (void *)2);
	ids[1] = x_spawn("peer", peer_two, line.file);
	fdio_await(&op[0], 1);
	fdio_await(&op[1], 1);
	if (op[0].result == WEIR_ETIMEDOUT && op[1].result == WEIR_OK) {
		X_REACH("second-in-time");
	}
	join(ids, 2);
	fdio_down();
}

/* D3: a zero timeout takes what is there, though nobody has told of it yet. */
static void
poll_now(void)
{
	bool there = x_rand(3) > 0;

	fdio_up(1, 1);
	line_open(&line, 1);
	receives(2);
	fake_peer_send(line.file, 1);
	op[0].want = 2; /* a short read: the side is taken as drained */
	fdio_submit(&op[0]);
	fdio_await(&op[0], 1);
	X_ASSERT(weir_aio_set_timeout(op[1].aio, 0) == WEIR_OK);
	if (there) {
		fake_peer_send(line.file, 1);
	}
	fdio_submit(&op[1]);
	fdio_await(&op[1], 1);
	X_ASSERT(op[1].result == (there ? WEIR_OK : WEIR_ETIMEDOUT));
	fdio_down();
}

/* ---- shut, drain ------------------------------------------------------- */

static void
do_drain(void *arg)
{
	line_drain(arg);
}

/* A side is shut while operations come and events; the first code stays. */
static void
shut(void)
{
	int ids[3];

	fdio_up(2, 2);
	line_open(&line, 1);
	receives(3);
	fake_peer_send(line.file, x_rand(3));
	ids[0] = x_spawn("drain", do_drain, &line);
	ids[1] = x_spawn("submit", submit_receives, (void *)2);
	line_shut(&line, WEIR_ECONNABORTED);
	ids[2] = x_spawn("shut", do_line_shut, &line);
	fake_peer_send(line.file, 1);
	fdio_submit(&op[2]);
	fdio_await(&op[2], 1);
	X_ASSERT(op[2].result == WEIR_ECONNABORTED);
	for (unsigned i = 0; i < 2; i++) {
		fdio_await(&op[i], 1);
		X_ASSERT(op[i].result != WEIR_ECLOSED);
		if (op[i].result == WEIR_OK) {
			X_REACH("took");
		}
	}
	join(ids, 3);
	fdio_down();
}

/* One direction is shut, the other goes on. */
static void
shut_dir(void)
{
	int ids[2];

	fdio_up(2, 2);
	line_open(&line, 0);
	receives(1);
	fdio_op(&op[1], &line, WEIR_DIR_WRITE, 1);
	ids[0] = x_spawn("receive", do_op, &op[0]);
	ids[1] = x_spawn("send", do_op, &op[1]);
	line_shut_dir(&line, WEIR_DIR_READ, WEIR_ECLOSED);
	fdio_await(&op[0], 1);
	X_ASSERT(op[0].result == WEIR_ECLOSED);
	fake_peer_take(line.file, 1);
	fdio_await(&op[1], 1);
	X_ASSERT(op[1].result == WEIR_OK);
	join(ids, 2);
	fdio_down();
}

/* ---- close ------------------------------------------------------------- */

/* Close under events, a cancel, and operations on both sides. */
static void
close_busy(void)
{
	int ids[2];

	fdio_up(2, 2);
	line_open(&line, 0);
	receives(2);
	fdio_op(&op[2], &line, WEIR_DIR_WRITE, 1);
	if (x_rand(2) == 0) {
		greedy(&op[0]);
	}
	submit_receives((void *)3);
	ids[0] = x_spawn("close", do_line_close, &line);
	ids[1] = x_spawn("cancel", do_cancel, &op[x_rand(2)]);
	fake_peer_send(line.file, 1 + x_rand(5));
	fake_peer_take(line.file, 1);
	x_await(&line.released, 1);
	join(ids, 2);
	for (unsigned i = 0; i < 3; i++) {
		fdio_await(&op[i], 1);
	}
	fdio_down();
}

/*
 * An event of the old life is fetched while number and element begin another
 * one.
 */
static void
next_life(void)
{
	fdio_up(1, 1);
	line_open(&line, 1);
	receives(1);
	fdio_submit(&op[0]);
	fake_peer_send(line.file, 1);
	line_close(&line);
	line_open(&next, 1);
	if (next.fd == line.fd) {
		X_REACH("element");
	}
	if (line.file->number < 0) {
		X_REACH("number");
	}
	fdio_op(&op[1], &next, WEIR_DIR_READ, 2);
	fdio_submit(&op[1]);
	fake_peer_send(next.file, 1);
	fdio_await(&op[0], 1);
	fdio_await(&op[1], 1);
	X_ASSERT(op[1].result == WEIR_OK && op[1].done == 1);
	fdio_down();
}

static void
then_next(struct xop *o)
{
	line_close(o->line);
	line_open(&next, 1);
}

/* The callback of what a shut ends closes the descriptor, and opens another. */
static void
shut_frees(void)
{
	fdio_up(2, 2);
	line_open(&line, 0);
	receives(1);
	op[0].then = then_next;
	fdio_submit(&op[0]);
	line_shut(&line, WEIR_ECLOSED);
	fdio_await(&op[0], 1);
	if (next.fd == line.fd) {
		X_REACH("element");
	}
	fdio_op(&op[1], &next, WEIR_DIR_WRITE, 1);
	fdio_submit(&op[1]);
	fdio_await(&op[1], 1);
	X_ASSERT(op[1].result == WEIR_OK);
	fdio_down();
}

static void
then_close(struct xop *o)
{
	line_close(o->line);
	o->gone = true;
	weir_aio_free(o->aio);
}

/* A callback closes its descriptor and frees its handle; others wait there. */
static void
own_end(void)
{
	int id;

	fdio_up(2, 2);
	line_open(&line, 1);
	receives(2);
	op[0].then = then_close;
	submit_receives((void *)2);
	id = x_spawn("cancel", cancel_surely, &op[1]);
	fake_peer_send(line.file, 1 + x_rand(2));
	fdio_await(&op[0], 1);
	fdio_await(&op[1], 1);
	x_join(id);
	fdio_down();
}

static void
then_drain(struct xop *o)
{
	line_shut(o->line, WEIR_ECLOSED);
	line_drain(o->line);
	X_REACH("drained");
}

/* Drain from a callback, also where no other thread is. */
static void
own_drain(void)
{
	fdio_up(1, 1 + x_rand(2));
	line_open(&line, 1);
	receives(2);
	op[0].then = then_drain;
	submit_receives((void *)2);
	fake_peer_send(line.file, 1 + x_rand(2));
	fdio_await(&op[0], 1);
	fdio_await(&op[1], 1);
	fdio_down();
}

/* ---- bounds, the end --------------------------------------------------- */

/* One waits, two behind it, one too many: that ends at once, the others get
 * what comes. */
static void
full(void)
{
	int id;

	fdio_up(2, 2);
	line_open(&line, 1);
	receives(4);
	id = x_spawn("submit", submit_receives, (void *)4);
	if (x_rand(2) == 0) {
		fake_peer_send(line.file, 1);
	}
	for (unsigned i = 0; i < 3; i++) {
		x_await(&op[i].out, 1);
		fake_peer_send(line.file, 2);
		fdio_await(&op[i], 1);
		X_ASSERT(op[i].result == WEIR_OK);
	}
	fake_peer_send(line.file, 2);
	fdio_await(&op[3], 1);
	X_ASSERT(op[3].result == WEIR_OK || op[3].result == WEIR_EAGAIN);
	x_join(id);
	fdio_down();
}

static void
close_late(void *arg)
{
	if (x_rand(2) == 0) {
		x_await(&line.forsaken, 1);
	}
	do_line_close(arg);
}

/* The library ends; a descriptor is open, or is being closed just then. */
static void
library_ends(void)
{
	bool closed = x_rand(2) == 0;
	int id = -1;

	fdio_up(2, 2);
	line_open(&line, 0);
	receives(2);
	fdio_op(&op[2], &line, WEIR_DIR_WRITE, 1);
	submit_receives((void *)3);
	if (closed) {
		id = x_spawn("close", close_late, &line);
	}
	fake_peer_send(line.file, 1);
	fdio_fini();
	if (line.file->number >= 0 && line.closed) {
		X_REACH("closing");
	}
	if (closed) {
		x_join(id);
	} else {
		line_drain(&line); /* both sides have ended */
	}
	fdio_down();
}

static weir_fd *late_fd; /* NULL: it was not opened */

static void
open_late(void *arg)
{
	const struct line *l = arg;
	weir_fd_params params = {.size = sizeof(params)};

	if (weir_fd_open(&late_fd, l->file->number, &params) != WEIR_OK) {
		late_fd = NULL;
	}
}

/* The library ends while a descriptor is opened: that is shut, or was not
 * opened. */
static void
opens_late(void)
{
	int id;

	fdio_up(1, 1);
	line_open(&next, 0); /* there is a table without it */
	line = (struct line){.file = fake_socket(1)};
	id = x_spawn("open", open_late, &line);
	fdio_fini();
	x_join(id);
	if (late_fd != NULL) {
		X_REACH("opened");
		X_ASSERT((late_fd->side[0].word.v & S_CLOSED) != 0);
		weir_fd_close(late_fd);
	} else {
		X_REACH("refused");
		(void)wri_sys_close(line.file->number);
	}
	fdio_down();
}

const struct x_test x_tests[] = {
    {"cancel", cancel, "C1 K4, one of two", X_NOTIME, 0, "behind first", NULL},
    {"cancel_flow", cancel_flow, "C1 K2 K4, submitted again", X_NOTIME, 0, "",
	NULL},
    {"timeout", timeout, "C1 C2 D1, one of two", 0, 0, "second-in-time", NULL},
    {"poll_now", poll_now, "D3, no time at all", X_NOTIME, 0, "", NULL},
    {"shut", shut, "C1, and drain", X_NOTIME, 0, "took never-tried", NULL},
    {"shut_dir", shut_dir, "C1, one direction", X_NOTIME, 0, "", NULL},
    {"close_busy", close_busy, "C1 K1 R1, under operations", X_NOTIME, 0,
	"never-tried", NULL},
    {"next_life", next_life, "C1 Q1, number and element again", X_NOTIME, 0,
	"element number", NULL},
    {"shut_frees", shut_frees, "R1, the callback closes it", X_NOTIME, 0,
	"element", NULL},
    {"own_end", own_end, "C1 T6 R1, in a callback", X_NOTIME, 0, "", NULL},
    {"own_drain", own_drain, "C1 Q4, in a callback", X_NOTIME, 0, "drained",
	NULL},
    {"full", full, "C1, the bound", X_NOTIME, 0, "full", NULL},
    /* Not X_NOTIME: the pool naps while somebody is still inside. */
    {"library_ends", library_ends, "C1 T7", X_NOJUMP, 0, "closing", NULL},
    {"opens_late", opens_late, "T7, open meets the end", X_NOJUMP, 0,
	"opened refused", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
