using Amazon.EC2.Model;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Claims;

public sealed class WhatAnImageIsTests(World world) : ClaimTests(world)
{
    [Fact, Claim("C001"), Claim("C009")]
    public async Task C001_An_image_of_an_instance_launches_the_same_machine()
    {
        var instance = await World.Launch(await World.Golden(101));
        var image = await World.ImageOf(instance.InstanceId);

        var again = await World.Launch(image);

        Assert.Equal(World.DigestOf(101), await World.VolumeDigest(World.VolumeAt(again)));
    }

    [Fact, Claim("C002"), Claim("C003")]
    public async Task C002_C003_An_image_stays_as_of_its_instant_when_the_machine_changes()
    {
        var instance = await World.Launch(await World.Golden(102));
        var first = await World.ImageOf(instance.InstanceId);
        var before = await World.Describe(first);
        await ChangeDisk(instance, 103);
        var second = await World.ImageOf(instance.InstanceId);

        var after = await World.Describe(first);
        Assert.Equal(before.Name, after.Name);
        Assert.Equal(before.CreationDate, after.CreationDate);
        Assert.Equal(before.BlockDeviceMappings[0].Ebs.SnapshotId, after.BlockDeviceMappings[0].Ebs.SnapshotId);
        Assert.Equal(World.DigestOf(102), await World.VolumeDigest(World.VolumeAt(await World.Launch(first))));
        Assert.Equal(World.DigestOf(103), await World.VolumeDigest(World.VolumeAt(await World.Launch(second))));
    }

    [Fact, Claim("C001"), Claim("C002")]
    public async Task C001_C002_A_mark_written_to_a_running_machines_disk_is_in_its_next_image_only()
    {
        Assert.SkipUnless(Command.Exists("qemu-io"), "qemu-io is not installed (Debian: qemu-utils).");
        var instance = await World.Launch(await World.Golden(115));
        var before = await World.ImageOf(instance.InstanceId);
        await Write(World.VolumeAt(instance), "write -P 0xa5 3145728 524288");
        var after = await World.ImageOf(instance.InstanceId);
        await Write(World.VolumeAt(instance), "write -P 0x5a 3145728 524288");

        Assert.Equal(World.DigestOf(115), await World.VolumeDigest(World.VolumeAt(await World.Launch(before))));
        var marked = await World.Launch(after);
        await Write(World.VolumeAt(marked), "read -P 0xa5 3145728 524288");
    }

    [Fact, Claim("C004")]
    public async Task C004_Root_and_data_volumes_are_both_in_the_image()
    {
        var image = await World.Register(await World.Disk(104), data: await World.Disk(105));
        var instance = await World.Launch(image);

        var made = await World.ImageOf(instance.InstanceId);

        Assert.Equal(2, (await World.SnapshotsOf(made)).Count);
        var again = await World.Launch(made);
        Assert.Equal(World.DigestOf(104), await World.VolumeDigest(World.VolumeAt(again)));
        Assert.Equal(World.DigestOf(105), await World.VolumeDigest(World.VolumeAt(again, "/dev/xvdf")));
    }

    [Fact, Claim("C005")]
    public async Task C005_Five_hundred_images_are_paged_without_gap_or_repetition()
    {
        var snapshot = await World.Disk(106, C, R3);
        var ec2 = World.Ec2(C, R3);
        var made = new HashSet<string>();
        for (var n = 0; n < 500; n++)
        {
            made.Add((await ec2.RegisterImageAsync(new RegisterImageRequest
            {
                Name = $"catalogue-{n}", RootDeviceName = "/dev/xvda",
                BlockDeviceMappings = [World.Mapping("/dev/xvda", snapshot)],
            }, Cancel)).ImageId);
        }
        var found = new List<string>();
        string? token = null;
        do
        {
            var page = await ec2.DescribeImagesAsync(
                new DescribeImagesRequest { Owners = ["self"], MaxResults = 100, NextToken = token }, Cancel);
            Assert.InRange(page.Images.Count, 1, 100);
            found.AddRange(page.Images.Select(i => i.ImageId));
            token = page.NextToken;
        }
        while (!string.IsNullOrEmpty(token));

        Assert.Equal(500, made.Count);
        Assert.Equal(500, found.Count);
        Assert.Equal(made, found.ToHashSet());
    }

    [Fact, Claim("C006"), Claim("C149")]
    public async Task C006_C149_An_image_is_unknown_in_another_Region()
    {
        var image = await World.Golden(107);
        var elsewhere = World.Ec2(region: R2);

        Assert.Equal("InvalidAMIID.NotFound", await Code(() => elsewhere.RunInstancesAsync(
            new RunInstancesRequest { ImageId = image, MinCount = 1, MaxCount = 1, InstanceType = "t3.micro" },
            Cancel)));
        Assert.Equal("InvalidAMIID.NotFound", await Code(() => elsewhere.DescribeImagesAsync(
            new DescribeImagesRequest { ImageIds = [image] }, Cancel)));
    }

    [Fact, Claim("C007")]
    public async Task C007_Ids_are_not_repeated_in_a_Region_nor_across()
    {
        var ids = new List<string>();
        foreach (var region in new[] { R1, R2 })
        {
            var snapshot = await World.Disk(108, region: region, blocks: [0]);
            for (var n = 0; n < 60; n++)
                ids.Add(await World.Register(snapshot, region: region));
        }
        Assert.Equal(120, ids.Distinct().Count());
        Assert.Equal(10_000, Enumerable.Range(0, 10_000).Select(_ => Service.Calls.Ids.New("ami")).Distinct().Count());
    }

