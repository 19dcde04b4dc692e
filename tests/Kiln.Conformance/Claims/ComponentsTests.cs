using Amazon.EC2.Model;
using Amazon.KeyManagementService.Model;
using Kiln.Conformance.Fixtures;
using Tag = Amazon.EC2.Model.Tag;

namespace Kiln.Conformance.Claims;

public sealed class ComponentsTests(World world) : ClaimTests(world)
{
    [Theory, Claim("C028"), Claim("C147"), Claim("C137")]
    [InlineData("gp2", 16384, true)]
    [InlineData("gp2", 16385, false)]
    [InlineData("gp3", 65536, true)]
    [InlineData("gp3", 65537, false)]
    public async Task C028_C147_The_root_grows_to_the_limit_of_its_type(string type, int size, bool accepted)
    {
        var snapshot = await World.Disk(301);
        var request = new RegisterImageRequest
        {
            Name = World.Name("large"), RootDeviceName = "/dev/xvda",
            BlockDeviceMappings =
            [
                new BlockDeviceMapping
                {
                    DeviceName = "/dev/xvda",
                    Ebs = new EbsBlockDevice { SnapshotId = snapshot, VolumeSize = size, VolumeType = type },
                },
            ],
        };
        if (accepted)
        {
            var image = await World.Available((await Ec2.RegisterImageAsync(request, Cancel)).ImageId);
            Assert.Equal(size, image.BlockDeviceMappings[0].Ebs.VolumeSize);
        }
        else
        {
            Assert.Contains(await Code(() => Ec2.RegisterImageAsync(request, Cancel)),
                new[] { "InvalidBlockDeviceMapping", "InvalidParameterValue" });
        }
    }

    [Theory, Claim("C030")]
    [InlineData("hvm", true)]
    [InlineData("paravirtual", true)]
    [InlineData("container", false)]
    public async Task C030_Virtualization_is_hvm_or_paravirtual(string type, bool accepted)
    {
        var snapshot = await World.Disk(302);
        var request = new RegisterImageRequest
        {
            Name = World.Name("virt"), VirtualizationType = type, Architecture = "x86_64", RootDeviceName = "/dev/xvda",
            BlockDeviceMappings = [World.Mapping("/dev/xvda", snapshot)],
        };
        if (accepted)
            Assert.Equal(type, (await World.Available(
                (await Ec2.RegisterImageAsync(request, Cancel)).ImageId)).VirtualizationType.Value);
        else
            Assert.Equal("InvalidParameterValue", await Code(() => Ec2.RegisterImageAsync(request, Cancel)));
    }

    [Fact, Claim("C031")]
    public async Task C031_The_architecture_must_suit_the_instance_type()
    {
        var snapshot = await World.Disk(303);
        foreach (var architecture in new[] { "i386", "x86_64", "arm64" })
        {
            var image = (await Ec2.RegisterImageAsync(new RegisterImageRequest
            {
                Name = World.Name("arch"), Architecture = architecture, VirtualizationType = "hvm",
                RootDeviceName = "/dev/xvda",
                EnaSupport = true, BlockDeviceMappings = [World.Mapping("/dev/xvda", snapshot)],
            }, Cancel)).ImageId;
            Assert.Equal(architecture, (await World.Available(image)).Architecture.Value);
            if (architecture != "arm64")
                continue;
            var refusal = await World.Refused(() => Ec2.RunInstancesAsync(
                new RunInstancesRequest { ImageId = image, MinCount = 1, MaxCount = 1, InstanceType = "t3.micro" },
                Cancel));
            Assert.Equal("InvalidParameterValue", refusal.ErrorCode);
            Assert.Contains("'x86_64'", refusal.Message, StringComparison.Ordinal);
            Assert.Contains("'arm64'", refusal.Message, StringComparison.Ordinal);
            await World.Launch(image, more: r => r.InstanceType = "t4g.micro");
        }
    }

