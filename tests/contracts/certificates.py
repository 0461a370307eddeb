"""A certification authority of a test's own, and what it vouches for."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Certificates:
    """Files. The one certificate is for a server at 127.0.0.1 and for its clients."""

    authority: Path
    stranger: Path
    """Another authority, which has vouched for nothing."""
    certificate: Path
    key: Path

    @property
    def of_server(self) -> ssl.SSLContext:
        """Takes clients that have a certificate of the authority, and no others."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.authority)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(self.certificate, self.key)
        return context


def make_certificates(openssl: str, folder: Path) -> Certificates:
    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)

    for name in ("authority", "stranger"):
        run("req", "-x509", *KEY, "-days", "1", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    run("req", *KEY, "-subj", "/CN=server", "-keyout", "key.pem", "-out", "request.pem")
    authority = ["-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial"]
    run("x509", "-req", "-in", "request.pem", *authority, "-days", "1", "-extfile", "names", "-out", "certificate.pem")
    return Certificates(
        folder / "authority.pem", folder / "stranger.pem", folder / "certificate.pem", folder / "key.pem"
    )
