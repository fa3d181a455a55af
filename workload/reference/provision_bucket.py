"""Makes a bucket and its user on an S3 gateway: `python3 -m reference.provision_bucket`.

Run as a Job with two mounted secrets: `administrator` (access-key-id, secret-access-key) and
`bucket` (endpoint, bucket, region, access-key-id, secret-access-key, ca.crt), the second being
what a workload of the system mounts too. Every step may be repeated: a user that is there gets
the keys of the secret, a bucket that is there stays as it is and gets its owner back.

The user and owner calls are versitygw's admin API (its `s3api/admin-router.go`), which is signed
like S3. Exit code 0 when all is as it should be, 1 after two minutes without an answer or at an
answer that no repetition would change; the reason is one line of JSON on standard error.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from xml.sax.saxutils import escape

import botocore.session
import tenacity
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import URLLib3Session

from reference.mounts import Mount, MountError

_PATIENCE_SECONDS = 120
_THERE = ("BucketAlreadyExists", "BucketAlreadyOwnedByYou")
_USER_THERE = "XAdminUserExists"


class RefusedError(RuntimeError):
    """The gateway answered, and asking again would change nothing."""


class AwayError(RuntimeError):
    """The gateway doesn't answer yet."""


class Gateway:
    """The gateway, as its administrator."""

    def __init__(self, administrator: Mount, bucket: Mount) -> None:
        self._endpoint = bucket.read("endpoint")
        self._region = bucket.read("region")
        authority = bucket.authority()
        self._verify = str(authority) if authority else True
        self._keys = Credentials(
            administrator.read("access-key-id"), administrator.read("secret-access-key")
        )
        self._http = URLLib3Session(verify=self._verify, timeout=10)

    def admin(self, path: str, body: str = "", **headers: str) -> tuple[int, str]:
        """Calls the admin API; AwayError for no answer and for 5xx."""
        request = AWSRequest("PATCH", self._endpoint + path, data=body.encode(), headers=headers)
        request.context["payload_signing_enabled"] = True
        S3SigV4Auth(self._keys, "s3", self._region).add_auth(request)
        try:
            answer = self._http.send(request.prepare())
        except BotoCoreError as error:
            raise AwayError(f"{self._endpoint} doesn't answer: {type(error).__name__}") from error
        if answer.status_code >= 500:
            raise AwayError(f"{path} answered {answer.status_code}")
        return answer.status_code, answer.text

    def s3(self) -> BaseClient:
        """An S3 client with the administrator's keys."""
        session = botocore.session.get_session()
        return session.create_client(
            "s3",
            region_name=self._region,
            endpoint_url=self._endpoint,
            verify=self._verify,
            aws_access_key_id=self._keys.access_key,
            aws_secret_access_key=self._keys.secret_key,
            config=Config(
                connect_timeout=3,
                retries={"max_attempts": 2, "mode": "standard"},
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )


def provision(administrator: Mount, bucket: Mount, versioned: bool) -> None:
    """Makes user, bucket and versioning; RefusedError, AwayError or MountError if it can't."""
    gateway = Gateway(administrator, bucket)
    name, user = bucket.read("bucket"), bucket.read("access-key-id")
    _ensure_user(gateway, user, bucket.read("secret-access-key"))
    _ensure_bucket(gateway, name, user, versioned)


def _ensure_user(gateway: Gateway, user: str, secret: str) -> None:
    account = (
        f"<Account><Access>{escape(user)}</Access><Secret>{escape(secret)}</Secret>"
        "<Role>user</Role></Account>"
    )
    status, text = gateway.admin("/create-user", account)
    if status < 300:
        return
    if _USER_THERE not in text:
        raise RefusedError(f"creating the user was answered {status}: {_code(text)}")
    change = f"<MutableProps><Secret>{escape(secret)}</Secret></MutableProps>"
    status, text = gateway.admin(f"/update-user?access={user}", change)
    if status >= 300:
        raise RefusedError(f"updating the user was answered {status}: {_code(text)}")


def _ensure_bucket(gateway: Gateway, name: str, user: str, versioned: bool) -> None:
    client = gateway.s3()
    try:
        client.create_bucket(Bucket=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _THERE:
            raise _judged(error) from error
    except BotoCoreError as error:
        raise AwayError(f"the bucket can't be made yet: {type(error).__name__}") from error
    try:
        _ensure_versions(client, name, versioned)
    except (ClientError, BotoCoreError) as error:
        raise _judged(error) from error
    status, text = gateway.admin(f"/change-bucket-owner?bucket={name}&owner={user}")
    if status >= 300:
        raise RefusedError(f"giving the bucket to its user was answered {status}: {_code(text)}")


def _ensure_versions(client: BaseClient, name: str, versioned: bool) -> None:
    now = client.get_bucket_versioning(Bucket=name).get("Status")
    wanted = "Enabled" if versioned else "Suspended"
    # A bucket that never had versions has no status, and needs none to be without them.
    if now != wanted and (versioned or now is not None):
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": wanted})


def _judged(error: Exception) -> Exception:
    if isinstance(error, ClientError):
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code = error.response["Error"]["Code"]
        kind = AwayError if status >= 500 else RefusedError
        return kind(f"{error.operation_name} was answered {status} {code}")
    return AwayError(f"no answer: {type(error).__name__}")


def _code(text: str) -> str:
    """The error code in the answer: its message could quote what was sent."""
    return text.partition("<Code>")[2].partition("</Code>")[0] or "no code"


def main() -> int:
    """Tries until it is done; the exit code."""
    folder = Path(os.environ.get("ALICERCE_SECRETS_DIR", "/run/secrets"))
    versioned = os.environ.get("ALICERCE_BUCKET_VERSIONED", "true") == "true"
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(AwayError),
        wait=tenacity.wait_random_exponential(multiplier=0.2, max=3),
        stop=tenacity.stop_after_delay(_PATIENCE_SECONDS),
        reraise=True,
    )
    try:
        retrying(provision, Mount(folder / "administrator"), Mount(folder / "bucket"), versioned)
    except (AwayError, RefusedError, MountError) as error:
        print(json.dumps({"level": "error", "event": "not provisioned", "reason": str(error)}),
              file=sys.stderr)  # fmt: skip
        return 1
    print(json.dumps({"level": "info", "event": "bucket ready"}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
