# A client: names, connections that are refused, a server of Python's.
set -e
python=$1
"$python" -c '
import http.server, sys
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
open("port", "w").write(f"{server.server_port}\n")
server.serve_forever()
' 2> /dev/null & server=$!
until [ -s port ]; do sleep 0.05; done
curl -s -o /dev/null "http://127.0.0.1:$(cat port)/" "http://localhost:$(cat port)/none"
curl -s -o /dev/null http://127.0.0.1:1/ || true
curl -s -o /dev/null http://host.invalid/ || true
kill "$server"
wait "$server" || true
