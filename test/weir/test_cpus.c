/*
 * test_cpus - affinity and cgroup quota, from made-up /proc and /sys.
 */
#include "base/sys.h"
#include "cpus.h"
#include "support/fault.h"
#include "support/run.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOUNT_V2                                                               \
	"30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 "    \
	"rw,nsdelegate\n"
#define MOUNT_V1                                                               \
	"32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup "        \
	"cgroup rw,cpu,cpuacct\n"
#define DIR_V1 "/sys/fs/cgroup/cpu,cpuacct"

/* For machines of so many times 1024 processors. */
#define AFFINITY_SETS 64

static char root[64]; /* of the made-up machine */

/* Write a file of the made-up machine, and its directories. */
static void
put_bytes(const char *name, const void *bytes, size_t len)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s%s", root, name);
	FILE *f;

	ck_assert(n > 0 && (size_t)n < sizeof(path));
	for (char *p = path + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		ck_assert(mkdir(path, 0755) == 0 || errno == EEXIST);
		*p = '/';
	}
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

static void
put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

/* A process in one cgroup of each version, both mounted where they use to be.
 */
static void
put_process(const char *v2, const char *v1)
{
	char text[2 * PATH_MAX];

	snprintf(text, sizeof(text),
	    "12:memory:/m\n4:cpu,cpuacct:%s\n3:cpuset:/s\n1:name=systemd:/n\n"
	    "0::%s\n",
	    v1, v2);
	put("/proc/self/cgroup", text);
	put("/proc/self/mountinfo",
	    "23 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
	    "25 23 0:5 / /proc rw - proc proc rw\n" MOUNT_V2
	    "33 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
	    "34 31 0:31 / /sys/fs/cgroup/s rw - cgroup cgroup "
	    "rw,name=cpu\n" MOUNT_V1);
}

