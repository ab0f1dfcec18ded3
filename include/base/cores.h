/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_CORES_H
#define SUBMILTER_BASE_CORES_H

/*
 * How many threads of this process can compute at once: the cores that it may
 * run on (sched_setaffinity(2), AllowedCPUs= of systemd), or fewer where the
 * time of its control group is less (cpu.max of cgroup version 2, CPUQuota=),
 * rounded up. At least 1. Reads files; thread-safe.
 */
unsigned int cores_count(void);

/*
 * The same by the quotas of a control group and those around it: group is its
 * path below root. cores is what there is without a quota.
 */
unsigned int cores_within_quota(
    const char *root, const char *group, unsigned int cores);

#endif
