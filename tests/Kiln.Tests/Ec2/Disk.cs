using System.Security.Cryptography;
using Kiln.Blocks;
using Kiln.Blocks.Devices;
using Kiln.Service.Ec2.Storage;
using Kiln.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Tests.Ec2;

/// <summary>A guest's view of volumes in this process: writes bytes, and tells what is there.</summary>
internal static class Disk
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>So many bytes that do not compress, the same for the same seed.</summary>
    public static byte[] Bytes(int seed, int count)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Writes to a volume and flushes.</summary>
    public static Task Write(TestServer server, string volumeId, long offset, byte[] bytes) =>
        With(server, volumeId, device =>
        {
            device.Write(offset, bytes);
            device.Flush();
            return 0;
        });

    /// <summary>Flips a bit of the stored bytes of a clear block.</summary>
    public static void Damage(TestServer server, byte[] block, string region = "us-east-1")
    {
        var store = server.Server.Services.GetRequiredService<RegionStores>().Of(region);
        store.SealSegments();
        Assert.True(store.Index.TryFind(new BlockAddress(SHA256.HashData(block)), out var at));
        var one = new byte[1];
        store.Segments.Find(at.Segment)!.File.Read(at.Offset + 200, one);
        one[0] ^= 1;
        store.Segments.Find(at.Segment)!.File.Write(at.Offset + 200, one);
    }

    /// <summary>Reads from a volume.</summary>
    public static Task<byte[]> Read(TestServer server, string volumeId, long offset, int count) =>
        With(server, volumeId, device =>
        {
            var bytes = new byte[count];
            device.Read(offset, bytes);
            return bytes;
        });

    /// <summary>SHA-256 over every byte of a volume, in hex.</summary>
    public static Task<string> Sha256(TestServer server, string volumeId) => With(server, volumeId, device =>
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[8 << 20];
        for (long at = 0; at < device.SizeBytes; at += buffer.Length)
        {
            device.Read(at, buffer);
            hash.AppendData(buffer);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    });

    private static async Task<T> With<T>(TestServer server, string volumeId, Func<VolumeDevice, T> body)
    {
        var volume = await server.WithDb(db => db.Volumes.SingleAsync(v => v.Id == volumeId, Cancel));
        using var use = await server.Server.Services.GetRequiredService<VolumeDevices>().Use(volume, Cancel);
        return body(use.Device);
    }
}
