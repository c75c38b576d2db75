/* The operations of the sandboxed child (base/child.h): the one place where those of all modules meet. */
#ifndef TITR_PIPELINE_CHILD_OPS_H
#define TITR_PIPELINE_CHILD_OPS_H

int child_ops_main(int argc, char **argv); /* `titr child OP`; returns the exit status */

#endif
