/*
 * aio_impl - struct weir_aio and its word; seen by this folder only.
 *
 * The word is the whole state of a handle.  docs/design/aio.md has the table of
 * its moves; the rows cited in this folder are that table's.
 */
#ifndef AIO_AIO_IMPL_H
#define AIO_AIO_IMPL_H

#include <weir/provider.h>
#include <weir/sleep.h>

#include "base/attr.h"
#include "base/check.h"
#include "base/life.h"
#include "base/sync.h"
#include "taskq/taskq.h"
#include "timer/timer.h"

#include <stddef.h>

/* The operation (bits 0-2). */
enum op {
	OP_NONE = 0,
	OP_STARTING = 1, /* claimed by a submit */
	OP_ACTIVE = 2,   /* the provider owes a finish */
	OP_ENDING = 3,   /* the winner writes the outcome */
	OP_DONE = 4,     /* outcome readable, callback not begun */
};

/* Why an operation is asked to end, weakest first. */
enum why {
	WHY_NONE = 0,
	WHY_CANCEL = 1,
	WHY_TIMEOUT = 2,
	WHY_STOP = 3,
};

#define W_OP UINT64_C(7)
#define W_RUN (UINT64_C(1) << 3)    /* a callback runs */
#define W_QUEUED (UINT64_C(1) << 4) /* the task is queued, or about to be */
#define W_HOOK (UINT64_C(1) << 5)   /* a cancel call is in flight */
#define W_PEND_SHIFT 6              /* enum why: strongest wanted */
#define W_PEND (UINT64_C(3) << W_PEND_SHIFT)
#define W_ASKED_SHIFT 8 /* enum why: strongest the hook was called with */
#define W_ASKED (UINT64_C(3) << W_ASKED_SHIFT)
#define W_STOP (UINT64_C(1) << 10)    /* takes no more work, for good */
#define W_REFUSED (UINT64_C(1) << 11) /* a submit was dropped */
#define W_SLEEPER (UINT64_C(1) << 12) /* somebody sleeps until idle */
#define W_FREE (UINT64_C(1) << 13)    /* free or reap was called */
#define W_GONE (UINT64_C(1) << 14)    /* the memory goes once idle */
#define W_CLEAR (UINT64_C(1) << 15)   /* idle, and has no outcome */
#define W_NOCB (UINT64_C(1) << 16)    /* wait-only */
#define W_CODE_SHIFT 17               /* abort code that waits for start */
#define W_CODE (UINT64_C(1023) << W_CODE_SHIFT)
#define W_ORPHAN (UINT64_C(1) << 27) /* the library has ended */
#define W_GEN_SHIFT 28               /* +1 for each operation */

#define W_CODE_MAX 1023

#define AIO_MAGIC UINT32_C(0x77656972) /* "weir" */
#define AIO_DEAD UINT32_C(0xdeadaa10)

static inline enum op
op_of(uint64_t w)
{
	return (enum op)(w & W_OP);
}

static inline uint64_t
with_op(uint64_t w, enum op op)
{
	return (w & ~W_OP) | (uint64_t)op;
}

static inline enum why
pend_of(uint64_t w)
{
	return (enum why)((w & W_PEND) >> W_PEND_SHIFT);
}

static inline uint64_t
with_pend(uint64_t w, enum why why)
{
	return (w & ~W_PEND) | ((uint64_t)why << W_PEND_SHIFT);
}

static inline enum why
asked_of(uint64_t w)
{
	return (enum why)((w & W_ASKED) >> W_ASKED_SHIFT);
}

static inline uint64_t
with_asked(uint64_t w, enum why why)
{
	return (w & ~W_ASKED) | ((uint64_t)why << W_ASKED_SHIFT);
}

/* What wait and stop wait for. */
static inline bool
is_idle(uint64_t w)
{
	return (w & (W_OP | W_RUN | W_HOOK)) == 0;
}

/* The memory may go. */
static inline bool
is_gone(uint64_t w)
{
	return is_idle(w) && (w & (W_GONE | W_QUEUED)) == W_GONE;
}

/*
 * What an operation touches lies in the first four lines.  Whose a field is:
 * any thread's (word, provider, deadline, nwait, exec, runner, tag); fixed
 * after alloc (magic, life, cb, cb_arg, notes); the shard's lock's (live_*,
 * walked, seen*, said); the consumer's while no operation is pending (timeout,
 * expire*, niov, iov, copied, input); msg is both's.  The others are the
 * operation's: its provider's from reset to finish, the consumer's before and
 * after, published by the word.
 */
struct weir_aio {
	wri_a64 word;
	wri_aptr provider; /* const weir_provider, while ACTIVE; else old */
	uint32_t magic;
	wri_a32 nwait; /* calls that will touch the handle again */
	void *arg;     /* for the hooks */
	size_t count;
	weir_err result;
	unsigned iov_next; /* first piece that is left */
	struct wri_deadline deadline;
	bool *skip;            /* weir_aio_skip_callback, or NULL */
	weir_time deadline_at; /* of this operation; 0: not computed yet */
	const weir_fdop *fdop; /* fdio.c: the step */
	size_t iov_done;       /* bytes of the first piece that are done */
	weir_duration timeout;
	struct wri_task task; /* QUEUED: in a queue, or about to be */
	wri_aptr runner;      /* who runs the callback, while W_RUN */
	wri_aptr exec;        /* struct weir_exec, NULL: the default pool */
	weir_aio_cb cb;
	void *cb_arg;
	const weir_iov *iov; /* copied below, or borrowed */
	uint16_t niov;
	bool expire_set;
	uint32_t life; /* of the library */
	void *output[WEIR_AIO_SLOTS];
	void *scratch[2];
	weir_iov copied[WEIR_IOV_COPY_MAX];

