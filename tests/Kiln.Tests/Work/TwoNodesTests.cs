using Amazon.EC2;
using Amazon.EC2.Model;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using Kiln.Service.Kms;
using Kiln.Service.Work;
using Kiln.Tests.Ec2;
using Kiln.Tests.Ec2.Instances;
using Kiln.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Tests.Work;

/// <summary>Two nodes over one PostgreSQL database: separate disks, one truth. docs/operating/cluster.md.</summary>
public sealed class TwoNodesTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kiln-nodes-").FullName;
    private readonly DomainClock _wallOfB = new(TimeProvider.System);
    private readonly TestServer _a;
    private readonly TestServer _b;
    private readonly Lazy<string> _database = new(PostgresServer.NewDatabase);

    public TwoNodesTests()
    {
        _a = Node(TimeProvider.System);
        _b = Node(_wallOfB);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        if (PostgresServer.Missing is { } why)
            Assert.Skip(why);
        // Together, on an empty database: each may find that the other makes the schema and the first account.
        try
        {
            await Task.WhenAll(_a.StartAsync().AsTask(), _b.StartAsync().AsTask());
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _b.DisposeAsync();
        await _a.DisposeAsync();
        if (_database.IsValueCreated)
            PostgresServer.Drop(_database.Value);
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Nodes_that_start_together_on_an_empty_database_make_one_operator()
    {
        Assert.Single(new[] { _a.Server.First, _b.Server.First }, first => first is not null);
    }

    [Fact]
    public async Task What_one_node_made_the_other_shows_at_once_and_the_maker_does_its_work()
    {
        var volume = (await _a.Ec2().CreateVolumeAsync(
            new CreateVolumeRequest { AvailabilityZone = "us-east-1a", Size = 1 }, Cancel)).Volume.VolumeId;

        var seen = await _b.Ec2().DescribeVolumesAsync(new DescribeVolumesRequest { VolumeIds = [volume] }, Cancel);

        Assert.Equal(volume, Assert.Single(seen.Volumes).VolumeId);
        // B asks until it is there: its files are A's, and B has made none.
        await _b.Ec2().VolumeIs(volume, "available");
        Assert.Single(FilesNamed(_a, volume));
        Assert.Empty(FilesNamed(_b, volume));
    }

    [Fact]
    public async Task A_call_that_needs_the_other_nodes_disks_names_that_node()
    {
        var (image, volume) = await _a.NewImage("over-there");
        var snapshot = await _a.WithDb(
            db => db.Snapshots.Where(s => s.VolumeId == volume).Select(s => s.Id).SingleAsync(Cancel));
        var b = _b.Ec2();

        await Unavailable(() => b.CreateSnapshotAsync(new CreateSnapshotRequest { VolumeId = volume }, Cancel));
        await Unavailable(() => b.CreateVolumeAsync(
            new CreateVolumeRequest { AvailabilityZone = "us-east-1a", SnapshotId = snapshot }, Cancel));
        await Unavailable(() => b.RunInstancesAsync(Machines.Request(image), Cancel));
        await Unavailable(() => b.CopySnapshotAsync(
            new CopySnapshotRequest { SourceRegion = "us-east-1", SourceSnapshotId = snapshot }, Cancel));
        await Unavailable(() => b.CopyImageAsync(
            new CopyImageRequest { SourceRegion = "us-east-1", SourceImageId = image, Name = "copy" }, Cancel));
    }

    [Fact]
    public async Task The_clock_is_one()
    {
        var before = _b.Clock.Offset;

        await _a.Advance(TimeSpan.FromDays(30));

        await TestServer.Eventually(
            () => Task.FromResult(_b.Clock.Offset), offset => offset == before + TimeSpan.FromDays(30));
    }

    [Fact]
    public async Task Work_on_a_stopped_nodes_disks_waits_for_it()
    {
        var (image, _) = await _a.NewImage("waits");
        var instance = await _a.Ec2().Running(image);
        await _a.StopAsync();

        await _b.Ec2().TerminateInstancesAsync(new TerminateInstancesRequest([instance.InstanceId]), Cancel);
        // Work of B, done by B after it has looked at every row that was due before.
        await _b.Ec2().NewVolume();
        Assert.Equal("shutting-down", (await _b.Ec2().Instance(instance.InstanceId)).State.Name.Value);

        await _a.StartAsync();
        await _b.Ec2().InstanceIs(instance.InstanceId, "terminated");
    }

    [Fact]
    public async Task Work_that_a_killed_node_held_is_taken_over_when_its_lease_lapses()
    {
        var key = await DueDeletion();
        var node = _a.Server.Services.GetRequiredService<NodeIdentity>().Id;
        // Stopped first, so that the claim below is the last it does: what kill -9 in the middle of a step leaves.
        await _a.StopAsync();
        await _b.WithDb(async db =>
        {
            var row = await db.Work.SingleAsync(w => w.Kind == KeyReconciler.WorkKind && w.ResourceId == key, Cancel);
            row.LeaseOwner = node;
            row.LeaseUntil = _wallOfB.GetUtcNow() + Kiln.Service.Work.Worker.Lease;
            row.Fence++;
            return await db.SaveChangesAsync(Cancel);
        });
        await _b.Advance(TimeSpan.FromDays(8));
        await _b.Ec2().NewVolume();
        Assert.Equal(node, (await Row(key))!.LeaseOwner);

        _wallOfB.Adopt(Kiln.Service.Work.Worker.Lease);

        await TestServer.Eventually(() => Row(key), row => row is null);
        await Assert.ThrowsAsync<NotFoundException>(
            () => _b.Kms().DescribeKeyAsync(new DescribeKeyRequest { KeyId = key }, Cancel));
    }

    private TestServer Node(TimeProvider wall) => new()
    {
        Wall = wall,
        Configure = options =>
        {
            options.Database = _database.Value;
            options.MasterKey = Path.Combine(_folder, "master-key");
        },
    };

    private async Task Unavailable(Func<Task> call)
    {
        var refusal = await Assert.ThrowsAsync<AmazonEC2Exception>(call);
        Assert.Equal("Unavailable", refusal.ErrorCode);
        Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, refusal.StatusCode);
        Assert.Contains(
            _a.Server.Services.GetRequiredService<NodeIdentity>().Id, refusal.Message, StringComparison.Ordinal);
    }

    private async Task<string> DueDeletion()
    {
        var kms = _a.Kms();
        var key = (await kms.CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata;
        await kms.ScheduleKeyDeletionAsync(
            new ScheduleKeyDeletionRequest { KeyId = key.KeyId, PendingWindowInDays = 7 }, Cancel);
        return key.Arn;
    }

    private Task<Kiln.Service.Work.Work?> Row(string key) => _b.WithDb(db => db.Work.AsNoTracking()
        .SingleOrDefaultAsync(w => w.Kind == KeyReconciler.WorkKind && w.ResourceId == key, Cancel));

    private static string[] FilesNamed(TestServer node, string id) =>
        Directory.GetFileSystemEntries(node.DataFolder, id, SearchOption.AllDirectories);
}
