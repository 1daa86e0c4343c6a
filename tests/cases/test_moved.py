"""The data folder is moved away, and a second gateway starts in its place."""

import os

from gateway import Gateway, run

CONFIG = """
return {
  listen = "127.0.0.1:0", admin = "127.0.0.1:0", data = "../data",
  outputs = { far = { url = "http://127.0.0.1:9", org = "o", bucket = "b" } },
  routes = { { path = "/write", line_protocol = true } },
}
"""


def test_two_gateways_never_write_into_one_folder(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with Gateway(tmp_path / "a", CONFIG) as first:
        assert first.post("/write", "m v=1 1")[0] == 204
        os.rename(tmp_path / "data", tmp_path / "data.old")
        with Gateway(tmp_path / "b", CONFIG) as second:
            acked = []
            for number in range(2, 12):
                if second.post("/write", f"m v={number} {number}")[0] == 204:
                    acked.append(f"m v={number} {number}")
                status, _, text = first.post("/write", "m v=99 99")
                assert status == 503, text
            assert len(acked) == 10
            first.log.wait_for("is another folder than at the start: is there a second gateway")
            code, out, _ = run("journal", "cat", cwd=tmp_path / "b")
            assert code == 0 and out.splitlines() == acked
