/*
 * cpus - how many processors this process may keep busy.
 *
 * Purpose    the default numbers of threads come from here, not from the
 *            machine: a container with two processors' worth of quota on a
 *            machine of 128 gets two.
 */
#ifndef CPUS_H
#define CPUS_H

/*
 * The smaller of the processors this thread may run on and the cgroup's quota,
 * rounded up [>= 1].  What cannot be read or understood limits nothing.
 *
 * root   in front of /proc and of the cgroup's mount point; NULL: "/".
 */
unsigned wri_cpus(const char *root);

#endif
