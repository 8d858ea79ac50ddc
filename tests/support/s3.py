"""A server that speaks S3 and checks signatures and policies, with a bucket and an account that may use it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import httpx2
from moto.server import ThreadedMotoServer

_POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'


@contextmanager
def bucket() -> Iterator[dict[str, str]]:
    """Settings of the bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    try:
        made: dict[str, Any] = {"endpoint_url": url, "region_name": "us-east-1"}
        made |= {"aws_access_key_id": "setup", "aws_secret_access_key": "setup"}
        httpx2.post(f"{url}/moto-api/reset", trust_env=False).raise_for_status()
        iam = boto3.client("iam", **made)
        iam.create_user(UserName="coterie")
        iam.put_user_policy(UserName="coterie", PolicyName="files", PolicyDocument=_POLICY)
        key = iam.create_access_key(UserName="coterie")["AccessKey"]
        boto3.client("s3", **made).create_bucket(Bucket="files")
        # From here on it looks at signatures and policies.
        httpx2.post(f"{url}/moto-api/reset-auth", content=b"0", trust_env=False).raise_for_status()
        yield {
            "s3_bucket": "files",
            "s3_endpoint": url,
            "s3_access_key": key["AccessKeyId"],
            "s3_secret_key": key["SecretAccessKey"],
        }
    finally:
        httpx2.post(f"{url}/moto-api/reset-auth", content=b"inf", trust_env=False)
        server.stop()
