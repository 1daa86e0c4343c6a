"""Servers for tests: InfluxDB, VictoriaMetrics, the gateway, the sink.

Each runs in a folder of its own on a free loopback port, is ready when the real
thing answers, and can be killed and started again on the same port and data.
"""

import base64
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import urllib.parse

import patience

MOONLINE = os.environ.get("MOONLINE") or str(
    pathlib.Path(__file__).resolve().parents[2] / "build" / "moonline"
)
DEADLINE_S = 120.0  # of this machine, see patience.py


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, what, seconds=DEADLINE_S):
    """Returns the first true value of condition(); an error after so long."""
    return patience.wait_until(condition, what, seconds)


def is_too_late(answer):
    """The gateway could not say in time whether it is stored, or delivered."""
    return answer.status in (503, 504) and b" in time" in answer.body


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)


def request(port, method, target, body=None, headers=None, timeout=300):
    """One request on a connection of its own. OSError: no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    except http.client.HTTPException as why:
        raise OSError(f"no answer: {why!r}") from why
    finally:
        connection.close()


class Server:
    """A process with a port. start() returns when it is ready."""

    name = "server"

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.process = None
        self.log = self.folder / "log"

    def command(self):
        raise NotImplementedError

    def is_ready(self):
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def said(self):
        return self.log.read_text(errors="replace")

    def start(self):
        assert self.process is None
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self.environment(),
            )
        wait_for(self.poll_ready, lambda: f"{self.name} is ready:\n{self.said()}")
        return self

    def poll_ready(self):
        code = self.process.poll()
        assert code is None, f"{self.name} ended with {code}:\n{self.said()}"
        try:
            return self.is_ready()
        except OSError:
            return False

    def kill(self):
        """SIGKILL, as a power cut to it."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self, seconds=10):
        """SIGTERM; gives the exit code and how long it took."""
        begin = patience.now()
        self.process.send_signal(signal.SIGTERM)
        code = patience.wait_end(self.process, seconds)
        self.process = None
        return code, patience.now() - begin

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process is not None:
            self.kill()


class Influx(Server):
    """influxd 1.6 with one database. With a user, everything needs one."""

    name = "influxd"

    def __init__(self, folder, database="iot", user=None, password=None, http="", data=""):
        super().__init__(folder)
        self.http = http  # more lines of its configuration
        self.data = data
        self.database = database
        self.user = user
        self.password = password
        self.rpc_port = free_port()

    def command(self):
        config = self.folder / "influxdb.conf"
        config.write_text(
            f"""
reporting-disabled = true
bind-address = "127.0.0.1:{self.rpc_port}"
[meta]
  dir = "{self.folder}/meta"
[data]
  dir = "{self.folder}/data"
  wal-dir = "{self.folder}/wal"
  query-log-enabled = false
{self.data}
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{self.port}"
  auth-enabled = {"true" if self.user else "false"}
  log-enabled = false
{self.http}
[logging]
  level = "warn"
"""
        )
        return ["influxd", "-config", str(config)]

    def is_ready(self):
        return request(self.port, "GET", "/ping").status == 204

    def start(self):
        super().start()
        if self.user:
            self.query(
                f"CREATE USER {self.user} WITH PASSWORD '{self.password}'"
                " WITH ALL PRIVILEGES"
            )
        if self.database:
            self.create(self.database)
        return self

    def create(self, database):
        self.query(f'CREATE DATABASE "{database}"')

    def query(self, text, database=None):
        """The series of the only statement; times are ns."""
        parameters = {"q": text, "epoch": "ns", "db": database or self.database or ""}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self.user:
            secret = f"{self.user}:{self.password}".encode()
            headers["Authorization"] = "Basic " + base64.b64encode(secret).decode()
        answer = request(
            self.port, "POST", "/query", urllib.parse.urlencode(parameters), headers
        )
        assert answer.status == 200, answer.body
        result = answer.json["results"][0]
        assert "error" not in result, result
        return result.get("series", [])

    def types(self, measurement):
        """{field: type} as InfluxDB has it."""
        found = self.query(f'SHOW FIELD KEYS FROM "{measurement}"')
        return {key: kind for series in found for key, kind in series["values"]}

    def points(self, measurement):
        """[(time, {tag: value}, {field: value})], in order of time."""
        found = []
        for series in self.query(f'SELECT * FROM "{measurement}" GROUP BY *'):
            names = series["columns"][1:]
            for row in series["values"]:
                fields = {n: v for n, v in zip(names, row[1:]) if v is not None}
                found.append((row[0], series.get("tags", {}), fields))
        return sorted(found, key=lambda point: (point[0], sorted(point[1].items())))

    def writes(self):
        """Requests to the write path so far."""
        headers = {}
        if self.user:
            secret = f"{self.user}:{self.password}".encode()
            headers["Authorization"] = "Basic " + base64.b64encode(secret).decode()
        found = request(self.port, "GET", "/debug/vars", headers=headers).json
        return next(part["values"]["writeReq"] for name, part in found.items() if name.startswith("httpd:"))

    def count(self, measurement, field):
        found = self.query(f'SELECT COUNT("{field}") FROM "{measurement}"')
        return found[0]["values"][0][1] if found else 0


