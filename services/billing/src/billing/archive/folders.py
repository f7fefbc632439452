"""The archive's folder by the setting that names it."""

from pathlib import Path

from billing.archive.ports import Folder
from prewatt_common.local_folder import LocalFolder


def folder_at(url: str) -> Folder:
    """A folder of this machine, or a bucket. Raises ValueError for what is neither."""
    if "://" not in url:
        return LocalFolder(Path(url))
    from billing.archive.s3_folder import S3Folder

    return S3Folder(url)