    [Fact, Claim("C008"), Claim("C010")]
    public async Task C008_Five_instances_of_one_launch_start_from_equal_bytes()
    {
        var image = await World.Golden(109);

        var launched = (await Ec2.RunInstancesAsync(new RunInstancesRequest
        {
            ImageId = image, MinCount = 5, MaxCount = 5, InstanceType = "t3.micro",
        }, Cancel)).Reservation.Instances;

        Assert.Equal(5, launched.Count);
        foreach (var instance in launched)
        {
            var running = await World.InState(instance.InstanceId, "running");
            Assert.Equal(World.DigestOf(109), await World.VolumeDigest(World.VolumeAt(running)));
        }
    }

    [Fact, Claim("C010")]
    public async Task C010_One_image_serves_accounts_and_Regions()
    {
        var image = await World.Golden(110);
        await World.Share(image, B);
        var theirs = await World.Launch(image, B);
        var copy = await World.Copy(image, R1, R2);
        var there = await World.Launch(copy, region: R2);

        Assert.Equal(World.DigestOf(110), await World.VolumeDigest(World.VolumeAt(theirs), B));
        Assert.Equal(World.DigestOf(110), await World.VolumeDigest(World.VolumeAt(there), region: R2));
    }

    [Fact, Claim("C011")]
    public async Task C011_A_lost_machine_comes_back_from_its_image()
    {
        var instance = await World.Launch(await World.Golden(111));
        var image = await World.ImageOf(instance.InstanceId);
        await Ec2.TerminateInstancesAsync(
            new TerminateInstancesRequest { InstanceIds = [instance.InstanceId] }, Cancel);
        await World.InState(instance.InstanceId, "terminated");
        await World.Eventually(async () => (await Ec2.DescribeVolumesAsync(new DescribeVolumesRequest
        {
            Filters = [new Filter("volume-id", [World.VolumeAt(instance)])],
        }, Cancel)).Volumes ?? [], found => found.Count == 0);

        var restored = await World.Launch(image);

        Assert.Equal(World.DigestOf(111), await World.VolumeDigest(World.VolumeAt(restored)));
    }

    [Fact, Claim("C012")]
    public async Task C012_An_outdated_image_is_deprecated_or_deregistered_and_its_snapshots_stay()
    {
        var image = await World.Golden(112);
        var snapshots = await World.SnapshotsOf(image);
        await Ec2.EnableImageDeprecationAsync(new EnableImageDeprecationRequest
        {
            ImageId = image, DeprecateAt = TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(1),
        }, Cancel);
        await Ec2.DeregisterImageAsync(new DeregisterImageRequest { ImageId = image }, Cancel);

        Assert.Equal("completed", (await World.Completed(snapshots[0])).State.Value);
    }

    [Fact, Claim("C013")]
    public async Task C013_A_copy_is_shared_and_the_original_stays_private()
    {
        var image = await World.Golden(113);
        var copy = await World.Copy(image, R1, R1);
        await World.Share(copy, B);

        var original = await Ec2.DescribeImageAttributeAsync(
            new DescribeImageAttributeRequest { ImageId = image, Attribute = "launchPermission" }, Cancel);
        Assert.Empty(original.ImageAttribute.LaunchPermissions ?? []);
        await World.Launch(copy, B);
    }

    /// <summary>Reads or writes a volume as a guest would: over NBD. A read with a pattern verifies it.</summary>
    private async Task Write(string volume, string command)
    {
        var socket = Path.Combine(World.Kiln.DataFolder, "nbd.sock");
        var outcome =
            await Command.Run("qemu-io", ["-f", "raw", "-c", command, $"nbd+unix:///{volume}?socket={socket}"]);
        Assert.True(outcome.ExitCode == 0 && !outcome.Output.Contains("failed", StringComparison.Ordinal),
            outcome.Output + outcome.Errors);
    }

    [Fact, Claim("C014"), Claim("C105")]
    public async Task C014_C105_A_recipient_cannot_change_or_remove_the_original()
    {
        var image = await World.Golden(114);
        await World.Share(image, B);
        var before = await World.Describe(image);
        var theirs = World.Ec2(B);
        Func<Task>[] attempts =
        [
            () => theirs.ModifyImageAttributeAsync(
                new ModifyImageAttributeRequest { ImageId = image, Description = "mine now" }, Cancel),
            () => theirs.ModifyImageAttributeAsync(new ModifyImageAttributeRequest
            {
                ImageId = image, LaunchPermission =
                    new LaunchPermissionModifications { Add = [new LaunchPermission { UserId = C }] },
            }, Cancel),
            () => theirs.DeregisterImageAsync(new DeregisterImageRequest { ImageId = image }, Cancel),
            () => theirs.DisableImageAsync(new DisableImageRequest { ImageId = image }, Cancel),
            () => theirs.EnableImageDeprecationAsync(new EnableImageDeprecationRequest
            {
                ImageId = image, DeprecateAt = TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(2),
            }, Cancel),
        ];
        foreach (var attempt in attempts)
            Assert.Equal("AuthFailure", await Code(attempt));

        var after = await World.Describe(image);
        Assert.Equal(before.Description, after.Description);
        Assert.Equal("available", after.State.Value);
        Assert.Null(after.DeprecationTime);
    }
}
