using System.Text.Json.Nodes;
using Kiln.Service.Ec2.Settings;
using Kiln.Service.Kms;
using Kiln.Service.Persistence;
using Kiln.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Tests.Ebs;

public sealed class StartSnapshotTests : IAsyncLifetime
{
    private readonly TestServer _server = new();
    private EbsClient _client = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        _client = new EbsClient(_server);
    }

    [Fact]
    public async Task Answers_what_was_started()
    {
        var answer = await _client.Start(new JsonObject
        {
            ["VolumeSize"] = 8,
            ["Description"] = "nightly",
            ["Tags"] = new JsonArray(new JsonObject { ["Key"] = "team", ["Value"] = "red" }),
        });

        Assert.True(answer.Status == 201, answer.Text);
        Assert.Matches("^snap-0[0-9a-f]{16}$", (string)answer.Json["SnapshotId"]!);
        Assert.Equal("pending", (string)answer.Json["Status"]!);
        Assert.Equal(TestServer.A, (string)answer.Json["OwnerId"]!);
        Assert.Equal(8, (int)answer.Json["VolumeSize"]!);
        Assert.Equal(524288, (int)answer.Json["BlockSize"]!);
        Assert.Equal("nightly", (string)answer.Json["Description"]!);
        Assert.Equal("red", (string)answer.Json["Tags"]![0]!["Value"]!);
        Assert.Equal("none", (string)answer.Json["SseType"]!);
        Assert.Null(answer.Json["KmsKeyArn"]);
        var id = (string)answer.Json["SnapshotId"]!;
        Assert.Equal("team", await _server.WithDb(
            db => db.Tags.Where(t => t.ResourceId == id).Select(t => t.Key).SingleAsync()));
    }

    [Fact]
    public async Task Refuses_what_is_out_of_bounds()
    {
        (await _client.Start(new JsonObject { ["VolumeSize"] = 0 })).Invalid("INVALID_VOLUME_SIZE");
        (await _client.Start(new JsonObject { ["VolumeSize"] = 65537 })).Invalid("INVALID_VOLUME_SIZE");
        (await _client.Start(new JsonObject())).Invalid("INVALID_PARAMETER_VALUE");
        (await _client.Start(Size().With("Timeout", 9))).Invalid("INVALID_PARAMETER_VALUE");
        (await _client.Start(Size().With("Timeout", 4321))).Invalid("INVALID_PARAMETER_VALUE");
        (await _client.Start(Size().With("Description", new string('x', 256)))).Invalid("INVALID_PARAMETER_VALUE");
        (await _client.Start(Size().With("Tags", new JsonArray(new JsonObject { ["Key"] = "aws:x" }))))
            .Invalid("INVALID_TAG");
        (await _client.Start(Size().With("Nonsense", 1))).Invalid("INVALID_PARAMETER_VALUE");
        (await _client.Start(Size().With("ParentSnapshotId", "snap-00000000000000000")))
            .Refused(404, "ResourceNotFoundException", "SNAPSHOT_NOT_FOUND");
        (await _client.Start(Size().With("ParentSnapshotId", "vol-1"))).Invalid("INVALID_SNAPSHOT_ID");
    }

    [Fact]
    public async Task A_client_token_makes_a_repeated_call_the_same_call()
    {
        var first = await _client.Start(Size().With("ClientToken", "once"));
        var again = await _client.Start(Size().With("ClientToken", "once"));

        Assert.Equal((string)first.Json["SnapshotId"]!, (string)again.Json["SnapshotId"]!);
        Assert.Equal(201, again.Status);
        (await _client.Start(new JsonObject { ["VolumeSize"] = 2, ["ClientToken"] = "once" }))
            .Refused(409, "ConflictException", null);
    }

    [Fact]
    public async Task A_parent_gives_the_blocks_that_are_not_written()
    {
        var parent = await _client.Make(new Dictionary<int, byte[]> { [0] = EbsClient.Block(1), [1] =
            EbsClient.Block(2) });

        var child = await _client.Make(
            new Dictionary<int, byte[]> { [1] = EbsClient.Block(3), [4000] = EbsClient.Block(4) },
            new JsonObject { ["VolumeSize"] = 2, ["ParentSnapshotId"] = parent });

        var blocks = (await _client.List(child)).Json["Blocks"]!.AsArray();
        Assert.Equal([0, 1, 4000], blocks.Select(b => (int)b!["BlockIndex"]!));
        Assert.Equal(EbsClient.Block(1), (await _client.Get(child, 0, (string)blocks[0]!["BlockToken"]!)).Body);
        Assert.Equal(EbsClient.Block(3), (await _client.Get(child, 1, (string)blocks[1]!["BlockToken"]!)).Body);
        (await _client.Start(Size().With("ParentSnapshotId", child))).Invalid("INVALID_VOLUME_SIZE");
        using var stranger = new EbsClient(_server, TestServer.B);
        (await stranger.Start(new JsonObject { ["VolumeSize"] = 2, ["ParentSnapshotId"] = child }))
            .Refused(403, "AccessDeniedException", "UNAUTHORIZED_ACCOUNT");
        var pending = await _client.Start();
        (await _client.Start(Size().With("ParentSnapshotId", pending))).Invalid("INVALID_SNAPSHOT_ID");
    }

    /// <summary>Every row of the table "Encryption outcomes"; the key is D(efault), X (named), P(arent's) or
    /// none.</summary>
    [Theory]
    [InlineData("clear", null, false, true, "refused")]
    [InlineData("clear", null, false, false, "none")]
    [InlineData("clear", true, false, false, "refused")]
    [InlineData("clear", false, false, false, "refused")]
    [InlineData("clear", true, true, true, "refused")]
    [InlineData("clear", null, true, false, "refused")]
    [InlineData("encrypted", null, false, false, "P")]
    [InlineData("encrypted", null, false, true, "P")]
    [InlineData("encrypted", true, false, false, "refused")]
    [InlineData("encrypted", false, false, true, "refused")]
    [InlineData("encrypted", null, true, false, "refused")]
    [InlineData("encrypted", null, true, true, "refused")]
    [InlineData("none", null, false, true, "D")]
    [InlineData("none", null, false, false, "none")]
    [InlineData("none", true, false, true, "D")]
    [InlineData("none", true, false, false, "D")]
    [InlineData("none", true, true, true, "X")]
    [InlineData("none", true, true, false, "X")]
    [InlineData("none", false, false, true, "refused")]
    [InlineData("none", false, false, false, "none")]
    [InlineData("none", null, true, true, "refused")]
    [InlineData("none", null, true, false, "refused")]
    [InlineData("none", false, true, true, "refused")]
    [InlineData("none", false, true, false, "refused")]
    public async Task Encryption_follows_the_table(
        string parent, bool? encrypted, bool named, bool byDefault, string outcome)
    {
        var named1 = await Key();
        var parentKey = await Key();
        var request = Size();
        if (parent != "none")
        {
            request["ParentSnapshotId"] = await _client.Make(
                new Dictionary<int, byte[]> { [0] = EbsClient.Block(1) },
                parent == "clear" ? Size() : Size().With("Encrypted", true).With("KmsKeyArn", parentKey));
        }
        if (encrypted is { } flag)
            request["Encrypted"] = flag;
        if (named)
            request["KmsKeyArn"] = named1;
        if (byDefault)
            await EncryptByDefault();

        var answer = await _client.Start(request);

        if (outcome == "refused")
        {
            answer.Invalid("INVALID_PARAMETER_VALUE");
            return;
        }
        Assert.True(answer.Status == 201, answer.Text);
        var key = (string?)answer.Json["KmsKeyArn"];
        Assert.Equal(outcome == "none" ? "none" : "sse-kms", (string)answer.Json["SseType"]!);
        switch (outcome)
        {
            case "none": Assert.Null(key); break;
            case "X": Assert.Equal(named1, key); break;
            case "P": Assert.Equal(parentKey, key); break;
            default: Assert.Equal(await DefaultKey(), key); break;
        }
    }

    [Fact]
    public async Task Encrypted_blocks_are_read_again_and_nobody_without_the_key_reads_them()
    {
        var key = await Key();
        var id = await _client.Make(new Dictionary<int, byte[]> { [0] = EbsClient.Block(5) },
            Size().With("Encrypted", true).With("KmsKeyArn", key));
        var token = (string)(await _client.List(id)).Json["Blocks"]![0]!["BlockToken"]!;

        Assert.Equal(EbsClient.Block(5), (await _client.Get(id, 0, token)).Body);
        await _server.WithDb(async db =>
        {
            (await db.Keys.SingleAsync(k => k.Arn == key, Cancel)).State = KeyState.Disabled;
            return await db.SaveChangesAsync(Cancel);
        });
        (await _client.Get(id, 0, token)).Invalid("INVALID_CUSTOMER_KEY");
        (await _client.Start(Size().With("Encrypted", true).With("KmsKeyArn", key))).Invalid("INVALID_CUSTOMER_KEY");
    }

    [Fact]
    public async Task A_key_that_is_none_or_anothers_is_refused()
    {
        var foreign = await Key(TestServer.B);
        var absent = $"arn:aws:kms:us-east-1:{TestServer.A}:key/11111111-2222-3333-4444-555555555555";

        (await _client.Start(Size().With("Encrypted", true).With("KmsKeyArn", foreign)))
            .Refused(403, "AccessDeniedException", "DEPENDENCY_ACCESS_DENIED");
        (await _client.Start(Size().With("Encrypted", true).With("KmsKeyArn", absent))).Invalid("INVALID_CUSTOMER_KEY");
        (await _client.Start(Size().With("Encrypted", true).With("KmsKeyArn", "alias/aws/ebs")))
            .Invalid("INVALID_CUSTOMER_KEY");
    }

    [Fact]
    public async Task Too_many_at_a_time_are_refused()
    {
        for (var i = 0; i < Service.Ebs.StartSnapshot.PendingMax; i++)
            await _client.Start();

        (await _client.Start(Size())).Refused(400, "ConcurrentLimitExceededException", null);
    }

    private static JsonObject Size() => new() { ["VolumeSize"] = 1 };

    private async Task<string> Key(string account = TestServer.A)
    {
        await using var scope = _server.Server.Services.CreateAsyncScope();
        var key = scope.ServiceProvider.GetRequiredService<KeyUse>().Make(
            account, "us-east-1", multiRegion: false, Service.Kms.Key.DefaultPolicy(account), "");
        var db = scope.ServiceProvider.GetRequiredService<Db>();
        db.Add(key);
        await db.SaveChangesAsync(Cancel);
        return key.Arn;
    }

    private Task<string> DefaultKey() => _server.WithDb(async db =>
    {
        var alias = await db.Aliases.SingleAsync(a => a.AccountId == TestServer.A && a.Name == Alias.EbsName, Cancel);
        return await db.Keys.Where(k => k.KeyId == alias.TargetKeyId).Select(k => k.Arn).SingleAsync(Cancel);
    });

    private Task EncryptByDefault() => _server.WithDb(async db =>
    {
        db.Add(new RegionSettings { AccountId = TestServer.A, Region = "us-east-1", EncryptionByDefault = true });
        return await db.SaveChangesAsync(Cancel);
    });

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }
}
