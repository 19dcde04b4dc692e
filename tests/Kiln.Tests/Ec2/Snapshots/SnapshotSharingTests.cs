using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Tests.Ec2.Images;
using Kiln.Tests.Fixtures;
using static Kiln.Tests.Ec2.Images.Requests;
using State = Kiln.Service.Ec2.Snapshots.SnapshotState;

namespace Kiln.Tests.Ec2.Snapshots;

public sealed class SnapshotSharingTests(TestServer server) : IClassFixture<TestServer>
{
    private readonly AmazonEC2Client _ec2 = server.Ec2();
    private readonly AmazonEC2Client _other = server.Ec2(TestServer.B);

    private static ModifySnapshotAttributeRequest Give(string id, string? user = null, string? group = null) => new()
    {
        SnapshotId = id,
        CreateVolumePermission = new CreateVolumePermissionModifications
        {
            Add = [new CreateVolumePermission { UserId = user, Group = group }],
        },
    };

    private async Task<List<string>> PermissionsOf(string id) =>
        [.. ((await _ec2.DescribeSnapshotAttributeAsync(
            new DescribeSnapshotAttributeRequest(id, SnapshotAttributeName.CreateVolumePermission), Cancel))
            .CreateVolumePermissions ?? []).Select(p => p.UserId ?? p.Group)];

    private static DescribeSnapshotsRequest ById(params string[] ids) => new() { SnapshotIds = [.. ids] };

    [Fact]
    public async Task Shares_with_an_account_and_takes_it_back()
    {
        var id = await server.Snapshot(description: "shared");
        await Refused("InvalidSnapshot.NotFound", () => _other.Snapshots(ById(id)));

        await _ec2.ModifySnapshotAttributeAsync(Give(id, TestServer.B), Cancel);
        await _ec2.ModifySnapshotAttributeAsync(Give(id, TestServer.B), Cancel);

        Assert.Equal([TestServer.B], await PermissionsOf(id));
        Assert.Equal("shared", Assert.Single(await _other.Snapshots(ById(id))).Description);
        Assert.Contains(await _other.Snapshots(new() { RestorableByUserIds = ["self"] }), s => s.SnapshotId == id);
        Assert.Contains(await _ec2.Snapshots(new() { RestorableByUserIds = [TestServer.B] }), s => s.SnapshotId == id);
        await Refused("AuthFailure", () => _other.DeleteSnapshotAsync(new DeleteSnapshotRequest(id), Cancel));
        await Refused("AuthFailure", () => _other.DescribeSnapshotAttributeAsync(
            new DescribeSnapshotAttributeRequest(id, SnapshotAttributeName.CreateVolumePermission), Cancel));
        await Refused("AuthFailure", () => _other.ModifySnapshotAttributeAsync(Give(id, TestServer.C), Cancel));

        await _ec2.ModifySnapshotAttributeAsync(new ModifySnapshotAttributeRequest
        {
            SnapshotId = id, Attribute = SnapshotAttributeName.CreateVolumePermission,
            OperationType = OperationType.Remove, UserIds = [TestServer.B],
        }, Cancel);
        Assert.Empty(await PermissionsOf(id));
        await Refused("InvalidSnapshot.NotFound", () => _other.Snapshots(ById(id)));
    }

    [Fact]
    public async Task Shares_with_everybody_and_resets()
    {
        var id = await server.Snapshot();

        await _ec2.ModifySnapshotAttributeAsync(new ModifySnapshotAttributeRequest
        {
            SnapshotId = id, OperationType = OperationType.Add, GroupNames = ["all"], UserIds = [TestServer.C],
        }, Cancel);

        Assert.Equal(["all", TestServer.C], await PermissionsOf(id));
        Assert.Contains(await _other.Snapshots(new() { RestorableByUserIds = ["all"] }), s => s.SnapshotId == id);
        await _ec2.ResetSnapshotAttributeAsync(
            new ResetSnapshotAttributeRequest(id, SnapshotAttributeName.CreateVolumePermission), Cancel);
        Assert.Empty(await PermissionsOf(id));
        await Refused("InvalidSnapshot.NotFound", () => _other.Snapshots(ById(id)));
    }

    [Fact]
    public async Task Refuses_what_cannot_be_shared()
    {
        var plain = await server.Snapshot();
        var marketplace = await server.Snapshot(productCodes: ["abc123"]);
        var encrypted = await server.Snapshot(kmsKeyId: await server.Key());
        var managed = await server.Snapshot(kmsKeyId: await server.Key(awsManaged: true));
        Task Bad(string code, ModifySnapshotAttributeRequest request) =>
            Refused(code, () => _ec2.ModifySnapshotAttributeAsync(request, Cancel));

        await Bad("OperationNotPermitted", Give(encrypted, group: "all"));
        await Bad("OperationNotPermitted", Give(marketplace, group: "all"));
        Assert.Equal(
            ("InvalidParameter",
                "Snapshots encrypted with the AWS Managed CMK can’t be shared. Specify another snapshot"),
            await Refusal(() => _ec2.ModifySnapshotAttributeAsync(Give(managed, TestServer.B), Cancel)));
        await Bad("InvalidAMIAttributeItemValue", Give(plain, "12345"));
        await Bad("InvalidAMIAttributeItemValue", Give(plain, group: "friends"));
        await Bad("InvalidParameterCombination", new ModifySnapshotAttributeRequest { SnapshotId = plain });
        await Bad("InvalidParameterCombination",
            new ModifySnapshotAttributeRequest { SnapshotId = plain, UserIds = [TestServer.B] });
        var both = Give(plain, TestServer.B);
        both.CreateVolumePermission.Remove = [new CreateVolumePermission { UserId = TestServer.C }];
        await Bad("InvalidParameterCombination", both);
        Assert.Empty(await PermissionsOf(plain));

        await _ec2.ModifySnapshotAttributeAsync(Give(encrypted, TestServer.B), Cancel);
        Assert.Equal([TestServer.B], await PermissionsOf(encrypted));
    }

