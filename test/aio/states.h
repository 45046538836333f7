/*
 * states - each function of the handle in each of its states.
 *
 * Purpose    states.txt says, as the tables that docs/api shows, what a call
 *            does in a state.  A scene brings a handle into the state, makes
 *            the call, puts what came of it into a word, and lets go: the
 *            operation that was there must end as it would have.
 * Shape      One task thread, which is kept busy until the scene is let go: a
 *            callback that is due stays queued, nothing depends on who is
 *            quicker.
 * Ownership  one scene at a time.
 */
#ifndef AIO_STATES_H
#define AIO_STATES_H

#include "aio/consumer.h"
#include "aio/toy.h"
#include "contract/cases.h"

#include <weir/weir.h>

#include <check.h>
#include <stddef.h>

/* The columns of the tables; states_names has their heads. */
enum states_state {
	IN_FRESH,
	IN_ENDED,    /* idle after an operation */
	IN_CLEAR,    /* the same, and weir_aio_clear was called */
	IN_STARTING, /* between reset and start */
	IN_ACTIVE,   /* the provider owes a finish */
	IN_HOOK,     /* a cancel hook runs, the operation has not ended */
	IN_QUEUED,   /* finished, the callback waits for a thread */
	IN_RUNNING,  /* the callback runs */
	IN_AGAIN,    /* the same, and it has submitted again */
	IN_STOPPED,  /* idle */
	IN_STOPPING, /* stopped, and the provider has not finished yet */
	IN_CLOSED,
	IN_DROPPED,      /* stopped, and a submit was dropped */
	IN_FINI,         /* idle after weir_fini */
	IN_ABANDONED,    /* weir_fini has given its operation up */
	IN_CHILD,        /* idle, in a forked child */
	IN_NULL,         /* no handle */
	IN_OWN_CALLBACK, /* called by the callback itself */
	IN_OWN_AGAIN,    /* the same, when it has submitted again */
	IN_OWN_HOOK,     /* called by its operation's cancel hook */
	IN_OWN_RELEASE,  /* called by release */
	IN_STATES,
};

extern const char *const states_names[IN_STATES];

/* How the last operation ended. */
struct states_end {
	weir_err result;
	size_t count;
};

/* How each operation ends that is let go. */
#define STATES_RESULT WEIR_EPROTO
#define STATES_COUNT 3
#define STATES_TIMEOUT WEIR_SECONDS(50)
#define STATES_IOV_LEN 8

struct states_misuse {
	_Atomic unsigned n;
	char call[64];
	const void *object;
};

struct states_scene;

/* A row: a call to make. */
struct states_probe {
	const char *row; /* as the table has it */
	/* Calls it on s->given, and says what came of it. */
	void (*call)(struct states_scene *s);
	const char *reports; /* the name in misuse reports; NULL: row's */
	/* What the call needs; NULL: nothing. */
	void (*setup)(void);
	void (*teardown)(void);
	void (*submit)(weir_aio *aio);
	bool waits; /* perhaps */
};

struct states_scene {
	/* Fixed. */
	enum states_state state;
	bool waiter; /* a handle without a callback */
	/* Who carries out its operations; NULL: the toy.  With another one the
	 * states are active, queued and again. */
	const struct contract_case *op;
	const struct states_probe *probe;

	weir_aio *aio;   /* the handle */
	weir_aio *given; /* what the call gets: the handle, or NULL */
	struct consumer c;
	struct consumer blocker;
	struct toy toy;
	struct latch in, go;           /* a thread is where we want it */
	struct latch hook_in, hook_go; /* the same of the hook */
	pthread_t canceller;
	weir_pool *pool; /* for set_executor */
	struct states_misuse misuse;

	/* What the call said. */
	char got[64];
	bool asked;        /* it has been made */
	_Atomic bool told; /* it told the operation to end */
	bool over;         /* what comes now is no operation of op's */

	/* What must come of it all; the call changes it. */
	bool owned;             /* IN_STARTING: start or finish is owed */
	bool stopped;           /* takes no more work */
	_Atomic bool gone;      /* freed, or about to be */
	unsigned calls;         /* callbacks */
	struct states_end seen; /* by the last one */
	struct states_end read; /* on the handle */
	size_t kept;            /* the next operation begins with this count */
};

/* Make the call in the state; s->got is what it said. */
void states_play(struct states_scene *s);

/* For probes: say what came of the call. */
void states_say(struct states_scene *s, const char *word);
void states_say_err(struct states_scene *s, weir_err rv);
/* No operation, no callback. */
bool states_is_idle(const struct states_scene *s);
/* An operation whose result is not decided. */
bool states_is_open(const struct states_scene *s);
/* An operation, or one whose callback has not begun. */
bool states_is_pending(const struct states_scene *s);
/* Nothing to read, and what is set is the next operation's. */
bool states_is_clear(const struct states_scene *s);
/* The operation there is, or one more, ends so. */
void states_ends(struct states_scene *s, weir_err result, size_t count);
void states_one_more(struct states_scene *s, weir_err result, size_t count);
/* Reports so far. */
bool states_misused(const struct states_scene *s);
/* The call is made here: on the thread that the state names. */
void states_make_call(struct states_scene *s);

/* states_enter.c */
/* The handle is in the state afterwards, or waits for call_from_within. */
void states_enter(struct states_scene *s);
/* Where its callbacks run. */
void states_place(struct states_scene *s, weir_aio *aio);
/* The rest of the handle's callback. */
void states_then(struct consumer *c);
/* An operation that ends soon. */
void states_run_one(struct states_scene *s);
/* End the operation of the handle, if it is still there. */
void states_finish_it(struct states_scene *s);

/* What all operations of the scenes refer to. */
extern char states_bytes[STATES_IOV_LEN];
extern int states_input, states_output, states_msg;

/* states_consumer.c, states_provider.c, states_submit.c; a NULL row ends. */
extern const struct states_probe states_consumer[];
extern const struct states_probe states_provider[];
extern const struct states_probe states_submit[];

/* states_table.c */
#define STATES_ROWS_MAX 256
struct states_row {
	char name[48]; /* of the call */
	char cell[IN_STATES][48];
};
extern struct states_row states_rows[STATES_ROWS_MAX];
extern int states_rows_len;
/* Read the tables. */
void states_read(void);
struct states_row *states_find(const char *name);
/*
 * Play these rows in scenes like this, as far as calls may be made there, and
 * compare.  WEIR_TEST_ROW: only that one.
 */
void states_play_all(
    const struct states_probe *probes, struct states_scene like);

#endif
