using System.Text.Json;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Guests;

/// <summary>The network that needs no rights: metadata, SSH by the rules, nothing else.</summary>
public sealed class UserNetworkTests : IAsyncLifetime
{
    private const string Trust = """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},
        "Action":"sts:AssumeRole"}]}
        """;

    private const string Policy = """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:DescribeInstances","Resource":"*"}]}
        """;

    // busybox's wget has no PUT; with HTTP/1.0 the body is what follows the empty line.
    private const string Imds = """
        ask() {
          printf '%s %s HTTP/1.0\r\nContent-Length: 0\r\n%s\r\n\r\n' "$1" "$2" "$3" | nc -w 5 169.254.169.254 80
        }
        body() { sed '1,/^\r*$/d'; }
        token=$(ask PUT /latest/api/token 'X-aws-ec2-metadata-token-ttl-seconds: 60' | body)
        meta() { ask GET "/latest/$1" "X-aws-ec2-metadata-token: $token" | body; }

        """;

    private readonly KilnProcess _kiln = new()
    {
        Guests = "qemu", Arguments = ["--guest-memory-mib", "160", "--guest-processors", "1"],
    };

    public ValueTask InitializeAsync()
    {
        TinyGuest.SkipWhereMissing("isolated");
        return _kiln.InitializeAsync();
    }

    public async ValueTask DisposeAsync() => await _kiln.DisposeAsync();

    [Fact]
    public async Task A_machine_knows_itself_acts_as_its_role_and_is_reached_while_its_groups_allow_it()
    {
        var aws = _kiln.Aws();
        var image = await TinyImage.Register(_kiln, "tiny");
        var key = await TinyGuest.NewKey(_kiln, "door");
        await aws.Json("iam", "create-role", "--role-name", "reader", "--assume-role-policy-document", Trust);
        await aws.Json("iam", "put-role-policy", "--role-name", "reader", "--policy-name", "p",
            "--policy-document", Policy);
        await aws.Json("iam create-instance-profile --instance-profile-name reader");
        await aws.Json("iam add-role-to-instance-profile --instance-profile-name reader --role-name reader");
        var group = (await aws.Json("ec2 create-security-group --group-name ssh --description d"))
            .GetProperty("GroupId").GetString();
        var guest = await TinyGuest.Launch(_kiln, image, key,
            "--security-group-ids", group!, "--iam-instance-profile", "Name=reader",
            "--user-data", "#!/bin/sh\necho from user data >/root/said",
            "--metadata-options", "HttpTokens=required,InstanceMetadataTags=enabled",
            "--tag-specifications", "ResourceType=instance,Tags=[{Key=Name,Value=blue}]");
        // No rule, no way in.
        Assert.Equal(255, (await guest.Ssh("true")).ExitCode);
        await aws.Json($"ec2 authorize-security-group-ingress --group-id {group} --protocol tcp --port 22"
            + " --cidr 127.0.0.0/8");

        var said = await guest.Shell(Imds + """
            ask GET /latest/meta-data/instance-id | head -n 1
            meta meta-data/instance-id; echo
            meta meta-data/tags/instance/Name; echo
            hostname
            cat /root/said
            """);
        Assert.Equal(
            [
                "HTTP/1.1 401 Unauthorized", guest.Id, "blue",
                guest.Instance.GetProperty("PrivateDnsName").GetString()!, "from user data",
            ], said.Replace("\r", "", StringComparison.Ordinal).Trim().Split('\n'));
        await ActsAsItsRole(guest);
        await ReachesNothingElse(guest);

        // Kiln dies and comes back: the machine is the same, and finds its metadata again.
        await _kiln.Kill();
        await _kiln.Start();
        Assert.Contains(guest.Id, await guest.Shell(Imds + "meta meta-data/instance-id"), StringComparison.Ordinal);

        await aws.Json($"ec2 revoke-security-group-ingress --group-id {group} --protocol tcp --port 22"
            + " --cidr 127.0.0.0/8");
        await TinyGuest.Until(async () => (await guest.Ssh("true")).ExitCode == 255 ? null : "SSH is still open");
        await guest.Terminate();
    }

    private async Task ActsAsItsRole(TinyGuest guest)
    {
        var keys = JsonDocument.Parse(
            await guest.Shell(Imds + "meta meta-data/iam/security-credentials/reader")).RootElement;
        var variables = _kiln.Variables(KilnProcess.A, KilnProcess.R1);
        variables["AWS_ACCESS_KEY_ID"] = keys.GetProperty("AccessKeyId").GetString();
        variables["AWS_SECRET_ACCESS_KEY"] = keys.GetProperty("SecretAccessKey").GetString();
        variables["AWS_SESSION_TOKEN"] = keys.GetProperty("Token").GetString();
        Task<Outcome> As(params string[] arguments) => Command.Run(
            AwsCli.Program, ["--endpoint-url", _kiln.Url, "--output", "text", .. arguments], variables);
        Assert.Equal($"arn:aws:sts::{KilnProcess.A}:assumed-role/reader/{guest.Id}",
            (await As("sts", "get-caller-identity", "--query", "Arn")).Output.Trim());
        Assert.Contains(guest.Id, (await As("ec2", "describe-instances")).Output, StringComparison.Ordinal);
        Assert.Equal("UnauthorizedOperation", (await As("ec2", "describe-images")).ErrorCode);
    }

    private async Task ReachesNothingElse(TinyGuest guest)
    {
        var port = new Uri(_kiln.Url).Port;
        // The host behind slirp, its loopback, and the world: each ends without a byte of an answer.
        foreach (var host in new[] { "172.31.0.1", "172.31.0.2", "127.0.0.1", "192.0.2.1" })
        {
            var tried = await guest.Ssh($"printf 'GET /_kiln/health HTTP/1.0\\r\\n\\r\\n' | nc -w 2 {host} {port}");
            Assert.Equal((host, ""), (host, tried.Output));
        }
    }
}
