using Amazon.EC2.Model;
using Amazon.KeyManagementService.Model;
using Kiln.Conformance.Fixtures;
using Tag = Amazon.EC2.Model.Tag;

namespace Kiln.Conformance.Claims;

public sealed class SharingTests(World world) : ClaimTests(world)
{
    [Fact, Claim("C101"), Claim("C102")]
    public async Task C101_C102_A_recipient_lists_and_launches_and_the_owner_stays()
    {
        var image = await World.Golden(1001);
        await World.Share(image, B);

        var shared = (await World.Ec2(B)
            .DescribeImagesAsync(new DescribeImagesRequest { ExecutableUsers = ["self"] }, Cancel)).Images;
        Assert.Equal(A, Assert.Single(shared, i => i.ImageId == image).OwnerId);
        await World.Launch(image, B);
    }

    [Fact, Claim("C102"), Claim("C109"), Claim("C110")]
    public async Task C102_C109_C110_A_recipient_copies_only_with_the_snapshots_and_the_copy_is_theirs()
    {
        var image = await World.Golden(1002);
        await World.Share(image, B);
        var request = new CopyImageRequest { Name = World.Name("accepted"), SourceImageId = image, SourceRegion = R1 };
        var refusal = await World.Refused(() => World.Ec2(B).CopyImageAsync(request, Cancel));
        Assert.Equal("InvalidRequest", refusal.ErrorCode);
        Assert.Equal("You do not have permission to access the storage of this ami", refusal.Message);

        await World.ShareSnapshots(image, B);
        var copy = await World.Copy(image, R1, R1, B);

        Assert.Equal(B, (await World.Describe(copy, B)).OwnerId);
        Assert.Equal(World.DigestOf(1002), await World.VolumeDigest(World.VolumeAt(await World.Launch(copy, B)), B));
    }

    [Fact, Claim("C104")]
    public async Task C104_A_recipient_sees_neither_tags_nor_permissions()
    {
        var image = await World.Golden(1003);
        await Ec2.CreateTagsAsync(
            new CreateTagsRequest { Resources = [image], Tags = [new Tag("secret", "plan")] }, Cancel);
        await World.Share(image, B);

        Assert.Empty((await World.Describe(image, B)).Tags ?? []);
        Assert.Equal("AuthFailure", await Code(() => World.Ec2(B).DescribeImageAttributeAsync(
            new DescribeImageAttributeRequest { ImageId = image, Attribute = "launchPermission" }, Cancel)));
    }

    [Fact, Claim("C106")]
    public async Task C106_Blocked_public_access_refuses_the_public()
    {
        var ec2 = World.Ec2(C, R2);
        var image = await World.Golden(1004, C, R2);
        await ec2.EnableImageBlockPublicAccessAsync(new EnableImageBlockPublicAccessRequest
        {
            ImageBlockPublicAccessState = "block-new-sharing",
        }, Cancel);

        var refusal = await World.Refused(() => ec2.ModifyImageAttributeAsync(new ModifyImageAttributeRequest
        {
            ImageId = image,
            LaunchPermission = new LaunchPermissionModifications { Add = [new LaunchPermission { Group = "all" }] },
        }, Cancel));

        Assert.Equal("OperationNotPermitted", refusal.ErrorCode);
        Assert.Contains("DisableImageBlockPublicAccess", refusal.Message, StringComparison.Ordinal);
        Assert.False((await World.Describe(image, C, R2)).Public);
    }

    [Fact, Claim("C107")]
    public async Task C107_A_public_image_shows_its_data_through_launches_and_its_snapshot_to_nobody()
    {
        var image = await World.Golden(1005);
        await Ec2.ModifyImageAttributeAsync(new ModifyImageAttributeRequest
        {
            ImageId = image,
            LaunchPermission = new LaunchPermissionModifications { Add = [new LaunchPermission { Group = "all" }] },
        }, Cancel);
        var snapshot = (await World.SnapshotsOf(image))[0];

        var launched = await World.Launch(image, C);
        Assert.Equal(World.DigestOf(1005), await World.VolumeDigest(World.VolumeAt(launched), C));
        Assert.Equal("InvalidSnapshot.NotFound", await Code(() => World.Ec2(C).DescribeSnapshotsAsync(
            new DescribeSnapshotsRequest { SnapshotIds = [snapshot] }, Cancel)));
        await Assert.ThrowsAsync<HttpRequestException>(() => World.Digest(snapshot, C));
        await Ec2.ResetImageAttributeAsync(
            new ResetImageAttributeRequest { ImageId = image, Attribute = "launchPermission" }, Cancel);
    }

