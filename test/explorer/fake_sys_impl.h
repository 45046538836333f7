/*
 * fake_sys_impl - what the files of the fake kernel share.
 *
 * Shape      fake_sys.c has the table of files, epoll, poll and eventfd;
 *            fake_net.c, when it is up, what a file of FAKE_NET does.
 */
#ifndef EXPLORER_FAKE_SYS_IMPL_H
#define EXPLORER_FAKE_SYS_IMPL_H

#include "explorer/fake_sys.h"

#include "base/sys.h"

#include <weir/time.h>

/* What files of FAKE_NET do, for fake_sys.c. */
struct fake_net_ops {
	uint32_t (*level)(struct fake_file *f);
	ssize_t (*read)(struct fake_file *f, void *buf, size_t len);
	void (*close)(struct fake_file *f); /* its number has gone */
	weir_time (*due)(void);  /* the next time that something happens */
	void (*tick)(void);      /* it is time */
	bool (*interrupt)(void); /* a wait ends for no reason */
};

/* NULL: there are none. */
extern const struct fake_net_ops *fake_sys_net;

/* number < 0: the lowest that is free; none: it gets one later. */
struct fake_file *fake_file_new(enum fake_kind kind, bool numbered);
void fake_file_number(struct fake_file *f);
/* NULL: no such number. */
struct fake_file *fake_file_at(int number);
/* Something has happened, and can be seen already: tell. */
void fake_edge(struct fake_file *f);
/* Until something has happened since the count, or the time has come. */
uint32_t fake_changes(void);
void fake_await(uint32_t seen, weir_time until);

#endif
