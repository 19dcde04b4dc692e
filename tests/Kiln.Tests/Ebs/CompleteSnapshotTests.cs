using System.Text.Json.Nodes;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Tests.Ebs;

public sealed class CompleteSnapshotTests : IAsyncLifetime
{
    private readonly TestServer _server = new();
    private EbsClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        _client = new EbsClient(_server);
    }

    [Fact]
    public async Task The_count_and_the_checksum_must_be_those_of_the_written_blocks()
    {
        var id = await _client.Start();
        await _client.Put(id, 0, EbsClient.Block(1));

        (await _client.Complete(id, 2)).Invalid("INVALID_PARAMETER_VALUE");
        (await _client.Complete(id, 1, EbsClient.Sha(EbsClient.Block(1)))).Invalid("INVALID_PARAMETER_VALUE");
        (await _client.Send(HttpMethod.Post, $"/snapshots/completion/{id}", null, true,
            ("x-amz-ChangedBlocksCount", "1"), ("x-amz-Checksum", "AAAA"))).Invalid("INVALID_PARAMETER_VALUE");
        (await _client.Send(HttpMethod.Post, $"/snapshots/completion/{id}")).Invalid("INVALID_PARAMETER_VALUE");

        // Refusals leave it open.
        Assert.Equal(201, (await _client.Put(id, 1, EbsClient.Block(2))).Status);
        var done = await _client.Complete(id, 2);
        Assert.True(done.Status == 202, done.Text);
        Assert.Equal("pending", (string)done.Json["Status"]!);
    }

    [Fact]
    public async Task A_repeated_call_is_answered_and_another_refused()
    {
        var id = await _client.Start();
        await _client.Complete(id, 0);

        Assert.Equal(202, (await _client.Complete(id, 0)).Status);
        (await _client.Complete(id, 1)).Invalid("CONFLICTING_BLOCK_UPDATE");
        await _client.Sealed(id);
        Assert.Equal("completed", (string)(await _client.Complete(id, 0)).Json["Status"]!);
    }

    [Fact]
    public async Task Nobody_else_completes_it()
    {
        var id = await _client.Start();
        using var stranger = new EbsClient(_server, TestServer.B);

        (await stranger.Complete(id, 0)).Refused(403, "AccessDeniedException", "UNAUTHORIZED_ACCOUNT");
        (await _client.Complete("snap-00000000000000000", 0))
            .Refused(404, "ResourceNotFoundException", "SNAPSHOT_NOT_FOUND");
    }

    [Fact]
    public async Task What_is_abandoned_fails_when_its_timeout_is_over()
    {
        var start = await _client.Start(new JsonObject { ["VolumeSize"] = 1, ["Timeout"] = 10 });
        var id = (string)start.Json["SnapshotId"]!;
        await _server.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(201, (await _client.Put(id, 0, EbsClient.Block(1))).Status);

        // The write moved the deadline.
        await _server.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(201, (await _client.Put(id, 1, EbsClient.Block(1))).Status);
        Assert.Equal(SnapshotState.Pending, (await Row(id)).State);

        await _server.Advance(TimeSpan.FromMinutes(11));
        (await _client.Put(id, 2, EbsClient.Block(1))).Invalid("WRITE_REQUEST_TIMEOUT");
        (await _client.Complete(id, 2)).Invalid("WRITE_REQUEST_TIMEOUT");
        var row = await TestServer.Eventually(() => Row(id), r => r.State == SnapshotState.Error);
        Assert.Contains("10 minutes", row.StateMessage, StringComparison.Ordinal);
        (await _client.Put(id, 2, EbsClient.Block(1))).Invalid("WRITE_REQUEST_TIMEOUT");
        (await _client.List(id)).Invalid("INVALID_SNAPSHOT_ID");
        await TestServer.Eventually(() => _server.WithDb(db => db.Work.CountAsync(w => w.ResourceId == id)), n =>
            n == 0);
    }

    [Fact]
    public async Task A_snapshot_under_way_is_deleted_at_once()
    {
        var id = await _client.Start();
        await _client.Put(id, 0, EbsClient.Block(1));

        await _server.Ec2().DeleteSnapshotAsync(
            new Amazon.EC2.Model.DeleteSnapshotRequest(id), TestContext.Current.CancellationToken);

        await TestServer.Eventually(() => _server.WithDb(db => db.Snapshots.CountAsync(s => s.Id == id)), n => n == 0);
        await TestServer.Eventually(() => _server.WithDb(db => db.Work.CountAsync(w => w.ResourceId == id)), n =>
            n == 0);
        (await _client.Put(id, 1, EbsClient.Block(1))).Refused(404, "ResourceNotFoundException", "SNAPSHOT_NOT_FOUND");
        Assert.Empty(Directory.GetFiles(_server.DataFolder, $"{id}*", SearchOption.AllDirectories));
    }

    private Task<Snapshot> Row(string id) =>
        _server.WithDb(db => db.Snapshots.AsNoTracking().SingleAsync(s => s.Id == id));

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }
}
