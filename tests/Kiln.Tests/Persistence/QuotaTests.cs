using Amazon.EC2.Model;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Work;
using Kiln.Tests.Ec2;
using Kiln.Tests.Ec2.Images;
using Kiln.Tests.Ec2.Instances;
using Kiln.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Kiln.Tests.Persistence;

/// <summary>Quotas hold however many ask at once, and whoever finds no room is told so in AWS's words.</summary>
public sealed class QuotaTests : IAsyncLifetime
{
    private const int Callers = 20, Images = 5, Instances = 5, Snapshots = 12, Volumes = 8;

    private readonly TestServer _server = new()
    {
        Configure = o =>
        {
            o.ImagesPerRegion = Images;
            o.InstancesPerRegion = Instances;
            o.SnapshotsPerRegion = Snapshots;
            o.VolumesPerRegion = Volumes;
        },
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Snapshots_hold_their_quotas()
    {
        var ec2 = _server.Ec2();
        var volume = await ec2.NewVolume();
        var source = (await ec2.NewSnapshot(volume)).SnapshotId;
        await StopWorker();

        var cuts = await Meeting.AtOnce(Callers, _ => ec2.CreateSnapshotAsync(
            new CreateSnapshotRequest { VolumeId = volume }, Cancel));
        var copies = await Meeting.AtOnce(Callers, _ => ec2.CopySnapshotAsync(
            new CopySnapshotRequest { SourceRegion = "us-east-1", SourceSnapshotId = source }, Cancel));

        Shared(cuts, 5, "ConcurrentSnapshotLimitExceeded");
        Shared(copies, Snapshots - 6, "SnapshotLimitExceeded");
        Assert.Equal(5, await _server.WithDb(db => db.Snapshots.CountAsync(
            s => s.VolumeId == volume && s.State == SnapshotState.Pending, Cancel)));
    }

    [Fact]
    public async Task Images_instances_and_volumes_hold_their_quotas()
    {
        var ec2 = _server.Ec2();
        var (image, _) = await _server.NewImage("quota");
        var snapshot = (await ec2.Image(image)).BlockDeviceMappings[0].Ebs.SnapshotId;
        await StopWorker();

        var images = await Meeting.AtOnce(Callers, n => ec2.Register($"quota-{n}", snapshot));
        // Whoever asks for two takes one where only one is left, also where somebody else just took the other.
        var launches = await Meeting.AtOnce(Callers, _ =>
        {
            var request = Machines.Request(image);
            request.MaxCount = 2;
            return ec2.RunInstancesAsync(request, Cancel);
        });
        var volumes = await Meeting.AtOnce(Callers, _ => ec2.CreateVolumeAsync(
            new CreateVolumeRequest { AvailabilityZone = "us-east-1a", Size = 1 }, Cancel));

        Shared(images, Images - 1, "ResourceLimitExceeded");
        Shared(launches, (Instances + 1) / 2, "InstanceLimitExceeded");
        Assert.Equal(Instances, launches.Sum(l => l.Value?.Reservation.Instances.Count ?? 0));
        Shared(volumes, Volumes - Instances - 1, "VolumeLimitExceeded");
    }

    /// <summary>What is pending stays so.</summary>
    private Task StopWorker() => _server.Server.Services.GetServices<IHostedService>().OfType<Worker>().Single()
        .StopAsync(Cancel);

    private static void Shared<T>((T? Value, string? Refused)[] answers, int room, string code)
    {
        Assert.Equal(room, answers.Count(a => a.Refused is null));
        Assert.All(answers, a => Assert.True(a.Refused is null || a.Refused == code, a.Refused));
    }
}
