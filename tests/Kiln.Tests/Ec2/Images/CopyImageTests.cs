using Amazon.EC2;
using Amazon.EC2.Model;
using Amazon.KeyManagementService.Model;
using Kiln.Tests.Fixtures;
using static Kiln.Tests.Ec2.Images.Requests;
using Tag = Amazon.EC2.Model.Tag;

namespace Kiln.Tests.Ec2.Images;

public sealed class CopyImageTests(TestServer server) : IClassFixture<TestServer>
{
    private const string West = "us-west-2";

    private readonly AmazonEC2Client _ec2 = server.Ec2();
    private readonly AmazonEC2Client _west = server.Ec2(region: West);
    private readonly AmazonEC2Client _other = server.Ec2(TestServer.B);

    private static CopyImageRequest Copy(string id, string name) =>
        new() { Name = name, SourceImageId = id, SourceRegion = "us-east-1" };

    /// <summary>An image over a snapshot with real bytes.</summary>
    private async Task<string> Image(string name, bool encrypted = false)
    {
        var volume = await _ec2.NewVolume(more: r => r.Encrypted = encrypted);
        await Disk.Write(server, volume, 123 << 12, Disk.Bytes(7, 98_304));
        return await _ec2.Register(name, (await _ec2.NewSnapshot(volume)).SnapshotId);
    }

    private static Task<Image> Becomes(AmazonEC2Client ec2, string id, string state) =>
        TestServer.Eventually(() => ec2.Image(id), i => i.State.Value == state);

    private static async Task<Snapshot> Root(AmazonEC2Client ec2, Image image) => Assert.Single(await ec2.Snapshots(
        new DescribeSnapshotsRequest { SnapshotIds = [image.BlockDeviceMappings[0].Ebs.SnapshotId] }));

    [Fact]
    public async Task Copies_bytes_and_attributes_into_another_Region_but_no_permissions()
    {
        var id = await Image("original");
        var source = await _ec2.Image(id);
        await server.Share(id, TestServer.B);
        await _ec2.CreateTagsAsync(new CreateTagsRequest([id], [new Tag("team", "kiln"), new Tag("kept", "no")]),
            Cancel);
        var request = Copy(id, "copied");
        request.CopyImageTags = true;
        request.TagSpecifications =
        [
            new TagSpecification { ResourceType = "image", Tags = [new Tag("kept", "yes")] },
            new TagSpecification { ResourceType = "snapshot", Tags = [new Tag("part", "root")] },
        ];

        var copyId = (await _west.CopyImageAsync(request, Cancel)).ImageId;
        var copy = await Becomes(_west, copyId, "available");
        var root = await Root(_west, copy);

        Assert.NotEqual(id, copyId);
        Assert.Equal((id, "us-east-1"), (copy.SourceImageId, copy.SourceImageRegion));
        Assert.Equal($"[Copied {id} from us-east-1]", copy.Description);
        Assert.Equal((source.Architecture, source.VirtualizationType), (copy.Architecture, copy.VirtualizationType));
        Assert.Equal([("kept", "yes"), ("team", "kiln")], copy.Tags.Select(t => (t.Key, t.Value)).Order());
        Assert.Equal("root", Assert.Single(root.Tags).Value);
        Assert.Matches($"^Copied for DestinationAmi {copyId} from SourceAmi {id} for SourceSnapshot " +
            $@"{source.BlockDeviceMappings[0].Ebs.SnapshotId}\. Task created on \d{{1,3}}(,\d{{3}})+\.$",
                root.Description);
        Assert.NotEqual(source.BlockDeviceMappings[0].Ebs.SnapshotId, root.SnapshotId);
        Assert.False(root.Encrypted);
        await Refused("InvalidAMIID.NotFound",
            () => server.Ec2(TestServer.B, West).Images(new() { ImageIds = [copyId] }));

        await _ec2.DeregisterImageAsync(new DeregisterImageRequest(id) { DeleteAssociatedSnapshots = true }, Cancel);
        Assert.Equal(ImageState.Available, (await _west.Image(copyId)).State);
        var chain = (await _west.GetImageAncestryAsync(new() { ImageId = copyId }, Cancel)).ImageAncestryEntries;
        Assert.Equal([copyId, id], chain.Select(e => e.ImageId));
    }

