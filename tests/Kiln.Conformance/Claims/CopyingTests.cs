using Amazon.EC2.Model;
using Amazon.KeyManagementService.Model;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Claims;

public sealed class CopyingTests(World world) : ClaimTests(world)
{
    [Fact, Claim("C078"), Claim("C103")]
    public async Task C078_C103_A_copy_has_its_own_snapshots_id_and_owner_and_names_its_source()
    {
        var source = await World.Golden(601);
        var copy = await World.Copy(source, R1, R2);

        var image = await World.Describe(copy, region: R2);
        Assert.NotEqual(source, copy);
        Assert.Equal(A, image.OwnerId);
        Assert.Equal(source, image.SourceImageId);
        Assert.Equal(R1, image.SourceImageRegion);
        var snapshot = await World.Completed((await World.SnapshotsOf(copy, region: R2))[0], region: R2);
        Assert.Equal(A, snapshot.OwnerId);
        Assert.DoesNotContain(snapshot.SnapshotId, await World.SnapshotsOf(source));
        Assert.Equal(World.DigestOf(601), await World.Digest(snapshot.SnapshotId, region: R2));
    }

    [Fact, Claim("C079")]
    public async Task C079_The_source_Region_must_be_right()
    {
        var source = await World.Golden(602);
        var elsewhere = World.Ec2(region: R2);
        Assert.Equal("InvalidAMIID.NotFound", await Code(() => elsewhere.CopyImageAsync(
            new CopyImageRequest { Name = World.Name("wrong"), SourceImageId = source, SourceRegion = R3 }, Cancel)));
        Assert.Equal("MissingParameter", await Code(() => elsewhere.CopyImageAsync(
            new CopyImageRequest { Name = World.Name("wrong"), SourceImageId = source }, Cancel)));
    }

