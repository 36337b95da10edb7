"""A local AWS per test run, and the clients that drive it."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.config import Config

ACCOUNT = "111122223333"
REGION = "eu-west-1"



class LocalAws:
    """A running local-aws process."""

    def __init__(self, *arguments):
        binary = os.environ.get("LOCAL_AWS_BIN") or pytest.exit("LOCAL_AWS_BIN names no binary; use tests/boto3/run", 2)
        self.process = subprocess.Popen(
            [binary, "--listen", "127.0.0.1:0", *arguments], stdout=subprocess.PIPE, text=True
        )
        first_line = self.process.stdout.readline()
        assert "http://" in first_line, "local-aws did not start"
        self.url = first_line.split()[-1]

    def client(self, service, account=ACCOUNT, region=REGION, secret="secret", read_timeout=20):
        """A boto3 client; the access key is the account. It makes every call once: what is answered is what the test sees."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=read_timeout),
        )

    def admin(self, method, path, body=None):
        """Calls the admin API; gives the JSON of the answer."""
        return json.loads(self.http(method, f"/_local/{path}", body)[1])

    def http(self, method, path, body=None, headers=None):
        """Makes a plain HTTP request; gives status, body and headers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, response.read(), response.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers

    def place(self, account=ACCOUNT, region=REGION):
        """What is in an account and Region."""
        return self.admin("GET", "state")["accounts"].get(account, {}).get(region, {})

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.process.stdout.close()


@pytest.fixture
def start():
    """Starts a local-aws with the given arguments, as often as it is called."""
    running = []

    def starter(*arguments):
        running.append(LocalAws(*arguments))
        return running[-1]

    yield starter
    for local in running:
        if local.process.poll() is None:
            local.stop()


@pytest.fixture(scope="session")
def shared():
    local = LocalAws("--delays", "zero", "--no-quotas")
    yield local
    local.stop()


@pytest.fixture
def local(shared):
    """A local AWS with nothing in it, without delays and quotas."""
    shared.admin("POST", "reset")
    return shared


@pytest.fixture
def refused():
    """Calls something that must be refused; gives the error's code, status, message and headers."""
    from botocore.exceptions import ClientError

    class Refusal:
        def __init__(self, response):
            self.code = response["Error"]["Code"]
            self.message = response["Error"].get("Message", "")
            self.status = response["ResponseMetadata"]["HTTPStatusCode"]
            self.headers = response["ResponseMetadata"]["HTTPHeaders"]

    def call(operation, **parameters):
        with pytest.raises(ClientError) as caught:
            operation(**parameters)
        return Refusal(caught.value.response)

    return call


def until(condition, seconds=20):
    """Waits until a condition gives something true, and gives that."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.02)
