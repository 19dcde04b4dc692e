using System.Text.Json;
using Amazon.EC2.Model;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Clients;

/// <summary>Debian's aws CLI as it comes: waiters, pages, rehearsals, refusals, and the services beside EC2.</summary>
public sealed class AwsCliTests(World world)
{
    private const string R1 = KilnProcess.R1;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Waiters_end_for_images_snapshots_volumes_and_instances()
    {
        var aws = Aws("666600000001");
        var source = await world.Golden(61, "666600000001");

        await Done(aws, $"ec2 wait image-exists --image-ids {source}");
        await Done(aws, $"ec2 wait image-available --image-ids {source}");
        var instance = (await aws.Json($"ec2 run-instances --image-id {source} --instance-type t3.micro"))
            .GetProperty("Instances")[0].GetProperty("InstanceId").GetString()!;
        await Done(aws, $"ec2 wait instance-exists --instance-ids {instance}");
        await Done(aws, $"ec2 wait instance-running --instance-ids {instance}");
        await Done(aws, $"ec2 wait instance-status-ok --instance-ids {instance}");

        var zone = (await aws.Json($"ec2 describe-instances --instance-ids {instance}"))
            .GetProperty("Reservations")[0].GetProperty("Instances")[0].GetProperty("Placement")
                .GetProperty("AvailabilityZone").GetString();
        var volume = (await aws.Json($"ec2 create-volume --availability-zone {zone} --size 1")).GetProperty("VolumeId")
            .GetString()!;
        await Done(aws, $"ec2 wait volume-available --volume-ids {volume}");
        await aws.Json($"ec2 attach-volume --volume-id {volume} --instance-id {instance} --device /dev/sdf");
        await Done(aws, $"ec2 wait volume-in-use --volume-ids {volume}");
        var snapshot = (await aws.Json($"ec2 create-snapshot --volume-id {volume}")).GetProperty("SnapshotId")
            .GetString()!;
        await Done(aws, $"ec2 wait snapshot-completed --snapshot-ids {snapshot}");

        await aws.Json($"ec2 stop-instances --instance-ids {instance}");
        await Done(aws, $"ec2 wait instance-stopped --instance-ids {instance}");
        await aws.Json($"ec2 terminate-instances --instance-ids {instance}");
        await Done(aws, $"ec2 wait instance-terminated --instance-ids {instance}");
        await Done(aws, $"ec2 wait volume-available --volume-ids {volume}");
        await aws.Json($"ec2 delete-volume --volume-id {volume}");
        await Done(aws, $"ec2 wait volume-deleted --volume-ids {volume}");
    }

    [Fact]
    public async Task Pages_hold_everything_once()
    {
        const string Account = "666600000002";
        var aws = Aws(Account);
        var snapshot = await world.Disk(62, Account);
        var ids = new List<string>();
        for (var i = 0; i < 12; i++)
        {
            ids.Add((await world.Ec2(Account).RegisterImageAsync(new RegisterImageRequest
            {
                Name = world.Name("page"), Architecture = "x86_64", RootDeviceName = "/dev/xvda",
                BlockDeviceMappings = [World.Mapping("/dev/xvda", snapshot)],
            }, Cancel)).ImageId);
        }

        var all = await aws.Json("ec2 describe-images --owners self --page-size 5");
        Assert.Equal(ids.Order(StringComparer.Ordinal), Ids(all).Order(StringComparer.Ordinal));

        // --max-items cuts where it likes, with a token of the CLI's own to go on.
        var seen = new List<string>();
        string? next = null;
        do
        {
            var part = await aws.Json(
                ["ec2", "describe-images", "--owners", "self", "--page-size", "5", "--max-items", "7",
                 .. next is null ? Array.Empty<string>() : ["--starting-token", next]]);
            seen.AddRange(Ids(part));
            next = part.TryGetProperty("NextToken", out var token) ? token.GetString() : null;
        }
        while (next is not null);
        Assert.Equal(ids.Order(StringComparer.Ordinal), seen.Order(StringComparer.Ordinal));

        // A token opens nothing but the listing that it is of.
        var page = (await aws.Json("ec2 describe-images --owners self --max-results 5")).GetProperty("NextToken")
            .GetString();
        Assert.Equal("InvalidNextToken", await aws.Error(
            $"ec2 describe-snapshots --owner-ids self --no-paginate --max-results 5 --next-token {page}"));
    }