static void
put_v1(const char *dir, const char *quota, const char *period)
{
	char name[PATH_MAX];

	snprintf(name, sizeof(name), DIR_V1 "%s/cpu.cfs_quota_us", dir);
	put(name, quota);
	snprintf(name, sizeof(name), DIR_V1 "%s/cpu.cfs_period_us", dir);
	put(name, period);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
setup(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(root, sizeof(root), "%.40s/weir-cpus-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static void
teardown(void)
{
	wri_sys_fail_at(WRI_SYS_OPEN, 0, 0);
	wri_sys_fail_at(WRI_SYS_READ, 0, 0);
	ck_assert_int_eq(nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* Version 2. */

START_TEST(v2_quota_is_rounded_up)
{
	static const struct {
		const char *text;
		unsigned cpus;
	} cases[] = {
	    {"150000 100000\n", 2},
	    {"200000 100000\n", 2},
	    {"200001 100000\n", 3},
	    {"1000 100000\n", 1},
	    {"100000 100000", 1},
	    {"12800000 100000\n", 128},
	    {"100000 1000\n", 100},
	};

	put_process("/app", "/");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put("/sys/fs/cgroup/app/cpu.max", cases[i].text);
		ck_assert_uint_eq(wri_cpus_quota(root), cases[i].cpus);
	}
}
END_TEST

START_TEST(v2_max_is_no_quota)
{
	put_process("/app", "/");
	put("/sys/fs/cgroup/app/cpu.max", "max 100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 0);
}
END_TEST

START_TEST(v2_a_lower_quota_of_any_ancestor_counts)
{
	put_process("/a/b/c", "/");
	put("/sys/fs/cgroup/a/b/c/cpu.max", "800000 100000\n");
	put("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
	put("/sys/fs/cgroup/a/cpu.max", "250000 100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 3);
	/* The mount point itself, as inside a container. */
	put("/sys/fs/cgroup/cpu.max", "100000 100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 1);
}
END_TEST

START_TEST(v2_a_higher_quota_of_an_ancestor_does_not_count)
{
	put_process("/a/b", "/");
	put("/sys/fs/cgroup/a/b/cpu.max", "200000 100000\n");
	put("/sys/fs/cgroup/a/cpu.max", "600000 100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 2);
}
END_TEST

START_TEST(v2_a_quota_of_a_sibling_does_not_count)
{
	put_process("/a/b", "/");
	put("/sys/fs/cgroup/a/c/cpu.max", "100000 100000\n");
	put("/sys/fs/cgroup/a/bb/cpu.max", "100000 100000\n");
	put("/sys/fs/cgroup/a/b/x/cpu.max", "100000 100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 0);
}
END_TEST

START_TEST(v2_our_cgroup_may_be_the_mount_point)
{
	put_process("/", "/");
	put("/sys/fs/cgroup/cpu.max", "300000 100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 3);
}
END_TEST

START_TEST(v2_a_mount_may_show_a_part_of_the_tree)
{
	put("/proc/self/cgroup", "0::/docker/abc/job\n");
	put("/proc/self/mountinfo",
	    "30 23 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
	put("/sys/fs/cgroup/job/cpu.max", "max 100000\n");
	put("/sys/fs/cgroup/cpu.max", "400000 100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 4);
	/* The part is our cgroup. */
	put("/proc/self/cgroup", "0::/docker/abc\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 4);
}
END_TEST

START_TEST(v2_a_mount_that_does_not_show_our_cgroup_does_not_count)
{
	static const char *const cgroups[] = {"0::/docker/abcd\n",
	    "0::/docker\n", "0::/\n", "0::/x/docker/abc\n",
	    "0::/docker/abc/../abd\n", "0::/docker/abc/..\n"};

	put("/proc/self/mountinfo",
	    "30 23 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
	put("/sys/fs/cgroup/cpu.max", "400000 100000\n");
	for (size_t i = 0; i < sizeof(cgroups) / sizeof(cgroups[0]); i++) {
		put("/proc/self/cgroup", cgroups[i]);
		ck_assert_uint_eq(wri_cpus_quota(root), 0);
	}
}
END_TEST

START_TEST(v2_a_cgroup_out_of_our_namespace_does_not_count)
{
	put_process("/../other", "/");
	put("/sys/fs/cgroup/cpu.max", "100000 100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 0);
	/* A name may begin like that. */
	put_process("/..other", "/");
	ck_assert_uint_eq(wri_cpus_quota(root), 1);
}
END_TEST

START_TEST(v2_blanks_in_names_are_understood)
{
	put("/proc/self/cgroup", "0::/my app:1\n");
	put("/proc/self/mountinfo",
	    "30 23 0:26 / /mnt/c\\040\\134g rw - cgroup2 none rw\n");
	put("/mnt/c \\g/my app:1/cpu.max", "200000 100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 2);
}
END_TEST

START_TEST(v2_optional_fields_and_an_empty_source_are_understood)
{
	put("/proc/self/cgroup", "0::/a\n");
	put("/proc/self/mountinfo",
	    "30 23 0:26 / /c rw shared:1 master:2 unbindable - cgroup2  rw\n");
	put("/c/a/cpu.max", "200000 100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 2);
}
END_TEST

/* Version 1. */

START_TEST(v1_quota_is_rounded_up)
{
	put_process("/", "/app");
	put_v1("/app", "150000\n", "100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 2);
	put_v1("/app", "50000\n", "100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 1);
}
END_TEST

START_TEST(v1_minus_one_is_no_quota)
{
	put_process("/", "/app");
	put_v1("/app", "-1\n", "100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 0);
}
END_TEST

START_TEST(v1_a_lower_quota_of_any_ancestor_counts)
{
	put_process("/", "/a/b");
	put_v1("/a/b", "-1\n", "100000\n");
	put_v1("/a", "120000\n", "50000\n");
	put_v1("", "900000\n", "100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 3);
}
END_TEST

START_TEST(v1_a_quota_without_its_period_is_no_quota)
{
	put_process("/", "/app");
	put(DIR_V1 "/app/cpu.cfs_quota_us", "150000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 0);
}
END_TEST

START_TEST(v1_other_controllers_do_not_count)
{
	put("/proc/self/cgroup", "3:cpuset,cpuacct:/a\n1:name=cpu:/a\n");
	put("/proc/self/mountinfo", MOUNT_V1);
	put_v1("/a", "100000\n", "100000\n");
	put_v1("", "100000\n", "100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 0);
}
END_TEST

START_TEST(the_lower_one_of_both_versions_counts)
{
	put_process("/a", "/b");
	put("/sys/fs/cgroup/a/cpu.max", "300000 100000\n");
	put_v1("/b", "500000\n", "100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 3);
	put_v1("/b", "200000\n", "100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 2);
}
END_TEST

/* What is wrong. */

START_TEST(nothing_there_is_no_quota)
{
	ck_assert_uint_eq(wri_cpus_quota(root), 0);
	ck_assert_uint_ge(wri_cpus(root), 1);
	ck_assert_uint_eq(wri_cpus_quota("/nonexistent/weir"), 0);
}
END_TEST

START_TEST(any_one_file_missing_is_no_quota)
{
	put("/proc/self/cgroup", "0::/a\n");
	put("/sys/fs/cgroup/a/cpu.max", "100000 100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 0);
	put_process("/none", "/none");
	ck_assert_uint_eq(wri_cpus_quota(root), 0);
}
END_TEST

static const char *const garbage[] = {"", "\n", " ", "max", "max\n", "100000",
    "100000\n", "100000 ", " 100000 100000", "100000  100000", "100000 100000 ",
    "100000 100000 1", "-1 100000", "100000 -1", "0 100000", "100000 0", "0 0",
    "+1 1", "1.5 1", "0x10 1", "1e5 1", "one two", "100000\t100000",
    "99999999999999999999 1", "18446744073709551616 1",
    "1 99999999999999999999", "18446744073709551615 1", "\xff\xfe", "%s%n",
    "000000000000000000000000000000000000000000000000000000000000001 1",
    "1 00000000000000000000000000000000000000000000000000000000000000001"};

START_TEST(a_cpu_max_that_is_nonsense_is_no_quota)
{
	put_process("/a", "/a");
	put("/sys/fs/cgroup/a/cpu.max", garbage[_i]);
	put_v1("/a", garbage[_i], "100000\n");
	/* Alone, some are a good number: then a bad period is tried. */
	if (strncmp(garbage[_i], "100000", 6) == 0) {
		put_v1("/a", "100000\n", "x");
	}
	ck_assert_uint_eq(wri_cpus_quota(root), 0);
	/* And does not hide the others. */
	put("/sys/fs/cgroup/cpu.max", "700000 100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 7);
	put("/sys/fs/cgroup/a/cpu.max", "600000 100000\n");
	put("/sys/fs/cgroup/cpu.max", garbage[_i]);
	ck_assert_uint_eq(wri_cpus_quota(root), 6);
}
END_TEST

START_TEST(a_zero_byte_is_nonsense)
{
	put_process("/a", "/");
	put_bytes("/sys/fs/cgroup/a/cpu.max", "100000 100000\0 2\n", 17);
	ck_assert_uint_eq(wri_cpus_quota(root), 0);
}
END_TEST

START_TEST(proc_files_that_are_nonsense_are_no_quota)
{
	static const char *const cgroups[] = {"", "\n\n", "0",
	    "0:", "0::", "0::a", "::", ":::", "1::/a", "cpu", "0:cpu",
	    "1:cpu:", "1:cpu:a", "1:cp:/a", "1:,,:/a", "\xff\xff\n:::::\n"};
	static const char *const mounts[] = {"", "\n", " ", "- ", " - ",
	    "- cgroup2", "1 2 3 / /c", "1 2 3 / /c rw", "1 2 3 / /c rw -",
	    "1 2 3 / /c rw - cgroup2", "1 2 3 / /c rw - cgroup2 c",
	    "1 2 3 / /c rw cgroup2 c rw", "1 2 3 / /\\400 - cgroup2 c rw",
	    "1 2 3 / /\\0 rw - cgroup2 c rw", "1 2 3 / /\\ rw - cgroup2 c rw",
	    "1 2 3 /\\000 \\000 rw - cgroup2 c rw", "          - cgroup2 c "};

	put("/c/cpu.max", "100000 100000\n");
	put("/c/a/cpu.max", "100000 100000\n");
	put("/c/a/cpu.cfs_quota_us", "100000");
	put("/c/a/cpu.cfs_period_us", "100000");
	put("/proc/self/mountinfo", "1 2 3 / /c rw - cgroup2 c rw\n"
				    "1 2 3 / /c rw - cgroup c rw,cpu\n");
	for (size_t i = 0; i < sizeof(cgroups) / sizeof(cgroups[0]); i++) {
		put("/proc/self/cgroup", cgroups[i]);
		ck_assert_uint_eq(wri_cpus_quota(root), 0);
	}
	put("/proc/self/cgroup", "0::/a\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 1);
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		put("/proc/self/mountinfo", mounts[i]);
		ck_assert_uint_eq(wri_cpus_quota(root), 0);
	}
}
END_TEST

/* A line of n bytes and a newline, then text. */
static void
put_after_long_line(const char *name, size_t n, const char *text)
{
	char *bytes = malloc(n + 1 + strlen(text));

	ck_assert_ptr_nonnull(bytes);
	memset(bytes, 'x', n);
	bytes[n] = '\n';
	memcpy(bytes + n + 1, text, strlen(text));
	put_bytes(name, bytes, n + 1 + strlen(text));
	free(bytes);
}

START_TEST(long_lines_are_passed_over)
{
	static const size_t lens[] = {
	    4094, 4095, 4096, 4097, 8191, 8192, 8193, 100000};

	put("/sys/fs/cgroup/a/cpu.max", "200000 100000\n");
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		put_after_long_line("/proc/self/cgroup", lens[i], "0::/a\n");
		put_after_long_line("/proc/self/mountinfo", lens[i], MOUNT_V2);
		ck_assert_uint_eq(wri_cpus_quota(root), 2);
	}
}
END_TEST

START_TEST(the_end_of_a_long_line_is_no_line)
{
	static const size_t lens[] = {4096, 8192, 12288};
	static const char tail[] = "0::/a\n";

	put("/sys/fs/cgroup/a/cpu.max", "200000 100000\n");
	put("/proc/self/mountinfo", MOUNT_V2);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		char bytes[12288 + sizeof(tail)];

		memset(bytes, 'x', lens[i]);
		memcpy(bytes + lens[i], tail, sizeof(tail));
		put("/proc/self/cgroup", bytes);
		ck_assert_uint_eq(wri_cpus_quota(root), 0);
	}
}
END_TEST

START_TEST(a_last_line_without_newline_is_a_line)
{
	put("/proc/self/cgroup", "1:cpuset:/b\n0::/a");
	put("/proc/self/mountinfo", "1 2 3 / /c rw - cgroup2 c rw");
	put("/c/a/cpu.max", "200000 100000");
	ck_assert_uint_eq(wri_cpus_quota(root), 2);
}
END_TEST

START_TEST(a_file_is_not_read_for_ever)
{
	put("/sys/fs/cgroup/a/cpu.max", "200000 100000\n");
	put("/proc/self/cgroup", "0::/a\n");
	put_after_long_line("/proc/self/mountinfo", 5 << 20, MOUNT_V2);
	ck_assert_uint_eq(wri_cpus_quota(root), 0);
}
END_TEST

START_TEST(a_deep_cgroup_is_walked_and_a_deeper_one_is_no_quota)
{
	char path[4200] = "";
	char line[4300];

	put("/proc/self/mountinfo", MOUNT_V2);
	put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
	for (size_t len = 0; len < 4000; len += 2) {
		memcpy(path + len, "/d", 3);
	}
	snprintf(line, sizeof(line), "0::%s\n", path);
	put("/proc/self/cgroup", line);
	ck_assert_uint_eq(wri_cpus_quota(root), 2);
	for (size_t len = 4000; len < 4090; len += 2) {
		memcpy(path + len, "/d", 3);
	}
	snprintf(line, sizeof(line), "0::%s\n", path);
	put("/proc/self/cgroup", line);
	ck_assert_uint_eq(wri_cpus_quota(root), 0);
}
END_TEST

START_TEST(a_directory_in_place_of_a_file_is_no_quota)
{
	put_process("/a", "/a");
	put("/sys/fs/cgroup/a/cpu.max/x", "");
	put(DIR_V1 "/a/cpu.cfs_quota_us/x", "");
	ck_assert_uint_eq(wri_cpus_quota(root), 0);
}
END_TEST

START_TEST(every_open_and_read_may_fail)
{
	static const enum wri_sys_call calls[] = {WRI_SYS_OPEN, WRI_SYS_READ};

	put_process("/a", "/b");
	put("/sys/fs/cgroup/a/cpu.max", "200000 100000\n");
	put_v1("/b", "200000\n", "100000\n");
	for (size_t c = 0; c < 2; c++) {
		for (unsigned n = 1;; n++) {
			unsigned quota;
			bool done;

			wri_sys_fail_at(calls[c], n, EIO);
			quota = wri_cpus_quota(root);
			done = wri_sys_calls(calls[c]) < n;
			wri_sys_fail_at(calls[c], 0, 0);
			ck_assert(quota == 0 || quota == 2);
			ck_assert_uint_lt(n, 100);
			if (done) {
				ck_assert_uint_eq(quota, 2);
				break;
			}
		}
	}
}
END_TEST

static unsigned
open_fds(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++) {
		n += fcntl(fd, F_GETFD) >= 0;
	}
	return n;
}

START_TEST(no_descriptor_is_left)
{
	unsigned before;

	put_process("/a/b", "/b/c");
	put("/sys/fs/cgroup/a/cpu.max", "200000 100000\n");
	put_v1("/b", "200000\n", "100000\n");
	before = open_fds();
	ck_assert_uint_eq(wri_cpus_quota(root), 2);
	ck_assert_uint_eq(open_fds(), before);
	wri_sys_fail_at(WRI_SYS_READ, 1, EIO);
	ck_assert_uint_eq(wri_cpus_quota(root), 0);
	ck_assert_uint_eq(open_fds(), before);
}
END_TEST

/* Affinity. */

/* wri_cpus in a child that may run on n processors; 0: it may not choose. */
static unsigned
cpus_on(unsigned n)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		cpu_set_t have[AFFINITY_SETS] = {0};
		cpu_set_t want[AFFINITY_SETS] = {0};
		unsigned left = n;

		if (sched_getaffinity(0, sizeof(have), have) != 0) {
			_exit(0);
		}
		for (size_t i = 0; i < 8 * sizeof(have) && left > 0; i++) {
			if (CPU_ISSET_S(i, sizeof(have), have)) {
				CPU_SET_S(i, sizeof(want), want);
				left--;
			}
		}
		if (left > 0 || sched_setaffinity(0, sizeof(want), want) != 0) {
			_exit(0);
		}
		_exit((int)wri_cpus(root));
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return (unsigned)WEXITSTATUS(status);
}

START_TEST(affinity_counts)
{
	for (unsigned n = 1; n <= 4; n++) {
		unsigned cpus = cpus_on(n);

		/* This machine may have fewer than n. */
		ck_assert(cpus == n || (cpus == 0 && n > 1));
	}
}
END_TEST

START_TEST(the_lower_one_of_affinity_and_quota_counts)
{
	unsigned all = wri_sys_cpus();

	put_process("/a", "/");
	put("/sys/fs/cgroup/a/cpu.max", "100000 100000\n");
	ck_assert_uint_eq(wri_cpus(root), 1);
	put("/sys/fs/cgroup/a/cpu.max", "6400000000 100000\n");
	ck_assert_uint_eq(wri_cpus_quota(root), 64000);
	ck_assert_uint_eq(wri_cpus(root), all);
	put("/sys/fs/cgroup/a/cpu.max", "150000 100000\n");
	ck_assert_uint_eq(wri_cpus(root), all < 2 ? all : 2);
	ck_assert_uint_eq(cpus_on(1), 1);
}
END_TEST

START_TEST(this_machine_has_some)
{
	ck_assert_uint_ge(wri_cpus(NULL), 1);
	ck_assert_uint_le(wri_cpus(NULL), wri_sys_cpus());
	ck_assert_uint_eq(wri_cpus(NULL), wri_cpus("/"));
	ck_assert_uint_eq(wri_cpus_quota(NULL), wri_cpus_quota("/"));
}
END_TEST

static TCase *
tcase_of(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(suite, tc);
	return tc;
}

int
main(void)
{
	Suite *suite = suite_create("weir");
	TCase *tc = tcase_of(suite, "cgroup v2");

	tcase_add_test(tc, v2_quota_is_rounded_up);
	tcase_add_test(tc, v2_max_is_no_quota);
	tcase_add_test(tc, v2_a_lower_quota_of_any_ancestor_counts);
	tcase_add_test(tc, v2_a_higher_quota_of_an_ancestor_does_not_count);
	tcase_add_test(tc, v2_a_quota_of_a_sibling_does_not_count);
	tcase_add_test(tc, v2_our_cgroup_may_be_the_mount_point);
	tcase_add_test(tc, v2_a_mount_may_show_a_part_of_the_tree);
	tcase_add_test(
	    tc, v2_a_mount_that_does_not_show_our_cgroup_does_not_count);
	tcase_add_test(tc, v2_a_cgroup_out_of_our_namespace_does_not_count);
	tcase_add_test(tc, v2_blanks_in_names_are_understood);
	tcase_add_test(
	    tc, v2_optional_fields_and_an_empty_source_are_understood);

	tc = tcase_of(suite, "cgroup v1");
	tcase_add_test(tc, v1_quota_is_rounded_up);
	tcase_add_test(tc, v1_minus_one_is_no_quota);
	tcase_add_test(tc, v1_a_lower_quota_of_any_ancestor_counts);
	tcase_add_test(tc, v1_a_quota_without_its_period_is_no_quota);
	tcase_add_test(tc, v1_other_controllers_do_not_count);
	tcase_add_test(tc, the_lower_one_of_both_versions_counts);

	tc = tcase_of(suite, "nonsense");
	tcase_add_test(tc, nothing_there_is_no_quota);
	tcase_add_test(tc, any_one_file_missing_is_no_quota);
	tcase_add_loop_test(tc, a_cpu_max_that_is_nonsense_is_no_quota, 0,
	    sizeof(garbage) / sizeof(garbage[0]));
	tcase_add_test(tc, a_zero_byte_is_nonsense);
	tcase_add_test(tc, proc_files_that_are_nonsense_are_no_quota);
	tcase_add_test(tc, long_lines_are_passed_over);
	tcase_add_test(tc, the_end_of_a_long_line_is_no_line);
	tcase_add_test(tc, a_last_line_without_newline_is_a_line);
	tcase_add_test(tc, a_file_is_not_read_for_ever);
	tcase_add_test(
	    tc, a_deep_cgroup_is_walked_and_a_deeper_one_is_no_quota);
	tcase_add_test(tc, a_directory_in_place_of_a_file_is_no_quota);
	tcase_add_test(tc, every_open_and_read_may_fail);
	tcase_add_test(tc, no_descriptor_is_left);

	tc = tcase_of(suite, "affinity");
	tcase_add_test(tc, affinity_counts);
	tcase_add_test(tc, the_lower_one_of_affinity_and_quota_counts);
	tcase_add_test(tc, this_machine_has_some);
	return run_suite(suite);
}
