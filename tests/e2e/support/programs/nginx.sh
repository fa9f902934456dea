# A master, two workers, and five clients at once; every page, a large one, none, and one through a proxy.
mkdir html
echo hello > html/index.html
head -c 300000 /dev/zero > html/big
chmod 755 . html
cat > conf <<X
daemon off; worker_processes 2; pid $PWD/pid; error_log $PWD/errors;
events { worker_connections 64; }
http {
  access_log $PWD/access; client_body_temp_path $PWD/t1; proxy_temp_path $PWD/t2; fastcgi_temp_path $PWD/t3;
  uwsgi_temp_path $PWD/t4; scgi_temp_path $PWD/t5; sendfile on;
  server { listen 127.0.0.1:18080; root $PWD/html; location /p { proxy_pass http://127.0.0.1:18080/; } }
}
X
nginx -c "$PWD/conf" & server=$!
until curl -s -o /dev/null http://127.0.0.1:18080/; do sleep 0.05; done
for i in 1 2 3 4 5; do
  curl -s -o /dev/null http://127.0.0.1:18080/ http://127.0.0.1:18080/big http://127.0.0.1:18080/none \
    http://127.0.0.1:18080/p & clients="$clients $!"
done
wait $clients
kill -QUIT $server
wait $server