    [Fact]
    public async Task Rehearsals_and_refusals_end_with_their_codes()
    {
        const string Account = "666600000003";
        var aws = Aws(Account);
        var source = await world.Golden(63, Account);

        var rehearsed = await aws.Run($"ec2 deregister-image --image-id {source} --dry-run");
        Assert.Equal(254, rehearsed.ExitCode);
        Assert.Equal("DryRunOperation", rehearsed.ErrorCode);
        Assert.Equal("DryRunOperation",
            await aws.Error($"ec2 run-instances --image-id {source} --instance-type t3.micro --dry-run"));
        Assert.Equal("available", (await world.Describe(source, Account)).State.Value);

        foreach (var (arguments, code) in new[]
        {
            ("ec2 describe-images --image-ids ami-0123456789abcdef0", "InvalidAMIID.NotFound"),
            ("ec2 describe-images --image-ids nonsense", "InvalidAMIID.Malformed"),
            ("ec2 describe-instances --instance-ids i-0123456789abcdef0", "InvalidInstanceID.NotFound"),
            ("ec2 describe-volumes --volume-ids vol-0123456789abcdef0", "InvalidVolume.NotFound"),
            ($"ec2 run-instances --image-id {source} --instance-type t3.colossal", "InvalidParameterValue"),
            ("ec2 describe-images --filters Name=color,Values=red", "InvalidParameterValue"),
            ("ec2 accept-vpc-peering-connection", "UnsupportedOperation"),
        })
        {
            var refused = await aws.Run(arguments);
            Assert.True(refused.ExitCode == 254, $"{arguments}: {refused.ExitCode} {refused.Errors}");
            Assert.Equal((arguments, code), (arguments, refused.ErrorCode));
        }
        // What the CLI itself refuses never comes here.
        Assert.Equal(252, (await aws.Run("ec2 deregister-image")).ExitCode);
    }

    [Fact]
    public async Task Sts_and_kms_answer()
    {
        const string Account = "666600000004";
        var aws = Aws(Account);
        Assert.Equal(
            $"arn:aws:iam::{Account}:root", (await aws.Json("sts get-caller-identity")).GetProperty("Arn").GetString());

        var session = (await aws.Json("sts get-session-token")).GetProperty("Credentials");
        var variables = world.Kiln.Variables(Account, R1);
        variables["AWS_ACCESS_KEY_ID"] = session.GetProperty("AccessKeyId").GetString();
        variables["AWS_SECRET_ACCESS_KEY"] = session.GetProperty("SecretAccessKey").GetString();
        variables["AWS_SESSION_TOKEN"] = session.GetProperty("SessionToken").GetString();
        var outcome = await Command.Run(AwsCli.Program,
            ["--endpoint-url", world.Kiln.Url, "ec2", "describe-images", "--owners", "self"], variables,
                world.Kiln.Folder);
        Assert.True(outcome.ExitCode == 0, outcome.Errors);

        var key = (await aws.Json("kms create-key --description cli")).GetProperty("KeyMetadata").GetProperty("KeyId")
            .GetString()!;
        await aws.Json($"kms create-alias --alias-name alias/cli --target-key-id {key}");
        Assert.Contains("alias/cli", (await aws.Json("kms list-aliases")).GetRawText(), StringComparison.Ordinal);
        var file = Path.Combine(world.Kiln.Folder, "kms-plain");
        await File.WriteAllTextAsync(file, "the bytes", Cancel);
        var sealedText = (await aws.Json($"kms encrypt --key-id alias/cli --plaintext fileb://{file}"))
            .GetProperty("CiphertextBlob").GetString()!;
        await File.WriteAllBytesAsync(file, Convert.FromBase64String(sealedText), Cancel);
        var plain = (await aws.Json($"kms decrypt --ciphertext-blob fileb://{file}")).GetProperty("Plaintext")
            .GetString()!;
        Assert.Equal("the bytes"u8.ToArray(), Convert.FromBase64String(plain));
        await aws.Json($"kms disable-key --key-id {key}");
        Assert.Equal(
            "DisabledException", await aws.Error($"kms encrypt --key-id alias/cli --plaintext fileb://{file}"));
        await aws.Json($"kms schedule-key-deletion --key-id {key} --pending-window-in-days 7");
        Assert.Equal("PendingDeletion", (await aws.Json($"kms describe-key --key-id {key}"))
            .GetProperty("KeyMetadata").GetProperty("KeyState").GetString());
    }

    private AwsCli Aws(string account)
    {
        Assert.SkipUnless(File.Exists(AwsCli.Program), "The aws CLI is not installed (Debian's package awscli).");
        return world.Kiln.Aws(account);
    }

    private static async Task Done(AwsCli aws, string arguments)
    {
        var outcome = await aws.Run(arguments);
        Assert.True(outcome.ExitCode == 0, $"aws {arguments}: {outcome.Errors}");
    }

    private static IEnumerable<string> Ids(JsonElement answer) =>
        answer.GetProperty("Images").EnumerateArray().Select(i => i.GetProperty("ImageId").GetString()!);
}
