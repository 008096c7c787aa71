/* SPDX-License-Identifier: GPL-2.0-only */
/* What cppcheck must know of the kernel's macros to follow the module's code. */
#define min(a, b)		((a) < (b) ? (a) : (b))
#define max(a, b)		((a) > (b) ? (a) : (b))
#define min_t(t, a, b)		min((t)(a), (t)(b))
#define max_t(t, a, b)		max((t)(a), (t)(b))
#define clamp(v, a, b)		min(max(v, a), b)
