/*
 * life - the page that a fork wipes.
 *
 * Purpose    see life.h.
 * Ownership  the page is kept until the process ends: a child must still find
 *            it, and a thread may look at any time.
 */
#include "base/life.h"

#include <sys/mman.h>
#include <unistd.h>

struct wri_life wri_life;

weir_err
wri_life_prepare(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *page;

	if (wri_life.page != NULL) {
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
	wri_life.page = page;
	return WEIR_OK;
}
