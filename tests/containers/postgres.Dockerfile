# Stands in for the image postgres:15 where none can be pulled: the same server from Debian, the same settings read.
FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-15 && rm -rf /var/lib/apt/lists/* /var/lib/postgresql/15
ENV PGDATA=/var/lib/postgresql/data PATH=/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin
RUN install -d -o postgres -g postgres $PGDATA && printf '%s\n' '#!/bin/sh' 'set -e' \
      'if [ ! -s "$PGDATA/PG_VERSION" ]; then' \
      '  printf %s "$POSTGRES_PASSWORD" >/tmp/password' \
      '  initdb -A scram-sha-256 -U "$POSTGRES_USER" --pwfile /tmp/password' \
      '  rm /tmp/password' \
      '  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"' \
      '  printf "CREATE DATABASE %s;\n" "$POSTGRES_DB" | postgres --single -D "$PGDATA" postgres' \
      'fi' \
      'exec postgres -c listen_addresses="*"' >/usr/local/bin/start && chmod 755 /usr/local/bin/start
USER postgres
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
CMD ["start"]
