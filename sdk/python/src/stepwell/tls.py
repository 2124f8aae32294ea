"""Stands for the module `ssl`, which the Python of a plugin lacks: the host does TLS, and checks certificates.

Packages import it, make contexts and wrap sockets. What would switch a check off has no effect.
"""

import enum
from typing import Any

from .errors import NoSocketsError
from .sockets import PluginSocket, SecureSocket

OPENSSL_VERSION = "none: the host does TLS"
OPENSSL_VERSION_NUMBER = 0x30000000
OPENSSL_VERSION_INFO = (3, 0, 0, 0, 0)
HAS_SNI = HAS_ALPN = HAS_ECDH = HAS_TLSv1_2 = HAS_TLSv1_3 = HAS_NEVER_CHECK_COMMON_NAME = True
HAS_NPN = HAS_SSLv2 = HAS_SSLv3 = HAS_TLSv1 = HAS_TLSv1_1 = HAS_PSK = False


class VerifyMode(enum.IntEnum):
    CERT_NONE = 0
    CERT_OPTIONAL = 1
    CERT_REQUIRED = 2


class TLSVersion(enum.IntEnum):
    MINIMUM_SUPPORTED = -2
    SSLv3 = 768
    TLSv1 = 769
    TLSv1_1 = 770
    TLSv1_2 = 771
    TLSv1_3 = 772
    MAXIMUM_SUPPORTED = -1


class Purpose(enum.Enum):
    SERVER_AUTH = "server"
    CLIENT_AUTH = "client"


CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED = VerifyMode
PROTOCOL_TLS = PROTOCOL_SSLv23 = 2
PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER = 16, 17
Options = VerifyFlags = AlertDescription = SSLErrorNumber = enum.IntFlag


class SSLError(OSError):
    """As in `ssl`; nothing raises it here."""


class SSLZeroReturnError(SSLError):
    pass


class SSLWantReadError(SSLError):
    pass


class SSLWantWriteError(SSLError):
    pass


class SSLSyscallError(SSLError):
    pass


class SSLEOFError(SSLError):
    pass


class SSLCertVerificationError(SSLError, ValueError):
    pass


CertificateError = SSLCertVerificationError
SSLSocket = SecureSocket


class SSLSession:
    pass


class SSLObject:
    """TLS without a socket, which nothing in a plugin has use for."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise NoSocketsError


class MemoryBIO:
    def __init__(self) -> None:
        raise NoSocketsError


class SSLContext:
    """Keeps what it is told. The host's own rules hold."""

    sslsocket_class = SSLSocket
    sslobject_class = SSLObject

    def __init__(self, protocol: int = PROTOCOL_TLS_CLIENT) -> None:
        self.protocol = protocol
        self.verify_mode = CERT_REQUIRED
        self.check_hostname = True
        self.options = self.verify_flags = 0
        self.minimum_version, self.maximum_version = TLSVersion.TLSv1_2, TLSVersion.MAXIMUM_SUPPORTED
        self.post_handshake_auth = False
        self.keylog_filename: str | None = None
        self.hostname_checks_common_name = False

    def wrap_socket(self, sock: PluginSocket, *_: Any, **__: Any) -> PluginSocket:
        sock.__class__ = SecureSocket
        return sock

    def wrap_bio(self, *_: Any, **__: Any) -> Any:
        raise NoSocketsError

    def load_cert_chain(self, *_: Any, **__: Any) -> None:
        raise NotImplementedError("a plugin has no certificates of its own: the host does TLS")

    def cert_store_stats(self) -> dict[str, int]:
        return {"x509": 0, "crl": 0, "x509_ca": 0}

    def get_ca_certs(self, binary_form: bool = False) -> list[Any]:
        return []

    def get_ciphers(self) -> list[Any]:
        return []

    def _told(self, *_: Any, **__: Any) -> None:
        """The host's own rules hold."""

    load_default_certs = load_verify_locations = set_default_verify_paths = _told
    set_alpn_protocols = set_npn_protocols = set_ciphers = set_ecdh_curve = load_dh_params = _told


def create_default_context(purpose: Purpose = Purpose.SERVER_AUTH, **_: Any) -> SSLContext:
    return SSLContext()


_create_default_https_context = _create_stdlib_context = _create_unverified_context = create_default_context


def get_default_verify_paths() -> Any:
    raise NoSocketsError


def match_hostname(cert: Any, hostname: str) -> None:
    """The host has checked it."""


def __getattr__(name: str) -> int:
    """Each option, flag and alert: none has an effect."""
    if name.startswith(("OP_", "VERIFY_", "ALERT_", "SSL_ERROR_", "PROTOCOL_")):
        return 0
    raise AttributeError(f"module 'ssl' of a plugin has no attribute {name!r}: the host does TLS")
