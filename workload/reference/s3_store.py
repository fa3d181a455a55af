"""The uploads' store in S3."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from reference.bucket import Bucket

if TYPE_CHECKING:
    from types_aiobotocore_s3.type_defs import CompletedPartTypeDef


class S3Store:
    """What an upload needs, as calls on one bucket; raises botocore's errors."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    async def put(self, key: str, kind: str, body: io.BytesIO) -> None:
        """Stores a short body at once."""
        client = self._bucket.client
        await client.put_object(Bucket=self._bucket.name, Key=key, Body=body, ContentType=kind)

    async def begin(self, key: str, kind: str) -> str:
        """Begins a multipart upload and gives its id."""
        begun = await self._bucket.client.create_multipart_upload(
            Bucket=self._bucket.name, Key=key, ContentType=kind
        )
        return begun["UploadId"]

    async def part(self, key: str, upload: str, number: int, body: io.BytesIO) -> str:
        """Stores one part and gives its tag."""
        stored = await self._bucket.client.upload_part(
            Bucket=self._bucket.name, Key=key, UploadId=upload, PartNumber=number, Body=body
        )
        return stored["ETag"]

    async def complete(self, key: str, upload: str, parts: list[CompletedPartTypeDef]) -> None:
        """Makes the object of its parts."""
        await self._bucket.client.complete_multipart_upload(
            Bucket=self._bucket.name,
            Key=key,
            UploadId=upload,
            MultipartUpload={"Parts": parts},
        )

    async def abort(self, key: str, upload: str) -> None:
        """Forgets the parts."""
        await self._bucket.client.abort_multipart_upload(
            Bucket=self._bucket.name, Key=key, UploadId=upload
        )
