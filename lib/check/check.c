/*
 * check - who made which call, and from where in the program.
 *
 * Purpose    the last call of each kind on each handle, with its stack; a
 *            report of misuse prints the one that it conflicts with beside
 *            its own.  The stack is walked by the tables that compilers write
 *            for exceptions: there are no frame pointers, and one return
 *            address would be the library's own as often as not.
 * Ownership  notes are their handle's until it is freed; then both lie on the
 *            shelf, poisoned by the kernel but for what tells that it is
 *            dead, until the shelf is full or the library ends.  Who writes or
 *            reads a note claims it; who finds it claimed goes without.
 * Pairs      C1  claim (acquire) <-> unclaim (release) carries the note.
 * Bounds     SHELF handles, FRAMES of a stack, PLACES of them in a line.
 * Proof      test/check/test_check.c
 */
#include "check/check.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define SHELF 256
#define FRAMES 16
/* Of the program; of all, where ours cannot be told apart. */
#define PLACES 3
#define PLACES_ALL 8

struct note {
	wri_a32 claimed;
	const char *call; /* NULL: none so far */
	weir_time at;
	int thread;
	int len;
	void *frames[FRAMES]; /* innermost first */
};

struct notes {
	struct note of[WRI_NOTES];
};

struct kept {
	void *object; /* NULL: none */
	size_t size;
	struct notes *notes;
};

static struct {
	wri_mtx lock;
	/* lock must be held when using these: */
	struct kept kept[SHELF]; /* a ring */
	unsigned next;
	bool open;
} shelf = {.lock = WRI_MTX_INIT};

/* --- What is remembered ------------------------------------------------ */

static bool
claim(struct note *n)
{
	return wri_xchg(&n->claimed, 1, WRI_ACQ) == 0; /* C1 */
}

static void
unclaim(struct note *n)
{
	wri_store(&n->claimed, 0, WRI_REL); /* C1 */
}

/* Asked once: a system call costs more than all the rest. */
static int
thread_number(void)
{
	void *number = wri_self_get(WRI_SELF_TID);

	if (number == NULL) {
		number = (void *)(intptr_t)gettid();
		wri_self_set(WRI_SELF_TID, number);
	}
	return (int)(intptr_t)number;
}

static void
take(struct note *n, const char *call)
{
	n->call = call;
	n->at = wri_now();
	n->thread = thread_number();
	n->len = backtrace(n->frames, FRAMES);
}

static bool
is_open(void)
{
	bool open;

	wri_mtx_lock(&shelf.lock);
	open = shelf.open;
	wri_mtx_unlock(&shelf.lock);
	return open;
}

static void *
check_make(void)
{
	return is_open() ? wri_alloc(sizeof(struct notes)) : NULL;
}

static void
check_note(void *notes, enum wri_note kind, const char *call)
{
	struct note *n = &((struct notes *)notes)->of[kind];

	if (claim(n)) {
		if (kind != WRI_NOTE_FREE || n->call == NULL) {
			take(n, call);
		}
		unclaim(n);
	}
}

static void
kept_free(struct kept *k)
{
	if (k->object != NULL) {
		wri_free(k->object, k->size);
		wri_free(k->notes, sizeof(*k->notes));
	}
}

static void
check_keep(void *object, size_t size, void *notes)
{
	struct kept goes = {object, size, notes};

	wri_mtx_lock(&shelf.lock);
	if (shelf.open) {
		struct kept *place = &shelf.kept[shelf.next++ % SHELF];
		const struct kept came = goes;

		goes = *place;
		*place = came;
	}
	wri_mtx_unlock(&shelf.lock);
	kept_free(&goes);
}

/* The notes of a handle that lies on the shelf, or NULL. */
static struct notes *
notes_of_locked(const void *object)
{
	for (unsigned i = 0; i < SHELF; i++) {
		if (shelf.kept[i].object == object) {
			return shelf.kept[i].notes;
		}
	}
	return NULL;
}

