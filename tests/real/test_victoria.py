"""Points through the gateway into VictoriaMetrics: numbers, by milliseconds."""

import pytest

import servers
from test_influxdb import TYPED, TYPED_ROUTE

START = 1767323045123  # ms

APIS = {
    "v1": 'database = "iot"',
    "v2": 'org = "acme", bucket = "iot", token = "any"',
}


def config(victoria, api, routes, more=""):
    return (
        'return { listen = "127.0.0.1:{port}", admin = "127.0.0.1:{admin}", data = "{data}",\n'
        f'outputs = {{ vm = {{ url = "{victoria.url}", {APIS[api]}, flush = "5ms"{more} }} }},'
        "routes = {" + routes + "} }"
    )


def tags_of(api, **tags):
    """/write makes the database a label of its own."""
    if api == "v1":
        tags["db"] = "iot"
    return tuple(sorted(tags.items()))


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("precision", ["ns", "us", "ms"])
def test_numbers_come_back(victoria, gateway, api, precision):
    more = f', precision = "{precision}"'
    moon = gateway(config(victoria, api, TYPED_ROUTE, more), {"typed.lua": TYPED})
    sent = [21.5, -3.25, 0.1, 123456789.125, 0]  # it scales a series as one: no 1e30 here
    payload = [
        {"name": "m", "tags": {"host": "a,b c=d"}, "f": value, "i": n, "b": n % 2 == 0,
         "time": (START + n) * 10**6}
        for n, value in enumerate(sent)
    ]
    assert moon.post("/typed", payload).status == 204
    tags = tags_of(api, host="a,b c=d")

    def all_there():
        found = victoria.series()
        return len(found.get(("m_f", tags), {})) == len(sent) and found

    found = servers.wait_for(all_there, "all samples")
    assert found[("m_f", tags)] == {START + n: value for n, value in enumerate(sent)}
    assert found[("m_i", tags)] == {START + n: n for n in range(len(sent))}
    assert found[("m_b", tags)] == {START + n: int(n % 2 == 0) for n in range(len(sent))}


@pytest.mark.parametrize("api", APIS)
def test_a_form_comes_back(victoria, gateway, api):
    script = """
return function(req)
  return point("weather", { station = req.form.station }, numbers({ tempf = req.form.tempf, wind = req.form.wind }),
               time.ms(req.form.at))
end
"""
    route = '{ path = "/form", script = "form.lua", verify = false }'
    moon = gateway(config(victoria, api, route), {"form.lua": script})
    form = {"station": "garden", "tempf": "68.5", "wind": "--", "at": str(START)}
    assert moon.form("/form", form).status == 204
    tags = tags_of(api, station="garden")
    found = servers.wait_for(victoria.series, "a sample")
    assert found == {("weather_tempf", tags): {START: 68.5}}


@pytest.mark.parametrize("api", APIS)
def test_it_is_killed_and_comes_back(victoria, gateway, api):
    """What it took it may still lose itself, since it answers before its data
    is on disk; so it is killed before it got any."""
    route = '{ path = "/write", line_protocol = true, verify = false }'
    moon = gateway(config(victoria, api, route))
    victoria.kill()
    for n in range(100):
        line = f"m,n={n % 5} v={n} {(START + n) * 10**6}\n"
        assert moon.post("/write", line, "text/plain").status == 204
    victoria.start()

    def all_there():
        found = victoria.series()
        return sum(map(len, found.values())) >= 100 and found

    found = servers.wait_for(all_there, "all samples")
    for n in range(100):
        assert found[("m_v", tags_of(api, n=str(n % 5)))][START + n] == n
