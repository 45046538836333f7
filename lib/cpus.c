/*
 * cpus - affinity and cgroup quota.
 *
 * Purpose    read what the kernel will let us use, from the files by which it
 *            tells: /proc/self/cgroup says which cgroup is ours,
 *            /proc/self/mountinfo where its files are.
 * Shape      Version 2 and version 1 may be mounted side by side, and a quota
 *            holds for all below it: every mount that shows our cgroup is
 *            walked from our cgroup up to the mount point, and the least quota
 *            counts.
 *
 *              version 2  cpu.max            "150000 100000" or "max 100000"
 *              version 1  cpu.cfs_quota_us   "150000" or "-1"
 *                         cpu.cfs_period_us  "100000"
 *
 * Failure    no file, a file that cannot be read, a line that is too long or
 *            nonsense: as if it were not there.  Too many threads are slow,
 *            a daemon that does not start is worse.
 * Bounds     FILE_BYTES_MAX of a file, LINE_BYTES of a line, four times that
 *            on the stack.
 * Proof      test/weir/test_cpus.c
 */
#include "cpus.h"
#include "base/sys.h"

#include <weir/weir.h>

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define FILE_BYTES_MAX (4u << 20)
#define LINE_BYTES 4096
#define NAME_BYTES 32  /* "/cpu.cfs_period_us" */
#define VALUE_BYTES 64 /* two numbers */

#define TASK_THREADS_MIN 2 /* by default */
#define CPUS_PER_POLLER 8

/* A file, line by line. */
struct cpus_file {
	int fd;
	size_t left;    /* bytes that may still be read */
	size_t at, len; /* what is read and not handed out */
	bool skip;      /* in the middle of a line that is too long */
	char text[LINE_BYTES + 1];
};

struct cpus_search {
	const char *root; /* "" for "/" */
	unsigned quota;   /* the least so far, 0: none */
	/* The cgroups of this process; "": none. */
	char v1[LINE_BYTES];
	char v2[LINE_BYTES];
	char path[LINE_BYTES + NAME_BYTES]; /* being looked at */
};

static bool
file_open(struct cpus_file *f, const char *root, const char *name)
{
	char path[LINE_BYTES];
	int n = snprintf(path, sizeof(path), "%s%s", root, name);

	if (n < 0 || (size_t)n >= sizeof(path)) {
		return false;
	}
	f->fd = wri_sys_open(path, O_RDONLY, 0);
	f->left = FILE_BYTES_MAX;
	f->at = f->len = 0;
	f->skip = false;
	return f->fd >= 0;
}

/* The next line, valid until the next call; NULL: no more. */
static char *
file_line(struct cpus_file *f)
{
	for (;;) {
		char *line = f->text + f->at;
		char *end = memchr(line, '\n', f->len - f->at);
		size_t room;
		ssize_t n;

		if (end != NULL) {
			*end = '\0';
			f->at = (size_t)(end + 1 - f->text);
			if (!f->skip) {
				return line;
			}
			f->skip = false;
			continue;
		}
		f->len -= f->at;
		memmove(f->text, line, f->len);
		f->at = 0;
		if (f->len == LINE_BYTES) {
			f->skip = true;
			f->len = 0;
		}
		room = LINE_BYTES - f->len;
		n = f->left == 0 ? -1
				 : wri_sys_read(f->fd, f->text + f->len,
				       room < f->left ? room : f->left);
		if (n > 0) {
			f->len += (size_t)n;
			f->left -= (size_t)n;
			continue;
		}
		/* The last line may lack its end, but not its text. */
		f->left = 0;
		f->at = f->len;
		f->text[f->len] = '\0';
		return n == 0 && !f->skip && f->len > 0 ? f->text : NULL;
	}
}

/* A file that is one short line; false: it is not. */
static bool
value_read(char value[VALUE_BYTES], const char *path)
{
	int fd = wri_sys_open(path, O_RDONLY, 0);
	ssize_t n;

	if (fd < 0) {
		return false;
	}
	n = wri_sys_read(fd, value, VALUE_BYTES - 1);
	(void)wri_sys_close(fd);
	if (n <= 0 || n == VALUE_BYTES - 1) {
		return false;
	}
	if (value[n - 1] == '\n') {
		n--;
	}
	value[n] = '\0';
	return strlen(value) == (size_t)n;
}

/* Digits up to the byte end; NULL: something else, else what follows it. */
static const char *
value_number(uint64_t *number, const char *text, char end)
{
	uint64_t n = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (n > (UINT64_MAX - 9) / 10) {
			return NULL;
		}
		n = n * 10 + (uint64_t)(*p - '0');
	}
	if (p == text || *p != end) {
		return NULL;
	}
	*number = n;
	return p + 1;
}

static void
search_found(struct cpus_search *s, uint64_t quota, uint64_t period)
{
	uint64_t cpus;

	if (quota == 0 || period == 0) {
		return;
	}
	cpus = quota / period + (quota % period != 0);
	if (cpus <= UINT_MAX && (s->quota == 0 || cpus < s->quota)) {
		s->quota = (unsigned)cpus;
	}
}

/* Look at the directory that is the first len bytes of path. */
static void
search_dir_v2(struct cpus_search *s, size_t len)
{
	char value[VALUE_BYTES];
	uint64_t quota, period;
	const char *rest;

	snprintf(s->path + len, NAME_BYTES, "/cpu.max");
	if (!value_read(value, s->path)) {
		return;
	}
	rest = value_number(&quota, value, ' ');
	if (rest != NULL && value_number(&period, rest, '\0') != NULL) {
		search_found(s, quota, period);
	}
}

