"""What the options of a configuration do, seen from outside."""

import base64
import json

import pytest
from gateway import Gateway, run

HEAD = 'return {\n  listen = "127.0.0.1:0", admin = "127.0.0.1:0",\n'
AT = 1767323045000000000

ECHO = f"""return function(req)
  return point("echo", {{ site = req.query.site }}, {{ method = req.method, body = req.body,
    type = req.headers["content-type"], x = req.params.x, zone = req.vars.zone,
    first = req.vars.list and req.vars.list[1] }}, {AT})
end
"""


@pytest.fixture(name="here")
def folder(tmp_path):
    (tmp_path / "echo.lua").write_text(ECHO)
    return tmp_path


def basic(text):
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


VERIFY = [
    ('scheme = "bearer", secret = "s3cret"', {"Authorization": "Bearer s3cret"}, "", {"Authorization": "Bearer wrong"}, ""),
    ('scheme = "bearer", secret = { "new", "old" }', {"Authorization": "Bearer old"}, "", {"Authorization": "Bearer older"}, ""),
    ('scheme = "bearer", secret = "s3cret"', {"Authorization": "Token s3cret"}, "", basic("s3cret:s3cret"), ""),
    ('scheme = "basic", user = "ada", password = "a:b"', basic("ada:a:b"), "", basic("ada:a"), ""),
    ('scheme = "basic", secret = "ada:b"', basic("ada:b"), "", basic("ada:"), ""),
    ('scheme = "header", name = "X-Key", value = "s3cret"', {"x-key": "s3cret"}, "", {"x-kex": "s3cret"}, ""),
    ('scheme = "query", name = "key", value = "s3 cret"', {}, "?key=s3%20cret", {}, "?key=s3"),
    ('allow = { "127.0.0.0/8" }', {}, "", None, ""),
    ('allow = "10.0.0.0/8"', None, "", {}, ""),
    ('scheme = "bearer", secret = "s3cret", allow = "10.0.0.0/8"', None, "", {"Authorization": "Bearer s3cret"}, ""),
]


@pytest.mark.parametrize(("verify", "good", "good_query", "bad", "bad_query"), VERIFY)
def test_verify_says_who_may_post(here, verify, good, good_query, bad, bad_query):
    config = HEAD + f'  routes = {{ {{ path = "/x", script = "echo.lua", verify = {{ {verify} }} }} }} }}'
    with Gateway(here, config) as gateway:
        if good is not None:
            assert gateway.post("/x" + good_query, "a", good)[0] == 204
        if bad is not None:
            status, _, text = gateway.post("/x" + bad_query, "a", bad)
            assert status == (403 if "10.0.0.0" in verify else 401)
            assert "s3cret" not in text
        said = gateway.log.lines
        assert not [line for line in said if "s3cret" in line]


def test_options_of_a_route_reach_its_script(here):
    config = HEAD + """  routes = {
      { path = "/a/:x", script = "echo.lua", tags = { site = "ridge", floor = 2 },
        vars = { zone = "-07:00", list = { 7 } } },
      { path = "/one", script = "echo.lua", method = "DELETE" },
      { path = "/typed", script = "echo.lua", content_type = "application/json" },
    } }"""
    with Gateway(here, config) as gateway:
        assert gateway.post("/a/%C3%BC", "b")[0] == 204
        gateway.out.wait_for(rf'^echo,floor=2,site=ridge body="b",first=7,method="POST",x="ü",zone="-07:00" {AT}$')
        assert gateway.post("/a/1?site=own", "b")[0] == 204
        gateway.out.wait_for(r"^echo,floor=2,site=own ")
        status, headers, _ = gateway.post("/one")
        assert status == 405 and "DELETE" in headers["Allow"]
        assert gateway.ask("DELETE", "/one")[0] == 204
        assert gateway.ask("HEAD", "/one")[0] == 200


def test_a_route_says_what_its_sender_is_answered(here):
    config = HEAD + """  routes = {
      { path = "/text", script = "echo.lua", reply = { body = "thanks", type = "text/plain" } },
      { path = "/json", script = "echo.lua", reply = { status = 202, body = { result = "ok" } } },
      { path = "/bare", script = "echo.lua", reply = { status = 200 } },
    } }"""
    with Gateway(here, config) as gateway:
        status, headers, text = gateway.post("/text", "a")
        assert (status, headers["Content-Type"], text) == (200, "text/plain", "thanks")
        status, headers, text = gateway.post("/json", "a")
        assert (status, json.loads(text)) == (202, {"result": "ok"})
        assert headers["Content-Type"].startswith("application/json")
        assert gateway.post("/bare", "a")[::2] == (200, "")