class Victoria(Server):
    """victoria-metrics; a field is a metric <measurement>_<field>."""

    name = "victoria-metrics"

    def __init__(self, folder, *flags, headers=None):
        super().__init__(folder)
        self.flags = flags
        self.headers = headers or {}

    def command(self):
        return [
            "victoria-metrics",
            f"-httpListenAddr=127.0.0.1:{self.port}",
            f"-storageDataPath={self.folder}/data",
            "-retentionPeriod=100y",
            "-loggerLevel=WARN",
            "-memory.allowedBytes=64MB",
            *self.flags,
        ]

    def is_ready(self):
        return request(self.port, "GET", "/health").status == 200

    def series(self, matcher='{__name__!=""}'):
        """{(name, ((tag, value), ...)): {ms: value}}"""
        request(self.port, "GET", "/internal/force_flush", headers=self.headers)
        query = urllib.parse.urlencode({"match[]": matcher})
        answer = request(self.port, "GET", f"/api/v1/export?{query}", headers=self.headers)
        assert answer.status == 200, answer.body
        found = {}
        for line in answer.body.splitlines():
            row = json.loads(line)
            name = row["metric"].pop("__name__")
            key = (name, tuple(sorted(row["metric"].items())))
            samples = found.setdefault(key, {})
            samples.update(zip(row["timestamps"], row["values"]))
        return found


class Gateway(Server):
    """moonline serve. config is Lua with {port}, {admin} and {data} in it;
    files are what it names, beside it."""

    name = "moonline"

    def __init__(self, folder, config, files=None, environment=None):
        super().__init__(folder)
        self.admin = free_port()
        while self.admin == self.port:  # free again, so it may be the same
            self.admin = free_port()
        self.more_environment = environment or {}
        for name, text in (files or {}).items():
            (self.folder / name).write_text(text)
        self.configure(config)

    def configure(self, config):
        """Takes effect at the next start."""
        for name, value in (
            ("port", self.port),
            ("admin", self.admin),
            ("data", f"{self.folder}/data"),
        ):
            config = config.replace("{" + name + "}", str(value))
        (self.folder / "moonline.lua").write_text(config)

    def command(self):
        return [MOONLINE, "serve", "-c", str(self.folder / "moonline.lua")]

    def environment(self):
        return {**os.environ, **self.more_environment}

    def is_ready(self):
        return request(self.port, "GET", "/ping").status > 0

    def post(self, target, body, content_type="application/json", headers=None):
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        headers = {"Content-Type": content_type, **(headers or {})}
        if isinstance(body, str):
            body = body.encode()
        return patience.ask_again(lambda: request(self.port, "POST", target, body, headers), is_too_late)

    def form(self, target, fields):
        return self.post(
            target,
            urllib.parse.urlencode(fields),
            "application/x-www-form-urlencoded",
        )

    def health(self):
        return request(self.admin, "GET", "/health")

    def wait_well(self):
        """What was failing is over; that is noted after the last point is."""
        wait_for(lambda: self.health().status == 200, lambda: f"well: {self.health().body}")

    def metrics(self):
        """{name{labels}: value}"""
        text = request(self.admin, "GET", "/metrics").body.decode()
        return {
            name: float(value)
            for name, value in re.findall(r"^([a-z_]+(?:\{[^}]*\})?) (\S+)$", text, re.M)
        }


class Sink(Server):
    """moonline sink, writing to a file."""

    name = "moonline sink"

    def __init__(self, folder):
        super().__init__(folder)
        self.file = self.folder / "lines"

    def command(self):
        return [
            MOONLINE,
            "sink",
            "--listen",
            f"127.0.0.1:{self.port}",
            str(self.file),
        ]

    def is_ready(self):
        return request(self.port, "GET", "/ping").status == 204

    def lines(self):
        return self.file.read_text().splitlines() if self.file.exists() else []


@contextlib.contextmanager
def running(*servers):
    """All of them started, and killed at the end whatever happens."""
    with contextlib.ExitStack() as stack:
        for server in servers:
            stack.enter_context(server)
        yield servers