    [Fact, Claim("C034")]
    public async Task C034_A_launch_may_enlarge_a_volume_but_not_shrink_it()
    {
        var image = await World.Golden(304);
        var larger = await World.Launch(image, more: r => r.BlockDeviceMappings =
            [new BlockDeviceMapping { DeviceName = "/dev/xvda", Ebs = new EbsBlockDevice { VolumeSize = 3 } }]);
        Assert.Equal(3, (await VolumeIs(World.VolumeAt(larger), "in-use")).Size);

        var big = await World.Launch(image, more: r => r.BlockDeviceMappings =
            [new BlockDeviceMapping { DeviceName = "/dev/xvda", Ebs = new EbsBlockDevice { VolumeSize = 4 } }]);
        var bigger = await World.ImageOf(big.InstanceId);
        var refusal = await World.Refused(() => Ec2.RunInstancesAsync(new RunInstancesRequest
        {
            ImageId = bigger, MinCount = 1, MaxCount = 1, InstanceType = "t3.micro",
            BlockDeviceMappings =
                [new BlockDeviceMapping { DeviceName = "/dev/xvda", Ebs = new EbsBlockDevice { VolumeSize = 2 } }],
        }, Cancel));
        Assert.Equal("InvalidBlockDeviceMapping", refusal.ErrorCode);
        Assert.StartsWith(
            "Volume of size 2GB is smaller than snapshot 'snap-", refusal.Message, StringComparison.Ordinal);
        Assert.EndsWith("', expect size >= 4GB", refusal.Message, StringComparison.Ordinal);
    }

    [Theory, Claim("C035")]
    [InlineData("gp2", 1, null)]
    [InlineData("gp3", 1, null)]
    [InlineData("io1", 4, 100)]
    [InlineData("io2", 4, 100)]
    [InlineData("st1", 125, null)]
    [InlineData("sc1", 125, null)]
    [InlineData("standard", 1, null)]
    public async Task C035_Every_volume_type_is_made_within_its_limits(string type, int size, int? iops)
    {
        var made = (await Ec2.CreateVolumeAsync(new CreateVolumeRequest
        {
            AvailabilityZone = "us-east-1a", Size = size, VolumeType = type, Iops = iops,
        }, Cancel)).Volume;
        Assert.Equal(type, (await VolumeIs(made.VolumeId, "available")).VolumeType.Value);
        await Ec2.DeleteVolumeAsync(new DeleteVolumeRequest { VolumeId = made.VolumeId }, Cancel);
    }

    [Fact, Claim("C035")]
    public async Task C035_A_throughput_volume_cannot_be_a_root()
    {
        var image = await World.Golden(305);
        var code = await Code(() => Ec2.RunInstancesAsync(new RunInstancesRequest
        {
            ImageId = image, MinCount = 1, MaxCount = 1, InstanceType = "t3.micro",
            BlockDeviceMappings =
            [
                new BlockDeviceMapping { DeviceName = "/dev/xvda",
                    Ebs = new EbsBlockDevice { VolumeSize = 125, VolumeType = "st1" } },
            ],
        }, Cancel));
        Assert.Contains(
            code, new[] { "BootForVolumeTypeUnsupported", "InvalidBlockDeviceMapping", "InvalidParameterValue" });
    }

    [Fact, Claim("C036")]
    public async Task C036_The_root_goes_with_its_instance_and_data_volumes_stay_unless_said_otherwise()
    {
        var image = await World.Register(await World.Disk(306), data: await World.Disk(307));
        var instance = await World.Launch(image);
        await Terminate(instance);
        Assert.Empty(await Volumes(World.VolumeAt(instance)));
        Assert.Equal("available", Assert.Single(await Volumes(World.VolumeAt(instance, "/dev/xvdf"))).State.Value);

        var keeper = await World.Launch(image, more: r => r.BlockDeviceMappings =
            [new BlockDeviceMapping { DeviceName = "/dev/xvda",
                Ebs = new EbsBlockDevice { DeleteOnTermination = false } }]);
        await Terminate(keeper);
        Assert.Equal("available", Assert.Single(await Volumes(World.VolumeAt(keeper))).State.Value);
    }