	weir_time expire; /* for the next operation, if expire_set */
	weir_msg *msg;
	void *input[WEIR_AIO_SLOTS];
	wri_aptr tag;
	weir_aio *next; /* in a weir_aioq */
	weir_aio *prev;
	weir_aioq *queue; /* which, or NULL */
	weir_aio *live_next;
	weir_aio **live_prevp;
	unsigned walked; /* the last walk that met it */
	void *notes;     /* of the checker, base/check.h; NULL: none */
	uint64_t seen;   /* by the watchdog: operation and enum wri_stuck_at */
	weir_time seen_at;
	weir_duration said; /* the age to report next */
};

_Static_assert(offsetof(struct weir_aio, copied[1]) <= 4 * WRI_LINE &&
		   WEIR_IOV_BORROW_MAX <= UINT16_MAX,
    "an operation touches four lines");

/*
 * Foreign code on this thread's stack, innermost first: callback, cancel hook
 * or release of a handle.
 */
struct wri_frame {
	weir_aio *aio;
	struct wri_frame *outer;
	bool callback;
};

void wri_frame_push(struct wri_frame *f, weir_aio *aio, bool callback);
void wri_frame_pop(struct wri_frame *f);
/* The frame of this handle, or NULL. */
struct wri_frame *wri_frame_find(const weir_aio *aio);

/* run.c */
void wri_aio_run(struct wri_task *task); /* rows 17, 18 */
uint64_t wri_aio_hand_on(weir_aio *aio, uint64_t w);
void wri_aio_moved(weir_aio *aio, uint64_t had, uint64_t w);

/* ask.c */
/* We hold W_HOOK: call the hook, again for each stronger reason (row 15). */
void wri_aio_call_hook(weir_aio *aio, weir_err code);
weir_cancel wri_aio_ask(
    weir_aio *aio, enum why why, weir_err code, uint64_t extra, bool *was_free);

/* aio.c */
/*
 * ENDING -> what is next (row 8).  skip: the operation ended while it was being
 * submitted, and the consumer may have asked for no callback then.
 */
void wri_aio_settle(weir_aio *aio, bool skip);
/* The deadline of this operation, WEIR_NEVER: none. */
weir_time wri_aio_deadline(weir_aio *aio);
/* Has it come, or is the timeout zero: what would wait is refused? */
bool wri_aio_polls(weir_aio *aio);

/* wait.c */
void wri_aio_hold(weir_aio *aio); /* keeps the memory: nwait */
void wri_aio_rele(weir_aio *aio); /* last touch */
/* Where tasks of the handle go, when nobody can be about to post one. */
void wri_aio_bind(weir_aio *aio, struct weir_exec *exec);
void wri_aio_wake(weir_aio *aio);      /* the word became idle */
void wri_aio_hand_over(weir_aio *aio); /* the word became gone */

/* handle.c, registry.c */
void wri_aio_register(weir_aio *aio);
void wri_aio_destroy(weir_aio *aio);
bool wri_aio_unregister(weir_aio *aio);
struct weir_exec *wri_aio_exec(struct weir_exec *exec);
void wri_aio_misuse(weir_aio *aio, const char *call, const char *what);
const char *wri_aio_state(weir_aio *aio, char *buf, size_t size);
extern wri_a64 wri_aio_late;   /* refused finishes */
extern uint64_t wri_aio_grain; /* of timeouts; fixed between init and fini */

/* WEIR_EMISUSE for a dead handle, after the report. */
weir_err wri_aio_dead(weir_aio *aio, const char *call);

/* The first look of every call on a handle. */
static inline weir_err
wri_aio_enter(weir_aio *aio, const char *call)
{
	if (wri_unlikely(aio == NULL)) {
		return WEIR_EINVAL;
	}
	if (wri_unlikely(aio->magic != AIO_MAGIC)) {
		return wri_aio_dead(aio, call);
	}
	return wri_unlikely(wri_life_forked()) ? WEIR_EFORK : WEIR_OK;
}

/* Tell the checker, if there is one, of a call by who owns the handle. */
static inline void
wri_aio_note(weir_aio *aio, enum wri_note kind, const char *call)
{
	const struct wri_check_ops *ops = wri_check_ops();

	if (wri_unlikely(ops != NULL) && aio->notes != NULL) {
		ops->note(aio->notes, kind, call);
	}
}

/* Deadlines are rounded up to a power of two that the slack allows [ns]. */
static inline uint64_t
grain_of(weir_duration slack)
{
	return slack < 8
		   ? 4
		   : UINT64_C(1) << (63 - __builtin_clzll((uint64_t)slack));
}

static inline const weir_provider *
provider_of(weir_aio *aio)
{
	return wri_load(&aio->provider, WRI_ACQ);
}

static inline struct weir_exec *
exec_of(weir_aio *aio)
{
	/* Relaxed: set before the operation, which published it. */
	return wri_load(&aio->exec, WRI_RLX);
}

/* The word w with W_SLEEPER cleared if that makes it idle. */
static inline uint64_t
idle_wakes(uint64_t w)
{
	return is_idle(w) ? w & ~W_SLEEPER : w;
}

/* iov.c: pure. */
bool wri_iov_is_valid(unsigned n, unsigned max, const weir_iov *iov);

#endif
