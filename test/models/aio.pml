/*
 * aio - the word of a handle: exactly once, no stale cancel, stop waits.
 *
 * Purpose    the table of docs/design/aio.md, as moves of one word by a
 *            submitter, a provider, a canceller, the expiry thread, a stopper
 *            who frees, and two pool threads.  A move that the library
 *            makes by a compare-and-swap of what it has just read is one atomic
 *            step here (a swap that fails is made again from the start); where
 *            it compares with what it read before, so does the model (row 16).
 * Promises   C1, C5, K1, K2, T1, T3, T4, T5: the asserts; an operation that
 *            nobody delivers, and a sleeper who is not woken, are invalid ends.
 *            -DMODEL_LIVENESS: stop returns (T1), though the callback submits
 *            blindly; a run of its own, as a claim turns the look for invalid
 *            ends off.
 * Bounds     GENS operations, one handle.
 * Plants     -DPLANT_STALE_EXPIRY (row 16 compares the state, not the word),
 *            -DPLANT_STOP_EARLY (stop waits for the operation, not for the
 *            callback), -DPLANT_HOOK_IGNORED (dispatched while a cancel call is
 *            in flight), -DPLANT_RUN_IGNORED (callbacks overlap),
 *            -DPLANT_HAND_ON (nobody delivers what ended during the hook),
 *            -DPLANT_NO_STOP_BIT (a blind submit goes on), -DPLANT_WAKE_FIRST
 *            (sleepers are woken before the word moves).
 */
#define GENS 2

#define NONE 0
#define STARTING 1
#define ACTIVE 2
#define ENDING 3
#define DONE 4

#define CANCEL 1
#define TIMEOUT 2
#define STOP 3

/* The word. */
byte op, pend, asked, gen;
bool inrun, queued, hook, stopbit, sleeper;

/* What hangs on it. */
byte nodes;         /* the handle's task, in the pool's queue */
byte seq;           /* the bucket that sleepers sleep on */
bool owes;          /* the provider has the operation, under its lock */
bool freed;

/* What is promised. */
byte accepted, called; /* operations, callbacks */
byte running;          /* callbacks, now */
byte hooks;            /* calls of the hook, now */
bool stopped;          /* stop has returned */
byte calls = 1;        /* in the handle, beside stop: nwait */

#define IDLE (op == NONE && !inrun && !hook)
#define ALIVE assert(!freed)

/* In the same step as a move: who sleeps, if it has made the word idle. */
#define CLEAR_SLEEPER(wakes) \
	if \
	:: IDLE && sleeper -> sleeper = false; wakes = true \
	:: else \
	fi

/* And who pushes, if the completion is left to nobody else. */
#ifdef PLANT_HOOK_IGNORED
#define HELD inrun
#elif defined(PLANT_RUN_IGNORED)
#define HELD hook
#else
#define HELD (inrun || hook)
#endif
#define HAND_ON(pushes) \
	if \
	:: op == DONE && !HELD && !queued -> queued = true; pushes = true \
	:: else \
	fi

/* What a move entails; the handle is not touched any more. */
inline moved(pushes, wakes)
{
	if
	:: atomic { pushes -> nodes++; assert(nodes == 1); pushes = false }
	:: else
	fi;
	if
	:: wakes -> seq++; wakes = false
	:: else
	fi
}

/* Row 8, by whoever has made ENDING. */
inline settle(pushes, wakes)
{
	atomic {
		ALIVE;
		assert(op == ENDING);
		op = DONE;
		HAND_ON(pushes)
	};
	moved(pushes, wakes)
}

/* Row 7; the provider has taken it out of its list. */
inline finish(pushes, wakes)
{
	atomic { ALIVE; assert(op == ACTIVE); op = ENDING };
	settle(pushes, wakes)
}

/* Rows 14 and 15: we hold HOOK.  The provider obeys, or is late. */
inline call_hook(pushes, wakes, g, why)
{
	do
	:: atomic {
		hooks++;
		assert(hooks == 1);  /* K1 */
		assert(gen == g);    /* K2 */
		why = asked
	   };
	   if
	   :: atomic { owes -> owes = false; hooks-- };
		finish(pushes, wakes)
	   :: atomic { !owes -> hooks-- }
	   :: atomic { owes && why != STOP -> hooks-- } /* ignored */
	   fi;
	   atomic {
		ALIVE;
		if
		:: op == ACTIVE && pend > why -> asked = pend
		:: else ->
			hook = false;
#ifndef PLANT_HAND_ON
			HAND_ON(pushes);
#endif
			CLEAR_SLEEPER(wakes);
			break
		fi
	   }
	od;
	why = 0;
	g = 0;
	moved(pushes, wakes)
}

/* Rows 9 to 14; with a stop's bit in the same move. */
inline ask(reason, pushes, wakes, g, why, mine)
{
	atomic {
		ALIVE;
		mine = false;
		if
		:: (op == STARTING || op == ACTIVE) && reason > pend ->
			pend = reason;
			if
			:: op == ACTIVE && !hook ->
				hook = true; asked = reason; mine = true; g = gen
			:: else
			fi
		:: else
		fi
#ifndef PLANT_NO_STOP_BIT
		;
		if
		:: reason == STOP -> stopbit = true
		:: else
		fi
#endif
	};
	if
	:: mine -> call_hook(pushes, wakes, g, why)
	:: else
	fi
}