    [Fact, Claim("C037")]
    public async Task C037_The_encrypted_flag_is_that_of_the_snapshot_and_cannot_be_given_on_registration()
    {
        var snapshot = await World.Disk(308, encrypted: true);
        var image = await World.Describe(await World.Register(snapshot));
        Assert.True(image.BlockDeviceMappings[0].Ebs.Encrypted);

        var code = await Code(() => Ec2.RegisterImageAsync(new RegisterImageRequest
        {
            Name = World.Name("refused"), RootDeviceName = "/dev/xvda",
            BlockDeviceMappings =
            [
                new BlockDeviceMapping { DeviceName = "/dev/xvda",
                    Ebs = new EbsBlockDevice { SnapshotId = snapshot, Encrypted = true } },
            ],
        }, Cancel));
        Assert.Contains(code, new[] { "InvalidParameterValue", "InvalidBlockDeviceMapping" });
    }

    [Fact, Claim("C038")]
    public async Task C038_A_public_image_is_launched_by_anybody()
    {
        var image = await World.Golden(309);
        await Ec2.ModifyImageAttributeAsync(new ModifyImageAttributeRequest
        {
            ImageId = image,
            LaunchPermission = new LaunchPermissionModifications { Add = [new LaunchPermission { Group = "all" }] },
        }, Cancel);
        Assert.True((await World.Describe(image)).Public);
        await World.Launch(image, C);
        await Ec2.ResetImageAttributeAsync(
            new ResetImageAttributeRequest { ImageId = image, Attribute = "launchPermission" }, Cancel);
        Assert.False((await World.Describe(image)).Public);
    }

    [Fact, Claim("C040")]
    public async Task C040_A_new_image_is_private()
    {
        var image = await World.Golden(310);
        var permissions = await Ec2.DescribeImageAttributeAsync(
            new DescribeImageAttributeRequest { ImageId = image, Attribute = "launchPermission" }, Cancel);
        Assert.Empty(permissions.ImageAttribute.LaunchPermissions ?? []);
        Assert.False((await World.Describe(image)).Public);
    }

    [Fact, Claim("C041")]
    public async Task C041_Images_and_snapshots_are_tagged_as_they_are_made_and_found_by_tag()
    {
        var instance = await World.Launch(await World.Golden(311));
        var version = World.Name("v");
        var image = (await Ec2.CreateImageAsync(new CreateImageRequest
        {
            InstanceId = instance.InstanceId, Name = World.Name("tagged"), NoReboot = true,
            TagSpecifications =
            [
                new TagSpecification { ResourceType = "image", Tags = [new Tag("version", version)] },
                new TagSpecification { ResourceType = "snapshot", Tags = [new Tag("version", version)] },
            ],
        }, Cancel)).ImageId;
        await World.Available(image);

        var byTag = new List<Filter> { new("tag:version", [version]) };
        Assert.Equal(image, Assert.Single(
            (await Ec2.DescribeImagesAsync(new DescribeImagesRequest { Filters = byTag }, Cancel)).Images).ImageId);
        Assert.Equal((await World.SnapshotsOf(image))[0], Assert.Single(
            (await Ec2.DescribeSnapshotsAsync(
            new DescribeSnapshotsRequest { Filters = byTag, OwnerIds = ["self"] }, Cancel)).Snapshots).SnapshotId);
    }