/* A copy of a note; false: there is none. */
static bool
read_note(const void *object, struct notes *notes, enum wri_note kind,
    struct note *to)
{
	bool there = false;

	wri_mtx_lock(&shelf.lock); /* what lies there stays */
	if (notes == NULL) {
		notes = notes_of_locked(object);
	}
	if (kind < WRI_NOTES && notes != NULL && claim(&notes->of[kind])) {
		*to = notes->of[kind];
		there = to->call != NULL;
		unclaim(&notes->of[kind]);
	}
	wri_mtx_unlock(&shelf.lock);
	return there;
}

/* --- What is said ------------------------------------------------------ */

struct line {
	char *buf;
	size_t size;
	size_t len;
};

WEIR_PRINTF(2, 3)
static void
add(struct line *l, const char *fmt, ...)
{
	size_t room = l->size - l->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->buf + l->len, room, fmt, ap);
	va_end(ap);
	l->len += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

/* Where an object of code lies; NULL: nowhere. */
static const void *
object_of(const void *pc)
{
	Dl_info info;

	return dladdr(pc, &info) != 0 ? info.dli_fbase : NULL;
}

/* Frames of the program; ours are left out where they can be told apart. */
static void
add_places(struct line *l, const struct note *n)
{
	const void *ours = object_of(&shelf);
	const char *sep = " at ";
	int left = PLACES;
	int i = 1; /* take() */

	if (ours == object_of((void *)(uintptr_t)getauxval(AT_ENTRY))) {
		ours = NULL; /* we are linked into the program */
		left = PLACES_ALL;
		i++; /* its caller here */
	}
	add(l, "thread %d", n->thread);
	for (; i < n->len && left > 0; i++) {
		/* The call, not what comes after it. */
		const char *pc = (const char *)n->frames[i] - 1;
		const void *object = object_of(pc);

		if (object != NULL && object != ours) {
			add(l, "%s", sep);
			sep = " < ";
			l->len += wri_place_text(
			    pc, l->buf + l->len, l->size - l->len);
			left--;
		}
	}
}

static const char *const promises[WRI_NOTES] = {
    [WRI_NOTE_BEGIN] = "one operation at a time",
    [WRI_NOTE_START] = "one operation at a time, until its callback",
    [WRI_NOTE_FINISH] = "one finish for each operation",
    [WRI_NOTE_FREE] = "no call after free",
};

static void
check_text(
    const void *object, void *notes, enum wri_note kind, char *buf, size_t size)
{
	struct line l = {buf, size, 0};
	struct note here, before;

	if (!is_open()) {
		return; /* buf is "" */
	}
	take(&here, "");
	if (kind < WRI_NOTES) {
		add(&l, "; promise: %s", promises[kind]);
	}
	add(&l, "; here: ");
	add_places(&l, &here);
	if (read_note(object, notes, kind, &before)) {
		add(&l, "; before: %s, %lld us ago, ",
		    wri_call_name(before.call),
		    (long long)((here.at - before.at) / 1000));
		add_places(&l, &before);
	}
}

/* --- On and off -------------------------------------------------------- */

void
wri_check_set(bool on)
{
	static const struct wri_check_ops ops = {
	    check_make, check_note, check_keep, check_text};
	struct note first;

	if (on) {
		take(&first, ""); /* loads what it needs: not later */
		/* For good: handles outlive the library.  Relaxed: static. */
		wri_store(&wri_life.check, (void *)(uintptr_t)&ops, WRI_RLX);
	}
	wri_mtx_lock(&shelf.lock);
	shelf.open = on;
	wri_mtx_unlock(&shelf.lock);
	/* Nobody adds to it while it is closed, nor in another thread's init
	 * or fini: they take turns. */
	for (unsigned i = 0; i < SHELF && !on; i++) {
		struct kept goes;

		wri_mtx_lock(&shelf.lock);
		goes = shelf.kept[i];
		shelf.kept[i] = (struct kept){NULL, 0, NULL};
		wri_mtx_unlock(&shelf.lock);
		kept_free(&goes);
	}
}
