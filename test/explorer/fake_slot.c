/*
 * fake_slot - see fake_slot.h.
 *
 * Rules      a wake that comes before the wait is kept, as an eventfd keeps
 *            it; events are fetched all at once and fed in their order.
 */
#include "explorer/fake_slot.h"

#include "explorer/explorer.h"

#include <string.h>

#define WOKEN 0x10000u

void
fake_slot_init(struct fake_slot *s)
{
	memset(s, 0, sizeof *s);
	x_name(&s->word, sizeof s->word, "slot");
}

void
fake_slot_inject(struct fake_slot *s, struct wri_task *task)
{
	X_ASSERT(s->injected < FAKE_EVENTS_MAX);
	s->tasks[s->injected++] = task;
	wri_add(&s->word, 1, WRI_SC);
	wri_futex_wake(&s->word, 1);
}

static unsigned
fake_wait(void *arg, bool block)
{
	struct fake_slot *s = arg;
	uint32_t word;

	X_ASSERT(s->owner == NULL);
	s->owner = wri_runner_self();
	s->waits++;
	while ((word = wri_xchg(&s->word, 0, WRI_SC)) == 0 && block) {
		s->sleeping = 1;
		(void)wri_futex_wait(&s->word, 0, WEIR_NEVER);
		s->sleeping = 0;
	}
	X_ASSERT(s->owner == wri_runner_self());
	s->fetched += word & ~WOKEN;
	if (s->fetched == s->fed) {
		s->owner = NULL;
	}
	return s->fetched - s->fed;
}

static void
fake_feed(void *arg)
{
	struct fake_slot *s = arg;

	while (s->fed < s->fetched) {
		X_ASSERT(s->owner == wri_runner_self());
		wri_exec_post(NULL, s->tasks[s->fed++]);
	}
	s->owner = NULL;
}

static void
fake_wake(void *arg)
{
	struct fake_slot *s = arg;

	wri_or(&s->word, WOKEN, WRI_SC);
	wri_futex_wake(&s->word, 1);
}

const struct wri_role_ops fake_slot_ops = {
    .wait = fake_wait,
    .feed = fake_feed,
    .wake = fake_wake,
};