    [Fact]
    public async Task Encrypts_a_copy_and_keeps_its_bytes()
    {
        var id = await Image("clear");
        var key = (await server.Kms().CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata.Arn;
        var request = Copy(id, "sealed");
        (request.Encrypted, request.KmsKeyId, request.Description) = (true, key, "sealed copy");

        var copy = await Becomes(_ec2, (await _ec2.CopyImageAsync(request, Cancel)).ImageId, "available");
        var root = await Root(_ec2, copy);

        Assert.Equal((true, key, "sealed copy"), (root.Encrypted, root.KmsKeyId, copy.Description));
        Assert.True(copy.BlockDeviceMappings[0].Ebs.Encrypted);
        var restored = await _ec2.NewVolume(snapshotId: root.SnapshotId);
        Assert.Equal(Disk.Bytes(7, 98_304), await Disk.Read(server, restored, 123 << 12, 98_304));

        var again = Copy(copy.ImageId, "in the clear");
        again.Encrypted = false;
        await Refused("InvalidRequest", () => _ec2.CopyImageAsync(again, Cancel));
        var same = await Becomes(_ec2, (await _ec2.CopyImageAsync(Copy(copy.ImageId, "same key"), Cancel)).ImageId,
            "available");
        Assert.Equal(key, (await Root(_ec2, same)).KmsKeyId);
    }

    [Fact]
    public async Task A_key_that_cannot_be_used_fails_the_copy_after_the_answer()
    {
        var request = Copy(await Image("bad key"), "bad key copy");
        (request.Encrypted, request.KmsKeyId) = (true, "arn:aws:kms:us-east-1:111111111111:key/no-such-key");

        var failed = await Becomes(_ec2, (await _ec2.CopyImageAsync(request, Cancel)).ImageId, "failed");

        Assert.Equal("Client.InternalError", failed.StateReason.Code);
        Assert.Contains("Given key ID is not accessible", failed.StateReason.Message, StringComparison.Ordinal);
        await _ec2.DeregisterImageAsync(
            new DeregisterImageRequest(failed.ImageId) { DeleteAssociatedSnapshots = true }, Cancel);
    }

    [Fact]
    public async Task Somebody_elses_image_needs_its_snapshots_permissions_too()
    {
        var id = await Image("for B");
        var root = await Root(_ec2, await _ec2.Image(id));
        await Refused("InvalidAMIID.NotFound", () => _other.CopyImageAsync(Copy(id, "mine"), Cancel));
        await server.Share(id, TestServer.B);
        Assert.Equal(("InvalidRequest", "You do not have permission to access the storage of this ami"),
            await Refusal(() => _other.CopyImageAsync(Copy(id, "mine"), Cancel)));
        Assert.Empty(await _other.Images(new() { Owners = ["self"] }));

        await _ec2.ModifySnapshotAttributeAsync(new ModifySnapshotAttributeRequest
        {
            SnapshotId = root.SnapshotId, OperationType = OperationType.Add, UserIds = [TestServer.B],
        }, Cancel);
        var copy = await Becomes(_other, (await _other.CopyImageAsync(Copy(id, "mine"), Cancel)).ImageId, "available");

        Assert.Equal(TestServer.B, copy.OwnerId);
        await Refused("InvalidAMIID.NotFound", () => _ec2.Images(new() { ImageIds = [copy.ImageId] }));
    }

    [Fact]
    public async Task Refuses_what_cannot_be_copied_and_repeats_an_answer()
    {
        var id = await Image("refusing");
        Task Bad(string code, Action<CopyImageRequest> change)
        {
            var request = Copy(id, "refused copy");
            change(request);
            return Refused(code, () => _west.CopyImageAsync(request, Cancel));
        }

        await Bad("InvalidAMIID.NotFound", r => r.SourceRegion = "eu-west-1");
        await Bad("InvalidParameterValue", r => r.SourceRegion = "mars-north-1");
        await Bad("InvalidAMIID.Malformed", r => r.SourceImageId = "ami-what");
        await Bad("InvalidAMIName.Malformed", r => r.Name = "semi;colon");
        await Bad("InvalidParameterDependency", r => r.KmsKeyId = "alias/some");
        await Bad("InvalidParameterValue", r => r.SnapshotCopyCompletionDurationMinutes = 20);
        await Bad("DryRunOperation", r => r.DryRun = true);
        Assert.Empty(await _west.Found("name", "refused copy"));

        var request = Copy(id, "with a token");
        request.ClientToken = "token-1";
        var first = (await _west.CopyImageAsync(request, Cancel)).ImageId;
        Assert.Equal(first, (await _west.CopyImageAsync(request, Cancel)).ImageId);
        request.Name = "with the same token";
        await Refused("IdempotentParameterMismatch", () => _west.CopyImageAsync(request, Cancel));
        request.ClientToken = null;
        request.Name = "with a token";
        await Refused("InvalidAMIName.Duplicate", () => _west.CopyImageAsync(request, Cancel));

        await Becomes(_west, first, "available");
        await _ec2.DisableImageAsync(new() { ImageId = id }, Cancel);
        await Bad("InvalidAMIID.Unavailable", r => r.Name = "of a disabled one");
    }
}
