# A server with a log on disk, under load by TCP and by its unix socket, that forks to save.
redis-server --port 16379 --unixsocket "$PWD/s" --save '' --appendonly yes --dir "$PWD" > /dev/null & server=$!
until redis-cli -p 16379 ping > /dev/null 2>&1; do sleep 0.1; done
redis-benchmark -p 16379 -n 300 -c 5 -t set,get -q
redis-benchmark -s "$PWD/s" -n 100 -c 2 -t incr -q
redis-cli -p 16379 bgsave
redis-cli -p 16379 shutdown nosave
wait $server
