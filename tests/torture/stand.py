"""stand.py - the gateway under test: started, killed, started again.

Ports are free ones, told by its log; senders ask the stand where it listens.
"""

import collections
import http.client
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading

import patience

TOP = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("MOONLINE", str(TOP / "build" / "moonline"))
PATIENCE_S = 120  # and a disk may take its time
NEVER_SAID = ("were acknowledged and cannot be read", "Sanitizer", "runtime error", "Assertion")
FOREIGN = ("INFLUX_HOST", "INFLUX_ORG", "INFLUX_BUCKET", "INFLUX_TOKEN", "MOONLINE_CONFIG", "MOONLINE_SCRIPTS")

CONFIG = """return {{
  listen = "127.0.0.1:0", admin = "127.0.0.1:0", data = "{data}",
  outputs = {{ {outputs} }},
  routes = {{ {{ path = "/w", line_protocol = true, verify = false,
               output = {{ {names} }} }}, {more_routes} }},
  journal = {{ min_free = "{min_free}", max = "{max}", segment = "{segment}" }},
}}
"""
OUTPUT = '{name} = {{ url = "http://127.0.0.1:{port}", org = "o", bucket = "{name}", flush = "20ms" }}'


class CannotTry(Exception):
    """This machine lacks what the row needs; says what."""


class Stand:
    def __init__(self, folder, fake, data=None, segment="64KiB", min_free="64KiB", max_bytes="10GB", more_routes=""):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ledger = fake.ledger
        self.data = pathlib.Path(data or self.folder / "data")
        self.config = self.folder / "moonline.lua"
        names = fake.ledger.outputs
        self.config.write_text(
            CONFIG.format(
                data=self.data,
                outputs=", ".join(OUTPUT.format(name=name, port=fake.port) for name in names),
                names=", ".join(f'"{name}"' for name in names),
                min_free=min_free,
                max=max_bytes,
                segment=segment,
                more_routes=more_routes.replace("{{", "{").replace("}}", "}"),
            )
        )
        self.changed = threading.Condition()
        self.process = None
        self.port = None
        self.admin = None
        self.is_done = False  # nobody waits for a port any more
        self.log = collections.deque(maxlen=2000)
        self.env = None  # for every start
        self.before = ()

    # ---- its life ----

    def spawn(self, env=None, before=()):
        """Starts it, and does not wait. before: a program that runs it."""
        assert self.process is None
        environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        environment.update(MOONLINE_BENCH="1", **(self.env or {}), **(env or {}))
        # If this program dies, so does the gateway.
        command = ["setpriv", "--pdeathsig", "KILL", *self.before, *before, BINARY, "serve", "-c", str(self.config)]
        if not shutil.which("setpriv"):
            command = command[3:]
        self.process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        return self.process

    def _read(self, process):
        for raw in process.stderr:
            line = raw.decode(errors="replace").rstrip("\n")
            if any(bad in line for bad in NEVER_SAID):
                self.ledger.complain(f"the gateway says: {line}")
            said = re.search(r"listening on [^ ,]*:(\d+).*admin on [^ ,]*:(\d+)", line)
            with self.changed:
                self.log.append(line)
                if said and process is self.process:
                    self.port, self.admin = int(said[1]), int(said[2])
                self.changed.notify_all()
        process.wait()
        with self.changed:
            if process is self.process:
                self.port = None
            self.changed.notify_all()
        with self.ledger.changed:
            self.ledger.changed.notify_all()  # nothing more will arrive

    def wait_ready(self, seconds=PATIENCE_S):
        """True: it listens. False: it has ended instead."""
        process = self.process
        with self.changed:
            patience.wait_on(self.changed, lambda: self.port or process.poll() is not None, seconds)
            assert self.port or process.poll() is not None, f"not ready after {seconds} s\n{self.tail()}"
            return self.port is not None

    def start(self, env=None, before=()):
        self.spawn(env, before)
        assert self.wait_ready(), f"it did not start\n{self.tail()}"
        return self

    def kill(self):
        with self.changed:
            process, self.process, self.port = self.process, None, None
        if process:
            process.kill()
            process.wait()

    def stop(self, seconds=PATIENCE_S):
        """SIGTERM; the exit code."""
        with self.changed:
            process, self.process, self.port = self.process, None, None
        process.send_signal(signal.SIGTERM)
        try:
            return patience.wait_end(process, seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.ledger.complain(f"SIGTERM did not end it in {seconds} s")
            return -signal.SIGKILL

    def wait_end(self, seconds=PATIENCE_S):
        """It ends by itself; the exit code."""
        code = patience.wait_end(self.process, seconds)
        with self.changed:
            self.process = self.port = None
        return code

    def has_ended(self, code, seconds=5):
        """By itself, with this code; or does within that time."""
        try:
            is_so = patience.wait_end(self.process, seconds) == code
        except subprocess.TimeoutExpired:
            return False
        if is_so:
            self.wait_end()
        return is_so

    def be(self, user):
        """Not root any more, from the next start on."""
        if os.geteuid() != 0 or not shutil.which("setpriv"):
            raise CannotTry("no other user")
        top = next(above for above in self.folder.parents if above.parent == pathlib.Path("/tmp") or above.name.startswith("torture-"))
        for above in (top, *(path for path in self.folder.parents if top in path.parents)):
            above.chmod(0o711)
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, user, user)
        self.before = ("setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups")

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    # ---- for senders ----

    def wait_for_port(self):
        with self.changed:
            self.changed.wait_for(lambda: self.port or self.is_done, 1)
            return self.port

    def forget(self, port):
        """A connection there failed: wait until another is told."""
        with self.changed:
            dead = self.process is None or self.process.poll() is not None
            if dead and self.port == port:
                self.port = None

    def let_go(self):
        with self.changed:
            self.is_done = True
            self.changed.notify_all()

    # ---- what it says ----

    def stacks(self):
        """Where its threads are, for one that hangs."""
        if not (self.is_alive() and shutil.which("gdb")):
            return ""
        done = subprocess.run(
            ["gdb", "-p", str(self.process.pid), "-batch", "-ex", "thread apply all bt 12"],
            capture_output=True, text=True, check=False, timeout=60,
        )
        return "\n".join(line for line in done.stdout.splitlines() if line.startswith(("Thread", "#")))

    def tail(self, lines=15):
        return "\n".join(list(self.log)[-lines:])

    def wait_for_log(self, pattern, seconds=PATIENCE_S):
        with self.changed:
            return patience.wait_on(self.changed, lambda: any(re.search(pattern, line) for line in self.log), seconds)

    def ask(self, path):
        """OSError: it has ended, or broke the connection though nothing stood
        still meanwhile."""
        for tries_left in range(4, -1, -1):
            lost = patience.Lost()
            try:
                return self._ask(path)
            except (OSError, http.client.HTTPException) as why:
                if not (tries_left and lost.time() and self.is_alive()):
                    raise OSError(f"no answer to {path}: {why!r}") from why
        return None

    def _ask(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=PATIENCE_S)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def metrics(self):
        return {
            name: float(value)
            for name, value in re.findall(r"^([a-z0-9_]+(?:\{[^}]*\})?) (\S+)$", self.ask("/metrics")[1], re.M)
        }

    def rss_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def wait_until(condition, what, seconds=PATIENCE_S):
    return patience.wait_until(condition, what, seconds)