def test_limits_hold_for_all_routes_and_for_one(here):
    config = HEAD + """  limits = { body = 10, points = 2 },
    routes = { { path = "/small", script = "echo.lua" },
      { path = "/large", script = "echo.lua", limits = { body = "1KB" } },
      { path = "/write", line_protocol = true, limits = { body = "1KB" } } } }"""
    with Gateway(here, config) as gateway:
        assert gateway.post("/small", "x" * 10)[0] == 204
        assert gateway.post("/small", "x" * 11)[0] == 413
        assert gateway.post("/large", "x" * 1000)[0] == 204
        assert gateway.post("/large", "x" * 1001)[0] == 413
        assert gateway.post("/write", "m a=1\nm a=2 5\n")[0] == 204
        assert gateway.post("/write", "m a=1\nm a=2 5\nm a=3 6\n")[0] == 413


def test_points_go_where_a_route_or_a_point_says(here):
    (here / "split.lua").write_text('return function(req) return point{ measurement = "split", fields = { a = 1 }, output = "b" } end')
    config = HEAD + """  outputs = { a = { file = "a.lp" }, b = { file = "b.lp" }, c = { file = "-" } },
    default_output = "a",
    routes = { { path = "/w", line_protocol = true },
      { path = "/both", line_protocol = true, output = { "a", "c" } },
      { path = "/split", script = "split.lua", output = "c" } } }"""
    with Gateway(here, config) as gateway:
        assert gateway.post("/w", "one a=1 1")[0] == 204
        assert gateway.post("/split")[0] == 204
        assert gateway.post("/both", "two a=2 2")[0] == 204
        gateway.out.wait_for(r"^two a=2 2$")
        status, _, _ = gateway.ask("GET", "/ready", port=gateway.admin_port)
        assert status == 200
        assert not [line for line in gateway.out.lines if line != "two a=2 2"]
    for name, held in (("a", ("one a=1 1", "two a=2 2")), ("b", ("split a=1 ",))):
        journal = "".join(s.read_text() for s in (here / "moonline-data" / "journal" / name).glob("*.lp"))
        assert all(line in journal for line in held)


def test_secrets_come_from_files_and_the_environment(here):
    (here / "token").write_text("from-a-file\n")
    (here / "token").chmod(0o600)
    config = HEAD + """  routes = {
      { path = "/file", script = "echo.lua", verify = { scheme = "bearer", secret = file "token" } },
      { path = "/env", script = "echo.lua", verify = { scheme = "bearer", secret = env "TEST_KEY" } },
    } }"""
    with Gateway(here, config, {"TEST_KEY": "from-outside"}) as gateway:
        assert gateway.post("/file", "a", {"Authorization": "Bearer from-a-file"})[0] == 204
        assert gateway.post("/env", "a", {"Authorization": "Bearer from-outside"})[0] == 204
        assert gateway.post("/env", "a", {"Authorization": "Bearer from-a-file"})[0] == 401
    code, _, err = run("serve", cwd=here)
    assert code == 78
    assert err == "moonline.lua:5: the environment variable TEST_KEY is not set\n"


def test_a_secret_that_everybody_can_read_is_warned_about(here):
    (here / "token").write_text("s3cret")
    (here / "token").chmod(0o644)
    config = HEAD + '  routes = { { path = "/x", script = "echo.lua", verify = { scheme = "bearer", secret = file "token" } } } }'
    with Gateway(here, config) as gateway:
        assert gateway.log.wait_for(r"warn config: token can be read by everybody")


def test_several_workers_share_an_address(here):
    config = HEAD + '  workers = 3, routes = { { path = "/write", line_protocol = true } } }'
    with Gateway(here, config) as gateway:
        for i in range(30):
            assert gateway.post("/write", f"m a={i} {i}")[0] == 204
        for i in range(30):
            gateway.out.wait_for(rf"^m a={i} {i}$")
