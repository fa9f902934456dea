# A fresh cluster, its processes, and transactions by unix socket and TCP. PostgreSQL does not run as root.
if [ "$(id -u)" = 0 ]; then
  chown postgres .
  exec setpriv --reuid postgres --regid postgres --clear-groups sh "$0"
fi
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
set -e
"$bin/initdb" -D data -A trust --no-sync > /dev/null
"$bin/pg_ctl" -D data -w -o "-p 15432 -k $PWD -c listen_addresses=127.0.0.1" -l log start > /dev/null
"$bin/psql" -q -h "$PWD" -p 15432 -c 'create table t as select generate_series(1, 1000) as n' postgres
printf 'update t set n = n + 1 where n < 10;\nselect count(*) from t;\n' > script
"$bin/pgbench" -n -h 127.0.0.1 -p 15432 -c 2 -j 2 -t 5 -f script postgres > /dev/null
"$bin/pg_ctl" -D data -m fast stop > /dev/null
