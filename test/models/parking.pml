/*
 * parking - one producer, one parked thread: no lost wake-up (Q1).
 *
 * Purpose    taskq's T1 in little: push, then look who is parked; say that one
 *            parks, then look again.  Each step here is one atomic operation
 *            there (lib/taskq/runner.c: park; lib/taskq/wake.c: notify), and
 *            they are sequentially consistent, as the order WRI_SC makes them.
 * Models     -DMODEL_SAFETY: the thread that sleeps for good while a task waits
 *            is an invalid end state; the asserts.  -DMODEL_LIVENESS: a task
 *            that was pushed is taken.  Two runs, because a claim turns the
 *            look for invalid end states off.
 * Bounds     PUSHES tasks, two producers, two threads.
 * Plants     -DPLANT_NO_SECOND_LOOK, -DPLANT_LOOK_FIRST (the producer looks
 *            before it pushes), -DPLANT_WAKE_FIRST (woken before the word says
 *            so), -DPLANT_UNPARK_BLIND (leaves the parked without a
 *            compare-and-swap), -DPLANT_PLACE_KEPT (a push that found nobody
 *            parked keeps the searcher's place).
 */
#define PUSHES 1 /* of each producer */
#define THREADS 2

#define AWAKE 0
#define PARKED 1
#define CLAIMED 2

byte queue;         /* tasks in the door */
byte taken;         /* tasks that were run */
byte parked[THREADS];
bool asleep[THREADS]; /* in the futex */
byte nparked, searching;
bool producers_done[2];

#define ALL_PUSHED (producers_done[0] && producers_done[1])

/* Claim one that is parked: its number, or THREADS. */
inline unpark(who)
{
	who = 0;
	do
	:: who == THREADS -> break
	:: else ->
		if
		:: atomic { parked[who] == PARKED -> parked[who] = CLAIMED }
			nparked--;
			break
		:: else -> who++
		fi
	od
}

/* The futex call wakes who is in it; who is not finds the word changed. */
inline wake(who)
{
#ifdef PLANT_WAKE_FIRST
	asleep[who] = false;
	parked[who] = AWAKE
#else
	parked[who] = AWAKE;
	asleep[who] = false
#endif
}

/* some: were any parked? */
inline notify(some)
{
	byte r = THREADS;
#ifdef PLANT_LOOK_FIRST
	if
	:: !some -> goto told
	:: else
	fi;
#endif
	if
	:: searching != 0 -> goto told
	:: else
	fi;
	if
	:: some ->
		if
		:: atomic { searching == 0 -> searching = 1 }
		:: else -> goto told
		fi;
		unpark(r)
	:: else
	fi;
	if
	:: r < THREADS -> wake(r)
	:: else ->
#ifndef PLANT_PLACE_KEPT
		if
		:: some -> searching--
		:: else
		fi;
#endif
		/* Somebody may have trusted that place: once more. */
		unpark(r);
		if
		:: r < THREADS -> searching++; wake(r)
		:: else
		fi
	fi;
told:	r = 0;
	some = false
}

proctype producer(byte me)
{
	byte n;
	bool some;

	do
	:: n == PUSHES -> break
	:: else ->
#ifdef PLANT_LOOK_FIRST
		some = nparked != 0;
#endif
		queue++;
		n++;
#ifndef PLANT_LOOK_FIRST
		some = nparked != 0;
#endif
		notify(some)
	od;
	producers_done[me] = true
}

proctype thread(byte me)
{
	bool counted, more, some;

again:
	do
	:: atomic { queue > 0 -> queue--; taken++ }
		if
		:: counted ->
			counted = false;
			/* The last searcher lets another search. */
			if
			:: atomic { searching == 1 -> searching = 0 }
				if
				:: queue > 0 -> some = nparked != 0; notify(some)
				:: else
				fi
			:: atomic { searching != 1 -> searching-- }
			fi
		:: else
		fi
	:: queue == 0 -> break
	od;
	parked[me] = PARKED;
	nparked++;
	if
	:: counted -> counted = false; searching--
	:: else
	fi;
#ifdef PLANT_NO_SECOND_LOOK
	more = false;
#else
	more = queue > 0;
#endif
	if
	:: more ->
#ifdef PLANT_UNPARK_BLIND
		parked[me] = AWAKE;
#else
		if
		:: atomic { parked[me] == PARKED -> parked[me] = AWAKE }
		:: else -> goto sleep
		fi;
#endif
		nparked--;
		searching++;
		counted = true;
		goto again
	:: else
	fi;
sleep:
	do
	:: parked[me] == AWAKE -> break
	:: else ->
		/* The futex looks at the word once more, and sleeps at once. */
		if
		:: atomic { parked[me] != AWAKE -> asleep[me] = true }
end_asleep:		!asleep[me]
		:: else
		fi
	od;
	counted = true; /* the waker counted us */
	goto again
}

init {
	atomic {
		run producer(0);
		run producer(1);
		run thread(0);
		run thread(1)
	}
#ifdef MODEL_SAFETY
	/* When nothing moves any more: timeout is true in such a state only. */
	timeout;
	assert(ALL_PUSHED);
	assert(queue == 0 && taken == 2 * PUSHES);
	assert(parked[0] == PARKED && parked[1] == PARKED);
	assert(nparked == THREADS && searching == 0)
#endif
}

#ifdef MODEL_LIVENESS
ltl taken_all { <> (taken == 2 * PUSHES) }
#endif
