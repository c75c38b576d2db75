/* The pages made from the table: both in the tree, and printed by `titr config`. The same for the same table. */
#ifndef TITR_CONFIG_PAGES_H
#define TITR_CONFIG_PAGES_H

#include "base/buf.h"

void settings_example_page(struct buf *out); /* .env.example: a copy of it with BOT_TOKEN filled in works */
void settings_docs_page(struct buf *out);    /* docs/settings.md */

#endif
