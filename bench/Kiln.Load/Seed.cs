using System.Globalization;
using Kiln.Host;
using Kiln.Service;
using Kiln.Service.Ec2.Images;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Load;

/// <summary>Fills a data folder with images that look like a catalogue's: one snapshot, three tags each.</summary>
internal static class Seed
{
    /// <summary>The account that owns them.</summary>
    public const string Account = "111111111111";

    /// <summary>The Region they are in.</summary>
    public const string Region = "us-east-1";

    /// <summary>Images that share one value of the tag <c>release</c>.</summary>
    public const int ImagesPerRelease = 10;

    private const int Batch = 2000;

    public static async Task<int> Run(string data, int count)
    {
        var options = new ServiceOptions { Data = data, Listen = "127.0.0.1:0", Dev = true, Guests = "simulated" };
        await using var server = await KilnServer.Start(options);
        var node = server.Services.GetRequiredService<NodeIdentity>().Id;
        for (var from = 0; from < count; from += Batch)
        {
            await using var scope = server.Services.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<Db>();
            db.ChangeTracker.AutoDetectChangesEnabled = false;
            for (var i = from; i < Math.Min(from + Batch, count); i++)
                Add(db, i, node);
            await db.SaveChangesAsync();
        }
        Console.WriteLine($"{count} images in {data}");
        return 0;
    }

    /// <summary>The id of the n-th image.</summary>
    public static string ImageId(int n) => "ami-0" + Scatter(n);

    // Multiplying by an odd constant scatters ids over the key space as random ones would be, and is reversible.
    private static string Scatter(int n) =>
        (unchecked((ulong)(n + 1) * 0x9E3779B97F4A7C15UL)).ToString("x16", CultureInfo.InvariantCulture);

    private static void Add(Db db, int n, string node)
    {
        var snapshotId = "snap-0" + Scatter(n);
        var created = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(n);
        var snapshot = new Snapshot
        {
            Id = snapshotId, Region = Region, AccountId = Account, NodeId = node, VolumeSizeGiB = 8,
            StartTime = created, Origin = SnapshotOrigin.Direct, LineageId = snapshotId,
        };
        snapshot.Complete("0", 0, created);
        var image = new Image
        {
            Id = ImageId(n), Region = Region, AccountId = Account, Name = $"golden-{n}",
            Description = "Seeded for the benchmark", RootDeviceType = "ebs", RootDeviceName = "/dev/xvda",
            ImageLocation = $"{Account}/golden-{n}", CreationDate = created,
            Platform = new ImagePlatform { Architecture = "x86_64", VirtualizationType = "hvm", EnaSupport = true },
            Devices =
            [
                new ImageDevice
                {
                    DeviceName = "/dev/xvda", SnapshotId = snapshotId, VolumeSizeGiB = 8, VolumeType = "gp3",
                    Iops = 3000, Throughput = 125, DeleteOnTermination = true,
                },
            ],
        };
        image.ClaimName();
        image.Become(ImageState.Available, created);
        image.Snapshots.Add(new ImageSnapshot { ImageId = image.Id, SnapshotId = snapshotId });
        db.Add(snapshot);
        db.Add(image);
        Tag(db, image.Id, "team", $"team-{n % 20}");
        Tag(db, image.Id, "release", Release(n / ImagesPerRelease));
        Tag(db, image.Id, "purpose", "web server");
    }

    /// <summary>A value of the tag <c>release</c>.</summary>
    public static string Release(int n) => string.Create(CultureInfo.InvariantCulture, $"r{n}");

    private static void Tag(Db db, string id, string key, string value) => db.Add(new ResourceTag
    {
        ResourceId = id, AccountId = Account, Key = key, Value = value, ResourceType = "image", Region = Region,
    });
}
