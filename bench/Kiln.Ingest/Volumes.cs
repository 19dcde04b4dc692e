using System.Globalization;
using Kiln.Blocks;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Manifests;

/// <summary>Writes a raw file into a volume, then cuts it and uploads the cut: the path of CreateSnapshot.</summary>
internal static class Volumes
{
    internal static async Task<ManifestId> Run(BlockStore store, string path, string directory, KeyDomain? domain)
    {
        using var file = File.OpenHandle(path);
        var length = RandomAccess.GetLength(file);
        using var volume = VolumeDevice.Create(
            directory, length, null, store, _ => domain!, TimeProvider.System, domain?.Id);
        var buffer = new byte[Block.Size];
        for (long at = 0; at < length; at += Block.Size)
        {
            var read = RandomAccess.Read(file, buffer, at);
            if (!Block.IsZero(buffer.AsSpan(0, read))) volume.Write(at, buffer.AsSpan(0, read));
        }

        volume.Flush();
        var clock = TimeProvider.System;
        var began = clock.GetTimestamp();
        volume.Cut("bench");
        var cut = clock.GetElapsedTime(began);
        var id = await volume.UploadCutAsync("bench", domain, null, CancellationToken.None);
        Console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"cut {cut.TotalMilliseconds:F1} ms, completed after {clock.GetElapsedTime(began).TotalSeconds:F3} s"));
        return id;
    }
}
