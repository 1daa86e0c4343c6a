"""Several outputs share the journal's room: one that is down does not take the
part of the others."""

import servers
from test_influxdb import START

CONFIG = """
return {{
  listen = "127.0.0.1:{{port}}", admin = "127.0.0.1:{{admin}}", data = "{{data}}",
  outputs = {{
    up = {{ url = "{url}", database = "iot", flush = "5ms" }},
    down = {{ url = "http://127.0.0.1:9", database = "iot" }},
  }},
  journal = {{ max = "16MiB" }},
  routes = {{
    {{ path = "/up/write", line_protocol = true, output = "up" }},
    {{ path = "/down/write", line_protocol = true, output = "down" }},
    {{ path = "/both/write", line_protocol = true, output = {{ "up", "down" }} }},
  }},
}}
"""


def body(number):
    return "".join(f'm,n={number} s="{"x" * 1000}" {START + number * 1000 + i}\n' for i in range(500))


def test_an_output_that_is_down_leaves_the_others_their_share(influx, gateway):
    moon = gateway(CONFIG.format(url=influx.url).replace("{{", "{").replace("}}", "}"))
    taken = 0
    while (answer := moon.post("/down/write", body(taken))).status == 204:
        taken += 1
        assert taken < 100, "never full"
    assert answer.status == 503 and b"full for output down" in answer.body
    assert 10 < taken < 28, "three quarters of 16 MiB in half megabytes"
    assert moon.post("/both/write", body(1)).status == 503
    for number in range(40):
        servers.wait_for(lambda: moon.post("/up/write", body(number)).status == 204, f"room for number {number}")
    servers.wait_for(lambda: influx.count("m", "s") == 40 * 500, "all of it")
    assert servers.request(moon.admin, "GET", "/ready").status == 200
