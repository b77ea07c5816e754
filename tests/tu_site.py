"""Helpers for tests of data sets: tiny TU folders and zips, a local server."""

import io
import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Graph 1: a triangle, labelled 7; graph 2: an edge and a lone node, labelled -1.
TINY = {
    "A": "1, 2\n2, 1\n1, 3\n3, 1\n2, 3\n3, 2\n4, 5\n5, 4\n",
    "graph_indicator": "1\n1\n1\n2\n2\n2\n",
    "graph_labels": "7\n-1\n",
}
LABELS = "0\n2\n5\n5\n2\n0\n"
ATTRIBUTES = "1.5, 2\n" * 5 + "-3,  4e1\n"


def tu_files(name="TINY", **parts):
    """Return the texts of TU files by file name, without the parts that are None."""
    parts = {**TINY, **parts}
    texts = {key: text for key, text in parts.items() if text is not None}
    return {f"{name}_{part}.txt": text for part, text in texts.items()}


def write_folder(folder, name="TINY", **parts):
    """Write TU files into a new folder NAME; return its path."""
    path = folder / name
    path.mkdir(parents=True)
    for file, text in tu_files(name, **parts).items():
        (path / file).write_text(text, newline="")
    return path


def zip_bytes(files, prefix="TINY/", method=zipfile.ZIP_DEFLATED):
    """Return a zip of files, a dict of texts by name, with a prefix to the names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for file, text in files.items():
            archive.writestr(prefix + file, text)
    return buffer.getvalue()


@contextmanager
def serve(body=b"", status=200, length=None):
    """Serve one answer on the loopback device; yield the URL and a log of requests.

    `length` is the announced Content-Length; for 0 there is none.
    """
    log = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802
            log.append(self.path)
            self.send_response(status)
            if length != 0:
                self.send_header("Content-Length", str(length or len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/sets", log
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
