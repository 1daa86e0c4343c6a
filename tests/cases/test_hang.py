"""A script that hangs in C, where no hook reaches: the process ends, and loses
nothing. None is known, so a library under us is made to loop."""

import os
import subprocess

import patience
from gateway import PATIENCE_S, Gateway

SHIM = "int inflate(void *stream, int flush) { for (;;) __asm__ volatile(\"\"); (void)stream; (void)flush; }"

CONFIG = """
return {
  listen = "127.0.0.1:0", admin = "127.0.0.1:0",
  outputs = { far = { url = "http://127.0.0.1:9", org = "o", bucket = "b" } },
  routes = { { path = "/m", script = "m.lua" } },
}
"""

SCRIPT = """
return function(req)
  if req.text == "hang" then gunzip("\\x1f\\x8b\\x08 and so on") end
  return point("m", {}, { x = 1 })
end
"""


def test_a_script_that_hangs_in_c_ends_the_process(tmp_path):
    (tmp_path / "m.lua").write_text(SCRIPT)
    (tmp_path / "shim.c").write_text(SHIM)
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", "shim.so", "shim.c"], cwd=tmp_path, check=True)
    env = {
        "LD_PRELOAD": str(tmp_path / "shim.so"),
        "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0",
    }
    with Gateway(tmp_path, CONFIG, env) as gateway:
        assert gateway.post("/m", "fine")[0] == 204
        try:
            gateway.post("/m", "hang")
            raise AssertionError("answered")
        except OSError:
            pass
        assert patience.wait_end(gateway.process, PATIENCE_S) == 70
        said = gateway.log.wait_for(r"error serve: script m.lua, request (\w{16}): has run for more than a second")
        assert said
    with Gateway(tmp_path, CONFIG) as gateway:
        _, _, text = gateway.ask("GET", "/metrics", port=gateway.admin_port)
        assert 'moonline_output_pending_points{output="far"} 1' in text
