"""A download puts a complete, validated zip into the cache, or leaves nothing."""

import errno
import io
import re
import socket
import stat
import sys
import zipfile

import pytest
from tu_site import serve, tu_files, write_folder, zip_bytes

from npdiffpool.datasets import DatasetError, fetch, load_dataset
from npdiffpool.datasets.fetch import download
from npdiffpool.datasets.tu import archive

GOOD = zip_bytes(tu_files())


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.delenv("NPDIFFPOOL_DATA", raising=False)
    monkeypatch.setenv("NPDIFFPOOL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


def refused(match, cache, **answer):
    """Check that a download fails with one line and leaves no file."""
    with serve(**answer) as (url, _):
        with pytest.raises(DatasetError, match=match) as caught:
            download("TINY", base_url=url, progress=False)
    assert "\n" not in str(caught.value)
    assert list(cache.iterdir()) == []


# Successful downloads


def test_a_data_set_is_downloaded_once_and_then_found(monkeypatch, cache):
    with serve(GOOD) as (url, log):
        monkeypatch.setenv("NPDIFFPOOL_TU_URL", url + "/")
        first = load_dataset("TINY", progress=False)
        second = load_dataset("TINY", progress=False)
    assert log == ["/sets/TINY.zip"]
    assert first.source == second.source == str(cache / "TINY.zip")
    assert [file.name for file in cache.iterdir()] == ["TINY.zip"]
    assert len(second) == 2


def test_an_answer_without_a_length_is_accepted(cache):
    with serve(GOOD, length=0) as (url, _):
        path = download("TINY", base_url=url, progress=False)
    assert path.read_bytes() == GOOD


def test_a_given_folder_replaces_the_cache(tmp_path, cache):
    with serve(GOOD) as (url, _):
        path = download("TINY", tmp_path / "a" / "b", url, progress=False)
    assert path == tmp_path / "a" / "b" / "TINY.zip" and not cache.exists()


def test_a_failed_download_keeps_the_previous_zip(cache):
    cache.mkdir()
    (cache / "TINY.zip").write_bytes(b"previous")
    with serve(GOOD[:-9], length=len(GOOD)) as (url, _):
        with pytest.raises(DatasetError, match="bytes arrived"):
            download("TINY", base_url=url, progress=False)
    assert [file.read_bytes() for file in cache.iterdir()] == [b"previous"]


# Wrong answers of the server


def test_a_truncated_body_is_an_error(cache):
    match = rf"TINY.zip: {len(GOOD) - 9} bytes arrived instead of {len(GOOD)}"
    refused(match, cache, body=GOOD[:-9], length=len(GOOD))


def test_a_truncated_body_of_unknown_length_is_an_error(cache):
    refused("File is not a zip file", cache, body=GOOD[:-9], length=0)


@pytest.mark.parametrize("status", [404, 403, 500])
def test_an_error_names_the_http_status(cache, status):
    refused(rf"TINY.zip: HTTP Error {status}", cache, body=GOOD, status=status)


def test_a_known_name_is_suggested_instead_of_a_404(monkeypatch, cache):
    with serve(status=404) as (url, log):
        monkeypatch.setenv("NPDIFFPOOL_TU_URL", url)
        with pytest.raises(DatasetError, match=r"TU site. Did you mean ENZYMES\?$"):
            load_dataset("ENZYME", progress=False)
        with pytest.raises(DatasetError, match=r"404: Not Found.$"):
            load_dataset("ENZYMES", progress=False)
    assert log == ["/sets/ENZYMES.zip"]


def test_a_zip_without_labels_is_accepted_where_that_is_asked_for(monkeypatch, cache):
    body = zip_bytes(tu_files(graph_labels=None))
    refused("TINY_graph_labels.txt is missing from the zip", cache, body=body)
    with serve(body) as (url, _):
        monkeypatch.setenv("NPDIFFPOOL_TU_URL", url)
        dataset = load_dataset("TINY", progress=False, require_labels=False)
    assert dataset.labels is None and dataset.source == str(cache / "TINY.zip")


def test_a_zip_with_targets_alone_is_accepted_for_regression(monkeypatch, cache):
    targets = tu_files(graph_labels=None, graph_attributes="0.5\n1.5\n")
    with serve(zip_bytes(targets)) as (url, _):
        monkeypatch.setenv("NPDIFFPOOL_TU_URL", url)
        dataset = load_dataset("TINY", progress=False, target="attribute 0")
    assert dataset.labels.tolist() == [0.5, 1.5]


def test_a_full_disk_is_not_a_fault_of_the_server(monkeypatch, cache):
    class Full(io.BytesIO):
        name = str(cache / "part")

        def write(self, piece):
            raise OSError(errno.ENOSPC, "No space left on device")

    with serve(GOOD) as (url, _):
        match = rf"^{re.escape(str(cache))}: cannot save downloads: .*No space left"
        with pytest.raises(DatasetError, match=match):
            fetch._receive(f"{url}/TINY.zip", Full(), 9, False)


def test_a_server_that_cannot_be_reached_is_an_error(cache):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(DatasetError, match=r"TINY.zip: .*refused"):
            download("TINY", base_url=url, progress=False)
    assert list(cache.iterdir()) == []


def test_a_server_that_sends_nothing_is_a_timeout(cache):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(DatasetError, match="TINY.zip: .*timed out"):
            download("TINY", base_url=url, progress=False, timeout=0.05)
    assert list(cache.iterdir()) == []


def test_more_bytes_than_the_limit_are_an_error(monkeypatch, cache):
    monkeypatch.setattr(fetch, "MAX_ZIP", 100)
    refused("TINY.zip: more than 100 bytes, which is the limit", cache, body=GOOD)


def test_a_length_that_is_not_a_number_is_ignored(cache):
    with serve(GOOD, length="many") as (url, _):
        path = download("TINY", base_url=url, progress=False)
    assert path.read_bytes() == GOOD


# Wrong zips


def test_a_download_that_is_not_a_zip_is_an_error(cache):
    refused("File is not a zip file", cache, body=b"<html>moved</html>")


@pytest.mark.parametrize("part", ["graph_indicator", "graph_labels"])
def test_a_zip_without_a_required_file_is_an_error(cache, part):
    body = zip_bytes(tu_files(**{part: None}))
    refused(f"TINY_{part}.txt is missing from the zip", cache, body=body)


def test_a_zip_without_a_file_of_edges_is_an_error(cache):
    refused("no file ending in _A.txt", cache, body=zip_bytes({"README.txt": "?"}))


def test_a_zip_of_another_data_set_is_an_error(cache):
    body = zip_bytes(tu_files("OTHER"))
    refused("TINY_A.txt is missing from the zip", cache, body=body)


UNSAFE = ["../TINY_A.txt", "/etc/x", "a/../../x", "..\\x", "C:/x", "\\x", "c:x", ".."]


@pytest.mark.parametrize("member", UNSAFE)
def test_a_member_outside_the_folder_is_an_error(tmp_path, cache, member):
    body = zip_bytes({**tu_files(), member: "1, 2\n"}, prefix="")
    refused(f"unsafe member path {re.escape(repr(member))}", cache, body=body)
    # Such a zip is not read from a local path either.
    (tmp_path / "TINY.zip").write_bytes(body)
    with pytest.raises(DatasetError, match="TINY.zip: unsafe member path"):
        load_dataset(tmp_path / "TINY.zip")


def test_a_link_in_a_zip_is_an_error(cache):
    buffer = io.BytesIO(GOOD)
    with zipfile.ZipFile(buffer, "a") as zipped:
        link = zipfile.ZipInfo("TINY/TINY_node_labels.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        zipped.writestr(link, "/etc/passwd")
    body = buffer.getvalue()
    refused("member 'TINY/TINY_node_labels.txt' is a link", cache, body=body)


def test_an_encrypted_member_is_an_error(cache):
    first = GOOD.index(b"PK\x01\x02") + 8
    body = GOOD[:first] + b"\x01" + GOOD[first + 1 :]
    refused("member 'TINY/TINY_A.txt' is encrypted", cache, body=body)


def test_an_unusual_compression_is_an_error(cache):
    body = zip_bytes(tu_files(), method=zipfile.ZIP_BZIP2)
    refused("TINY_A.txt' is not stored or deflated", cache, body=body)


def test_a_zip_bomb_is_an_error(monkeypatch, cache):
    monkeypatch.setattr(archive, "MAX_UNZIPPED", 1000)
    body = zip_bytes({**tu_files(), "bomb.txt": "0" * 1000})
    assert len(body) < 1000
    refused(r"unzips to \d{4} bytes; at most 1000 are accepted", cache, body=body)


def test_a_damaged_member_is_an_error(cache):
    stored = zip_bytes(tu_files(), method=zipfile.ZIP_STORED)
    body = stored.replace(b"1, 2\n", b"1, 3\n", 1)
    refused("TINY/TINY_A.txt in the zip is damaged", cache, body=body)


def test_a_member_that_cannot_be_decompressed_is_an_error(cache):
    start = GOOD.index(b"TINY_A.txt") + len("TINY_A.txt")
    body = GOOD[:start] + b"\xff\xff\xff" + GOOD[start + 3 :]
    refused("TINY.zip: cannot be read: Error -3", cache, body=body)


# Requests


@pytest.mark.parametrize("name", ["../TINY", "TINY/..", "a b", ""])
def test_an_unsafe_name_is_never_requested(cache, name):
    with serve(GOOD) as (url, log):
        with pytest.raises(DatasetError, match="must begin with a letter or digit"):
            download(name, base_url=url)
    assert log == [] and not cache.exists()


def test_only_http_urls_are_opened(tmp_path, cache):
    write_folder(tmp_path)
    for url in (tmp_path.as_uri(), "ftp://127.0.0.1", str(tmp_path)):
        with pytest.raises(DatasetError, match="base_url must start with http://"):
            download("TINY", base_url=url)
    assert not cache.exists()


def test_downloads_can_be_disabled(monkeypatch, cache):
    monkeypatch.setenv("NPDIFFPOOL_TU_URL", "")
    with pytest.raises(DatasetError, match="TINY: downloads are disabled"):
        download("TINY")
    assert not cache.exists()


def test_a_cache_that_cannot_be_written_is_an_error(tmp_path, cache):
    cache.write_text("a file where the folder should be")
    with serve(GOOD) as (url, log):
        with pytest.raises(DatasetError, match="cache: cannot save downloads: "):
            download("TINY", base_url=url)
    assert log == []


# Progress


def test_progress_on_a_pipe_is_one_line_unless_it_is_disabled(capsys):
    with serve(GOOD) as (url, _):
        download("TINY", base_url=url)
        assert capsys.readouterr().err == f"downloading {url}/TINY.zip (0.0 MB)\n"
        download("TINY", base_url=url, progress=False)
    assert capsys.readouterr() == ("", "")


def test_progress_can_be_a_bar_and_is_a_line_without_tqdm(monkeypatch, capsys):
    pytest.importorskip("tqdm")
    with serve(GOOD) as (url, _):
        download("TINY", base_url=url, progress=True)
        assert "TINY.zip: 100%" in capsys.readouterr().err
        monkeypatch.setitem(sys.modules, "tqdm", None)
        download("TINY", base_url=url, progress=True)
    assert capsys.readouterr().err.startswith("downloading http://127.0.0.1:")
