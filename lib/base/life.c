/*
 * life - the state of the library, who is inside, the page that a fork wipes.
 *
 * Purpose    see life.h.
 * Ownership  the page is kept until the process ends: a child must still find
 *            it, and a thread may look at any time.
 * Progress   enter and leave never wait; set waits for those inside, who do
 *            not block.
 * Pairs      L1, L2, L3 (life.h).
 * Proof      test/explorer/x_life.c, test/weir/test_ending.c,
 * test/weir/test_fork.c
 */
#include "base/life.h"

#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>

struct wri_life wri_life;

weir_err
wri_life_prepare(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *page;

	if (wri_load(&wri_life.page, WRI_RLX) != NULL) {
		return WEIR_OK;
	}
	page = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED) {
		return WEIR_ENOMEM;
	}
	if (madvise(page, size, MADV_WIPEONFORK) != 0) {
		/* A kernel before 4.14: no detection. */
		(void)munmap(page, size);
		return WEIR_OK;
	}
	*page = 1;
	wri_store(&wri_life.page, page, WRI_REL); /* L3 */
	return WEIR_OK;
}

static void
life_left(void)
{
	if (wri_sub(&wri_life.inside, 1, WRI_SC) == 1 && /* L2 */
	    wri_load(&wri_life.state, WRI_SC) != WRI_LIFE_UP) {
		wri_futex_wake(&wri_life.inside, INT_MAX);
	}
}

static weir_err
life_enter(enum wri_life_state least)
{
	if (wri_life_forked()) {
		return WEIR_EFORK;
	}
	wri_add(&wri_life.inside, 1, WRI_SC);                       /* L2 */
	if (wri_load(&wri_life.state, WRI_SC) >= (uint32_t)least) { /* L2 */
		wri_life_deeper(1);
		return WEIR_OK;
	}
	life_left();
	return WEIR_ESTATE;
}

weir_err
wri_life_enter(void)
{
	return life_enter(WRI_LIFE_UP);
}

weir_err
wri_life_visit(void)
{
	return life_enter(WRI_LIFE_ENDS);
}

void
wri_life_leave(void)
{
	wri_life_deeper(-1);
	life_left();
}

void
wri_life_set(enum wri_life_state state)
{
	uint32_t n;

	wri_store(&wri_life.state, state, WRI_SC); /* L1, L2 */
	while (state != WRI_LIFE_UP &&
	       (n = wri_load(&wri_life.inside, WRI_SC)) != 0) { /* L2 */
		(void)wri_futex_wait(&wri_life.inside, n, WEIR_NEVER);
	}
}
