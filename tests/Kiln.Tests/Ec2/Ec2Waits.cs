using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ec2;

/// <summary>Makes volumes and snapshots and waits until they are there.</summary>
internal static class Ec2Waits
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<string> NewVolume(
        this AmazonEC2Client ec2, int sizeGiB = 1, string? snapshotId = null, Action<CreateVolumeRequest>? more = null)
    {
        var request = new CreateVolumeRequest { AvailabilityZone = "us-east-1a", SnapshotId = snapshotId };
        if (snapshotId is null)
            request.Size = sizeGiB;
        more?.Invoke(request);
        var made = await ec2.CreateVolumeAsync(request, Cancel);
        await ec2.VolumeIs(made.Volume.VolumeId, "available");
        return made.Volume.VolumeId;
    }

    public static Task<Volume> VolumeIs(this AmazonEC2Client ec2, string id, string state) => TestServer.Eventually(
        async () => (await ec2.DescribeVolumesAsync(
            new DescribeVolumesRequest { VolumeIds = [id] }, Cancel)).Volumes[0],
        v => v.State.Value == state);

    public static async Task<Snapshot> NewSnapshot(this AmazonEC2Client ec2, string volumeId)
    {
        var made = await ec2.CreateSnapshotAsync(new CreateSnapshotRequest { VolumeId = volumeId }, Cancel);
        return await ec2.SnapshotIs(made.Snapshot.SnapshotId, "completed");
    }

    public static Task<Snapshot> SnapshotIs(this AmazonEC2Client ec2, string id, string state) =>
        TestServer.Eventually(
            async () => (await ec2.DescribeSnapshotsAsync(
                new DescribeSnapshotsRequest { SnapshotIds = [id] }, Cancel)).Snapshots[0],
            s => s.State.Value == state);

    public static async Task<AmazonEC2Exception> Refused(string code, Func<Task> call)
    {
        var refusal = await Assert.ThrowsAsync<AmazonEC2Exception>(call);
        Assert.Equal(code, refusal.ErrorCode);
        return refusal;
    }
}