    [Fact, Claim("C042"), Claim("C043"), Claim("C044"), Claim("C045"), Claim("C046")]
    public async Task C042_to_C046_One_image_goes_through_its_whole_life()
    {
        var instance = await World.Launch(await World.Golden(312));
        var image = await World.ImageOf(instance.InstanceId);
        var snapshots = await World.SnapshotsOf(image);
        var copy = await World.Copy(image, R1, R2);
        Assert.NotEqual(image, copy);
        await World.Share(image, B);
        Assert.Equal("InvalidRequest", await Code(() => World.Ec2(B).CopyImageAsync(
            new CopyImageRequest { Name = World.Name("theirs"), SourceImageId = image, SourceRegion = R1 }, Cancel)));
        await Ec2.EnableImageDeprecationAsync(new EnableImageDeprecationRequest
        {
            ImageId = image, DeprecateAt = TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(30),
        }, Cancel);
        Assert.NotNull((await World.Describe(image)).DeprecationTime);
        await World.Launch(image, B);
        await Ec2.DeregisterImageAsync(new DeregisterImageRequest { ImageId = image }, Cancel);
        await World.Completed(snapshots[0]);
        await Ec2.DeleteSnapshotAsync(new DeleteSnapshotRequest { SnapshotId = snapshots[0] }, Cancel);
        Assert.Equal("InvalidSnapshot.NotFound", await Code(() => Ec2.DescribeSnapshotsAsync(
            new DescribeSnapshotsRequest { SnapshotIds = [snapshots[0]] }, Cancel)));
        await World.Launch(copy, region: R2);
    }

    [Fact, Claim("C047")]
    public async Task C047_An_encrypted_image_does_not_lie_in_the_clear_on_disk()
    {
        // In a world of its own, where no other test moves files while these are read.
        await using var own = new World();
        await own.InitializeAsync();
        var snapshot = await own.Disk(313, encrypted: true);
        var image = await own.Register(snapshot);
        Assert.True((await own.Completed(snapshot)).Encrypted);
        var mark = World.Block(313, 0).AsSpan(100, 64).ToArray();
        foreach (var file in Directory.EnumerateFiles(
            Path.Combine(own.Kiln.DataFolder, R1, "blocks"), "*", SearchOption.AllDirectories)
            .Where(f => Path.GetFileName(f) != "lock"))
        {
            await using var stream =
                new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[stream.Length];
            await stream.ReadExactlyAsync(bytes, Cancel);
            Assert.True(bytes.AsSpan().IndexOf(mark) < 0, $"{file} holds plain bytes of an encrypted snapshot");
        }
        Assert.Equal(World.DigestOf(313), await own.VolumeDigest(World.VolumeAt(await own.Launch(image))));
    }

    [Fact, Claim("C048"), Claim("C152")]
    public async Task C048_C152_A_copy_is_encrypted_anew_and_never_decrypted()
    {
        var key = (await World.Kms().CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata.Arn;
        var image = await World.Golden(314);
        var encrypted = await World.Copy(image, R1, R1, more: r => r.Encrypted = true);
        var other = await World.Copy(encrypted, R1, R1, more: r => { r.Encrypted = true; r.KmsKeyId = key; });

        var snapshot = await World.Completed((await World.SnapshotsOf(other))[0]);
        Assert.Equal(key, snapshot.KmsKeyId);
        Assert.Equal(World.DigestOf(314), await World.VolumeDigest(World.VolumeAt(await World.Launch(other))));
        Assert.Equal("InvalidRequest", await Code(() => Ec2.CopyImageAsync(new CopyImageRequest
        {
            Name = World.Name("clear"), SourceImageId = encrypted, SourceRegion = R1, Encrypted = false,
        }, Cancel)));
    }

    private async Task Terminate(Instance instance)
    {
        await Ec2.TerminateInstancesAsync(
            new TerminateInstancesRequest { InstanceIds = [instance.InstanceId] }, Cancel);
        await World.InState(instance.InstanceId, "terminated");
    }

    private async Task<List<Volume>> Volumes(string id) => (await World.Eventually(
        async () => (await Ec2.DescribeVolumesAsync(
            new DescribeVolumesRequest { Filters = [new Filter("volume-id", [id])] }, Cancel)).Volumes ?? [],
        found => found.All(v => v.State.Value is not ("in-use" or "deleting"))));
}