static void
search_dir_v1(struct cpus_search *s, size_t len)
{
	char value[VALUE_BYTES];
	uint64_t quota, period;

	snprintf(s->path + len, NAME_BYTES, "/cpu.cfs_quota_us");
	if (!value_read(value, s->path) ||
	    value_number(&quota, value, '\0') == NULL) {
		return;
	}
	snprintf(s->path + len, NAME_BYTES, "/cpu.cfs_period_us");
	if (value_read(value, s->path) &&
	    value_number(&period, value, '\0') != NULL) {
		search_found(s, quota, period);
	}
}

/* What of a cgroup's path lies below a mount's root; NULL: it is elsewhere. */
static const char *
cgroup_below(const char *cgroup, const char *mount_root)
{
	size_t n = strlen(mount_root);
	const char *below = cgroup + n;

	if (cgroup[0] == '\0') {
		return NULL;
	}
	if (strcmp(mount_root, "/") == 0) {
		below = cgroup;
	} else if (strncmp(cgroup, mount_root, n) != 0 ||
		   (*below != '\0' && *below != '/')) {
		return NULL;
	}
	/* Out of our namespace: the mount does not show it. */
	for (const char *p = below; (p = strstr(p, "/..")) != NULL; p += 3) {
		if (p[3] == '\0' || p[3] == '/') {
			return NULL;
		}
	}
	return below;
}

/* Walk from our cgroup to the mount point. */
static void
search_walk(struct cpus_search *s, const char *mount_point, const char *below,
    void (*look)(struct cpus_search *, size_t))
{
	int n = snprintf(
	    s->path, LINE_BYTES, "%s%s%s", s->root, mount_point, below);
	size_t top = strlen(s->root) + strlen(mount_point);
	size_t len = (size_t)n;

	if (n < 0 || n >= LINE_BYTES) {
		return;
	}
	for (;;) {
		while (len > top && s->path[len - 1] == '/') {
			len--;
		}
		look(s, len);
		if (len == top) {
			return;
		}
		while (len > top && s->path[len - 1] != '/') {
			len--;
		}
	}
}

/* Is word an element of the list a,b,c? */
static bool
list_has(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (;;) {
		size_t len = strcspn(list, ",");

		if (len == n && memcmp(list, word, n) == 0) {
			return true;
		}
		if (list[len] == '\0') {
			return false;
		}
		list += len + 1;
	}
}

/* Octal escapes of mountinfo, in place: \040 is a blank. */
static void
octal_undo(char *text)
{
	char *to = text;

	for (const char *p = text; *p != '\0'; p++) {
		if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' &&
		    p[2] <= '7' && p[3] >= '0' && p[3] <= '7') {
			*to++ = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 |
				       (p[3] - '0'));
			p += 3;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
}

/* ID PARENT DEVICE ROOT POINT OPTIONS [...] - TYPE SOURCE OPTIONS */
static void
search_mount(struct cpus_search *s, char *line)
{
	char *field[6];
	char *type, *options;
	const char *below;

	for (size_t i = 0; i < 6; i++) {
		field[i] = strsep(&line, " ");
	}
	do {
		type = strsep(&line, " ");
	} while (type != NULL && strcmp(type, "-") != 0);
	type = strsep(&line, " ");
	(void)strsep(&line, " ");
	options = strsep(&line, " ");
	if (options == NULL) {
		return;
	}
	octal_undo(field[3]);
	octal_undo(field[4]);
	if (strcmp(type, "cgroup2") == 0) {
		below = cgroup_below(s->v2, field[3]);
		if (below != NULL) {
			search_walk(s, field[4], below, search_dir_v2);
		}
	} else if (strcmp(type, "cgroup") == 0 && list_has(options, "cpu")) {
		below = cgroup_below(s->v1, field[3]);
		if (below != NULL) {
			search_walk(s, field[4], below, search_dir_v1);
		}
	}
}

/* ID:CONTROLLERS:PATH; version 2 is 0::PATH. */
static void
search_cgroup(struct cpus_search *s, char *line)
{
	const char *id = strsep(&line, ":");
	const char *controllers = strsep(&line, ":");

	if (line == NULL || line[0] != '/') {
		return;
	}
	if (controllers[0] == '\0' && strcmp(id, "0") == 0) {
		snprintf(s->v2, sizeof(s->v2), "%s", line);
	} else if (list_has(controllers, "cpu")) {
		snprintf(s->v1, sizeof(s->v1), "%s", line);
	}
}

static void
search_file(struct cpus_search *s, const char *name,
    void (*take)(struct cpus_search *, char *))
{
	struct cpus_file f;
	char *line;

	if (!file_open(&f, s->root, name)) {
		return;
	}
	while ((line = file_line(&f)) != NULL) {
		take(s, line);
	}
	(void)wri_sys_close(f.fd);
}

unsigned
wri_cpus_quota(const char *root)
{
	struct cpus_search s = {.root = root != NULL ? root : ""};

	search_file(&s, "/proc/self/cgroup", search_cgroup);
	search_file(&s, "/proc/self/mountinfo", search_mount);
	return s.quota;
}

unsigned
wri_cpus(const char *root)
{
	unsigned cpus = wri_sys_cpus();
	unsigned quota = wri_cpus_quota(root);

	return quota != 0 && quota < cpus ? quota : cpus;
}

static int
cpus_clamp(unsigned n, int least, int most)
{
	return n < (unsigned)least ? least : n > (unsigned)most ? most : (int)n;
}

int
wri_cpus_task_threads(unsigned cpus)
{
	return cpus_clamp(cpus, TASK_THREADS_MIN, WEIR_TASK_THREADS_MAX);
}

int
wri_cpus_poller_threads(unsigned cpus)
{
	return cpus_clamp(cpus / CPUS_PER_POLLER, 1, WEIR_POLLER_THREADS_MAX);
}