    [Fact, Claim("C108")]
    public async Task C108_An_encrypted_image_needs_the_key_as_well()
    {
        var key = (await World.Kms().CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata;
        var image = await World.Register(await World.Disk(1006, encrypted: true, key: key.Arn));
        await World.Share(image, B);

        var started = (await World.Ec2(B).RunInstancesAsync(
            new RunInstancesRequest { ImageId = image, MinCount = 1, MaxCount = 1, InstanceType = "t3.micro" },
            Cancel)).Reservation.Instances[0];
        var failed = await World.InState(started.InstanceId, "terminated", B);
        Assert.Equal("Client.InternalError", failed.StateReason.Code);

        await World.LetUse(key.KeyId, B);
        var launched = await World.Launch(image, B);
        var volume = await VolumeIs(World.VolumeAt(launched), "in-use", B);
        var defaults = await World.Kms(B).DescribeKeyAsync(new DescribeKeyRequest { KeyId = "alias/aws/ebs" }, Cancel);
        Assert.Equal(defaults.KeyMetadata.Arn, volume.KmsKeyId);
        Assert.Equal(World.DigestOf(1006), await World.VolumeDigest(volume.VolumeId, B));
    }

    [Fact, Claim("C111"), Claim("C114")]
    public async Task C111_C114_A_withdrawn_permission_stops_new_launches_only()
    {
        var image = await World.Golden(1007);
        await World.Share(image, B, C);
        var instance = await World.Launch(image, B);
        await Ec2.ModifyImageAttributeAsync(new ModifyImageAttributeRequest
        {
            ImageId = image,
            LaunchPermission = new LaunchPermissionModifications { Remove = [new LaunchPermission { UserId = B }] },
        }, Cancel);
        var theirs = World.Ec2(B);
        var request =
            new RunInstancesRequest { ImageId = image, MinCount = 1, MaxCount = 1, InstanceType = "t3.micro" };

        Assert.Contains(await Code(() => theirs.RunInstancesAsync(request, Cancel)),
            new[] { "AuthFailure", "InvalidAMIID.NotFound" });
        await theirs.StopInstancesAsync(new StopInstancesRequest { InstanceIds = [instance.InstanceId] }, Cancel);
        await World.InState(instance.InstanceId, "stopped", B);
        await theirs.StartInstancesAsync(new StartInstancesRequest { InstanceIds = [instance.InstanceId] }, Cancel);
        await World.InState(instance.InstanceId, "running", B);

        // And a recipient may withdraw itself.
        await World.Ec2(C)
            .CancelImageLaunchPermissionAsync(new CancelImageLaunchPermissionRequest { ImageId = image }, Cancel);
        Assert.Contains(await Code(() => World.Ec2(C).RunInstancesAsync(request, Cancel)),
            new[] { "AuthFailure", "InvalidAMIID.NotFound" });
    }

    [Fact, Claim("C112")]
    public async Task C112_A_providers_image_is_launched_in_three_accounts()
    {
        const string D = "444444444444";
        var image = await World.Golden(1008);
        await World.Share(image, B, C, D);
        await Ec2.ModifyImageAttributeAsync(new ModifyImageAttributeRequest
        {
            ImageId = image,
            LaunchPermission = new LaunchPermissionModifications
            {
                Add = [new LaunchPermission { OrganizationalUnitArn =
                    $"arn:aws:organizations::{A}:ou/o-exampleorgid/ou-exam-ple12345" }],
            },
        }, Cancel);
        foreach (var account in new[] { B, C, D })
        {
            var launched = await World.Launch(image, account);
            Assert.Equal(World.DigestOf(1008), await World.VolumeDigest(World.VolumeAt(launched), account));
        }
    }

    [Fact, Claim("C113")]
    public async Task C113_Launch_permissions_do_not_travel_with_a_copy()
    {
        var image = await World.Golden(1009);
        await World.Share(image, B);
        var copy = await World.Copy(image, R1, R2);
        var permissions = await World.Ec2(region: R2).DescribeImageAttributeAsync(
            new DescribeImageAttributeRequest { ImageId = copy, Attribute = "launchPermission" }, Cancel);
        Assert.Empty(permissions.ImageAttribute.LaunchPermissions ?? []);
    }

    [Fact, Claim("C115")]
    public async Task C115_An_audit_account_reads_the_snapshot_it_was_given()
    {
        var image = await World.Golden(1010);
        var snapshot = (await World.SnapshotsOf(image))[0];
        await Assert.ThrowsAsync<HttpRequestException>(() => World.Digest(snapshot, B));

        await World.ShareSnapshots(image, B);

        Assert.Equal(World.DigestOf(1010), await World.Digest(snapshot, B));
        await Ec2.CreateTagsAsync(
            new CreateTagsRequest { Resources = [image], Tags = [new Tag("approved", "true")] }, Cancel);
        Assert.Equal(image, Assert.Single((await Ec2.DescribeImagesAsync(new DescribeImagesRequest
        {
            Filters = [new Filter("tag:approved", ["true"])],
        }, Cancel)).Images).ImageId);
    }

    [Fact, Claim("C115")]
    public async Task A_snapshot_under_the_default_key_cannot_be_shared()
    {
        var snapshot = await World.Disk(1011, encrypted: true);
        Assert.Equal(
            "InvalidParameter", await Code(() => Ec2.ModifySnapshotAttributeAsync(new ModifySnapshotAttributeRequest
        {
            SnapshotId = snapshot,
            CreateVolumePermission =
                new CreateVolumePermissionModifications { Add = [new CreateVolumePermission { UserId = B }] },
        }, Cancel)));
    }
}
