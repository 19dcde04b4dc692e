using Kiln.Service.Calls;
using Kiln.Service.Ec2.Images;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Kms;
using Kiln.Service.Work;
using Kiln.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Tests.Ec2.Images;

/// <summary>Rows that other operations would have made: the start of a test.</summary>
internal static class Rows
{
    /// <summary>A snapshot, completed unless said otherwise.</summary>
    public static async Task<string> Snapshot(
        this TestServer server, int sizeGiB = 8, string account = TestServer.A, string region = "us-east-1",
        SnapshotState state = SnapshotState.Completed, string? kmsKeyId = null, ImagePlatform? platform = null,
        IReadOnlyList<string>? productCodes = null, string description = "")
    {
        var id = Ids.New("snap");
        var now = server.Clock.GetUtcNow();
        var node = server.Server.Services.GetRequiredService<NodeIdentity>().Id;
        await server.WithDb(db =>
        {
            var snapshot = new Snapshot
            {
                Id = id, Region = region, AccountId = account, NodeId = node, VolumeSizeGiB = sizeGiB,
                StartTime = now,
                Origin = SnapshotOrigin.Direct, LineageId = id, Encrypted = kmsKeyId is not null, KmsKeyId = kmsKeyId,
                Platform = platform, ProductCodes = productCodes ?? [], Description = description,
            };
            if (state == SnapshotState.Completed)
                snapshot.Complete("manifest", 0, now);
            else if (state == SnapshotState.Error)
                snapshot.Fail("broken", now);
            db.Add(snapshot);
            return db.SaveChangesAsync(TestContext.Current.CancellationToken);
        });
        return id;
    }

    /// <summary>A launch permission for an account.</summary>
    public static Task<int> Share(this TestServer server, string imageId, string account) => server.WithDb(db =>
    {
        db.Add(new LaunchPermission { ImageId = imageId, Kind = LaunchPermission.UserId, Value = account });
        return db.SaveChangesAsync(TestContext.Current.CancellationToken);
    });

    /// <summary>A KMS key's row; its material is never used.</summary>
    public static async Task<string> Key(
        this TestServer server, string account = TestServer.A, string region = "us-east-1", bool awsManaged = false)
    {
        var id = Ids.Uuid();
        var arn = Arn.Key(region, account, id);
        await server.WithDb(db =>
        {
            db.Add(new Key
            {
                Arn = arn, KeyId = id, Region = region, AccountId = account, Policy = "{}",
                AwsManaged = awsManaged, SealedMaterial = [1], CreationDate = server.Clock.GetUtcNow(),
            });
            return db.SaveChangesAsync(TestContext.Current.CancellationToken);
        });
        return arn;
    }
}
