// SPDX-License-Identifier: GPL-2.0-only
/* until 5.10: a page that is charged has a page type, and so can't be mapped */
#include <linux/mm.h>

int probe(struct page *page);
int probe(struct page *page)
{
	return PageKmemcg(page);
}
