/* Subcommands, nothing else: they are in ops/cli.c. */
#include "ops/cli.h"

int main(int argc, char **argv) {
  return cli_main(argc, argv);
}