    [Fact, Claim("C080")]
    public async Task C080_A_key_needs_the_flag_and_nothing_is_decrypted()
    {
        var key = (await World.Kms().CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata.Arn;
        var source = await World.Golden(603);
        var code = await Code(() => Ec2.CopyImageAsync(new CopyImageRequest
        {
            Name = World.Name("keyed"), SourceImageId = source, SourceRegion = R1, KmsKeyId = key,
        }, Cancel));
        Assert.Contains(code, new[] { "InvalidParameterCombination", "InvalidParameterDependency" });

        var encrypted = await World.Copy(source, R1, R1, more: r => { r.Encrypted = true; r.KmsKeyId = key; });
        Assert.Equal("InvalidRequest", await Code(() => World.Ec2(region: R2).CopyImageAsync(new CopyImageRequest
        {
            Name = World.Name("clear"), SourceImageId = encrypted, SourceRegion = R1, Encrypted = false,
        }, Cancel)));
    }

    [Fact, Claim("C082")]
    public async Task C082_The_second_copy_of_a_lineage_moves_only_what_changed()
    {
        var instance = await World.Launch(await World.Golden(604));
        var first = await World.ImageOf(instance.InstanceId);
        await World.Copy(first, R1, R3);
        var before = StoredBytes(R3);
        var second = await World.ImageOf(instance.InstanceId);

        await World.Copy(second, R1, R3);

        Assert.InRange(StoredBytes(R3) - before, 0, World.BlockBytes / 2);
    }

    [Fact, Claim("C083")]
    public async Task C083_A_large_sparse_disk_is_copied_with_progress_to_the_end()
    {
        var instance = await World.Launch(await World.Golden(605), more: r => r.BlockDeviceMappings =
            [new BlockDeviceMapping { DeviceName = "/dev/xvda", Ebs = new EbsBlockDevice { VolumeSize = 500 } }]);
        var large = await World.ImageOf(instance.InstanceId);

        var copy = await World.Copy(large, R1, R2);

        var snapshot = await World.Completed((await World.SnapshotsOf(copy, region: R2))[0], region: R2);
        Assert.Equal(500, snapshot.VolumeSize);
        Assert.Equal("100%", snapshot.Progress);
        Assert.Equal(World.DigestOf(605), await World.Digest(snapshot.SnapshotId, region: R2));
    }

    [Fact, Claim("C084")]
    public async Task C084_A_copy_does_not_miss_its_source()
    {
        var source = await World.Golden(606);
        var copy = await World.Copy(source, R1, R2);
        var snapshots = await World.SnapshotsOf(source);
        await Ec2.DeregisterImageAsync(new DeregisterImageRequest { ImageId = source }, Cancel);
        await Ec2.DeleteSnapshotAsync(new DeleteSnapshotRequest { SnapshotId = snapshots[0] }, Cancel);

        var there = await World.Launch(copy, region: R2);

        Assert.Equal(World.DigestOf(606), await World.VolumeDigest(World.VolumeAt(there), region: R2));
    }

    [Fact, Claim("C150")]
    public async Task C150_Without_a_named_key_the_Region_keeps_the_key_and_another_takes_a_replica_or_default()
    {
        var plain = (await World.Kms().CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata.Arn;
        var image = await World.Register(await World.Disk(607, encrypted: true, key: plain));
        var same = await World.Copy(image, R1, R1);
        Assert.Equal(plain, await KeyOf(same, R1));
        var far = await World.Copy(image, R1, R2);
        var defaults = await World.Kms(region: R2)
            .DescribeKeyAsync(new DescribeKeyRequest { KeyId = "alias/aws/ebs" }, Cancel);
        Assert.Equal(defaults.KeyMetadata.Arn, await KeyOf(far, R2));

        var multi = (await World.Kms().CreateKeyAsync(new CreateKeyRequest { MultiRegion = true }, Cancel)).KeyMetadata;
        await World.Kms()
            .ReplicateKeyAsync(new ReplicateKeyRequest { KeyId = multi.KeyId, ReplicaRegion = R2 }, Cancel);
        var replicated = await World.Register(await World.Disk(608, encrypted: true, key: multi.Arn));
        var replica = await World.Copy(replicated, R1, R2);
        Assert.Equal(multi.Arn.Replace(R1, R2, StringComparison.Ordinal), await KeyOf(replica, R2));
        Assert.Equal(
            World.DigestOf(608), await World.Digest((await World.SnapshotsOf(replica, region: R2))[0], region: R2));
    }

    [Fact, Claim("C151")]
    public async Task C151_A_copy_to_another_Region_is_encrypted_anew_under_a_key_of_that_Region()
    {
        var here = (await World.Kms().CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata.Arn;
        var there = (await World.Kms(region: R2).CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata.Arn;
        var image = await World.Register(await World.Disk(609, encrypted: true, key: here));

        var copy = await World.Copy(image, R1, R2, more: r => { r.Encrypted = true; r.KmsKeyId = there; });

        Assert.Equal(there, await KeyOf(copy, R2));
        var launched = await World.Launch(copy, region: R2);
        Assert.Equal(World.DigestOf(609), await World.VolumeDigest(World.VolumeAt(launched), region: R2));
    }

    [Fact, Claim("C151")]
    public async Task C151_A_key_of_another_Region_fails_the_copy_afterwards()
    {
        var here = (await World.Kms().CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata.Arn;
        var image = await World.Golden(610);

        var copy = (await World.Ec2(region: R2).CopyImageAsync(new CopyImageRequest
        {
            Name = World.Name("foreign-key"), SourceImageId = image, SourceRegion = R1, Encrypted = true,
            KmsKeyId = here,
        }, Cancel)).ImageId;

        var failed = await World.Settled(copy, A, R2, "failed");
        Assert.Equal("Client.InternalError", failed.StateReason.Code);
    }

    [Fact, Claim("C156")]
    public async Task C156_With_encryption_by_default_every_new_volume_and_copy_is_encrypted()
    {
        const string Careful = "555555555555";
        var ec2 = World.Ec2(Careful);
        var image = await World.Golden(611, Careful);
        await ec2.EnableEbsEncryptionByDefaultAsync(new EnableEbsEncryptionByDefaultRequest(), Cancel);

        var copy = await World.Copy(image, R1, R1, Careful);
        Assert.True((await World.Completed((await World.SnapshotsOf(copy, Careful))[0], Careful)).Encrypted);
        var volume = await VolumeIs(World.VolumeAt(await World.Launch(image, Careful)), "in-use", Careful);
        Assert.True(volume.Encrypted);
        Assert.Equal(World.DigestOf(611), await World.VolumeDigest(volume.VolumeId, Careful));
    }

    private async Task<string> KeyOf(string image, string region) =>
        (await World.Completed((await World.SnapshotsOf(image, region: region))[0], region: region)).KmsKeyId;

    private long StoredBytes(string region) => Directory
        .EnumerateFiles(Path.Combine(World.Kiln.DataFolder, region, "blocks"), "*", SearchOption.AllDirectories)
        .Where(f => f.Contains("segment", StringComparison.Ordinal)).Sum(f => new FileInfo(f).Length);
}
