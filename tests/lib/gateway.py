"""gateway.py - the program under test: its verbs, and a gateway that runs.

MOONLINE names the binary (default build/moonline). A Gateway is started in a
folder of its own on free ports, and waited for by what it says, never by time.
"""

import http.client
import os
import pathlib
import re
import subprocess
import threading

import patience

TOP = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("MOONLINE", str(TOP / "build" / "moonline"))
PATIENCE_S = 60  # of this machine, see patience.py
SOCKET_S = 300  # by the clock

# What the environment of a developer could change.
FOREIGN = ("INFLUX_HOST", "INFLUX_ORG", "INFLUX_BUCKET", "INFLUX_TOKEN", "MOONLINE_CONFIG", "MOONLINE_SCRIPTS", "MOONLINE_BENCH")


def environment(extra=None):
    env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    env.update(extra or {})
    return env


def run(*arguments, cwd, stdin=b"", env=None):
    """Runs a verb to its end: exit code, stdout and stderr as text."""
    done = subprocess.run(
        [BINARY, *arguments], cwd=cwd, input=stdin, env=environment(env), capture_output=True, timeout=SOCKET_S, check=False
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Lines:
    """The lines of a pipe, collected by a thread, to be waited for."""

    def __init__(self, pipe):
        self.lines = []
        self.changed = threading.Condition()
        self.has_ended = False
        threading.Thread(target=self._read, args=(pipe,), daemon=True).start()

    def _read(self, pipe):
        for line in pipe:
            with self.changed:
                self.lines.append(line.decode().rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.has_ended = True
            self.changed.notify_all()

    def all(self):
        """Every line, once the other side has closed."""
        with self.changed:
            assert patience.wait_on(self.changed, lambda: self.has_ended, PATIENCE_S), "it goes on"
            return list(self.lines)

    def wait_for(self, pattern):
        """The first match of pattern in any line, so far or to come."""

        def found():
            return next((m for line in self.lines for m in [re.search(pattern, line)] if m), None)

        with self.changed:
            patience.wait_on(self.changed, lambda: found() or self.has_ended, PATIENCE_S)
            match = found()
        assert match, f"never said {pattern!r}:\n" + "\n".join(self.lines)
        return match


class Gateway:
    """`moonline serve` in cwd; config is the text of its moonline.lua."""

    def __init__(self, cwd, config, env=None, flags=()):
        pathlib.Path(cwd, "moonline.lua").write_text(config)
        self.process = subprocess.Popen(
            [BINARY, "serve", *flags],
            cwd=cwd,
            env=environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.out = Lines(self.process.stdout)
        self.log = Lines(self.process.stderr)
        said = self.log.wait_for(r"listening on [^ ,]*:(\d+).*admin on (?:[^ ,]*:(\d+)|no address)")
        self.port = int(said[1])
        self.admin_port = int(said[2]) if said[2] else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        reports = [line for line in self.log.all() if "Sanitizer" in line or "runtime error" in line]
        assert not reports, "\n".join(self.log.lines)

    def ask(self, method, path, body=None, headers=None, port=None):
        """Status, headers and body of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=SOCKET_S)
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text

    def post(self, path, body="", headers=None):
        return patience.ask_again(
            lambda: self.ask("POST", path, body, headers),
            lambda answer: answer[0] == 503 and "was not synced in time" in answer[2],
        )

    def end(self, signal):
        """Sends the signal; the exit code once it has ended."""
        self.process.send_signal(signal)
        return patience.wait_end(self.process, PATIENCE_S)
