/*
 * x_aio_rig - what the tests of lib/aio share: the library up and down, a
 * handle under watch, and providers of every character.
 *
 * Purpose    a body makes subjects, lets fibers loose on them, and ends with
 *            rig_down.  What is promised for every callback, every hook call
 *            and every release is asserted here.
 * Ownership  a subject is static and zeroed by subject_init; its handle is
 *            freed by the body.  A job belongs to its operation.
 * Shape      what a provider would look up under its lock is plain data here:
 *            nobody runs between two operations, so looking and taking are one.
 */
#ifndef EXPLORER_X_AIO_RIG_H
#define EXPLORER_X_AIO_RIG_H

#include "aio/aio_impl.h"
#include "aio/registry.h"

#include "explorer/explorer.h"
#include "explorer/fake_pool.h"

/* A callback may be late by the grain, and by a tick for each look at the
 * clock. */
#define SLACK WEIR_MS(1)
#define LATE_MAX (SLACK + 2000)

/* The library with n pool threads, and at most m with spares. */
void rig_up(unsigned n, unsigned m);
/* From now on the expiry thread is sometimes held up before it expires. */
void rig_slow_expire(void);
/* The end, when all handles have been freed. */
void rig_down(void);
/* As weir_fini, under handles that live on; WEIR_ETIMEDOUT: some are busy. */
weir_err rig_fini(weir_time until);
/* After rig_fini, when all handles have been freed. */
void rig_check_empty(void);

/* The word of a handle, without a step. */
static inline uint64_t
word_of(const weir_aio *aio)
{
	return aio->word.v;
}

/* What a hook does. */
enum kind {
	OBEYS,           /* finishes at once */
	IGNORES_CANCEL,  /* but obeys the others */
	IGNORES_TIMEOUT, /* but obeys the others */
	ONLY_STOP,       /* ignores both */
	LATE,            /* leaves a note for toy_finish */
	NO_HOOK,
};

struct subject;

/* One operation, for the hooks. */
struct job {
	unsigned magic;
	struct subject *s;
	unsigned number; /* of the operation, from 1 */
	bool taken;      /* somebody finishes it, or has */
	bool published;  /* toy_finish may take it */
	bool in_hook;
	unsigned calls; /* of the hook */
	weir_err why;   /* of the last one */
};

struct subject {
	weir_aio *aio;
	enum kind kind;
	bool with_release; /* the provider has one */
	bool slow_hook;    /* others may run in the hook */
	bool gap;          /* and between start and publication */
	bool layered;      /* reset twice */
	bool in_time;      /* a timeout must not be late: X_NOJUMP */
	bool wait_only;
	bool abandoned; /* its callback may never come */

	/* In the callback, at its end; may free the handle. */
	void (*then)(struct subject *s);
	void (*in_hook)(struct subject *s, weir_err why);
	void (*in_release)(struct subject *s);
	unsigned again;    /* times that the callback submits again */
	unsigned finishes; /* for toy_finisher: how often */

	/* The operation; decided when somebody is about to finish it. */
	struct job *job;
	bool sync, decided;
	weir_err result;
	size_t count;
	weir_time due; /* it must not time out before */

	/* Since the handle was made. */
	unsigned accepted, refused; /* by reset */
	unsigned begun, ended;      /* callbacks */
	unsigned started, released; /* operations that had a hook */
	unsigned oks, timeouts, cancels, stops;
	weir_cancel met; /* by do_abort */
	bool stopping;   /* stop, close, free or reap was called */
	bool silent;     /* stop or free has returned */
	bool gone;       /* its own callback has freed it */

	/* A call that begins after free is misuse: see call_begin. */
	unsigned calls;
	bool freeing;

	x_latch out;  /* submissions that have returned */
	x_latch back; /* callbacks that are about to return */
};

/* Make the handle. */
void subject_init(struct subject *s, enum kind kind);
/* Without callback: subject_take after a wait does what it would. */
void subject_init_nocb(struct subject *s, enum kind kind);
void subject_take(struct subject *s);
/* Bound the operations. */
void subject_timeout(struct subject *s, weir_duration timeout);
/* Stop has returned: what must hold. */
void subject_stopped(struct subject *s);
/* Free it, not from its callback; waits until calls that have begun are in. */
void subject_free(struct subject *s);
/* As subject_free, by reap. */
void subject_reap(struct subject *s);
/* A call on the handle by another fiber: begin (false: it is too late), end. */
bool call_begin(struct subject *s);
void call_end(struct subject *s);

/* Submit to the toy provider. */
void toy_submit(struct subject *s);
/* Submit something that ends at once. */
void toy_sync(struct subject *s);
/* Finish what is out, if nobody has; true: we did. */
bool toy_finish(struct subject *s);

/* The callback, or release, lets go of the job. */
void toy_job_free(struct job *j);

/* Fibers, arg is the subject. */
void toy_finisher(void *arg); /* finishes s->finishes operations */
void do_submit(void *arg);
void do_abort(void *arg);
void do_close(void *arg);
void do_stop(void *arg);
void do_wait(void *arg);
void do_free(void *arg);
void do_reap(void *arg);

/* Let toy_finisher end: not all that was meant to be was submitted. */
void toy_no_more(struct subject *s);

/* For s->then. */
void then_submit(struct subject *s);
void then_free(struct subject *s);

#endif
