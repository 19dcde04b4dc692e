using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Claims;

/// <summary>The commands as people type them, by Debian's unmodified aws CLI.</summary>
public sealed class CommandsTests(World world) : ClaimTests(world)
{
    private AwsCli Aws => World.Kiln.Aws();

    [Fact, Claim("C049"), Claim("C055"), Claim("C072a"), Claim("C073")]
    public async Task C049_C055_C072a_C073_create_image_makes_an_available_image_by_itself()
    {
        var instance = await World.Launch(await World.Golden(401));
        var name = World.Name("MyAMI");
        var made = await Aws.Json("ec2", "create-image", "--instance-id", instance.InstanceId, "--name", name,
            "--description", "My AMI", "--no-reboot");
        var image = made.GetProperty("ImageId").GetString()!;
        Assert.Equal("InvalidAMIName.Duplicate",
            await Aws.Error($"ec2 create-image --instance-id {instance.InstanceId} --name {name} --no-reboot"));
        await World.Available(image);

        var shown = (await Aws.Json($"ec2 describe-images --image-ids {image}")).GetProperty("Images")[0];
        Assert.Equal("available", shown.GetProperty("State").GetString());
        Assert.Equal("My AMI", shown.GetProperty("Description").GetString());
        var snapshot = shown.GetProperty("BlockDeviceMappings")[0].GetProperty("Ebs").GetProperty("SnapshotId")
            .GetString();
        var described = (await Aws.Json($"ec2 describe-snapshots --snapshot-ids {snapshot}"))
            .GetProperty("Snapshots")[0];
        Assert.Contains(image, described.GetProperty("Description").GetString(), StringComparison.Ordinal);
    }

    [Theory, Claim("C050")]
    [InlineData("")]
    [InlineData("--reboot")]
    public async Task C050_Rebooting_is_the_default(string flag)
    {
        var instance = await World.Launch(await World.Golden(402));
        var image = (await Aws.Json(
            $"ec2 create-image --instance-id {instance.InstanceId} --name {World.Name("rebooted")} {flag}"))
            .GetProperty("ImageId").GetString()!;
        await World.Available(image);
        await World.InState(instance.InstanceId, "running");
        Assert.Equal(World.DigestOf(402), await World.Digest((await World.SnapshotsOf(image))[0]));
    }

    [Fact, Claim("C051"), Claim("C098")]
    public async Task C051_C098_register_image_moves_no_data_and_the_image_launches()
    {
        var snapshot = await World.Disk(403);
        var image = (await Aws.Json(
            "ec2", "register-image", "--name", World.Name("registered"), "--root-device-name", "/dev/xvda",
            "--architecture", "x86_64", "--virtualization-type", "hvm", "--ena-support",
            "--block-device-mappings", $"DeviceName=/dev/xvda,Ebs={{SnapshotId={snapshot}}}")).GetProperty("ImageId")
                .GetString()!;
        await World.Available(image);
        Assert.Equal(snapshot, Assert.Single(await World.SnapshotsOf(image)));

        await Aws.Json($"ec2 deregister-image --image-id {image}");
        var again = await World.Register(snapshot);
        Assert.Equal(World.DigestOf(403), await World.VolumeDigest(World.VolumeAt(await World.Launch(again))));
    }

    [Fact, Claim("C052"), Claim("C057")]
    public async Task C052_C057_deregister_image_keeps_the_snapshot_and_delete_snapshot_waits_for_it()
    {
        var image = await World.Golden(404);
        var snapshot = (await World.SnapshotsOf(image))[0];
        var refused = await Aws.Run($"ec2 delete-snapshot --snapshot-id {snapshot}");
        Assert.Equal("InvalidSnapshot.InUse", refused.ErrorCode);
        Assert.Contains(
            $"The snapshot {snapshot} is currently in use by {image}", refused.Errors, StringComparison.Ordinal);

        await Aws.Json($"ec2 deregister-image --image-id {image}");
        Assert.Equal(snapshot, (await Aws.Json($"ec2 describe-snapshots --snapshot-ids {snapshot}"))
            .GetProperty("Snapshots")[0].GetProperty("SnapshotId").GetString());
        await Aws.Json($"ec2 delete-snapshot --snapshot-id {snapshot}");
        Assert.Equal("InvalidSnapshot.NotFound", await Aws.Error($"ec2 describe-snapshots --snapshot-ids {snapshot}"));
    }

    [Fact, Claim("C053"), Claim("C058"), Claim("C081")]
    public async Task C053_C058_C081_copy_image_answers_at_once_and_shows_its_progress()
    {
        var source = await World.Golden(405, region: R2);
        var image =
            (await Aws.Json(
            $"ec2 copy-image --source-image-id {source} --source-region us-west-2 --region us-east-1 "
            + $"--name {World.Name("MyCopiedAMI")}"))
            .GetProperty("ImageId").GetString()!;
        Assert.NotEqual(source, image);
        await World.Available(image);

        var snapshot = (await World.SnapshotsOf(image))[0];
        var shown = (await Aws.Json($"ec2 describe-snapshots --snapshot-ids {snapshot}")).GetProperty("Snapshots")[0];
        Assert.Equal("completed", shown.GetProperty("State").GetString());
        Assert.Equal("100%", shown.GetProperty("Progress").GetString());
        Assert.Equal(World.DigestOf(405), await World.Digest(snapshot));
    }

    [Fact, Claim("C054"), Claim("C100")]
    public async Task C054_C100_modify_image_attribute_adds_an_account()
    {
        var image = await World.Golden(406);
        await Aws.Json(
            "ec2", "modify-image-attribute", "--image-id", image, "--launch-permission", "Add=[{UserId=123456789012}]");
        var permissions =
            await Aws.Json($"ec2 describe-image-attribute --image-id {image} --attribute launchPermission");
        Assert.Equal("123456789012", Assert.Single(permissions.GetProperty("LaunchPermissions").EnumerateArray())
            .GetProperty("UserId").GetString());
    }

    [Fact, Claim("C056"), Claim("C088")]
    public async Task C056_C088_enable_image_deprecation_wants_a_date_to_come()
    {
        var image = await World.Golden(407);
        var year = TimeProvider.System.GetUtcNow().Year + 1;
        Assert.Equal("InvalidParameterValue", await Aws.Error(
            $"ec2 enable-image-deprecation --image-id {image} --deprecate-at 2025-12-31T23:59:59.000Z"));
        Assert.Equal("InvalidParameterValue", await Aws.Error(
            $"ec2 enable-image-deprecation --image-id {image} --deprecate-at {year + 11}-01-01T00:00:00Z"));
        await Aws.Json($"ec2 enable-image-deprecation --image-id {image} --deprecate-at {year}-12-31T23:59:59.000Z");
        Assert.Equal($"{year + 1}-01-01T00:00:00.000Z", (await World.Describe(image)).DeprecationTime is { } time
            ? DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture).UtcDateTime
                .ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture) : null);
    }
}
