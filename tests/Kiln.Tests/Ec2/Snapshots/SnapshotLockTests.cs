using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Tests.Ec2.Images;
using Kiln.Tests.Fixtures;
using static Kiln.Tests.Ec2.Images.Requests;

namespace Kiln.Tests.Ec2.Snapshots;

public sealed class SnapshotLockTests(TestServer server) : IClassFixture<TestServer>
{
    private readonly AmazonEC2Client _ec2 = server.Ec2();

    private Task<LockSnapshotResponse> Lock(string id, string mode, int? days, int? coolOff = null) =>
        _ec2.LockSnapshotAsync(
            new LockSnapshotRequest { SnapshotId = id, LockMode = mode, LockDuration = days,
                CoolOffPeriod = coolOff }, Cancel);

    private Task Delete(string id) => _ec2.DeleteSnapshotAsync(new DeleteSnapshotRequest(id), Cancel);

    private Task Unlock(string id) => _ec2.UnlockSnapshotAsync(new UnlockSnapshotRequest { SnapshotId = id }, Cancel);

    private async Task<string?> Shown(string id) => ((await _ec2.DescribeLockedSnapshotsAsync(
        new DescribeLockedSnapshotsRequest { SnapshotIds = [id] }, Cancel)).Snapshots ?? [])
        .SingleOrDefault()?.LockState.Value;

    [Fact]
    public async Task A_governance_lock_holds_until_it_is_ended_or_over()
    {
        var id = await server.Snapshot();
        Assert.Equal("governance", (await Lock(id, "governance", 10)).LockState.Value);
        await Refused("OperationNotPermitted", () => Delete(id));
        Assert.Equal(2, (await Lock(id, "governance", 2)).LockDuration);
        await Unlock(id);
        Assert.Null(await Shown(id));
        await Refused("IncorrectState", () => Unlock(id));

        await Lock(id, "governance", 1);
        await server.Advance(TimeSpan.FromDays(1) + TimeSpan.FromMinutes(1));
        Assert.Equal("expired", await Shown(id));
        await Delete(id);
    }

    [Fact]
    public async Task A_compliance_lock_can_only_grow_after_its_cool_off()
    {
        var id = await server.Snapshot();
        Assert.Equal("compliance-cooloff", (await Lock(id, "compliance", 10, coolOff: 1)).LockState.Value);
        Assert.Equal(5, (await Lock(id, "compliance", 5)).LockDuration);
        await server.Advance(TimeSpan.FromMinutes(61));

        Assert.Equal("compliance", await Shown(id));
        await Refused("OperationNotPermitted", () => Unlock(id));
        await Refused("OperationNotPermitted", () => Lock(id, "compliance", 4));
        await Refused("OperationNotPermitted", () => Lock(id, "governance", 20));
        await Refused("OperationNotPermitted", () => Lock(id, "compliance", 20, coolOff: 2));
        await Refused("OperationNotPermitted", () => Delete(id));
        Assert.Equal(20, (await Lock(id, "compliance", 20)).LockDuration);
        await Refused("InvalidParameterCombination", () => Lock(id, "compliance", null));
        await Refused("InvalidParameterValue", () => Lock(id, "eternal", 1));
    }
}
