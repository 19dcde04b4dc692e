using Kiln.Tests.Ec2;
using Kiln.Tests.Ec2.Images;
using Kiln.Tests.Ec2.Instances;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Iam;

/// <summary>Rights come first: who may not change a thing is not told in what state it is.</summary>
public sealed class RightsTests(TestServer server) : IClassFixture<TestServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task States_are_told_to_those_only_who_may_change_them()
    {
        var refusals = await Refusals();
        var root = Client(TestServer.A, "test");
        var onlooker = await As("onlooker", Principals.Allow("ec2:Describe*"));

        foreach (var (action, code, parameters) in refusals)
        {
            Assert.Equal((action, "UnauthorizedOperation"), (action, await onlooker.Refused(action, parameters)));
            Assert.Equal((action, code), (action, await root.Refused(action, parameters)));
            // A launch and a volume are rehearsed with all that would refuse the real one.
            var rehearsed = action is "RunInstances" or "CreateVolume" ? code : "DryRunOperation";
            Assert.Equal((action, rehearsed),
                (action, await root.Refused(action, [.. parameters, ("DryRun", "true")])));
        }
    }

    [Fact]
    public async Task Tags_on_what_is_made_are_a_right_of_their_own()
    {
        (string, string)[] volume = [("AvailabilityZone", "us-east-1a"), ("Size", "1")];
        (string, string)[] Tagged(string team) => [.. volume, ("TagSpecification.1.ResourceType", "volume"),
            ("TagSpecification.1.Tag.1.Key", "team"), ("TagSpecification.1.Tag.1.Value", team)];
        var maker = await As("maker", Principals.Allow("ec2:CreateVolume"));
        var tagger = await As("tagger",
            """
            {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:CreateVolume","Resource":"*"},
            {"Effect":"Allow","Action":"ec2:CreateTags","Resource":"arn:aws:ec2:*:*:volume/*","Condition":
            {"StringEquals":{"ec2:CreateAction":"CreateVolume","aws:RequestTag/team":"os"}}}]}
            """);

        Assert.Equal("UnauthorizedOperation", await maker.Refused("CreateVolume", Tagged("os")));
        Assert.Equal("UnauthorizedOperation", await tagger.Refused("CreateVolume", Tagged("web")));
        await maker.Ok("CreateVolume", volume);
        var made = await tagger.Ok("CreateVolume", Tagged("os"));
        var id = made.Descendants("volumeId").Single().Value;
        Assert.Equal("UnauthorizedOperation", await tagger.Refused("CreateTags",
            ("ResourceId.1", id), ("Tag.1.Key", "team"), ("Tag.1.Value", "os")));
    }

    [Fact]
    public async Task A_refusal_names_the_resource_that_is_not_allowed()
    {
        var snapshot = await server.Snapshot();
        var maker = await As("one-sided", Principals.Allow("ec2:CreateVolume", "arn:aws:ec2:*:*:volume/*"));

        var (_, refusal) = await maker.Call(
            "CreateVolume", ("AvailabilityZone", "us-east-1a"), ("SnapshotId", snapshot));

        Assert.Contains($"on resource: arn:aws:ec2:us-east-1::snapshot/{snapshot} because no identity-based policy",
            refusal.Descendants("Message").Single().Value, StringComparison.Ordinal);
        var denied = await As("denied", """
            {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"},
            {"Effect":"Deny","Action":"ec2:DeleteSnapshot","Resource":"*"}]}
            """);
        (_, refusal) = await denied.Call("DeleteSnapshot", ("SnapshotId", snapshot));
        Assert.Contains("with an explicit deny in an identity-based policy",
            refusal.Descendants("Message").Single().Value, StringComparison.Ordinal);
    }

    private async Task<QueryClient> As(string role, string policy)
    {
        var keys = await server.Assume(await server.Role(TestServer.A, role, policy));
        return Client(keys.AccessKeyId, keys.SecretAccessKey, keys.SessionToken);
    }

    private QueryClient Client(string key, string secret, string? token = null) =>
        new(server.Server.Url, "ec2", "2016-11-15", key, secret, token);

    /// <summary>Things in states that refuse what is asked of them.</summary>
    private async Task<List<(string Action, string Code, (string, string)[] Parameters)>> Refusals()
    {
        var ec2 = server.Ec2();
        var (image, volume) = await server.NewImage("in-use");
        var used = (await ec2.Image(image)).BlockDeviceMappings[0].Ebs.SnapshotId;
        await ec2.EnableImageDeregistrationProtectionAsync(new() { ImageId = image }, Cancel);
        var disabled = await ec2.Register("disabled", used);
        await ec2.DisableImageAsync(new() { ImageId = disabled }, Cancel);
        var locked = await server.Snapshot();
        await ec2.LockSnapshotAsync(
            new() { SnapshotId = locked, LockMode = "compliance", LockDuration = 9 }, Cancel);
        await ec2.EnableSnapshotBlockPublicAccessAsync(new() { State = "block-new-sharing" }, Cancel);
        var instance = (await ec2.Running(image)).InstanceId;
        await ec2.TerminateInstancesAsync(new() { InstanceIds = [instance] }, Cancel);
        await ec2.InstanceIs(instance, "terminated");
        var vpc = (await ec2.DescribeVpcsAsync(new(), Cancel)).Vpcs[0].VpcId;
        var group = (await ec2.DescribeSecurityGroupsAsync(new(), Cancel)).SecurityGroups[0].GroupId;
        (string, string)[] Mapped(string name) => [("Name", name), ("RootDeviceName", "/dev/xvda"),
            ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"), ("BlockDeviceMapping.1.Ebs.SnapshotId", locked),
            ("BlockDeviceMapping.1.Ebs.VolumeType", "st1"), ("BlockDeviceMapping.1.Ebs.VolumeSize", "1")];
        return
        [
            ("CancelImageLaunchPermission", "OperationNotPermitted", [("ImageId", image)]),
            ("CopyImage", "InvalidAMIID.Unavailable",
                [("Name", "copy"), ("SourceImageId", disabled), ("SourceRegion", "us-east-1")]),
            ("CreateImage", "InvalidParameterValue", [("InstanceId", instance), ("Name", "late")]),
            ("DeregisterImage", "OperationNotPermitted", [("ImageId", image)]),
            ("ModifyImageAttribute", "IncorrectState",
                [("ImageId", disabled), ("LaunchPermission.Add.1.UserId", TestServer.B)]),
            ("RegisterImage", "BootForVolumeTypeUnsupported", Mapped("slow")),
            ("DeleteSnapshot", "InvalidSnapshot.InUse", [("SnapshotId", used)]),
            ("DeleteSnapshot", "OperationNotPermitted", [("SnapshotId", locked)]),
            ("LockSnapshot", "OperationNotPermitted",
                [("SnapshotId", locked), ("LockMode", "compliance"), ("LockDuration", "1")]),
            ("UnlockSnapshot", "IncorrectState", [("SnapshotId", used)]),
            ("UnlockSnapshot", "OperationNotPermitted", [("SnapshotId", locked)]),
            ("ModifySnapshotAttribute", "OperationNotPermitted",
                [("SnapshotId", used), ("CreateVolumePermission.Add.1.Group", "all")]),
            ("CreateSnapshots", "IncorrectState", [("InstanceSpecification.InstanceId", instance)]),
            ("CreateVolume", "InvalidParameterValue",
                [("AvailabilityZone", "us-east-1a"), ("SnapshotId", used), ("Size", "0")]),
            ("DetachVolume", "IncorrectState", [("VolumeId", volume)]),
            ("ModifyVolume", "InvalidParameterValue", [("VolumeId", volume), ("Size", "0")]),
            ("RunInstances", "InvalidAMIID.Unavailable",
                [("ImageId", disabled), ("MinCount", "1"), ("MaxCount", "1")]),
            ("CreateSubnet", "InvalidSubnet.Range", [("VpcId", vpc), ("CidrBlock", "10.0.0.0/24")]),
            ("RevokeSecurityGroupIngress", "InvalidSecurityGroupRuleId.NotFound",
                [("GroupId", group), ("SecurityGroupRuleId.1", "sgr-0123456789abcdef0")]),
        ];
    }
}
