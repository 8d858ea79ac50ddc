"""Which store of files the settings ask for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from coterie.blobs.disk import DiskBlobs
from coterie.blobs.port import Blobs
from coterie.blobs.s3 import Bucket, S3Blobs
from coterie.settings import SettingError, Settings


def open_blobs(settings: Settings, now: Callable[[], datetime]) -> Blobs:
    """The bucket where one is set, else the folder. Raises SettingError for half a bucket."""
    if not settings.s3_bucket:
        return DiskBlobs(Path(settings.media_dir or Path(settings.data_dir) / "media"))
    for name in ("s3_endpoint", "s3_access_key", "s3_secret_key"):
        if not getattr(settings, name):
            raise SettingError(
                f"COTERIE_{name.upper()} is empty, but COTERIE_S3_BUCKET is set; set both or none."
            )
    parts = urlsplit(settings.s3_endpoint)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query:
        raise SettingError(
            f"COTERIE_S3_ENDPOINT={settings.s3_endpoint!r} is not an address such as https://s3.example.com."
        )
    bucket = Bucket(
        settings.s3_endpoint,
        settings.s3_bucket,
        settings.s3_region,
        settings.s3_access_key,
        settings.s3_secret_key,
    )
    return S3Blobs(bucket, now)
