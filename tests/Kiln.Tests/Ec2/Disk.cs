using System.Security.Cryptography;
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