/* Rows 1, 2, 5, 6. */
inline submit(pushes, wakes, mine)
{
	atomic {
		ALIVE;
		mine = !stopbit;
		if
		:: mine ->
			assert(op == NONE);
			op = STARTING; gen++; pend = 0; asked = 0;
			accepted++
		:: else
		fi
	};
	if
	:: mine ->
		atomic {
			ALIVE;
			if
			:: pend == 0 && !stopbit -> op = ACTIVE; owes = true
			:: else -> op = ENDING; mine = false
			fi
		};
		if
		:: !mine -> settle(pushes, wakes)
		:: else
		fi
	:: else
	fi
}

/* Rows 17 to 19. */
proctype pool()
{
	bool pushes, wakes, mine, ours;
	byte g, why;

end_idle:
	do
	:: atomic { nodes > 0 -> nodes--; ALIVE };
	   atomic {
		ALIVE;
		mine = false;
		ours = false;
		queued = false;
		if
		:: op == DONE && !HELD ->
			op = NONE; inrun = true; ours = true
		:: op == ACTIVE && pend > asked && !hook ->
			hook = true; asked = pend; mine = true; g = gen
		:: else
		fi
	   };
	   if
	   :: ours ->
		atomic {
			running++; called++;
			assert(running == 1);       /* C5 */
			assert(called <= accepted); /* C1 */
			assert(hooks == 0);         /* K1 */
			assert(!stopped)            /* T1 */
		};
		/* A callback that submits blindly. */
		if
		:: gen < GENS -> submit(pushes, wakes, mine); mine = false
		:: gen >= GENS
		fi;
		atomic { running--; assert(!stopped) };
#ifdef PLANT_WAKE_FIRST
		if
		:: sleeper -> seq++
		:: else
		fi;
#endif
		atomic {
			ALIVE;
			inrun = false;
			HAND_ON(pushes);
#ifdef PLANT_WAKE_FIRST
			if
			:: IDLE -> sleeper = false
			:: else
			fi
#else
			CLEAR_SLEEPER(wakes)
#endif
		};
		moved(pushes, wakes)
	   :: mine -> call_hook(pushes, wakes, g, why)
	   :: else
	   fi
	od
}

/* Ends what it has, when it likes. */
proctype provider()
{
	bool pushes, wakes;

end_nothing:
	do
	:: atomic { owes -> owes = false };
	   finish(pushes, wakes)
	od
}

proctype canceller()
{
	bool pushes, wakes, mine;
	byte g, why;

	if
	/* A call counts before the free, or it is a mistake (nwait). */
	:: atomic { !freed -> calls++ };
		ask(CANCEL, pushes, wakes, g, why, mine);
		atomic { calls-- }
	:: skip
	fi
}

/* Row 16: compared with the word as it was read before the deadline. */
proctype expiry()
{
	bool pushes, wakes, h, q, r, s;
	byte g, p;

	atomic {
		if
		:: op == ACTIVE && pend < TIMEOUT ->
			g = gen; p = pend; h = hook; q = queued; r = inrun;
			s = stopbit
		:: true -> goto out /* nothing is due */
		fi
	};
	atomic {
#ifdef PLANT_STALE_EXPIRY
		if
		:: op == ACTIVE && pend < TIMEOUT ->
#else
		if
		:: op == ACTIVE && gen == g && pend == p && hook == h &&
		   queued == q && inrun == r && stopbit == s ->
#endif
			assert(gen == g); /* K2 */
			ALIVE;
			pend = TIMEOUT;
			if
			:: !hook && !queued -> queued = true; pushes = true
			:: else
			fi
		:: else
		fi
	};
	moved(pushes, wakes);
out:	skip
}

/* Rows of wait.c, B1: the bucket, then the word. */
inline wait_idle(s)
{
	do
	:: s = seq;
	   atomic {
		ALIVE;
		if
#ifdef PLANT_STOP_EARLY
		:: op == NONE -> break
#else
		:: IDLE -> break
#endif
		:: else -> sleeper = true
		fi
	   };
	   seq != s /* the futex */
	od
}

proctype stopper()
{
	bool pushes, wakes, mine;
	byte g, why, s;

	ask(STOP, pushes, wakes, g, why, mine);
	wait_idle(s);
	atomic {
		stopped = true;
		assert(running == 0) /* T1 */
	};
	/* Free: alone, and when no task refers to it. */
	atomic {
		calls == 0;
		assert(IDLE);
		assert(!queued && nodes == 0); /* T5 */
		assert(called == accepted);    /* C1 */
		freed = true
	}
}

init {
	bool pushes, wakes, mine;

	atomic {
		run pool();
		run pool();
		run provider();
		run canceller();
		run expiry();
		run stopper()
	};
	submit(pushes, wakes, mine);
	atomic { calls-- }
}

#ifdef MODEL_LIVENESS
ltl stop_returns { <> stopped }
#endif
