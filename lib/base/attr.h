/*
 * attr - attributes of the workshop: cache lines, branches.
 */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

/* Bytes that two cores cannot write without disturbing each other. */
#define WRI_LINE 64
#define WRI_ALIGNED __attribute__((aligned(WRI_LINE)))

#define wri_likely(x) __builtin_expect(!!(x), 1)
#define wri_unlikely(x) __builtin_expect(!!(x), 0)

/* The struct that has this member. */
#define wri_container(p, type, member)                                         \
	((type *)(void *)((char *)(p)-offsetof(type, member)))

#endif