    [Fact]
    public async Task Deletes_what_no_image_uses()
    {
        var id = await server.Snapshot();
        var image = await _ec2.Register("keeps its snapshot", id);

        Assert.Equal(("InvalidSnapshot.InUse", $"The snapshot {id} is currently in use by {image}"),
            await Refusal(() => _ec2.DeleteSnapshotAsync(new DeleteSnapshotRequest(id), Cancel)));
        await _ec2.DeregisterImageAsync(new DeregisterImageRequest(image), Cancel);
        await _ec2.DeleteSnapshotAsync(new DeleteSnapshotRequest(id), Cancel);

        Assert.Equal(("InvalidSnapshot.NotFound", $"The snapshot '{id}' does not exist."),
            await Refusal(() => _ec2.Snapshots(ById(id))));
        await Refused("InvalidSnapshot.NotFound",
            () => _ec2.DeleteSnapshotAsync(new DeleteSnapshotRequest(id), Cancel));
        await Refused("InvalidSnapshotID.Malformed",
            () => _ec2.DeleteSnapshotAsync(new DeleteSnapshotRequest("snap-1"), Cancel));
        await _ec2.DeleteSnapshotAsync(new DeleteSnapshotRequest(await server.Snapshot(state: State.Error)), Cancel);
    }

    [Fact]
    public async Task A_pending_snapshot_that_is_deleted_is_gone_at_once_for_callers()
    {
        var id = await server.Snapshot(state: State.Pending);
        Assert.Equal(("0%", SnapshotState.Pending),
            ((await _ec2.Snapshots(ById(id)))[0].Progress, (await _ec2.Snapshots(ById(id)))[0].State));

        await _ec2.DeleteSnapshotAsync(new DeleteSnapshotRequest(id), Cancel);

        await Refused("InvalidSnapshot.NotFound", () => _ec2.Snapshots(ById(id)));
    }

    [Fact]
    public async Task Describes_by_every_filter_and_in_pages()
    {
        const string region = "eu-west-1";
        var ec2 = server.Ec2(region: region);
        var ids = new List<string>();
        for (var n = 1; n <= 7; n++)
            ids.Add(await server.Snapshot(n, region: region, description: $"number {n}"));
        ids.Add(await server.Snapshot(1, region: region, state: State.Pending));
        await ec2.CreateTagsAsync(new CreateTagsRequest([ids[0]], [new Tag("a", "1")]), Cancel);
        async Task<int> Count(string name, params string[] values) =>
            (await ec2.Snapshots(new() { Filters = [new Filter(name, [.. values])] })).Count;

        Assert.Equal(1, await Count("description", "number 3"));
        Assert.Equal(7, await Count("description", "number ?"));
        Assert.Equal(8, await Count("encrypted", "false"));
        Assert.Equal(0, await Count("owner-alias", "amazon"));
        Assert.Equal(8, await Count("owner-id", TestServer.A));
        Assert.Equal(7, await Count("progress", "100%"));
        Assert.Equal(1, await Count("snapshot-id", ids[2]));
        Assert.Equal(8, await Count("start-time", "20*Z"));
        Assert.Equal(1, await Count("status", "pending"));
        Assert.Equal(8, await Count("storage-tier", "standard"));
        Assert.Equal(0, await Count("transfer-type", "standard"));
        Assert.Equal(1, await Count("tag:a", "1"));
        Assert.Equal(1, await Count("tag-key", "a", "b"));
        Assert.Equal(8, await Count("volume-id", "vol-ffffffff"));
        Assert.Equal(3, await Count("volume-size", "1", "2"));
        await Refused("InvalidParameterValue", () => Count("colour", "red"));
        Assert.Equal(8, (await ec2.Snapshots(new() { OwnerIds = ["self"] })).Count);
        Assert.Empty(await ec2.Snapshots(new() { OwnerIds = ["amazon"] }));
        await Refused("InvalidUserID.Malformed", () => ec2.Snapshots(new() { OwnerIds = ["me"] }));

        var first = await ec2.DescribeSnapshotsAsync(new DescribeSnapshotsRequest { MaxResults = 5 }, Cancel);
        var second = await ec2.DescribeSnapshotsAsync(
            new DescribeSnapshotsRequest { MaxResults = 5, NextToken = first.NextToken }, Cancel);
        Assert.Null(second.NextToken);
        Assert.Equal(ids.Order(), first.Snapshots.Concat(second.Snapshots).Select(s => s.SnapshotId).Order());
        await Refused("InvalidNextToken", () => ec2.DescribeSnapshotsAsync(
            new DescribeSnapshotsRequest { NextToken = first.NextToken + "x" }, Cancel));
    }
}
