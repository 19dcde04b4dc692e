using System.Collections.Concurrent;
using System.Globalization;
using Amazon.EC2;
using Amazon.EC2.Model;
using Amazon.Runtime;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Kills;

/// <summary>
/// A real service is killed again and again, at random, under load over the API and NBD; after each restart all that
/// it acknowledged is there, byte for byte.
/// </summary>
/// <remarks><c>KILN_TEST_KILLS=200</c> kills so often; without it the test is skipped. docs/testing.md.</remarks>
public sealed class KillStormTests : IAsyncLifetime
{
    private const string KillsVariable = "KILN_TEST_KILLS";

    // Enough that deletes, copies and uploads meet, few enough to be verified after each kill.
    private const int SnapshotsMax = 10;

    private static readonly int[] UploadedBlocks = [0, 3, 900];
    private readonly World _world = new();
    private readonly Random _random = new(20_261_125);
    private readonly ConcurrentDictionary<string, (string Region, string Digest)> _snapshots = new();
    private readonly ConcurrentDictionary<string, bool> _verified = new();
    private int _seed = 1000;
    private int _deleted;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Socket => Path.Combine(_world.Kiln.DataFolder, "nbd.sock");

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Nothing_acknowledged_is_lost_however_often_it_is_killed()
    {
        var kills = int.TryParse(
            Environment.GetEnvironmentVariable(KillsVariable), CultureInfo.InvariantCulture, out var n)
            ? n : 0;
        Assert.SkipWhen(kills == 0, $"{KillsVariable} says how often to kill");
        StormVolume[] volumes = [new(await Volume(), 1), new(await Volume(), 2)];
        for (var kill = 0; kill < kills; kill++)
        {
            using var killed = new CancellationTokenSource();
            Task[] load =
            [
                .. volumes.Select(v => v.Load(Socket)), Until(killed, () => Uploads()),
                Until(killed, () => Instants(volumes)), Until(killed, () => Copies()), Until(killed, () => Deletes()),
            ];
            await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(30, 1500)), TimeProvider.System, Cancel);
            await _world.Kiln.Kill();
            await killed.CancelAsync();
            await Task.WhenAll(load);
            await _world.Kiln.Start();
            foreach (var volume in volumes) volume.Verify(Socket);
            await Verify(all: kill == kills - 1);
        }

        Assert.All(volumes, v => Assert.True(v.Acknowledged > 0));
        Assert.NotEmpty(_verified);
        TestContext.Current.SendDiagnosticMessage(string.Create(CultureInfo.InvariantCulture,
            $"{kills} kills, {volumes.Sum(v => v.Acknowledged)} writes and flushes, {_verified.Count} snapshots "
            + $"verified, {_deleted} deleted"));
    }

    private async Task<string> Volume()
    {
        var ec2 = _world.Ec2();
        var id = (await ec2.CreateVolumeAsync(
            new CreateVolumeRequest { AvailabilityZone = KilnProcess.R1 + "a", Size = 1 }, Cancel)).Volume.VolumeId;
        await World.Eventually(
            async () => (await ec2.DescribeVolumesAsync(
                new DescribeVolumesRequest { VolumeIds = [id] }, Cancel)).Volumes[0],
            v => v.State == VolumeState.Available);
        return id;
    }

    // What is under way when the process dies was promised to nobody.
    private static async Task Until(CancellationTokenSource killed, Func<Task> load)
    {
        try
        {
            // Some turns ask the service nothing, and would not notice.
            while (!killed.IsCancellationRequested) await load();
        }
        catch (Exception gone) when (gone is HttpRequestException or IOException or TaskCanceledException
            || gone is AmazonClientException { InnerException: HttpRequestException or IOException })
        {
            // Killed, or a connection that an earlier kill has broken: the next round begins anew.
        }
    }

    private async Task Uploads()
    {
        await Room();
        var seed = Interlocked.Increment(ref _seed);
        var id = await _world.Disk(seed, blocks: UploadedBlocks);
        _snapshots[id] = (KilnProcess.R1, World.DigestOf(seed, UploadedBlocks));
    }

    private async Task Instants(StormVolume[] volumes)
    {
        await Room();
        var ec2 = _world.Ec2();
        var volume = volumes[Random.Shared.Next(volumes.Length)];
        await volume.Gate.WaitAsync(Cancel);
        string id, digest;
        try
        {
            id = (await ec2.CreateSnapshotAsync(
                new CreateSnapshotRequest { VolumeId = volume.Id }, Cancel)).Snapshot.SnapshotId;
            digest = volume.Digest();
        }
        finally
        {
            volume.Gate.Release();
        }
        _snapshots[id] = (KilnProcess.R1, digest);
        // Deletes may come first.
        var state = await World.Eventually(() => State(id, KilnProcess.R1), s => s != "pending");
        Assert.True(state is "completed" or "gone", $"{id} is {state}");
    }

    private async Task Copies()
    {
        await Room();
        var source = _snapshots.Where(s => s.Value.Region == KilnProcess.R1).OrderBy(_ => Random.Shared.Next())
            .Select(s => s.Key).FirstOrDefault();
        if (source is null || await State(source, KilnProcess.R1) != "completed")
        {
            await Pause();
            return;
        }
        var digest = _snapshots.TryGetValue(source, out var known) ? known.Digest : null;
        try
        {
            var id = (await _world.Ec2(region: KilnProcess.R2).CopySnapshotAsync(new CopySnapshotRequest
            {
                SourceRegion = KilnProcess.R1, SourceSnapshotId = source,
            }, Cancel)).SnapshotId;
            if (digest is not null)
                _snapshots[id] = (KilnProcess.R2, digest);
            await World.Eventually(() => State(id, KilnProcess.R2), s => s != "pending");
        }
        catch (AmazonEC2Exception refused) when (refused.ErrorCode == "InvalidSnapshot.NotFound")
        {
            // Deleted meanwhile.
        }
    }

    private async Task Deletes()
    {
        await Pause();
        if (_snapshots.Count < SnapshotsMax / 2)
            return;
        var (id, (region, _)) = _snapshots.OrderBy(_ => Random.Shared.Next()).First();
        if (await State(id, region) != "completed")
            return;
        // From here on it may be gone, whether or not the answer comes.
        _snapshots.TryRemove(id, out _);
        await _world.Ec2(region: region).DeleteSnapshotAsync(new DeleteSnapshotRequest { SnapshotId = id }, Cancel);
        Interlocked.Increment(ref _deleted);
    }

    private async Task Verify(bool all)
    {
        foreach (var (id, (region, digest)) in _snapshots)
        {
            // A copy whose source was deleted under it ends in error, as it says.
            var state = await World.Eventually(() => State(id, region), s => s != "pending");
            if (region == KilnProcess.R2 && state == "error")
            {
                _snapshots.TryRemove(id, out _);
                continue;
            }
            Assert.True(state == "completed", $"{id} is {state}");
            if (!all && _verified.ContainsKey(id) && _random.Next(4) > 0)
                continue;
            Assert.True(digest == await _world.Digest(id, region: region), $"{id} in {region} has other bytes");
            _verified[id] = true;
        }
    }

    private async Task<string> State(string id, string region)
    {
        try
        {
            return (await _world.Ec2(region: region).DescribeSnapshotsAsync(
                new DescribeSnapshotsRequest { SnapshotIds = [id] }, Cancel)).Snapshots[0].State.Value;
        }
        catch (AmazonEC2Exception refused) when (refused.ErrorCode == "InvalidSnapshot.NotFound")
        {
            return "gone";
        }
    }

    private async Task Room()
    {
        while (_snapshots.Count >= SnapshotsMax)
        {
            // So that this ends when the process does.
            await _world.Ec2().DescribeRegionsAsync(new DescribeRegionsRequest(), Cancel);
            await Pause();
        }
    }

    private static Task Pause() => Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancel);
}
