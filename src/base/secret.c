#include "base/secret.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

bool secret_equal(const char *sent, const char *secret) {
  if (!sent || !secret || !*secret) return false;
  size_t n = strlen(sent), m = strlen(secret);
  volatile unsigned char different = n != m; /* volatile: the loop is not to be left early */
  for (size_t i = 0; i < n; i++) different |= (unsigned char)(sent[i] ^ secret[i % m]);
  return different == 0;
}

const char *secret_bearer(const char *authorization) {
  static const char scheme[] = "Bearer ";
  if (!authorization || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0) return NULL;
  const char *token = authorization + sizeof scheme - 1;
  return token + strspn(token, " ");
}
