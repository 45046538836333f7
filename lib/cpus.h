/*
 * cpus - how many processors this process may keep busy.
 *
 * Purpose    the default numbers of threads come from here, not from the
 *            machine: a container that may use two processors of a machine of
 *            128 counts two.
 */
#ifndef CPUS_H
#define CPUS_H

/*
 * The smaller of the processors this thread may run on and the cgroup's quota
 * [>= 1].  root: stands in front of every path, for tests; NULL: "/".
 */
unsigned wri_cpus(const char *root);

/*
 * The quota alone, in processors, rounded up; 0: none.  What is missing, or
 * cannot be understood, is no quota.
 */
unsigned wri_cpus_quota(const char *root);

/* Threads by default on so many processors. */
int wri_cpus_task_threads(unsigned cpus);
int wri_cpus_poller_threads(unsigned cpus);

#endif
