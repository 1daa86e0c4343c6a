"""certificates.py - an authority of one test, and what it certifies, wrongly.

Made by openssl's command, in a folder of the test; nothing is trusted by the
system, or outlives the test.
"""

import ssl
import subprocess


class Authority:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.number = 0
        self._run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650",
                  "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority of a test")
        (folder / "index.txt").write_text("")
        (folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca = a\n[a]\ndatabase = index.txt\nnew_certs_dir = .\ncertificate = ca.pem\nprivate_key = ca.key\n"
            "rand_serial = yes\ndefault_md = sha256\npolicy = p\ncopy_extensions = copy\nunique_subject = no\n[p]\ncommonName = supplied\n"
        )

    @property
    def file(self):
        return self.folder / "ca.pem"

    def _run(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def server(self, host="IP:127.0.0.1", begin="20200101000000Z", end="21000101000000Z"):
        """What a Fake takes as tls: accepts a connection with this certificate."""
        self.number += 1
        name = f"server{self.number}"
        self._run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key",
                  "-out", f"{name}.csr", "-subj", "/CN=server", "-addext", f"subjectAltName={host}")
        self._run("ca", "-batch", "-config", "ca.cnf", "-startdate", begin, "-enddate", end, "-in", f"{name}.csr", "-out", f"{name}.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return lambda connection: context.wrap_socket(connection, server_side=True)
